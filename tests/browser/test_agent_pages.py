"""The agents' pages in a browser: live lists, calls that start, calls that cannot."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import Agent
from tests.conftest import load_agent
from tests.conftest import load_visitor

from ..doubles.service import FakeService
from ..doubles.service import active_user
from ..doubles.service import ago
from .conftest import OpenPage
from .desk import OpenDesk
from .desk import connection
from .desk import live
from .desk import tick

JOHN = "[data-chatvisor-user=v-1]"
JANE = "[data-chatvisor-user=v-2]"
START = "[data-chatvisor-start]"


# --- the list, live ------------------------------------------------------------------


def test_a_tick_brings_arrivals_changes_and_departures(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    expect(page.locator("[data-chatvisor-summary]")).to_have_text("2 active users")
    moved = active_user(
        "v-2", "Jane Roe", location={"title": "Invoices", "path": "/invoices"}
    )
    service.users = [moved, active_user("v-3", "Alice Archer")]
    tick(page)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(2)
    expect(page.locator("[data-chatvisor-user] a")).to_have_text(
        ["Alice Archer", "Jane Roe"]
    )
    expect(page.locator(JANE)).to_contain_text("/invoices")
    expect(page.locator(JOHN)).to_have_count(0)


def test_an_update_keeps_focus_selection_and_the_row_itself(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    button = page.locator(f"{JOHN} {START}")
    button.focus()
    page.evaluate(
        """() => {
            window.row = document.querySelector("[data-chatvisor-user=v-1]");
            window.button = document.activeElement;
            const name = document.querySelector("[data-chatvisor-user=v-1] a");
            getSelection().selectAllChildren(name);
        }"""
    )
    service.users += [active_user(f"v-{n}", f"Alice{n}") for n in range(3, 8)]
    service.users[0]["location"] = {"title": "Settings", "path": "/settings"}
    tick(page)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(7)
    expect(page.locator(JOHN)).to_contain_text("Settings")
    assert page.evaluate("document.activeElement === window.button")
    assert page.evaluate("window.row.isConnected")
    assert page.evaluate("getSelection().toString()") == "John Doe"
    order = page.locator("[data-chatvisor-user]").evaluate_all(
        "rows => rows.map(row => row.dataset.chatvisorUser)"
    )
    assert order == ["v-3", "v-4", "v-5", "v-6", "v-7", "v-2", "v-1"]


def test_arrivals_above_do_not_push_the_button_in_use_away(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    page.set_viewport_size({"width": 1000, "height": 300})
    button = page.locator(f"{JOHN} {START}")
    button.focus()
    before = button.bounding_box()
    service.users += [active_user(f"v-{n}", f"Alice{n}") for n in range(3, 20)]
    tick(page)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(19)
    after = button.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1


def test_a_row_in_use_stays_until_the_focus_leaves_it(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    button = page.locator(f"{JOHN} {START}")
    button.focus()
    service.users = service.users[1:]
    tick(page)
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(JOHN)).to_contain_text("This user has left.")
    page.locator("[name=q]").focus()
    expect(page.locator(JOHN)).to_have_count(0)


def test_a_row_that_was_only_clicked_goes_with_its_user(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    with page.context.expect_page() as opened:
        page.click(f"{JOHN} {START}")
    opened.value.close()
    expect(page.locator(f"{JOHN} {START}")).to_be_focused()
    page.mouse.move(1, 1)
    service.users = []
    tick(page)
    expect(page.locator(JOHN)).to_have_count(0)
    expect(page.locator("[data-chatvisor-when=empty]")).to_be_visible()


def test_a_selection_in_a_row_keeps_it_until_it_is_undone(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    page.evaluate(
        "getSelection().selectAllChildren("
        "document.querySelector('[data-chatvisor-user=v-1] .chatvisor-minor'))"
    )
    service.users = []
    tick(page)
    expect(page.locator(".chatvisor-row-left")).to_be_visible()
    expect(page.locator(JANE)).to_have_count(0)
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator("[data-chatvisor-when=empty]")).to_be_visible()


def test_a_request_for_help_comes_first_and_is_announced(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    service.users[0]["waitingSince"] = ago(minutes=2)
    tick(page)
    expect(page.locator("[data-chatvisor-user]").first).to_contain_text(
        "Waiting for help: 2 min"
    )
    expect(page.locator(f"{JOHN} {START}")).to_have_text("Join John Doe")
    announced = page.locator("[data-chatvisor-announce]")
    expect(announced).to_have_text("John Doe is asking for help.")
    expect(announced).to_have_role("status")


def test_the_last_of_many_ticks_is_not_lost_and_they_cost_little(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk()
    page = live(agents.page())
    before = len(agents.asked)
    for n in range(3, 13):
        service.users.append(active_user(f"v-{n}", f"User{n}"))
        tick(page)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(12)
    assert len(agents.asked) - before <= 3
    assert agents.asked[-1].url.endswith("tick=10")


def test_what_users_say_stays_text_in_an_update(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    hostile = "<img src=x onerror=document.title='broken'>"
    service.users = [
        active_user(
            "v-1",
            "John",
            lastname=hostile,
            labels=[hostile],
            location={"title": hostile, "path": hostile},
            assignedUser=hostile,
        )
    ]
    tick(page)
    expect(page.locator(JOHN)).to_contain_text(f"John {hostile}")
    expect(page.locator(".chatvisor-label")).to_have_text([hostile])
    assert page.locator("img").count() == 0
    assert page.title() == "Active users"


def test_the_first_state_is_not_drawn_again(desk: OpenDesk) -> None:
    page = live(desk().page())
    changed = page.evaluate(
        """async () => {
            const changes = [];
            new MutationObserver((list) => changes.push(...list)).observe(
                document.querySelector("[data-chatvisor-rows]"),
                {childList: true, subtree: true, characterData: true},
            );
            const asked = performance.getEntriesByType("resource").length;
            fakeCV.tick(1);
            await new Promise((done) => new PerformanceObserver(done)
                .observe({type: "resource"}));
            await new Promise(requestAnimationFrame);
            return changes.map((change) => change.target.textContent)
                .filter((text) => !/( s ago| s|now)$/.test(text));
        }"""
    )
    assert changed == []


def test_filters_hold_in_updates(desk: OpenDesk, service: FakeService) -> None:
    page = live(desk().page("/chatvisor/users?q=john"))
    service.users += [active_user("v-3", "Alice Archer"), active_user("v-4", "John Q")]
    tick(page)
    expect(page.locator("[data-chatvisor-user] a")).to_have_text(["John Doe", "John Q"])
    service.users = []
    tick(page)
    expect(page.locator("[data-chatvisor-when=nothing]")).to_be_visible()


def test_the_pager_follows_the_number_of_users(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page("/chatvisor/users?page_size=2"))
    following = page.locator("[rel=next]")
    expect(following).to_be_hidden()
    service.users.append(active_user("v-3", "Zoe"))
    tick(page)
    expect(following).to_be_visible()
    expect(page.locator("[data-chatvisor-range]")).to_have_text("1–2 of 3")  # noqa: RUF001
    following.click()
    expect(page.locator("[data-chatvisor-user] a")).to_have_text(["Zoe"])


# --- filters that the list follows ---------------------------------------------------


def names(page: Page) -> t.Any:
    return page.locator("[data-chatvisor-user] a")


def test_the_list_follows_the_search_as_one_types(desk: OpenDesk) -> None:
    agents = desk()
    page = live(agents.page())
    page.evaluate("window.same = true")
    page.locator("[name=q]").press_sequentially("john")
    expect(names(page)).to_have_text(["John Doe"])
    expect(page).to_have_url(f"{agents.url}/chatvisor/users?q=john")
    expect(page.locator("[name=q]")).to_be_focused()
    expect(page.locator("[data-chatvisor-announce]")).to_have_text("1 active user")
    assert page.evaluate("window.same && history.length") == 3
    page.reload()
    expect(names(page)).to_have_text(["John Doe"])
    expect(page.locator("[name=q]")).to_have_value("john")


def test_filters_can_be_ticked_and_taken_away(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users[0]["waitingSince"] = ago(minutes=2)
    page = live(desk().page())
    chip = page.locator("[data-chatvisor-chip=waiting] a")
    expect(chip).to_be_hidden()
    page.get_by_label("Waiting for help").check()
    expect(names(page)).to_have_text(["John Doe"])
    expect(page).to_have_url(re.compile(r"waiting=1$"))
    chip.click()
    expect(names(page)).to_have_text(["John Doe", "Jane Roe"])
    expect(page.get_by_label("Waiting for help")).not_to_be_checked()
    expect(page).to_have_url(re.compile(r"/users$"))


def test_links_change_the_list_and_back_takes_it_back(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users += [active_user(f"v-{n}", f"Kim{n}") for n in range(3, 7)]
    page = live(desk().page("/chatvisor/users?page_size=4"))
    page.evaluate("window.same = true")
    page.locator("[rel=next]").click()
    expect(names(page)).to_have_text(["Kim5", "Kim6"])
    page.locator("[data-chatvisor-sort=email]").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("E-mail")
    expect(page).to_have_url(re.compile(r"\?sort=email&page_size=4$"))
    expect(names(page)).to_have_count(4)
    page.go_back()
    expect(names(page)).to_have_text(["Kim5", "Kim6"])
    expect(page.locator("[data-chatvisor-sorted]")).to_have_text("Name")
    page.go_back()
    expect(names(page)).to_have_text(["Jane Roe", "John Doe", "Kim3", "Kim4"])
    assert page.evaluate("window.same")


def test_an_old_list_is_not_passed_off_as_the_one_that_was_asked_for(
    desk: OpenDesk,
) -> None:
    page = live(desk().page())
    page.route("**/users.json*", lambda route: route.abort())
    page.fill("[name=q]", "john")
    expect(page.locator("[data-chatvisor-when=trouble]")).to_be_visible()
    expect(page.locator("table")).to_be_hidden()
    page.unroute("**/users.json*")
    page.fill("[name=q]", "joh")
    expect(names(page)).to_have_text(["John Doe"])


# --- telling an agent who does not look ----------------------------------------------

RECORD = """
window.told = [];
const Tone = OscillatorNode, Note = Notification;
window.OscillatorNode = class extends Tone {
    constructor(...args) { super(...args); told.push("sound"); }
};
window.Notification = class extends Note {
    constructor(text, options) { super(text, options); told.push(text); }
};
Document.prototype.hasFocus = () => false;
"""


def ask(page: Page, service: FakeService, number: int) -> None:
    service.users[number]["waitingSince"] = ago(seconds=1)
    tick(page)


def test_the_title_counts_who_waits(desk: OpenDesk, service: FakeService) -> None:
    page = live(desk().page())
    expect(page).to_have_title("Active users")
    ask(page, service, 0)
    expect(page).to_have_title("(1) Active users")
    ask(page, service, 1)
    expect(page).to_have_title("(2) Active users")
    for user in service.users:
        user["waitingSince"] = None
    tick(page)
    expect(page).to_have_title("Active users")


def test_sound_and_notification_are_off_until_switched_on_and_stay_on(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk()
    page = agents.page("/help")
    page.context.grant_permissions(["notifications"])
    page.add_init_script(RECORD)
    page.goto(f"{agents.url}/chatvisor/users")
    ask(live(page), service, 0)
    expect(page).to_have_title("(1) Active users")
    assert page.evaluate("told") == []
    page.get_by_role("button", name="Sound").click()
    page.get_by_role("button", name="Notification").click()
    assert page.evaluate("told") == ["sound", "sound"]
    page.reload()
    for name in ("Sound", "Notification"):
        switch = page.get_by_role("button", name=name)
        expect(switch).to_have_attribute("aria-pressed", "true")
    ask(live(page), service, 1)
    expect(page).to_have_title("(2) Active users")
    assert page.evaluate("told") == ["sound", "sound", "Jane Roe is asking for help."]
    page.get_by_role("button", name="Sound").click()
    service.users.append(active_user("v-3", "Alice Archer"))
    ask(page, service, 2)
    expect(page).to_have_title("(3) Active users")
    assert page.evaluate("told.slice(3)") == ["Alice Archer is asking for help."]


def test_notifications_that_the_browser_blocks_stay_off_and_say_so(
    desk: OpenDesk,
) -> None:
    agents = desk()
    page = agents.page("/help")
    page.add_init_script("Notification.requestPermission = async () => 'denied'")
    page.goto(f"{agents.url}/chatvisor/users")
    switch = page.get_by_role("button", name="Notification")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(page.locator("[data-chatvisor-alerts]")).to_contain_text("does not allow")


# --- without a socket, and in trouble ------------------------------------------------


def test_without_a_socket_the_list_is_polled_every_five_seconds(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk("cloud")
    page = agents.page("/help")
    page.clock.install()
    page.goto(f"{agents.url}/chatvisor/users")
    expect(connection(page)).to_have_text("Updated every 5 seconds")
    service.users.append(active_user("v-3", "Alice Archer"))
    asked = len(agents.asked)
    page.clock.run_for(4_000)
    assert len(agents.asked) == asked
    page.clock.run_for(1_500)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(3)
    assert len(agents.asked) == asked + 1


def test_a_hidden_page_does_not_poll_and_looks_when_it_is_shown(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk("cloud")
    page = agents.page("/help")
    page.clock.install()
    page.goto(f"{agents.url}/chatvisor/users")
    expect(connection(page)).to_have_text("Updated every 5 seconds")
    hide(page, hidden=True)
    service.users.append(active_user("v-3", "Alice Archer"))
    asked = len(agents.asked)
    page.clock.run_for(60_000)
    assert len(agents.asked) == asked
    hide(page, hidden=False)
    page.clock.run_for(10)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(3)


def hide(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        """(hidden) => {
            const property = {value: hidden, configurable: true};
            Object.defineProperty(Document.prototype, "hidden", property);
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_lost_socket_is_told_and_polling_steps_in(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    page.clock.install()
    page.evaluate("fakeCV.turn('reconnecting')")
    expect(connection(page)).to_have_text("Reconnecting; updated every 5 seconds")
    service.users.append(active_user("v-3", "Alice Archer"))
    page.clock.run_for(6_000)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(3)
    service.users.append(active_user("v-4", "Ben Baker"))
    page.evaluate("fakeCV.turn('live')")
    page.clock.run_for(2_000)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(4)
    expect(connection(page)).to_have_text("Live")


def test_a_list_that_cannot_be_renewed_says_since_when_and_recovers(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page())
    page.clock.install()
    service.failure = 401
    tick(page)
    page.clock.run_for(1_500)
    expect(connection(page)).to_contain_text(re.compile(r"Out of date since .*\d"))
    expect(page.locator("[data-chatvisor-user]")).to_have_count(2)
    page.clock.run_for(6_000)
    expect(page.locator("[data-chatvisor-announce]")).to_contain_text("refused")
    service.failure = None
    page.clock.run_for(11_000)
    expect(connection(page)).to_have_text("Live")


def test_the_last_list_is_shown_as_an_old_one_while_the_service_is_down(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk("cloud")
    page = agents.page("/help")
    page.goto(f"{agents.url}/chatvisor/users")
    expect(page.locator("[data-chatvisor-user]")).to_have_count(2)
    # The next page is made from what the application remembers.
    service.failure = 500
    page.reload()
    expect(connection(page)).to_contain_text("failed to process the request")
    expect(connection(page)).to_contain_text(re.compile(r"Out of date since .*\d"))
    expect(page.locator("[data-chatvisor-user]")).to_have_count(2)
    expect(page.locator("table")).to_be_visible()


def test_a_list_that_came_with_the_page_stays_when_the_first_look_fails(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk("cloud")
    page = agents.page("/help")
    page.route("**/users.json*", lambda route: route.abort())
    page.goto(f"{agents.url}/chatvisor/users")
    expect(connection(page)).to_contain_text("The application cannot be reached.")
    expect(page.locator("[data-chatvisor-user]")).to_have_count(2)
    expect(page.locator("table")).to_be_visible()


def test_a_page_that_began_in_trouble_recovers_by_itself(
    desk: OpenDesk, service: FakeService
) -> None:
    service.failure = 401
    agents = desk("cloud")
    page = agents.page("/help")
    page.clock.install()
    page.goto(f"{agents.url}/chatvisor/users")
    trouble = page.locator("[data-chatvisor-when=trouble]")
    expect(trouble).to_contain_text("Retrying automatically.")
    expect(page.locator("table")).to_be_hidden()
    service.failure = None
    page.clock.run_for(6_000)
    expect(page.locator("[data-chatvisor-user]")).to_have_count(2)
    expect(trouble).to_be_hidden()


def test_who_was_signed_out_is_told_and_sees_nobody(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users[0]["waitingSince"] = ago(minutes=2)
    agents = desk()
    page = live(agents.page())
    expect(page).to_have_title("(1) Active users")
    page.context.request.get(f"{agents.url}/sign-out")
    tick(page)
    denied = page.locator("[data-chatvisor-when=denied]")
    expect(denied).to_contain_text("You are signed out.")
    expect(denied.get_by_role("link", name="Sign in again")).to_be_visible()
    expect(page.locator("[data-chatvisor-user]")).to_have_count(0)
    expect(page.locator("[data-chatvisor-summary]")).to_have_text("")
    expect(page).to_have_title("Active users")


def test_who_is_no_agent_any_more_is_told(desk: OpenDesk) -> None:
    agents = desk()
    page = live(agents.page())
    page.context.request.get(f"{agents.url}/sign-in/1")
    tick(page)
    expect(page.locator("[data-chatvisor-when=denied]")).to_contain_text(
        "Only agents may see this."
    )


# --- starting a call -----------------------------------------------------------------


def test_start_opens_the_window_at_once_and_calls_in_it(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk()
    page = live(agents.page())
    with page.context.expect_page() as opened:
        page.click(f"{JOHN} {START}")
    expect(opened.value).to_have_title("Call")
    assert len(page.context.pages) == 2
    (call,) = agents.paths("/chatvisor/calls")
    assert call.post_data_json == {"visitorId": "v-1"}
    assert call.headers["x-chatvisor-request"] == "1"
    assert service.minted[-1]["visitorId"] == "v-1"
    token = f"token-{len(service.minted)}"
    assert page.evaluate("fakeCV.named('rest.auth')") == [[token]]
    assert page.evaluate("fakeCV.named('calling.startScreen')") == [["v-1"]]


def test_the_older_form_of_auth_gets_the_agents_email(desk: OpenDesk) -> None:
    page = live(desk(AUTH_ARGUMENTS="email-token").page())
    with page.context.expect_page():
        page.click(f"{JOHN} {START}")
    page.wait_for_function("() => fakeCV.named('rest.auth').length")
    (arguments,) = page.evaluate("fakeCV.named('rest.auth')")
    assert arguments[0] == "mary@example.com"
    assert arguments[1].startswith("token-")


def test_the_cloud_gets_no_window_of_ours(desk: OpenDesk) -> None:
    page = desk("cloud").page()
    expect(connection(page)).to_have_text("Updated every 5 seconds")
    page.click(f"{JOHN} {START}")
    page.wait_for_function("() => fakeCV.named('calling.startScreen').length")
    assert page.evaluate("fakeCV.calls.map(call => call.name)") == (
        ["rest.auth", "calling.startScreen"]
    )
    assert len(page.context.pages) == 1


def gone(service: FakeService) -> None:
    service.users = service.users[1:]


def busy(service: FakeService) -> None:
    adam = {"name": "Adam", "email": "adam@example.com"}
    service.users[0]["inCall"] = {"agent": adam, "since": None}


def talking(service: FakeService) -> None:
    busy(service)
    service.users[0]["inCall"]["since"] = ago(minutes=3)


def refusing(service: FakeService) -> None:
    service.failure = 401


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (gone, "This user is no longer active."),
        (busy, "Adam is already asking John Doe."),
        (talking, "John Doe is in a call with Adam."),
        (refusing, "CHATVISOR_API_TOKEN"),
    ],
)
def test_a_call_that_cannot_start_says_why_and_closes_its_window(
    desk: OpenDesk,
    service: FakeService,
    happens: Callable[[FakeService], None],
    told: str,
) -> None:
    page = live(desk().page())
    # The list itself must not notice before the click.
    page.route("**/users.json*", lambda route: route.abort())
    happens(service)
    with page.context.expect_page() as opened:
        page.click(f"{JOHN} {START}")
    message = page.locator(f"{JOHN} [data-chatvisor-message]")
    expect(message).to_contain_text(told)
    expect(message).to_have_role("status")
    assert opened.value.is_closed() or opened.value.wait_for_event("close")
    assert page.evaluate("fakeCV.named('calling.startScreen')") == []


def test_a_call_that_is_refused_for_being_one_too_many_says_when_to_try(
    desk: OpenDesk,
) -> None:
    page = live(desk().page())
    page.evaluate(
        """async () => {
          const headers = {
            "Content-Type": "application/json",
            "X-Chatvisor-Request": "1",
          };
          const body = JSON.stringify({ visitorId: "nobody" });
          const options = { method: "POST", headers, body };
          let answer;
          do answer = await fetch("/chatvisor/calls", options);
          while (answer.status !== 429);
        }"""
    )
    page.click(f"{JOHN} {START}")
    message = page.locator(f"{JOHN} [data-chatvisor-message]")
    expect(message).to_contain_text(re.compile("too many.* Try again in [123] sec"))


def test_an_agent_who_was_signed_out_can_sign_in_again_from_there(
    desk: OpenDesk,
) -> None:
    agents = desk("cloud")
    page = agents.page()
    expect(connection(page)).to_have_text("Updated every 5 seconds")
    page.context.request.get(f"{agents.url}/sign-out")
    page.click(f"{JOHN} {START}")
    message = page.locator(f"{JOHN} [data-chatvisor-message]")
    expect(message).to_contain_text("You are signed out.")
    link = message.get_by_role("link", name="Sign in again")
    expect(link).to_have_attribute("href", f"{agents.url}/chatvisor/users")


def test_a_visitor_whom_the_policy_hides_cannot_be_called(
    desk: OpenDesk, service: FakeService
) -> None:
    hidden: set[str] = set()

    def allows(agent: Agent, user: ActiveUser) -> bool:
        return user.visitor_id not in hidden

    chatvisor = Chatvisor()
    chatvisor.visitor_loader(load_visitor)
    chatvisor.agent_loader(load_agent)
    chatvisor.policy(allows)
    page = live(desk(chatvisor=chatvisor).page())
    hidden.add("v-1")
    page.click(f"{JOHN} {START}")
    expect(page.locator(f"{JOHN} [data-chatvisor-message]")).to_contain_text(
        "This user is no longer active."
    )


def test_a_cloud_without_a_token_for_the_agent_says_what_to_do(
    desk: OpenDesk,
) -> None:
    agents = desk("cloud", SCRIPT_URL=None, SCRIPT_ID="x", API_PATHS=CLOUD_PATHS)
    page = agents.page()
    page.click(f"{JOHN} {START}")
    expect(page.locator(f"{JOHN} [data-chatvisor-message]")).to_contain_text(
        "user_token_loader"
    )


CLOUD_PATHS = {
    "list": "/rest/v1/customerstatus",
    "status": "/rest/v1/customerstatus/{query}",
}


def test_an_application_that_is_gone_is_told_as_such(desk: OpenDesk) -> None:
    page = desk("cloud").page()
    expect(connection(page)).to_have_text("Updated every 5 seconds")
    page.context.set_offline(True)
    page.click(f"{JOHN} {START}")
    expect(page.locator(f"{JOHN} [data-chatvisor-message]")).to_have_text(
        "The application cannot be reached. Check your connection."
    )


def test_a_user_in_a_call_cannot_be_called_and_the_button_says_so(
    desk: OpenDesk, service: FakeService
) -> None:
    talking(service)
    page = live(desk().page())
    button = page.locator(f"{JOHN} {START}")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.press("Enter")
    message = page.locator(f"{JOHN} [data-chatvisor-message]")
    expect(message).to_have_text("Already in a call with Adam.")
    assert len(page.context.pages) == 1
    service.users[0]["inCall"] = None
    tick(page)
    expect(button).not_to_have_attribute("aria-disabled", "true")
    expect(message).to_have_text("")


@pytest.mark.parametrize("path", ["/chatvisor/users", "/chatvisor/users/v-1"])
def test_a_user_who_is_being_asked_is_told_apart_from_one_in_a_call(
    desk: OpenDesk, service: FakeService, path: str
) -> None:
    page = live(desk().page(path))
    call = page.locator(".chatvisor-call:visible")
    button = page.locator("[data-chatvisor-start=v-1]")
    expect(call).to_have_count(0)
    busy(service)
    tick(page)
    expect(call).to_have_text("Adam is asking …")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.press("Enter")
    message = page.locator("[data-chatvisor-message]:visible")
    expect(message).to_have_text("Adam is already asking this user.")
    talking(service)
    tick(page)
    expect(call).to_have_text("In a call with Adam for 3 min")
    expect(message).to_have_count(0)


# --- macros in the application's own pages -------------------------------------------


def test_a_profile_follows_its_user_with_one_request_for_all(
    desk: OpenDesk, service: FakeService
) -> None:
    agents = desk()
    service.users = service.users[:1]
    page = agents.page("/customer")
    john = page.locator("[data-chatvisor-status='john@example.com']")
    jane = page.locator("[data-chatvisor-status='jane@example.com']")
    expect(john).to_contain_text("Online")
    expect(jane).to_contain_text("Offline")
    expect(page.locator(START).nth(1)).to_be_hidden()
    page.wait_for_function("() => fakeCV.connections.length")
    service.users = [active_user("v-2", "Jane Roe", visible=False)]
    tick(page)
    expect(john).to_contain_text("Offline")
    expect(jane).to_contain_text("In background")
    expect(page.locator(START).nth(0)).to_be_hidden()
    expect(page.locator(START).nth(1)).to_have_attribute("data-chatvisor-start", "v-2")
    lists = [request for request in agents.asked if request.method == "GET"]
    assert {re.sub(r".*/|\?.*", "", request.url) for request in lists} == {"users.json"}


@pytest.mark.parametrize(("finds_several", "questions"), [(True, 1), (False, 3)])
def test_many_buttons_among_more_users_than_a_list_holds_cost_one_request(
    desk: OpenDesk, service: FakeService, finds_several: bool, questions: int
) -> None:
    service.users = [active_user(f"v-{n}", f"User{n}") for n in range(1200)]
    service.finds_several = finds_several
    agents = desk()
    page = agents.page("/crowd")
    there = page.locator(START).and_(page.locator(":visible"))
    expect(there).to_have_count(30)
    page.wait_for_function("() => fakeCV.connections.length")
    service.users = [one for one in service.users if one["id"] not in ("971", "999")]
    tick(page)
    expect(there).to_have_count(28)
    looked = [one for one in agents.asked if one.method == "GET"]
    for one in looked:
        one.response()
    # The page itself took one user and one list.
    lists = [asked for asked in service.asked if asked.startswith("GET")]
    assert len(lists) - 2 == questions * len(looked)


def test_the_page_of_a_user_fills_itself_when_they_come(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users = []
    page = live(desk().page("/chatvisor/users/john@example.com"))
    expect(page.locator("[data-chatvisor-when=offline]")).to_be_visible()
    service.users = [
        active_user(
            "v-1", "John Doe", labels=["vip"], additionalTaggingData={"plan": "gold"}
        )
    ]
    tick(page)
    expect(page.locator("h1")).to_contain_text("John Doe")
    expect(page.locator("main")).to_contain_text("gold")
    expect(page.locator(".chatvisor-label")).to_have_text(["vip"])
    expect(page.locator(START)).to_be_visible()


def test_the_profile_follows_tabs_and_pages(
    desk: OpenDesk, service: FakeService
) -> None:
    hostile = "<img src=x onerror=document.title='broken'>"
    john = service.users[0]
    john["tabs"] = [{"title": "Invoices", "path": "/invoices", "visible": True}]
    john["pages"] = [{"title": "Home", "path": "/", "at": ago(minutes=3)}]
    page = live(desk().page("/chatvisor/users/john@example.com"))
    tabs = page.locator("[data-chatvisor-field=tabs] li")
    pages = page.locator("[data-chatvisor-field=pages] li")
    expect(tabs).to_have_text(re.compile(r"In front\s+Invoices\s+/invoices"))
    expect(pages).to_have_text(re.compile(r"3 min ago\s+Home\s+/"))
    john["tabs"].append({"title": hostile, "path": "/x", "visible": False})
    john["pages"].insert(0, {"title": hostile, "path": "/x", "at": ago(seconds=1)})
    tick(page)
    expect(tabs).to_have_count(2)
    expect(tabs.nth(1)).to_contain_text(f"In background {hostile} /x")
    expect(pages.nth(0)).to_contain_text(f"just now {hostile} /x")
    assert page.locator("img").count() == 0
    service.users = []
    tick(page)
    expect(page.get_by_text("Open tabs")).to_be_hidden()


def test_the_profile_says_whether_the_user_is_verified(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page("/chatvisor/users/v-1"))
    identity = page.locator("[data-chatvisor-field=identity]")
    expect(identity).to_have_text("Verified by the application")
    expect(page.locator("h1")).to_contain_text("verified")
    service.users[0]["verified"] = False
    tick(page)
    expect(identity).to_have_text("Not verified")
    expect(page.locator("h1 .chatvisor-verified")).to_be_hidden()
    expect(page.locator("h1 .chatvisor-unverified")).to_be_visible()
    expect(
        page.get_by_role("button", name="Start John Doe, not verified")
    ).to_be_visible()


@pytest.mark.parametrize("path", ["/customer", "/macros", "/chatvisor/users"])
def test_who_is_not_verified_is_marked_and_named_so_beside_start(
    desk: OpenDesk, service: FakeService, path: str
) -> None:
    page = live(desk().page()) if path == "/chatvisor/users" else desk().page(path)
    shown = page.locator(".chatvisor-unverified:visible")
    start = page.get_by_role("button", name="Start John Doe, not verified")
    expect(page.get_by_role("button", name="Start John Doe").first).to_be_visible()
    expect(shown).to_have_count(0)
    expect(start).to_have_count(0)
    service.users[0]["verified"] = False
    tick(page)
    expect(start.first).to_be_visible()
    expect(shown.first).to_have_text("not verified")
    for mark in shown.all():
        expect(mark).to_have_attribute("title", re.compile("^Only the page says"))


def test_a_call_that_is_refused_is_told_on_the_profile_too(
    desk: OpenDesk, service: FakeService
) -> None:
    page = live(desk().page("/chatvisor/users/v-1"))
    page.route("**/users/v-1.json*", lambda route: route.abort())
    service.users = []
    with page.context.expect_page():
        page.click(START)
    expect(page.locator("header [data-chatvisor-message]")).to_have_text(
        "This user is no longer active."
    )


def test_the_help_button_calls_from_the_click(desk: OpenDesk) -> None:
    page = desk().page("/help", user="1")
    page.wait_for_function("() => window.CV")
    page.get_by_role("button", name="Ask for help").click()
    assert page.evaluate("fakeCV.named('conference.start')") == [[]]


def test_the_help_button_says_that_help_cannot_be_reached(desk: OpenDesk) -> None:
    agents = desk(AUTO_INJECT=False)
    page = agents.page("/help", user="1")
    page.get_by_role("button", name="Ask for help").click()
    expect(page.get_by_role("status")).to_contain_text("Help is not available")


# --- lists from the browser itself ---------------------------------------------------


def tagged(visitor_id: str, name: str, **fields: t.Any) -> dict[str, t.Any]:
    """What the vendor documents of a list's entry."""
    first, _, last = name.partition(" ")
    return {
        "visitorId": visitor_id,
        "email": f"{first.lower()}@example.com",
        "firstname": first,
        "lastname": last,
        **fields,
    }


def test_the_browser_lists_by_the_documented_calls_alone(desk: OpenDesk) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    users = [tagged("v-1", "John Doe"), tagged("v-2", "Jane Roe", labels=[hostile])]
    agents = desk("cloud", DIRECTORY="browser")
    page = agents.page(users=users)
    expect(page.locator("[data-chatvisor-user] a")).to_have_text(
        ["Jane Roe", "John Doe"]
    )
    expect(page.locator(".chatvisor-label")).to_have_text([hostile])
    assert page.evaluate("fakeCV.calls.map(call => call.name)") == (
        ["rest.auth", "user.list"]
    )
    assert agents.service.asked == ["POST /rest/v1/usertoken"]


def test_the_browser_filters_and_sorts_as_the_server_does(desk: OpenDesk) -> None:
    users = [
        tagged("v-1", "John Doe", labels=["vip"], assignedUser="mary@example.com"),
        tagged("v-2", "Jane Roe", labels=["vip"]),
        tagged("v-3", "Joan Poe"),
    ]
    agents = desk("cloud", DIRECTORY="browser")
    shown = {
        "?q=JO": ["Joan Poe", "John Doe"],
        "?label=vip&sort=-name": ["John Doe", "Jane Roe"],
        "?assigned=me": ["John Doe"],
        "?assigned=none": ["Jane Roe", "Joan Poe"],
        "?page_size=2&page=2": ["John Doe"],
    }
    page = agents.page("/help", users=users)
    for query, names in shown.items():
        page.goto(f"{agents.url}/chatvisor/users{query}")
        expect(page.locator("[data-chatvisor-user] a")).to_have_text(names)


def test_statuses_come_from_the_browser_too(desk: OpenDesk) -> None:
    agents = desk("cloud", DIRECTORY="browser")
    page = agents.page("/customer", users=[tagged("v-1", "John Doe")])
    expect(page.locator("[data-chatvisor-status='john@example.com']")).to_contain_text(
        "Online"
    )
    expect(page.locator("[data-chatvisor-status='jane@example.com']")).to_contain_text(
        "Offline"
    )
    expect(page.locator(START).nth(0)).to_have_attribute("data-chatvisor-start", "v-1")
    expect(page.locator(START).nth(1)).to_be_hidden()


def test_a_script_that_does_not_load_is_told(desk: OpenDesk) -> None:
    agents = desk("cloud", DIRECTORY="browser", SCRIPT_URL="http://127.0.0.1:9/x.js")
    page = agents.page("/help")
    page.clock.install()
    page.goto(f"{agents.url}/chatvisor/users")
    page.clock.run_for(11_000)
    expect(page.locator("[data-chatvisor-when=trouble]")).to_contain_text(
        "The Chatvisor script has not loaded."
    )


@pytest.mark.parametrize("state", ["unknown", "checking"])
def test_a_user_of_whom_nothing_is_known_is_not_called_offline(
    desk: OpenDesk, service: FakeService, state: str
) -> None:
    browser = {"DIRECTORY": "browser"} if state == "checking" else {}
    service.failure = 401
    agents = desk("cloud", **browser)
    page = agents.page("/help")
    page.route("**/cdn/js/*", lambda route: route.abort())
    page.route("**/*.json", lambda route: route.abort())
    page.goto(f"{agents.url}/chatvisor/users/v-1")
    expect(page.locator(f"[data-chatvisor-when={state}]")).to_be_visible()
    presence = page.locator(".chatvisor-profile-head .chatvisor-presence")
    said = {"unknown": "Status unknown", "checking": "Checking …"}
    expect(presence).to_have_text(said[state])


@pytest.mark.parametrize("path", ["/chatvisor/users", "/chatvisor/users/v-1"])
def test_a_script_that_a_policy_blocks_is_told_to_agents_and_to_developers(
    desk: OpenDesk, path: str
) -> None:
    agents = desk()
    page = agents.page("/help")
    page.clock.install()
    page.route("**/cdn/js/*", lambda route: route.abort("blockedbyclient"))
    page.goto(f"{agents.url}{path}")
    expect(connection(page)).to_have_text("Updated every 5 seconds")
    notice = page.locator("[data-chatvisor-no-script]")
    expect(notice).to_be_hidden()
    page.clock.run_for(11_000)
    expect(notice).to_contain_text("The Chatvisor script has not loaded.")
    expect(notice).to_contain_text("contact your administrator")
    expect(notice).to_contain_text("chatvisor.csp()")


def test_other_consumers_of_the_scripts_loading_are_called_too(desk: OpenDesk) -> None:
    agents = desk("cloud", DIRECTORY="browser")
    page = agents.page("/help", users=[tagged("v-1", "John Doe")])
    page.add_init_script("window.CVLoaded = () => { window.called = true; }")
    page.goto(f"{agents.url}/chatvisor/users")
    expect(page.locator(JOHN)).to_be_visible()
    assert page.evaluate("window.called")


# --- on a phone, without JavaScript --------------------------------------------------


def test_nothing_runs_over_the_edge_of_a_phone(
    desk: OpenDesk, service: FakeService
) -> None:
    service.users.append(
        active_user("v-3", "Sam " + "Longname" * 8, labels=["x" * 60, "vip"])
    )
    page = live(desk().page())
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect(page.locator(f"{JOHN} {START}")).to_be_visible()


def test_a_card_is_still_a_row_of_a_table(desk: OpenDesk) -> None:
    page = live(desk().page())
    page.set_viewport_size({"width": 390, "height": 800})
    row = page.get_by_role("table", name="Active users").get_by_role("row").nth(1)
    expect(row.get_by_role("rowheader")).to_contain_text("Jane Roe")
    expect(row.get_by_role("button", name="Start Jane Roe")).to_be_visible()


def test_the_list_can_be_used_without_javascript(
    desk: OpenDesk, open_page: OpenPage
) -> None:
    agents = desk()
    page = open_page(java_script_enabled=False)
    page.goto(f"{agents.url}/sign-in/3")
    page.goto(f"{agents.url}/chatvisor/users")
    page.fill("[name=q]", "jane")
    page.press("[name=q]", "Enter")
    expect(page.locator(".chatvisor-name a")).to_have_text(["Jane Roe"])
    assert "q=jane" in page.url
    told = page.locator("[data-chatvisor-users] > noscript").inner_text()
    assert "Live updates and calls need JavaScript" in told
    page.get_by_label("Waiting for help").check()
    page.get_by_role("button", name="Search").click()
    expect(page.locator("[data-chatvisor-when=nothing]")).to_be_visible()
    page.locator("[data-chatvisor-chip=waiting] a").click()
    expect(page.locator(START)).to_be_hidden()
    page.get_by_role("link", name="Start Jane Roe").click()
    expect(page.locator("h1")).to_have_text("Calls need JavaScript")
