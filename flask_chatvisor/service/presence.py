"""Visitors and active users: the records."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import msgspec

from ..contract.tag import Tag
from ..contract.tag import clean_text
from ..contract.times import timestamp
from ..contract.users import InCall
from ..contract.users import OpenTab
from ..contract.users import Page
from ..contract.users import Profile
from ..contract.users import UserRow
from ..contract.users import VisitedPage
from .protocol import QueueProps

#: Pages of a visit that are kept, the newest.
MAX_VISITED = 20


class Tab:
    """One open tab of a visitor."""

    __slots__ = ("page", "seen", "visible")

    def __init__(self, page: Page, visible: bool, seen: float) -> None:
        self.page: Page = page
        self.visible: bool = visible
        self.seen: float = seen


@dataclass(slots=True, eq=False)
class Visitor:
    """A browser that is on the application. Times are epoch seconds.

    :ivar tabs: by the address of their connection.
    :ivar pages: of this visit, with the time at which each was opened.
    :ivar windows: addresses of call windows, which count as presence too.
    :ivar leaves_at: when it is taken for gone, while nothing of it is open.
    :ivar queue_uid: the id by which it stands in the queue.
    :ivar polled_until: when it leaves the queue unless it polls.
    """

    id: str
    since: float
    last_seen: float
    tag: Tag | None = None
    verified: bool = False
    tabs: dict[int, Tab] = field(default_factory=dict)
    pages: list[tuple[float, Page]] = field(default_factory=list)
    windows: set[int] | None = None
    location: Page | None = None
    visible: bool = False
    leaves_at: float | None = None
    call_id: str | None = None
    in_call: InCall[str] | None = None
    waiting_since: float | None = None
    queue_uid: str | None = None
    polled_until: float | None = None

    @property
    def here(self) -> bool:
        """Whether anything of it is open."""
        return bool(self.tabs or self.windows)

    def visit(self, now: float, page: Page) -> None:
        """Note that a page was opened; another title of the last one is not another."""
        if self.pages and self.pages[-1][1].path == page.path:
            self.pages[-1] = (self.pages[-1][0], page)
        else:
            self.pages.append((now, page))
            del self.pages[:-MAX_VISITED]

    def look(self, now: float) -> None:
        """Work out where it is from the tabs that are open; with none, it stays."""
        self.last_seen = now
        if self.tabs:
            tab = max(self.tabs.values(), key=lambda tab: (tab.visible, tab.seen))
            self.location, self.visible = tab.page, tab.visible


def active_user(visitor: Visitor) -> UserRow:
    """Show a tagged visitor as the REST API does."""
    waiting = visitor.waiting_since
    return UserRow(
        **msgspec.structs.asdict(visitor.tag or Tag()),
        visitor_id=visitor.id,
        verified=visitor.verified,
        location=visitor.location,
        since=timestamp(visitor.since),
        last_seen=timestamp(visitor.last_seen),
        visible=visitor.visible,
        in_call=visitor.in_call,
        waiting_since=None if waiting is None else timestamp(waiting),
    )


def profile(visitor: Visitor) -> Profile:
    """Show a tagged visitor with all tabs and the pages of this visit."""
    tabs = sorted(visitor.tabs.values(), key=lambda tab: tab.seen, reverse=True)
    tabs.sort(key=lambda tab: not tab.visible)
    return Profile(
        **msgspec.structs.asdict(active_user(visitor)),
        tabs=tuple(
            OpenTab(tab.page.title, tab.page.path, tab.visible, timestamp(tab.seen))
            for tab in tabs
        ),
        pages=tuple(
            VisitedPage(page.title, page.path, timestamp(at))
            for at, page in reversed(visitor.pages)
        ),
    )


def queue_tag(uid: str, props: QueueProps) -> Tag:
    """Make the tag of a customer who is known by joining the queue only."""
    return Tag(
        id=clean_text(uid),
        email=clean_text(props.email),
        firstname=clean_text(props.first_name),
        lastname=clean_text(props.last_name),
    )
