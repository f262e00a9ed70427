"""What an engine promises, whether it is a dict or something that processes share."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ..records.visit import Visit


class Conflict(Exception):
    """Somebody else has committed this visit since it was loaded.

    :ivar newest: the visit as it is now.
    """

    def __init__(self, newest: Visit) -> None:
        super().__init__(newest.id)
        self.newest = newest


class Engine(t.Protocol):
    """Keeps visits. Times are epoch seconds.

    :ivar queue_changes: grows whenever places in the queue may have changed.
    """

    queue_changes: int

    async def load(self, visitor_id: str) -> Visit:
        """Give a visit out; a new and empty one if there is none."""
        ...

    async def commit(self, visit: Visit) -> None:
        """Keep a visit, with its due time and its place in the queue, as one.

        The visit's version grows by one. One that is over is forgotten.

        :raises Conflict: if the version that is kept is another than the one that was
            loaded. Of each version there is one successor.
        """
        ...

    async def visitor_of(self, call_id: str) -> str | None:
        """Find the visitor to whom a call belongs."""
        ...

    async def places(self, visitor_ids: Iterable[str]) -> list[int | None]:
        """Count who waits before each of these visitors; 0 is next."""
        ...

    async def once(self, key: str, until: float, now: float) -> bool:
        """Say whether this is the first time; remember it until then."""
        ...

    async def take_due(self, now: float) -> str | None:
        """Hand out a visitor for whom something is due.

        It comes again after some seconds, unless it is committed before: a process that
        dies with it does not take its times along.
        """
        ...

    def next_due(self) -> float | None:
        """Say when something is due next."""
        ...
