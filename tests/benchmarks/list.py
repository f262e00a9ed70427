"""What a long list that changes all the time costs, in the browser and on the servers.

The service and the application run in processes of their own; this one has visitors
that go from page to page, agents that watch as their pages do (a socket for ticks, the
list at most once a second), and one real agent's page in a browser. The peer is the
same with a screenful of users.
"""

from __future__ import annotations

import asyncio
import json
import math
import statistics
import time
import typing as t
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
from playwright.async_api import Browser
from playwright.async_api import CDPSession
from playwright.async_api import Page
from playwright.async_api import async_playwright

from ..browser.chromium import find_chromium
from ..browser.conftest import QUIET
from . import crowd
from . import servers
from .table import Aim
from .table import Row

USERS = 10_000
FEW = 50
AGENTS = 100
#: Changes in a second.
CHANGES = 200
#: Seconds before anything is measured, for a page that has just been loaded.
REST = 5.0
#: Milliseconds in which a page has to be live, also while much else goes on.
PATIENCE = 120_000
#: Seconds of a browser's trace that are read at once.
SLICE = 20.0
#: What a task of the page may take, in ms.
LONGEST = Aim(100, "most")
PATH = "/chatvisor/users"
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Watch:
    """A way in which the list is watched.

    :ivar rows: on one page.
    :ivar seconds: for how long, after it has come to rest.
    :ivar policy: whether the application decides who sees whom.
    """

    rows: int = 50
    seconds: float = 40.0
    policy: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What watching found.

    :ivar longest: task of the page, in ms of the processor; ``lasted`` by the clock,
        which other programs that keep the processor busy have a part in.
    :ivar heap: MB of JavaScript at the end, after a collection; ``growth`` since the
        beginning.
    :ivar application: share of a core; likewise ``service``.
    :ivar wait: for a list, in ms: the median; ``longest_wait`` of a hundred.
    :ivar late: share of the lists that came too late, or not at all.
    """

    longest: float
    lasted: float
    heap: float
    growth: float
    nodes: float
    application: float
    service: float
    wait: float
    longest_wait: float
    late: float


def measure() -> list[Row]:
    """Watch a short list and a long one, and the long one's harder cases."""
    servers.allow_files(USERS + AGENTS + 200)
    (peer,) = asyncio.run(_watch_all(FEW, [Watch()]))
    watches = [
        Watch(seconds=300.0),
        Watch(rows=200),
        Watch(rows=1000),
        Watch(policy=True),
    ]
    ours, more, most, chosen = asyncio.run(_watch_all(USERS, watches))
    return [
        *_of_the_page("list", ours, peer, Aim(1, "more")),
        *_of_the_servers("list", ours, peer),
        *_of_the_page("200 rows", more, peer),
        *_of_the_page("1,000 rows", most, peer),
        *_of_the_page("policy", chosen, peer),
        *_of_the_servers("policy", chosen, peer),
    ]


def _of_the_page(
    name: str, ours: Result, peer: Result, growth: Aim | None = None
) -> list[Row]:
    return [
        _row(f"{name}, longest task, processor", "ms", ours, peer, "longest", LONGEST),
        _row(f"{name}, longest task, clock", "ms", ours, peer, "lasted"),
        _row(f"{name}, heap", "MB", ours, peer, "heap"),
        _row(f"{name}, growth of the heap", "MB", ours, peer, "growth", growth),
        _row(f"{name}, nodes", "", ours, peer, "nodes"),
    ]


def _of_the_servers(name: str, ours: Result, peer: Result) -> list[Row]:
    return [
        _row(f"{name}, application, of a core", "%", ours, peer, "application"),
        _row(f"{name}, service, of a core", "%", ours, peer, "service"),
        _row(f"{name}, answer, p50", "ms", ours, peer, "wait"),
        _row(f"{name}, answer, p99", "ms", ours, peer, "longest_wait"),
        _row(f"{name}, answers that are late", "%", ours, peer, "late"),
    ]


def _row(
    figure: str,
    unit: str,
    ours: Result,
    peer: Result,
    field: str,
    aim: Aim | None = None,
) -> Row:
    values = getattr(ours, field), getattr(peer, field)
    return Row(figure, unit, values[0], f"{FEW} users", values[1], aim)


async def _watch_all(users: int, watches: list[Watch]) -> list[Result]:
    with servers.our_service(IDENTITY_KEY=servers.IDENTITY_KEY) as service:
        async with (
            crowd.visitors(service, users) as visitors,
            crowd.changing(visitors, CHANGES),
        ):
            return [await _watch(service, watch) for watch in watches]


async def _watch(service: servers.Server, watch: Watch) -> Result:
    # In a thread: meanwhile the visitors go on.
    starting = servers.agents_application(service, policy=watch.policy)
    application = await asyncio.to_thread(starting.__enter__)
    try:
        # One of the agents is the browser.
        async with (
            crowd.watching(service, application, AGENTS - 1) as waits,
            _page(application, watch.rows) as (page, browser),
        ):
            await asyncio.sleep(REST)
            waits.clear()
            return await _measure(page, browser, (application, service), watch, waits)
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)


async def _measure(
    page: Page,
    browser: Browser,
    both: tuple[servers.Server, servers.Server],
    watch: Watch,
    waits: list[float],
) -> Result:
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    before, _ = await _heap(session)
    spent = [_cpu(server.process) for server in both]
    started = time.perf_counter()
    longest, lasted = await _longest_tasks(page, browser, watch.seconds)
    passed = time.perf_counter() - started
    application, service = (
        100 * (_cpu(server.process) - s) / passed
        for server, s in zip(both, spent, strict=True)
    )
    after, nodes = await _heap(session)
    came = [1000 * wait for wait in waits if wait < math.inf] or [0.0]
    return Result(
        longest=longest,
        lasted=lasted,
        heap=after,
        growth=max(0.01, after - before),
        nodes=nodes,
        application=application,
        service=service,
        wait=statistics.median(came),
        longest_wait=sorted(came)[len(came) * 99 // 100],
        late=100 * waits.count(math.inf) / max(1, len(waits)),
    )


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


async def _heap(session: CDPSession) -> tuple[float, float]:
    await session.send("HeapProfiler.collectGarbage")
    answer = await session.send("Performance.getMetrics")
    metrics = {one["name"]: one["value"] for one in answer["metrics"]}
    return metrics["JSHeapUsedSize"] / MB, metrics["Nodes"]


async def _longest_tasks(
    page: Page, browser: Browser, seconds: float
) -> tuple[float, float]:
    """Find the longest task of the page's thread: in ms of the processor, and of time.

    :raises RuntimeError: if this browser does not tell.
    """
    tasks: list[tuple[float, float]] = []
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        await browser.start_tracing(page=page, categories=[_TASKS])
        await asyncio.sleep(min(SLICE, left))
        tasks += _tasks(json.loads(await browser.stop_tracing()))
    if not tasks:
        raise RuntimeError("This browser does not tell what its tasks take.")
    return max(cpu for cpu, _ in tasks), max(clock for _, clock in tasks)


_TASKS = "disabled-by-default-devtools.timeline"


def _tasks(trace: dict[str, t.Any]) -> list[tuple[float, float]]:
    events = trace["traceEvents"]
    pages = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    return [
        (one["tdur"] / 1000, one["dur"] / 1000)
        for one in events
        if one["name"] == "RunTask"
        and (one["pid"], one["tid"]) in pages
        and "tdur" in one
    ]


@asynccontextmanager
async def _page(
    application: servers.Server, rows: int
) -> AsyncIterator[tuple[Page, Browser]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(QUIET)
        )
        page = await browser.new_page()
        await page.goto(f"{application.url}/sign-in/3")
        await page.goto(f"{application.url}{PATH}?page_size={rows}")
        live = "[data-chatvisor-connection=live]"
        await page.wait_for_selector(live, timeout=PATIENCE)
        yield page, browser
        await browser.close()
