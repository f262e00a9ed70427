"""How calls end, and which reasons each participant may give."""

from __future__ import annotations

from collections.abc import Mapping

from ...protocol import CallState
from ...protocol import Close
from ...protocol import Decline
from ...protocol import End
from ...protocol import EndReason
from ...protocol import ProtocolError
from ...protocol import Role
from ...protocol import Stop
from ...records.call import Call
from .. import queue
from ..context import Turn
from . import resting

MAY_END: Mapping[Role, frozenset[EndReason]] = {
    "visitor": frozenset(
        {
            EndReason.VISITOR_ENDED,
            EndReason.SHARE_CANCELLED,
            EndReason.CONNECTION_LOST,
            EndReason.FAILED,
        }
    ),
    "agent": frozenset(
        {EndReason.AGENT_ENDED, EndReason.CONNECTION_LOST, EndReason.FAILED}
    ),
}

#: Ended calls of one visitor that are kept, the newest.
KEPT = 5


def end(turn: Turn, call: Call, reason: EndReason) -> None:
    """End a call. It is kept for a while to report how it ended."""
    resting.note_end(turn, call, reason)
    call.end(reason, kept_until=turn.now + turn.timings.ended_kept)
    queue.leave(turn)
    turn.visit.forget_calls(KEPT)


def end_current(turn: Turn, reason: EndReason) -> None:
    """End the visitor's call, if there is one."""
    if (call := turn.visit.call) is not None:
        end(turn, call, reason)


def say_end(turn: Turn, call: Call, role: Role, message: End) -> None:
    """A participant ends the call.

    :raises ProtocolError: if this participant may not give this reason.
    """
    reason = EndReason(message.reason)
    if reason not in MAY_END[role]:
        raise ProtocolError(
            Close.NOT_ALLOWED, f"{role} cannot end a call with {reason}."
        )
    if reason is EndReason.SHARE_CANCELLED and call.state is CallState.LIVE:
        reason = EndReason.VISITOR_ENDED
    end(turn, call, reason)


def decline(turn: Turn, message: Decline) -> None:
    """The visitor declines the call; being too late is not an error."""
    call = turn.visit.call
    if call and call.id == message.call_id and call.state is CallState.RINGING:
        end(turn, call, EndReason.DECLINED)


def stop(turn: Turn, message: Stop) -> None:
    """The visitor stops waiting or ends the call; too late is not an error."""
    call = turn.visit.call
    if call and call.id == message.call_id and call.state is not CallState.RINGING:
        end(turn, call, EndReason.VISITOR_ENDED)
