"""The two servers whose visitors are counted and rung: ours, and the bare one."""

from __future__ import annotations

import json
import time
import typing as t
from collections.abc import Mapping
from contextlib import AbstractContextManager

import requests
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect

from flask_chatvisor.contract import tokens

from . import servers

PAGE = {"title": "Invoices", "path": "/invoices"}


class Side(t.Protocol):
    """How a visitor of one server arrives, and how an agent rings it."""

    socket_path: str
    ring_path: str

    def serve(self) -> AbstractContextManager[servers.Server]:
        """Start the server."""

    async def arrive(self, socket: ClientConnection, number: int) -> str:
        """Introduce a visitor.

        :return: its id.
        """

    def count(self, server: servers.Server) -> int:
        """Count the visitors that have arrived in full."""

    def agent_token(self, number: int) -> str:
        """Make the token with which an agent may ring."""

    async def open_window(
        self, server: servers.Server, call: t.Any
    ) -> tuple[ClientConnection, str] | None:
        """Connect what the server waits for before it rings.

        :return: a socket, and what to say there.
        """

    async def is_ring(self, socket: ClientConnection, frame: str | bytes) -> bool:
        """Take what the server sends to a visitor."""

    def list_request(self) -> bytes | None:
        """Write a request for a list; ``None`` if the server has no lists."""


class Ours:
    """The service; each visitor is tagged, and vouched for by an identity token."""

    socket_path = "/ws"
    ring_path = "/rest/v1/call"

    def serve(self) -> AbstractContextManager[servers.Server]:
        return servers.our_service(IDENTITY_KEY=servers.IDENTITY_KEY)

    async def arrive(self, socket: ClientConnection, number: int) -> str:
        await _send(socket, {"type": "hello-visitor", "page": PAGE, "visible": True})
        await socket.recv()
        await _send(socket, {"type": "tag", "tag": _signed_tag(number)})
        # Tagged for the first time, it continues as a new visitor.
        return str(json.loads(await socket.recv())["visitorId"])

    def count(self, server: servers.Server) -> int:
        query = f"{server.url}/rest/v1/customerstatus?pageSize=1"
        page = _json(requests.get(query, headers=_bearer(), timeout=10))
        verified = page["results"] and page["results"][0]["verified"]
        return int(page["total"]) if verified else 0

    def agent_token(self, number: int) -> str:
        # A single agent would soon be rate limited.
        return tokens.sign_user(
            servers.API_TOKEN,
            email=f"agent{number}@example.com",
            name="Mary",
            scope=["call"],
            now=time.time(),
            ttl=600,
        )

    async def open_window(
        self, server: servers.Server, call: t.Any
    ) -> tuple[ClientConnection, str] | None:
        socket = await connect(
            f"ws://127.0.0.1:{server.port}{self.socket_path}",
            origin=server.url,  # type: ignore[arg-type]
            compression=None,
            proxy=None,
        )
        ticket = call["url"].partition("#")[2]
        hello = {"type": "hello-call", "callId": call["callId"], "ticket": ticket}
        return socket, json.dumps(hello)

    async def is_ring(self, socket: ClientConnection, frame: str | bytes) -> bool:
        message = json.loads(frame)
        if "ackId" in message:
            await _send(socket, {"type": "ack", "ackId": message["ackId"]})
        return bool(message["type"] == "ring")

    def list_request(self) -> bytes | None:
        return (
            "GET /rest/v1/customerstatus?q=doe+12&pageSize=50 HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {servers.API_TOKEN}\r\n\r\n"
        ).encode()


class Bare:
    """The Starlette server of :mod:`tests.benchmarks.bare`."""

    socket_path = "/visitor"
    ring_path = "/ring"

    def serve(self) -> AbstractContextManager[servers.Server]:
        return servers.bare_server()

    async def arrive(self, socket: ClientConnection, number: int) -> str:
        await socket.send(f"visitor-{number}")
        return str(json.loads(await socket.recv())["visitorId"])

    def count(self, server: servers.Server) -> int:
        health = requests.get(f"{server.url}/health", timeout=10)
        return int(_json(health)["visitors"])

    def agent_token(self, number: int) -> str:
        return servers.API_TOKEN

    async def open_window(
        self, server: servers.Server, call: t.Any
    ) -> tuple[ClientConnection, str] | None:
        return None

    async def is_ring(self, socket: ClientConnection, frame: str | bytes) -> bool:
        return bool(json.loads(frame)["type"] == "ring")

    def list_request(self) -> bytes | None:
        return None


def _signed_tag(number: int) -> Mapping[str, t.Any]:
    tag = {
        "id": str(number),
        "email": f"customer{number}@example.com",
        "firstname": "John",
        "lastname": f"Doe {number}",
        "labels": ["premium"],
    }
    identity = tokens.sign_identity(
        tag, servers.IDENTITY_KEY, now=time.time(), max_age=3600
    )
    return tag | {"externalToken": identity}


async def _send(socket: ClientConnection, message: Mapping[str, t.Any]) -> None:
    await socket.send(json.dumps(message))


def _json(answer: requests.Response) -> t.Any:
    answer.raise_for_status()
    return answer.json()


def _bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {servers.API_TOKEN}"}
