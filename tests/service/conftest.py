"""A real service on a real port, and those who talk to it."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect

from flask_chatvisor.service import create_service
from flask_chatvisor.service.running.server import listen
from flask_chatvisor.service.running.server import make_server
from flask_chatvisor.service.settings import Settings

from .harness import API_TOKEN

ORIGIN = "http://localhost:5080"
#: Seconds after which a test gives up on what should come at once.
PATIENCE = 10


class Socket:
    """A WebSocket client that speaks JSON and acknowledges."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire = wire

    def say(self, kind: str, **fields: t.Any) -> None:
        self.wire.send(json.dumps({"type": kind, **fields}))

    def hear(self, kind: str) -> dict[str, t.Any]:
        """Wait for the next message of a kind; others are passed over."""
        while True:
            message = json.loads(self.wire.recv(PATIENCE))
            if "ackId" in message:
                self.say("ack", ackId=message["ackId"])
            if message["type"] == kind:
                return t.cast(dict[str, t.Any], message)

    def closed(self) -> int:
        """Wait until the service closes the connection; tell the code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.wire.recv(PATIENCE)
        assert self.wire.close_code is not None
        return self.wire.close_code

    def close(self) -> None:
        self.wire.close()


class LiveService:
    """A service that runs in a thread."""

    def __init__(self, url: str, events: queue.Queue[t.Any]) -> None:
        self.url = url
        self.events = events
        self._sockets = ExitStack()

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = API_TOKEN,
        headers: dict[str, str] | None = None,
        **options: t.Any,
    ) -> requests.Response:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        url = self.url + path
        return requests.request(method, url, headers=sent, timeout=PATIENCE, **options)

    def get(self, path: str, **options: t.Any) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: t.Any, **options: t.Any) -> requests.Response:
        return self.request("POST", path, json=body, **options)

    def user_token(self, **wishes: t.Any) -> str:
        wishes = {"email": "mary@example.com", "name": "Mary", "ttl": 60} | wishes
        return str(self.post("/rest/v1/usertoken", wishes).json()["token"])

    def socket(
        self,
        origin: str | None = ORIGIN,
        *,
        max_queue: int | None = None,
        **options: t.Any,
    ) -> Socket:
        """Connect.

        :param max_queue: what the client reads ahead. With a bound it does not see
            that it was hung up on, as long as it sends and takes nothing.
        """
        address = self.url.replace("http", "ws") + "/ws"
        headers = dict(options.pop("headers", {}))
        if origin is not None:
            headers["Origin"] = origin
        options |= {"compression": None, "max_queue": max_queue}
        opening = connect(address, additional_headers=headers, **options)
        return Socket(self._sockets.enter_context(opening))

    def tab(self, tag: t.Any = None, **hello: t.Any) -> tuple[Socket, str]:
        """Open a visitor's tab; return it with the visitor's id."""
        socket = self.socket()
        page = {"title": "Home", "path": "/"}
        socket.say("hello-visitor", page=page, visible=True, **hello)
        welcome = socket.hear("welcome")
        if tag is not None:
            socket.say("tag", tag=tag)
            # Tagged for the first time, it continues as a new visitor.
            welcome = socket.hear("welcome")
        return socket, welcome["visitorId"]

    def settle(self, tab: Socket) -> None:
        """Wait until everything was carried out that a tab has sent."""
        tab.say("agents", requestId=0)
        tab.hear("agents")

    def window(self, url: str) -> Socket:
        """Open a call window by its URL."""
        call_id, _, ticket = url.rpartition("/call/")[2].partition("#")
        socket = self.socket(self.url)
        socket.say("hello-call", callId=call_id, ticket=ticket)
        return socket

    def close(self) -> None:
        self._sockets.close()


@contextmanager
def running(
    clock: Callable[[], float] = time.time, **settings: t.Any
) -> Iterator[LiveService]:
    """Run a service on a free port."""
    bound = listen("127.0.0.1", 0)
    port = bound.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    values = {"api_tokens": (API_TOKEN,), "port": port, "url": url} | settings
    events: queue.Queue[t.Any] = queue.Queue()
    started = threading.Event()
    on_event = None if "events_url" in settings else events.put
    app = create_service(Settings(**values), on_event=on_event, clock=clock)
    server = make_server(app, on_start=started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    started.wait(PATIENCE)
    service = LiveService(url, events)
    try:
        yield service
    finally:
        service.close()
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def service() -> Iterator[LiveService]:
    """One service for all tests of a module: they use visitors of their own."""
    with running() as live:
        yield live
