"""Applications with tagged pages, and the calls that the service's script gets."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import field

import pytest
from flask import Flask
from flask import Response
from flask import request
from playwright.sync_api import Page

from tests.conftest import make_application

from ..doubles.service import FakeService
from .desk import served
from .support import until

if t.TYPE_CHECKING:
    from .conftest import OpenPage

Call = tuple[str, str | None]
JOHN: Call = ("user.tag", "1")
JANE: Call = ("user.tag", "2")
RESET: Call = ("user.reset", None)
#: The calls that the service's script got, in order: the call, and the id of its tag.
CALLS = "(window.fakeCV?.calls ?? []).map((one) => [one.name, one.args[0]?.id ?? null])"


@dataclass
class Portal:
    """A running application.

    :ivar asked: how ``/me`` was asked: the ``Sec-Fetch-Site`` of each time.
    :ivar cached: pages, by path, that do not come fresh from the application.
    :ivar fails: make ``/me`` fail.
    """

    app: Flask
    url: str = ""
    asked: list[str | None] = field(default_factory=list)
    cached: dict[str, str] = field(default_factory=dict)
    fails: bool = False

    def page(self, html: str, path: str) -> None:
        self.app.add_url_rule(path, path, lambda: html)

    def sign_in(self, page: Page, user: str) -> None:
        """Sign in from elsewhere: the page stays as it is."""
        page.context.request.get(f"{self.url}/sign-in/{user}")

    def sign_out(self, page: Page) -> None:
        page.context.request.get(f"{self.url}/sign-out")


OpenPortal = Callable[..., Portal]


@pytest.fixture
def portal(service: FakeService) -> Iterator[OpenPortal]:
    """``portal(**keys)``: run the application of the tests with these keys."""
    with ExitStack() as running:

        def portal(**keys: t.Any) -> Portal:
            script = f"{service.url}/cdn/js/cloud.js"
            app = make_application(SCRIPT_URL=script, **keys)[0]
            portal = Portal(app)
            _watch(portal)
            app.add_url_rule("/other", "other", lambda: "<body>Other</body>")
            portal.url = running.enter_context(served(app))
            return portal

        yield portal


Visit = Callable[..., tuple[Portal, Page]]


@pytest.fixture
def visit(portal: OpenPortal, open_page: OpenPage) -> Visit:
    """``visit(**keys)``: an application, and John's page there, which is tagged."""

    def visit(**keys: t.Any) -> tuple[Portal, Page]:
        running = portal(**keys)
        page = open_page(f"{running.url}/sign-in/1")
        page.goto(running.url)
        expect_calls(page, JOHN)
        return running, page

    return visit


def _watch(portal: Portal) -> None:
    @portal.app.before_request
    def note() -> Response | None:
        if request.path in portal.cached:
            return Response(portal.cached[request.path], mimetype="text/html")
        if request.path != "/chatvisor/me":
            return None
        portal.asked.append(request.headers.get("Sec-Fetch-Site"))
        return Response(status=503) if portal.fails else None


def expect_calls(page: Page, *calls: Call) -> None:
    """Wait until the service's script has got exactly these calls."""
    until(page, f"JSON.stringify({CALLS}) === expected", expected=_json(calls))


def _json(calls: tuple[t.Any, ...]) -> str:
    return json.dumps(calls, separators=(",", ":"))
