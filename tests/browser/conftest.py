"""A real Chromium, and pages whose errors fail the test that opened them."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import Playwright
from playwright.sync_api import sync_playwright

from .chromium import find_chromium
from .desk import desk as desk
from .desk import service as service
from .tagged import portal as portal
from .tagged import visit as visit

#: Without these Chromium looks for hosts on the internet at each start.
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The machine's own addresses in WebRTC candidates, not names to be resolved.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
HERE = Path(__file__).parent
RESULTS = Path("test-results")

Launch = Callable[..., Browser]
OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Launch]:
    """``launch(*flags, without=())``: a Chromium with these flags, shared by all."""
    browsers: dict[tuple[object, ...], Browser] = {}

    def launch(*flags: str, without: tuple[str, ...] = ()) -> Browser:
        key = (flags, without)
        if key not in browsers:
            browsers[key] = playwright.chromium.launch(
                executable_path=find_chromium(),
                args=[*QUIET, *flags],
                ignore_default_args=list(without),
            )
        return browsers[key]

    yield launch
    for browser in browsers.values():
        browser.close()


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Browser:
    return launch()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


_failed = pytest.StashKey[bool]()


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """``open_page(url, browser=…, **context)``: a page in a context of its own.

    A script error in any of its windows fails the test; when a test has failed, the
    pictures of all its windows are in ``test-results``.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(
        url: str | None = None, *, browser: Browser = browser, **options: object
    ) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        page = context.new_page()
        if url is not None:
            page.goto(url)
        return page

    yield open_page
    if request.node.stash.get(_failed, False):
        _take_pictures(request.node.name, contexts)
    for context in contexts:
        context.close()
    assert errors == []


def _take_pictures(test: str, contexts: list[BrowserContext]) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = re.sub(r"[^\w-]+", "-", test)
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages):
        page.screenshot(path=RESULTS / f"{name}-{number}.png")
