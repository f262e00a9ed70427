"""Runs the hub on an event loop: sockets on one side, the clock on the other."""

from __future__ import annotations

import asyncio
import collections
import typing as t
from collections.abc import Callable

from ..contract.bucket import Bucket
from . import protocol
from .hub import Hub
from .outbox import Effect
from .outbox import HangUp
from .outbox import Send
from .protocol import Close
from .settings import Limits
from .settings import Timings

#: A timer that is later than this is the sign of a loop that does not turn.
STUCK_AFTER = 5.0

AsgiSend = t.Callable[[t.MutableMapping[str, t.Any]], t.Awaitable[None]]
T = t.TypeVar("T")


class Connection:
    """One socket: a bounded queue of what is still to be sent.

    There is no task for it but while something waits, so an idle one costs little
    and a slow one holds up nobody else.
    """

    __slots__ = (
        "_bucket",
        "_limits",
        "_queue",
        "_reader",
        "_send",
        "_waiting",
        "_writer",
        "closing",
    )

    def __init__(self, send: AsgiSend, limits: Limits) -> None:
        self._send = send
        self._limits = limits
        self._reader = asyncio.current_task()
        self._queue: collections.deque[dict[str, t.Any]] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._waiting = 0
        self.closing: bool = False
        self._bucket = Bucket()

    def allows(self, now: float) -> bool:
        """Tell whether the client may send another message."""
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

    def close(self, code: int, reason: str, patience: float) -> None:
        """Close the socket once what waits has been sent.

        :param patience: seconds after which it is given up.
        """
        if self.closing:
            return
        self.closing = True
        if code == Close.TOO_SLOW and self._queue is not None:
            self._queue.clear()
        cut = reason.encode()[:120].decode(errors="ignore")
        self._enqueue({"type": "websocket.close", "code": code, "reason": cut})
        asyncio.get_running_loop().call_later(patience, self._give_up)

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


class Switchboard:
    """Connects sockets and REST calls with the hub.

    :param clock: epoch seconds.
    :param on_event: is told about calls.
    """

    def __init__(
        self,
        hub: Hub,
        timings: Timings,
        *,
        clock: Callable[[], float],
        on_event: Callable[[dict[str, t.Any]], None],
    ) -> None:
        self.hub = hub
        self.clock = clock
        self._timings = timings
        self._on_event = on_event
        self._connections: dict[int, Connection] = {}
        self._last_address = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None

    def open(self, connection: Connection) -> int:
        """Take a connection in; its address is returned."""
        self._last_address += 1
        self._connections[self._last_address] = connection
        return self._last_address

    def receive(self, address: int, message: protocol.ClientMessage) -> None:
        """Hand a client's message to the hub."""
        if address in self._connections:
            self.run(self.hub.receive, address, message)

    def hang_up(self, address: int, code: int, reason: str) -> None:
        """Close a connection from our side."""
        self._hang_up(self.clock(), address, code, reason)
        self._pump()

    def closed(self, address: int, code: int) -> None:
        """A connection was closed from the other side."""
        if self._connections.pop(address, None) is not None:
            self.run(self.hub.disconnect, address, code)

    def run(self, method: Callable[..., T], *args: t.Any) -> T:
        """Have the hub do something now, and carry out what follows from it."""
        try:
            return method(self.clock(), *args)
        finally:
            self._pump()

    def is_stuck(self) -> bool:
        """Tell whether the hub's timers are not kept."""
        due = self.hub.next_deadline()
        return due is not None and self.clock() - due > STUCK_AFTER

    def stop(self) -> None:
        """Keep no timers any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _pump(self) -> None:
        while effects := self.hub.drain():
            for effect in effects:
                self._carry_out(effect)
        self._schedule()

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._send(effect)
        elif isinstance(effect, HangUp):
            self._hang_up(self.clock(), effect.address, effect.code, effect.reason)
        else:
            self._on_event(effect.event)

    def _send(self, effect: Send) -> None:
        connection = self._connections.get(effect.address)
        if connection is None:
            return
        if not connection.push(protocol.encode(effect.message).decode()):
            now = self.clock()
            self._hang_up(now, effect.address, Close.TOO_SLOW, "Too much waits.")

    def _hang_up(self, now: float, address: int, code: int, reason: str) -> None:
        connection = self._connections.pop(address, None)
        if connection is not None:
            self.hub.disconnect(now, address, code)
            connection.close(code, reason, self._timings.close)

    def _schedule(self) -> None:
        due = self.hub.next_deadline()
        if due == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, due
        if due is not None:
            delay = max(0.0, due - self.clock())
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(delay, self._wake)

    def _wake(self) -> None:
        self._timer = self._timer_at = None
        self.run(self.hub.advance)
