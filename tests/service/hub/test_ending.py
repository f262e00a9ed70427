"""Every way in which a call ends."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.hub.calls.ending import KEPT
from flask_chatvisor.service.protocol import Close

from ..harness import ADAM
from ..harness import JANE
from ..harness import JOHN
from ..harness import World
from ..harness import end_of
from ..harness import john


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("visitor", "visitor-ended"),
        ("agent", "agent-ended"),
        ("visitor", "failed"),
        ("agent", "failed"),
    ],
)
def test_each_can_end_a_live_call_and_both_are_told(
    world: World, sender: str, reason: t.Any
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    (agent if sender == "agent" else visitor).say(p.End(reason))
    assert end_of(agent) == reason
    assert end_of(visitor) == reason
    assert tab.shown is None


def test_a_cancelled_picker_ends_an_accepted_call(world: World) -> None:
    agent, visitor = world.accepted(world.tab(JOHN))
    visitor.say(p.End("share-cancelled"))
    assert end_of(agent) == "share-cancelled"


def test_a_cancelled_picker_ends_a_connecting_call(world: World) -> None:
    agent, visitor = world.accepted(world.tab(JOHN))
    visitor.say(p.Share())
    visitor.say(p.End("share-cancelled"))
    assert end_of(agent) == "share-cancelled"


def test_what_was_live_was_not_cancelled_but_ended(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    visitor.say(p.End("share-cancelled"))
    assert end_of(agent) == "visitor-ended"


def test_a_declined_call_ends_in_every_tab(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    agent = world.ringing(first)
    first.say(p.Decline(first.last(p.Ring).call_id))
    assert end_of(agent) == "declined"
    assert second.last(p.Unring).reason == "declined"


@pytest.mark.parametrize("how", ["declined", "no-answer", "visitor-ended"])
@pytest.mark.parametrize("role", ["agent", "visitor"])
def test_an_ended_call_tells_only_how_it_ended(
    world: World, how: str, role: str
) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    visitor = agent
    if how == "declined":
        tab.say(p.Decline(tab.last(p.Ring).call_id))
    elif how == "no-answer":
        world.wait(46)
    else:
        visitor = world.window(tab.last(p.Ring).url)
        visitor.say(p.End("visitor-ended"))
    known = (agent if role == "agent" else visitor).last(p.CallWelcome)
    agent.leave()
    visitor.leave()
    tab.say(p.PageMessage(p.PageRef(title="PIN", path="/pin"), True))
    tab.say(p.Tag(JANE))
    again = world.client()
    again.say(p.HelloCall(known.call_id, secret=known.secret))
    welcome = again.last(p.CallWelcome)
    assert (welcome.state, welcome.reason) == ("ended", how)
    told = (welcome.visitor, welcome.agent, welcome.ice_servers, welcome.secret)
    assert told == ({}, None, [], "")
    tab.say(p.PageMessage(p.PageRef(title="PIN", path="/pin/2"), True))
    assert again.inbox == [welcome]


def test_declining_too_late_does_nothing(world: World) -> None:
    tab = world.tab(JOHN)
    world.live(tab)
    call_id = tab.last(p.Ring).call_id
    tab.say(p.Decline(call_id))
    tab.say(p.Decline("unknown"))
    assert world.state(call_id) == "live"
    assert tab.closed is None


def test_nobody_declines_anothers_call(world: World) -> None:
    tab, other = world.tab(JOHN), world.tab(JANE)
    call = world.call(tab)
    other.say(p.Decline(call.call_id))
    assert world.state(call.call_id) == "ringing"


def test_nobody_answers(world: World) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    world.wait(44.9)
    assert tab.got(p.Unring) == []
    world.wait(0.2)
    assert tab.last(p.Unring).reason == "no-answer"
    assert end_of(agent) == "no-answer"


def test_the_visitor_leaves_while_it_rings(world: World) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    tab.leave()
    world.wait(8.1)
    assert end_of(agent) == "visitor-gone"


@pytest.mark.parametrize("state", ["ringing", "waiting"])
def test_a_reset_ends_what_was_only_asked_for(world: World, state: str) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    window = world.ringing(first) if state == "ringing" else world.help(first)
    first.say(p.Reset())
    assert end_of(window) == "visitor-gone"
    if state == "ringing":
        assert second.last(p.Unring).reason == "visitor-gone"


def test_a_reset_ends_a_live_call_so_that_the_next_user_is_not_in_it(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    tab.say(p.Reset())
    assert end_of(agent) == end_of(visitor) == "visitor-gone"


@pytest.mark.parametrize("tag", [JANE, {}])
def test_a_tag_of_somebody_else_ends_the_call(
    world: World, tag: dict[str, t.Any]
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    tab.say(p.Tag({**JOHN, "firstname": "Johnny"}))
    assert end_of(agent) is None
    tab.say(p.Tag(tag))
    assert end_of(agent) == end_of(visitor) == "visitor-gone"


def test_an_agents_window_that_never_connects(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.wait(21)
    assert tab.got(p.Ring) == []
    assert tab.got(p.Unring) == []
    assert world.state(call.call_id) == "ended:agent-closed"


def test_an_agents_window_that_closes_while_it_rings(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab).leave()
    world.wait(5.1)
    assert tab.last(p.Unring).reason == "agent-closed"


@pytest.mark.parametrize("stage", ["accepted", "live"])
@pytest.mark.parametrize(
    ("who", "code", "after", "reason"),
    [
        ("visitor", 1001, 5, "visitor-closed"),
        ("visitor", 1000, 5, "visitor-closed"),
        ("agent", 1001, 5, "agent-closed"),
        ("visitor", 1006, 30, "connection-lost"),
        ("agent", 1005, 30, "connection-lost"),
        ("agent", 4503, 30, "connection-lost"),
    ],
)
def test_a_window_that_goes_and_stays_away(
    world: World, stage: str, who: str, code: int, after: float, reason: str
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab) if stage == "live" else world.accepted(tab)
    here, there = (agent, visitor) if who == "agent" else (visitor, agent)
    there.inbox.clear()
    here.leave(code)
    assert there.got(p.Peer) == [p.Peer(False)]
    world.wait(after - 0.1)
    assert there.got(p.CallStateMessage) == []
    world.wait(0.2)
    assert end_of(there) == reason


@pytest.mark.parametrize("who", ["visitor", "agent"])
@pytest.mark.parametrize(("code", "away"), [(1001, 4.9), (1006, 29.9)])
def test_a_window_that_comes_back_in_time(
    world: World, who: str, code: int, away: float
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    here, there = (agent, visitor) if who == "agent" else (visitor, agent)
    welcome = here.last(p.CallWelcome)
    there.inbox.clear()
    here.leave(code)
    world.wait(away)
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert back.last(p.CallWelcome).state == "live"
    assert back.last(p.CallWelcome).role == who
    assert there.got(p.Peer) == [p.Peer(False), p.Peer(True)]
    assert back.got(p.Peer) == [p.Peer(True)]
    world.wait(100)
    assert world.state(welcome.call_id) == "live"


def test_after_an_outage_the_visitor_is_still_in_its_call(world: World) -> None:
    tab = world.tab(JOHN)
    _, visitor = world.live(tab)
    welcome = visitor.last(p.CallWelcome)
    tab.leave(1006)
    visitor.leave(1006)
    world.wait(20)
    assert john(world).in_call is not None
    with pytest.raises(Refusal, match="in a call with Mary"):
        world.call(tab, ADAM)
    world.client().say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    world.tab(like=tab)
    world.wait(100)
    assert world.state(welcome.call_id) == "live"


def test_when_the_call_is_lost_the_visitor_leaves_the_list(world: World) -> None:
    tab = world.tab(JOHN)
    _, visitor = world.live(tab)
    tab.leave(1006)
    visitor.leave(1006)
    world.wait(39)
    assert world.users() == []


def test_a_window_that_comes_too_late_is_told_how_it_ended(world: World) -> None:
    _, visitor = world.live(world.tab(JOHN))
    welcome = visitor.last(p.CallWelcome)
    visitor.leave(1001)
    world.wait(60)
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert back.last(p.CallWelcome).reason == "visitor-closed"


def test_a_call_is_forgotten_some_minutes_after_its_end(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    welcome = agent.last(p.CallWelcome)
    visitor.say(p.End("visitor-ended"))
    world.wait(301)
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert back.closed is Close.UNKNOWN_CALL


@pytest.mark.parametrize(
    "message", [p.Share(), p.Offer("o"), p.End("visitor-ended"), p.Candidate("c")]
)
def test_what_crossed_the_end_on_its_way_is_no_fault(
    world: World, message: p.ClientMessage
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    agent.say(p.End("agent-ended"))
    visitor.inbox.clear()
    visitor.say(message)
    assert visitor.closed is None
    assert end_of(agent) == "agent-ended"
    assert visitor.got(p.CallStateMessage) == []


def test_of_many_calls_that_ended_the_newest_are_kept(world: World) -> None:
    tab = world.tab(JOHN)
    ids = []
    for _ in range(KEPT + 3):
        window = world.help(tab)
        ids.append(window.last(p.CallWelcome).call_id)
        tab.say(p.Stop(ids[-1]))
    visit = world.run(world.engine.load(tab.visitor_id))
    assert list(visit.calls) == ids[-KEPT:]
    assert {ticket.call_id for ticket in visit.tickets.values()} <= set(ids[-KEPT:])


def test_a_window_says_nothing_wrong_about_a_call_that_was_forgotten(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    agent.say(p.End("agent-ended"))
    world.wait(301)
    visitor.say(p.Candidate("c"))
    assert visitor.closed is None
    tab.leave()
    world.wait(9)
    agent.say(p.Restart())
    assert agent.closed is None
