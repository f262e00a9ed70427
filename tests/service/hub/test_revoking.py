"""An agent who is revoked is out at once, and only that agent."""

from __future__ import annotations

import pytest

from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.protocol import Close

from ..harness import ADAM
from ..harness import JANE
from ..harness import JOHN
from ..harness import MARY
from ..harness import Client
from ..harness import World
from ..harness import end_of
from ..harness import shown


def test_a_live_call_ends_for_both(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    assert world.revoke() == 1
    assert (end_of(agent), end_of(visitor)) == ("agent-ended", "agent-ended")
    assert tab.shown is None
    assert world.kinds()[-1] == "ended"


def test_a_request_disappears_from_the_customers_pages(world: World) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    world.revoke()
    assert tab.last(p.Unring).reason == "agent-ended"
    assert end_of(agent) == "agent-ended"


def test_a_link_to_a_call_that_has_not_begun_is_useless(world: World) -> None:
    tab = world.tab(JOHN)
    url = world.call(tab).url
    world.revoke()
    assert world.window(url).closed is Close.REFUSED
    assert not tab.got(p.Ring)


def test_all_calls_of_the_agent_end_and_no_others(world: World) -> None:
    tabs = [world.tab({"id": str(number)}) for number in range(3)]
    mine = [world.live(tab)[0] for tab in tabs[:2]]
    others = world.window(world.call(tabs[2], ADAM).url)
    assert world.revoke("Mary@Example.com") == 2
    assert [end_of(window) for window in mine] == ["agent-ended"] * 2
    assert not others.got(p.CallStateMessage)


def test_only_the_call_with_one_customer_ends(world: World) -> None:
    john, jane = world.tab(JOHN), world.tab(JANE)
    with_john, with_jane = world.live(john)[0], world.live(jane)[0]
    page = world.agent()
    assert world.revoke(visitor_id=john.visitor_id) == 1
    assert end_of(with_john) == "agent-ended"
    assert with_jane.last(p.CallStateMessage).state == "live"
    assert page.closed is None


def test_a_customer_who_waits_for_help_goes_on_waiting(world: World) -> None:
    tab = world.tab(JOHN)
    visitor = world.help(tab)
    visitor.leave()
    link = world.call(tab).url
    agent = world.window(link)
    assert world.revoke() == 0
    assert agent.closed is Close.REFUSED
    assert (shown(tab).state, shown(tab).agent) == ("waiting", None)
    assert world.window(link).closed is Close.REFUSED


def test_an_agent_who_was_late_to_join_does_not_return_by_the_old_link(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    link = world.call(tab).url
    world.wait(world.settings.timings.window)
    assert shown(tab).agent is None
    world.revoke()
    assert world.window(link).closed is Close.REFUSED


def test_the_agents_pages_are_disconnected_until_they_have_a_new_token(
    world: World,
) -> None:
    page, others, old = world.agent(), world.agent(ADAM), world.user_token()
    world.revoke()
    assert (page.closed, others.closed) == (Close.REFUSED, None)
    assert _hello(world, old).closed is Close.REFUSED
    world.wait(0.1)
    assert _hello(world, world.user_token()).closed is None


def test_a_token_of_another_agent_is_as_good_as_before(world: World) -> None:
    token = world.user_token(ADAM)
    world.revoke()
    assert _hello(world, token).closed is None


def test_revoking_is_remembered_as_long_as_a_token_lives(world: World) -> None:
    world.revoke()
    world.wait(10)
    world.revoke("somebody@else.example")
    world.wait(3595)
    world.revoke("another@else.example")
    assert len(world.engine._revoked) == 2


@pytest.mark.parametrize("email", [MARY.email, "nobody@example.com"])
def test_revoking_who_is_in_no_call_changes_nothing(world: World, email: str) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    tab.say(p.Decline(tab.last(p.Ring).call_id))
    assert end_of(agent) == "declined"
    assert world.revoke(email) == 0
    assert world.kinds() == ["requested", "ended"]


def _hello(world: World, token: str) -> Client:
    client = world.client()
    client.say(p.HelloAgent(token))
    return client
