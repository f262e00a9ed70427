"""The interface of engines, from a dict to storage that processes share."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ..records.visit import Visit


class Conflict(Exception):
    """This visit has been committed by another turn since it was loaded.

    :ivar newest: the visit as it is now.
    """

    def __init__(self, newest: Visit) -> None:
        super().__init__(newest.id)
        self.newest = newest


class Engine(t.Protocol):
    """Stores visits. Times are epoch seconds.

    :ivar queue_changes: increases whenever places in the queue may have changed.
    """

    queue_changes: int

    async def load(self, visitor_id: str) -> Visit:
        """Load a visit; a new, empty one if there is none."""
        ...

    async def commit(self, visit: Visit) -> None:
        """Save a visit, its due time and its place in the queue atomically.

        The visit's version increases by one. A visit that is over is deleted.

        :raises Conflict: if the stored version is not the loaded one. Each version has
            only one successor.
        """
        ...

    async def visitor_of(self, call_id: str) -> str | None:
        """Find the visitor of a call."""
        ...

    async def visitors_of(self, email: str) -> list[str]:
        """Find the visitors whose :attr:`.Visit.agents` include this agent."""
        ...

    async def places(self, visitor_ids: Iterable[str]) -> list[int | None]:
        """Return the place of each of these visitors in the queue; 0 is next."""
        ...

    async def once(self, key: str, until: float, now: float) -> bool:
        """Return whether this is the first time; remember it until then."""
        ...

    async def revoke(self, key: str, now: float, until: float) -> None:
        """Remember until then that something was revoked now."""
        ...

    async def revoked_at(self, keys: Iterable[str]) -> float | None:
        """Return when the newest of these was revoked; ``None`` if none was."""
        ...

    async def take_due(self, now: float) -> str | None:
        """Return a visitor with due work.

        The same visitor is returned again after some seconds, unless it is committed
        before. So a process that dies does not take its timers along.
        """
        ...

    def next_due(self) -> float | None:
        """Return when something is due next."""
        ...
