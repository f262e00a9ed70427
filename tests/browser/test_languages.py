"""What customers see, in every language, and in two that make faults visible."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from flask_chatvisor.service.web.pages import STATIC

from .conftest import Launch
from .conftest import OpenPage
from .pseudo import CUT_OFF
from .pseudo import LONG
from .pseudo import MIRRORED
from .pseudo import Texts
from .pseudo import speak_pseudo
from .support import GREEN
from .support import RunningService
from .support import Site
from .support import expect_state
from .support import paint
from .support import running_service
from .support import serving
from .support import until
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
        for lang in ("", "de", "de_AT", "en", "fr", LONG, MIRRORED)
    }
    marys = {
        f"/agent/{lang}": f'<!doctype html><html lang="{lang}"><title>Agent</title>'
        f"{script}"
        for lang in ("en", LONG, MIRRORED)
    }
    with serving({**pages, **marys}) as site:
        yield site


@pytest.fixture(scope="module")
def languages(browser: Browser, service: RunningService) -> list[dict[str, Texts]]:
    """The tables of the script, and of the call window."""
    source = (STATIC / "cv" / "texts.js").read_text(encoding="utf-8")
    literal = re.search(r"const LANGUAGES = (new Map\(.*?\n\]\));", source, re.S)
    assert literal is not None
    page = browser.new_page()
    page.goto(f"{service.url}/call/none")
    script = page.evaluate(f"Object.fromEntries({literal[1]})")
    window = page.evaluate(
        """import("/static/any/call/texts.js").then(
          ({ LANGUAGES }) => Object.fromEntries(LANGUAGES))"""
    )
    page.close()
    return [script, window]


@pytest.fixture(scope="module")
def sharing(launch: Launch) -> Browser:
    """A browser whose picker takes the site's tab, without a person."""
    return launch(f"--auto-select-tab-capture-source-by-title={TITLE}")


Ring = Callable[..., tuple[Page, Page]]


@pytest.fixture
def ring(
    site: Site,
    service: RunningService,
    sharing: Browser,
    open_page: OpenPage,
    languages: list[dict[str, Texts]],
) -> Ring:
    """``ring(johns_language, marys_language)``: John's page, and Mary's call window."""

    def ring(johns: str, marys: str = "en", **options: t.Any) -> tuple[Page, Page]:
        john = open_page(browser=sharing, viewport=NARROW, **options)
        mary = open_page(browser=sharing, viewport=NARROW)
        for page in (john, mary):
            english = [tables["en"] for tables in languages]
            speak_pseudo(page.context, service.url, english)
        john.goto(f"{site.url}/{johns}")
        mary.goto(f"{site.url}/agent/{marys}")
        mary.evaluate("token => CV.rest.auth(token)", service.token())
        john.wait_for_function("localStorage.getItem('chatvisor-visitor')")
        visitor = john.evaluate("JSON.parse(localStorage['chatvisor-visitor']).id")
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
        return john, window_by_click(mary, "button")

    return ring


# --- the tables ---------------------------------------------------------------------


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", text))


def test_script_and_call_window_know_the_same_languages(
    languages: list[dict[str, Texts]],
) -> None:
    script, window = languages
    assert list(script) == list(window)
    assert {"en", "de"} <= set(script)


def test_every_language_has_every_text_with_the_same_placeholders(
    languages: list[dict[str, Texts]],
) -> None:
    for tables in languages:
        english = tables["en"]
        for language, texts in tables.items():
            # A language may have plural forms that English does not know.
            assert set(texts) >= set(english), language
            more = {key.rpartition(".")[0] for key in set(texts) - set(english)}
            assert all(f"{key}.other" in english for key in more), language
            for key, text in english.items():
                assert placeholders(texts[key]) == placeholders(text), (language, key)
            assert texts["direction"] in ("ltr", "rtl")


# --- which language -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "browsers", "language", "title"),
    [
        ("de", "en-US", "de", "Mary Major möchte Ihren Bildschirm sehen"),
        ("de_AT", "en-US", "de-AT", "Mary Major möchte Ihren Bildschirm sehen"),
        ("en", "de-DE", "en", "Mary Major asks to see your screen"),
        ("", "de-DE", "de-DE", "Mary Major möchte Ihren Bildschirm sehen"),
        ("fr", "de-DE", "de-DE", "Mary Major möchte Ihren Bildschirm sehen"),
        ("fr", "fr-FR", "en", "Mary Major asks to see your screen"),
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
