"""Connecting and disconnecting: tabs of a visitor, and call windows."""

from __future__ import annotations

import typing as t

from ..access.credentials import Vouched
from ..protocol import Close
from ..protocol import HelloCall
from ..protocol import PageRef
from ..protocol import ProtocolError
from ..protocol import Welcome
from . import presence
from . import tagging
from .calls import windows
from .context import Turn
from .showing import is_queued
from .showing import own_call


class Arrival(t.NamedTuple):
    """A tab that connects, or presents its user.

    :ivar secret: of the visitor's session, for the browser.
    :ivar vouched: its user, if it has presented one.
    """

    page: PageRef
    visible: bool
    secret: str
    vouched: Vouched | None = None


def arrive(turn: Turn, address: str, arrival: Arrival) -> None:
    """Connect a tab, which may have been another visitor's until now.

    :raises ProtocolError: if the visitor has too many.
    """
    turn.address = address
    known = turn.visit.visitor
    if known is not None and len(known.tabs) >= turn.settings.limits.tabs:
        raise ProtocolError(Close.TOO_MANY, "This visitor has too many tabs.")
    visitor = presence.ensure_visitor(turn)
    presence.set_tab(turn, visitor, arrival.page, arrival.visible)
    if arrival.vouched is not None:
        tagging.set_tag(turn, arrival.vouched)
    welcome(turn, arrival.secret)


def welcome(turn: Turn, secret: str) -> None:
    """Tell a tab which visitor it is of, and everything that the visitor shows."""
    turn.newcomer = True
    visit, call = turn.visit, turn.visit.call
    message = Welcome(visit.id, secret, own_call(visit, call))
    turn.answer(message, place=call is not None and is_queued(visit, call))


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
