"""What uvicorn's protocols leave to a proxy: deadlines, places, and a limit of frames.

A connection passes from :class:`Http` to :class:`WebSocket` when it is upgraded, and
its place goes with it.
"""

from __future__ import annotations

import asyncio
import logging
import time
import typing as t
from collections.abc import Callable
from functools import partial

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.frames import Frame
from websockets.protocol import State

from ...contract.bucket import Bucket
from ..access.limits import Gate
from ..access.limits import public_address
from ..protocol import Close
from ..settings import Limits
from ..settings import Settings
from ..settings import Timings

#: Bytes that are taken apart before what they cost is looked at.
SLICE = 2048
#: Fragments of one message; browsers send one.
MOST_FRAGMENTS = 256
#: Bytes of answers to pings that a client may leave unread.
MOST_UNREAD = 64 * 1024
#: Seconds from one log line about refused connections to the next.
BETWEEN_LINES = 60.0
#: Seconds that a refused client gets to send what is answered.
EXCUSE = 1.0

_UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)

logger: logging.Logger = logging.getLogger(__name__)


class Seldom:
    """Says when the next log line about the same thing is due."""

    def __init__(self, seconds: float = BETWEEN_LINES) -> None:
        self._seconds = seconds
        self._due_at = float("-inf")

    def is_due(self) -> bool:
        """Return whether it is; if so, the next one is due that much later."""
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + self._seconds
        return True


class House:
    """What all connections of one server share."""

    def __init__(self, settings: Settings) -> None:
        self.limits: Limits = settings.limits
        self.timings: Timings = settings.timings
        self.gate: Gate = Gate(settings.limits)
        self._complaint = Seldom()

    def complain(self) -> None:
        """Log that connections are refused, if that was not logged just now."""
        if self._complaint.is_due():
            logger.warning(
                "Connections are refused: %d are open, or one address has half of"
                " them. Allow the service more open files, or look who opens them.",
                self.limits.all_connections,
                extra={"event": "chatvisor.service.full"},
            )


class _Taking(asyncio.Protocol):
    """Aborts a connection whose client does not take what it is sent."""

    house: House
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _untaken: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Wait for the client, which has not taken everything."""
        super().pause_writing()
        seconds = self.house.timings.taking
        self._untaken = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has taken everything."""
        super().resume_writing()
        self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None


class Http(_Taking, H11Protocol):
    """Counts the connection, and gives up requests that do not become complete."""

    def __init__(self, house: House, **options: t.Any) -> None:
        super().__init__(**options)
        self.house = house
        self._is_in = False
        self._leave: Callable[[], None] = _nothing
        self._overdue: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Let the client in, or refuse it."""
        super().connection_made(transport)
        # With no buffer below it, every unsent byte has a deadline.
        transport.set_write_buffer_limits(high=0)
        gate = self.house.gate
        address = public_address(self.client[0] if self.client else "")
        self._is_in = gate.enter(address)
        if self._is_in:
            self._leave = partial(gate.leave, address)
            self._watch()
            return
        self.house.complain()
        if gate.excuse():
            self._leave = gate.excused
            self._overdue = self.loop.call_later(EXCUSE, self._give_up)
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on in the request."""
        if self._is_in:
            super().data_received(data)
            self._watch()
        else:
            self.transport.write(_UNAVAILABLE)
            self.transport.close()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection on, with its place."""
        super().handle_websocket_upgrade(event)
        t.cast(WebSocket, self.transport.get_protocol()).leave = self._leave
        self._stop_watching()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        super().connection_lost(exc)
        self._stop_watching()
        self._leave()

    def _watch(self) -> None:
        """Keep a deadline as long as a request is not complete."""
        if self.transport.get_protocol() is not self:
            return
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop_watching()
        elif self._overdue is None:
            seconds = self.house.timings.request
            self._overdue = self.loop.call_later(seconds, self._give_up)

    def _stop_watching(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        # One that is closing still takes its answer, and has a deadline for that.
        if not self.transport.is_closing():
            self.transport.abort()


class WebSocket(_Taking, WebSocketsSansIOProtocol):
    """Counts every frame, also those that the application never sees.

    :ivar leave: called when the connection is gone.
    """

    def __init__(self, house: House, **options: t.Any) -> None:
        super().__init__(**options)
        self.house = house
        self.leave: Callable[[], None] = _nothing
        self._bucket = Bucket()
        self.close_timeout: float = house.timings.close

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        super().connection_lost(exc)
        self.leave()

    def data_received(self, data: bytes) -> None:
        """Take the bytes apart, as far as the client may send more."""
        for start in range(0, len(data), SLICE):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + SLICE])

    def handle_events(self) -> None:
        """Handle frames, unless there are too many of them."""
        rate, now = self.house.limits.frames, self.loop.time()
        if any(self._bucket.take(rate, now) for _ in self.conn.events):
            self._hang_up(Close.TOO_MANY, "Too many frames.")
        else:
            super().handle_events()

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """Take another fragment of a message."""
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._hang_up(CloseCode.MESSAGE_TOO_BIG, "Too many fragments.")

    def send_receive_event_to_app(self) -> None:
        """Pass a message on; what is no text is not worth a traceback."""
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self._hang_up(CloseCode.INVALID_DATA, "Text must be UTF-8.")
        else:
            super().send_receive_event_to_app()

    def _hang_up(self, code: int, reason: str) -> None:
        if self.conn.state is State.OPEN:
            self.conn.fail(code, reason)
            self.handle_parser_exception()
        else:
            self.transport.abort()


def _nothing() -> None:
    pass


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
