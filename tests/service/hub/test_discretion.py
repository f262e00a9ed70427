"""Agents' e-mail addresses: shown to customers, or known to no customer's browser."""

from __future__ import annotations

import pytest

from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.service import protocol as p

from ..harness import JOHN
from ..harness import MARY
from ..harness import Client
from ..harness import Tab
from ..harness import World
from ..harness import shown

NAMELESS = AgentRef("mary@example.com", "mary@example.com")


def whole_calls(world: World, agent: AgentRef) -> tuple[Tab, list[Client]]:
    """Have a call that rings, goes live and ends, then one after asking for help."""
    tab = world.tab(JOHN)
    agents = world.window(world.call(tab, agent).url)
    ring = tab.last(p.Ring)
    late = world.tab(like=tab)
    visitor = world.window(ring.url)
    visitor.say(p.Share())
    agents.say(p.LiveMessage())
    again = world.tab(like=tab)
    secret = visitor.last(p.CallWelcome).secret
    visitor.leave(1006)
    back = world.client()
    back.say(p.HelloCall(ring.call_id, secret=secret))
    agents.say(p.End("agent-ended"))
    waiting = world.help(tab)
    world.window(world.call(tab, agent).url)
    return tab, [tab, late, again, visitor, back, waiting]


@pytest.mark.parametrize("agent", [MARY, NAMELESS])
def test_no_customers_browser_gets_the_address(agent: AgentRef) -> None:
    world = World(show_agent_email=False)
    tab, customers = whole_calls(world, agent)
    for client in customers:
        assert client.inbox
        for message in client.inbox:
            assert b"mary@example.com" not in p.encode(message)
    name = "" if agent is NAMELESS else MARY.name
    assert shown(tab).agent == AgentRef(name)
    # Other agents, and the application, still know it.
    (user,) = world.users()
    assert user.in_call is not None
    assert user.in_call.agent == agent
    assert world.events[0]["agent"]["email"] == agent.email


def test_otherwise_it_is_shown(world: World) -> None:
    tab, _ = whole_calls(world, MARY)
    assert tab.last(p.Ring).agent == shown(tab).agent == MARY
