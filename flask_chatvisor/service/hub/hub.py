"""The hub: one visit and an event go in, effects come out.

Each message is checked against its sender's rights. A client that breaks the rules is
disconnected.
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
#: An event for a visit; it may return an answer.
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
    """Handles the events of visits, one at a time."""

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
    """Build the error for a message that this connection may not send."""
    kind = type(message).__struct_config__.tag
    return ProtocolError(Close.NOT_ALLOWED, f"This connection may not send {kind!r}.")
