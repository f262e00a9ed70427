"""The connections of this process, and messages that are resent until acknowledged.

Only the newest message of each kind is kept, so that a late repetition never returns a
client to an outdated state.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Callable

import msgspec

from ..protocol import Close
from ..protocol import Kind
from ..protocol import ServerMessage
from ..protocol import encode
from ..runner.deadlines import Deadlines

#: How often a message is resent. A client that still has not answered gets the current
#: state when it reconnects.
MOST_REPEATS = 15


class Wire(t.Protocol):
    """The connection of one client."""

    def push(self, text: str) -> bool:
        """Queue a text; ``False`` if too much is already queued."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close it after sending the queued messages."""
        ...


class _Unacked:
    """A message that is resent until acknowledged."""

    __slots__ = ("ack_id", "due", "left", "text")

    def __init__(self, ack_id: int, text: str, due: float) -> None:
        self.ack_id = ack_id
        self.text = text
        self.due = due
        self.left = MOST_REPEATS


class _Link:
    """One connection, with its unacknowledged messages."""

    __slots__ = ("address", "repeats", "unacked", "wire")

    def __init__(self, address: str, wire: Wire) -> None:
        self.address = address
        self.wire = wire
        self.unacked: dict[Kind, _Unacked] | None = None
        self.repeats: bool = False


class Connections:
    """Sends to clients by the address of their connection.

    :param process: the name of this process, which is unique for all time.
    :param resend: seconds until an unacknowledged message is resent.
    """

    def __init__(
        self,
        process: str,
        deadlines: Deadlines,
        clock: Callable[[], float],
        resend: float,
    ) -> None:
        self._process = process
        self._deadlines = deadlines
        self._clock = clock
        self._resend = resend
        self._links: dict[str, _Link] = {}
        self._numbers = itertools.count(1)
        self._ack_ids = itertools.count(1)

    def open(self, wire: Wire) -> str:
        """Add a connection; return its address."""
        address = f"{self._process}:{next(self._numbers)}"
        self._links[address] = _Link(address, wire)
        return address

    def forget(self, address: str) -> bool:
        """Remove a connection; return whether it was known."""
        return self._links.pop(address, None) is not None

    def __contains__(self, address: str) -> bool:
        return address in self._links

    def send(self, address: str, message: ServerMessage) -> None:
        """Send a message if the connection exists; resend it until acknowledged."""
        link = self._links.get(address)
        if link is None:
            return
        if message.kind is not None:
            self._keep(link, message.kind, message)
        else:
            self._push(link, encode(message).decode())

    def acknowledge(self, address: str, ack_id: int) -> None:
        """Stop repeating a message."""
        link = self._links.get(address)
        if link is not None and link.unacked is not None:
            link.unacked = {
                kind: one for kind, one in link.unacked.items() if one.ack_id != ack_id
            } or None

    def stop_repeating(self, address: str) -> None:
        """Stop repeating all messages, because the client has a new identity."""
        if (link := self._links.get(address)) is not None:
            link.unacked = None

    def close(self, address: str, code: Close, reason: str) -> None:
        """Close a connection; later messages to it are dropped."""
        link = self._links.get(address)
        if link is not None:
            link.unacked = None
            link.wire.close(code, reason)

    def _keep(self, link: _Link, kind: Kind, message: ServerMessage) -> None:
        ack_id = next(self._ack_ids)
        numbered = msgspec.structs.replace(message, ack_id=ack_id)
        text = encode(numbered).decode()
        unacked = _Unacked(ack_id, text, self._clock() + self._resend)
        link.unacked = {**(link.unacked or {}), kind: unacked}
        self._watch(link)
        self._push(link, text)

    def _push(self, link: _Link, text: str) -> None:
        if not link.wire.push(text):
            self.close(link.address, Close.TOO_SLOW, "Too many queued messages.")

    def _watch(self, link: _Link) -> None:
        if link.unacked and not link.repeats:
            link.repeats = True
            due = min(one.due for one in link.unacked.values())
            self._deadlines.at(due, self._repeat, link)

    async def _repeat(self, link: _Link) -> None:
        link.repeats = False
        if self._links.get(link.address) is not link:
            return
        now = self._clock()
        for one in list((link.unacked or {}).values()):
            if one.due <= now:
                one.due, one.left = now + self._resend, one.left - 1
                if one.left == 0:
                    self.acknowledge(link.address, one.ack_id)
                self._push(link, one.text)
        self._watch(link)
