"""Turns: what is committed, what is handled again, and what comes of an error."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Sequence
from functools import partial

import pytest

from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.service.access.credentials import Access
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.access.credentials import Vouched
from flask_chatvisor.service.directory import Directory
from flask_chatvisor.service.engine import MemoryEngine
from flask_chatvisor.service.engine.memory import DUE_AGAIN
from flask_chatvisor.service.hub import arrivals
from flask_chatvisor.service.hub import hub
from flask_chatvisor.service.hub.arrivals import Arrival
from flask_chatvisor.service.hub.calls import ringing
from flask_chatvisor.service.hub.effects import Effect
from flask_chatvisor.service.hub.hub import Hub
from flask_chatvisor.service.protocol import PageRef
from flask_chatvisor.service.records.visit import Visit
from flask_chatvisor.service.records.visit import Visitor
from flask_chatvisor.service.runner.runner import Runner
from flask_chatvisor.service.settings import Settings

from ..engines import CopyingEngine
from ..harness import ADAM
from ..harness import API_TOKEN
from ..harness import MARY

SETTINGS = Settings(api_tokens=(API_TOKEN,))


class Outlet:
    """Keeps what is to be done."""

    def __init__(self) -> None:
        self.delivered: list[Effect] = []

    async def deliver(self, visitor_id: str, effects: Sequence[Effect]) -> None:
        self.delivered += effects

    def notice(self) -> None:
        pass


def a_process(engine: MemoryEngine) -> tuple[Runner, Outlet, Directory]:
    """One of several processes that share an engine."""
    outlet, directory = Outlet(), Directory()
    rules = Hub(SETTINGS, Access(SETTINGS))
    return Runner(rules, engine, directory, outlet, lambda: 1.0), outlet, directory


def john(engine: MemoryEngine) -> None:
    """Have John arrive at the first process."""
    runner, _, _ = a_process(engine)
    arrival = Arrival(PageRef(), True, "secret", Vouched(Tag(email="john@example.com")))
    arrive = partial(arrivals.arrive, address="p:1", arrival=arrival)
    asyncio.run(runner.turn("john", arrive))


def test_of_two_agents_at_two_processes_one_gets_the_call() -> None:
    engine = CopyingEngine()
    john(engine)

    async def at_once() -> list[t.Any]:
        calls = [
            a_process(engine)[0].turn("john", partial(ringing.request, agent=agent))
            for agent in (MARY, ADAM)
        ]
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(at_once())
    (refusal,) = (one for one in answers if isinstance(one, Refusal))
    assert refusal.code == "busy"
    visit = asyncio.run(engine.load("john"))
    assert len(visit.calls) == 1


def test_what_was_refused_is_neither_committed_nor_delivered() -> None:
    engine = CopyingEngine()
    runner, outlet, directory = a_process(engine)
    request = partial(ringing.request, agent=MARY)
    with pytest.raises(Refusal):
        asyncio.run(runner.turn("nobody", request))
    assert asyncio.run(engine.load("nobody")).version == 0
    assert outlet.delivered == []
    assert directory.changes == 0


def test_a_turn_lists_the_visitor_as_it_is_now() -> None:
    engine = CopyingEngine()
    john(engine)
    runner, _, directory = a_process(engine)
    close = partial(arrivals.close, address="p:1", code=1001)
    asyncio.run(runner.turn("john", close))
    row = directory.find("john@example.com")
    assert row is not None
    assert row.visitor_id == "john"


def test_a_timer_that_fails_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = MemoryEngine()
    for name in ("bad", "good"):
        visitor = Visitor(since=0.0, last_seen=0.0, leaves_at=0.5)
        asyncio.run(engine.commit(Visit(id=name, visitor=visitor)))
    runner, _, _ = a_process(engine)
    whole = runner.turn

    async def turn(visitor_id: str, job: hub.Job[t.Any]) -> t.Any:
        if visitor_id == "bad":
            raise ZeroDivisionError
        return await whole(visitor_id, job)

    monkeypatch.setattr(runner, "turn", turn)
    asyncio.run(runner.advance())
    assert asyncio.run(engine.load("good")).is_over
    assert "timer failed" in caplog.text
    assert engine.next_due() == 1.0 + DUE_AGAIN
