"""Agents who use the keyboard, a screen reader, or see the page in their own way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from ..doubles.service import FakeService
from ..doubles.service import active_user
from ..doubles.service import ago
from .desk import OpenDesk
from .desk import live
from .desk import tick

#: Everything that Tab reaches, as its accessible name or text.
REACHED = """() => {
  const element = document.activeElement;
  return element.closest("label")?.innerText.trim().split("\\n")[0] ??
    element.textContent.trim().replace(/\\s+/g, " ");
}"""
#: Counts what is announced from now on.
LISTEN = """() => {
  window.said = [];
  for (const place of document.querySelectorAll("[role=status]"))
    new MutationObserver(() => said.push(place.textContent))
      .observe(place, {childList: true, characterData: true, subtree: true});
}"""


def test_tab_reaches_everything_of_the_list_in_order(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users.append(active_user("v-3", "Kim Lee"))
    page = live(desk().page("/chatvisor/users?page_size=2&q=e"))
    reached = []
    for _ in range(22):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(REACHED))
        if reached[-1] == "Next":
            break
    assert reached == [
        "Skip to content",
        "Chatvisor",
        "Search",
        "Label",
        "Assigned to",
        "Waiting for help",
        "In a call",
        "Remove filter: Search: e ×",  # noqa: RUF001
        "Sound",
        "Notification",
        "Name",
        "E-mail",
        "Page",
        "Here for",
        "Last active",
        "Jane Roe",
        "Start Jane Roe",
        "John Doe",
        "Start John Doe",
        "Next",
    ]


def test_the_list_is_searched_filtered_sorted_and_paged_by_keys(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users[0]["labels"] = ["vip"]
    service.users += [active_user(f"v-{n}", f"Kim{n}") for n in range(3, 6)]
    page = live(desk().page("/chatvisor/users?page_size=2"))
    names = page.locator("[data-chatvisor-user] a")
    page.get_by_role("link", name="Next").press("Enter")
    expect(names).to_have_text(["Kim3", "Kim4"])
    page.locator("[data-chatvisor-sort=email]").press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("E-mail")
    expect(page.locator("[data-chatvisor-sort=email]")).to_be_focused()
    expect(names).to_have_text(["Jane Roe", "John Doe"])
    page.get_by_label("Search").press_sequentially("kim5")
    expect(names).to_have_text(["Kim5"])
    page.locator("[data-chatvisor-chip=q] a").press("Enter")
    expect(names).to_have_count(2)
    page.get_by_label("Label").press_sequentially("vip")
    page.keyboard.press("Enter")
    expect(names).to_have_text(["John Doe"])
    page.get_by_label("In a call").press("Space")
    expect(page.locator("[data-chatvisor-when=nothing]")).to_be_visible()
    page.get_by_role("link", name="Show all active users").press("Enter")
    expect(names).to_have_count(2)
    assigned = page.get_by_label("Assigned to")
    assigned.focus()
    page.keyboard.press("ArrowDown")
    expect(assigned).to_have_value("me")
    expect(page).to_have_url(re.compile("assigned=me"))


def test_switches_and_start_are_pressed_by_keys(desk: OpenDesk) -> None:
    page = live(desk().page())
    sound = page.get_by_role("button", name="Sound")
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.press("Space")
    expect(sound).to_have_attribute("aria-pressed", "true")
    sound.press("Enter")
    expect(sound).to_have_attribute("aria-pressed", "false")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Start Jane Roe").press("Enter")
    expect(opened.value).to_have_title("Call")


def test_a_profile_is_used_by_keys(desk: OpenDesk) -> None:
    page = live(desk().page("/chatvisor/users/v-1"))
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(REACHED))
    assert reached == [
        "Skip to content",
        "Chatvisor",
        "All active users",
        "Start John Doe",
    ]
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    expect(opened.value).to_have_title("Call")


def test_skipping_to_the_content_moves_the_focus(desk: OpenDesk) -> None:
    page = live(desk().page())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_many_changes_are_few_announcements_and_who_waits_is_one(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    page.clock.install()
    page.evaluate(LISTEN)
    for n in range(3, 23):
        service.users.append(active_user(f"v-{n}", f"User{n}"))
        service.users[0]["location"] = {"title": f"Page {n}", "path": f"/{n}"}
        tick(page)
        page.clock.run_for(1_500)
        expect(page.locator("[data-chatvisor-user]")).to_have_count(n)
    # Half a minute, forty changes: how many there are is said every 15 seconds.
    assert 1 <= len(page.evaluate("said")) <= 2
    page.evaluate("said.length = 0")
    service.users[1]["waitingSince"] = ago(seconds=1)
    for n in range(3):
        service.users[0]["location"] = {"title": f"Other {n}", "path": "/"}
        tick(page)
        page.clock.run_for(1_500)
        expect(page.locator("[data-chatvisor-user=v-1]")).to_contain_text(f"Other {n}")
    assert page.evaluate("said") == ["Jane Roe is asking for help."]


def test_changes_keep_the_place_that_was_scrolled_to(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users = [active_user(f"v-{n}", f"User{n:02}") for n in range(40)]
    page = live(desk().page())
    page.set_viewport_size({"width": 1280, "height": 500})
    row = page.locator("[data-chatvisor-user=v-30]")
    row.scroll_into_view_if_needed()
    row.locator("[data-chatvisor-start]").focus()
    before = page.evaluate("scrollY")
    assert before > 0
    for user in service.users:
        user["location"] = {"title": "Elsewhere", "path": "/elsewhere"}
    tick(page)
    expect(row).to_contain_text("Elsewhere")
    assert page.evaluate("scrollY") == before
    expect(row.locator("[data-chatvisor-start]")).to_be_focused()


def test_nothing_moves_where_motion_is_unwanted(desk: OpenDesk) -> None:
    page = live(desk().page())
    page.evaluate("fakeCV.turn('reconnecting')")
    dot = page.locator("[data-chatvisor-connection=reconnecting] > .chatvisor-dot")
    expect(dot).to_have_css("animation-name", "chatvisor-pulse")
    page.emulate_media(reduced_motion="reduce")
    expect(dot).to_have_css("animation-name", "none")


@pytest.mark.parametrize("path", ["/chatvisor/users", "/chatvisor/users/v-1"])
def test_states_are_told_apart_in_colours_of_the_agents_own(
    desk: OpenDesk, service: FakeService, path: str
) -> None:
    adam = {"name": "Adam", "email": "adam@example.com"}
    service.users[0]["inCall"] = {"agent": adam, "since": ago(minutes=1)}
    page = live(desk().page(path))
    page.emulate_media(forced_colors="active")
    busy = page.locator("[data-chatvisor-start=v-1]")
    expect(busy).to_have_css("border-style", "solid")
    disabled = colour(page, "[data-chatvisor-start=v-1]")
    service.users[0]["inCall"] = None
    tick(page)
    expect(busy).not_to_have_attribute("aria-disabled", "true")
    assert colour(page, "[data-chatvisor-start=v-1]") != disabled
    expect(page.locator(".chatvisor-presence").first).to_contain_text("Online")


def colour(page: Page, selector: str) -> str:
    return str(
        page.locator(selector).evaluate("element => getComputedStyle(element).color")
    )
