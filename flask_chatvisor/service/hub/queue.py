"""The queue of visitors waiting for an agent: help seekers and queued customers."""

from __future__ import annotations

from ..access.credentials import Refusal
from ..protocol import ConferenceJoin
from ..protocol import Joined
from ..protocol import Queue
from ..protocol import QueueStatus
from . import tagging
from .context import Turn

TAKEN = -1


def enter(turn: Turn) -> None:
    """Make a visitor wait; one who is already waiting keeps the place."""
    if turn.visitor.waiting_since is None:
        turn.visitor.waiting_since = turn.now


def leave(turn: Turn) -> None:
    """Stop a visitor's waiting."""
    if (visitor := turn.visit.visitor) is not None:
        visitor.waiting_since = visitor.queue_uid = visitor.polled_until = None


def take(turn: Turn) -> bool:
    """Remove a queued customer; return whether it was one.

    Its polling id remains known.
    """
    uid = turn.visitor.queue_uid
    leave(turn)
    turn.visitor.queue_uid = uid
    return uid is not None


def stop_polling(turn: Turn) -> None:
    """Keep a queued customer's place; from now on its call window waits."""
    turn.visitor.queue_uid = turn.visitor.polled_until = None


def leave_if_due(turn: Turn) -> None:
    """Remove a queued customer that has not polled in time."""
    visitor = turn.visit.visitor
    if visitor and visitor.polled_until and visitor.polled_until <= turn.now:
        leave(turn)


def join(turn: Turn, message: ConferenceJoin) -> None:
    """Put a customer into the queue, to stay while it polls.

    :raises Refusal: if its identity is not proven, or it is in a call.
    """
    if turn.visit.call is not None:
        raise Refusal("busy", "This visitor is in a call or about to be in one.")
    tagging.identify(turn, message.uid, message.props)
    turn.visitor.queue_uid = message.uid
    _extend(turn)
    enter(turn)
    turn.answer(Joined(message.request_id))


def poll(turn: Turn, message: QueueStatus) -> None:
    """Answer a queued customer with its place.

    :raises Refusal: if this id is not in the queue.
    """
    if turn.visitor.queue_uid != message.uid:
        raise Refusal("not-found", "This id is not in the queue. Join first.")
    taken = turn.visit.call is not None
    if not taken:
        _extend(turn)
    turn.answer(Queue(message.request_id, TAKEN), place=not taken)


def _extend(turn: Turn) -> None:
    turn.visitor.polled_until = turn.now + turn.timings.poll
