"""What the project is for, from sign-in to screen, in the example portal."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from .conftest import Launch
from .conftest import OpenPage
from .portal import TITLE
from .portal import Portal
from .portal import running
from .support import BLUE
from .support import CRIMSON
from .support import GREEN
from .support import expect_state
from .support import expect_to_see
from .support import paint
from .support import until
from .support import violations_of
from .support import window_by_click

USERS = "/chatvisor/users"
SHARING = "html[data-chatvisor-sharing]"
JOHN = '[data-chatvisor-users] [data-chatvisor-user]:has-text("john@example.com")'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("portal")


@pytest.fixture
def portal(folder: Path) -> Iterator[Portal]:
    """A portal for each test, so that no user is left from the previous one."""
    with running(folder) as portal:
        yield portal


@pytest.fixture(scope="module")
def sharing(launch: Launch) -> Browser:
    """A browser whose picker takes the tab of the portal, without a person."""
    return launch(
        f"--auto-select-tab-capture-source-by-title={TITLE}",
        without=("--disable-popup-blocking", "--disable-back-forward-cache"),
    )


@pytest.fixture
def john(portal: Portal, sharing: Browser, open_page: OpenPage) -> Page:
    return portal.sign_in(open_page(browser=sharing), "john")


@pytest.fixture
def mary(portal: Portal, launch: Launch, open_page: OpenPage) -> Page:
    blocking = launch(without=("--disable-popup-blocking",))
    return portal.sign_in(open_page(browser=blocking), "mary")


def tag_block(page: Page) -> dict[str, t.Any] | None:
    block = page.query_selector("#chatvisor-tag")
    return json.loads(block.text_content() or "") if block else None


def ring(portal: Portal, mary: Page) -> Page:
    """Mary asks John from the list; her call window."""
    mary.goto(portal.url + USERS)
    mary.wait_for_selector(f"{JOHN} [data-chatvisor-start]")
    return window_by_click(mary, f"{JOHN} [data-chatvisor-start]")


def accept(john: Page) -> Page:
    """John accepts; his call window."""
    return window_by_click(john, "chatvisor-invitation [data-chatvisor-accept]")


def share(john: Page) -> Page:
    """John accepts and shares; his call window."""
    window = accept(john)
    window.click("[data-chatvisor-share]")
    return window


def live(portal: Portal, mary: Page, john: Page) -> tuple[Page, Page]:
    """Mary sees John's page, which is green; the call windows of both."""
    agents = ring(portal, mary)
    visitors = share(john)
    paint(john, GREEN)
    expect_state(agents, "live")
    return agents, visitors


def test_every_page_of_a_customer_carries_the_tag(portal: Portal, john: Page) -> None:
    for path in ("/", "/invoices", "/settings"):
        john.goto(portal.url + path)
        block = tag_block(john)
        assert block is not None
        assert block["tag"]["email"] == "john@example.com"
        assert block["tag"]["id"] == "1"
        assert block["refresh"] == "/chatvisor/me"


def test_signing_out_resets_once_and_leaves_no_trace(
    portal: Portal, john: Page
) -> None:
    visitor = "localStorage.getItem('chatvisor-visitor')"
    until(john, visitor)
    before = john.evaluate(visitor)
    john.goto(f"{portal.url}/logout")
    assert tag_block(john) == {"tag": None, "reset": True, "refresh": "/chatvisor/me"}
    until(john, f"{visitor} !== before", before=before)
    john.reload()
    assert tag_block(john) is None


def test_a_page_restored_by_back_after_signing_out_announces_nobody(
    portal: Portal, john: Page, mary: Page
) -> None:
    john.goto(f"{portal.url}/invoices")
    mary.goto(portal.url + USERS)
    expect(mary.locator(JOHN)).to_have_count(1)
    john.goto(f"{portal.url}/logout")
    # A page that comes back from the cache does not load.
    john.go_back(wait_until="commit")
    expect(mary.locator(JOHN)).to_have_count(0, timeout=20_000)


def test_an_arrival_shows_in_the_open_list(
    portal: Portal, mary: Page, sharing: Browser, open_page: OpenPage
) -> None:
    mary.goto(portal.url + USERS)
    jane = mary.locator("[data-chatvisor-user]", has_text="jane@example.com")
    expect(jane).to_have_count(0)
    mary.evaluate("window.neverReloaded = true")
    page = portal.sign_in(open_page(browser=sharing), "jane")
    expect(jane).to_have_count(1)
    expect(jane.locator("[data-chatvisor-start]")).to_be_visible()
    page.goto(f"{portal.url}/invoices")
    expect(jane).to_contain_text("Invoices")
    page.context.close()
    expect(jane).to_have_count(0, timeout=20_000)
    assert mary.evaluate("window.neverReloaded")


def test_a_profile_shows_status_and_start_of_its_user(
    portal: Portal, mary: Page, john: Page
) -> None:
    mary.goto(f"{portal.url}/customers/1")
    expect(mary.locator("[data-chatvisor-status]")).to_be_visible()
    expect(mary.locator("[data-chatvisor-start]")).to_be_visible()
    john.context.close()
    expect(mary.locator("[data-chatvisor-start]")).to_be_hidden(timeout=20_000)


def test_only_agents_get_at_the_agents_routes(
    portal: Portal, john: Page, open_page: OpenPage
) -> None:
    for path in (USERS, f"{USERS}.json", f"{USERS}/1", f"{USERS}/1.json"):
        answer = john.goto(portal.url + path)
        assert answer is not None
        assert answer.status == 403
    stranger = open_page(portal.url + USERS)
    assert "/login" in stranger.url
    answer = stranger.goto(f"{portal.url}{USERS}.json")
    assert answer is not None
    assert (answer.status, answer.json()["status"]) == (401, 401)


def test_a_call_from_click_to_picture_and_through_the_pages_violates_no_policy(
    portal: Portal, mary: Page, john: Page
) -> None:
    violations = violations_of(mary, john)
    agents = ring(portal, mary)
    invitation = john.locator("chatvisor-invitation")
    expect(invitation).to_contain_text("Mary")
    paint(john, GREEN)
    visitors = share(john)
    expect_state(agents, "live")
    expect_state(visitors, "live")
    expect_to_see(agents, GREEN)

    for path, colour in (("/invoices", CRIMSON), ("/settings", BLUE)):
        john.click(f'nav a[href="{path}"]')
        john.wait_for_url(portal.url + path)
        paint(john, colour)
        expect_to_see(agents, colour)
    expect(agents.locator("body")).to_contain_text("/settings")
    expect(john.locator(SHARING)).to_have_count(1)

    visitors.click("[data-chatvisor-stop]")
    expect_state(agents, "ended", "visitor-ended")
    expect_state(visitors, "ended", "visitor-ended")
    expect(john.locator(SHARING)).to_have_count(0)
    assert violations == []


def test_the_customer_is_asked_in_every_tab_and_answers_in_one(
    portal: Portal, mary: Page, john: Page
) -> None:
    other = john.context.new_page()
    other.goto(f"{portal.url}/settings")
    agents = ring(portal, mary)
    expect(john.locator("chatvisor-invitation")).to_contain_text("Mary")
    other.click("chatvisor-invitation [data-chatvisor-decline]")
    expect_state(agents, "ended", "declined")
    expect(john.locator("chatvisor-invitation [data-chatvisor-accept]")).to_have_count(
        0
    )


def test_after_a_no_the_agent_reads_to_wait(
    portal: Portal, mary: Page, john: Page
) -> None:
    agents = ring(portal, mary)
    john.click("chatvisor-invitation [data-chatvisor-decline]")
    expect_state(agents, "ended", "declined")
    agents.close()
    start = mary.locator(f"{JOHN} [data-chatvisor-start]")
    expect(start).not_to_have_attribute("aria-disabled", "true")
    start.click()
    said = "This user did not accept a moment ago. Try again in"
    expect(mary.locator(JOHN)).to_contain_text(said)
    expect(john.locator("chatvisor-invitation [data-chatvisor-accept]")).to_have_count(
        0
    )


def test_the_customer_is_asked_on_a_page_opened_while_it_rings(
    portal: Portal, mary: Page, john: Page
) -> None:
    agents = ring(portal, mary)
    john.wait_for_selector("chatvisor-invitation [data-chatvisor-accept]")
    john.evaluate("location.href = '/invoices'")
    john.wait_for_url(f"{portal.url}/invoices")
    visitors = accept(john)
    expect_state(agents, "accepted")
    agents.close()
    expect_state(visitors, "ended", "agent-closed")


def test_reloading_the_agents_window_goes_on_with_the_call(
    portal: Portal, mary: Page, john: Page
) -> None:
    agents, visitors = live(portal, mary, john)
    agents.reload()
    expect_to_see(agents, GREEN)
    agents.click("[data-chatvisor-stop]")
    expect_state(visitors, "ended", "agent-ended")
    expect_state(agents, "ended", "agent-ended")


def test_a_second_agent_reads_that_the_customer_is_in_a_call(
    portal: Portal, mary: Page, john: Page, open_page: OpenPage
) -> None:
    agents = ring(portal, mary)
    accept(john)
    expect_state(agents, "accepted")
    adam = portal.sign_in(open_page(), "adam")
    adam.goto(portal.url + USERS)
    expect(adam.locator(JOHN)).to_contain_text("Mary")
    agents.click("[data-chatvisor-stop]")


def test_a_customer_asks_for_help_and_an_agent_joins(
    portal: Portal, mary: Page, john: Page
) -> None:
    mary.goto(portal.url + USERS)
    visitors = window_by_click(john, "[data-chatvisor-conference]")
    expect_state(visitors, "waiting")
    place = john.locator("[data-chatvisor-queue] > chatvisor-sign")
    expect(place).to_contain_text("You are next.")
    join = mary.locator(JOHN).locator("[data-chatvisor-start]")
    expect(join).to_contain_text("Join")
    agents = window_by_click(mary, f"{JOHN} [data-chatvisor-start]")
    expect_state(visitors, "accepted")
    paint(john, CRIMSON)
    visitors.click("[data-chatvisor-share]")
    expect_state(agents, "live")
    expect_to_see(agents, CRIMSON)
    visitors.click("[data-chatvisor-stop]")
    expect_state(agents, "ended", "visitor-ended")


def test_asking_for_help_in_a_call_leaves_the_call_alone(
    portal: Portal, mary: Page, john: Page
) -> None:
    agents = ring(portal, mary)
    visitors = share(john)
    expect_state(agents, "live")
    sign = john.locator("chatvisor-sign")
    expect(sign).to_contain_text("You are sharing your screen with Mary")
    john.click("[data-chatvisor-conference]")
    expect_state(visitors, "live")
    paint(john, BLUE)
    expect_to_see(agents, BLUE)
    visitors.click("[data-chatvisor-stop]")
    expect_state(agents, "ended", "visitor-ended")


def test_an_agent_who_signs_out_is_out_of_the_call(
    portal: Portal, mary: Page, john: Page
) -> None:
    agents, visitors = live(portal, mary, john)
    other = mary.context.new_page()
    other.goto(f"{portal.url}/customers")
    other.evaluate("CV.rest.auth('a.b.c', true)")
    other.goto(f"{portal.url}/logout")
    expect_state(agents, "ended", "agent-ended")
    expect_state(visitors, "ended", "agent-ended")
    expect(john.locator(SHARING)).to_have_count(0)
    until(other, "!localStorage.getItem('chatvisor-token')")
    # The list, which is still open, does not get back in.
    expect(mary.locator("[data-chatvisor-users]")).to_contain_text("signed out")
    expect(mary.locator(JOHN)).to_have_count(0)


def test_signing_out_ends_the_call(portal: Portal, mary: Page, john: Page) -> None:
    agents, visitors = live(portal, mary, john)
    john.goto(f"{portal.url}/logout")
    expect_state(agents, "ended", "visitor-gone")
    expect_state(visitors, "ended", "visitor-gone")
