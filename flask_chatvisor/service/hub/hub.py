"""The hub: one visit and what happens to it go in, effects come out.

Each message is held against what its sender may do; a client that breaks the rules is
hung up on.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping

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
from .context import Turn
from .effects import Effect
from .messages import TAB_RULES
from .messages import WINDOW_RULES

T = t.TypeVar("T")
#: Something that happens to a visit; it may have an answer.
Job = Callable[[Turn], T]


class Handled(t.NamedTuple, t.Generic[T]):
    """What came of something that happened to a visit.

    :ivar answer: the job's; ``None`` if its sender was hung up on.
    :ivar only_sends: whether the visit is as it was.
    """

    answer: T | None
    effects: list[Effect]
    only_sends: bool


class Hub:
    """Handles what happens to visits, one at a time."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings = settings
        self._access = access

    def handle(self, visit: Visit, job: Job[T], now: float) -> Handled[T]:
        """Have something happen to a visit.

        :param visit: is changed in place. A job that refuses changes nothing.
        :param now: epoch seconds.
        :raises Refusal: if the job does.
        """
        turn, answer = Turn(visit, now, self._settings, self._access), None
        try:
            answer = job(turn)
        except ProtocolError as error:
            turn.hang_up(turn.address, error.code, error.detail)
        except IllegalTransition as error:
            turn.hang_up(turn.address, Close.NOT_ALLOWED, str(error))
        if not turn.only_sends:
            presence.expect_or_not(turn)
            changes.tell(turn)
        return Handled(answer, turn.effects, turn.only_sends)


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
    elif turn.visit.visitor is not None and address in turn.visit.visitor.tabs:
        _receive_from_tab(turn, message)
    # Nothing else concerns the visit: a window's call may be forgotten by now.


def _receive_from_tab(turn: Turn, message: ClientMessage) -> None:
    rule = _rule(TAB_RULES, message)
    try:
        rule(turn, message)
    except Refusal as refusal:
        request_id = getattr(message, "request_id", None)
        turn.answer(Refused(refusal.code, refusal.detail, request_id))


def _rule(
    rules: Mapping[type, Callable[..., None]], message: ClientMessage
) -> Callable[..., None]:
    rule = rules.get(type(message))
    if rule is None:
        raise not_allowed(message)
    return rule


def not_allowed(message: ClientMessage) -> ProtocolError:
    """Say that this connection may not send this message."""
    kind = type(message).__struct_config__.tag
    return ProtocolError(Close.NOT_ALLOWED, f"{kind!r} is not for this connection.")
