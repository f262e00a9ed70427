"""What leaves the hub: messages, hang-ups and call events; and who is connected.

A message that must arrive is kept until it is acknowledged and sent again until
then. Of each kind only the newest is kept, so that a late repetition never takes a
client back to what no longer holds.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass

from ..contract import tokens
from .access import Role
from .deadlines import Deadlines
from .protocol import Close
from .protocol import ServerMessage


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to one connection."""

    address: int
    message: ServerMessage


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close one connection."""

    address: int
    code: Close
    reason: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Tell the application about a call."""

    event: dict[str, t.Any]


Effect = Send | HangUp | Happened
#: What is repeated until it is acknowledged, one of each at most.
Kind = t.Literal["ring", "own-call", "call-state"]


class Unacked(t.NamedTuple):
    """A message that is repeated until it is acknowledged."""

    ack_id: int
    message: ServerMessage
    due: float


class Link:
    """One connection that has introduced itself."""

    __slots__ = ("address", "repeats", "unacked")

    def __init__(self, address: int) -> None:
        self.address: int = address
        self.unacked: dict[Kind, Unacked] | None = None
        self.repeats: bool = False


class VisitorLink(Link):
    """A visitor's tab."""

    __slots__ = ("visitor_id",)

    def __init__(self, address: int, visitor_id: str) -> None:
        super().__init__(address)
        self.visitor_id: str = visitor_id


class AgentLink(Link):
    """An agent's page."""

    __slots__ = ("grant",)

    def __init__(self, address: int, grant: tokens.UserGrant) -> None:
        super().__init__(address)
        self.grant: tokens.UserGrant = grant


class CallLink(Link):
    """A call window."""

    __slots__ = ("call_id", "role")

    def __init__(self, address: int, call_id: str, role: Role) -> None:
        super().__init__(address)
        self.call_id: str = call_id
        self.role: Role = role


class Outbox:
    """Collects what the hub wants done, in order.

    :param resend: seconds until an unacknowledged message is sent again.
    """

    def __init__(self, deadlines: Deadlines, resend: float) -> None:
        self.links: dict[int, Link] = {}
        self._effects: list[Effect] = []
        self._deadlines = deadlines
        self._resend_after = resend
        self._last_ack_id = 0

    def drain(self) -> list[Effect]:
        """Hand out everything that was collected."""
        effects, self._effects = self._effects, []
        return effects

    def send(self, address: int | None, message: ServerMessage) -> None:
        """Send a message that may be lost with its connection."""
        if address in self.links:
            self._effects.append(Send(address, message))

    def deliver(
        self,
        now: float,
        addresses: Iterable[int],
        kind: Kind,
        make: Callable[[int], ServerMessage],
    ) -> None:
        """Send a message until it is acknowledged.

        :param make: makes the message, given its ``ackId``.
        """
        self._last_ack_id += 1
        unacked = Unacked(
            self._last_ack_id, make(self._last_ack_id), now + self._resend_after
        )
        for address in addresses:
            if (link := self.links.get(address)) is not None:
                link.unacked = {**(link.unacked or {}), kind: unacked}
                self._effects.append(Send(address, unacked.message))
                self._watch(link)

    def acknowledge(self, link: Link, ack_id: int) -> None:
        """Stop repeating a message."""
        unacked: dict[Kind, Unacked] = link.unacked or {}
        for kind, one in list(unacked.items()):
            if one.ack_id == ack_id:
                del unacked[kind]
        link.unacked = unacked or None

    def hang_up(self, address: int, code: Close, reason: str) -> None:
        """Close a connection."""
        self._effects.append(HangUp(address, code, reason))

    def happened(self, event: dict[str, t.Any]) -> None:
        """Tell the application about a call."""
        self._effects.append(Happened(event))

    def _watch(self, link: Link) -> None:
        if link.unacked and not link.repeats:
            link.repeats = True
            due = min(one.due for one in link.unacked.values())
            self._deadlines.at(due, self._repeat, link)

    def _repeat(self, now: float, link: Link) -> None:
        link.repeats = False
        if self.links.get(link.address) is not link:
            return
        unacked: dict[Kind, Unacked] = link.unacked or {}
        for kind, one in list(unacked.items()):
            if one.due <= now:
                unacked[kind] = one._replace(due=now + self._resend_after)
                self._effects.append(Send(link.address, one.message))
        self._watch(link)
