"""The connections of this process, by their address."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Callable

from ..protocol import Close
from ..protocol import ServerMessage
from ..protocol import encode
from ..runner.deadlines import Deadlines
from .repeats import Repeats


class Wire(t.Protocol):
    """The connection of one client."""

    def push(self, text: str) -> bool:
        """Queue a text; ``False`` if too much is already queued."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close it after sending the queued messages."""
        ...


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
        self._wires: dict[str, Wire] = {}
        self._clients: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self.repeats: Repeats = Repeats(deadlines, clock, resend, self._push)

    def open(self, wire: Wire, client: str | None = None) -> str:
        """Add a connection; return its address.

        :param client: the client's public address, if it has one.
        """
        address = f"{self._process}:{next(self._numbers)}"
        self._wires[address] = wire
        if client is not None:
            self._clients[address] = client
        return address

    def client_of(self, address: str) -> str | None:
        """Return the public address of a connection's client."""
        return self._clients.get(address)

    def forget(self, address: str) -> None:
        """A connection is gone."""
        self._wires.pop(address, None)
        self._clients.pop(address, None)
        self.repeats.forget(address)

    def __contains__(self, address: str) -> bool:
        return address in self._wires

    def send(self, address: str, message: ServerMessage) -> None:
        """Send a message, if there is such a connection.

        One that has a kind is sent again until it is acknowledged.
        """
        if address not in self._wires:
            return
        kind = message.kind
        if kind is not None:
            self._push(address, self.repeats.keep(address, kind, message))
        else:
            self._push(address, encode(message).decode())

    def close(self, address: str, code: Close, reason: str) -> None:
        """Close a connection."""
        self.repeats.forget(address)
        if (wire := self._wires.get(address)) is not None:
            wire.close(code, reason)

    def _push(self, address: str, text: str) -> None:
        wire = self._wires.get(address)
        if wire is not None and not wire.push(text):
            self.close(address, Close.TOO_SLOW, "Too much waits.")
