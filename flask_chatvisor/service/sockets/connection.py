"""One socket, with a bounded queue of unsent messages."""

from __future__ import annotations

import asyncio
import collections
import typing as t
from collections.abc import Callable

from ...contract.bucket import Bucket
from ..protocol import Close
from ..settings import Limits

AsgiSend = t.Callable[[t.MutableMapping[str, t.Any]], t.Awaitable[None]]


class Connection:
    """One socket, with a bounded queue of unsent messages.

    It has a task only while messages are queued, so an idle socket costs little and a
    slow one delays no other.

    :param patience: seconds for a socket to close, before it is aborted.
    :ivar on_close: called with the code when the service closes the socket. From then
        on its client counts as gone, however long the closing takes.
    """

    __slots__ = (
        "_bytes",
        "_limits",
        "_messages",
        "_patience",
        "_queue",
        "_reader",
        "_send",
        "_waiting",
        "_writer",
        "closing",
        "on_close",
    )

    def __init__(self, send: AsgiSend, limits: Limits, patience: float) -> None:
        self._send = send
        self._limits = limits
        self._patience = patience
        self._reader = asyncio.current_task()
        self._queue: collections.deque[dict[str, t.Any]] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._waiting = 0
        self._messages = Bucket()
        self._bytes = Bucket()
        self.on_close: Callable[[int], None] = lambda code: None
        self.closing: bool = False

    def allows(self, size: int, now: float) -> bool:
        """Return whether the client may send another message.

        :param size: of the message, in bytes.
        """
        return (
            self._messages.take(self._limits.messages, now) == 0
            and self._bytes.take(self._limits.bytes, now, size) == 0
        )

    def push(self, text: str) -> bool:
        """Queue a text; ``False`` if too much is already queued."""
        if self.closing:
            return True
        self._waiting += len(text)
        count = self._enqueue({"type": "websocket.send", "text": text})
        return (
            count <= self._limits.waiting_messages
            and self._waiting <= self._limits.waiting_characters
        )

    def close(self, code: int, reason: str) -> None:
        """Close the socket after sending the queued messages."""
        if self.closing:
            return
        self.closing = True
        if code == Close.TOO_SLOW and self._queue is not None:
            self._queue.clear()
        cut = reason.encode()[:120].decode(errors="ignore")
        self._enqueue({"type": "websocket.close", "code": code, "reason": cut})
        asyncio.get_running_loop().call_later(self._patience, self._give_up)
        self.on_close(code)

    def _enqueue(self, message: dict[str, t.Any]) -> int:
        if self._queue is None:
            self._queue = collections.deque()
        self._queue.append(message)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return len(self._queue)

    async def _write(self) -> None:
        try:
            while self._queue:
                message = self._queue.popleft()
                await self._send(message)
                self._waiting -= len(message.get("text", ""))
        except (OSError, RuntimeError):
            # The other side has gone, or the server has closed the socket; the reader
            # notices both.
            self.closing = True
        finally:
            self._queue = self._writer = None

    def _give_up(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
        if self._reader is not None:
            self._reader.cancel()

    def finished(self) -> None:
        """Note that the socket is gone, so that nothing needs cancelling."""
        self.closing = True
        self._reader = None
        if self._writer is not None:
            self._writer.cancel()
