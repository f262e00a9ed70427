"""How often somebody may do something: a bucket of tokens for each name.

In the memory of one process: several workers together allow as many times more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Names above which those whose buckets are full again are forgotten.
MAX_NAMES = 1024


class Limit:
    """Allows a burst, then one more whenever an interval has passed.

    :param burst: how often in a row.
    :param interval: seconds in which one more is allowed.
    :param clock: seconds that only ever grow.
    """

    def __init__(
        self,
        burst: int,
        interval: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._span = burst * interval
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        # When each bucket is full again.
        self._full_at: dict[str, float] = {}

    def take(self, name: str) -> float:
        """Take one.

        :return: 0 if that is allowed, else the seconds until it is; none is taken.
        """
        with self._lock:
            now = self._clock()
            full_at = max(now, self._full_at.get(name, now)) + self._interval
            wait = full_at - now - self._span
            # Less than that is a rounding error.
            if wait > 1e-6:
                return wait
            self._full_at[name] = full_at
            if len(self._full_at) > MAX_NAMES:
                self._forget(now)
            return 0

    def _forget(self, now: float) -> None:
        self._full_at = {n: at for n, at in self._full_at.items() if at > now}
