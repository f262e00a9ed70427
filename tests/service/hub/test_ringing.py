"""An agent asks, tabs ring, the visitor accepts, the picture comes."""

from __future__ import annotations

import pytest

from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.protocol import PageRef

from ..harness import ADAM
from ..harness import HOME
from ..harness import JANE
from ..harness import JOHN
from ..harness import MARY
from ..harness import World
from ..harness import end_of
from ..harness import john
from ..harness import shown
from ..harness import ticks


def test_every_open_tab_rings_and_says_who_asks(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    call = world.call(first)
    world.window(call.url)
    for tab in (first, second):
        ring = tab.last(p.Ring)
        assert (ring.call_id, ring.agent) == (call.call_id, MARY)
        assert ring.expires_at == timestamp(world.now + 45)
    assert world.state(call.call_id) == "ringing"


def test_nobody_else_rings(world: World) -> None:
    tab, other, agent = world.tab(JOHN), world.tab(JANE), world.agent()
    world.ringing(tab)
    assert other.got(p.Ring) == []
    assert agent.got(p.Ring) == []


def test_a_tab_that_arrives_rings_too(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    assert world.tab(like=tab).got(p.Ring)


def test_nothing_rings_before_the_agents_window_is_there(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.wait(10)
    assert tab.got(p.Ring) == world.tab(like=tab).got(p.Ring) == []
    window = world.window(call.url)
    assert tab.last(p.Ring).expires_at == timestamp(world.now + 45)
    world.wait(40)
    assert world.state(call.call_id) == "ringing"
    world.wait(6)
    assert end_of(window) == "no-answer"


def test_a_reload_of_the_agents_window_rings_no_longer(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.window(call.url).leave()
    world.wait(3)
    world.window(world.call(tab).url)
    assert len(tab.got(p.Ring)) == 1
    world.wait(43)
    assert world.state(call.call_id) == "ended:no-answer"


def test_a_page_load_while_it_rings_does_not_end_it(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.window(call.url)
    tab.leave()
    world.wait(5)
    later = world.tab(like=tab)
    assert later.last(p.Ring).call_id == call.call_id


def test_the_visitors_window_accepts(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    agent = world.ringing(first)
    assert agent.last(p.CallWelcome).state == "ringing"
    window = world.window(first.last(p.Ring).url)
    assert window.last(p.CallWelcome).state == "accepted"
    assert agent.last(p.CallStateMessage).state == "accepted"
    for tab in (first, second):
        assert tab.last(p.Unring).reason == "accepted"


def test_a_window_is_told_all_it_shows(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.accepted(tab)
    seen = agent.last(p.CallWelcome)
    assert (seen.role, seen.agent) == ("agent", MARY)
    assert seen.visitor["email"] == "john@example.com"
    assert seen.visitor["location"] == {"title": "Home", "path": "/"}
    assert "externalToken" not in seen.visitor
    assert visitor.last(p.CallWelcome).role == "visitor"


def test_both_windows_hear_of_each_other(world: World) -> None:
    agent, visitor = world.accepted(world.tab(JOHN))
    assert agent.got(p.Peer) == [p.Peer(True)]
    assert visitor.got(p.Peer) == [p.Peer(True)]


def test_a_call_goes_live(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.accepted(tab)
    visitor.say(p.Share())
    assert agent.last(p.CallStateMessage).state == "connecting"
    agent.say(p.LiveMessage())
    for window in (agent, visitor):
        state = window.last(p.CallStateMessage)
        assert (state.state, state.since) == ("live", timestamp(world.now))
    assert shown(tab).state == "live"


def test_the_list_shows_who_is_in_a_call_with_whom(world: World) -> None:
    tab = world.tab(JOHN)
    assert john(world).in_call is None
    world.call(tab)
    assert john(world).in_call == InCall(MARY, None)
    agent, visitor = world.accepted(tab)
    shown = john(world).in_call
    assert shown is not None
    assert (shown.agent, shown.since) == (MARY, None)
    visitor.say(p.Share())
    agent.say(p.LiveMessage())
    live = john(world).in_call
    assert live is not None
    assert live.since == timestamp(world.now)
    agent.say(p.End("agent-ended"))
    assert john(world).in_call is None


@pytest.mark.parametrize(
    "over", ["declined", "unanswered", "cancelled", "closed", "never there", "left"]
)
def test_who_is_asked_is_shown_so_until_it_is_over(world: World, over: str) -> None:
    watching = world.agent(ADAM)
    tab = world.tab(JOHN)
    world.wait(1)
    ticks(watching)
    call = world.call(tab)
    window = world.window(call.url) if over != "never there" else None
    assert ticks(watching)
    assert john(world).in_call == InCall(MARY, None)
    with pytest.raises(Refusal) as caught:
        world.call(tab, ADAM)
    assert (caught.value.code, caught.value.extra) == ("busy", {"agent": MARY.name})
    world.wait(1)
    ticks(watching)
    if over == "declined":
        tab.say(p.Decline(call.call_id))
    elif over == "cancelled" and window:
        window.say(p.End("agent-ended"))
    elif over == "closed" and window:
        window.leave()
    elif over == "left":
        tab.leave()
    world.wait(46)
    assert ticks(watching)
    user = world.find("john@example.com")
    assert (user is None) if over == "left" else (user and user.in_call is None)


def test_a_tab_that_arrives_in_a_live_call_knows_that_it_shares(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    later = world.tab(like=tab)
    assert later.last(p.Welcome).call == tab.shown
    assert shown(later).state == "live"
    agent.say(p.End("agent-ended"))
    assert later.shown is tab.shown is None


def test_a_tab_learns_that_the_call_window_was_closed_and_opened_again(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    _, window = world.live(tab)
    window.leave()
    assert (shown(tab).state, shown(tab).window) == ("live", False)
    tab.say(p.ConferenceStart(1))
    world.wait(10)
    world.window(tab.last(p.Conference).url)
    assert (shown(tab).state, shown(tab).window) == ("live", True)
    assert (shown(tab).agent, shown(tab).position) == (MARY, None)


def test_what_a_tab_shows_is_repeated_until_it_is_acknowledged(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    world.help(tab)
    (first,) = tab.got(p.OwnCallMessage)
    world.wait(2.1)
    assert tab.got(p.OwnCallMessage) == [first]


@pytest.mark.parametrize("stage", ["waiting", "accepted", "live"])
def test_a_visitor_stops_from_any_page(world: World, stage: str) -> None:
    tab = world.tab(JOHN)
    other = world.tab(like=tab)
    windows = [world.help(tab)] if stage == "waiting" else []
    if stage == "accepted":
        windows = [*world.accepted(tab)]
    elif stage == "live":
        windows = [*world.live(tab)]
    other.say(p.Stop(shown(other).call_id))
    assert {end_of(window) for window in windows} == {"visitor-ended"}
    assert tab.shown is other.shown is None
    assert john(world).waiting_since is None


def test_stopping_concerns_the_own_call_alone_and_none_that_rings(
    world: World,
) -> None:
    tab, other = world.tab(JOHN), world.tab(JANE)
    agent = world.ringing(tab)
    call_id = agent.last(p.CallWelcome).call_id
    for one in (tab, other):
        one.say(p.Stop(call_id))
    assert world.state(call_id) == "ringing"
    world.window(tab.last(p.Ring).url)
    other.say(p.Stop(call_id))
    assert world.state(call_id) == "accepted"


def test_the_agent_follows_the_visitors_pages(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    bill = PageRef(title="Bill", path="/bill")
    tab.say(p.PageMessage(bill, visible=True))
    assert agent.last(p.VisitorPage).page == Page("Bill", "/bill")
    world.wait(1)
    world.tab(like=tab, page=HOME)
    assert agent.last(p.VisitorPage).page == Page("Home", "/")
    assert visitor.got(p.VisitorPage) == []


def test_a_live_call_goes_on_without_a_tab(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    tab.leave()
    world.wait(600)
    assert world.state(agent.last(p.CallWelcome).call_id) == "live"
    assert john(world).in_call is not None
    visitor.say(p.End("visitor-ended"))
    world.wait(9)
    assert world.users() == []


SIGNALS: list[tuple[str, p.Signal]] = [
    ("visitor", p.Offer("o")),
    ("agent", p.Answer("a")),
    ("visitor", p.Candidate("candidate:1 1 udp 1 192.0.2.1 9 typ host", "0", 0, "u")),
    ("agent", p.Candidate("")),
    ("agent", p.Restart()),
]


@pytest.mark.parametrize(("sender", "signal"), SIGNALS)
def test_signals_reach_the_other_one_alone(
    world: World, sender: str, signal: p.Signal
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    others = [*world.live(world.tab(JANE)), world.agent()]
    here, there = (agent, visitor) if sender == "agent" else (visitor, agent)
    here.say(signal)
    assert there.got(type(signal)) == [signal]
    assert here.got(type(signal)) == []
    assert all(other.got(type(signal)) == [] for other in others)


def test_a_signal_to_nobody_is_lost(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    agent.leave(1006)
    visitor.say(p.Offer("o"))
    assert visitor.closed is None
