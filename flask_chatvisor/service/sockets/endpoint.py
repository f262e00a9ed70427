"""The one WebSocket endpoint: origins, sizes, rates, and the first hello."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable
from functools import partial

from .. import protocol
from ..access.limits import Throttle
from ..access.limits import address_of
from ..access.limits import seconds
from ..protocol import Close
from ..protocol import ProtocolError
from ..settings import Settings
from .clients import Clients
from .connection import AsgiSend
from .connection import Connection
from .connections import Connections

PATH = "/ws"

AsgiReceive = t.Callable[[], t.Awaitable[t.MutableMapping[str, t.Any]]]
Scope = t.MutableMapping[str, t.Any]


class Sockets:
    """An ASGI application for WebSockets, one task for each connection."""

    def __init__(
        self,
        settings: Settings,
        clients: Clients,
        connections: Connections,
        throttle: Throttle,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._connections = connections
        self._throttle = throttle
        self._clock = clock
        self._leaving: set[asyncio.Task[None]] = set()

    async def __call__(
        self, scope: Scope, receive: AsgiReceive, send: AsgiSend
    ) -> None:
        await receive()
        if scope["path"] != PATH or not self._is_welcome(scope):
            # Before the connection is accepted, the answer to this is 403.
            await send({"type": "websocket.close", "code": 1008})
            return
        client = address_of(scope)
        if wait := self._throttle.connect(client, self._clock()):
            await _refuse(send, wait)
            return
        try:
            await self._serve(receive, send, client)
        finally:
            self._throttle.disconnect(client)

    async def _serve(
        self, receive: AsgiReceive, send: AsgiSend, client: str | None
    ) -> None:
        await send({"type": "websocket.accept"})
        patience = self._settings.timings.close
        connection = Connection(send, self._settings.limits, patience)
        address = self._connections.open(connection, client)
        connection.on_close = partial(self._hung_up, address)
        code = 1006
        try:
            code = await self._read(address, connection, receive)
        except asyncio.CancelledError:
            if not connection.closing:
                raise
            # Aborted by the service; to the server this is a normal end.
        finally:
            connection.finished()
            await self._clients.closed(address, code)

    def _hung_up(self, address: str, code: int) -> None:
        task = asyncio.create_task(self._clients.closed(address, code))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _is_welcome(self, scope: Scope) -> bool:
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        return len(origins) == 1 and self._settings.allows(origins[0].decode("latin-1"))

    async def _read(
        self, address: str, connection: Connection, receive: AsgiReceive
    ) -> int:
        """Read until the connection is closed; return the closing code."""
        overdue = asyncio.get_running_loop().call_later(
            self._settings.timings.hello,
            self._connections.close,
            address,
            Close.NO_HELLO,
            "Nobody said hello.",
        )
        try:
            while (message := await receive())["type"] == "websocket.receive":
                overdue.cancel()
                if not connection.closing:
                    await self._hear(address, connection, message)
        finally:
            overdue.cancel()
        return int(message.get("code") or 1005)

    async def _hear(self, address: str, connection: Connection, message: Scope) -> None:
        try:
            text = message.get("text")
            size = len(message.get("bytes") or b"" if text is None else text.encode())
            if not connection.allows(size, self._clock()):
                raise ProtocolError(Close.TOO_MANY, "Too many messages.")
            if text is None:
                raise ProtocolError(Close.BAD_MESSAGE, "Send text frames.")
            await self._clients.receive(address, protocol.decode(text))
        except ProtocolError as error:
            self._connections.close(address, error.code, error.detail)


async def _refuse(send: AsgiSend, wait: float) -> None:
    """Answer the handshake with 429; browsers try again later."""
    headers = [(b"retry-after", seconds(wait).encode())]
    start = {"type": "websocket.http.response.start", "status": 429}
    await send({**start, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
