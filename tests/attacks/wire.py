"""A connection of an attacker: cheap, and free of a library's good manners."""

from __future__ import annotations

import asyncio
import json
import socket
import typing as t

ORIGIN = "http://localhost:5080"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
CONTINUATION = 0


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A client's frame; its mask is zero, so that the payload is as it is."""
    size = len(payload)
    head = bytes([opcode | (0x80 if fin else 0)])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += b"\xfe" + size.to_bytes(2, "big")
    else:
        head += b"\xff" + size.to_bytes(8, "big")
    return head + bytes(4) + payload


def message(kind: str, **fields: t.Any) -> bytes:
    """A message's frame."""
    text = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return frame(TEXT, text.encode())


HELLO = message("hello-visitor", page={"title": "Home", "path": "/"}, visible=True)


class Wire:
    """A connection that comes from a given address, as a proxy tells the service."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: str,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._address = address
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def dial(cls, port: int, address: str, *, deaf: bool = False) -> Wire:
        """Connect.

        :param deaf: take as little as the system allows before it is read.
        """
        plug = socket.socket()
        plug.setblocking(False)
        if deaf:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        try:
            loop = asyncio.get_running_loop()
            # Not wait_for(): in Python 3.11 it may swallow a cancellation.
            async with asyncio.timeout(5):
                await loop.sock_connect(plug, ("127.0.0.1", port))
            limit = 1024 if deaf else 2**16
            streams = await asyncio.open_connection(sock=plug, limit=limit)
        except BaseException:
            plug.close()
            raise
        return cls(*streams, address)

    async def upgrade(self, origin: str = ORIGIN) -> None:
        """Become a WebSocket.

        :raises ConnectionError: if the service refuses.
        """
        await self.send(
            self.head("GET", "/ws")
            + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            + b"Sec-WebSocket-Version: 13\r\n"
            + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + f"Origin: {origin}\r\n\r\n".encode()
        )
        answer = await self._reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101"):
            raise ConnectionRefusedError

    def head(self, method: str, target: str) -> bytes:
        """The beginning of a request."""
        line = f"{method} {target} HTTP/1.1\r\nHost: x\r\n"
        return f"{line}X-Forwarded-For: {self._address}\r\n".encode()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def read_on(self) -> None:
        """From now on take whatever comes."""
        self._reading = asyncio.create_task(self.read())

    async def read(self) -> None:
        """Take whatever comes, to the end."""
        while await self._reader.read(65536):
            pass

    async def hear(self, kind: str) -> dict[str, t.Any]:
        """Wait for a message of a kind; others are acknowledged and passed over."""
        while True:
            _, size = await self._reader.readexactly(2)
            if size >= 126:
                more = await self._reader.readexactly(2 if size == 126 else 8)
                size = int.from_bytes(more, "big")
            payload = await self._reader.readexactly(size)
            if not payload.startswith(b"{"):
                continue
            told = json.loads(payload)
            if "ackId" in told:
                await self.send(message("ack", ackId=told["ackId"]))
            if told["type"] == kind:
                return t.cast(dict[str, t.Any], told)

    def cut(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._writer.transport.abort()
