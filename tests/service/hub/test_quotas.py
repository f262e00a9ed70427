"""One user has a share of the list and of the queue, and leaves the rest to others."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.settings import Limits

from ..harness import ADAM
from ..harness import IDENTITY_KEY
from ..harness import JANE
from ..harness import JOHN
from ..harness import Client
from ..harness import Tab
from ..harness import World
from ..harness import end_of

LIMITS = Limits(visitors=3, unverified=4, unverified_places=2)


@pytest.fixture
def strict() -> World:
    """A service that knows its users."""
    keys = (IDENTITY_KEY,)
    return World(identity_keys=keys, require_identity=True, limits=LIMITS)


@pytest.fixture
def lenient() -> World:
    """A service that believes what pages say."""
    return World(limits=LIMITS)


def signed(world: World, tag: dict[str, t.Any]) -> dict[str, t.Any]:
    token = tokens.sign_identity(tag, IDENTITY_KEY, now=world.now, max_age=3600)
    return {"externalToken": token}


def comes(world: World, tag: dict[str, t.Any], **how: t.Any) -> Tab:
    """Open a browser, a second after whatever was before."""
    world.wait(1)
    return world.tab(signed(world, tag), **how)


def listed(world: World) -> set[str]:
    return {user.visitor_id for user in world.users()}


def waiting(world: World) -> list[str]:
    return [one.visitor_id for one in world.users(waiting=True)]


def ids(*tabs: Tab) -> set[str]:
    return {tab.visitor_id for tab in tabs}


# --- the list


def test_one_identity_token_is_not_any_number_of_users(strict: World) -> None:
    for _ in range(50):
        strict.tab(signed(strict, JANE))
    john = comes(strict, JOHN)
    assert len(strict.users()) == LIMITS.visitors + 1
    assert john.visitor_id in listed(strict)
    assert not john.got(p.Refused)


def test_the_newest_browser_is_listed_and_the_one_idle_for_longest_is_not(
    strict: World,
) -> None:
    first, second, third = (comes(strict, JOHN, visible=False) for _ in range(3))
    strict.wait(1)
    first.say(p.PageMessage(p.PageRef(path="/x"), False))
    fourth = comes(strict, JOHN, visible=False)
    assert listed(strict) == ids(first, third, fourth)
    assert second.last(p.Refused).code == "too-many"
    assert second.closed is None


def test_a_browser_in_view_stays_longer_than_one_that_is_not(strict: World) -> None:
    seen = comes(strict, JOHN)
    hidden = [comes(strict, JOHN, visible=False) for _ in range(3)]
    assert listed(strict) == ids(seen, *hidden[1:])


def test_a_browser_that_was_taken_out_comes_back_with_its_next_page(
    strict: World,
) -> None:
    browsers = [comes(strict, JOHN) for _ in range(4)]
    assert browsers[0].visitor_id not in listed(strict)
    again = strict.tab(signed(strict, JOHN), like=browsers[0])
    assert again.visitor_id in listed(strict)
    assert browsers[1].visitor_id not in listed(strict)


def test_a_call_goes_on_whatever_else_its_customer_opens(strict: World) -> None:
    tab = comes(strict, JOHN)
    call = strict.call(tab)
    agent = strict.window(call.url)
    strict.window(tab.last(p.Ring).url)
    for _ in range(10):
        comes(strict, JOHN)
    assert strict.state(call.call_id) == "accepted"
    assert agent.closed is None
    assert tab.visitor_id in listed(strict)


def test_where_all_are_busy_the_newest_is_not_listed(strict: World) -> None:
    tabs = [comes(strict, JOHN) for _ in range(3)]
    for tab in tabs:
        strict.ringing(tab)
    late = comes(strict, JOHN)
    assert listed(strict) == ids(*tabs)
    assert late.last(p.Refused).code == "too-many"


def test_users_are_told_apart_by_their_id_or_else_their_email(strict: World) -> None:
    for number in range(9):
        comes(strict, {"email": "info@example.com", "id": str(number)})
    assert len(strict.users()) == 9
    for number in range(9):
        comes(strict, {"email": "INFO@example.com", "labels": [str(number)]})
    assert len(strict.users()) == 9 + LIMITS.visitors


def test_tabs_of_one_browser_are_one_visitor(strict: World) -> None:
    first = comes(strict, JOHN)
    for _ in range(20):
        strict.tab(signed(strict, JOHN), like=first)
    assert listed(strict) == ids(first)


def test_whoever_calls_himself_john_takes_no_place_of_his(lenient: World) -> None:
    world = World(identity_keys=(IDENTITY_KEY,), limits=LIMITS)
    john = [comes(world, JOHN) for _ in range(3)]
    for _ in range(9):
        world.tab(JOHN)
    assert ids(*john) < listed(world)


# --- the queue


def test_one_user_has_one_place_in_the_queue(strict: World) -> None:
    windows = [strict.help(comes(strict, JANE)) for _ in range(3)]
    john = strict.help(comes(strict, JOHN))
    assert john.last(p.CallWelcome).queue_position == 1
    assert [end_of(one) for one in windows[:2]] == ["busy", "busy"]
    assert len(waiting(strict)) == 2


def test_the_newest_window_takes_over_the_place(strict: World) -> None:
    jane = comes(strict, JANE)
    strict.help(jane)
    john = comes(strict, JOHN)
    strict.help(john)
    at_home = comes(strict, JANE)
    window = strict.help(at_home)
    assert waiting(strict) == [at_home.visitor_id, john.visitor_id]
    assert window.last(p.CallWelcome).state == "waiting"
    assert jane.shown is None


def test_the_queue_of_the_api_has_one_place_for_a_user_too(strict: World) -> None:
    tabs = [comes(strict, JANE) for _ in range(3)]
    for tab in tabs:
        tab.say(p.ConferenceJoin(1, "u"))
    assert waiting(strict) == [tabs[-1].visitor_id]
    tabs[0].say(p.QueueStatus(2, "u"))
    assert tabs[0].last(p.Refused).code == "not-found"
    tabs[-1].say(p.QueueStatus(2, "u"))
    assert tabs[-1].last(p.Queue).position == 0


def test_a_place_that_an_agent_has_taken_is_kept(strict: World) -> None:
    first = comes(strict, JANE)
    strict.help(first)
    invitation = strict.call(first, ADAM)
    strict.help(comes(strict, JANE))
    agent = strict.window(invitation.url)
    assert strict.state(invitation.call_id) == "accepted"
    assert agent.closed is None


# --- unverified users count by their address


def strangers(world: World, count: int) -> list[Tab]:
    return [world.tab({"id": f"s{number}"}) for number in range(count)]


def test_unverified_users_of_one_address_are_so_many_and_no_more(
    lenient: World,
) -> None:
    lenient.public = "203.0.113.9"
    tabs = strangers(lenient, 6)
    assert listed(lenient) == ids(*tabs[:4])
    assert [tab.last(p.Refused).code for tab in tabs[4:]] == ["too-many"] * 2
    lenient.public = "203.0.113.10"
    assert lenient.tab(JOHN).visitor_id in listed(lenient)


def test_who_leaves_makes_room_for_another(lenient: World) -> None:
    lenient.public = "203.0.113.9"
    tabs = strangers(lenient, 4)
    tabs[0].leave()
    assert lenient.tab(JOHN).visitor_id not in listed(lenient)
    lenient.wait(9)
    assert lenient.tab(JOHN).visitor_id in listed(lenient)


def test_behind_a_proxy_nobody_is_counted(lenient: World) -> None:
    strangers(lenient, 20)
    assert len(lenient.users()) == 20


def test_unverified_users_of_one_address_have_so_many_places(lenient: World) -> None:
    lenient.public = "203.0.113.9"
    windows = [lenient.help(tab) for tab in strangers(lenient, 4)]
    assert [state_of(one) for one in windows] == ["waiting"] * 2 + ["ended"] * 2
    lenient.public = "203.0.113.10"
    assert state_of(lenient.help(lenient.tab(JOHN))) == "waiting"


def test_nothing_is_remembered_of_addresses_that_have_gone(lenient: World) -> None:
    lenient.public = "203.0.113.9"
    for tab in strangers(lenient, 3):
        tab.leave()
    lenient.wait(90)
    assert lenient.core.keeper.next_due() is None


def state_of(window: Client) -> str:
    """The state of its call that a window heard last."""
    kinds = p.CallWelcome | p.CallStateMessage
    return [str(one.state) for one in window.inbox if isinstance(one, kinds)][-1]
