"""What a long list that changes all the time costs, in the browser and on the servers.

The service and the application run in processes of their own; this one has visitors
that go from page to page, agents that watch as their pages do (a socket for ticks, the
list at most once a second), and one real agent's page in a browser. The peer is the
same with a screenful of users.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import typing as t
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
import requests
from playwright.async_api import CDPSession
from playwright.async_api import Page
from playwright.async_api import async_playwright
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect

from ..browser.chromium import find_chromium
from ..browser.conftest import QUIET
from . import servers
from .sides import Ours
from .table import Aim
from .table import Row

USERS = 10_000
FEW = 50
AGENTS = 100
#: Changes in a second.
CHANGES = 200
#: Seconds for which the list is watched, after it has come to rest.
SECONDS = 300.0
SECONDS_OF_PEER = 60.0
REST = 5.0
#: Connections that are being made at once.
AT_ONCE = 50
PATH = "/chatvisor/users"
MB = 1024 * 1024
#: A browser reports no task that is shorter, in ms.
SHORTEST = 50.0

LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) =>
    longTasks.push(...list.getEntries().map((task) => task.duration))
).observe({type: "longtask"});
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What watching found.

    :ivar longest: task of the page, in ms.
    :ivar heap: MB of JavaScript at the end, after a collection; ``growth`` since the
        beginning.
    :ivar application: share of a core; likewise ``service``.
    """

    longest: float
    heap: float
    growth: float
    nodes: float
    application: float
    service: float


def measure() -> list[Row]:
    """Watch a long list and a short one."""
    servers.allow_files(USERS + AGENTS + 200)
    peer = asyncio.run(_watch(FEW, SECONDS_OF_PEER))
    ours = asyncio.run(_watch(USERS, SECONDS))
    name = f"{FEW} users"
    return [
        Row(
            "list, longest task",
            "ms",
            ours.longest,
            name,
            peer.longest,
            Aim(50, "more"),
        ),
        Row("list, heap", "MB", ours.heap, name, peer.heap),
        Row(
            "list, growth of the heap",
            "MB",
            ours.growth,
            name,
            peer.growth,
            Aim(1, "more"),
        ),
        Row("list, nodes", "", ours.nodes, name, peer.nodes),
        Row("application, of a core", "%", ours.application, name, peer.application),
        Row("service, of a core", "%", ours.service, name, peer.service),
    ]


async def _watch(users: int, seconds: float) -> Result:
    with (
        servers.our_service(IDENTITY_KEY=servers.IDENTITY_KEY) as service,
        servers.agents_application(service) as application,
    ):
        async with (
            _visitors(service, users) as visitors,
            _changing(visitors),
            _watching(service, application),
            _page(application) as (page, session),
        ):
            return await _measure(page, session, application, service, seconds)


async def _measure(
    page: Page,
    session: CDPSession,
    application: servers.Server,
    service: servers.Server,
    seconds: float,
) -> Result:
    await asyncio.sleep(REST)
    await page.evaluate("longTasks.length = 0")
    before, _ = await _heap(session)
    both = (application.process, service.process)
    spent = [_cpu(process) for process in both]
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    lasted = time.perf_counter() - started
    shares = [100 * (_cpu(p) - s) / lasted for p, s in zip(both, spent, strict=True)]
    after, nodes = await _heap(session)
    longest = max([SHORTEST, *await page.evaluate("longTasks")])
    return Result(longest, after, max(0.01, after - before), nodes, *shares)


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


async def _heap(session: CDPSession) -> tuple[float, float]:
    await session.send("HeapProfiler.collectGarbage")
    answer = await session.send("Performance.getMetrics")
    metrics = {one["name"]: one["value"] for one in answer["metrics"]}
    return metrics["JSHeapUsedSize"] / MB, metrics["Nodes"]


@asynccontextmanager
async def _page(
    application: servers.Server,
) -> AsyncIterator[tuple[Page, CDPSession]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(QUIET)
        )
        page = await browser.new_page()
        await page.add_init_script(LONG_TASKS)
        await page.goto(f"{application.url}/sign-in/3")
        await page.goto(f"{application.url}{PATH}")
        await page.wait_for_selector("[data-chatvisor-connection=live]")
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        yield page, session
        await browser.close()


# --- visitors


@asynccontextmanager
async def _visitors(
    service: servers.Server, count: int
) -> AsyncIterator[list[ClientConnection]]:
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
async def _changing(visitors: list[ClientConnection]) -> AsyncIterator[None]:
    async def change() -> None:
        due = time.perf_counter()
        for number in range(10**9):
            due += 1 / CHANGES
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
async def _watching(
    service: servers.Server, application: servers.Server
) -> AsyncIterator[None]:
    session = requests.Session()
    session.get(f"{application.url}/sign-in/3", timeout=10)
    cookie = "; ".join(f"{one.name}={one.value}" for one in session.cookies)
    answer = requests.post(
        f"{service.url}/rest/v1/usertoken",
        json={"email": "mary@example.com", "ttl": 3600, "scope": ["presence"]},
        headers={"Authorization": f"Bearer {servers.API_TOKEN}"},
        timeout=10,
    )
    token = answer.json()["token"]
    # One of them is the browser.
    agents = [_agent(service, application, token, cookie) for _ in range(AGENTS - 1)]
    async with _running(agents):
        yield


async def _agent(
    service: servers.Server, application: servers.Server, token: str, cookie: str
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
            await _look(application, newest, cookie)
            newest = 0


async def _look(application: servers.Server, tick: int, cookie: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", application.port)
    path = f"/chatvisor/users.json?page=1&page_size=50&tick={tick}"
    head = f"Host: 127.0.0.1:{application.port}\r\nCookie: {cookie}\r\n"
    writer.write(f"GET {path} HTTP/1.0\r\n{head}\r\n".encode())
    answer = await reader.read()
    status, _, body = answer.partition(b"\r\n")
    writer.close()
    if b" 200 " not in status or b'"users"' not in body:
        raise RuntimeError(f"The application answered: {answer[:300].decode()}")


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
