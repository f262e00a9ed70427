"""Presence: which visitors are here, on which page, and when they have left.

A visitor is here while a tab or the call window is connected, and a little longer, so
that nothing flickers while a page loads.
"""

from __future__ import annotations

from ...contract.tag import clean_page
from ..protocol import EndReason
from ..protocol import PageMessage
from ..protocol import PageRef
from ..records.visit import Tab
from ..records.visit import Visitor
from . import queue
from .calls import ending
from .context import Turn


def ensure_visitor(turn: Turn) -> Visitor:
    """Make sure that there is a visitor, because something of it was opened."""
    if turn.visit.visitor is None:
        turn.visit.visitor = Visitor(since=turn.now, last_seen=turn.now)
    return turn.visit.visitor


def set_tab(turn: Turn, visitor: Visitor, page: PageRef, visible: bool) -> None:
    """Record the page of the sending tab."""
    before = visitor.tabs.get(turn.address)
    shown = clean_page(page)
    until = before.until if before else None
    visitor.tabs[turn.address] = Tab(shown, visible, turn.now, until)
    # A tab that was only hidden or shown is still on its page.
    if before is None or before.page != shown:
        visitor.open_page(turn.now, shown)
    visitor.look(turn.now)


def change_page(turn: Turn, message: PageMessage) -> None:
    """Handle a tab that shows another page, or was hidden or shown."""
    set_tab(turn, turn.visitor, message.page, message.visible)


def close_tab(turn: Turn, visitor: Visitor, address: str) -> None:
    """Handle a tab that was closed or loads another page."""
    if visitor.tabs.pop(address, None) is not None:
        visitor.look(turn.now)


def expect_or_not(turn: Turn) -> None:
    """Give a visitor without open tabs or windows a moment to come back."""
    visitor, call = turn.visit.visitor, turn.visit.call
    if visitor is None:
        return
    if visitor.tabs or (call and call.is_seated("visitor")):
        visitor.leaves_at = None
    elif visitor.leaves_at is None:
        visitor.leaves_at = turn.now + turn.timings.presence_grace


def leave_if_due(turn: Turn) -> None:
    """Remove a visitor that did not come back, and end a merely requested call."""
    visitor = turn.visit.visitor
    if visitor is None or visitor.leaves_at is None or visitor.leaves_at > turn.now:
        return
    call = turn.visit.call
    if call is not None and call.relays:
        visitor.leaves_at = None  # not before its call is over
        return
    if call is not None:
        ending.end(turn, call, EndReason.VISITOR_GONE)
    queue.leave(turn)
    turn.visit.visitor = None
