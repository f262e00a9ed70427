"""Tickets and secrets: what opens a call window."""

from __future__ import annotations

import pytest

from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.hub.calls.opening import MOST_TICKETS
from flask_chatvisor.service.protocol import Close

from ..harness import JANE
from ..harness import JOHN
from ..harness import World


def test_a_ticket_is_good_once(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    assert world.window(call.url).closed is None
    assert world.window(call.url).closed is Close.REFUSED


def test_a_ticket_is_good_for_a_minute(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.ConferenceStart(1))
    url = tab.last(p.Conference).url
    world.wait(59.9)
    tab.say(p.ConferenceStart(2))
    world.wait(0.2)
    assert world.window(url).closed is Close.REFUSED
    assert world.window(tab.last(p.Conference).url).closed is None


def test_a_ticket_is_good_for_its_own_call(world: World) -> None:
    first, second = world.call(world.tab(JOHN)), world.call(world.tab(JANE))
    ticket = first.url.partition("#")[2]
    client = world.client()
    client.say(p.HelloCall(second.call_id, ticket=ticket))
    assert client.closed is Close.REFUSED


def test_a_visitor_does_not_get_in_as_the_agent(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    window = world.window(tab.last(p.Ring).url)
    assert window.last(p.CallWelcome).role == "visitor"


@pytest.mark.parametrize("secret", [None, "", "x"])
def test_a_call_needs_a_secret(world: World, secret: str | None) -> None:
    call = world.call(world.tab(JOHN))
    client = world.client()
    client.say(p.HelloCall(call.call_id, secret=secret))
    assert client.closed is Close.REFUSED


def test_a_visitors_secret_opens_no_call(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    client = world.client()
    client.say(p.HelloCall(call.call_id, secret=tab.secret))
    assert client.closed is Close.REFUSED


def test_a_secret_is_good_for_its_own_call(world: World) -> None:
    agent, _ = world.live(world.tab(JOHN))
    other = world.call(world.tab(JANE))
    client = world.client()
    client.say(p.HelloCall(other.call_id, secret=agent.last(p.CallWelcome).secret))
    assert client.closed is Close.REFUSED


def test_an_unknown_call_is_unknown(world: World) -> None:
    client = world.client()
    client.say(p.HelloCall("nothing", ticket="x"))
    assert client.closed is Close.UNKNOWN_CALL


def test_a_window_that_missed_its_welcome_may_use_its_ticket_again(
    world: World,
) -> None:
    url = world.call(world.tab(JOHN)).url
    world.window(url, window_id="mine").leave(1006)
    world.wait(3)
    back = world.window(url, window_id="mine")
    assert back.last(p.CallWelcome).state == "ringing"
    assert world.window(url, window_id="another").closed is Close.REFUSED
    assert world.window(url).closed is Close.REFUSED
    world.wait(60)
    assert world.window(url, window_id="mine").closed is Close.REFUSED


def test_one_of_several_windows_gets_in_by_a_ticket(world: World) -> None:
    url = world.call(world.tab(JOHN)).url
    windows = world.windows_at_once(url, 5)
    assert sorted(bool(window.got(p.CallWelcome)) for window in windows) == (
        [False] * 4 + [True]
    )


def test_one_of_several_agents_joins_who_waits(world: World) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    agents = [AgentRef(f"Agent {n}", f"agent{n}@example.com") for n in range(4)]
    answers = world.calls_at_once(tab, agents)
    refusals = [one for one in answers if isinstance(one, Refusal)]
    assert {one.code for one in refusals} == {"busy"}
    assert len(refusals) == 3


def test_the_newest_tickets_for_one_window_are_good(world: World) -> None:
    tab = world.tab(JOHN)
    urls = []
    for number in range(MOST_TICKETS + 1):
        tab.say(p.ConferenceStart(number))
        urls.append(tab.last(p.Conference).url)
    assert world.window(urls[0]).closed is Close.REFUSED
    assert world.window(urls[1]).closed is None
