"""An engine in the memory of one process: a dict that never refuses."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from bisect import insort
from collections.abc import Iterable

from ...contract.matching import fold_email
from ..records.visit import Visit

#: Seconds after which a visitor is handed out again for whom nothing was committed.
DUE_AGAIN = 5.0


class MemoryEngine:
    """Stores visits in this process."""

    def __init__(self) -> None:
        self.queue_changes: int = 0
        self._visits: dict[str, Visit] = {}
        self._owners: dict[str, str] = {}
        self._calls: dict[str, tuple[str, ...]] = {}
        self._agents: dict[str, set[str]] = {}
        self._visitors_of: dict[str, set[str]] = {}
        self._waiting: list[tuple[float, str]] = []
        self._since: dict[str, float] = {}
        self._due = _Schedule()
        self._used = _Schedule()
        self._revoked: dict[str, float] = {}
        self._revoked_until = _Schedule()

    async def load(self, visitor_id: str) -> Visit:
        return self._visits.get(visitor_id) or Visit(id=visitor_id)

    async def commit(self, visit: Visit) -> None:
        visit.version += 1
        if visit.is_over:
            self._visits.pop(visit.id, None)
        else:
            self._visits[visit.id] = visit
        self._due.put(visit.id, visit.due())
        self._own(visit)
        self._index_agents(visit)
        self._queue(visit.id, visit.waiting_since)

    async def visitor_of(self, call_id: str) -> str | None:
        return self._owners.get(call_id)

    async def visitors_of(self, email: str) -> list[str]:
        return [*self._visitors_of.get(fold_email(email), ())]

    async def places(self, visitor_ids: Iterable[str]) -> list[int | None]:
        return [self._place(visitor_id) for visitor_id in visitor_ids]

    async def once(self, key: str, until: float, now: float) -> bool:
        while self._used.take(now):
            pass
        is_first = key not in self._used
        if is_first:
            self._used.put(key, until)
        return is_first

    async def revoke(self, key: str, now: float, until: float) -> None:
        while (old := self._revoked_until.take(now)) is not None:
            del self._revoked[old]
        self._revoked[key] = now
        self._revoked_until.put(key, until)

    async def revoked_at(self, keys: Iterable[str]) -> float | None:
        times = (self._revoked.get(key) for key in keys)
        return max((at for at in times if at is not None), default=None)

    async def take_due(self, now: float) -> str | None:
        visitor_id = self._due.take(now)
        if visitor_id is not None:
            self._due.put(visitor_id, now + DUE_AGAIN)
        return visitor_id

    def next_due(self) -> float | None:
        return self._due.next()

    def _own(self, visit: Visit) -> None:
        before, now = self._calls.get(visit.id, ()), tuple(visit.calls)
        if before == now:
            return
        for call_id in before:
            del self._owners[call_id]
        self._owners |= dict.fromkeys(now, visit.id)
        if now:
            self._calls[visit.id] = now
        else:
            del self._calls[visit.id]

    def _index_agents(self, visit: Visit) -> None:
        before, now = self._agents.pop(visit.id, set()), visit.agents
        if now:
            self._agents[visit.id] = now
        for email in now - before:
            self._visitors_of.setdefault(email, set()).add(visit.id)
        for email in before - now:
            self._visitors_of[email].discard(visit.id)
            if not self._visitors_of[email]:
                del self._visitors_of[email]

    def _queue(self, visitor_id: str, since: float | None) -> None:
        before = self._since.pop(visitor_id, None)
        if since is not None:
            self._since[visitor_id] = since
        if before == since:
            return
        self.queue_changes += 1
        if before is not None:
            del self._waiting[bisect_left(self._waiting, (before, visitor_id))]
        if since is not None:
            insort(self._waiting, (since, visitor_id))

    def _place(self, visitor_id: str) -> int | None:
        since = self._since.get(visitor_id)
        return (
            None if since is None else bisect_left(self._waiting, (since, visitor_id))
        )


class _Schedule:
    """Keys and the times when they are due."""

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def put(self, key: str, when: float | None) -> None:
        """Set a key's time, or remove it."""
        if when is None:
            self._times.pop(key, None)
        elif self._times.get(key) != when:
            self._times[key] = when
            heapq.heappush(self._heap, (when, key))

    def take(self, now: float) -> str | None:
        """Remove and return a due key, the earliest first."""
        when = self.next()
        if when is None or when > now:
            return None
        _, key = heapq.heappop(self._heap)
        del self._times[key]
        return key

    def next(self) -> float | None:
        """Return when the next key is due."""
        heap = self._heap
        # An entry is stale if its key has another time now.
        while heap and self._times.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def __contains__(self, key: str) -> bool:
        return key in self._times
