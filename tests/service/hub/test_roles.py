"""Nobody says what is not for the connection."""

from __future__ import annotations

import pytest

from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.protocol import Close

from ..harness import HOME
from ..harness import JOHN
from ..harness import World

CALL_MESSAGES: list[p.ClientMessage] = [
    p.Share(),
    p.LiveMessage(),
    p.Offer("o"),
    p.Answer("a"),
    p.Candidate("c"),
    p.Restart(),
    p.End("failed"),
    p.Ping(),
]
TAB_MESSAGES: list[p.ClientMessage] = [
    p.Tag(JOHN),
    p.Reset(),
    p.PageMessage(HOME, True),
    p.Decline("c"),
    p.Stop("c"),
    p.ConferenceStart(1),
    p.ConferenceJoin(1, "u"),
    p.QueueStatus(1, "u"),
    p.AgentsMessage(1),
]
HELLOS: list[p.ClientMessage] = [
    p.HelloVisitor(HOME),
    p.HelloAgent("t"),
    p.HelloCall("c"),
]


def kind(message: p.ClientMessage) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", [*CALL_MESSAGES, *HELLOS], ids=kind)
def test_a_tab_says_nothing_that_is_not_for_it(
    world: World, message: p.ClientMessage
) -> None:
    tab = world.tab(JOHN)
    tab.say(message)
    assert tab.closed is Close.NOT_ALLOWED


@pytest.mark.parametrize("message", [*CALL_MESSAGES, *TAB_MESSAGES, *HELLOS], ids=kind)
def test_an_agents_page_only_listens(world: World, message: p.ClientMessage) -> None:
    agent = world.agent()
    agent.say(message)
    assert agent.closed is Close.NOT_ALLOWED


@pytest.mark.parametrize("who", ["visitor", "agent"])
def test_a_call_window_gets_an_answer_that_takes_no_turn(
    world: World, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    here, there = (agent, visitor) if who == "agent" else (visitor, agent)
    here.inbox.clear()
    there.inbox.clear()
    monkeypatch.setattr(world.core.runner, "turn", None)
    here.say(p.Ping())
    assert here.inbox == [p.Pong()]
    assert there.inbox == []


@pytest.mark.parametrize("who", ["visitor", "agent"])
@pytest.mark.parametrize("message", [*TAB_MESSAGES, *HELLOS], ids=kind)
def test_a_call_window_does_nothing_for_tabs(
    world: World, who: str, message: p.ClientMessage
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    window = agent if who == "agent" else visitor
    window.say(message)
    assert window.closed is Close.NOT_ALLOWED


@pytest.mark.parametrize(
    ("who", "message"),
    [
        ("visitor", p.LiveMessage()),
        ("visitor", p.Answer("a")),
        ("visitor", p.Restart()),
        ("visitor", p.End("agent-ended")),
        ("agent", p.Share()),
        ("agent", p.Offer("o")),
        ("agent", p.End("visitor-ended")),
        ("agent", p.End("share-cancelled")),
    ],
    ids=str,
)
def test_a_participant_does_not_speak_for_the_other(
    world: World, who: str, message: p.ClientMessage
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    here, there = (agent, visitor) if who == "agent" else (visitor, agent)
    there.inbox.clear()
    here.say(message)
    assert here.closed is Close.NOT_ALLOWED
    assert there.got(type(message)) == []


def test_a_picture_before_anything_is_shared_is_refused(world: World) -> None:
    agent, _ = world.accepted(world.tab(JOHN))
    agent.say(p.LiveMessage())
    assert agent.closed is Close.NOT_ALLOWED


def test_sharing_while_waiting_is_refused(world: World) -> None:
    window = world.help(world.tab(JOHN))
    window.say(p.Share())
    assert window.closed is Close.NOT_ALLOWED


def test_sharing_again_and_seeing_again_change_nothing(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    since = agent.last(p.CallStateMessage).since
    world.wait(10)
    agent.got(p.CallStateMessage)
    visitor.say(p.Share())
    agent.say(p.LiveMessage())
    assert agent.got(p.CallStateMessage) == []
    again = world.client()
    welcome = agent.last(p.CallWelcome)
    again.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert again.last(p.CallWelcome).since == since


def test_signals_before_the_call_is_accepted_go_nowhere(world: World) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    agent.say(p.Restart())
    assert agent.closed is None
