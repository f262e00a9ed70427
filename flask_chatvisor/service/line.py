"""The queue of those who wait for an agent: help seekers and queued customers."""

from __future__ import annotations

from collections.abc import Callable

from .access import Refusal
from .desk import Desk
from .presence import Visitor
from .presence import queue_tag
from .protocol import QueueProps
from .visitors import Visitors

TAKEN = -1


class Line:
    """Keeps the queue; the longest wait is first."""

    def __init__(self, desk: Desk, visitors: Visitors) -> None:
        self._desk = desk
        self._visitors = visitors
        #: Told when somebody came or left: positions may have changed.
        self.on_change: Callable[[float], None] = lambda now: None

    def position(self, visitor_id: str) -> int | None:
        """Count who is before a visitor; ``None`` if it does not wait."""
        waiting = (visitor.id for visitor in self._desk.store.waiting())
        return next((i for i, one in enumerate(waiting) if one == visitor_id), None)

    def enter(self, now: float, visitor: Visitor) -> None:
        """Have a visitor wait; one who waits already keeps the place."""
        if visitor.waiting_since is None:
            visitor.waiting_since = now
            self._visitors.save(now, visitor)
            self.on_change(now)

    def leave(self, now: float, visitor: Visitor) -> None:
        """Have a visitor wait no more."""
        visitor.queue_uid = visitor.polled_until = None
        if visitor.waiting_since is not None:
            visitor.waiting_since = None
            self._visitors.save(now, visitor)
            self.on_change(now)

    def identify(
        self, now: float, visitor: Visitor, uid: str | None, props: QueueProps
    ) -> None:
        """Make sure that a customer who asks for something is an active user.

        :raises Refusal: if nobody vouches for it where that is required.
        """
        if visitor.tag is None and self._desk.settings.require_identity:
            raise Refusal("token-missing", "Tag this visitor with an identity token.")
        if uid is None and not (visitor.tag and visitor.tag.id):
            raise Refusal("bad-request", "Give an id, or tag this visitor with one.")
        if visitor.tag is None and uid is not None:
            self._visitors.set_tag(now, visitor, queue_tag(uid, props), verified=False)

    def join(self, now: float, visitor: Visitor, uid: str, props: QueueProps) -> None:
        """Put a customer into the queue, where it stays while it polls.

        :raises Refusal: if nobody vouches for it, or it is in a call.
        """
        if visitor.call_id is not None:
            raise Refusal("busy", "This visitor is in a call, or is about to be.")
        self.identify(now, visitor, uid, props)
        visitor.queue_uid = uid
        self._extend(now, visitor)
        self.enter(now, visitor)

    def poll(self, now: float, visitor: Visitor, uid: str) -> int:
        """Tell a queued customer its place.

        :raises Refusal: if it does not stand in the queue by this id.
        """
        if visitor.queue_uid != uid:
            raise Refusal("not-found", "Nobody of this id waits here. Join first.")
        if visitor.call_id is not None:
            return TAKEN
        self._extend(now, visitor)
        position = self.position(visitor.id)
        return 0 if position is None else position

    def take(self, now: float, visitor: Visitor) -> bool:
        """Take a queued customer out; tell whether it was one."""
        uid = visitor.queue_uid
        self.leave(now, visitor)
        visitor.queue_uid = uid
        return uid is not None

    def _extend(self, now: float, visitor: Visitor) -> None:
        due = visitor.polled_until = now + self._desk.settings.timings.poll
        self._desk.store.save_visitor(visitor)
        self._desk.deadlines.at(due, self._expire, (visitor.id, due))

    def _expire(self, now: float, about: tuple[str, float]) -> None:
        visitor_id, due = about
        visitor = self._visitors.get(visitor_id)
        if visitor is not None and visitor.polled_until == due:
            self.leave(now, visitor)
