"""Permission to call."""

from __future__ import annotations

from functools import partial

import pytest

from flask_chatvisor.contract.tag import clean_tag
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.hub.calls import ringing
from flask_chatvisor.service.protocol import Close

from ..harness import ADAM
from ..harness import JOHN
from ..harness import MARY
from ..harness import World


def test_nobody_is_called_who_is_not_here(world: World) -> None:
    tab = world.tab(JOHN)
    tab.leave()
    world.wait(9)
    with pytest.raises(Refusal) as caught:
        world.call(tab)
    assert caught.value.code == "visitor-gone"


def test_an_untagged_visitor_is_not_called(world: World) -> None:
    with pytest.raises(Refusal, match="has left") as caught:
        world.call(world.tab())
    assert caught.value.code == "visitor-gone"


def test_a_call_for_one_user_reaches_no_other(world: World) -> None:
    tab = world.tab(JOHN)
    subject = clean_tag(JOHN).subject
    for meant, is_there in ((subject, True), ("id:2", False), ("", False)):
        request = partial(ringing.request, agent=MARY, subject=meant)
        turn = world.core.runner.turn(tab.visitor_id, request)
        if is_there:
            assert world.run(turn)
            continue
        with pytest.raises(Refusal) as caught:
            world.run(turn)
        assert caught.value.code == "visitor-gone"


@pytest.mark.parametrize("stage", ["call", "accepted", "live"])
def test_a_visitor_in_a_call_is_busy_for_other_agents(world: World, stage: str) -> None:
    tab = world.tab(JOHN)
    getattr(world, stage)(tab)
    with pytest.raises(Refusal) as caught:
        world.call(tab, ADAM)
    assert caught.value.code == "busy"
    assert caught.value.extra == {"agent": "Mary Major"}


def test_after_a_call_a_visitor_can_be_called_again(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    agent.say(p.End("agent-ended"))
    tab.inbox.clear()
    world.window(world.call(tab, ADAM).url)
    assert tab.last(p.Ring).agent == ADAM


def test_the_same_agent_gets_into_its_own_call_again(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    again = world.call(tab)
    window = world.window(again.url)
    assert agent.closed is Close.NOT_ALLOWED
    welcome = window.last(p.CallWelcome)
    assert (welcome.state, welcome.call_id) == ("live", again.call_id)
    world.wait(60)
    assert world.state(again.call_id) == "live"


def test_an_agent_who_asks_again_has_time_again(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.wait(15)
    world.call(tab)
    world.wait(15)
    assert world.state(call.call_id) == "ringing"
    world.wait(6)
    assert world.state(call.call_id) == "ended:agent-closed"


def test_a_double_click_rings_once(world: World) -> None:
    tab = world.tab(JOHN)
    first, second = world.call(tab), world.call(tab)
    assert first.call_id == second.call_id
    world.window(first.url)
    world.window(second.url)
    assert len(tab.got(p.Ring)) == 1
