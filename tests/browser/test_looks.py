"""The macros under applications' style sheets; nothing leaks either way."""

from __future__ import annotations

import typing as t
from importlib.resources import files

import pytest
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import expect

from ..doubles.service import FakeService
from ..doubles.service import active_user
from ..doubles.service import ago
from .conftest import RESULTS
from .desk import OpenDesk
from .packages import package_file

BOOTSTRAP = files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css"
#: Tailwind's fonts are left out by the browser: Tailwind puts them in when it builds.
SHEETS: dict[str, t.Callable[[], str]] = {
    "unstyled": lambda: "",
    "bootstrap": lambda: BOOTSTRAP.read_text("utf-8"),
    "tailwind": lambda: _package("tailwindcss/preflight.css"),
    "pico": lambda: _package("@picocss/pico/css/pico.min.css"),
    "pico-classless": lambda: _package("@picocss/pico/css/pico.classless.min.css"),
}
START = "[data-chatvisor-user=v-1] [data-chatvisor-start]"
#: Every property of everything that is the page's own, and its place in the line.
OWN = """
() => Array.from(document.querySelectorAll(".host"), (element) => {
    const style = getComputedStyle(element);
    return Object.fromEntries(Array.from(style, (name) => [name, style[name]]));
})
"""


def _package(path: str) -> str:
    return package_file(path).read_text("utf-8")


def open_page(desk: OpenDesk, sheet: str, *, ours: bool = True) -> Page:
    """The page with the macros, under one of the sheets."""
    agents = desk()
    page = agents.page("/help")
    page.route(
        "**/host.css",
        lambda route: route.fulfill(body=SHEETS[sheet](), content_type="text/css"),
    )
    page.route("**/macros", _link)
    if not ours:
        page.route("**/chatvisor.css*", lambda route: route.abort())
    page.goto(f"{agents.url}/macros")
    return page


def _link(route: Route) -> None:
    page = route.fetch()
    link = "<link rel=stylesheet href=/host.css>"
    route.fulfill(response=page, body=page.text().replace("<main>", link + "<main>", 1))


def style(page: Page, selector: str, *names: str) -> dict[str, t.Any]:
    """What an element's properties come to."""
    return t.cast(
        "dict[str, t.Any]",
        page.locator(selector).first.evaluate(
            """(element, names) => Object.fromEntries(names.map((name) =>
                [name, getComputedStyle(element).getPropertyValue(name)]))""",
            names,
        ),
    )


@pytest.fixture
def crowd(service: FakeService) -> None:
    adam = {"name": "Adam", "email": "adam@example.com"}
    service.users = [
        active_user("v-1", "John Doe", labels=["vip", "business"]),
        active_user("v-2", "Jane Roe", waitingSince=ago(minutes=2)),
        active_user("v-3", "Alice Archer", inCall={"agent": adam, "since": None}),
    ]


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("sheet", SHEETS)
def test_the_macros_look_right(desk: OpenDesk, sheet: str) -> None:
    page = open_page(desk, sheet)
    RESULTS.mkdir(exist_ok=True)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=RESULTS / f"macros-{sheet}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 900})
    assert style(page, START, "border-width", "text-transform", "box-shadow") == {
        "border-width": "1px",
        "text-transform": "none",
        "box-shadow": "none",
    }
    box = page.locator(START).bounding_box()
    assert box is not None
    assert 30 <= box["height"] <= 48
    assert 40 <= box["width"] <= 120
    assert style(page, ".chatvisor-label", "list-style-type") == (
        {"list-style-type": "none"}
    )
    heading = style(page, ".chatvisor-cell-user", "background-color", "padding-top")
    assert heading["background-color"] != "rgb(255, 248, 225)"
    expect(page.locator("caption")).to_have_css("position", "absolute")


@pytest.mark.parametrize("sheet", SHEETS)
def test_nothing_of_the_page_changes_when_the_macros_come(
    desk: OpenDesk, sheet: str
) -> None:
    apart = ("block-size", "height", "perspective-origin", "transform-origin")
    found = []
    for ours in (True, False):
        page = open_page(desk, sheet, ours=ours)
        own = page.evaluate(OWN)
        found.append([{k: v for k, v in o.items() if k not in apart} for o in own])
    assert len(found[0]) == 8
    assert found[0] == found[1]
