"""The deadlines of one process, in a heap, so that nothing is scanned."""

from __future__ import annotations

import heapq
import itertools
import typing as t
from collections.abc import Awaitable
from collections.abc import Callable

Due = Callable[[t.Any], Awaitable[None]]


class Deadlines:
    """Calls back at given times.

    Nothing is ever removed: a callback checks whether its reason still holds.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Due, t.Any]] = []
        self._order = itertools.count()

    def at(self, when: float, call: Due, about: t.Any = None) -> None:
        """Schedule ``await call(about)`` for ``when`` or soon after."""
        heapq.heappush(self._heap, (when, next(self._order), call, about))

    def next(self) -> float | None:
        """Return when :meth:`run` has something to do."""
        return self._heap[0][0] if self._heap else None

    async def run(self, now: float) -> None:
        """Call back for everything that is due."""
        while self._heap and self._heap[0][0] <= now:
            _, _, call, about = heapq.heappop(self._heap)
            await call(about)
