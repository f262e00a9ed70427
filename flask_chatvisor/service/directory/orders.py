"""Users by number, in one order."""

from __future__ import annotations

from bisect import bisect_left
from bisect import bisect_right
from bisect import insort
from collections.abc import Iterable
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter

from pyroaring import BitMap

#: A user's place: the key, the visitor's id to break ties, and the number.
Place = tuple[str, str, int]

#: Maximum places of a stretch.
LONGEST = 512
#: Sorting one place takes as long as looking at this many.
SPARSE = 8


class Order:
    """All users by a key. The visitor's id breaks ties, always in ascending order.

    The order is divided into stretches, each with a bitmap of its users, so that a list
    skips stretches without any of its users.
    """

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []
        #: Except in the first stretch, no place is before its stretch's beginning.
        self._beginnings: list[Place] = []
        self._place_of: dict[int, Place] = {}

    def put(self, user: int, key: str, visitor_id: str) -> None:
        """Insert a user."""
        place = (key, visitor_id, user)
        old = self._place_of.get(user)
        if old == place:
            return
        if old is not None:
            self.drop(user)
        self._place_of[user] = place
        self._add(place)

    def drop(self, user: int) -> None:
        """Remove a user."""
        place = self._place_of.pop(user)
        index = self._index(place)
        stretch = self._stretches[index]
        stretch.remove(place)
        if not stretch.places:
            del self._stretches[index], self._beginnings[index]
        elif index:
            self._join(index)

    def first(self, count: int, among: BitMap, descending: bool) -> list[int]:
        """List the first of some users."""
        if len(among) <= LONGEST:
            places = sorted(self._place_of[user] for user in among)
            return _users(_downwards(places) if descending else places, count)
        return _users(self._down(among) if descending else self._up(among), count)

    def _add(self, place: Place) -> None:
        if not self._stretches:
            self._stretches.append(_Stretch([]))
            self._beginnings.append(place)
        index = self._index(place)
        self._stretches[index].add(place)
        if len(self._stretches[index].places) > LONGEST:
            half = self._stretches[index].split()
            self._stretches.insert(index + 1, half)
            self._beginnings.insert(index + 1, half.places[0])

    def _join(self, index: int) -> None:
        """Append a stretch to the one before it if the two are short."""
        before, stretch = self._stretches[index - 1 : index + 1]
        if len(before.places) + len(stretch.places) <= LONGEST // 2:
            before.append(stretch)
            del self._stretches[index], self._beginnings[index]

    def _index(self, place: Place) -> int:
        return bisect_right(self._beginnings, place, 1) - 1

    def _up(self, among: BitMap) -> Iterator[Place]:
        for stretch in self._stretches:
            yield from self._places(stretch, among)

    def _down(self, among: BitMap) -> Iterator[Place]:
        """Iterate from the greatest key down; within one key, upwards."""
        last, done = len(self._stretches) - 1, None
        while last >= 0:
            least = self._stretches[last].least
            if least == done:
                last -= 1
                continue
            places = self._places(self._stretches[last], among)
            left = (one for one in places if done is None or one[0] < done)
            yield from _downwards(one for one in left if one[0] > least)
            # Places with the least key may begin in an earlier stretch.
            last, done = self._index((least, "", 0)), least
            yield from self._from(last, least, among)

    def _from(self, index: int, key: str, among: BitMap) -> Iterator[Place]:
        """List the places of one key, which begin in a stretch, upwards."""
        for stretch in islice(self._stretches, index, None):
            if stretch.least > key:
                return
            places = self._places(stretch, among)
            yield from (place for place in places if place[0] == key)

    def _places(self, stretch: _Stretch, among: BitMap) -> list[Place]:
        """List the places of some users in a stretch."""
        users = stretch.users & among
        if len(users) * SPARSE < len(stretch.places):
            return sorted(self._place_of[user] for user in users)
        return [place for place in stretch.places if place[2] in users]


class _Stretch:
    """A part of an order, and a bitmap of the users in it."""

    __slots__ = ("places", "users")

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self.users = BitMap([user for _, _, user in places])

    @property
    def least(self) -> str:
        """The least key."""
        return self.places[0][0]

    def add(self, place: Place) -> None:
        insort(self.places, place)
        self.users.add(place[2])

    def remove(self, place: Place) -> None:
        del self.places[bisect_left(self.places, place)]
        self.users.discard(place[2])

    def append(self, other: _Stretch) -> None:
        self.places += other.places
        self.users |= other.users

    def split(self) -> _Stretch:
        """Split off the upper half."""
        half = len(self.places) // 2
        upper = _Stretch(self.places[half:])
        del self.places[half:]
        self.users -= upper.users
        return upper


def _downwards(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=itemgetter(0), reverse=True)


def _users(places: Iterable[Place], count: int) -> list[int]:
    return [user for _, _, user in islice(places, count)]
