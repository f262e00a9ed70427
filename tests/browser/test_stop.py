"""A customer's Stop works while the service is away, and sharing ends without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from flask_chatvisor.service.settings import Timings

from .conftest import Launch
from .conftest import OpenPage
from .support import GREEN
from .support import ServiceProcess
from .support import Site
from .support import expect_state
from .support import expect_to_see
from .support import paint
from .support import service_process
from .support import serving
from .support import until
from .support import window_by_click

TITLE = "Northwind"
JOHN = {"id": "1", "email": "john@example.com", "firstname": "John"}
SIGN = "chatvisor-sign"
STOP = f"{SIGN} [data-chatvisor-stop]"
ACCEPT = "chatvisor-invitation [data-chatvisor-accept]"
PAGE = "<title>%s - " + TITLE + "</title><h1>Page</h1><script src='%s'></script>"
START = """(id) => {
  const button = document.createElement("button");
  button.onclick = () => { CV.calling.startScreen(id); };
  document.body.replaceChildren(button);
}"""


@dataclass
class Scene:
    """A live call: the customer's page, both call windows, and what they need."""

    site: Site
    elsewhere: Site
    john: Page
    agent: Page
    visitor: Page
    service: ServiceProcess

    def expect_the_end(self, reason: str) -> None:
        """Wait until the customer's window has let go of the screen."""
        expect_state(self.visitor, "ended", reason)
        screen = "document.querySelector('[data-part=preview]').srcObject"
        assert self.visitor.evaluate(screen) is None
        states = self.visitor.evaluate("captured.map((one) => one.readyState)")
        assert states == ["ended"]


#: Remembers what a page captures.
CAPTURE = """() => {
  window.captured = [];
  const whole = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getDisplayMedia = async (...options) => {
    const stream = await whole(...options);
    window.captured.push(...stream.getTracks());
    return stream;
  };
}"""


#: Counts the questions whether the service is there, and the connections from now on.
COUNT = """() => {
  window.asked = 0;
  window.opened = 0;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    if (JSON.parse(text).type === "ping") window.asked++;
    send.call(this, text);
  };
  window.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
      window.opened++;
    }
  };
}"""


@pytest.fixture
def sharing(launch: Launch) -> Browser:
    return launch(
        f"--auto-select-tab-capture-source-by-title={TITLE}",
        without=("--disable-popup-blocking",),
    )


@pytest.fixture
def scene(sharing: Browser, open_page: OpenPage) -> Iterator[Scene]:
    with ExitStack() as stack:
        elsewhere = stack.enter_context(serving({"/": "<title>Elsewhere</title>"}))
        site = stack.enter_context(serving({}))
        timings = Timings(lost_grace=1, heartbeat=0.5)
        service = stack.enter_context(
            service_process(timings, origins=frozenset({site.url}))
        )
        for path in ("/", "/other"):
            site.pages[path] = PAGE % (path, service.script)
        # Without the title, because the browser's picker takes any tab that has it.
        script = f"<script src='{service.script}'></script>"
        site.pages["/agent"] = f"<title>Agent</title>{script}"
        site.pages["/plain"] = f"<title>Plain - {TITLE}</title>"
        yield _live(site, elsewhere, service, open_page, sharing)


def _live(
    site: Site,
    elsewhere: Site,
    service: ServiceProcess,
    open_page: OpenPage,
    sharing: Browser,
) -> Scene:
    john = open_page(browser=sharing)
    john.context.add_init_script(
        f"""if (location.pathname !== "/out") {{
          window.CVLoaded ??= () => CV.user.tag({json.dumps(JOHN)});
        }}"""
    )
    john.goto(f"{site.url}/")
    mary = open_page(f"{site.url}/agent", browser=sharing)
    mary.evaluate("token => CV.rest.auth(token)", service.token())
    until(mary, "CV.user.status('1').then((user) => user.visitorId)")
    visitor_id = mary.evaluate("CV.user.status('1').then((user) => user.visitorId)")
    mary.evaluate(START, visitor_id)
    agent = window_by_click(mary, "button")
    visitor = window_by_click(john, ACCEPT)
    visitor.evaluate(CAPTURE)
    visitor.click("[data-chatvisor-share]")
    paint(john, GREEN)
    expect_state(agent, "live")
    expect_to_see(agent, GREEN)
    expect(john.locator(SIGN)).to_contain_text("Mary")
    return Scene(site, elsewhere, john, agent, visitor, service)


def test_stop_on_the_page_ends_the_sharing_while_the_service_is_away(
    scene: Scene,
) -> None:
    scene.service.stop()
    scene.john.click(STOP)
    scene.expect_the_end("visitor-ended")
    expect(scene.john.locator(SIGN)).to_have_count(0)


def test_stop_in_another_tab_ends_it_too(scene: Scene) -> None:
    other = scene.john.context.new_page()
    other.goto(f"{scene.site.url}/other")
    expect(other.locator(SIGN)).to_contain_text("Mary")
    scene.service.stop()
    other.click(STOP)
    scene.expect_the_end("visitor-ended")


def test_a_page_that_is_opened_while_the_service_is_away_has_sign_and_stop(
    scene: Scene,
) -> None:
    scene.service.stop()
    scene.john.goto(f"{scene.site.url}/other")  # the script is in the browser's cache
    expect(scene.john.locator(SIGN)).to_contain_text("Mary")
    scene.john.click(STOP)
    scene.expect_the_end("visitor-ended")


def test_a_sign_out_ends_the_sharing_while_the_service_is_away(scene: Scene) -> None:
    scene.site.pages["/out"] = PAGE % ("Out", scene.service.script)
    scene.service.stop()
    scene.john.goto(f"{scene.site.url}/out")
    scene.john.evaluate("CV.user.reset()")
    scene.expect_the_end("visitor-ended")


def test_windows_without_the_service_let_go_by_themselves(scene: Scene) -> None:
    scene.john.goto(f"{scene.site.url}/plain")
    scene.service.stop()
    scene.expect_the_end("connection-lost")
    expect_state(scene.agent, "ended", "connection-lost")


def test_a_quiet_window_asks_and_keeps_its_connection(scene: Scene) -> None:
    for window in (scene.agent, scene.visitor):
        window.evaluate(COUNT)
        until(window, "asked > 4")
        assert window.evaluate("opened") == 0


def test_windows_let_go_when_the_service_hangs(scene: Scene) -> None:
    scene.service.hang()
    scene.expect_the_end("connection-lost")
    expect_state(scene.agent, "ended", "connection-lost")


def test_a_page_of_another_origin_learns_and_stops_nothing(scene: Scene) -> None:
    call_id = scene.visitor.url.rpartition("/")[2].partition("?")[0]
    scene.john.goto(scene.elsewhere.url)
    scene.john.evaluate(
        """(callId) => {
          window.heard = [];
          window.addEventListener("message", ({ data, source }) => {
            window.heard.push(data);
            source.postMessage({ chatvisor: "page" }, "*");
            source.postMessage({ chatvisor: "stop", callId }, "*");
          });
        }""",
        call_id,
    )
    until(scene.john, "heard.length > 1")
    assert scene.john.evaluate("heard.every((one) => Object.keys(one).length === 1)")
    expect_state(scene.visitor, "live")


def test_an_ended_window_keeps_no_secret_and_still_says_how_it_ended(
    scene: Scene,
) -> None:
    scene.visitor.click("[data-chatvisor-stop]")
    for window in (scene.agent, scene.visitor):
        expect_state(window, "ended", "visitor-ended")
        (kept,) = window.evaluate("Object.values(sessionStorage)")
        assert kept.startswith("ended ")
        window.reload()
        expect_state(window, "ended", "visitor-ended")
