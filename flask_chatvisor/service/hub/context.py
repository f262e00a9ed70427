"""A turn: one visit, one moment, and the effects of what happens."""

from __future__ import annotations

from ..access.credentials import Access
from ..protocol import Close
from ..protocol import ProtocolError
from ..protocol import ServerMessage
from ..records.visit import Visit
from ..records.visit import Visitor
from ..settings import Settings
from ..settings import Timings
from .effects import Effect
from .effects import HangUp
from .effects import Send
from .showing import Showing
from .showing import showing


class Turn:
    """What the rules work with.

    :param now: epoch seconds.
    :ivar before: what the visit showed when the turn began.
    :ivar address: of the connection that speaks, or has just arrived.
    :ivar newcomer: whether it has just arrived.
    :ivar only_sends: whether the visit is as it was, so that nothing has to be kept.
    """

    def __init__(
        self, visit: Visit, now: float, settings: Settings, access: Access
    ) -> None:
        self.visit: Visit = visit
        self.now: float = now
        self.settings: Settings = settings
        self.timings: Timings = settings.timings
        self.access: Access = access
        self.before: Showing = showing(visit)
        self.address: str = ""
        self.newcomer: bool = False
        self.only_sends: bool = False
        self.effects: list[Effect] = []

    @property
    def visitor(self) -> Visitor:
        """The visitor, which is here.

        :raises ProtocolError: if it has left.
        """
        if self.visit.visitor is None:
            raise ProtocolError(Close.REFUSED, "This visitor is unknown.")
        return self.visit.visitor

    def send(
        self, address: str, message: ServerMessage, *, place: bool = False
    ) -> None:
        """Have a message sent."""
        self.effects.append(Send(address, message, place))

    def answer(self, message: ServerMessage, *, place: bool = False) -> None:
        """Have a message sent to the connection that speaks."""
        self.send(self.address, message, place=place)

    def hang_up(self, address: str, code: Close, reason: str) -> None:
        """Have a connection closed."""
        self.effects.append(HangUp(address, code, reason))
