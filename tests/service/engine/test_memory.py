"""The engine in memory: what it hands out, and when."""

from __future__ import annotations

import asyncio

import pytest

from flask_chatvisor.service.engine import Conflict
from flask_chatvisor.service.engine import MemoryEngine
from flask_chatvisor.service.engine.memory import DUE_AGAIN
from flask_chatvisor.service.protocol import CallState
from flask_chatvisor.service.records.call import Call
from flask_chatvisor.service.records.visit import Visit
from flask_chatvisor.service.records.visit import Visitor

from ..engines import CopyingEngine


@pytest.fixture(params=[MemoryEngine, CopyingEngine])
def engine(request: pytest.FixtureRequest) -> MemoryEngine:
    engine: MemoryEngine = request.param()
    return engine


def a_visit(visitor_id: str = "v", **fields: float | None) -> Visit:
    return Visit(id=visitor_id, visitor=Visitor(since=1.0, last_seen=1.0, **fields))  # type: ignore[arg-type]


def commit(engine: MemoryEngine, *visits: Visit) -> None:
    for visit in visits:
        asyncio.run(engine.commit(visit))


def places(engine: MemoryEngine, *visitor_ids: str) -> list[int | None]:
    return asyncio.run(engine.places(visitor_ids))


def once(engine: MemoryEngine, key: str, *, until: float, now: float) -> bool:
    return asyncio.run(engine.once(key, until, now))


def test_an_unknown_visitor_is_a_new_visit(engine: MemoryEngine) -> None:
    assert asyncio.run(engine.load("v")) == Visit(id="v")


def test_what_was_committed_is_loaded_and_its_version_grows(
    engine: MemoryEngine,
) -> None:
    commit(engine, a_visit())
    visit = asyncio.run(engine.load("v"))
    assert (visit.version, visit.visitor) == (1, a_visit().visitor)
    commit(engine, visit)
    assert asyncio.run(engine.load("v")).version == 2


def test_a_visit_that_is_over_is_forgotten(engine: MemoryEngine) -> None:
    visit = a_visit(leaves_at=9.0, waiting_since=1.0)
    commit(engine, visit)
    visit = asyncio.run(engine.load("v"))
    visit.visitor = None
    commit(engine, visit)
    assert asyncio.run(engine.load("v")) == Visit(id="v")
    assert places(engine, "v") == [None]
    assert engine.next_due() is None


def test_of_two_successors_of_one_version_one_is_refused_with_the_newest() -> None:
    engine = CopyingEngine()
    commit(engine, a_visit())
    first, second = (asyncio.run(engine.load("v")) for _ in range(2))
    first.visitor = Visitor(since=2.0, last_seen=2.0)
    commit(engine, first)
    with pytest.raises(Conflict) as caught:
        commit(engine, second)
    assert caught.value.newest.visitor == first.visitor


def test_a_call_belongs_to_its_visitor_until_it_is_forgotten(
    engine: MemoryEngine,
) -> None:
    visit = a_visit()
    visit.calls["c"] = Call(id="c", state=CallState.RINGING, user={})
    commit(engine, visit)
    assert asyncio.run(engine.visitor_of("c")) == "v"
    visit = asyncio.run(engine.load("v"))
    del visit.calls["c"]
    commit(engine, visit)
    assert asyncio.run(engine.visitor_of("c")) is None


def test_places_are_counted_by_the_longest_wait(engine: MemoryEngine) -> None:
    commit(engine, *(a_visit(f"v{n}", waiting_since=9.0 - n) for n in range(3)))
    assert places(engine, "v0", "v1", "v2", "else") == [2, 1, 0, None]
    seen = engine.queue_changes
    middle = asyncio.run(engine.load("v1"))
    middle.visitor = None
    commit(engine, middle)
    assert places(engine, "v0", "v1", "v2") == [1, None, 0]
    assert engine.queue_changes > seen


def test_the_queue_does_not_change_by_what_has_no_place(engine: MemoryEngine) -> None:
    commit(engine, a_visit(waiting_since=3.0))
    seen = engine.queue_changes
    commit(engine, asyncio.run(engine.load("v")), a_visit("other"))
    assert engine.queue_changes == seen


def test_what_is_due_is_handed_out_once_the_earliest_first(
    engine: MemoryEngine,
) -> None:
    commit(engine, a_visit("late", leaves_at=9.0), a_visit("early", leaves_at=5.0))
    assert engine.next_due() == 5.0
    taken = [asyncio.run(engine.take_due(9.0)) for _ in range(3)]
    assert taken == ["early", "late", None]


def test_what_was_handed_out_and_not_committed_is_due_again(
    engine: MemoryEngine,
) -> None:
    commit(engine, a_visit(leaves_at=5.0))
    assert asyncio.run(engine.take_due(6.0)) == "v"
    assert engine.next_due() == 6.0 + DUE_AGAIN
    visit = asyncio.run(engine.load("v"))
    commit(engine, visit)
    assert engine.next_due() == 5.0


def test_what_was_put_off_is_not_due_before(engine: MemoryEngine) -> None:
    commit(engine, a_visit(leaves_at=5.0))
    visit = asyncio.run(engine.load("v"))
    assert visit.visitor is not None
    visit.visitor.leaves_at = 7.0
    commit(engine, visit)
    assert asyncio.run(engine.take_due(6.0)) is None
    assert engine.next_due() == 7.0


def test_what_happens_once_happens_once(engine: MemoryEngine) -> None:
    assert once(engine, "j", until=60.0, now=0.0)
    assert not once(engine, "j", until=60.0, now=1.0)
    assert not once(engine, "j", until=999.0, now=59.0)
    assert once(engine, "other", until=60.0, now=1.0)


def test_what_was_used_is_forgotten_when_nobody_can_use_it() -> None:
    engine = MemoryEngine()
    for number in range(1000):
        once(engine, f"j{number}", until=number + 10.0, now=float(number))
    assert len(engine._used._times) <= 10
