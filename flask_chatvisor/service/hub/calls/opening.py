"""How calls begin: tickets for the windows, and times to connect."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ....contract.users import AgentRef
from ...protocol import CallState
from ...protocol import EndReason
from ...protocol import Role
from ...records.active_user import active_user
from ...records.call import Call
from ...records.visit import Ticket
from ..context import Turn
from ..effects import Invitation

CLOSED: Mapping[Role, EndReason] = {
    "visitor": EndReason.VISITOR_CLOSED,
    "agent": EndReason.AGENT_CLOSED,
}

#: Tickets for one window that are good at the same time, the newest.
MOST_TICKETS = 5


def open_call(turn: Turn, state: CallState, agent: AgentRef | None = None) -> Call:
    """Create a call of the visitor."""
    call = Call(
        id=turn.access.new_id(),
        state=state,
        user=msgspec.to_builtins(active_user(turn.visit)),
        agent=agent,
    )
    turn.visit.calls[call.id] = call
    return call


def invite(turn: Turn, call: Call, role: Role) -> Invitation:
    """Create a participant's URL, with a single-use ticket."""
    text = turn.access.new_id()
    tickets = turn.visit.tickets
    alike = [
        k for k, one in tickets.items() if (one.call_id, one.role) == (call.id, role)
    ]
    old = [key for key, one in tickets.items() if one.until <= turn.now]
    for key in {*old, *alike[: 1 - MOST_TICKETS]}:
        del tickets[key]
    tickets[turn.access.ticket_key(text)] = Ticket(
        call_id=call.id,
        role=role,
        until=turn.now + turn.timings.ticket,
        agent=call.agent if role == "agent" else None,
    )
    return Invitation(call.id, f"{turn.settings.url}/call/{call.id}#{text}")


def expect(
    turn: Turn, call: Call, role: Role, grace: float, reason: EndReason | None = None
) -> None:
    """End the call later, unless this participant's window connects in time."""
    window = call.windows[role]
    window.due, window.reason = turn.now + grace, reason or CLOSED[role]
