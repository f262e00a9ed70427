"""An agent who got a "no" does not ask the same customer again at once."""

from __future__ import annotations

import pytest

from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.hub.calls.resting import MOST_RESTS

from ..harness import ADAM
from ..harness import JANE
from ..harness import JOHN
from ..harness import MARY
from ..harness import Tab
from ..harness import World


def rests(world: World, tab: Tab, agent: AgentRef = MARY) -> int:
    """For how many seconds this agent must not ask; a call that begins is given up."""
    try:
        world.call(tab, agent)
    except Refusal as refusal:
        waits = {"asked-recently": refusal.extra["retryAfter"]}
        return int(waits[refusal.code])
    world.wait(world.settings.timings.window)  # nothing has rung
    return 0


def decline(world: World, tab: Tab, agent: AgentRef = MARY) -> None:
    world.window(world.call(tab, agent).url)
    tab.say(p.Decline(tab.got(p.Ring)[-1].call_id))


def test_each_no_makes_the_rest_longer(world: World) -> None:
    tab = world.tab(JOHN)
    seen = []
    for _ in range(6):
        decline(world, tab)
        seen.append(rests(world, tab))
        world.wait(seen[-1])
    assert seen == [30, 60, 120, 240, 300, 300]


def test_the_rest_is_over_in_time(world: World) -> None:
    tab = world.tab(JOHN)
    decline(world, tab)
    world.wait(29.5)
    assert rests(world, tab) == 1
    world.wait(0.5)
    assert rests(world, tab) == 0


def test_it_is_one_agents_and_one_customers(world: World) -> None:
    john, jane = world.tab(JOHN), world.tab(JANE)
    decline(world, john)
    assert rests(world, john, AgentRef("M", "Mary@Example.com")) == 30
    assert rests(world, jane) == 0
    assert rests(world, john, ADAM) == 0


def test_who_did_not_answer_may_be_asked_again_at_once_but_not_for_ever(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    seen = []
    for _ in range(4):
        world.ringing(tab)
        world.wait(world.settings.timings.ring)
        seen.append(rests(world, tab))
        world.wait(seen[-1])
    assert seen == [0, 30, 60, 120]


def test_an_agent_who_rings_and_takes_it_back_rests_too(world: World) -> None:
    tab = world.tab(JOHN)
    rung = 0
    for _ in range(20):
        try:
            agent = world.ringing(tab)
        except Refusal:
            break
        rung += 1
        agent.say(p.End("agent-ended"))
    assert rung == 2


def test_a_yes_forgets_every_no(world: World) -> None:
    tab = world.tab(JOHN)
    decline(world, tab)
    world.wait(30)
    agent, _ = world.accepted(tab)
    agent.say(p.End("agent-ended"))
    decline(world, tab)
    assert rests(world, tab) == 30


def test_an_old_no_is_forgotten(world: World) -> None:
    tab = world.tab(JOHN)
    decline(world, tab)
    world.wait(30 + 3600)
    decline(world, tab)
    assert rests(world, tab) == 30


@pytest.mark.parametrize("wish", ["window", "queue"])
def test_a_customer_who_asks_for_help_is_joined_after_a_no(
    world: World, wish: str
) -> None:
    tab = world.tab(JOHN)
    decline(world, tab)
    if wish == "window":
        world.help(tab)
    else:
        tab.say(p.ConferenceJoin(1, "1"))
    assert world.call(tab)


def test_a_customer_who_leaves_has_said_no_to_nobody(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    tab.leave()
    world.wait(world.settings.timings.presence_grace)
    tab = world.tab(JOHN, like=tab)
    world.ringing(tab)
    world.wait(world.settings.timings.ring)
    assert rests(world, tab) == 0


def test_few_rests_are_kept(world: World) -> None:
    tab = world.tab(JOHN)
    for number in range(MOST_RESTS + 5):
        decline(world, tab, AgentRef("A", f"a{number}@example.com"))
    assert len(world.run(world.engine.load(tab.visitor_id)).rests) == MOST_RESTS
    assert rests(world, tab, AgentRef("A", f"a{MOST_RESTS + 4}@example.com")) == 30
