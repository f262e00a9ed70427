"""One socket: a bounded queue of what is still to be sent."""

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
    """One socket: a bounded queue of what is still to be sent.

    It has a task only while something waits, so an idle one costs little and a slow
    one holds up nobody else.

    :param patience: seconds after which a socket that is closed is given up.
    :ivar on_close: is called with the code when the service closes the socket: its
        client counts as gone from then on, however long it takes to hear of it.
    """

    __slots__ = (
        "_bucket",
        "_limits",
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
        self._bucket = Bucket()
        self.on_close: Callable[[int], None] = lambda code: None
        self.closing: bool = False

    def allows(self, now: float) -> bool:
        """Say whether the client may send another message."""
        return self._bucket.take(self._limits.messages, now) == 0

    def push(self, text: str) -> bool:
        """Send a text, sometime; ``False`` if too much waits already."""
        if self.closing:
            return True
        self._waiting += len(text)
        count = self._enqueue({"type": "websocket.send", "text": text})
        return (
            count <= self._limits.waiting_messages
            and self._waiting <= self._limits.waiting_characters
        )

    def close(self, code: int, reason: str) -> None:
        """Close the socket once what waits has been sent."""
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
            # The other side is gone, or the server has closed the socket by itself;
            # the reader hears of both.
            self.closing = True
        finally:
            self._queue = self._writer = None

    def _give_up(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
        if self._reader is not None:
            self._reader.cancel()

    def finished(self) -> None:
        """The socket is gone: nothing is to be cancelled any more."""
        self.closing = True
        self._reader = None
        if self._writer is not None:
            self._writer.cancel()
