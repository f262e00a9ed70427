"""Users by number, in one order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from itertools import islice
from itertools import takewhile
from operator import itemgetter

from pyroaring import BitMap
from sortedcontainers import SortedList

#: A user's place: the key, the visitor's id, which settles ties, and the number.
Place = tuple[str, str, int]

#: Places with one key that are turned round in memory.
TURNED = 100
#: Walking past so many places takes as long as sorting one.
PLACES_PER_SORTED = 4


class Order:
    """All users by a key. Ties are settled by the visitor's id, upwards in any case."""

    def __init__(self) -> None:
        self._places: SortedList[Place] = SortedList()
        self._place_of: dict[int, Place] = {}

    def put(self, user: int, key: str, visitor_id: str) -> None:
        """Put a user in its place."""
        place = (key, visitor_id, user)
        old = self._place_of.get(user)
        if old == place:
            return
        if old is not None:
            self._places.remove(old)
        self._places.add(place)
        self._place_of[user] = place

    def drop(self, user: int) -> None:
        """Remove a user."""
        self._places.remove(self._place_of.pop(user))

    def first(self, count: int, among: BitMap, descending: bool) -> list[int]:
        """List the first of some users."""
        wanted = min(count, len(among))
        # Where many are wanted they soon turn up, unless all are at the far end.
        walk = self._descending() if descending else iter(self._places)
        near = islice(walk, PLACES_PER_SORTED * len(among))
        found = list(islice((user for _, _, user in near if user in among), wanted))
        return found if len(found) == wanted else self._sort(wanted, among, descending)

    def _sort(self, count: int, among: BitMap, descending: bool) -> list[int]:
        places = [self._place_of[user] for user in among]
        if descending:
            least = heapq.nlargest(count, places)[-1][0]
            places = sorted(place for place in places if place[0] >= least)
            places.sort(key=itemgetter(0), reverse=True)
        else:
            places = heapq.nsmallest(count, places)
        return [user for _, _, user in places[:count]]

    def _descending(self) -> Iterator[Place]:
        for key, group in groupby(reversed(self._places), key=itemgetter(0)):
            some = list(islice(group, TURNED))
            if len(some) < TURNED:
                yield from reversed(some)
            else:
                yield from self._of(key)

    def _of(self, key: str) -> Iterator[Place]:
        """Go through those with one key, from the first on."""
        from_first = self._places.irange((key, "", 0))
        return takewhile(lambda place: place[0] == key, from_first)
