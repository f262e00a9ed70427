"""The queue of those who wait for an agent: help seekers and queued customers."""

from __future__ import annotations

from ..access.credentials import Refusal
from ..protocol import ConferenceJoin
from ..protocol import Joined
from ..protocol import Queue
from ..protocol import QueueStatus
from . import identity
from .context import Turn

TAKEN = -1


def enter(turn: Turn) -> None:
    """Have a visitor wait; one who waits already keeps the place."""
    if turn.visitor.waiting_since is None:
        turn.visitor.waiting_since = turn.now


def leave(turn: Turn) -> None:
    """Have a visitor wait no longer."""
    if (visitor := turn.visit.visitor) is not None:
        visitor.waiting_since = visitor.queue_uid = visitor.polled_until = None


def take(turn: Turn) -> bool:
    """Take a queued customer out; say whether it was one.

    It is still known by the id with which it polls.
    """
    uid = turn.visitor.queue_uid
    leave(turn)
    turn.visitor.queue_uid = uid
    return uid is not None


def stop_polling(turn: Turn) -> None:
    """Keep the place of a queued customer whose call window waits from now on."""
    turn.visitor.queue_uid = turn.visitor.polled_until = None


def leave_if_due(turn: Turn) -> None:
    """Take a queued customer out who has not polled in time."""
    visitor = turn.visit.visitor
    if visitor and visitor.polled_until and visitor.polled_until <= turn.now:
        leave(turn)


def join(turn: Turn, message: ConferenceJoin) -> None:
    """Put a customer into the queue, where it stays while it polls.

    :raises Refusal: if nobody vouches for it, or it is in a call.
    """
    if turn.visit.call is not None:
        raise Refusal("busy", "This visitor is in a call, or is about to be.")
    identity.identify(turn, message.uid, message.props)
    turn.visitor.queue_uid = message.uid
    _extend(turn)
    enter(turn)
    turn.answer(Joined(message.request_id))


def poll(turn: Turn, message: QueueStatus) -> None:
    """Answer a queued customer with its place.

    :raises Refusal: if it does not stand in the queue by this id.
    """
    if turn.visitor.queue_uid != message.uid:
        raise Refusal("not-found", "Nobody of this id waits here. Join first.")
    taken = turn.visit.call is not None
    if not taken:
        _extend(turn)
    turn.answer(Queue(message.request_id, TAKEN), place=not taken)


def _extend(turn: Turn) -> None:
    turn.visitor.polled_until = turn.now + turn.timings.poll
