"""Keeps time: wakes the runner when something is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..engine import Engine
from .deadlines import Deadlines
from .runner import Runner

#: A timer later than this means that the event loop is blocked.
STUCK_AFTER = 5.0


class Keeper:
    """Does the due work for visits and for the connections of this process."""

    def __init__(
        self,
        runner: Runner,
        engine: Engine,
        deadlines: Deadlines,
        clock: Callable[[], float],
    ) -> None:
        self._runner = runner
        self._engine = engine
        self._deadlines = deadlines
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._work: asyncio.Task[None] | None = None

    def next_due(self) -> float | None:
        """Return when :meth:`advance` has something to do, in epoch seconds."""
        times = (self._engine.next_due(), self._deadlines.next())
        return min((one for one in times if one is not None), default=None)

    async def advance(self) -> None:
        """Do everything that is due."""
        await self._runner.advance()
        await self._deadlines.run(self._clock())

    def is_stuck(self) -> bool:
        """Return whether timers are late."""
        due = self.next_due()
        return due is not None and self._clock() - due > STUCK_AFTER

    def schedule(self) -> None:
        """Wake up when something is due next."""
        due = self.next_due()
        if due == self._timer_at:
            return
        self.stop()
        self._timer_at = due
        if due is not None:
            delay = max(0.0, due - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def stop(self) -> None:
        """Stop waking up."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timer_at = None

    def _wake(self) -> None:
        self._timer = self._timer_at = None
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._advance())

    async def _advance(self) -> None:
        try:
            await self.advance()
        finally:
            self.schedule()
