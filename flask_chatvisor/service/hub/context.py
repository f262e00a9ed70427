"""A turn: one visit, one moment, and the effects of an event."""

from __future__ import annotations

from ..access.credentials import Access
from ..protocol import Close
from ..protocol import ProtocolError
from ..protocol import ServerMessage
from ..records.visit import Visit
from ..records.visit import Visitor
from ..settings import Settings
from ..settings import Timings
from .discretion import without_email
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
    :ivar only_sends: whether the visit is unchanged and needs no commit.
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
        if not self.settings.show_agent_email:
            message = without_email(message)
        self.effects.append(Send(address, message, place))

    def answer(self, message: ServerMessage, *, place: bool = False) -> None:
        """Send a message to the current connection."""
        self.send(self.address, message, place=place)

    def hang_up(self, address: str, code: Close, reason: str) -> None:
        """Close a connection after the turn."""
        self.effects.append(HangUp(address, code, reason))
