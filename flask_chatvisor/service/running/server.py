"""Runs a service with uvicorn, on a socket that is bound first."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import typing as t
from collections.abc import Callable
from functools import partial

import uvicorn

from ..application import Service
from ..protocol import MAX_FRAME
from .protocols import House
from .protocols import Http
from .protocols import Seldom
from .protocols import WebSocket

#: Seconds that open connections get to close when the service stops.
GOODBYE = 2
#: Connections that the kernel keeps waiting, and those that are accepted in one turn of
#: the event loop: a few, because everybody else waits for them, and because those of a
#: few turns must fit into the reserve of open files.
BACKLOG = 128
ACCEPTS = 4

_USED_UP = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

logger: logging.Logger = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Bind an address.

    :param port: 0 for a free one.
    :raises OSError: if the address is taken or not local.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, so that asyncio switches off its delay on what is accepted.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Otherwise a restart has to wait for old connections to time out.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _drop_dead_clients(bound)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def _drop_dead_clients(bound: socket.socket) -> None:
    # The kernel drops a client that reads nothing for half a minute, with its
    # unsent data; connections inherit this from the listening socket.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


def make_server(app: Service, *, on_start: Callable[[], None] | None = None) -> Server:
    """Make a server for a service; ``server.run(sockets=[…])`` runs it."""
    house = House(app.settings)
    config = uvicorn.Config(
        app,
        http=t.cast(type[Http], partial(Http, house)),
        ws=t.cast(type[WebSocket], partial(WebSocket, house)),
        backlog=ACCEPTS,
        log_config=None,
        log_level="error",  # it warns of every bad request
        access_log=False,  # its paths contain e-mail addresses
        server_header=False,
        timeout_graceful_shutdown=GOODBYE,
        ws_max_size=MAX_FRAME,
        # Deflate would double the memory of each connection.
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=15,
    )
    return Server(config, on_start)


class Server(uvicorn.Server):
    """A server that reports when it is ready."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._complaint = Seldom()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report it."""
        await super().startup(sockets=sockets)
        for bound in sockets or []:
            bound.listen(BACKLOG)
        asyncio.get_running_loop().set_exception_handler(self._on_trouble)
        if self._on_start is not None:
            self._on_start()

    def _on_trouble(
        self, loop: asyncio.AbstractEventLoop, context: dict[str, t.Any]
    ) -> None:
        # The loop tries to accept again and again, with a traceback each time.
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _USED_UP:
            loop.default_exception_handler(context)
        elif self._complaint.is_due():
            logger.error(
                "No connection can be accepted: %r.",
                error.strerror,
                extra={"event": "chatvisor.service.used-up"},
            )


def calm_the_collector() -> None:
    """Keep garbage collection from pausing big broadcasts.

    Existing objects stay for good, and few later ones are ever in a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
