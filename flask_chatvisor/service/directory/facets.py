"""Users by number, grouped by common properties."""

from __future__ import annotations

from collections.abc import Set

from pyroaring import BitMap

from .rows import Facet

_NOBODY = BitMap()


class Facets:
    """The users of each facet, for facets that many users share, such as labels."""

    def __init__(self) -> None:
        self._users: dict[Facet, BitMap] = {}

    def having(self, kind: str, value: str = "") -> BitMap:
        """Return all users with a facet."""
        return self._users.get((kind, value), _NOBODY)

    def change(self, user: int, before: Set[Facet], after: Set[Facet]) -> None:
        """Replace a user's facets."""
        for facet in before - after:
            self._users[facet].discard(user)
            if not self._users[facet]:
                del self._users[facet]
        for facet in after - before:
            self._users.setdefault(facet, BitMap()).add(user)


class Names:
    """The users of each name. They are few; bitmaps would take 200 bytes each."""

    def __init__(self) -> None:
        self._users: dict[Facet, tuple[int, ...]] = {}

    def having(self, kind: str, value: str) -> tuple[int, ...]:
        """Return all users with a name."""
        return self._users.get((kind, value), ())

    def change(self, user: int, before: Set[Facet], after: Set[Facet]) -> None:
        """Replace a user's names."""
        for name in before - after:
            self._users[name] = tuple(one for one in self._users[name] if one != user)
            if not self._users[name]:
                del self._users[name]
        for name in after - before:
            self._users[name] = (*self._users.get(name, ()), user)
