"""An agent may no longer see a visitor, and leaves the call."""

from __future__ import annotations

from ....contract.matching import fold_email
from ...protocol import CallState
from ...protocol import Close
from ...protocol import EndReason
from ...records.call import Call
from ..context import Turn
from . import ending


def revoke(turn: Turn, email: str) -> bool:
    """Take an agent out of a visitor's call, and invalidate the agent's tickets.

    :return: whether a call has ended. A visitor who waits for help goes on waiting.
    """
    agent, visit = fold_email(email), turn.visit
    visit.tickets = {
        key: ticket
        for key, ticket in visit.tickets.items()
        if ticket.agent is None or fold_email(ticket.agent.email) != agent
    }
    call = visit.call
    if call is None or call.agent is None or fold_email(call.agent.email) != agent:
        return False
    if call.state is CallState.WAITING:
        _give_up(turn, call)
        return False
    ending.end(turn, call, EndReason.AGENT_ENDED)
    return True


def _give_up(turn: Turn, call: Call) -> None:
    window = call.windows["agent"]
    if window.address is not None:
        turn.hang_up(window.address, Close.REFUSED, "This agent may not join.")
    call.agent, window.address, window.due = None, None, None
