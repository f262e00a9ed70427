"""What customers see, in every language, and in two that make faults visible."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import expect

from .conftest import Launch
from .conftest import OpenPage
from .pseudo import CUT_OFF
from .pseudo import LONG
from .pseudo import MIRRORED
from .pseudo import speak_pseudo
from .support import GREEN
from .support import RunningService
from .support import Site
from .support import expect_state
from .support import paint
from .support import running_service
from .support import serving
from .support import until
from .support import violations_of
from .support import window_by_click

#: In every title of the site, and in no title of a call window.
TITLE = "Northwind"
INVITATION = "chatvisor-invitation"
ACCEPT = f"{INVITATION} [data-chatvisor-accept]"
SHARE = "[data-chatvisor-share]"
STOP = "[data-chatvisor-stop]"
JOHN = {"id": "1", "email": "john@example.com", "firstname": "John", "lastname": "Doe"}
NARROW = {"width": 390, "height": 844}
#: What is not the product's to translate.
DATA = {"John", "Doe", "Mary", "Major", "john", "mary", "example", "com", TITLE}

SHOWN = "element => element.innerText"


@pytest.fixture(scope="module")
def service() -> Iterator[RunningService]:
    with running_service() as service:
        yield service


@pytest.fixture(scope="module")
def site(service: RunningService) -> Iterator[Site]:
    """Pages for John, each of which is in the language of its address; one for Mary."""
    tag = f"window.CVLoaded = () => CV.user.tag({json.dumps(JOHN)})"
    script = f'<script src="{service.script}"></script>'
    phone = '<meta name="viewport" content="width=device-width">'
    pages = {
        f"/{lang}": f'<!doctype html><html lang="{lang}">{phone}<title>{TITLE}</title>'
        f"<script>{tag}</script>{script}"
        for lang in ("", "de", "de_AT", "de_AT.UTF-8", "en", "fr", LONG, MIRRORED)
    }
    marys = {
        f"/agent/{lang}": f'<!doctype html><html lang="{lang}"><title>Agent</title>'
        f"{script}"
        for lang in ("en", LONG, MIRRORED)
    }
    with serving({**pages, **marys}) as site:
        yield site


@pytest.fixture(scope="module")
def sharing(launch: Launch) -> Browser:
    """A browser whose picker takes the site's tab, without a person."""
    return launch(f"--auto-select-tab-capture-source-by-title={TITLE}")


class Ring:
    """John's page, and Mary's, from which she calls him.

    :ivar john: the page that was visited last.
    """

    def __init__(self, site: Site, service: RunningService, page: OpenPage) -> None:
        self._site = site
        self._service = service
        self._page = page
        self.john: Page

    def __call__(
        self, johns: str, marys: str = "en", **options: t.Any
    ) -> tuple[Page, Page]:
        """Ring, and give John's page and Mary's call window.

        :param johns: his page's language; Mary's is the other.
        :param options: of John's browser.
        """
        self.visit(self.page(**options), johns)
        return self.john, self.start(marys)

    def page(self, **options: t.Any) -> Page:
        page = self._page(viewport=NARROW, **options)
        speak_pseudo(page.context)
        return page

    def visit(self, john: Page, language: str) -> None:
        john.goto(f"{self._site.url}/{language}")
        self.john = john

    def start(self, language: str = "en") -> Page:
        mary = self.page()
        mary.goto(f"{self._site.url}/agent/{language}")
        mary.evaluate("token => CV.rest.auth(token)", self._service.token())
        self.john.wait_for_function("localStorage.getItem('chatvisor-visitor')")
        visitor = self.john.evaluate("JSON.parse(localStorage['chatvisor-visitor']).id")
        until(
            mary,
            "CV.user.status(visitor).then(user => user.visitorId)",
            visitor=visitor,
        )
        mary.evaluate(
            """visitor => {
              const button = document.createElement("button");
              document.body.append(button);
              button.onclick = () => { CV.calling.startScreen(visitor); };
            }""",
            visitor,
        )
        return window_by_click(mary, "button")


@pytest.fixture
def ring(
    site: Site, service: RunningService, sharing: Browser, open_page: OpenPage
) -> Ring:
    return Ring(site, service, partial(open_page, browser=sharing))


# --- which language -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "browsers", "language", "title"),
    [
        ("de", "en-US", "de", "Mary Major möchte Ihren Bildschirm sehen"),
        ("de_AT", "en-US", "de-AT", "Mary Major möchte Ihren Bildschirm sehen"),
        ("en", "de-DE", "en", "Mary Major would like to see your screen"),
        ("", "de-DE", "de-DE", "Mary Major möchte Ihren Bildschirm sehen"),
        ("fr", "de-DE", "de-DE", "Mary Major möchte Ihren Bildschirm sehen"),
        ("de_AT.UTF-8", "fr-FR", "en", "Mary Major would like to see your screen"),
        ("fr", "fr-FR", "en", "Mary Major would like to see your screen"),
    ],
)
def test_a_request_is_in_the_pages_language_or_the_browsers(
    ring: Ring, page: str, browsers: str, language: str, title: str
) -> None:
    john, _ = ring(page, locale=browsers)
    expect(john.locator(f"{INVITATION} h2")).to_have_text(title)
    expect(john.locator(INVITATION)).to_have_attribute("lang", language)
    expect(john.locator(INVITATION)).to_have_attribute("dir", "ltr")


def test_the_call_window_speaks_the_language_of_the_page(ring: Ring) -> None:
    john, agent = ring("de")
    visitor = window_by_click(john, ACCEPT)
    head = visitor.locator("h1")
    expect(head).to_have_text("Zeigen Sie Mary Major Ihren Bildschirm")
    expect(visitor.locator("html")).to_have_attribute("lang", "de")
    visitor.reload()
    expect(head).to_have_text("Zeigen Sie Mary Major Ihren Bildschirm")
    expect(agent.locator("h1")).to_have_text("John Doe is choosing what to share")
    expect(agent.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("asked", ["x-!", "constructor", "xx", "", "<b>", "__proto__"])
def test_a_link_with_an_unknown_language_is_in_the_browsers(
    service: RunningService, open_page: OpenPage, asked: str
) -> None:
    url = f"{service.url}/call/none?lang={asked}#ended=busy"
    window = open_page(url, locale="de-DE")
    words = "Diese Person ist in einem anderen Gespräch"
    expect(window.locator("h1")).to_have_text(words)
    expect(window.locator("html")).to_have_attribute("lang", "de-DE")


# --- how a language comes -----------------------------------------------------------

TITLES = {
    "de": "Mary Major möchte Ihren Bildschirm sehen",
    "en": "Mary Major would like to see your screen",
}


def expect_invitation(john: Page, language: str) -> None:
    invitation = john.locator(INVITATION)
    expect(invitation.locator("h2")).to_have_text(TITLES[language])
    expect(invitation).to_have_attribute("lang", language)


@pytest.mark.parametrize(
    ("page", "ever"), [("de", ["/static/latest/texts/de.js"]), ("en", [])]
)
def test_a_language_is_fetched_once_and_only_to_show_something(
    ring: Ring, page: str, ever: list[str]
) -> None:
    john = ring.page()
    fetched: list[str] = []
    john.on("request", lambda request: fetched.append(urlsplit(request.url).path))
    ring.visit(john, page)
    assert not [path for path in fetched if "/texts/" in path]
    agent = ring.start()
    expect_invitation(john, page)
    agent.click(STOP)
    expect(john.locator("chatvisor-notice")).to_have_attribute("lang", page)
    assert [path for path in fetched if "/texts/" in path] == ever


@pytest.mark.parametrize("answer", ["an error", "nothing", "no script"])
def test_where_a_language_cannot_be_had_the_request_is_in_english(
    ring: Ring, answer: str
) -> None:
    john = ring.page()
    answers: dict[str, Callable[[Route], None]] = {
        "an error": lambda route: route.abort(),
        "nothing": lambda route: None,
        "no script": lambda route: route.fulfill(body="<p>Sign in.</p>"),
    }
    john.route("**/texts/de.js", answers[answer])
    ring.visit(john, "de")
    ring.start()
    expect_invitation(john, "en")
    # The call window asks for the page's language again.
    expect(john.locator(ACCEPT)).to_have_attribute("href", re.compile("[?&]lang=de"))
    john.unroute_all()


@pytest.mark.parametrize(
    "scripts", ["{service}", "'nonce-abc' 'strict-dynamic'", "'nonce-abc'"]
)
def test_a_language_comes_under_a_strict_policy(
    ring: Ring, service: RunningService, scripts: str
) -> None:
    socket = service.url.replace("http", "ws")
    policy = (
        f"default-src 'none'; script-src {scripts.format(service=service.url)};"
        f" connect-src {service.url} {socket}; require-trusted-types-for 'script'"
    )
    with serving({"/": f'<html lang="de"><title>{TITLE}</title>'}) as strict:
        strict.headers["Content-Security-Policy"] = policy
        strict.pages["/"] += f'<script src="{service.script}" nonce="abc"></script>'
        john = ring.page()
        violations = violations_of(john)
        john.goto(strict.url)
        john.evaluate("tag => CV.user.tag(tag)", JOHN)
        ring.john = john
        ring.start()
        expect_invitation(john, "de")
        assert violations == []


def test_a_call_window_whose_language_cannot_be_had_is_in_english(
    service: RunningService, open_page: OpenPage
) -> None:
    window = open_page()
    window.route("**/texts/de.js", lambda route: route.abort())
    window.goto(f"{service.url}/call/none?lang=de#ended=busy")
    expect(window.locator("h1")).to_have_text("This person is in another call")
    expect(window.locator("html")).to_have_attribute("lang", "en")


# --- long, and from right to left ---------------------------------------------------


def expect_whole_and_translated(page: Page, root: Locator, direction: str) -> None:
    """Check that nothing is cut off, and that every word is of the language."""
    assert page.evaluate(CUT_OFF) == []
    words = re.findall(r"[A-Za-z]{3,}", root.evaluate(SHOWN))
    assert set(words) <= DATA
    assert root.evaluate("element => getComputedStyle(element).direction") == direction


def left_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["x"]


@pytest.mark.parametrize(("language", "direction"), [(LONG, "ltr"), (MIRRORED, "rtl")])
def test_a_long_language_fits_a_narrow_screen(
    ring: Ring, language: str, direction: str
) -> None:
    john, agent = ring(language, language)
    dialog = john.locator(f"{INVITATION} dialog")
    expect(dialog).to_be_visible()
    expect_whole_and_translated(john, dialog, direction)
    face, title = dialog.locator(".face"), dialog.locator("h2")
    assert (left_of(face) > left_of(title)) is (direction == "rtl")
    expect_state(agent, "ringing")
    expect_whole_and_translated(agent, agent.locator("body"), direction)

    visitor = window_by_click(john, ACCEPT)
    expect_state(visitor, "accepted")
    expect_state(agent, "accepted")
    windows = (visitor, agent)
    for window in windows:
        expect(window.locator("html")).to_have_attribute("lang", language)
        expect_whole_and_translated(window, window.locator("body"), direction)
    face, name = visitor.locator(".face"), visitor.locator(".names")
    assert (left_of(face) > left_of(name)) is (direction == "rtl")

    paint(john, GREEN)
    visitor.click(SHARE)
    for window in windows:
        expect_state(window, "live")
        expect_whole_and_translated(window, window.locator("body"), direction)
    sign = john.locator("chatvisor-sign .sign")
    expect(sign).to_be_visible()
    expect_whole_and_translated(john, sign, direction)
    buttons = sign.locator("button")
    assert (left_of(buttons.first) > left_of(buttons.nth(1))) is (direction == "rtl")
    agent.click(STOP)
    for window in windows:
        expect_state(window, "ended", "agent-ended")
        expect_whole_and_translated(window, window.locator("body"), direction)


@pytest.mark.parametrize("language", [LONG, MIRRORED])
def test_a_notice_fits_a_narrow_screen(ring: Ring, language: str) -> None:
    john, agent = ring(language, language)
    expect(john.locator(INVITATION)).to_have_count(1)
    agent.click(STOP)
    notice = john.locator("chatvisor-notice .notice")
    direction = "rtl" if language == MIRRORED else "ltr"
    expect(notice).to_be_visible()
    expect_whole_and_translated(john, notice, direction)
