"""The effects that the rules produce."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

from ..protocol import Close
from ..protocol import ServerMessage


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to one connection.

    :ivar place: the message shows the visitor's place in the queue. A visit does not
        know its place, so the sending process fills it in.
    """

    address: str
    message: ServerMessage
    place: bool = False


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close one connection."""

    address: str
    code: Close
    reason: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Report this about a call to the application."""

    event: dict[str, t.Any]


Effect = Send | HangUp | Happened


@dataclass(frozen=True, slots=True)
class Invitation:
    """A call, and the URL of one participant's window with a single-use ticket."""

    call_id: str
    url: str = field(repr=False)
