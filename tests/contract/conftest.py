"""The backend under contract: any that a URL and tokens name, else the service.

===============================  ===================================================
``CHATVISOR_CONTRACT_URL``       base URL of a running backend
``CHATVISOR_CONTRACT_TOKEN``     its API token
``CHATVISOR_CONTRACT_KEY``       its identity key; unverified tags must be allowed
``CHATVISOR_CONTRACT_ORIGIN``    an origin whose pages may tag and call
===============================  ===================================================

Every test works with users of its own, so a backend may have others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import requests
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect
from websockets.typing import Origin

from flask_chatvisor.contract import tokens

API_TOKEN = "api-token-of-the-contract-32-bytes"
IDENTITY_KEY = "identity-key-of-the-contract-32-bytes"
ORIGIN = "http://localhost:5080"

Json = dict[str, t.Any]


@dataclass(frozen=True)
class Backend:
    """Where a backend is, and what opens it."""

    url: str
    token: str
    identity_key: str
    origin: str

    def get(self, path: str, token: str | None = "", **params: t.Any) -> Answer:
        """Ask, with the API token, another one, or (``None``) without any."""
        return self.request("GET", path, token, params=params)

    def post(self, path: str, data: t.Any, token: str | None = "") -> Answer:
        return self.request("POST", path, token, json=data)

    def request(
        self, method: str, path: str, token: str | None = "", **options: t.Any
    ) -> Answer:
        headers = options.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.token}"
        url = self.url + path
        response = requests.request(
            method, url, headers=headers, timeout=20, allow_redirects=False, **options
        )
        return Answer(response)

    def users(self, token: str | None = "", **params: t.Any) -> list[Json]:
        answer = self.get("/rest/v1/customerstatus", token, **params)
        assert answer.status == 200
        return t.cast(list[Json], answer.json["results"])

    def user_token(self, **wanted: t.Any) -> str:
        wanted = {"email": "mary@example.com", "name": "Mary", "ttl": 60} | wanted
        answer = self.post("/rest/v1/usertoken", wanted)
        assert answer.status == 201
        return str(answer.json["token"])


class Answer:
    """What the backend answered."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text

    @property
    def json(self) -> Json:
        return t.cast(Json, json.loads(self.text))

    def problem(self) -> tuple[int, str]:
        """Status and code of a refusal, which must be RFC 9457 problem JSON."""
        assert self.headers["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "code", "detail"} <= set(self.json)
        assert self.json["status"] == self.status
        return self.status, self.json["code"]


class Socket:
    """A WebSocket of the backend."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def send(self, message: Json) -> None:
        self._connection.send(json.dumps(message))

    def until(self, kind: str) -> Json:
        """The next message of this type."""
        while True:
            message: Json = json.loads(self._connection.recv(timeout=20))
            self.hear(message)
            if message["type"] == kind:
                return message

    def hear(self, message: Json) -> None:
        """Note what every message of the service says."""


class Visit(Socket):
    """A visitor's tab."""

    def __init__(self, connection: ClientConnection, page: Json, visible: bool) -> None:
        super().__init__(connection)
        self.visitor_id = ""
        self.send({"type": "hello-visitor", "page": page, "visible": visible})
        self.until("welcome")

    def hear(self, message: Json) -> None:
        # Each new user of a browser is another visitor.
        if message["type"] == "welcome":
            self.visitor_id = message["visitorId"]

    def tag(self, tag: Json) -> None:
        self.send({"type": "tag", "tag": tag})
        self.settle()

    def settle(self) -> None:
        """Wait until everything that was sent has been dealt with."""
        self.send({"type": "agents", "requestId": 1})
        self.until("agents")


class Visits:
    """Opens tabs, and closes them in the end."""

    def __init__(self, backend: Backend, open_: ExitStack) -> None:
        self._backend = backend
        self._open = open_

    def __call__(
        self,
        *,
        signed: bool = False,
        visible: bool = True,
        title: str = "Home",
        path: str = "/",
        **tag: t.Any,
    ) -> Visit:
        visit = self.untagged(visible=visible, title=title, path=path)
        if signed:
            token = tokens.sign_identity(
                tag, self._backend.identity_key, now=time.time(), max_age=600
            )
            tag = tag | {"externalToken": token}
        visit.tag(tag)
        return visit

    def untagged(
        self, *, visible: bool = True, title: str = "Home", path: str = "/"
    ) -> Visit:
        """Open a tab of somebody who is not signed in."""
        return Visit(self._connect(), {"title": title, "path": path}, visible)

    def call_window(self, url: str) -> Socket:
        """Open a participant's call window."""
        address, _, ticket = url.partition("#")
        window = Socket(self._connect())
        call_id = address.rpartition("/")[2]
        window.send({"type": "hello-call", "callId": call_id, "ticket": ticket})
        window.until("call-welcome")
        return window

    def agent(self, token: str) -> Socket:
        """Open an agent's page, which gets ticks."""
        page = Socket(self._connect())
        page.send({"type": "hello-agent", "token": token})
        page.until("agent-welcome")
        return page

    def _connect(self) -> ClientConnection:
        url = self._backend.url.replace("http", "ws", 1) + "/ws"
        origin = t.cast(Origin, self._backend.origin)
        return self._open.enter_context(connect(url, origin=origin))


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    url = os.environ.get("CHATVISOR_CONTRACT_URL")
    if url is not None:
        yield Backend(
            url.rstrip("/"),
            os.environ["CHATVISOR_CONTRACT_TOKEN"],
            os.environ["CHATVISOR_CONTRACT_KEY"],
            os.environ.get("CHATVISOR_CONTRACT_ORIGIN", ORIGIN),
        )
        return
    with _service() as process:
        yield Backend(_url_of(process), API_TOKEN, IDENTITY_KEY, ORIGIN)
        process.terminate()
        assert process.wait(20) == 0


def _service() -> subprocess.Popen[str]:
    settings = {
        "CHATVISOR_SERVICE_BIND": "127.0.0.1:0",
        "CHATVISOR_SERVICE_API_TOKEN": API_TOKEN,
        "CHATVISOR_SERVICE_IDENTITY_KEY": IDENTITY_KEY,
        "CHATVISOR_SERVICE_REQUIRE_IDENTITY": "false",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "flask_chatvisor.service"],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        text=True,
    )


def _url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    return next(word for word in line.split() if word.startswith("http"))


@pytest.fixture
def visit(backend: Backend) -> Iterator[Visits]:
    """``visit(email=…)``: a tab of a visitor that was tagged so."""
    with ExitStack() as open_:
        yield Visits(backend, open_)


@pytest.fixture
def label() -> str:
    """A label that no other test's users have."""
    return f"label-{uuid.uuid4()}"
