"""tag.js in a browser: it announces who is there, and nobody who has gone."""

from __future__ import annotations

import threading

import pytest
from flask import Response
from flask import request
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from ..doubles.service import FakeService
from .conftest import Launch
from .conftest import OpenPage
from .tagged import CALLS
from .tagged import JANE
from .tagged import JOHN
from .tagged import RESET
from .tagged import OpenPortal
from .tagged import Portal
from .tagged import Visit
from .tagged import expect_calls

KEY = "identity-key-of-the-tests-32-bytes!"


# --- who is announced -------------------------------------------------------------


def test_the_pages_user_is_announced_once(visit: Visit) -> None:
    running, page = visit()
    assert page.evaluate("fakeCV.calls[0].args[0]") == {
        "id": "1",
        "email": "john@example.com",
        "firstname": "John",
        "lastname": "Doe",
    }
    assert running.asked == []


def test_others_who_wait_for_the_script_are_called_too(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()
    page = open_page(f"{running.url}/sign-in/1")
    page.add_init_script("window.CVLoaded = () => { window.called = true; }")
    page.goto(running.url)
    expect_calls(page, JOHN)
    assert page.evaluate("window.called") is True


def test_a_script_that_was_there_first_is_used(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()
    script = running.app.config["CHATVISOR_SCRIPT_URL"]
    running.page(
        f"<head><script src='{script}'></script></head><body></body>", "/early"
    )
    page = open_page(f"{running.url}/sign-in/1")
    page.goto(f"{running.url}/early")
    expect_calls(page, JOHN)


def test_after_signing_out_the_visitor_is_reset(visit: Visit) -> None:
    running, page = visit()
    running.sign_out(page)
    page.goto(running.url)
    expect_calls(page, RESET)
    page.goto(f"{running.url}/other")
    assert page.evaluate("window.fakeCV") is None


def test_another_user_is_announced_after_a_reset(visit: Visit) -> None:
    running, page = visit()
    running.sign_in(page, "2")
    page.goto(running.url)
    expect_calls(page, RESET, JANE)


def test_an_identity_that_is_not_in_the_page_is_fetched(visit: Visit) -> None:
    running, page = visit(IDENTITY_DELIVERY="fetch")
    running.sign_in(page, "2")
    page.goto(running.url)
    expect_calls(page, RESET, JANE)
    # Twice by a page that has no tag, and once after the reset.
    assert running.asked == ["same-origin"] * 3


# --- pages that come back ---------------------------------------------------------


@pytest.fixture
def with_back_forward_cache(launch: Launch) -> Browser:
    return launch(without=("--disable-back-forward-cache",))


@pytest.mark.parametrize("kept", [False, True], ids=["asked for again", "kept whole"])
def test_going_back_announces_nobody_who_has_gone(
    portal: OpenPortal,
    open_page: OpenPage,
    browser: Browser,
    with_back_forward_cache: Browser,
    kept: bool,
) -> None:
    running = portal()
    page = open_page(browser=with_back_forward_cache if kept else browser)
    page.goto(f"{running.url}/sign-in/1")
    page.goto(running.url)
    expect_calls(page, JOHN)
    page.goto(f"{running.url}/sign-out")
    page.go_back(wait_until="commit")
    told = [JOHN, RESET] if kept else [RESET]
    expect_calls(page, *told)


def test_going_back_to_a_page_of_a_cache_does_not_believe_it(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()
    page = open_page(f"{running.url}/sign-in/1")
    old = page.goto(running.url)
    assert old is not None
    body = old.text()
    page.goto(f"{running.url}/sign-out")
    running.cached["/"] = body
    page.go_back(wait_until="commit")
    expect_calls(page, RESET)


def test_going_back_keeps_the_reset_that_the_page_brings(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()
    page = open_page(f"{running.url}/sign-in/1")
    page.goto(running.url)
    page.goto(f"{running.url}/other")
    expect_calls(page, JOHN)
    page.goto(f"{running.url}/sign-out")
    page.goto(f"{running.url}/other")
    expect_calls(page, RESET)
    # Not in the browser's cache any more: the page comes fresh from the server.
    running.sign_in(page, "1")
    page.goto(running.url)
    expect_calls(page, JOHN)
    running.sign_out(page)
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.go_back(wait_until="commit")
    expect_calls(page, RESET)


def test_a_page_that_is_prerendered_announces_nobody_until_it_is_shown(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()
    page = open_page(f"{running.url}/sign-in/1")
    page.add_init_script(
        """
        window.ahead = true;
        const ahead = { get: () => window.ahead };
        Object.defineProperty(Document.prototype, "prerendering", ahead);
        """
    )
    page.goto(running.url)
    page.wait_for_function("window.fakeCV")
    assert page.evaluate(CALLS) == []
    page.evaluate(
        "ahead = false; document.dispatchEvent(new Event('prerenderingchange'))"
    )
    expect_calls(page, JOHN)


AHEAD = """<body><a href="/other">Other</a><script type="speculationrules">
{"prerender": [{"urls": ["/other"], "eagerness": "immediate"}]}</script></body>"""


def test_a_page_that_was_loaded_ahead_is_not_believed_either(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()
    running.page(AHEAD, "/ahead")
    purposes: list[str | None] = []
    loaded = threading.Event()

    @running.app.after_request
    def note(response: Response) -> Response:
        if request.path == "/other":
            purposes.append(request.headers.get("Sec-Purpose"))
            loaded.set()
        return response

    page = open_page(f"{running.url}/sign-in/1")
    page.goto(f"{running.url}/ahead")
    assert loaded.wait(60)
    assert purposes == ["prefetch;prerender"]
    assert running.asked == []
    running.sign_in(page, "2")
    page.click("a")
    expect_calls(page, RESET, JANE)


# --- pages that stay open ---------------------------------------------------------


@pytest.fixture
def patient(portal: OpenPortal, open_page: OpenPage) -> tuple[Portal, Page]:
    """John's page, with a clock that is in our hands and an identity of 60 s."""
    running = portal(IDENTITY_KEY=KEY, IDENTITY_MAX_AGE=60)
    page = open_page(f"{running.url}/sign-in/1")
    page.clock.install()
    page.goto(running.url)
    expect_calls(page, JOHN)
    return running, page


def test_an_identity_is_renewed_before_it_expires(patient: tuple[Portal, Page]) -> None:
    running, page = patient
    page.clock.run_for(47_000)
    assert running.asked == []
    page.clock.run_for(2_000)
    expect_calls(page, JOHN, JOHN)
    page.clock.run_for(49_000)
    expect_calls(page, JOHN, JOHN, JOHN)
    assert running.asked == ["same-origin", "same-origin"]


def test_who_signed_out_elsewhere_is_forgotten_at_the_renewal(
    patient: tuple[Portal, Page],
) -> None:
    running, page = patient
    running.sign_out(page)
    # Another tab has already handled the reset.
    page.context.request.get(running.url)
    page.clock.run_for(49_000)
    expect_calls(page, JOHN, RESET)


def test_when_me_fails_nobody_is_forgotten_and_it_is_asked_again(
    patient: tuple[Portal, Page],
) -> None:
    running, page = patient
    running.fails = True
    with page.expect_console_message(lambda message: "is not known" in message.text):
        page.clock.run_for(49_000)
    with page.expect_console_message(lambda message: "is not known" in message.text):
        page.clock.run_for(11_000)
    assert page.evaluate(CALLS) == [[*JOHN]]
    running.fails = False
    page.clock.run_for(21_000)
    expect_calls(page, JOHN, JOHN)
    assert len(running.asked) == 3


def test_an_application_says_itself_that_somebody_signed_in_without_a_new_page(
    visit: Visit,
) -> None:
    running, page = visit()
    running.sign_in(page, "2")
    page.evaluate("() => { document.dispatchEvent(new Event('chatvisor:refresh')) }")
    expect_calls(page, JOHN, RESET, JANE)


#: What Turbo does with a page that it has kept: the body again, its scripts run.
RESTORE = """() => {
  document.body.replaceWith(document.body.cloneNode(true));
  for (const old of document.body.querySelectorAll("script[src]")) {
    const script = document.createElement("script");
    for (const { name, value } of old.attributes) script.setAttribute(name, value);
    old.replaceWith(script);
  }
}"""


def test_a_page_that_was_kept_within_the_page_announces_nobody_who_has_gone(
    visit: Visit,
) -> None:
    running, page = visit()
    running.sign_in(page, "2")
    page.evaluate(RESTORE)
    expect_calls(page, JOHN, RESET, JANE)
    page.evaluate(RESTORE)
    expect_calls(page, JOHN, RESET, JANE, JANE)


def test_a_page_without_the_service_has_no_error(
    portal: OpenPortal, open_page: OpenPage, service: FakeService
) -> None:
    running = portal()
    page = open_page(f"{running.url}/sign-in/1")
    page.route("**/cdn/js/**", lambda route: route.abort())
    page.goto(running.url)
    expect(page.locator("h1")).to_have_text("Home")
    assert page.evaluate("typeof CVLoaded") == "function"
