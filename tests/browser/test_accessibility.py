"""axe-core finds nothing wrong, on any page and in any state."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.agent_states import STATES
from tests.agent_states import bring_about

from ..doubles.service import FakeService
from ..doubles.service import active_user
from ..doubles.service import ago
from .axe import violations
from .conftest import Launch
from .conftest import OpenPage
from .desk import OpenDesk
from .desk import live
from .desk import tick
from .portal import TITLE
from .portal import running
from .support import expect_state
from .support import window_by_click

ADAM = {"name": "Adam", "email": "adam@example.com"}
#: Everything that a row can show at once.
FULL: dict[str, t.Any] = {
    "labels": ["vip", "business"],
    "assignedUser": "adam@example.com",
    "additionalTaggingData": {"plan": "gold"},
    "gender": "male",
    "tabs": [
        {"title": "Invoices", "path": "/invoices", "visible": True},
        {"title": "Help", "path": "/help", "visible": False},
    ],
    "pages": [{"title": "Home", "path": "/", "at": ago(minutes=3)}],
}


def check(page: Page) -> None:
    """Look at it wide and narrow, light and dark."""
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=t.cast(t.Any, scheme))
            assert violations(page) == [], (width, scheme)


def crowd(service: FakeService) -> None:
    service.users = [
        active_user("v-1", "John Doe", **FULL),
        active_user("v-2", "Jane Roe", waitingSince=ago(minutes=2), verified=False),
        active_user(
            "v-3", "Alice Archer", inCall={"agent": ADAM, "since": ago(minutes=1)}
        ),
        active_user("v-4", "Ben Baker", visible=False, location=None),
    ]


def nobody(service: FakeService) -> None:
    service.users = []


def failing(service: FakeService) -> None:
    service.failure = 401


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("/chatvisor/users", crowd),
        ("/chatvisor/users?q=example&label=vip&assigned=none&waiting=1", crowd),
        ("/chatvisor/users?page_size=2&sort=-since", crowd),
        ("/chatvisor/users?page=9", crowd),
        ("/chatvisor/users", nobody),
        ("/chatvisor/users", failing),
        ("/chatvisor/users/v-1", crowd),
        ("/chatvisor/users/v-2", crowd),
        ("/chatvisor/users/v-3", crowd),
        ("/chatvisor/users/john@example.com", nobody),
        ("/chatvisor/users/john@example.com", failing),
        ("/chatvisor/start", crowd),
        ("/macros", crowd),
        ("/macros", nobody),
        ("/macros", failing),
    ],
)
def test_the_agents_pages(
    desk: OpenDesk,
    service: FakeService,
    path: str,
    state: Callable[[FakeService], None],
) -> None:
    state(service)
    page = desk().page(path)
    page.wait_for_function("() => window.CV")
    check(page)


def test_the_list_in_states_that_it_comes_to(
    desk: OpenDesk, service: FakeService
) -> None:
    crowd(service)
    agents = desk()
    page = live(agents.page())
    page.get_by_role("button", name="Sound").click()
    page.locator("[data-chatvisor-user=v-3] [data-chatvisor-start]").press("Enter")
    expect(page.locator("[data-chatvisor-user=v-3]")).to_contain_text("Already")
    service.users = [one for one in service.users if one["visitorId"] != "v-3"]
    tick(page)
    expect(page.locator(".chatvisor-row-left")).to_be_visible()
    check(page)
    service.failure = 401
    tick(page)
    expect(page.locator("[data-chatvisor-connection=stale]")).to_be_visible()
    check(page)
    service.failure = None
    page.context.request.get(f"{agents.url}/sign-out")
    page.locator("[name=q]").fill("x")
    expect(page.locator("[data-chatvisor-when=denied]")).to_be_visible()
    check(page)


@pytest.mark.parametrize(
    "name", [name for name, state in STATES.items() if state.javascript]
)
def test_every_state_of_the_agents_pages(
    desk: OpenDesk, service: FakeService, open_page: OpenPage, name: str
) -> None:
    page = open_page()
    bring_about(STATES[name], service, desk(**STATES[name].keys).url, page)
    check(page)


def test_the_customers_help_button(desk: OpenDesk) -> None:
    page = desk().page("/help", user="1")
    page.get_by_role("button", name="Ask for help").wait_for()
    check(page)


def test_a_call_from_the_invitation_to_its_end(
    launch: Launch, open_page: OpenPage, tmp_path: Path
) -> None:
    sharing = launch(f"--auto-select-tab-capture-source-by-title={TITLE}")
    with running(tmp_path) as portal:
        john = portal.sign_in(open_page(browser=sharing), "john")
        mary = portal.sign_in(open_page(), "mary")
        mary.goto(f"{portal.url}/chatvisor/users")
        start = '[data-chatvisor-user]:has-text("john@") [data-chatvisor-start]'
        agents = window_by_click(mary, start)
        accept = "chatvisor-invitation [data-chatvisor-accept]"
        john.wait_for_selector(accept)
        expect_state(agents, "ringing")
        check(agents)
        check(john)
        johns = window_by_click(john, accept)
        johns.wait_for_selector("[data-chatvisor-share]")
        check(johns)
        johns.click("[data-chatvisor-share]")
        for window in (agents, johns):
            expect_state(window, "live")
            check(window)
        check(john)
        johns.click("[data-chatvisor-stop]")
        for window in (agents, johns):
            expect_state(window, "ended", "visitor-ended")
            check(window)
