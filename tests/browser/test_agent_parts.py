"""Macros that htmx puts into a page of the application's own."""

from __future__ import annotations

from playwright.sync_api import Page
from playwright.sync_api import expect

from ..doubles.service import FakeService
from ..doubles.service import active_user
from .desk import OpenDesk
from .desk import connection
from .desk import tick

JOHN = "[data-chatvisor-user=v-1]"
STATUS = "[data-chatvisor-status=v-1]"


def put_in(page: Page, part: str) -> None:
    page.get_by_role("button", name=part, exact=True).click()


def test_a_list_brings_its_assets_and_is_live(
    desk: OpenDesk, service: FakeService
) -> None:
    page = desk().page("/frame")
    expect(page.locator("link, script[type]")).to_have_count(0)
    put_in(page, "List")
    expect(connection(page)).to_have_text("Live")
    expect(page.locator(f"{JOHN} .chatvisor-name")).to_have_css("font-weight", "600")
    service.users.append(active_user("v-3", "Alice Archer"))
    tick(page)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(3)
    with page.context.expect_page() as opened:
        page.click(f"{JOHN} [data-chatvisor-start]")
    expect(opened.value).to_have_title("Call")


def test_a_part_that_comes_after_another_is_live_too(
    desk: OpenDesk, service: FakeService
) -> None:
    page = desk().page("/frame")
    put_in(page, "Start")
    expect(page.locator("[data-chatvisor-start=v-1]")).to_be_visible()
    page.wait_for_function("() => window.CV")
    put_in(page, "User")
    expect(page.locator(STATUS)).to_contain_text("Online")
    put_in(page, "List")
    expect(connection(page)).to_have_text("Live")
    service.users = [active_user("v-1", "John Doe", visible=False)]
    tick(page)
    expect(page.locator(STATUS)).to_contain_text("In background")
    expect(page.locator("[data-chatvisor-user]")).to_have_count(1)
    assert page.evaluate("fakeCV.connections.length") == 1


def test_a_part_that_is_put_in_again_starts_from_the_newest(
    desk: OpenDesk, service: FakeService
) -> None:
    page = desk().page("/frame")
    put_in(page, "List")
    expect(connection(page)).to_have_text("Live")
    service.users = service.users[1:]
    put_in(page, "List")
    expect(page.locator("[data-chatvisor-user]")).to_have_count(1)
    expect(connection(page)).to_have_text("Live")
    service.users = []
    tick(page)
    expect(page.locator("[data-chatvisor-when=empty]")).to_be_visible()
