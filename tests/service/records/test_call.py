"""The state machine of a call."""

from __future__ import annotations

import itertools

import pytest

from flask_chatvisor.service.hub.calls.ending import MAY_END
from flask_chatvisor.service.protocol import CallState
from flask_chatvisor.service.protocol import EndReason
from flask_chatvisor.service.records.call import TRANSITIONS
from flask_chatvisor.service.records.call import Call
from flask_chatvisor.service.records.call import IllegalTransition
from flask_chatvisor.service.records.call import other

LEGAL = {
    ("waiting", "accepted"),
    ("waiting", "ended"),
    ("ringing", "accepted"),
    ("ringing", "ended"),
    ("accepted", "connecting"),
    ("accepted", "ended"),
    ("connecting", "live"),
    ("connecting", "ended"),
    ("live", "ended"),
}


def a_call(state: CallState) -> Call:
    return Call(id="c", state=state, user={})


def move(call: Call, to: str) -> None:
    moves = {
        "accepted": call.accept,
        "connecting": call.share,
        "live": lambda: call.go_live(5.0),
        "ended": lambda: call.end(EndReason.FAILED, kept_until=300.0),
    }
    moves[to]()


@pytest.mark.parametrize(
    ("before", "after"),
    list(
        itertools.product(CallState, ["accepted", "connecting", "live", "ended"]),
    ),
)
def test_only_the_legal_transitions_are_carried_out(
    before: CallState, after: str
) -> None:
    call = a_call(before)
    if (before, after) in LEGAL:
        move(call, after)
        assert call.state == after
    else:
        with pytest.raises(IllegalTransition, match=f"{before} cannot become {after}"):
            move(call, after)
        assert call.state is before


def test_every_state_says_what_may_follow() -> None:
    assert set(TRANSITIONS) == set(CallState)


def test_nothing_follows_the_end() -> None:
    assert TRANSITIONS[CallState.ENDED] == frozenset()


def test_an_ended_call_says_why() -> None:
    call = a_call(CallState.RINGING)
    call.end(EndReason.DECLINED, kept_until=300.0)
    assert call.ended
    assert call.reason is EndReason.DECLINED
    assert call.kept_until == 300.0


def test_the_first_reason_stays() -> None:
    call = a_call(CallState.RINGING)
    call.end(EndReason.DECLINED, kept_until=300.0)
    with pytest.raises(IllegalTransition):
        call.end(EndReason.NO_ANSWER, kept_until=300.0)
    assert call.reason is EndReason.DECLINED


def test_the_duration_counts_from_the_first_picture() -> None:
    call = a_call(CallState.CONNECTING)
    assert call.duration(9.0) is None
    call.go_live(10.0)
    assert call.duration(12.5) == 2.5


def test_a_clock_that_goes_back_makes_no_negative_duration() -> None:
    call = a_call(CallState.CONNECTING)
    call.go_live(10.0)
    assert call.duration(9.0) == 0.0


def test_signals_pass_between_accepting_and_the_end() -> None:
    relaying = {state for state in CallState if a_call(state).relays}
    assert relaying == {"accepted", "connecting", "live"}


def test_nobody_may_end_a_call_in_the_others_name() -> None:
    assert "agent-ended" not in MAY_END["visitor"]
    assert "visitor-ended" not in MAY_END["agent"]
    assert "share-cancelled" not in MAY_END["agent"]


def test_each_participant_has_another() -> None:
    assert (other("visitor"), other("agent")) == ("agent", "visitor")


def test_a_windows_url_is_not_shown() -> None:
    call = a_call(CallState.RINGING)
    call.visitor_url = "https://help.example.com/call/c#ticket"
    assert "ticket" not in repr(call)
