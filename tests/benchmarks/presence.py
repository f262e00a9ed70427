"""What a connected visitor costs the server, and how soon it is rung.

The server runs in a process of its own; this one has all the clients in it: visitors
that arrive, stay and do nothing, and agents that ring some of them, one after another,
over a connection that is kept. A latency lasts from the moment an agent's request is
sent until the visitor's socket hands over the ring: one process, one clock. Our service
rings once the agent's call window is there: the time in which a window connects its
socket is left out, what it says there and all that follows is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import random
import time
import typing as t
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from statistics import quantiles

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect

from .servers import Server
from .servers import allow_files
from .sides import Bare
from .sides import Ours
from .sides import Side
from .table import Aim
from .table import Row

VISITORS = 5000
RINGS = 500
#: Seconds from one ring to the next.
PACE = 0.01
#: Lists a second, with a search, beside which the visitors are rung again.
LISTS = 50
#: Each server is measured that often, in turn.
ROUNDS = 3
#: Connections that are being made at once.
AT_ONCE = 50
#: Visitors that come and go before the memory of an empty server is taken.
FIRST = 50
#: Seconds in which a server comes to rest.
REST = 2.0
#: Seconds after which a ring will not come.
PATIENCE = 10.0
#: Files that a process has open beside its visitors' sockets.
SPARE_FILES = 100
KB = 1024
ORIGIN = "http://127.0.0.1:5080"


@dataclass(frozen=True, slots=True)
class Result:
    """What one round found: bytes for each visitor, seconds of each ring.

    :ivar beside: seconds of each ring while lists are asked for.
    """

    memory: float
    latencies: list[float]
    beside: list[float]


@dataclass(eq=False, slots=True)
class Visitor:
    """A visitor that is connected, and the moment it is rung."""

    id: str
    socket: ClientConnection
    rung: asyncio.Future[float] | None = None

    async def stay(self, side: Side) -> None:
        """Take what the server sends."""
        async for frame in self.socket:
            now = time.perf_counter()
            if await side.is_ring(self.socket, frame) and self.rung is not None:
                self.rung.set_result(now)


def measure() -> list[Row]:
    """Measure both servers in turn, a few rounds.

    :raises RuntimeError: if so many connections are not allowed here.
    """
    allow_files(VISITORS + SPARE_FILES)
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(asyncio.run(_round(Bare())))
        ours.append(asyncio.run(_round(Ours())))
    return _rows(ours, bare)


def _rows(ours: list[Result], bare: list[Result]) -> list[Row]:
    memory = (median(result.memory for result in side) / KB for side in (ours, bare))
    peer = "bare Starlette"
    return [
        Row("memory per visitor", "kB", next(memory), peer, next(memory), MEMORY_AIM),
        Row("ring, p50", "ms", _ms(ours, 50), peer, _ms(bare, 50)),
        Row("ring, p99", "ms", _ms(ours, 99), peer, _ms(bare, 99), Aim(5)),
        Row(
            f"ring beside {LISTS} lists/s, p99",
            "ms",
            _ms(ours, 99, beside=True),
            "without them",
            _ms(ours, 99),
            Aim(1.5),
        ),
    ]


MEMORY_AIM = Aim(30, "more")


def _ms(results: list[Result], percentile: int, *, beside: bool = False) -> float:
    rings = (one.beside if beside else one.latencies for one in results)
    return median(quantiles(one, n=100)[percentile - 1] for one in rings) * 1000


async def _round(side: Side) -> Result:
    with side.serve() as server:
        async with _visitors(side, server, FIRST):
            pass  # what is loaded and allocated once is no visitor's
        await asyncio.sleep(REST)
        before = server.memory()
        async with _visitors(side, server, VISITORS) as visitors:
            await asyncio.sleep(REST)
            memory = (server.memory() - before) / VISITORS
            present = side.count(server)
            if present < VISITORS:
                raise RuntimeError(f"{present} visitors came instead of {VISITORS}.")
            # Nobody twice: who was rung is in a call for a while.
            rung = random.sample(visitors, 2 * RINGS)
            quiet = await _ring_all(side, server, rung[:RINGS])
            async with _listing(side, server):
                beside = await _ring_all(side, server, rung[RINGS:])
            return Result(memory, quiet, beside)


@asynccontextmanager
async def _listing(side: Side, server: Server) -> AsyncIterator[None]:
    """Ask for lists at an even pace meanwhile, if the server has any."""
    request = side.list_request()
    listing = asyncio.create_task(_list(server, request)) if request else None
    try:
        yield
    finally:
        if listing is not None:
            listing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listing


async def _list(server: Server, request: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    due = time.perf_counter()
    while True:
        due += 1 / LISTS
        await asyncio.sleep(due - time.perf_counter())
        writer.write(request)
        # To read what is in it would hold up the clients that are rung.
        status, _ = await _read(reader)
        if status != "200":
            raise RuntimeError(f"The list was answered with status {status}.")


@asynccontextmanager
async def _visitors(
    side: Side, server: Server, count: int
) -> AsyncIterator[list[Visitor]]:
    gate = asyncio.Semaphore(AT_ONCE)
    arrivals = (_arrive(side, server, gate, number) for number in range(count))
    visitors = await asyncio.gather(*arrivals)
    stays = [asyncio.create_task(visitor.stay(side)) for visitor in visitors]
    try:
        yield visitors
    finally:
        for visitor in visitors:
            visitor.socket.transport.abort()
        await asyncio.gather(*stays, return_exceptions=True)


async def _arrive(
    side: Side, server: Server, gate: asyncio.Semaphore, number: int
) -> Visitor:
    async with gate:
        socket = await connect(
            f"ws://127.0.0.1:{server.port}{side.socket_path}",
            origin=ORIGIN,  # type: ignore[arg-type]
            compression=None,
            ping_interval=None,
            proxy=None,
            open_timeout=PATIENCE,
        )
        return Visitor(await side.arrive(socket, number), socket)


async def _ring_all(side: Side, server: Server, visitors: list[Visitor]) -> list[float]:
    """Ring at an even pace; the client's garbage collector is kept out of it."""
    agent = await asyncio.open_connection("127.0.0.1", server.port)
    tokens = [side.agent_token(number) for number in range(len(visitors))]
    gc.collect()
    gc.disable()
    try:
        latencies = []
        due = time.perf_counter()
        for visitor, token in zip(visitors, tokens, strict=True):
            due += PACE
            await asyncio.sleep(due - time.perf_counter())
            request = _request(side, token, visitor)
            latencies.append(await _ring(side, server, agent, request, visitor))
        return latencies
    finally:
        gc.enable()
        agent[1].close()


async def _ring(
    side: Side,
    server: Server,
    agent: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    request: bytes,
    visitor: Visitor,
) -> float:
    reader, writer = agent
    visitor.rung = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(PATIENCE):
        sent = time.perf_counter()
        writer.write(request)
        call = await _answer(reader)
        answered = time.perf_counter()
        window = await side.open_window(server, call)
        if window is None:
            return await visitor.rung - sent
        socket, hello = window
        sent += time.perf_counter() - answered
        await socket.send(hello)
        rung = await visitor.rung
        socket.transport.abort()
        return rung - sent


def _request(side: Side, token: str, visitor: Visitor) -> bytes:
    """Write a request by hand: an HTTP client would take longer than the servers."""
    body = json.dumps({"visitorId": visitor.id, "kind": "screen"})
    return (
        f"POST {side.ring_path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {ORIGIN}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def _answer(reader: asyncio.StreamReader) -> t.Any:
    status, body = await _read(reader)
    if status != "201":
        raise RuntimeError(f"The ring was answered with: {body.decode()}")
    return json.loads(body)


async def _read(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return head.split(" ", 2)[1], await reader.readexactly(length)
