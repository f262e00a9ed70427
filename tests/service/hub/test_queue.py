"""The queue of ``CV.conference``."""

from __future__ import annotations

import sys
import typing as t

from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.service import protocol as p

from ..harness import JOHN
from ..harness import Tab
from ..harness import World
from ..harness import end_of
from ..harness import shown


def join(tab: Tab, uid: str = "u1", **props: t.Any) -> None:
    tab.say(p.ConferenceJoin(1, uid, p.QueueProps(**props)))
    assert tab.got(p.Joined) == [p.Joined(1)]


def poll(tab: Tab, uid: str = "u1") -> int | str:
    tab.say(p.QueueStatus(2, uid))
    refused = tab.got(p.Refused)
    return refused[0].code if refused else tab.last(p.Queue).position


def test_joining_makes_a_customer_and_puts_it_into_the_queue(world: World) -> None:
    tab = world.tab()
    join(tab, first_name="Jane", last_name="Roe", email="jane@example.com")
    (user,) = world.users()
    assert (user.id, user.firstname, user.email) == ("u1", "Jane", "jane@example.com")
    assert user.waiting_since == timestamp(world.now)
    assert poll(tab) == 0


def test_the_queue_is_served_in_order(world: World) -> None:
    tabs = [world.tab() for _ in range(3)]
    for number, tab in enumerate(tabs):
        join(tab, f"u{number}")
        world.wait(0.5)
    assert [poll(tab, f"u{n}") for n, tab in enumerate(tabs)] == [0, 1, 2]
    world.call(tabs[0])
    assert [poll(tab, f"u{n}") for n, tab in enumerate(tabs)] == [-1, 0, 1]


def test_who_does_not_poll_leaves_the_queue(world: World) -> None:
    tab = world.tab()
    join(tab)
    for _ in range(4):
        world.wait(4)
        assert poll(tab) == 0
    world.wait(5.1)
    assert poll(tab) == "not-found"
    assert world.users()[0].waiting_since is None


def test_a_queued_customer_is_taken_without_ringing(world: World) -> None:
    tab = world.tab()
    join(tab)
    call = world.call(tab)
    agent = world.window(call.url)
    assert tab.got(p.Ring) == []
    assert poll(tab) == -1
    tab.say(p.ConferenceStart(3, "u1"))
    window = world.window(tab.last(p.Conference).url)
    assert window.last(p.CallWelcome).call_id == call.call_id
    assert agent.last(p.CallStateMessage).state == "accepted"


def test_a_customer_who_was_taken_but_does_not_start(world: World) -> None:
    tab = world.tab()
    join(tab)
    agent = world.window(world.call(tab).url)
    world.wait(46)
    assert end_of(agent) == "no-answer"
    assert tab.got(p.Unring) == []
    assert poll(tab) == "not-found"


def test_nobody_asks_for_anothers_place(world: World) -> None:
    join(world.tab(), "u1")
    assert poll(world.tab(), "u1") == "not-found"


def test_joining_again_keeps_the_place(world: World) -> None:
    first, second = world.tab(), world.tab()
    join(first, "a")
    world.wait(1)
    join(second, "b")
    join(first, "a")
    assert poll(first, "a") == 0


def test_who_is_in_a_call_does_not_join(world: World) -> None:
    tab = world.tab(JOHN)
    world.live(tab)
    tab.say(p.ConferenceJoin(1, "u1"))
    assert tab.last(p.Refused).code == "busy"


def test_a_queued_customer_who_opens_the_window_keeps_the_place(
    world: World,
) -> None:
    first, second = world.tab(), world.tab()
    join(first, "a")
    world.wait(1)
    join(second, "b")
    first.say(p.ConferenceStart(2, "a"))
    window = world.window(first.last(p.Conference).url)
    assert window.last(p.CallWelcome).queue_position == 0
    for _ in range(3):
        world.wait(4)
        assert poll(second, "b") == 1


def test_who_leaves_the_application_leaves_the_queue(world: World) -> None:
    first, second = world.tab(), world.tab()
    join(first, "a")
    world.wait(1)
    join(second, "b")
    first.leave()
    for _ in range(3):
        world.wait(3)
        position = poll(second, "b")
    assert position == 0


def test_leaving_a_long_queue_does_not_wait_for_all_the_others(world: World) -> None:
    tabs = [world.tab(JOHN | {"id": str(number)}) for number in range(60)]
    for tab in tabs:
        world.help(tab)
        world.wait(1)
    for tab in tabs:
        tab.inbox.clear()
    tabs[0].say(p.Stop(shown(tabs[0]).call_id))
    assert [tab.got(p.OwnCallMessage) for tab in tabs[1:]] == [[]] * 59
    tabs[1].say(p.Stop(shown(tabs[1]).call_id))
    world.wait(0.3)
    for place, tab in enumerate(tabs[2:]):
        (moved,) = tab.got(p.OwnCallMessage)
        assert moved.call is not None
        assert moved.call.position == place


def test_coming_and_going_in_front_is_told_the_others_once_in_a_while(
    world: World,
) -> None:
    tabs = [world.tab(JOHN | {"id": str(number)}) for number in range(60)]
    for tab in tabs:
        world.help(tab)
        world.wait(1)
    for client in world.clients.values():
        client.inbox.clear()
    for _ in range(20):
        tabs[0].say(p.Stop(shown(tabs[0]).call_id))
        world.help(tabs[0])
        world.wait(0.01)
    world.wait(1)
    others = [one for one in world.clients.values() if one not in tabs]
    updates = [one.got(p.CallStateMessage) for one in others]
    assert max(len(got) for got in updates[1:60]) == 1
    assert all(len(tab.got(p.OwnCallMessage)) == 1 for tab in tabs[1:])


def calls_of(work: t.Callable[[], object]) -> int:
    """How many functions are called meanwhile."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_a_message_costs_the_same_however_many_wait(world: World) -> None:
    def leave_and_return() -> None:
        first.say(p.Stop(shown(first).call_id))
        world.help(first)

    first, polls = world.tab(JOHN), world.tab()
    world.help(first)
    join(polls)
    costs = []
    for _ in range(2):
        poll(polls)  # whatever is done once is done now
        costs.append((calls_of(lambda: poll(polls)), calls_of(leave_and_return)))
        for number in range(150):
            tab = world.tab(JOHN | {"id": f"x{number}"})
            world.help(tab)
    few, many = costs
    assert many[0] < 1.2 * few[0]
    assert many[1] < 1.2 * few[1]


def test_a_queued_customers_pages_show_the_call_once_its_window_is_there(
    world: World,
) -> None:
    tab = world.tab()
    join(tab)
    tab.say(p.ConferenceStart(3, "u1"))
    assert tab.shown is None
    world.window(tab.last(p.Conference).url)
    assert (shown(tab).state, shown(tab).position) == ("waiting", 0)
