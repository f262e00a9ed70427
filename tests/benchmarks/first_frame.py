"""How soon an agent sees the customer's screen.

Measured from the customer's click on the button that shares, in a window of its own, to
the agent's first rendered frame (``requestVideoFrameCallback``); both windows are open
and connected to the server before. With ours these are the windows of a real call; with
the peer two hand-written pages and a relay. Customer and agent have a browser each;
both sides share the same page, in turn, with the same settings. The clock is the
machine's, read in the pages: a millisecond fine.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from statistics import median

import requests
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import Playwright
from playwright.sync_api import sync_playwright

from ..browser.chromium import find_chromium
from ..browser.conftest import QUIET
from . import servers
from .table import Aim
from .table import Row

CALLS = 9
TITLE = "Customer's page"

#: Sees the click before the page does, and the frame as soon as it is there. On the
#: window: a pop-up replaces its first, empty document after this has run.
STOPWATCH = """
window.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-chatvisor-share]"))
    document.documentElement.dataset.clicked = Date.now();
}, true);
window.addEventListener("DOMContentLoaded", () => {
  const video = document.querySelector("video[data-chatvisor-screen]");
  video?.requestVideoFrameCallback(() => {
    document.documentElement.dataset.firstFrame = Date.now();
  });
});
"""

#: Opens both windows of a call: the customer's, and the agent's.
Open = Callable[[BrowserContext, BrowserContext], tuple[Page, Page]]


def measure() -> list[Row]:
    """Measure a few calls of both, in turn, after one of each that warms up."""
    with (
        servers.bare_server() as bare,
        servers.our_service() as service,
        sync_playwright() as playwright,
    ):
        browsers = _launch(playwright), _launch(playwright)
        pages = f"{bare.url}/pages"
        ours, peers = [], []
        for number in range(1 + CALLS):
            peers.append(_call(browsers, _open_bare(pages)))
            ours.append(_call(browsers, _open_ours(pages, service.url, number)))
    return [
        Row(
            "click to first frame",
            "ms",
            median(ours[1:]),
            "hand-written page",
            median(peers[1:]),
            Aim(2),
        )
    ]


def _launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(
        executable_path=find_chromium(),
        args=[*QUIET, f"--auto-select-tab-capture-source-by-title={TITLE}"],
    )


def _call(browsers: tuple[Browser, Browser], open_windows: Open) -> float:
    """Make one call.

    :return: milliseconds from the click to the first frame.
    """
    customers, agents = (browser.new_context() for browser in browsers)
    for context in (customers, agents):
        context.add_init_script(STOPWATCH)
    try:
        sharing, watching = open_windows(customers, agents)
        sharing.click("[data-chatvisor-share]")
        return _moment(watching, "first-frame") - _moment(sharing, "clicked")
    finally:
        agents.close()
        customers.close()


def _moment(page: Page, name: str) -> int:
    page.wait_for_selector(f"html[data-{name}]", state="attached")
    return int(t.cast(str, page.get_attribute("html", f"data-{name}")))


def _open_bare(pages: str) -> Open:
    def open_windows(
        customers: BrowserContext, agents: BrowserContext
    ) -> tuple[Page, Page]:
        customer = customers.new_page()
        customer.goto(f"{pages}/customer.html")
        sharing = _click_opens(customer, "[data-open]")
        watching = agents.new_page()
        watching.goto(f"{pages}/agent.html")
        for window in (sharing, watching):
            window.wait_for_selector("html[data-ready]", state="attached")
        return sharing, watching

    return open_windows


def _open_ours(pages: str, service: str, number: int) -> Open:
    def open_windows(
        customers: BrowserContext, agents: BrowserContext
    ) -> tuple[Page, Page]:
        customer = customers.new_page()
        user = f"first-frame-{number}"
        script = f"{service}/cdn/js/benchmark.js"
        customer.goto(f"{pages}/customer.html?id={user}&script={script}")
        watching = agents.new_page()
        watching.goto(_start_call(service, _visitor_id(customer, service, user)))
        sharing = _click_opens(customer, "[data-chatvisor-accept]")
        for window in (sharing, watching):
            window.wait_for_selector(
                "html[data-chatvisor-state=accepted]", state="attached"
            )
        return sharing, watching

    return open_windows


def _click_opens(page: Page, selector: str) -> Page:
    with page.expect_popup() as popup:
        page.click(selector)
    return popup.value


def _visitor_id(customer: Page, service: str, user: str) -> str:
    """Ask for the user until the tag has arrived."""
    url = f"{service}/rest/v1/customerstatus/{user}"
    for _ in range(100):
        answer = requests.get(url, headers=_bearer(servers.API_TOKEN), timeout=10)
        if answer.status_code != 404:
            return str(_json(answer)["visitorId"])
        customer.wait_for_timeout(50)
    raise RuntimeError(f"{user} did not become an active user.")


def _start_call(service: str, visitor_id: str) -> str:
    """Call a visitor as an agent.

    :return: the URL of the agent's call window.
    """
    mary = {"email": "mary@example.com", "name": "Mary Major", "ttl": 60}
    token = _post(f"{service}/rest/v1/usertoken", servers.API_TOKEN, mary)["token"]
    call = {"visitorId": visitor_id, "kind": "screen"}
    return str(_post(f"{service}/rest/v1/call", token, call)["url"])


def _post(url: str, token: str, body: dict[str, t.Any]) -> t.Any:
    return _json(requests.post(url, json=body, headers=_bearer(token), timeout=10))


def _json(answer: requests.Response) -> t.Any:
    answer.raise_for_status()
    return answer.json()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
