"""The directory of active users: who is in a list, in which order, and who is meant."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator

import msgspec
from pyroaring import BitMap

from ...contract.matching import Selection
from ...contract.matching import fold_email
from ...contract.matching import meant
from ...contract.matching import page_text
from ...contract.matching import search_text
from ...contract.users import UserRow
from .numbers import Numbers
from .orders import Order
from .rows import SORT_KEYS
from .rows import Entry
from .rows import Facet
from .rows import facets
from .rows import names
from .search import Search

_NOBODY = BitMap()


class Directory:
    """Active users, one row for each visitor; whoever commits a visitor puts it here.

    :ivar changes: how many times something has changed.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._numbers = Numbers()
        self._number_of: dict[str, int] = {}
        self._entries: dict[int, Entry] = {}
        self._all = BitMap()
        self._by_facet: dict[Facet, BitMap] = {}
        self._by_name: dict[Facet, tuple[int, ...]] = {}
        self._orders = {sort: Order() for sort in SORT_KEYS}
        self._search = Search()

    def __len__(self) -> int:
        return len(self._entries)

    # --- who is there

    def put(self, row: UserRow) -> None:
        """Add a row, or replace the one of the same visitor."""
        number = self._number_of.get(row.visitor_id)
        old = None if number is None else self._entries[number].row
        if row == old:
            return
        if number is None:
            number = self._number_of[row.visitor_id] = self._numbers.take()
            self._all.add(number)
        self._note(number, old, row)
        self._search.put(number, search_text(row), page_text(row))
        for sort, order in self._orders.items():
            order.put(number, SORT_KEYS[sort](row), row.visitor_id)
        self._entries[number] = Entry(row)
        self.changes += 1

    def drop(self, visitor_id: str) -> None:
        """Remove a visitor's row, if there is one."""
        number = self._number_of.pop(visitor_id, None)
        if number is None:
            return
        self._note(number, self._entries.pop(number).row, None)
        self._search.drop(number)
        for order in self._orders.values():
            order.drop(number)
        self._all.discard(number)
        self._numbers.give_back(number)
        self.changes += 1

    # --- who is meant

    def find(self, query: str) -> UserRow | None:
        """Find whom a query means: the best row of a visitorId, an id or an e-mail.

        Verified rows come before others, then visible ones, then the latest.
        """
        return meant(query, self.named([query]))

    def named(self, queries: Iterable[str]) -> list[UserRow]:
        """List the rows of all users whom queries may mean, each once."""
        return [self._entries[number].row for number in self._named(queries)]

    # --- lists

    def select(self, selection: Selection) -> tuple[int, list[UserRow]]:
        """List active users: how many there are, and those of one page.

        Those who wait come first, the longest wait at the top.
        """
        total, page = self._select(selection)
        return total, [self._entries[number].row for number in page]

    def select_raw(self, selection: Selection) -> tuple[int, list[msgspec.Raw]]:
        """List active users as :meth:`select` does, each as JSON."""
        total, page = self._select(selection)
        return total, [self._entries[number].json for number in page]

    def _select(self, selection: Selection) -> tuple[int, list[int]]:
        found = self._matching(selection)
        end = selection.page * selection.page_size
        start = end - selection.page_size
        if start >= len(found):
            return len(found), []
        return len(found), self._first(end, found, selection.sort)[start:]

    def _matching(self, selection: Selection) -> BitMap:
        found = self._all
        if selection.queries:
            found = self._named(selection.queries)
        if label := selection.label.strip().casefold():
            found = found & self._having("label", label)
        if assigned := fold_email(selection.assigned.strip()):
            agent = "" if assigned == "none" else assigned
            found = found & self._having("assigned", agent)
        if selection.waiting:
            found = (found & self._having("waiting")) - self._having("in_call")
        if selection.in_call:
            found = found & self._having("in_call")
        return self._search.narrow(selection.q, found)

    def _first(self, count: int, among: BitMap, sort: str) -> list[int]:
        """List the first of these, in order."""
        order, descending = self._orders[sort.removeprefix("-")], sort[0] == "-"
        waiting = among & self._having("waiting")
        first = order.first(len(waiting), waiting, descending)
        first.sort(key=lambda number: self._entries[number].row.waiting_since or "")
        left = max(0, count - len(first))
        return first[:count] + order.first(left, among - waiting, descending)

    def _having(self, kind: str, value: str = "") -> BitMap:
        return self._by_facet.get((kind, value), _NOBODY)

    def _named(self, queries: Iterable[str]) -> BitMap:
        return BitMap([number for query in queries for number in self._meant(query)])

    def _meant(self, query: str) -> Iterator[int]:
        if (number := self._number_of.get(query)) is not None:
            yield number
        yield from self._by_name.get(("id", query), ())
        yield from self._by_name.get(("email", fold_email(query)), ())

    def _note(self, number: int, old: UserRow | None, new: UserRow | None) -> None:
        """Keep facets and names of a row that is new, was changed or goes."""
        before, after = _facets(old), _facets(new)
        for facet in before - after:
            self._by_facet[facet].discard(number)
            if not self._by_facet[facet]:
                del self._by_facet[facet]
        for facet in after - before:
            self._by_facet.setdefault(facet, BitMap()).add(number)
        before, after = _names(old), _names(new)
        for name in before - after:
            left = tuple(one for one in self._by_name[name] if one != number)
            if left:
                self._by_name[name] = left
            else:
                del self._by_name[name]
        for name in after - before:
            self._by_name[name] = (*self._by_name.get(name, ()), number)


def _facets(row: UserRow | None) -> set[Facet]:
    return set() if row is None else set(facets(row))


def _names(row: UserRow | None) -> set[Facet]:
    return set() if row is None else set(names(row))
