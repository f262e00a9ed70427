"""Runs a service with uvicorn, on a socket that is bound first."""

from __future__ import annotations

import gc
import socket
import typing as t
from collections.abc import Callable

import uvicorn

from ..protocol import MAX_FRAME

#: Seconds that open connections get to close when the service stops.
GOODBYE = 2


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
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    return bound


def _drop_dead_clients(bound: socket.socket) -> None:
    # The kernel drops a client that reads nothing for half a minute, with its
    # unsent data; connections inherit this from the listening socket.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


def make_server(app: t.Any, *, on_start: Callable[[], None] | None = None) -> Server:
    """Make a server for an application; ``server.run(sockets=[…])`` runs it."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,  # its paths contain e-mail addresses
        server_header=False,
        timeout_graceful_shutdown=GOODBYE,
        ws="websockets-sansio",
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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report it."""
        await super().startup(sockets=sockets)
        if self._on_start is not None:
            self._on_start()


def calm_the_collector() -> None:
    """Keep garbage collection from pausing big broadcasts.

    Existing objects stay for good, and few later ones are ever in a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
