"""Presence: who is here, on which page, and when somebody has gone."""

from __future__ import annotations

from collections.abc import Callable

from ..contract.matching import Selection
from ..contract.tag import Tag
from ..contract.tag import clean_page
from ..contract.tag import clean_tag
from ..contract.users import Page
from ..contract.users import Profile
from ..contract.users import UserRow
from .access import Refusal
from .desk import Desk
from .presence import Tab
from .presence import Visitor
from .presence import active_user
from .presence import profile


class Visitors:
    """Keeps the records of visitors.

    A visitor is here while any of its tabs or call windows is, and a little
    longer, so that nothing flickers while a page loads.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = desk.store
        #: Told before a visitor is forgotten, and when it gave its identity up.
        self.on_gone: Callable[[float, Visitor], None] = lambda now, visitor: None

    def identify(self, visitor_id: str | None, secret: str | None) -> str:
        """Find out who connects: who it says it is, if it can prove it."""
        if visitor_id and secret and self._desk.access.is_visitor(visitor_id, secret):
            return visitor_id
        return self._desk.access.new_id()

    def get(self, visitor_id: str) -> Visitor | None:
        """Look up a visitor that is here."""
        return self._store.visitor(visitor_id)

    def save(self, now: float, visitor: Visitor) -> None:
        """Remember a change, and tell the agents if they can see it."""
        self._store.save_visitor(visitor)
        if visitor.tag is not None:
            self._desk.ticker.changed(now)

    def find(self, query: str) -> Profile | None:
        """Find one active user."""
        visitor = self._store.find_user(query)
        return None if visitor is None else profile(visitor)

    def select(self, selection: Selection) -> tuple[int, list[UserRow]]:
        """List active users."""
        total, visitors = self._store.select_users(selection)
        return total, [active_user(visitor) for visitor in visitors]

    # --- coming and going

    def open_tab(
        self, now: float, visitor_id: str, address: int, page: Page, visible: bool
    ) -> Visitor:
        """Somebody opened a tab."""
        visitor = self._arrive(now, visitor_id)
        self._set_tab(now, visitor, address, page, visible)
        self.save(now, visitor)
        return visitor

    def update_tab(
        self, now: float, visitor: Visitor, address: int, page: Page, visible: bool
    ) -> None:
        """A tab shows another page, or was hidden or shown."""
        self._set_tab(now, visitor, address, page, visible)
        self.save(now, visitor)

    def _set_tab(
        self, now: float, visitor: Visitor, address: int, page: Page, visible: bool
    ) -> None:
        before = visitor.tabs.get(address)
        tab = visitor.tabs[address] = Tab(clean_page(page), visible, now)
        # A tab that is only hidden or shown stays on its page.
        if before is None or before.page != tab.page:
            visitor.visit(now, tab.page)
        visitor.look(now)

    def close_tab(self, now: float, visitor: Visitor, address: int) -> None:
        """A tab was closed, or loads another page."""
        visitor.tabs.pop(address, None)
        visitor.look(now)
        self.leave_if_absent(now, visitor)
        self.save(now, visitor)

    def open_window(self, now: float, visitor_id: str, address: int) -> Visitor:
        """A call window counts as presence."""
        visitor = self._arrive(now, visitor_id)
        visitor.windows = (visitor.windows or set()) | {address}
        self.save(now, visitor)
        return visitor

    def close_window(self, now: float, visitor_id: str, address: int) -> None:
        """A call window is gone, or its call over."""
        visitor = self._store.visitor(visitor_id)
        if visitor is not None and address in (visitor.windows or ()):
            visitor.windows = (visitor.windows or set()) - {address} or None
            self.leave_if_absent(now, visitor)
            self.save(now, visitor)

    def _arrive(self, now: float, visitor_id: str) -> Visitor:
        visitor = self._store.visitor(visitor_id)
        if visitor is None:
            visitor = Visitor(id=visitor_id, since=now, last_seen=now)
        visitor.leaves_at = None
        return visitor

    def leave_if_absent(self, now: float, visitor: Visitor) -> None:
        """Have a visitor leave in a while, if nothing of it is open."""
        if not visitor.here and visitor.leaves_at is None:
            due = now + self._desk.settings.timings.presence_grace
            visitor.leaves_at = due
            self._desk.deadlines.at(due, self._leave, (visitor.id, due))

    def _leave(self, now: float, about: tuple[str, float]) -> None:
        visitor_id, due = about
        visitor = self._store.visitor(visitor_id)
        if visitor is None or visitor.leaves_at != due:
            return
        self.on_gone(now, visitor)
        if visitor.call_id is not None:
            visitor.leaves_at = None  # until its call is over
            return
        self._store.drop_visitor(visitor.id)
        if visitor.tag is not None:
            self._desk.ticker.changed(now)

    # --- who it is

    def tag(self, now: float, visitor: Visitor, raw: object) -> None:
        """Make a visitor an active user; the last tag counts, as a whole.

        :raises Refusal: if the tag is not an object, or lacks a required proof.
        """
        vouched = self._desk.access.vouch(raw, now)
        try:
            tag = clean_tag(vouched.tag)
        except TypeError as error:
            raise Refusal("bad-request", str(error)) from None
        self.set_tag(now, visitor, tag, verified=vouched.verified)

    def set_tag(
        self, now: float, visitor: Visitor, tag: Tag, *, verified: bool
    ) -> None:
        """Attach a clean tag to a visitor."""
        if visitor.tag == tag and visitor.verified == verified:
            return
        if visitor.tag is not None and visitor.tag.id != tag.id:
            del visitor.pages[:-1]  # they were somebody else's
        visitor.tag, visitor.verified, visitor.last_seen = tag, verified, now
        self.save(now, visitor)

    def reset(self, now: float, visitor: Visitor, address: int) -> str:
        """Forget who a visitor is; this tab goes on as somebody new.

        :return: the new visitor's id.
        """
        self.on_gone(now, visitor)
        tab = visitor.tabs.pop(address)
        if visitor.tag is not None:
            visitor.tag, visitor.verified, visitor.pages = None, False, []
            self._desk.ticker.changed(now)
        if visitor.here or visitor.call_id is not None:
            visitor.look(now)
            self._store.save_visitor(visitor)
        else:
            self._store.drop_visitor(visitor.id)
        new_id = self._desk.access.new_id()
        self.open_tab(now, new_id, address, tab.page, tab.visible)
        return new_id
