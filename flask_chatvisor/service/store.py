"""What the service remembers: an interface, and the memory of one process.

Everything that outlives a message goes through a :class:`Store`, and a record that
was changed is saved again: so that something shared by several processes can take
the place of :class:`MemoryStore`. Whatever must happen once (a ticket, a token that
is good once) is one atomic call.
"""

from __future__ import annotations

import heapq
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

import msgspec

from ..contract import matching
from ..contract.matching import Selection
from ..contract.tag import Tag
from ..contract.users import AgentRef
from .access import Role
from .calls import Call
from .presence import Visitor


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket opens: a participant's window of a call, once."""

    call_id: str
    role: Role
    agent: AgentRef | None = None


class Store(t.Protocol):
    """Remembers visitors, calls, tickets and what was used. Times: epoch seconds."""

    def visitor(self, visitor_id: str) -> Visitor | None:
        """Look a visitor up."""
        ...

    def save_visitor(self, visitor: Visitor) -> None:
        """Remember a visitor that is new or was changed."""
        ...

    def drop_visitor(self, visitor_id: str) -> None:
        """Forget a visitor."""
        ...

    def find_user(self, query: str) -> Visitor | None:
        """Find the best active user of a visitorId, id or e-mail."""
        ...

    def select_users(self, selection: Selection) -> tuple[int, list[Visitor]]:
        """List active users: how many there are, and those of one page.

        Those who wait come first, the longest wait at the top.
        """
        ...

    def waiting(self) -> list[Visitor]:
        """List the visitors who wait for an agent, the longest wait first."""
        ...

    def call(self, call_id: str) -> Call | None:
        """Look a call up."""
        ...

    def save_call(self, call: Call) -> None:
        """Remember a call that is new or was changed."""
        ...

    def drop_call(self, call_id: str) -> None:
        """Forget a call."""
        ...

    def put_ticket(self, key: str, ticket: Ticket, until: float, now: float) -> None:
        """Remember a ticket by its hash."""
        ...

    def take_ticket(self, key: str, now: float) -> Ticket | None:
        """Give a ticket out, once."""
        ...

    def take_once(self, key: str, until: float, now: float) -> bool:
        """Tell whether this is the first time; remember it until then."""
        ...


class MemoryStore:
    """Remembers in this process."""

    def __init__(self) -> None:
        self._visitors: dict[str, Visitor] = {}
        self._users: dict[str, _User] = {}
        self._by_key: dict[str, tuple[str, ...]] = {}
        self._waiting: dict[str, Visitor] = {}
        self._calls: dict[str, Call] = {}
        self._tickets: _Expiring[Ticket] = _Expiring()
        self._used: _Expiring[bool] = _Expiring()

    # --- visitors

    def visitor(self, visitor_id: str) -> Visitor | None:
        return self._visitors.get(visitor_id)

    def save_visitor(self, visitor: Visitor) -> None:
        self._visitors[visitor.id] = visitor
        self._index(visitor)
        if visitor.waiting_since is None:
            self._waiting.pop(visitor.id, None)
        else:
            self._waiting[visitor.id] = visitor

    def drop_visitor(self, visitor_id: str) -> None:
        self._visitors.pop(visitor_id, None)
        self._waiting.pop(visitor_id, None)
        self._unindex(visitor_id)

    def find_user(self, query: str) -> Visitor | None:
        found = matching.meant(query, self._named([query]))
        return None if found is None else found.visitor

    def select_users(self, selection: Selection) -> tuple[int, list[Visitor]]:
        asked = selection.queries
        users = self._named(asked) if asked else self._users.values()
        total, page = matching.select(users, selection, text=attrgetter("text"))
        return total, [user.visitor for user in page]

    def waiting(self) -> list[Visitor]:
        return sorted(self._waiting.values(), key=attrgetter("waiting_since"))

    def _named(self, queries: Iterable[str]) -> list[_User]:
        """Find all whom a query may mean, and nobody twice."""
        ids: dict[str, None] = {}
        for query in queries:
            if query in self._users:
                ids[query] = None
            for key in (query, matching.fold_email(query)):
                ids |= dict.fromkeys(self._by_key.get(key, ()))
        return [self._users[one] for one in ids]

    def _index(self, visitor: Visitor) -> None:
        user = self._users.get(visitor.id)
        if user is not None and user.tag is visitor.tag and user.visitor is visitor:
            return
        self._unindex(visitor.id)
        if visitor.tag is not None:
            self._users[visitor.id] = user = _User(visitor, visitor.tag)
            for key in user.keys():
                self._by_key[key] = (*self._by_key.get(key, ()), visitor.id)

    def _unindex(self, visitor_id: str) -> None:
        user = self._users.pop(visitor_id, None)
        for key in user.keys() if user else ():
            left = tuple(one for one in self._by_key[key] if one != visitor_id)
            if left:
                self._by_key[key] = left
            else:
                del self._by_key[key]

    # --- calls

    def call(self, call_id: str) -> Call | None:
        return self._calls.get(call_id)

    def save_call(self, call: Call) -> None:
        self._calls[call.id] = call

    def drop_call(self, call_id: str) -> None:
        self._calls.pop(call_id, None)

    # --- what is good once

    def put_ticket(self, key: str, ticket: Ticket, until: float, now: float) -> None:
        self._tickets.put(key, ticket, until, now)

    def take_ticket(self, key: str, now: float) -> Ticket | None:
        return self._tickets.take(key, now)

    def take_once(self, key: str, until: float, now: float) -> bool:
        return self._used.put(key, True, until, now)


class _User:
    """A tagged visitor as an active user, with what is searched by worked out once."""

    def __init__(self, visitor: Visitor, tag: Tag) -> None:
        vars(self).update(msgspec.structs.asdict(tag))
        self.tag = tag
        self.name = tag.name
        self.visitor = visitor
        self.visitor_id = visitor.id
        self.text = matching.search_text(self)

    verified = property(attrgetter("visitor.verified"))
    visible = property(attrgetter("visitor.visible"))
    location = property(attrgetter("visitor.location"))
    since = property(attrgetter("visitor.since"))
    last_seen = property(attrgetter("visitor.last_seen"))
    in_call = property(attrgetter("visitor.in_call"))
    waiting_since = property(attrgetter("visitor.waiting_since"))

    def keys(self) -> set[str]:
        """List by what it is found."""
        return {self.tag.id, matching.fold_email(self.tag.email)} - {""}


_T = t.TypeVar("_T")


class _Expiring(t.Generic[_T]):
    """A dict whose entries go by themselves."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, _T]] = {}
        self._heap: list[tuple[float, str]] = []

    def put(self, key: str, value: _T, until: float, now: float) -> bool:
        """Put a value in, unless there is one."""
        self._expire(now)
        if key in self._values:
            return False
        self._values[key] = (until, value)
        heapq.heappush(self._heap, (until, key))
        return True

    def take(self, key: str, now: float) -> _T | None:
        self._expire(now)
        entry = self._values.pop(key, None)
        return None if entry is None else entry[1]

    def _expire(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            until, key = heapq.heappop(self._heap)
            if key in self._values and self._values[key][0] == until:
                del self._values[key]
