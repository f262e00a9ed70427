"""Changes of a visitor's user: tagged again, gone from a browser, or proven no more."""

from __future__ import annotations

from ..access.credentials import Vouched
from ..protocol import Close
from ..protocol import EndReason
from ..records.visit import Tab
from . import arrivals
from . import queue
from . import tagging
from .calls import ending
from .context import Turn


def tag_again(
    turn: Turn, address: str, vouched: Vouched, secret: str | None = None
) -> None:
    """A tab tags the same user again; the new tag counts as a whole.

    :param secret: a newer one of the visitor's session, for the browser.
    """
    turn.address = address
    tagging.set_tag(turn, vouched)
    if secret is not None:
        arrivals.welcome(turn, secret)


def leave(turn: Turn, address: str) -> Tab | None:
    """A browser continues as another visitor, and takes nothing of this one along.

    :return: the tab that it had.
    """
    # The next user to sign in is not in this call.
    ending.end_current(turn, EndReason.VISITOR_GONE)
    queue.leave(turn)
    if (visitor := turn.visit.visitor) is None:
        return None
    tab = visitor.tabs.pop(address, None)
    visitor.look(turn.now)
    visitor.tag = visitor.verified_until = None
    visitor.pages.clear()
    return tab


def expire_if_due(turn: Turn) -> None:
    """Disconnect tabs whose proof has ended, and forget a tag that none vouches for.

    Their pages come back with a new proof if they can. A call that has been accepted
    goes on, because the application may be down.
    """
    visitor, call = turn.visit.visitor, turn.visit.call
    if visitor is None:
        return
    for address, tab in list(visitor.tabs.items()):
        if tab.until is not None and tab.until <= turn.now:
            del visitor.tabs[address]
            turn.hang_up(address, Close.PROOF_ENDED, "The identity token has expired.")
    visitor.look(turn.now)
    if visitor.verified_until is None or visitor.verified_until > turn.now:
        return
    visitor.tag = visitor.verified_until = None
    if call is None or not call.relays:
        ending.end_current(turn, EndReason.VISITOR_GONE)
        queue.leave(turn)
