"""The agents' pages and the help button in another language, once scripts take over."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.agent_states import STATES
from tests.agent_states import bring_about

from ..doubles.service import FakeService
from ..doubles.service import active_user
from ..doubles.service import ago
from .conftest import OpenPage
from .desk import OpenDesk
from .desk import connection
from .desk import live
from .desk import tick
from .pseudo import CUT_OFF
from .pseudo import mirror


def test_an_agents_list_stays_in_the_language_when_it_changes(
    desk: OpenDesk, service: FakeService, open_page: OpenPage
) -> None:
    url = desk().url
    page = open_page(f"{url}/sign-in/3", locale="de-DE")
    page.goto(f"{url}/chatvisor/users")
    expect(connection(page)).to_have_text("Aktuell")
    summary = page.locator("[data-chatvisor-summary]")
    expect(summary).to_have_text("2 aktive Personen")
    service.users = [active_user("v-3", "Alice Archer", waitingSince=ago(hours=30))]
    tick(page)
    expect(summary).to_have_text("1 aktive Person, davon 1 mit Bitte um Hilfe")
    row = page.locator("[data-chatvisor-user=v-3]")
    expect(row).to_contain_text("Wartet auf Hilfe: 1 Tg.")
    expect(row.locator("[data-chatvisor-start]")).to_have_text("Beitreten Alice Archer")


def test_a_customer_is_told_in_the_language_that_help_is_away(
    desk: OpenDesk, open_page: OpenPage
) -> None:
    url = desk(AUTO_INJECT=False).url
    page = open_page(f"{url}/sign-in/1", locale="de-DE")
    page.goto(f"{url}/help")
    page.get_by_role("button", name="Um Hilfe bitten").click()
    expect(page.get_by_role("status")).to_contain_text("Hilfe ist gerade nicht")


@pytest.mark.parametrize(
    "name", [name for name, state in STATES.items() if state.javascript]
)
def test_every_state_fits_in_long_words_from_right_to_left(
    desk: OpenDesk, service: FakeService, open_page: OpenPage, name: str
) -> None:
    page = open_page()
    bring_about(STATES[name], service, desk(**STATES[name].keys).url, page)
    mirror(page)
    for width in (390, 960, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(CUT_OFF) == [], width


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "path", ["/chatvisor/users", "/chatvisor/users/v-1", "/macros"]
)
def test_long_words_from_right_to_left_fit(
    desk: OpenDesk, service: FakeService, path: str, width: int
) -> None:
    call = {"agent": {"name": "Adam", "email": "adam@example.com"}}
    service.users = [
        active_user("v-1", "John Doe", inCall={**call, "since": ago(hours=30)}),
        active_user("v-2", "Jane Roe", waitingSince=ago(minutes=75), labels=["gold"]),
    ]
    page = live(desk().page(path))
    page.set_viewport_size({"width": width, "height": 800})
    mirror(page)
    assert page.evaluate(CUT_OFF) == []
    heading = page.locator("h1").first
    assert heading.evaluate("element => getComputedStyle(element).direction") == "rtl"
