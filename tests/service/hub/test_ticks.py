"""Agents' pages: who is welcome, and ticks."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.protocol import Close
from flask_chatvisor.service.protocol import PageRef

from ..harness import HOME
from ..harness import IDENTITY_KEY
from ..harness import JOHN
from ..harness import World
from ..harness import ticks


def test_an_agent_is_welcomed_until_the_token_expires(world: World) -> None:
    agent = world.agent(ttl=100)
    assert agent.last(p.AgentWelcome).expires_at == timestamp(world.now + 100)
    world.wait(99)
    assert agent.closed is None
    world.wait(1)
    assert agent.closed is Close.REFUSED


@pytest.mark.parametrize(
    "token",
    [
        lambda w: "x.y.z",
        lambda w: w.user_token(now=w.now - 9999),
        lambda w: tokens.sign_identity(JOHN, IDENTITY_KEY, now=w.now, max_age=60),
        lambda w: w.settings.api_tokens[0],
    ],
    ids=["garbage", "expired", "identity token", "api token"],
)
def test_an_agent_needs_a_good_user_token(
    world: World, token: t.Callable[[World], str]
) -> None:
    client = world.client()
    client.say(p.HelloAgent(token(world)))
    assert client.closed is Close.REFUSED


def test_an_agent_needs_the_presence_scope(world: World) -> None:
    client = world.client()
    client.say(p.HelloAgent(world.user_token(scope=["list", "call"])))
    assert client.closed is Close.NOT_ALLOWED


def test_a_tick_comes_at_once_and_holds_a_number_only(world: World) -> None:
    agent = world.agent()
    ticks(agent)
    world.tab(JOHN)
    (tick,) = agent.got(p.Tick)
    assert p.encode(tick) == b'{"type":"tick","n":1}'


def test_many_changes_make_few_ticks_and_the_last_is_told(world: World) -> None:
    agent = world.agent()
    tab = world.tab(JOHN)
    world.wait(1)
    ticks(agent)
    for number in range(10):
        tab.say(p.PageMessage(PageRef(path=f"/{number}"), visible=True))
        world.wait(0.01)
    assert len(ticks(agent)) == 1
    world.wait(0.2)
    (last,) = ticks(agent)
    world.wait(10)
    assert ticks(agent) == []
    tab.say(p.PageMessage(HOME, visible=True))
    assert ticks(agent) == [last + 1]


def test_ticks_are_at_least_a_quarter_of_a_second_apart(world: World) -> None:
    agent = world.agent()
    tab = world.tab(JOHN)
    times = []
    for _ in range(400):
        tab.say(p.PageMessage(HOME, visible=True))
        world.wait(0.01)
        if ticks(agent):
            times.append(world.now)
    gaps = [later - one for one, later in itertools.pairwise(times)]
    assert 14 <= len(times) <= 17
    assert min(gaps) >= 0.24


def test_an_untagged_visitor_makes_no_tick(world: World) -> None:
    agent = world.agent()
    ticks(agent)
    world.tab().say(p.PageMessage(HOME, visible=False))
    world.wait(5)
    assert ticks(agent) == []


def test_an_agent_that_comes_back_is_ticked_for_what_it_missed(world: World) -> None:
    agent = world.agent()
    agent.leave()
    world.tab(JOHN)
    (tick,) = ticks(world.agent())
    assert tick >= 1


def test_who_comes_leaves_and_is_called_makes_ticks(world: World) -> None:
    agent = world.agent()
    tab = world.tab(JOHN)
    world.wait(1)
    ticks(agent)
    world.ringing(tab)
    world.wait(1)
    assert ticks(agent)
    tab.say(p.Decline(tab.last(p.Ring).call_id))
    world.wait(1)
    assert ticks(agent)
    tab.leave()
    world.wait(9)
    assert ticks(agent)


def test_whether_an_agent_is_online_is_told(world: World) -> None:
    tab = world.tab()
    tab.say(p.AgentsMessage(1))
    assert tab.last(p.AgentsOnline) == p.AgentsOnline(1, False)
    agent = world.agent()
    tab.say(p.AgentsMessage(2))
    assert tab.last(p.AgentsOnline) == p.AgentsOnline(2, True)
    agent.leave()
    tab.say(p.AgentsMessage(3))
    assert tab.last(p.AgentsOnline) == p.AgentsOnline(3, False)
