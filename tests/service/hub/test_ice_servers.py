"""STUN and TURN servers of call windows: when they come, and how long they are good."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor.service import protocol as p

from ..harness import JOHN
from ..harness import Client
from ..harness import World

HOUR = 3600


@pytest.fixture
def world() -> World:
    """A service with a STUN server and a TURN server."""
    return World(
        ice_servers=({"urls": "stun:s.example.com"}, {"urls": ["turn:t.example.com"]}),
        turn_secret="turn-secret",
    )


def latest(window: Client) -> list[dict[str, t.Any]]:
    """The servers that a window would connect with now."""
    told = [
        one.ice_servers
        for one in window.inbox
        if isinstance(one, p.CallWelcome | p.CallStateMessage) and one.ice_servers
    ]
    return told[-1] if told else []


def good_for(world: World, window: Client) -> float:
    """For how many seconds the TURN credentials are good that it has now."""
    turn = latest(window)[-1]
    return float(turn["username"].partition(":")[0]) - world.now


def test_an_accepted_call_has_credentials_for_an_hour(world: World) -> None:
    agent, visitor = world.accepted(world.tab(JOHN))
    for window in (agent, visitor):
        stun, turn = latest(window)
        assert stun == {"urls": "stun:s.example.com"}
        assert turn["credential"]
        assert "turn-secret" not in str(turn)
        assert good_for(world, window) == HOUR


def test_nobody_gets_credentials_before_both_have_agreed(world: World) -> None:
    tab = world.tab(JOHN)
    waiting = world.help(tab)
    assert latest(waiting) == []
    waiting.say(p.End("visitor-ended"))
    ringing = world.ringing(tab)
    assert latest(ringing) == []


def test_an_ended_call_gives_no_credentials(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    welcome = visitor.last(p.CallWelcome)
    for window in (agent, visitor):
        window.inbox.clear()
    visitor.say(p.End("visitor-ended"))
    visitor.leave()
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert latest(agent) == latest(back) == []
    world.wait(2 * HOUR)
    assert latest(agent) == []


def test_both_windows_of_a_long_call_always_have_good_credentials(world: World) -> None:
    windows = world.live(world.tab(JOHN))
    for _ in range(20):
        world.wait(600)
        for window in windows:
            assert good_for(world, window) >= HOUR / 2
    assert {window.last(p.CallStateMessage).state for window in windows} == {"live"}


def test_a_window_that_returns_has_good_credentials(world: World) -> None:
    agent, _ = world.live(world.tab(JOHN))
    world.wait(2 * HOUR + 700)
    assert good_for(world, returned(world, agent)) == HOUR - 700


def test_returning_gives_no_further_credentials(world: World) -> None:
    agent, _ = world.live(world.tab(JOHN))
    first = latest(agent)
    for _ in range(3):
        world.wait(1)
        agent = returned(world, agent)
        assert latest(agent) == first


def returned(world: World, window: Client) -> Client:
    """The same window, after its connection was lost."""
    welcome = window.last(p.CallWelcome)
    window.leave(1006)
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    return back


def test_without_a_secret_nothing_has_to_be_renewed() -> None:
    world = World(ice_servers=({"urls": "stun:s.example.com"},))
    agent, _ = world.live(world.tab(JOHN))
    assert latest(agent) == [{"urls": "stun:s.example.com"}]
    agent.inbox.clear()
    world.wait(2 * HOUR)
    assert agent.inbox == []


def test_what_has_credentials_shows_none_in_logs(world: World) -> None:
    agent, _ = world.accepted(world.tab(JOHN))
    assert "credential" not in repr(agent.inbox)
