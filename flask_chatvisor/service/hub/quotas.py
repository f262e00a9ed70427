"""What happens to visitors beyond their user's quota in the list and the queue."""

from __future__ import annotations

from ..protocol import EndReason
from ..protocol import Refused
from . import queue
from .calls import ending
from .context import Turn


def leave_list(turn: Turn, detail: str) -> None:
    """Take a visitor out of the list and tell its tabs, unless an agent has it.

    It remains connected. The next page that it opens tags it again.
    """
    visitor, call = turn.visit.visitor, turn.visit.call
    if visitor is None or (call is not None and call.agent is not None):
        return
    ending.end_current(turn, EndReason.BUSY)
    queue.leave(turn)
    visitor.tag = visitor.verified_until = None
    for address in visitor.tabs:
        turn.send(address, Refused("too-many", detail))


def leave_queue(turn: Turn) -> float | None:
    """Let another visitor of the same user wait instead, unless an agent has it.

    :return: since when it has waited.
    """
    since, call = turn.visit.waiting_since, turn.visit.call
    if call is not None and call.agent is not None:
        return None
    ending.end_current(turn, EndReason.BUSY)
    queue.leave(turn)
    return since


def inherit_place(turn: Turn, since: float) -> None:
    """Wait at the place of the visitor who has left the queue for this one."""
    visitor = turn.visit.visitor
    if visitor is not None and visitor.waiting_since is not None:
        visitor.waiting_since = min(since, visitor.waiting_since)
