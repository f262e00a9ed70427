"""What is due when: a heap, so that nobody scans everyone."""

from __future__ import annotations

import heapq
import itertools
import typing as t

Due = t.Callable[[float, t.Any], None]


class Deadlines:
    """Calls back when a time has come.

    Nothing is ever taken out: a callback looks whether its reason still holds.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Due, t.Any]] = []
        self._order = itertools.count()

    def at(self, when: float, call: Due, about: t.Any = None) -> None:
        """Have ``call(now, about)`` called at ``when`` or soon after."""
        heapq.heappush(self._heap, (when, next(self._order), call, about))

    def next(self) -> float | None:
        """Tell when :meth:`run` has something to do."""
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Call back everything that is due."""
        while self._heap and self._heap[0][0] <= now:
            _, _, call, about = heapq.heappop(self._heap)
            call(now, about)
