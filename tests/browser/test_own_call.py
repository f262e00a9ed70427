"""What the customer's pages show of the own call: waiting, shared, and over."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from flask_chatvisor.service.settings import Timings

from .axe import violations
from .conftest import Launch
from .conftest import OpenPage
from .support import GREEN
from .support import RunningService
from .support import Site
from .support import expect_state
from .support import expect_to_see
from .support import paint
from .support import running_service
from .support import serving
from .support import until
from .support import window_by_click

#: In every title of the site, and in no title of a call window.
TITLE = "Northwind"
JOHN = {"id": "1", "email": "john@example.com", "firstname": "John"}
JANE = {"id": "2", "email": "jane@example.com", "firstname": "Jane"}
#: As the macro has it.
BUTTON = """<span class="chatvisor-start">
  <button data-chatvisor-conference onclick="CV.conference.start()">Help</button>
  <span data-chatvisor-queue></span></span>"""
HELP = "[data-chatvisor-conference]"
SIGN = "chatvisor-sign"
BACK = f"{SIGN} [data-chatvisor-back]"
STOP = f"{SIGN} [data-chatvisor-stop]"
NOTICE = "chatvisor-notice"
ACCEPT = "chatvisor-invitation [data-chatvisor-accept]"
#: A page that would have nothing but its own on it.
HOSTILE = """<style>
  * { all: unset !important; }
  *, html > * { display: none !important; visibility: hidden !important; opacity: 0
    !important; pointer-events: none !important; transform: scale(0) !important;
    position: absolute !important; inset: -9999px !important; color: red !important;
    font: 1px/1 serif !important; z-index: -1 !important; }
  html, body, main { display: block !important; visibility: visible !important;
    opacity: 1 !important; position: static !important; }
  body { transform: translateX(3px) !important; }
  #high { display: block !important; position: fixed !important; inset: 0 !important;
    visibility: visible !important; opacity: 1 !important; transform: none !important;
    z-index: 2147483647 !important; background: #eee !important; }
  </style><main>Hostile<div id="high"></div></main>"""


@pytest.fixture
def service() -> Iterator[RunningService]:
    with running_service(Timings(presence_grace=3, closed_grace=6)) as service:
        yield service


@pytest.fixture
def site(service: RunningService) -> Iterator[Site]:
    script = f'<script src="{service.script}"></script>'
    with serving(
        {
            "/": f"<title>Home - {TITLE}</title><h1>Home</h1>{BUTTON}{script}",
            "/other": f"<title>Other - {TITLE}</title><h1>Other</h1>{BUTTON}{script}",
            "/bare": f"<title>Bare - {TITLE}</title><h1>Bare</h1>{script}",
            "/hostile": f"<title>Hostile - {TITLE}</title>{HOSTILE}{script}",
            "/agent": f"<title>Agent</title>{script}",
        }
    ) as site:
        yield site


@pytest.fixture
def sharing(launch: Launch) -> Browser:
    """A browser whose picker takes the site's tab, without a person."""
    return launch(
        f"--auto-select-tab-capture-source-by-title={TITLE}",
        without=("--disable-popup-blocking",),
    )


Enter = Callable[..., Page]


@pytest.fixture
def enter(sharing: Browser, site: Site, open_page: OpenPage) -> Enter:
    """``enter(tag, path)``: a customer's page."""

    def enter(tag: dict[str, str] = JOHN, path: str = "/", **options: t.Any) -> Page:
        page = open_page(browser=sharing, **options)
        # On each page, as the application would have it.
        page.context.add_init_script(
            f"window.CVLoaded ??= () => CV.user.tag({json.dumps(tag)});"
        )
        page.goto(site.url + path)
        page.wait_for_function("localStorage.getItem('chatvisor-visitor')")
        return page

    return enter


@pytest.fixture
def john(enter: Enter) -> Page:
    return enter()


@pytest.fixture
def mary(
    sharing: Browser, site: Site, service: RunningService, open_page: OpenPage
) -> Page:
    page = open_page(f"{site.url}/agent", browser=sharing)
    page.evaluate("token => CV.rest.auth(token)", service.token())
    return page


def call(mary: Page, query: str = "1") -> Page:
    """Mary asks, or joins, the customer; her call window."""
    until(mary, "CV.user.status(query).then(user => user.visitorId)", query=query)
    mary.evaluate(
        """async (query) => {
          const { visitorId } = await CV.user.status(query);
          const button = document.createElement("button");
          button.onclick = () => { CV.calling.startScreen(visitorId); };
          document.body.replaceChildren(button);
        }""",
        query,
    )
    return window_by_click(mary, "button")


def share(john: Page) -> Page:
    """John accepts and shares; his call window."""
    window = window_by_click(john, ACCEPT)
    window.click("[data-chatvisor-share]")
    expect_state(window, "live")
    return window


def sign(page: Page) -> Locator:
    return page.locator(SIGN)


# --- waiting ------------------------------------------------------------------------


def test_who_waits_sees_the_place_beside_the_button_and_how_it_moves_up(
    enter: Enter, john: Page
) -> None:
    first = window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("You are next.")
    jane = enter(JANE)
    window_by_click(jane, HELP)
    expect(sign(jane)).to_contain_text("You are number 2 in the queue.")
    expect(jane.locator(f"[data-chatvisor-queue] > {SIGN}")).to_have_count(1)
    first.close()
    expect(sign(jane)).to_contain_text("You are next.", timeout=20_000)


def test_the_place_is_beside_a_button_whose_wrapper_has_no_box_of_its_own(
    john: Page,
) -> None:
    john.add_style_tag(content=".chatvisor-start { display: contents }")
    window_by_click(john, HELP)
    expect(john.locator(f"[data-chatvisor-queue] > {SIGN}")).to_have_count(1)
    expect(john.locator(BACK)).to_be_visible()


def test_waiting_goes_on_on_the_next_page_after_a_reload_and_in_other_tabs(
    john: Page, site: Site
) -> None:
    window = window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("You are next.")
    john.goto(f"{site.url}/other")
    expect(sign(john)).to_contain_text("You are next.")
    john.reload()
    expect(sign(john)).to_contain_text("You are next.")
    other = john.context.new_page()
    other.goto(f"{site.url}/bare")
    expect(other.locator(f"html > {SIGN}")).to_contain_text("You are next.")
    other.click(STOP)
    expect_state(window, "ended", "visitor-ended")
    for page in (john, other):
        expect(sign(page)).to_have_count(0)


def test_waiting_is_cancelled_with_the_keyboard_and_the_focus_goes_to_the_button(
    john: Page,
) -> None:
    window = window_by_click(john, HELP)
    status = john.get_by_role("region", name="Your call").get_by_role("status")
    expect(status).to_have_text("You are next.")
    john.focus(HELP)
    john.keyboard.press("Tab")
    expect(john.locator(BACK)).to_be_focused()
    john.keyboard.press("Tab")
    expect(john.locator(STOP)).to_be_focused()
    expect(john.locator(STOP)).to_have_text("Cancel")
    john.keyboard.press("Enter")
    expect_state(window, "ended", "visitor-ended")
    expect(sign(john)).to_have_count(0)
    expect(john.locator(HELP)).to_be_focused()


@pytest.mark.parametrize("by", [BACK, HELP])
def test_the_way_back_leads_to_the_same_window_untouched(
    john: Page, site: Site, by: str
) -> None:
    window = window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("You are next.")
    john.goto(f"{site.url}/other")
    window.evaluate("window.untouched = true")
    john.click(by)
    # What the click has started is over when the page was asked twice.
    john.evaluate("CV.api.isAgentOnline(() => {})")
    expect_state(window, "waiting")
    assert window.evaluate("window.untouched")
    assert len(john.context.pages) == 2


def test_a_window_that_was_closed_is_told_and_can_be_opened_again(
    john: Page,
) -> None:
    window = window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("You are next.")
    window.close()
    expect(sign(john)).to_contain_text("The call window is closed.")
    expect(john.locator(BACK)).to_have_text("Open it again")
    window = window_by_click(john, BACK)
    expect_state(window, "waiting")
    expect(sign(john)).to_contain_text("You are next.")
    window.close()
    expect(sign(john)).to_have_count(0, timeout=20_000)


def test_a_page_that_asks_by_hand_and_has_no_button_shows_it_too(
    enter: Enter,
) -> None:
    john = enter(path="/bare")
    john.evaluate(
        """() => {
          const button = document.createElement("button");
          button.id = "own";
          button.onclick = () => CV.conference.start();
          document.body.append(button);
        }"""
    )
    window_by_click(john, "#own")
    expect(john.locator(f"html > {SIGN}")).to_contain_text("You are next.")


def test_the_sign_survives_a_page_that_swaps_its_content(john: Page) -> None:
    window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("You are next.")
    john.evaluate("document.body.innerHTML = '<h1>Another</h1>'")
    expect(john.locator(f"html > {SIGN}")).to_contain_text("You are next.")


def test_who_signs_out_waits_no_more_and_sees_no_sign(john: Page) -> None:
    window = window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("You are next.")
    john.evaluate("CV.user.reset()")
    expect_state(window, "ended", "visitor-gone")
    expect(sign(john)).to_have_count(0)


# --- in a call ----------------------------------------------------------------------


def test_an_agent_who_joins_is_announced_on_the_page(john: Page, mary: Page) -> None:
    window = window_by_click(john, HELP)
    expect_state(window, "waiting")
    john.focus(BACK)
    call(mary)
    expect_state(window, "accepted")
    expect(john.locator(f"html > {SIGN}")).to_contain_text("Mary Major is with you.")
    expect(john.locator(BACK)).to_be_focused()
    expect(sign(john).get_by_role("status")).to_contain_text("Mary Major")


def test_a_page_says_that_the_screen_is_shown_and_can_stop_it(
    john: Page, mary: Page, site: Site
) -> None:
    agent = call(mary)
    window = share(john)
    paint(john, GREEN)
    expect_to_see(agent, GREEN)
    john.goto(f"{site.url}/other")
    expect(sign(john)).to_contain_text("You are sharing your screen with Mary Major.")
    expect(john.locator("html")).to_have_attribute("data-chatvisor-sharing", "")
    window.evaluate("window.untouched = true")
    john.click(BACK)
    john.evaluate("CV.api.isAgentOnline(() => {})")
    assert window.evaluate("window.untouched")
    expect(john.locator(STOP)).to_have_text("Stop sharing")
    john.click(STOP)
    expect_state(agent, "ended", "visitor-ended")
    expect_state(window, "ended", "visitor-ended")
    expect(sign(john)).to_have_count(0)
    expect(john.locator("html")).not_to_have_attribute("data-chatvisor-sharing", "")


def test_another_tab_does_not_take_a_shared_screen_away(
    john: Page, mary: Page, site: Site
) -> None:
    call(mary)
    window = share(john)
    other = john.context.new_page()
    other.goto(f"{site.url}/other")
    with other.expect_popup() as opened:
        other.click(BACK)
    notice = other.locator(NOTICE)
    expect(notice).to_contain_text("The call is open in another window")
    low, high = (
        other.locator(one).bounding_box()
        for one in (f"{SIGN} .sign", f"{NOTICE} .notice")
    )
    assert low is not None
    assert high is not None
    assert high["y"] + high["height"] < low["y"], "neither covers the other"
    expect_state(window, "live")
    # The window that was opened at the click goes again.
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")
    assert set(john.context.pages) == {john, window, other}


def test_stopping_is_told_again_after_the_connection_was_lost(
    enter: Enter, mary: Page, service: RunningService
) -> None:
    john = enter(path="/bare")
    agent = call(mary)
    share(john)
    expect(sign(john)).to_contain_text("You are sharing your screen")
    john.context.set_offline(True)
    john.evaluate("window.dispatchEvent(new Event('offline'))")
    john.click(STOP)
    john.context.set_offline(False)
    expect_state(agent, "ended", "visitor-ended")


# --- not in the way -----------------------------------------------------------------


def place_of(page: Page) -> str | None:
    return page.locator(f"{SIGN} .sign").get_attribute("data-at")


def test_the_sign_goes_where_it_covers_no_control(
    enter: Enter, mary: Page, site: Site
) -> None:
    site.pages["/other"] += (
        '<a href="/" style="position:fixed;left:0;right:0;bottom:0;height:4em">Bar</a>'
    )
    john = enter()
    call(mary)
    share(john)
    box = john.locator(f"{SIGN} .sign")
    expect(box).to_have_attribute("data-at", "bottom start")
    john.goto(f"{site.url}/other")
    expect(box).to_have_attribute("data-at", "top end")


def test_the_sign_yields_to_what_has_the_focus_and_can_be_moved(
    enter: Enter, mary: Page, site: Site
) -> None:
    john = enter()
    call(mary)
    share(john)
    box = john.locator(f"{SIGN} .sign")
    expect(box).to_have_attribute("data-at", "bottom start")
    john.evaluate(
        """() => {
          const field = document.createElement("input");
          field.style.cssText = "position:fixed;left:2em;bottom:1em";
          document.body.append(field);
          field.focus();
        }"""
    )
    expect(box).to_have_attribute("data-at", "bottom end")
    john.get_by_role("button", name="Move this out of the way").click()
    expect(box).to_have_attribute("data-at", "top end")
    john.goto(f"{site.url}/other")
    expect(box).to_have_attribute("data-at", "top end")


@pytest.mark.parametrize("width", [320, 1200])
def test_the_sign_fits_the_screen(enter: Enter, mary: Page, width: int) -> None:
    john = enter(viewport={"width": width, "height": 600})
    call(mary)
    share(john)
    box = john.locator(f"{SIGN} .sign").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["height"] < 150


# --- for everybody ------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_with_the_sign(
    enter: Enter, mary: Page, site: Site, scheme: str
) -> None:
    site.pages = {
        path: f'<!doctype html><html lang="en"><main>{page}</main>'
        for path, page in site.pages.items()
    }
    john = enter(color_scheme=scheme)
    window = window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("You are next.")
    assert violations(john) == []
    call(mary)
    window.click("[data-chatvisor-share]")
    expect(sign(john)).to_contain_text("You are sharing your screen")
    assert violations(john) == []


def test_the_sign_is_in_the_pages_language(enter: Enter, site: Site) -> None:
    site.pages["/"] = f'<html lang="de">{site.pages["/"]}'
    john = enter()
    window_by_click(john, HELP)
    expect(sign(john)).to_contain_text("Sie sind als Nächstes dran.")
    expect(john.locator(STOP)).to_have_text("Abbrechen")


# --- the request --------------------------------------------------------------------


def test_a_request_is_above_the_pages_own_dialog_and_leaves_it_as_it_was(
    enter: Enter, mary: Page, site: Site
) -> None:
    site.pages["/other"] += "<dialog><input></dialog>"
    john = enter(path="/other")
    john.evaluate(
        """() => {
          document.querySelector("dialog").showModal();
          window.keys = [];
          document.addEventListener("keydown", (event) => window.keys.push(event.key));
        }"""
    )
    field = john.locator("input")
    expect(field).to_be_focused()
    call(mary)
    decline = john.locator("chatvisor-invitation [data-chatvisor-decline]")
    expect(john.get_by_role("alertdialog")).to_be_focused()
    john.keyboard.press("Tab")
    expect(decline).to_be_focused()
    john.keyboard.press("Enter")
    expect(john.locator("chatvisor-invitation")).to_have_count(0)
    expect(field).to_be_focused()
    assert john.evaluate("window.keys") == []
    assert john.evaluate("document.querySelector('dialog').open")


def test_a_request_that_is_accepted_in_one_tab_goes_from_the_others(
    john: Page, mary: Page, site: Site
) -> None:
    other = john.context.new_page()
    other.goto(f"{site.url}/other")
    call(mary)
    expect(other.locator(ACCEPT)).to_be_visible()
    window = window_by_click(john, ACCEPT)
    expect_state(window, "accepted")
    for page in (john, other):
        expect(page.locator("chatvisor-invitation")).to_have_count(0)
        expect(page.locator("chatvisor-notice")).to_have_count(0)
        expect(sign(page)).to_contain_text("Mary Major is with you.")


# --- no style of the page breaks it -------------------------------------------------


def test_no_style_of_the_page_breaks_the_invitation_or_the_sign(
    enter: Enter, mary: Page
) -> None:
    john = enter(path="/hostile")
    call(mary)
    for selector in (ACCEPT, "chatvisor-invitation [data-chatvisor-decline]"):
        expect(john.locator(selector)).to_be_visible()
        expect(john.locator(selector)).to_have_css("font-size", "16px")
        expect(john.locator(selector)).to_have_css("pointer-events", "auto")
    dialog = john.locator("chatvisor-invitation dialog").bounding_box()
    assert dialog is not None
    assert dialog["width"] > 300
    share(john)  # by clicks that only what is on top gets
    expect(sign(john)).to_contain_text("You are sharing your screen with Mary Major.")
    expect(john.locator(BACK)).to_have_css("font-size", "15px")
    john.click(STOP)
    expect(sign(john)).to_have_count(0)
