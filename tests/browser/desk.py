"""An application with a fake service, and agents' pages of it."""

from __future__ import annotations

import json
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager

import pytest
from flask import Flask
from flask import Response
from flask import render_template_string
from flask import send_file
from playwright.sync_api import Page
from playwright.sync_api import Request
from playwright.sync_api import expect
from werkzeug.serving import make_server

from flask_chatvisor.extension import Chatvisor
from tests.conftest import make_application

from ..doubles.service import FakeService
from ..doubles.service import active_user
from .packages import package_file

HTMX = "htmx-2/dist/htmx.min.js"
IMPORT = (
    '{% from "chatvisor/macros.html" import'
    " start_button, user_status, active_users, conference_button %}"
)
PROFILE = (
    "<!doctype html><title>Customer</title><body><h1>Customer</h1>"
    '{{ user_status("john@example.com") }} {{ start_button(query="john@example.com") }}'
    '{{ user_status("jane@example.com") }} {{ start_button(query="jane@example.com") }}'
)
MACROS = (
    "<!doctype html><html lang=en><title>Customers</title>"
    "<main><h1>Customers</h1>{{ active_users() }}"
    "<p>{{ user_status('v-1') }} {{ start_button(query='v-1') }}</p>"
    "<p>{{ user_status('v-3') }} {{ start_button(query='v-3', class_='own') }}</p>"
    "<p class=host>Text, <a class=host href=#>a link</a>,"
    " <button class=host>a button</button></p>"
    "<table class=host><tr><th class=host>Head</th><td class=host>Cell</td></table>"
    "<ul class=host><li class=host>Item</li></ul></main>"
)
CROWD = (
    "<!doctype html><title>Customers</title><body><h1>Customers</h1>"
    "{% for n in range(970, 1000) %}<p>{{ start_button(query=n) }}</p>{% endfor %}"
)
#: A page of the application, with nothing of the extension until it is inserted.
FRAME = (
    "<!doctype html><html lang=en><title>Customers</title><body>"
    """<meta name=htmx-config content='{"includeIndicatorStyles": false}'>"""
    "<script src=/htmx.js></script><h1>Customers</h1>"
    '<button hx-get="/part/list" hx-target="#here">List</button>'
    '<button hx-get="/part/user" hx-target="#there">User</button>'
    '<button hx-get="/part/start" hx-target="#there">Start</button>'
    "<main id=here></main><p id=there></p>"
)
PARTS = {
    "list": "{{ active_users() }}",
    "user": "{{ user_status('v-1') }} {{ start_button(query='v-1') }}",
    "start": "{{ start_button('v-1') }}",
}
HELP = (
    "<!doctype html><html lang=en><title>Portal</title><body>"
    "<main><h1>Portal</h1>{{ conference_button() }}</main></body>"
)


class Desk:
    """An application with its fake service, and agents' pages of it.

    :ivar asked: method and URL of what the pages asked the application, in order.
    """

    def __init__(
        self, url: str, service: FakeService, open_page: Callable[..., Page]
    ) -> None:
        self.url = url
        self.service = service
        self.asked: list[Request] = []
        self.complaints: list[str] = []
        self._open_page = open_page

    def page(
        self, path: str = "/chatvisor/users", user: str = "3", **fake: t.Any
    ) -> Page:
        """A signed-in user's page; ``fake`` is what the page's fake script knows."""
        page = self._open_page()
        page.on("console", self._hear)
        if fake:
            page.add_init_script(f"window.fakeCV = {json.dumps(fake)}")
        page.goto(f"{self.url}/sign-in/{user}")
        page.on("request", self._note)
        page.goto(self.url + path)
        return page

    def paths(self, end: str) -> list[Request]:
        """What was asked of the paths that end so."""
        return [request for request in self.asked if request.url.endswith(end)]

    def _note(self, request: Request) -> None:
        if request.resource_type == "fetch":
            self.asked.append(request)

    def _hear(self, message: t.Any) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)


OpenDesk = Callable[..., Desk]


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    service.users = [active_user("v-1", "John Doe"), active_user("v-2", "Jane Roe")]
    yield service
    service.close()


@pytest.fixture
def desk(service: FakeService, open_page: Callable[..., Page]) -> Iterator[OpenDesk]:
    """``desk(script=…, **keys)``: start the application; a strict policy everywhere."""
    desks: list[Desk] = []
    with ExitStack() as running:

        def open_desk(
            script: str = "with-agent",
            chatvisor: Chatvisor | None = None,
            **keys: t.Any,
        ) -> Desk:
            app = application(service, script, chatvisor, keys)
            url = running.enter_context(served(app))
            desks.append(Desk(url, service, open_page))
            return desks[-1]

        yield open_desk
    assert [desk.complaints for desk in desks] == [[] for _ in desks]


def application(
    service: FakeService,
    script: str,
    chatvisor: Chatvisor | None,
    keys: dict[str, t.Any],
) -> Flask:
    """An application whose agents see the users of a fake service."""
    given: dict[str, t.Any] = {
        "SCRIPT_URL": f"{service.url}/cdn/js/{script}.js",
        "API_URL": service.url,
        "API_TOKEN": "secret-api-token-of-the-tests-32b!",
        "CACHE_SECONDS": 0,
    }
    app, chatvisor = make_application(chatvisor, **given | keys)
    app.add_url_rule("/help", "help", lambda: render_template_string(IMPORT + HELP))
    app.add_url_rule(
        "/customer", "customer", lambda: render_template_string(IMPORT + PROFILE)
    )
    app.add_url_rule(
        "/macros", "macros", lambda: render_template_string(IMPORT + MACROS)
    )
    app.add_url_rule("/crowd", "crowd", lambda: render_template_string(IMPORT + CROWD))
    app.add_url_rule("/frame", "frame", lambda: FRAME)
    app.add_url_rule("/htmx.js", "htmx", lambda: send_file(package_file(HTMX)))
    app.add_url_rule(
        "/part/<name>",
        "part",
        lambda name: render_template_string(IMPORT + PARTS[name]),
    )
    app.add_url_rule("/call-window", "call", lambda: "<title>Call</title>")

    @app.after_request
    def set_policy(response: Response) -> Response:
        sources = {"default-src": ["'none'"], **chatvisor.csp()}
        response.headers["Content-Security-Policy"] = "; ".join(
            " ".join([directive, *allowed]) for directive, allowed in sources.items()
        )
        return response

    return app


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application until the block is left; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def tick(page: Page) -> None:
    """The service says that something changed."""
    page.evaluate("fakeCV.tick(fakeCV.ticks = (fakeCV.ticks ?? 0) + 1)")


def connection(page: Page) -> t.Any:
    return page.locator("[data-chatvisor-connection]").first


def live(page: Page) -> Page:
    """The page, once its socket is there and its first answer too."""
    expect(connection(page)).to_have_text("Live")
    return page
