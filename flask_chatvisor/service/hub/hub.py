"""The hub: one visit and what happens to it go in, effects come out.

Each message is held against what its sender may do; a client that breaks the rules is
hung up on.
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
#: Something that happens to a visit; it may have an answer.
Job = Callable[[Turn], T]


class Hub:
    """Handles what happens to visits, one at a time."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings = settings
        self._access = access

    def handle(
        self, visit: Visit, job: Job[T], now: float
    ) -> tuple[T | None, list[Effect]]:
        """Have something happen to a visit.

        :param visit: is changed in place, unless the job fails.
        :param now: epoch seconds.
        :return: the job's answer, and what has to be done.
        :raises Refusal: if the job does.
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
    """A connection that has introduced itself says something.

    :raises ProtocolError: if it may not say that.
    :raises IllegalTransition: if the call does not stand where this can be said.
    """
    turn.address = address
    if (seat := turn.visit.seat_of(address)) is not None:
        call, role = seat
        rule = _rule(WINDOW_RULES[role], message)
        # What crossed the end of the call on its way is no fault.
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
    """Say that this connection may not send this message."""
    kind = type(message).__struct_config__.tag
    return ProtocolError(Close.NOT_ALLOWED, f"{kind!r} is not for this connection.")
