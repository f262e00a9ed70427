"""The directory of active users: filtered, sorted lists, and look-ups by query."""

from __future__ import annotations

import heapq
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
from .facets import Facets
from .facets import Names
from .numbers import Numbers
from .orders import Order
from .rows import MOVING_SORTS
from .rows import SORT_KEYS
from .rows import Entry
from .rows import facets
from .rows import names
from .rows import steady
from .rows import subject
from .search import Search


class Directory:
    """Active users, one row for each visitor. Commits of visitors update it.

    :ivar changes: the number of changes so far.
    """

    def __init__(self) -> None:
        self.changes: int = 0
        self._numbers = Numbers()
        self._number_of: dict[str, int] = {}
        self._entries: dict[int, Entry] = {}
        self._all = BitMap()
        self._facets = Facets()
        self._names = Names()
        self._orders = {sort: Order() for sort in SORT_KEYS}
        self._search = Search()

    def __len__(self) -> int:
        return len(self._entries)

    # --- rows

    def put(self, row: UserRow) -> None:
        """Add a row, or replace the one of the same visitor."""
        number = self._number_of.get(row.visitor_id)
        old = None if number is None else self._entries[number]
        if old is not None and old.row == row:
            return
        if number is None:
            number = self._number_of[row.visitor_id] = self._numbers.take()
            self._all.add(number)
        # Most changes are another page: whatever hangs on the tag is left alone then.
        is_moved = old is not None and steady(old.row) == steady(row)
        text = old.text if old is not None and is_moved else search_text(row)
        if not is_moved:
            self._note(number, old.row if old else None, row)
        self._search.put(number, text, page_text(row))
        for sort in MOVING_SORTS if is_moved else SORT_KEYS:
            self._orders[sort].put(number, SORT_KEYS[sort](row), row.visitor_id)
        self._entries[number] = Entry(row, text)
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

    # --- queries

    def get(self, visitor_id: str) -> UserRow | None:
        """Return a visitor's row."""
        number = self._number_of.get(visitor_id)
        return None if number is None else self._entries[number].row

    def of_same_user(self, row: UserRow) -> list[UserRow]:
        """List the rows of all visitors of a verified user, this one included."""
        numbers = self._names.having("subject", subject(row))
        return [self._entries[number].row for number in numbers]

    def find(self, query: str) -> UserRow | None:
        """Find the best row for a query: a visitorId, an id or an e-mail.

        Verified rows win over others, then visible ones, then the latest.
        """
        return meant(query, self.named([query]))

    def named(self, queries: Iterable[str]) -> list[UserRow]:
        """List the rows of all users that match one of the queries, each once."""
        return [self._entries[number].row for number in self._named(queries)]

    # --- lists

    def select(self, selection: Selection) -> tuple[int, list[UserRow]]:
        """List active users: return the total, and one page.

        Those who are waiting come first, the longest wait at the top.
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
            found = found & self._facets.having("label", label)
        if assigned := fold_email(selection.assigned.strip()):
            agent = "" if assigned == "none" else assigned
            found = found & self._facets.having("assigned", agent)
        if selection.waiting:
            found = (found & self._facets.having("waiting")) - self._facets.having(
                "in call"
            )
        if selection.in_call:
            found = found & self._facets.having("in call")
        return self._search.narrow(selection.q, found)

    def _first(self, count: int, among: BitMap, sort: str) -> list[int]:
        """List the first of these, in order."""
        order, descending = self._orders[sort.removeprefix("-")], sort[0] == "-"
        waiting = among & self._facets.having("waiting")
        since = {n: self._entries[n].row.waiting_since or "" for n in waiting}
        if len(since) > count:
            latest = heapq.nsmallest(count, since.values())[-1]
            waiting = BitMap([n for n, moment in since.items() if moment <= latest])
        first = order.first(len(waiting), waiting, descending)
        first = sorted(first, key=since.__getitem__)[:count]
        rest = order.first(count - len(first), among - waiting, descending)
        return first + rest

    def _named(self, queries: Iterable[str]) -> BitMap:
        return BitMap([number for query in queries for number in self._meant(query)])

    def _meant(self, query: str) -> Iterator[int]:
        if (number := self._number_of.get(query)) is not None:
            yield number
        yield from self._names.having("id", query)
        yield from self._names.having("email", fold_email(query))

    def _note(self, number: int, old: UserRow | None, new: UserRow | None) -> None:
        """Update facets and names for a row that is added, changed or removed."""
        self._facets.change(number, facets(old), facets(new))
        self._names.change(number, names(old), names(new))
