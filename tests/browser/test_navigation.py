"""Pages that htmx and Turbo put into a page: no second tag, and nobody who has gone."""

from __future__ import annotations

import pytest
from flask import Response
from flask import send_file
from flask_login import login_user
from flask_login import logout_user
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.conftest import USERS

from .conftest import OpenPage
from .packages import package_file
from .tagged import JANE
from .tagged import JOHN
from .tagged import RESET
from .tagged import OpenPortal
from .tagged import Portal
from .tagged import expect_calls

LIBRARIES = {
    "htmx 2": "htmx-2/dist/htmx.min.js",
    "htmx 4": "htmx.org/dist/htmx.min.js",
    "turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js",
}
LAYOUT = """<!doctype html><html><head><title>{title}</title>
<script src="/library.js"></script></head>
<body hx-boost="true" hx-boost:inherited="true">
<h1>{title}</h1>
<a href="/jane" id="jane">Change to Jane</a>
<a href="/leave" id="leave">Sign out</a>
<button hx-get="/fragment" hx-target="#part" id="load">Load</button>
<div id="part"></div>
<a href="/framed" data-turbo-frame="frame" id="frame-link">Load the frame</a>
<turbo-frame id="frame"></turbo-frame>
</body></html>"""


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def add_views(running: Portal, library: str) -> None:
    """Pages in one layout: who opens one, changes the user."""
    app = running.app

    @app.get("/library.js")
    def script() -> Response:
        return send_file(package_file(LIBRARIES[library]), mimetype="text/javascript")

    @app.get("/start")
    def start() -> str:
        return LAYOUT.format(title="Start")

    @app.get("/jane")
    def jane() -> str:
        login_user(USERS["2"])
        return LAYOUT.format(title="Jane's")

    @app.get("/leave")
    def leave() -> str:
        logout_user()
        return LAYOUT.format(title="Left")

    @app.get("/fragment")
    def fragment() -> str:
        return "<body><b>A fragment</b></body>"

    @app.get("/framed")
    def framed() -> str:
        frame = "<turbo-frame id='frame'><b>A fragment</b></turbo-frame>"
        return f"<html><body>{frame}</body></html>"


def go(page: Page, link: str, title: str) -> None:
    """Follow a link, and see that it is still the same window's document."""
    page.evaluate("() => { window.still = true }")
    page.click(link)
    expect(page.locator("h1")).to_have_text(title)
    assert page.evaluate("window.still") is True


@pytest.fixture
def johns(portal: OpenPortal, open_page: OpenPage, library: str) -> tuple[Portal, Page]:
    """John's page, with the library in it."""
    running = portal()
    add_views(running, library)
    page = open_page(f"{running.url}/sign-in/1")
    page.goto(f"{running.url}/start")
    expect_calls(page, JOHN)
    return running, page


def test_a_page_that_signs_another_user_in_is_noticed(
    johns: tuple[Portal, Page],
) -> None:
    _, page = johns
    go(page, "#jane", "Jane's")
    expect_calls(page, JOHN, RESET, JANE)


def test_a_page_that_signs_out_is_noticed_and_going_back_announces_nobody(
    johns: tuple[Portal, Page],
) -> None:
    _, page = johns
    go(page, "#leave", "Left")
    expect_calls(page, JOHN, RESET)
    with page.expect_response("**/chatvisor/me"):
        page.evaluate("() => { history.back() }")
    expect(page.locator("h1")).to_have_text("Start")
    assert page.evaluate("window.still") is True
    expect_calls(page, JOHN, RESET)


def test_who_signs_in_without_a_new_page_is_announced_if_identities_are_fetched(
    portal: OpenPortal, open_page: OpenPage, library: str
) -> None:
    running = portal(IDENTITY_DELIVERY="fetch")
    add_views(running, library)
    page = open_page(f"{running.url}/start")
    page.wait_for_function("window.fakeCV")
    go(page, "#jane", "Jane's")
    expect_calls(page, JANE)


def test_a_fragment_has_no_tag(johns: tuple[Portal, Page], library: str) -> None:
    running, page = johns
    button, path = "#load", "/fragment"
    if library == "turbo":
        button, path = "#frame-link", "/framed"
    with page.expect_response(f"{running.url}{path}") as answer:
        page.click(button)
    expect(page.locator("b")).to_have_text("A fragment")
    assert "chatvisor" not in answer.value.text()
    assert page.locator("script[src*='tag.js']").count() == 1
    expect_calls(page, JOHN)
