"""Call windows: connecting, accepting by connecting, and not coming back."""

from __future__ import annotations

from ...protocol import CallState
from ...protocol import Close
from ...protocol import EndReason
from ...protocol import HelloCall
from ...protocol import ProtocolError
from ...protocol import Role
from ...records.call import Call
from ...records.visit import Ticket
from .. import presence
from .. import queue
from ..context import Turn
from . import ending
from . import opening
from . import relays
from . import resting
from . import ringing

#: Closing codes of browsers that close or reload a page on purpose.
_CLOSED_ON_PURPOSE = (1000, 1001)


def enter(turn: Turn, hello: HelloCall) -> None:
    """Connect a call window.

    :raises ProtocolError: if it may not join the call.
    """
    call = turn.visit.calls.get(hello.call_id)
    if call is None:
        raise ProtocolError(Close.UNKNOWN_CALL, "There is no such call.")
    role = _admit(turn, call, hello)
    if role is None:
        raise ProtocolError(Close.REFUSED, "The ticket has been used or has expired.")
    window = call.windows[role]
    if window.address is not None and not call.ended:
        reason = "The call was opened elsewhere."
        turn.hang_up(window.address, Close.NOT_ALLOWED, reason)
    window.address, window.due = turn.address, None
    if not call.ended:
        _take_seat(turn, call, role)


def leave(turn: Turn, call: Call, role: Role, code: int) -> None:
    """Handle a call window's closed connection; the window may come back."""
    call.windows[role].address = None
    if call.ended:
        return
    if code in _CLOSED_ON_PURPOSE:
        opening.expect(turn, call, role, turn.timings.closed_grace)
    else:
        lost = EndReason.CONNECTION_LOST
        opening.expect(turn, call, role, turn.timings.lost_grace, lost)


def end_if_missed(turn: Turn, call: Call, role: Role) -> None:
    """End a call whose window has not connected in time.

    An agent who wanted to join but did not connect only gives up the place.
    """
    window = call.windows[role]
    if call.ended or window.due is None or window.due > turn.now:
        return
    if role == "agent" and call.state is CallState.WAITING:
        call.agent, window.due = None, None
    else:
        ending.end(turn, call, window.reason)


def _admit(turn: Turn, call: Call, hello: HelloCall) -> Role | None:
    if not hello.ticket:
        email = call.agent.email if call.agent else None
        return turn.access.role_in_call(call.id, hello.secret or "", email)
    ticket = turn.visit.tickets.get(turn.access.ticket_key(hello.ticket))
    if ticket is None or not _is_good(turn, ticket, hello):
        return None
    if ticket.agent is not None and not call.ended:
        if call.agent is None:
            # Too late and given up, but no other window has it yet.
            call.agent = ticket.agent
        elif call.agent.email != ticket.agent.email:
            return None
    # Used without an id, it is no longer valid for any window.
    ticket.used_by = hello.window_id or ""
    return ticket.role


def _is_good(turn: Turn, ticket: Ticket, hello: HelloCall) -> bool:
    if ticket.call_id != hello.call_id or ticket.until <= turn.now:
        return False
    # The window that has used it may have missed the answer.
    return ticket.used_by is None or ticket.used_by == hello.window_id


def _take_seat(turn: Turn, call: Call, role: Role) -> None:
    if role == "visitor":
        presence.ensure_visitor(turn)
        if call.state is CallState.WAITING:
            queue.enter(turn)
            call.announced = True
    elif call.state is CallState.RINGING and call.rings_until is None:
        ringing.ring(turn, call)
    _accept_if_both_agree(turn, call)


def _accept_if_both_agree(turn: Turn, call: Call) -> None:
    waits = call.state is CallState.WAITING and call.is_seated("agent")
    if call.is_seated("visitor") and (waits or call.state is CallState.RINGING):
        call.accept()
        relays.renew(turn, call)
        resting.note_yes(turn, call)
        queue.leave(turn)
