"""What is sent again until it is acknowledged."""

from __future__ import annotations

from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.sockets.repeats import MOST_REPEATS

from ..harness import JOHN
from ..harness import World


def test_what_is_not_acknowledged_is_sent_again(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    world.window(world.call(tab).url)
    (first,) = tab.got(p.Ring)
    world.wait(1.9)
    assert tab.got(p.Ring) == []
    world.wait(0.2)
    assert tab.got(p.Ring) == [first]
    world.wait(6)
    assert tab.got(p.Ring) == [first] * 3
    tab.say(p.Ack(first.ack_id))
    world.wait(20)
    assert tab.got(p.Ring) == []


def test_what_is_acknowledged_is_not_sent_again(world: World) -> None:
    tab = world.tab(JOHN)
    world.window(world.call(tab).url)
    tab.inbox.clear()
    world.wait(20)
    assert tab.got(p.Ring) == []


def test_a_ring_that_is_over_is_not_repeated(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    agent = world.ringing(tab)
    agent.say(p.End("agent-ended"))
    tab.inbox.clear()
    world.wait(10)
    assert tab.got(p.Ring) == []
    assert len(tab.got(p.Unring)) == 5


def test_only_the_newest_state_is_repeated(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    agent = world.window(call.url, acks=False)
    visitor = world.window(tab.last(p.Ring).url)
    visitor.say(p.Share())
    agent.inbox.clear()
    world.wait(2.1)
    assert [one.state for one in agent.got(p.CallStateMessage)] == ["connecting"]


def test_a_wrong_acknowledgement_does_not_count(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    world.window(world.call(tab).url)
    (ring,) = tab.got(p.Ring)
    tab.say(p.Ack(ring.ack_id + 1))
    world.wait(2.1)
    assert tab.got(p.Ring)


def test_nothing_is_repeated_to_who_has_gone(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    other = world.tab(like=tab)
    world.window(world.call(tab).url)
    tab.inbox.clear()
    tab.leave()
    world.wait(10)
    assert tab.inbox == []
    assert len(other.got(p.Ring)) == 1


def test_a_client_that_never_acknowledges_is_given_up(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    world.live(tab)
    world.wait(600)
    assert len(tab.got(p.OwnCallMessage)) == 3 + MOST_REPEATS
