"""One turn after the other: load, handle, commit, deliver."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import typing as t
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Sequence

from ..directory import Directory
from ..engine import Conflict
from ..engine import Engine
from ..hub.due import advance
from ..hub.effects import Effect
from ..hub.hub import Hub
from ..hub.hub import Job
from ..records.active_user import active_user
from ..records.visit import Visit

T = t.TypeVar("T")
logger: logging.Logger = logging.getLogger(__name__)


class Outlet(t.Protocol):
    """Receives the effects."""

    async def deliver(self, visitor_id: str, effects: Sequence[Effect]) -> None:
        """Carry effects out, in order."""
        ...

    def notice(self) -> None:
        """Check whether the list or the queue has changed."""
        ...


class Runner:
    """Lets the hub handle events, one at a time for each visitor.

    :param clock: epoch seconds.
    """

    def __init__(
        self,
        hub: Hub,
        engine: Engine,
        directory: Directory,
        outlet: Outlet,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self._hub = hub
        self._engine = engine
        self._directory = directory
        self._outlet = outlet
        self._busy: dict[str, _Door] = {}

    async def turn(self, visitor_id: str, job: Job[T]) -> T | None:
        """Apply a job to a visitor.

        :return: the job's answer; ``None`` if the sender was disconnected.
        :raises Refusal: if the job raises it.
        """
        async with self._alone(visitor_id):
            visit = await self._engine.load(visitor_id)
            while True:
                handled = self._hub.handle(visit, job, self.clock())
                if handled.only_sends:
                    break
                try:
                    await self._engine.commit(visit)
                except Conflict as conflict:
                    visit = conflict.newest
                    continue
                self._list(visit)
                break
            try:
                await self._outlet.deliver(visitor_id, handled.effects)
            finally:
                self._outlet.notice()
        return handled.answer

    async def advance(self) -> None:
        """Do everything that is due."""
        while visitor_id := await self._engine.take_due(self.clock()):
            try:
                await self.turn(visitor_id, advance)
            except Exception:  # it comes again; the others' times are not its fault
                event = {"event": "chatvisor.service.due-failed"}
                logger.exception("A visitor's timer failed.", extra=event)

    def _list(self, visit: Visit) -> None:
        row = active_user(visit)
        if row is None:
            self._directory.drop(visit.id)
        else:
            self._directory.put(row)

    @contextlib.asynccontextmanager
    async def _alone(self, visitor_id: str) -> AsyncIterator[None]:
        """Wait until no other job handles this visitor here."""
        door = self._busy.setdefault(visitor_id, _Door())
        door.users += 1
        try:
            async with door.lock:
                yield
        finally:
            door.users -= 1
            if not door.users:
                del self._busy[visitor_id]


class _Door:
    """A lock that counts its users."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
