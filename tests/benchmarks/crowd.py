"""Visitors who go from page to page, and agents who watch as their pages do."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
import typing as t
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import requests
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect

from . import servers
from .sides import Ours

#: Connections that are being made at once.
AT_ONCE = 50
#: Seconds that a page waits after trouble.
AFTER_TROUBLE = 5.0


@asynccontextmanager
async def visitors(
    service: servers.Server, count: int
) -> AsyncIterator[list[ClientConnection]]:
    """So many visitors are there until the block is left."""
    gate = asyncio.Semaphore(AT_ONCE)
    side = Ours()

    async def arrive(number: int) -> ClientConnection:
        async with gate:
            socket = await _connect(service)
            await side.arrive(socket, number)
            return socket

    sockets = await asyncio.gather(*map(arrive, range(count)))
    try:
        yield sockets
    finally:
        for socket in sockets:
            socket.transport.abort()


@asynccontextmanager
async def changing(
    visitors: list[ClientConnection], changes: int
) -> AsyncIterator[None]:
    """So often in a second one of them goes to another page.

    A random one of them all: nobody's list may count on few of its rows changing.
    """

    async def change() -> None:
        due = time.perf_counter()
        for number in range(10**9):
            due += 1 / changes
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            page = {"title": f"Page {number % 97}", "path": f"/pages/{number % 97}"}
            message = {"type": "page", "page": page, "visible": number % 5 > 0}
            await random.choice(visitors).send(json.dumps(message))

    async with _running([change()]):
        yield


async def _connect(service: servers.Server) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{service.port}/ws",
        origin="http://127.0.0.1:5080",  # type: ignore[arg-type]
        compression=None,
        ping_interval=None,
        proxy=None,
        open_timeout=60,
    )


# --- agents


@asynccontextmanager
async def watching(
    service: servers.Server, application: servers.Server, agents: int
) -> AsyncIterator[list[float]]:
    """So many agents watch; gives the seconds for which each waited for each list.

    A list that they did not get counts as forever.
    """
    session = requests.Session()
    session.get(f"{application.url}/sign-in/3", timeout=10)
    cookie = "; ".join(f"{one.name}={one.value}" for one in session.cookies)
    tokens = await asyncio.to_thread(_tokens, service, agents)
    waits: list[float] = []

    async def look(tick: int) -> None:
        started = time.perf_counter()
        if await _look(application, tick, cookie):
            waits.append(time.perf_counter() - started)
        else:
            waits.append(math.inf)
            await asyncio.sleep(AFTER_TROUBLE)

    async with _running(_agent(service, token, look) for token in tokens):
        yield waits


def _tokens(service: servers.Server, count: int) -> list[str]:
    """Get a token for each agent: one agent may not have so many pages."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {servers.API_TOKEN}"
    answers = (
        session.post(
            f"{service.url}/rest/v1/usertoken",
            json={
                "email": f"agent{number}@example.com",
                "ttl": 3600,
                "scope": ["presence"],
            },
            timeout=10,
        )
        for number in range(count)
    )
    return [answer.json()["token"] for answer in answers]


async def _agent(
    service: servers.Server, token: str, look: t.Callable[[int], t.Awaitable[None]]
) -> None:
    """Do what an agent's page does: look when there was a tick, once a second."""
    socket = await _connect(service)
    await socket.send(json.dumps({"type": "hello-agent", "token": token}))
    await socket.recv()
    looked, newest = 0.0, 0
    while True:
        wait = looked + 1 - time.perf_counter()
        try:
            async with asyncio.timeout(max(0.0, wait) if newest else None):
                newest = json.loads(await socket.recv()).get("n", newest)
        except TimeoutError:
            looked = time.perf_counter()
            await look(newest)
            newest = 0


async def _look(application: servers.Server, tick: int, cookie: str) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", application.port)
    path = f"/chatvisor/users.json?page=1&page_size=50&tick={tick}"
    head = f"Host: 127.0.0.1:{application.port}\r\nCookie: {cookie}\r\n"
    writer.write(f"GET {path} HTTP/1.0\r\n{head}\r\n".encode())
    answer = await reader.read()
    status, _, body = answer.partition(b"\r\n")
    writer.close()
    if b" 503 " in status or b" 504 " in status:
        return False
    if b" 200 " not in status or b'"users"' not in body:
        raise RuntimeError(f"The application answered: {answer[:300].decode()}")
    # An old list, because there was no newer one in time, says so.
    return b'"trouble"' not in body


@asynccontextmanager
async def _running(
    jobs: t.Iterable[t.Coroutine[t.Any, t.Any, None]],
) -> AsyncIterator[None]:
    """Run jobs until the block is left; one that breaks down fails the measurement."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
