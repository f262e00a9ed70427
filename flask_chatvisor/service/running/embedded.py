"""The service inside an application's process, for development, tests and demos.

The reloader's two processes and sibling workers share one service: the first process
to bind the address runs it. Binding also shows the others that it has died.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import secrets
import socket
import threading
import time
import typing as t
import weakref
from collections.abc import Callable
from collections.abc import Mapping
from http.client import HTTPConnection
from http.client import HTTPException
from http.client import HTTPResponse

from ...contract.urls import base_url
from .. import create_service
from ..access.credentials import Access
from ..settings import Limits
from ..settings import Settings
from .files import file_limit
from .files import fit
from .server import Server
from .server import listen
from .server import make_server

#: Seconds for the program at the address to identify itself, while a request waits.
#: Then the seconds between two attempts, and those for which the result is kept, so
#: that not every request waits.
PATIENCE = 2.0
PAUSE = 0.1
HOLDS_FOR = 30.0

#: Maximum bytes that are read of an answer about health.
MOST_BYTES = 64 * 1024
#: Seconds for the service to start; it needs a hundredth of that.
STARTS_WITHIN = 10


class EmbeddedError(RuntimeError):
    """The embedded service cannot listen; the message says what to do."""


class Embedded:
    """Runs the service in a thread, unless a sibling process runs it.

    :param bind: host and port; the host is a loopback address.
    :param api_token: the same in all processes of the application.
    :param identity_key: likewise.
    :param show_agent_email: whether customers see the e-mail address of their agent.
    :param on_event: called with every call event, in a separate thread.
    :param patience: seconds for the program at the address to identify itself.
    """

    def __init__(
        self,
        *,
        bind: tuple[str, int],
        api_token: str,
        identity_key: str,
        show_agent_email: bool = True,
        on_event: Callable[[Mapping[str, t.Any]], None] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        host, port = bind
        # The other half is the application's, and so is the limit itself.
        files = file_limit()
        self.settings: Settings = Settings(
            api_tokens=(api_token,),
            identity_keys=(identity_key,),
            require_identity=True,
            host=host,
            port=port,
            url=base_url(host, port),
            limits=fit(Limits(), files and files // 2),
            show_agent_email=show_agent_email,
        )
        self._on_event = on_event
        self._patience = patience
        self._lock = threading.Lock()
        self._running: _Running | None = None
        #: What is wrong with the program at the address; empty for a sibling.
        self._fault = ""
        self._fault_holds_until = 0.0
        _instances.add(self)

    def ensure(self) -> None:
        """Start the service, unless it is running here or in a sibling process.

        Cheap enough for every request.

        :raises EmbeddedError: if another program has the address.
        """
        if self._running is not None and self._running.alive:
            return
        with self._lock:
            if self._running is None or not self._running.alive:
                self._start_or_share()

    def stop(self) -> None:
        """Stop the service if it runs in this process."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.stop()

    @property
    def is_here(self) -> bool:
        """Whether the service runs in this process."""
        return self._running is not None and self._running.alive

    def _start_or_share(self) -> None:
        bound = self._bind()
        if bound is None and time.monotonic() >= self._fault_holds_until:
            bound = self._find_out()
            self._fault_holds_until = time.monotonic() + HOLDS_FOR
        if bound is not None:
            self._fault_holds_until = 0.0
            self._running = _Running(self.settings, self._on_event, bound)
        elif self._fault:
            raise EmbeddedError(self._fault)

    def _find_out(self) -> socket.socket | None:
        """Wait until the program at the address is known, or the address is free."""
        until = time.monotonic() + self._patience
        while time.monotonic() < until:
            try:
                self._fault = self._fault_of_holder(until)
                return None
            except (ConnectionError, TimeoutError):
                time.sleep(PAUSE)
            if (bound := self._bind()) is not None:
                return bound
        self._fault = self._taken("the program at this address does not answer")
        return None

    def _bind(self) -> socket.socket | None:
        try:
            return listen(self.settings.host, self.settings.port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return None
            why = f"listening failed ({error.strerror})"
            raise EmbeddedError(self._taken(why)) from error

    def _fault_of_holder(self, until: float) -> str:
        """Ask the program at the address who it is; a sibling has no fault.

        :raises ConnectionError: while nothing answers; or ``TimeoutError``.
        """
        nonce = secrets.token_urlsafe(16)
        answer = _health(self.settings, nonce, until)
        proof = answer.get("proof") if isinstance(answer, dict) else None
        if proof == Access(self.settings).health_proof(nonce):
            return ""
        return self._taken(
            "another program listens there, perhaps another application, or this one"
            " with a different SECRET_KEY"
        )

    def _taken(self, why: str) -> str:
        return (
            f"The embedded Chatvisor service cannot start on {self.settings.url}:"
            f" {why}. Free the address, or set CHATVISOR_EMBEDDED_BIND to another one."
        )

    def __repr__(self) -> str:
        where = "here" if self.is_here else "elsewhere"
        return f"<{type(self).__name__} {self.settings.url} {where}>"


class _Running:
    """A service that runs in a thread of this process."""

    def __init__(
        self,
        settings: Settings,
        on_event: Callable[[Mapping[str, t.Any]], None] | None,
        bound: socket.socket,
    ) -> None:
        self._pid = os.getpid()
        self._bound = bound
        started = threading.Event()
        app = create_service(settings, on_event=on_event)
        self._server: Server = make_server(app, on_start=started.set)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [bound]},
            name="chatvisor-service",
            daemon=True,
        )
        self._thread.start()
        started.wait(STARTS_WITHIN)
        atexit.register(self.stop)

    @property
    def alive(self) -> bool:
        return self._pid == os.getpid() and self._thread.is_alive()

    def stop(self) -> None:
        """Stop it and wait for the end."""
        atexit.unregister(self.stop)
        if self.alive:
            self._server.should_exit = True
            self._thread.join(10)

    def forget_in_child(self) -> None:
        """Leave the parent's listening socket to the parent."""
        # Not close(): an event loop may hold the object open, but not the number.
        number = self._bound.detach()
        if number >= 0:
            os.close(number)


def _health(settings: Settings, nonce: str, until: float) -> t.Any:
    """Ask for the service's health; ``None`` if the answer is no JSON.

    :param until: when to give up, by the monotonic clock. Time-outs restart with each
        packet, so a slow drip of bytes would never end.
    """
    address = (settings.host, settings.port)
    # Neither proxies nor redirects: what matters is who has this very address.
    with contextlib.closing(HTTPConnection(*address, timeout=_left(until))) as peer:
        try:
            peer.request("GET", f"/health?nonce={nonce}")
            return json.loads(_read(peer.getresponse(), until))
        except ConnectionError:
            raise
        except (HTTPException, ValueError, RecursionError):
            return None


def _read(answer: HTTPResponse, until: float) -> bytes:
    body = b""
    while len(body) < MOST_BYTES and (piece := answer.read1(MOST_BYTES)):
        _left(until)
        body += piece
    return body


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


_instances: weakref.WeakSet[Embedded] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for embedded in _instances:
        embedded._lock = threading.Lock()
        if embedded._running is not None:
            embedded._running.forget_in_child()
            embedded._running = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
