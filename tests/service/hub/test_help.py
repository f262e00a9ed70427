"""A customer asks for help, waits, and is joined."""

from __future__ import annotations

import pytest

from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.protocol import Close

from ..harness import ADAM
from ..harness import JANE
from ..harness import JOHN
from ..harness import MARY
from ..harness import World
from ..harness import end_of
from ..harness import john
from ..harness import shown


def test_a_customer_who_asks_for_help_waits(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    welcome = window.last(p.CallWelcome)
    assert (welcome.state, welcome.queue_position) == ("waiting", 0)
    assert welcome.agent is None
    assert john(world).waiting_since == timestamp(world.now)


def test_who_has_not_opened_the_window_does_not_wait_yet(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.ConferenceStart(1))
    assert john(world).waiting_since is None
    world.wait(61)
    assert world.state(tab.last(p.Conference).call_id) == "ended:visitor-closed"


def test_an_agent_joins_who_waits(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    call = world.call(tab)
    assert tab.got(p.Ring) == []
    assert window.last(p.CallStateMessage).agent == MARY
    assert world.state(call.call_id) == "waiting"
    agent = world.window(call.url)
    assert agent.last(p.CallWelcome).state == "accepted"
    assert window.last(p.CallStateMessage).state == "accepted"
    assert john(world).waiting_since is None
    assert john(world).in_call is not None
    window.say(p.Share())
    agent.say(p.LiveMessage())
    assert world.state(call.call_id) == "live"


def test_a_second_agent_finds_who_waited_busy(world: World) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    world.call(tab)
    with pytest.raises(Refusal, match="Mary"):
        world.call(tab, ADAM)


def test_an_agent_who_joins_and_does_not_come_gives_the_place_up(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    world.call(tab)
    world.wait(21)
    assert window.last(p.CallStateMessage).agent is None
    assert john(world).waiting_since is not None
    adam = world.window(world.call(tab, ADAM).url)
    assert adam.last(p.CallWelcome).agent == ADAM
    assert adam.last(p.CallWelcome).state == "accepted"


def test_a_late_agent_gets_in_if_nobody_else_has(world: World) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    call = world.call(tab)
    world.wait(30)
    late = world.window(call.url)
    assert late.last(p.CallWelcome).agent == MARY
    assert late.last(p.CallWelcome).state == "accepted"


def test_a_late_agent_is_shown_while_the_customers_window_reloads(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    late = world.call(tab)
    world.wait(21)
    assert john(world).in_call is None
    window.leave()
    world.window(late.url)
    assert john(world).in_call == InCall(MARY, None)


def test_a_late_agent_does_not_get_into_anothers_call(world: World) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    late = world.call(tab)
    world.wait(30)
    adam = world.window(world.call(tab, ADAM).url)
    assert world.window(late.url).closed is Close.REFUSED
    assert adam.closed is None


def test_help_that_is_closed_again(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    call_id = window.last(p.CallWelcome).call_id
    window.leave(1001)
    world.wait(4.9)
    assert john(world).waiting_since is not None
    world.wait(0.2)
    assert john(world).waiting_since is None
    assert world.state(call_id) == "ended:visitor-closed"


def test_help_that_is_cancelled(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    window.say(p.End("visitor-ended"))
    assert end_of(window) == "visitor-ended"
    assert john(world).waiting_since is None


def test_help_that_is_asked_for_twice_is_one_call(world: World) -> None:
    tab = world.tab(JOHN)
    first = world.help(tab)
    second = world.help(tab)
    assert first.closed is Close.NOT_ALLOWED
    assert second.last(p.CallWelcome).state == "waiting"
    assert len(world.users()) == 1


def test_help_needs_an_id(world: World) -> None:
    tab = world.tab({"email": "john@example.com"})
    tab.say(p.ConferenceStart(7))
    refused = tab.last(p.Refused)
    assert (refused.code, refused.request_id) == ("bad-request", 7)


def test_help_with_an_id_makes_a_stranger_known(world: World) -> None:
    tab = world.tab()
    tab.say(p.ConferenceStart(1, "u1"))
    world.window(tab.last(p.Conference).url)
    (user,) = world.users()
    assert (user.id, user.verified) == ("u1", False)


@pytest.mark.parametrize("stage", ["connecting", "live"])
def test_who_shares_does_not_lose_that_by_asking_for_help(
    world: World, stage: str
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.accepted(tab)
    visitor.say(p.Share())
    if stage == "live":
        agent.say(p.LiveMessage())
    tab.say(p.ConferenceStart(1))
    assert tab.last(p.Refused).code == "busy"
    assert visitor.closed is None


def test_who_has_shared_nothing_yet_may_open_the_window_elsewhere(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    _, first = world.accepted(tab)
    tab.say(p.ConferenceStart(1))
    second = world.window(tab.last(p.Conference).url)
    assert first.closed is Close.NOT_ALLOWED
    assert second.last(p.CallWelcome).state == "accepted"


def test_asking_for_help_while_it_rings_takes_the_call(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    window = world.help(tab)
    assert window.last(p.CallWelcome).state == "accepted"
    assert tab.last(p.Unring).reason == "accepted"


def test_places_move_up(world: World) -> None:
    first, second = world.tab(JOHN), world.tab(JANE)
    window = world.help(first)
    world.wait(1)
    behind = world.help(second)
    assert behind.last(p.CallWelcome).queue_position == 1
    assert (shown(second).state, shown(second).position) == ("waiting", 1)
    window.inbox.clear()
    window.say(p.End("visitor-ended"))
    world.wait(0.25)
    assert behind.last(p.CallStateMessage).queue_position == 0
    assert shown(second).position == 0
    assert first.shown is None


def test_those_who_wait_come_first_and_the_longest_wait_is_at_the_top(
    world: World,
) -> None:
    world.tab({"id": "a", "firstname": "Ann"})
    for name in ("Zoe", "Yan"):
        world.help(world.tab({"id": name, "firstname": name}))
        world.wait(1)
    assert [user.firstname for user in world.users()] == ["Zoe", "Yan", "Ann"]
    backwards = [user.firstname for user in world.users(sort="-name")]
    assert backwards == ["Zoe", "Yan", "Ann"]
