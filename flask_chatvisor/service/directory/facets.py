"""Users by number, kept together by what they have in common."""

from __future__ import annotations

from collections.abc import Set

from pyroaring import BitMap

from .rows import Facet

_NOBODY = BitMap()


class Facets:
    """Which users have a facet: for facets that many have, as a label."""

    def __init__(self) -> None:
        self._users: dict[Facet, BitMap] = {}

    def having(self, kind: str, value: str = "") -> BitMap:
        """Find all who have a facet."""
        return self._users.get((kind, value), _NOBODY)

    def change(self, user: int, before: Set[Facet], after: Set[Facet]) -> None:
        """Note that a user has other facets than before."""
        for facet in before - after:
            self._users[facet].discard(user)
            if not self._users[facet]:
                del self._users[facet]
        for facet in after - before:
            self._users.setdefault(facet, BitMap()).add(user)


class Names:
    """Which users have a name: few, and a bitmap for each would be 200 bytes."""

    def __init__(self) -> None:
        self._users: dict[Facet, tuple[int, ...]] = {}

    def having(self, kind: str, value: str) -> tuple[int, ...]:
        """Find all who have a name."""
        return self._users.get((kind, value), ())

    def change(self, user: int, before: Set[Facet], after: Set[Facet]) -> None:
        """Note that a user has other names than before."""
        for name in before - after:
            self._users[name] = tuple(one for one in self._users[name] if one != user)
            if not self._users[name]:
                del self._users[name]
        for name in after - before:
            self._users[name] = (*self._users.get(name, ()), user)
