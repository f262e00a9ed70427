"""Rate limits: token buckets that refill.

They are in the memory of one process; each further process allows as much again.
"""

from __future__ import annotations

import threading
import typing as t


class Rate(t.NamedTuple):
    """How often something may happen: in the long run, and at once."""

    per_second: float
    burst: int

    @property
    def fills_in(self) -> float:
        """The seconds until an empty bucket is full again."""
        return self.burst / self.per_second


class Bucket:
    """One bucket, full at first. It stores only when it will be full again."""

    __slots__ = ("_full_at", "_used_at")

    def __init__(self) -> None:
        self._full_at = self._used_at = float("-inf")

    def take(self, rate: Rate, now: float, count: int = 1) -> float:
        """Take tokens; return 0, or the seconds to wait if there are too few."""
        if now < self._used_at:
            # The clock was set back: keep what was used, and nothing more.
            self._full_at += now - self._used_at
        self._used_at = now
        full_at = max(now, self._full_at) + count / rate.per_second
        wait = full_at - now - rate.fills_in
        # Sums of fractions are slightly off.
        if wait > 1e-6:
            return wait
        self._full_at = full_at
        return 0.0


class Buckets:
    """A bucket for each key; safe to use from several threads.

    A bucket that was not used for the time that an empty one takes to fill is full, so
    it is dropped.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._recent: dict[str, Bucket] = {}
        self._older: dict[str, Bucket] = {}
        self._turned_at = float("-inf")
        self._lock = threading.Lock()

    def take(self, key: str, now: float) -> float:
        """Take a token; return 0, or the seconds to wait if there is none.

        :param now: seconds of any clock.
        """
        with self._lock:
            self._forget(now)
            bucket = self._recent.get(key) or self._older.pop(key, None) or Bucket()
            self._recent[key] = bucket
            return bucket.take(self._rate, now)

    def __len__(self) -> int:
        return len(self._recent) + len(self._older)

    def _forget(self, now: float) -> None:
        since = now - self._turned_at
        if since < 0:
            self._turned_at = now
        elif since >= self._rate.fills_in:
            # After twice that time without use, the recent ones are full, too.
            full = since >= 2 * self._rate.fills_in
            self._older, self._recent = {} if full else self._recent, {}
            self._turned_at = now
