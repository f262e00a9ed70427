"""A visit: a visitor with its calls and tickets, in one record.

Everything that must change together is in one record, because a call belongs to exactly
one visitor. Times are epoch seconds. A connection's address is a text that is unique
across all processes.
"""

from __future__ import annotations

import msgspec

from ...contract.matching import fold_email
from ...contract.tag import Tag
from ...contract.users import AgentRef
from ...contract.users import Page
from ..protocol import Role
from .call import Call

#: How many pages of a visit are kept, the newest ones.
MAX_VISITED = 20


class Tab(msgspec.Struct):
    """One open tab of a visitor.

    :ivar until: when the proof of identity ends that it has presented.
    """

    page: Page
    visible: bool
    seen: float
    until: float | None = None


class Visited(msgspec.Struct, frozen=True):
    """A page of this visit, and when it was opened."""

    at: float
    page: Page


class Ticket(msgspec.Struct):
    """A single-use permission to open a participant's call window.

    :ivar used_by: the window that used it, and may use it again.
    """

    call_id: str
    role: Role
    until: float
    agent: AgentRef | None = None
    used_by: str | None = None


class Rest(msgspec.Struct):
    """How long an agent must not ask again.

    :ivar steps: how often it was prolonged.
    """

    steps: int
    until: float


class Visitor(msgspec.Struct, kw_only=True):
    """A browser that uses the application.

    :ivar tabs: by the address of their connection. A verified visitor's tabs have all
        presented a proof of identity that is still good.
    :ivar verified_until: when the newest proof of the tag ends.
    :ivar leaves_at: when it counts as gone, if it has no open tab or window.
    :ivar queue_uid: its id in the queue.
    :ivar polled_until: when it leaves the queue unless it polls.
    """

    since: float
    last_seen: float
    tag: Tag | None = None
    verified_until: float | None = None
    tabs: dict[str, Tab] = {}
    pages: list[Visited] = []
    location: Page | None = None
    visible: bool = False
    leaves_at: float | None = None
    waiting_since: float | None = None
    queue_uid: str | None = None
    polled_until: float | None = None

    @property
    def verified(self) -> bool:
        """Whether the application vouches for the tag."""
        return self.verified_until is not None

    def open_page(self, now: float, page: Page) -> None:
        """Record an opened page; a new title alone does not make another page."""
        if self.pages and self.pages[-1].page.path == page.path:
            self.pages[-1] = Visited(self.pages[-1].at, page)
        else:
            self.pages.append(Visited(now, page))
            del self.pages[:-MAX_VISITED]

    def look(self, now: float) -> None:
        """Find its page from the open tabs; without tabs, keep the last one."""
        self.last_seen = now
        if self.tabs:
            tab = max(self.tabs.values(), key=lambda tab: (tab.visible, tab.seen))
            self.location, self.visible = tab.page, tab.visible


class Visit(msgspec.Struct, kw_only=True):
    """A visitor with its calls and tickets.

    :ivar version: counts commits; an engine refuses to overwrite a newer one.
    :ivar visitor: ``None`` once it has left; its calls may still be kept.
    :ivar calls: the current one, and for some minutes ended ones.
    :ivar tickets: by their hash.
    :ivar rests: by the e-mail addresses of agents, the newest last.
    """

    id: str
    version: int = 0
    visitor: Visitor | None = None
    calls: dict[str, Call] = {}
    tickets: dict[str, Ticket] = {}
    rests: dict[str, Rest] = {}

    @property
    def call(self) -> Call | None:
        """The call that this visitor is waiting for or is in."""
        if not self.calls:
            return None
        return next((one for one in self.calls.values() if not one.ended), None)

    @property
    def subject(self) -> str:
        """The user that this visitor was tagged as; empty without one."""
        tag = None if self.visitor is None else self.visitor.tag
        return "" if tag is None else tag.subject

    @property
    def waiting_since(self) -> float | None:
        """Since when this visitor has been waiting in the queue."""
        return None if self.visitor is None else self.visitor.waiting_since

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to remember."""
        return self.visitor is None and not self.calls

    @property
    def agents(self) -> set[str]:
        """The e-mail addresses of agents who are in its call, or may enter one."""
        calls = [call.agent for call in self.calls.values() if not call.ended]
        named = [*calls, *(ticket.agent for ticket in self.tickets.values())]
        return {fold_email(agent.email) for agent in named if agent is not None}

    def forget_calls(self, kept: int) -> None:
        """Forget all ended calls but the newest, with their tickets."""
        ended = [call.id for call in self.calls.values() if call.ended]
        for call_id in ended[:-kept]:
            del self.calls[call_id]
        calls, tickets = self.calls, self.tickets
        self.tickets = {k: one for k, one in tickets.items() if one.call_id in calls}

    def seat_of(self, address: str) -> tuple[Call, Role] | None:
        """Find the call and the role of the window with this address."""
        for call in self.calls.values():
            for role, window in call.windows.items():
                if window.address == address:
                    return call, role
        return None

    def due(self) -> float | None:
        """Return when something is due if nothing else happens before."""
        times = [t for call in self.calls.values() for t in _times(call)]
        if self.visitor is not None:
            visitor = self.visitor
            times += (visitor.leaves_at, visitor.polled_until, visitor.verified_until)
            times += (tab.until for tab in visitor.tabs.values())
        return min((one for one in times if one is not None), default=None)


def _times(call: Call) -> list[float | None]:
    if call.ended:
        return [call.kept_until]
    windows = (window.due for window in call.windows.values())
    return [call.rings_until, call.relays_due, *windows]
