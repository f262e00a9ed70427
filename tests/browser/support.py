"""What the browser tests of the service share: the service, pages, and pixels."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event

from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Page
from playwright.sync_api import expect

from flask_chatvisor.contract.tokens import sign_user
from flask_chatvisor.contract.urls import base_url
from flask_chatvisor.service import Settings
from flask_chatvisor.service import create_service
from flask_chatvisor.service.running.server import listen
from flask_chatvisor.service.running.server import make_server
from flask_chatvisor.service.settings import Timings

from .portal import free_port

API_TOKEN = "api-token-of-the-tests-32-bytes!!"
HOST = "127.0.0.1"

Colour = tuple[int, int, int]
GREEN: Colour = (10, 200, 30)
CRIMSON: Colour = (220, 20, 60)
BLUE: Colour = (20, 60, 220)


# --- the service --------------------------------------------------------------------


@dataclass(frozen=True)
class RunningService:
    """A service on a port of its own, in a thread."""

    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def script(self) -> str:
        return f"{self.url}/cdn/js/x.js"

    def token(
        self,
        email: str = "mary@example.com",
        name: str = "Mary Major",
        *,
        visitor_id: str | None = None,
        ttl: int = 600,
    ) -> str:
        """Mint an agent's user token, as an application's server would."""
        return sign_user(
            API_TOKEN,
            email=email,
            name=name,
            scope=("list", "call", "presence"),
            now=time.time(),
            ttl=ttl,
            visitor_id=visitor_id,
        )


@contextlib.contextmanager
def running_service(
    timings: Timings | None = None,
    *,
    port: int = 0,
    clock: Callable[[], float] = time.time,
    **settings: t.Any,
) -> Iterator[RunningService]:
    """Run a service until the block is left.

    :param timings: shorter ones than the defaults, for example.
    :param port: of a service that ran before, to come back there.
    :param settings: further ones of ``Settings``.
    """
    bound = listen(HOST, port)
    url = base_url(HOST, bound.getsockname()[1])
    chosen = Settings(
        api_tokens=(API_TOKEN,),
        url=url,
        timings=timings or Timings(),
        **settings,
    )
    started = threading.Event()
    server = make_server(create_service(chosen, clock=clock), on_start=started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    started.wait()
    try:
        yield RunningService(url)
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class ServiceProcess(RunningService):
    """A service in a process of its own."""

    process: BaseProcess

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()

    def hang(self) -> None:
        """Do nothing any more, while the kernel keeps the connections open."""
        os.kill(t.cast(int, self.process.pid), signal.SIGSTOP)


@contextlib.contextmanager
def service_process(timings: Timings, **settings: t.Any) -> Iterator[ServiceProcess]:
    """Run a service in a process of its own until the block is left.

    :param settings: further ones of ``Settings``.
    """
    port = free_port()
    url = base_url(HOST, port)
    chosen = Settings(
        api_tokens=(API_TOKEN,), port=port, url=url, timings=timings, **settings
    )
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    process = context.Process(target=_serve, args=(chosen, started))
    process.start()
    try:
        assert started.wait(20)
        yield ServiceProcess(url, process)
    finally:
        process.kill()
        process.join()


def _serve(settings: Settings, started: Event) -> None:
    server = make_server(create_service(settings), on_start=started.set)
    server.run(sockets=[listen(settings.host, settings.port)])


# --- pages of another origin --------------------------------------------------------


class Site:
    """A website of plain pages in memory.

    :ivar pages: path to HTML; change it as you like.
    :ivar headers: sent with every page.
    """

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = dict(pages)
        self.headers: dict[str, str] = {}
        handler = type("Handler", (_Handler,), {"site": self})
        self._server = ThreadingHTTPServer((HOST, 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05])
        self._thread.start()

    @property
    def url(self) -> str:
        """Another host than the service's: another origin, and another site."""
        return f"http://localhost:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        body = self.site.pages.get(path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        for name, value in self.site.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, format: str, *args: t.Any) -> None:
        pass


@contextlib.contextmanager
def serving(pages: Mapping[str, str]) -> Iterator[Site]:
    """Serve these pages until the block is left."""
    site = Site(pages)
    try:
        yield site
    finally:
        site.close()


# --- pixels -------------------------------------------------------------------------

#: Paints the page in one colour, with something that moves: a page that stands still
#: yields no new frames.
_PAINT = """([red, green, blue]) => {
  const cover = window.cover ?? document.createElement("div");
  cover.style.cssText = "position:fixed;inset:0;z-index:9;pointer-events:none";
  cover.style.background = `rgb(${red},${green},${blue})`;
  if (window.cover) return;
  window.cover = cover;
  const mark = cover.appendChild(document.createElement("i"));
  mark.style.cssText = "position:absolute;width:9px;height:9px;background:#fff";
  document.body.append(cover);
  let step = 0;
  (function move() {
    mark.style.left = `${step++ % 300}px`;
    requestAnimationFrame(move);
  })();
}"""

#: Whether the middle of the picture has this colour. A colour that went through a
#: video codec is off by up to about thirty.
_SEES = """([red, green, blue]) => {
  const video = document.querySelector("video[data-chatvisor-screen]");
  if (!video || !video.videoWidth) return false;
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const at = [canvas.width >> 1, canvas.height >> 1, 1, 1];
  const pixel = context.getImageData(...at).data;
  return [red, green, blue].every((want, i) => Math.abs(want - pixel[i]) <= 45);
}"""


def paint(page: Page, colour: Colour) -> None:
    """Cover a page with one colour that a camera would not miss."""
    page.evaluate(_PAINT, list(colour))


def expect_to_see(window: Page, colour: Colour) -> None:
    """Wait until the agent's call window shows this colour."""
    until(window, f"({_SEES})(colour)", colour=list(colour))


def until(page: Page, promise: str, **values: object) -> None:
    """Evaluate a promise in a page again and again until what it gives is truthy.

    Playwright's ``wait_for_function`` takes the promise itself for an answer, and needs
    a page whose policy lets it evaluate strings.

    :param values: names that the expression may use.
    """
    names = ", ".join(values)
    page.evaluate(
        f"""async ({{{names}}}) => {{
          const end = performance.now() + 20_000;
          while (!(await ({promise}))) {{
            if (performance.now() > end) throw new Error("It never came true.");
            await new Promise((resolve) => setTimeout(resolve, 20));
          }}
        }}""",
        values,
    )


# --- windows ------------------------------------------------------------------------


def expect_state(window: Page, state: str, reason: str | None = None) -> None:
    """Wait until a call window is in this state, and check how the call ended."""
    html = window.locator("html")
    expect(html).to_have_attribute("data-chatvisor-state", state, timeout=20_000)
    if reason is not None:
        expect(html).to_have_attribute("data-chatvisor-reason", reason)


def window_by_click(page: Page, selector: str) -> Page:
    """Click something that opens a window; return the window once it shows a page.

    Until then it is blank, and what is asked of it is lost with the blank page.
    """
    with page.expect_popup() as opened:
        page.click(selector)
    opened.value.wait_for_url(lambda url: url != "about:blank")
    return opened.value


def window_named(page: Page) -> str:
    """Read the name of a window."""
    name = page.evaluate("window.name")
    assert re.fullmatch(r"chatvisor-(agent|visitor)-.+", name)
    return str(name)


#: What Chromium's messages about a policy say, also about Trusted Types.
POLICY = re.compile("Content Security Policy|requires 'Trusted")


def violations_of(*pages: Page) -> list[str]:
    """What these pages, and the windows they open, do against their policies."""
    violations: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if POLICY.search(message.text):
            violations.append(message.text)

    for page in pages:
        page.context.on("console", note)
    return violations
