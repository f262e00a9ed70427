"""The hub: one visit and an event go in, effects come out.

Each message is checked against its sender's rights. A client that breaks the rules is
disconnected.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..access.credentials import Access
from ..access.credentials import Refusal
from ..protocol import ClientMessage
from ..protocol import Close
from ..protocol import ProtocolError
from ..protocol import Refused
from ..records.call import IllegalTransition
from ..records.visit import Visit
from ..settings import Settings
from . import changes
from . import presence
from . import session as session
from .calls import help as help
from .calls import signalling as signalling
from .effects import Effect
from .turn import TAB_RULES
from .turn import WINDOW_RULES
from .turn import Turn

T = t.TypeVar("T")
#: An event for a visit; it may return an answer.
Job = Callable[[Turn], T]


class Hub:
    """Handles the events of visits, one at a time."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings = settings
        self._access = access

    def handle(
        self, visit: Visit, job: Job[T], now: float
    ) -> tuple[T | None, list[Effect]]:
        """Apply a job to a visit.

        :param visit: changed in place, unless the job fails.
        :param now: epoch seconds.
        :return: the job's answer, and the effects.
        :raises Refusal: if the job raises it.
        """
        turn, answer = Turn(visit, now, self._settings, self._access), None
        try:
            answer = job(turn)
        except ProtocolError as error:
            turn.hang_up(turn.address, error.code, error.detail)
        except IllegalTransition as error:
            turn.hang_up(turn.address, Close.NOT_ALLOWED, str(error))
        presence.expect_or_not(turn)
        changes.tell(turn)
        return answer, turn.effects


def receive(turn: Turn, address: str, message: ClientMessage) -> None:
    """Handle a message of an identified connection.

    :raises ProtocolError: if it may not send this message.
    :raises IllegalTransition: if the call's state does not allow this message.
    """
    turn.address = address
    if (seat := turn.visit.seat_of(address)) is not None:
        call, role = seat
        rule = _rule(WINDOW_RULES[role], message)
        # A message that was sent before the call's end arrived is not an error.
        if not call.ended:
            rule(turn, call, role, message)
    elif turn.visitor.tabs.get(address) is not None:
        _receive_from_tab(turn, message)


def _receive_from_tab(turn: Turn, message: ClientMessage) -> None:
    rule = _rule(TAB_RULES, message)
    try:
        rule(turn, message)
    except Refusal as refusal:
        request_id = getattr(message, "request_id", None)
        turn.answer(Refused(refusal.code, refusal.detail, request_id))


R = t.TypeVar("R", bound=Callable[..., None])


def _rule(rules: dict[type, R], message: ClientMessage) -> R:
    rule = rules.get(type(message))
    if rule is None:
        raise not_allowed(message)
    return rule


def not_allowed(message: ClientMessage) -> ProtocolError:
    """Build the error for a message that this connection may not send."""
    kind = type(message).__struct_config__.tag
    return ProtocolError(Close.NOT_ALLOWED, f"This connection may not send {kind!r}.")
