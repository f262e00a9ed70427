"""Connecting and disconnecting: tabs of a visitor, and call windows."""

from __future__ import annotations

from ..protocol import Close
from ..protocol import HelloCall
from ..protocol import PageRef
from ..protocol import ProtocolError
from ..protocol import Welcome
from . import presence
from .calls import windows
from .context import Turn
from .showing import is_queued
from .showing import own_call


def arrive(turn: Turn, address: str, page: PageRef, visible: bool) -> None:
    """Connect a tab, or let it continue as a new visitor.

    :raises ProtocolError: if the visitor has too many.
    """
    turn.address = address
    known = turn.visit.visitor
    if known is not None and len(known.tabs) >= turn.settings.limits.tabs:
        raise ProtocolError(Close.TOO_MANY, "This visitor has too many tabs.")
    presence.set_tab(turn, presence.ensure_visitor(turn), page, visible)
    turn.newcomer = True
    visit, call = turn.visit, turn.visit.call
    secret = turn.access.visitor_secret(visit.id)
    welcome = Welcome(visit.id, secret, own_call(visit, call))
    turn.answer(welcome, place=call is not None and is_queued(visit, call))


def enter(turn: Turn, address: str, hello: HelloCall) -> None:
    """Connect a call window.

    :raises ProtocolError: if it may not join the call.
    """
    turn.address = address
    windows.enter(turn, hello)
    turn.newcomer = True


def close(turn: Turn, address: str, code: int) -> None:
    """Handle a closed connection.

    :param code: the closing code; 1000 and 1001 mean "on purpose".
    """
    if (seat := turn.visit.seat_of(address)) is not None:
        windows.leave(turn, *seat, code)
    elif turn.visit.visitor is not None:
        presence.close_tab(turn, turn.visit.visitor, address)
