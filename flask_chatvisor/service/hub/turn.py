"""A turn: one visit, one moment, and the effects of an event."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..access.credentials import Access
from ..protocol import ClientMessage
from ..protocol import Close
from ..protocol import ProtocolError
from ..protocol import Role
from ..protocol import ServerMessage
from ..records.call import Call
from ..records.visit import Visit
from ..records.visit import Visitor
from ..settings import Settings
from .effects import Effect
from .effects import HangUp
from .effects import Send
from .showing import Showing
from .showing import showing


class Turn:
    """The context of the rules.

    :param now: epoch seconds.
    :ivar before: what the visit showed when the turn began.
    :ivar address: of the connection that sent the message or has just connected.
    :ivar newcomer: whether it has just connected.
    """

    def __init__(
        self, visit: Visit, now: float, settings: Settings, access: Access
    ) -> None:
        self.visit = visit
        self.now = now
        self.settings = settings
        self.timings = settings.timings
        self.access = access
        self.before: Showing = showing(visit)
        self.address: str = ""
        self.newcomer: bool = False
        self.effects: list[Effect] = []

    @property
    def visitor(self) -> Visitor:
        """The visitor, who is here.

        :raises ProtocolError: if it has left.
        """
        if self.visit.visitor is None:
            raise ProtocolError(Close.REFUSED, "This visitor is unknown.")
        return self.visit.visitor

    def send(
        self, address: str, message: ServerMessage, *, place: bool = False
    ) -> None:
        """Send a message after the turn."""
        self.effects.append(Send(address, message, place))

    def answer(self, message: ServerMessage, *, place: bool = False) -> None:
        """Send a message to the current connection."""
        self.send(self.address, message, place=place)

    def hang_up(self, address: str, code: Close, reason: str) -> None:
        """Close a connection after the turn."""
        self.effects.append(HangUp(address, code, reason))


M = t.TypeVar("M", bound=ClientMessage)
TabRule = Callable[[Turn, t.Any], None]
WindowRule = Callable[[Turn, Call, Role, t.Any], None]

#: The messages that tabs may send, and their rules.
TAB_RULES: dict[type, TabRule] = {}
#: The messages that participants' call windows may send, and their rules.
WINDOW_RULES: dict[Role, dict[type, WindowRule]] = {"visitor": {}, "agent": {}}


def tab_says(kind: type[M]) -> Callable[[Callable[[Turn, M], None]], TabRule]:
    """Register the rule for a message that tabs may send."""

    def register(rule: Callable[[Turn, M], None]) -> TabRule:
        TAB_RULES[kind] = rule
        return rule

    return register


def window_says(
    *kinds: type, by: tuple[Role, ...]
) -> Callable[[WindowRule], WindowRule]:
    """Register the rule for messages that these participants' windows may send."""

    def register(rule: WindowRule) -> WindowRule:
        for role in by:
            WINDOW_RULES[role].update(dict.fromkeys(kinds, rule))
        return rule

    return register
