"""A customer asks for help, or reopens the window of its call."""

from __future__ import annotations

from ...access.credentials import Refusal
from ...protocol import CallState
from ...protocol import Conference
from ...protocol import ConferenceStart
from ...protocol import QueueProps
from ...records.call import SHARED
from ...records.call import Call
from .. import queue
from .. import tagging
from ..context import Turn
from . import opening


def start(turn: Turn, message: ConferenceStart) -> None:
    """Answer with the URL of the customer's call window.

    :raises Refusal: ``busy``, if the customer already shares in another window, which
        opening the call elsewhere would stop.
    """
    tagging.identify(turn, message.uid, QueueProps())
    call = turn.visit.call or _wait(turn)
    seated = call.is_seated("visitor")
    if call.state in SHARED and seated:
        raise Refusal("busy", "This visitor is already in a call.")
    if call.state is not CallState.RINGING and not seated:
        opening.expect(turn, call, "visitor", turn.timings.ticket)
    opened = opening.invite(turn, call, "visitor")
    turn.answer(Conference(message.request_id, opened.call_id, opened.url))


def _wait(turn: Turn) -> Call:
    call = opening.open_call(turn, CallState.WAITING)
    # A queued customer keeps the place but no longer polls.
    queue.stop_polling(turn)
    return call
