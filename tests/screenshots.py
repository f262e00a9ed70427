"""Take the manual's pictures: ``python -m tests.screenshots`` (``make screenshots``).

They show the example portal as it is: real customers' pages, a real call; then each
state of the agents' pages. Wide and narrow, light and dark go to ``docs/_static``; look
at them before they are committed.
"""

from __future__ import annotations

import tempfile
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import ViewportSize
from playwright.sync_api import sync_playwright

from .agent_states import take_states
from .browser.chromium import find_chromium
from .browser.conftest import QUIET
from .browser.portal import TITLE
from .browser.portal import Portal
from .browser.portal import running

PICTURES = Path("docs/_static")
WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=390, height=844)
LOOKS: dict[str, tuple[ViewportSize, t.Literal["light", "dark"]]] = {
    "": (WIDE, "light"),
    "-dark": (WIDE, "dark"),
    "-narrow": (NARROW, "light"),
    "-narrow-dark": (NARROW, "dark"),
}
LIVE = 'html[data-chatvisor-state="live"]'
JOHN = '[data-chatvisor-user]:has-text("john@example.com") [data-chatvisor-start]'


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _chromium() as launch:
        with running(Path(folder)) as portal:
            _take_all(portal, launch(), launch())
        take_states(launch(), PICTURES)


@contextmanager
def _chromium() -> Iterator[Callable[[], Browser]]:
    flag = f"--auto-select-tab-capture-source-by-title={TITLE}"
    with sync_playwright() as playwright:
        yield lambda: playwright.chromium.launch(
            executable_path=find_chromium(), args=[*QUIET, flag]
        )


def _take_all(portal: Portal, johns: Browser, browser: Browser) -> None:
    # A browser of his own: the picker takes any tab of the portal that it finds.
    john = _signed_in(portal, johns, "john", "/invoices")
    _signed_in(portal, browser, "jane", "/settings")
    for name in ("alice.archer", "elena.ellis", "hugo.hale", "maya.mercer"):
        _signed_in(portal, browser, name, "/invoices")
    helped = _signed_in(portal, browser, "noah.nolan", "/")
    mary = _signed_in(portal, browser, "mary", "/chatvisor/users")
    with helped.expect_popup() as asked:
        helped.click("[data-chatvisor-conference]")
    asked.value.wait_for_selector('html[data-chatvisor-state="waiting"]')
    _picture(asked.value, "waiting")
    helped.wait_for_selector("chatvisor-sign button")
    _picture(helped, "sign-waiting")
    mary.wait_for_selector(JOHN)
    _picture(mary, "agent-list")

    with mary.expect_popup() as opened:
        mary.click(JOHN)
    agents = opened.value
    agents.wait_for_selector('html[data-chatvisor-state="ringing"]')
    _picture(agents, "call-ringing")
    john.wait_for_selector("chatvisor-invitation [data-chatvisor-accept]")
    _picture(john, "invitation")
    with john.expect_popup() as accepted:
        john.click("chatvisor-invitation [data-chatvisor-accept]")
    visitors = accepted.value
    visitors.wait_for_selector("[data-chatvisor-share]")
    _picture(visitors, "call-choose")
    visitors.click("[data-chatvisor-share]")
    agents.wait_for_selector(LIVE)
    john.wait_for_selector("html[data-chatvisor-sharing] chatvisor-sign button")
    agents.wait_for_selector("text=00:03")  # the first frames are coarse
    _picture(agents, "call")
    _picture(visitors, "call-sharing")
    _picture(john, "sign-sharing")
    mary.goto(f"{portal.url}/customers/1")
    mary.wait_for_selector("[data-chatvisor-status]")
    _picture(mary, "profile")
    visitors.click("[data-chatvisor-stop]")
    agents.wait_for_selector('html[data-chatvisor-state="ended"]')
    _picture(agents, "call-ended")
    _picture(visitors, "call-stopped")


def _signed_in(portal: Portal, browser: Browser, name: str, path: str) -> Page:
    page = browser.new_context(viewport=WIDE).new_page()
    portal.sign_in(page, name)
    page.goto(portal.url + path)
    return page


def _picture(page: Page, name: str) -> None:
    for look, (size, scheme) in LOOKS.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=PICTURES / f"{name}{look}.png", animations="disabled")
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    main()
