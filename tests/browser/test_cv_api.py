"""The vendor's documented calls, unchanged, from plain pages of another origin."""

from __future__ import annotations

import json
import re
import threading
import typing as t
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Page
from playwright.sync_api import WebSocketRoute
from playwright.sync_api import expect
from websockets.sync.client import connect
from websockets.typing import Origin

from flask_chatvisor.service.settings import Timings

from .conftest import Launch
from .conftest import OpenPage
from .support import RunningService
from .support import Site
from .support import expect_state
from .support import running_service
from .support import serving
from .support import until
from .support import violations_of
from .support import window_by_click
from .support import window_named

JOHN = {
    "id": "1",
    "email": "john@example.com",
    "firstname": "John",
    "lastname": "Doe",
    "gender": "male",
    "labels": ["customer"],
    "assignedUser": "mary@example.com",
    "additionalTaggingData": {"plan": "gold"},
    "externalToken": "not-for-agents",
}

JANE = {"id": "2", "email": "jane@example.com"}

INVITATION = "chatvisor-invitation"
ACCEPT = f"{INVITATION} [data-chatvisor-accept]"
DECLINE = f"{INVITATION} [data-chatvisor-decline]"

#: As the vendor's own pages have it.
BEFORE = """<script>
  window.initialised = 0;
  function init() { window.initialised += 1; window.sawCV = typeof CV.user.tag; }
  if (window.CVLoaded) { init(); } else { window.CVLoaded = init; }
</script>"""


@pytest.fixture
def service() -> Iterator[RunningService]:
    # Longer than a page takes to load, on a busy machine too.
    with running_service(Timings(presence_grace=3)) as service:
        yield service


@pytest.fixture
def service_without_addresses() -> Iterator[RunningService]:
    with running_service(show_agent_email=False) as service:
        yield service


@pytest.fixture
def site(service: RunningService) -> Iterator[Site]:
    script = f'<script src="{service.script}"></script>'
    later = f'<script src="{service.script}" async></script>'
    pages = {
        "/": f"<title>Home</title><h1>Home</h1>{script}",
        "/other": f"<title>Other</title><h1>Other</h1>{script}",
        "/before": f"<title>Before</title>{BEFORE}{later}",
        "/after": f"<title>After</title>{script}{BEFORE}",
        "/twice": f"<title>Twice</title>{BEFORE}{later}{later}",
        "/empty": "<title>Empty</title>",
    }
    with serving(pages) as site:
        yield site


@pytest.fixture
def page(site: Site, open_page: OpenPage) -> Page:
    return open_page(f"{site.url}/")


@pytest.fixture
def john(site: Site, open_page: OpenPage) -> Page:
    john = open_page(f"{site.url}/")
    john.evaluate("tag => CV.user.tag(tag)", JOHN)
    john.wait_for_function("localStorage.getItem('chatvisor-visitor')")
    return john


@pytest.fixture
def mary(
    site: Site, service: RunningService, launch: Launch, open_page: OpenPage
) -> Page:
    """An agent's page, in a browser that blocks pop-ups."""
    blocking = launch(without=("--disable-popup-blocking",))
    page = open_page(f"{site.url}/", browser=blocking)
    page.evaluate("token => CV.rest.auth(token)", service.token())
    return page


def listed(page: Page) -> list[dict[str, t.Any]]:
    users = page.evaluate("new Promise(resolve => CV.user.list(resolve))")
    assert isinstance(users, list)
    return users


def status(page: Page, query: str) -> dict[str, t.Any]:
    user = page.evaluate(
        "query => new Promise(resolve => CV.user.status(query, resolve))", query
    )
    assert isinstance(user, dict)
    return user


def wait_for_status(page: Page, query: str, condition: str) -> None:
    """Wait until the status of a user fulfils a condition about ``user``."""
    ask = "new Promise(resolve => CV.user.status(query, resolve))"
    until(page, f"{ask}.then(user => {condition})", query=query)


def visitor_id(page: Page) -> str:
    found = page.evaluate("JSON.parse(localStorage.getItem('chatvisor-visitor')).id")
    return str(found)


def warnings_of(page: Page) -> list[str]:
    lines: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "warning":
            lines.append(message.text)

    page.on("console", note)
    return lines


def start(mary: Page, visitor: str) -> Page:
    """Mary clicks a button of her own page that starts a call; her call window."""
    mary.evaluate(
        """visitor => {
          const button = document.body.appendChild(document.createElement("button"));
          button.id = "start";
          button.onclick = () => { CV.calling.startScreen(visitor); };
        }""",
        visitor,
    )
    return window_by_click(mary, "#start")


# --- loading ------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/before", "/after"])
def test_cvloaded_runs_once_before_and_after_the_script(
    site: Site, open_page: OpenPage, path: str
) -> None:
    page = open_page(site.url + path)
    page.wait_for_function("window.initialised === 1")
    assert page.evaluate("[window.sawCV, Boolean(window.CVLoaded)]") == [
        "function",
        True,
    ]


def test_cvloaded_can_be_shared_by_several_consumers(
    site: Site, service: RunningService, open_page: OpenPage
) -> None:
    page = open_page(f"{site.url}/empty")
    page.evaluate(
        """() => {
          window.ran = [];
          window.wait = name => {
            const before = window.CVLoaded;
            if (typeof before === "function") {
              window.CVLoaded = () => { before(); window.ran.push(name); };
            } else if (before) window.ran.push(name);
            else window.CVLoaded = () => window.ran.push(name);
          };
          window.wait("first");
          window.wait("second");
        }"""
    )
    page.add_script_tag(url=service.script)
    page.evaluate("window.wait('third')")
    page.evaluate("window.CVLoaded = () => window.ran.push('unasked'); 0")
    assert page.evaluate("window.ran") == ["first", "second", "third", "unasked"]


def test_a_consumer_that_throws_does_not_stop_the_script(
    site: Site, service: RunningService, launch: Launch
) -> None:
    page = launch().new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.message))
    page.goto(f"{site.url}/empty")
    page.evaluate("window.CVLoaded = () => { throw new Error('mine'); }; 0")
    page.add_script_tag(url=service.script)
    assert page.evaluate("typeof CV.user.list") == "function"
    assert errors == ["mine"]
    page.close()


def test_a_second_copy_of_the_script_does_nothing(
    site: Site, service: RunningService, open_page: OpenPage
) -> None:
    page = open_page(f"{site.url}/twice")
    page.wait_for_function("window.initialised === 1")
    page.evaluate("window.firstCV = window.CV; 0")
    page.add_script_tag(url=service.script)
    assert page.evaluate("window.firstCV === window.CV")
    assert page.evaluate("window.initialised") == 1


# --- users --------------------------------------------------------------------------


def test_a_tagged_user_is_listed_with_everything_but_the_external_token(
    mary: Page, john: Page
) -> None:
    wait_for_status(mary, "john@example.com", "user.visitorId")
    [user] = listed(mary)
    expected = {key: value for key, value in JOHN.items() if key != "externalToken"}
    assert {key: user[key] for key in expected} == expected
    assert user["visitorId"] == visitor_id(john)
    assert user["location"] == {"title": "Home", "path": "/"}
    assert "externalToken" not in user
    assert "not-for-agents" not in json.dumps(user)


@pytest.mark.parametrize("query", ["john@example.com", "JOHN@example.com", "1"])
def test_status_finds_a_user_by_mail_and_id(mary: Page, john: Page, query: str) -> None:
    wait_for_status(mary, query, "user.visitorId")
    assert status(mary, query)["visitorId"] == visitor_id(john)


@pytest.mark.parametrize("query", ["jane@example.com", "", "..", "a/b?c#d", "100 %"])
def test_status_of_somebody_who_is_not_there_is_an_empty_object(
    mary: Page, query: str
) -> None:
    lines = warnings_of(mary)
    assert status(mary, query) == {}
    assert lines == []


def test_a_list_of_more_than_one_page_comes_whole(
    site: Site, open_page: OpenPage
) -> None:
    # These visitors have left by the time of the list.
    with running_service(Timings(presence_grace=60)) as service:
        for number in range(1005):
            announce(service, number)
        page = open_page(f"{site.url}/empty")
        page.add_script_tag(url=service.script)
        page.evaluate("token => CV.rest.auth(token)", service.token())
        assert len({user["id"] for user in listed(page)}) == 1005


def announce(service: RunningService, number: int) -> None:
    """Be a visitor for a moment."""
    address = service.url.replace("http", "ws") + "/ws"
    hello = {"type": "hello-visitor", "page": {"title": "", "path": "/"}}
    with connect(address, origin=Origin("http://localhost")) as socket:
        socket.send(json.dumps(hello))
        socket.recv()
        socket.send(json.dumps({"type": "tag", "tag": {"id": str(number)}}))


def test_reset_forgets_the_user_at_once(mary: Page, john: Page) -> None:
    wait_for_status(mary, "john@example.com", "user.visitorId")
    before = visitor_id(john)
    john.evaluate("CV.user.reset()")
    wait_for_status(mary, "john@example.com", "!user.visitorId")
    john.wait_for_function("localStorage.getItem('chatvisor-visitor')")
    assert visitor_id(john) != before


@pytest.mark.parametrize("persist", [False, True])
@pytest.mark.parametrize("end", ["CV.user.reset()", "CV.rest.auth('')"])
def test_the_next_user_of_the_browser_has_no_token(
    mary: Page, service: RunningService, persist: bool, end: str
) -> None:
    mary.evaluate("([t, p]) => CV.rest.auth(t, p)", [service.token(), persist])
    mary.evaluate(end)
    kept = "[localStorage, sessionStorage].some((one) => 'chatvisor-token' in one)"
    assert mary.evaluate(kept) is False
    assert mary.evaluate("CV.user.list()") == []


def test_reset_then_tag_makes_somebody_else(mary: Page, john: Page) -> None:
    before = visitor_id(john)
    john.evaluate(
        "CV.user.reset(); CV.user.tag({id: '2', email: 'jane@example.com'}); 0"
    )
    wait_for_status(mary, "jane@example.com", "user.visitorId")
    assert status(mary, "john@example.com") == {}
    assert status(mary, "jane@example.com")["visitorId"] != before


def test_a_reset_in_one_tab_takes_the_tag_from_the_others(
    mary: Page, john: Page, site: Site
) -> None:
    second = john.context.new_page()
    second.goto(f"{site.url}/other")
    second.evaluate("tag => CV.user.tag(tag)", JOHN)
    wait_for_status(mary, "john@example.com", "user.visitorId")
    john.evaluate("CV.user.reset()")
    wait_for_status(mary, "john@example.com", "!user.visitorId")
    # Both tabs have come back as one untagged visitor.
    second.evaluate("tag => CV.user.tag(tag)", JANE)
    wait_for_status(mary, "jane@example.com", "user.visitorId")
    assert status(mary, "john@example.com") == {}


def test_who_signs_in_anew_is_tagged_however_slow_the_network_is(
    mary: Page, john: Page, site: Site
) -> None:
    second = john.context.new_page()
    second.goto(f"{site.url}/other")
    wait_for_status(mary, "john@example.com", "user.visitorId")
    late: list[tuple[WebSocketRoute, str | bytes]] = []
    slowly = threading.Event()
    slowly.set()

    def slow(socket: WebSocketRoute) -> None:
        def arrive(message: str | bytes) -> None:
            if slowly.is_set():
                late.append((socket, message))
            else:
                socket.send(message)

        socket.connect_to_server().on_message(arrive)

    john.route_web_socket("**/ws", slow)
    john.goto(f"{site.url}/")
    john.evaluate("tag => { CV.user.reset(); CV.user.tag(tag); }", JANE)
    # The other tab knows of it, and waits.
    until(second, "JSON.parse(localStorage.getItem('chatvisor-visitor')).reset")
    slowly.clear()
    for socket, message in late:
        socket.send(message)
    wait_for_status(mary, "jane@example.com", "user.visitorId")
    assert status(mary, "john@example.com") == {}


def test_a_tab_in_the_background_is_here_but_not_looked_at(
    mary: Page, site: Site, open_page: OpenPage
) -> None:
    page = open_page()
    page.add_init_script(
        """window.looks = "hidden";
        const look = { get: () => window.looks };
        Object.defineProperty(Document.prototype, "visibilityState", look);
        window.CVLoaded ??= () => CV.user.tag({id: "9"});"""
    )
    page.goto(f"{site.url}/")
    wait_for_status(mary, "9", "user.visible === false")
    page.evaluate("window.looks = 'visible'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange')); 0")
    wait_for_status(mary, "9", "user.visible")


def test_a_page_that_is_prerendered_connects_when_it_is_shown(
    mary: Page, site: Site, open_page: OpenPage
) -> None:
    page = open_page()
    page.add_init_script(
        """window.ahead = true;
        window.sockets = 0;
        window.WebSocket = class extends WebSocket {
          constructor(...values) { super(...values); window.sockets += 1; }
        };
        const ahead = { get: () => window.ahead };
        Object.defineProperty(Document.prototype, "prerendering", ahead);
        window.CVLoaded ??= () => CV.user.tag({id: "9"});"""
    )
    page.goto(f"{site.url}/")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    assert page.evaluate("window.sockets") == 0
    page.evaluate(
        "window.ahead = false; document.dispatchEvent(new Event('prerenderingchange'))"
    )
    wait_for_status(mary, "9", "user.visitorId")
    assert page.evaluate("window.sockets") == 1


def test_a_visitor_is_the_same_on_the_next_page_and_stays_tagged(
    mary: Page, john: Page, site: Site
) -> None:
    before = visitor_id(john)
    john.goto(f"{site.url}/other?secret=1#fragment")
    wait_for_status(mary, "1", "user.location && user.location.title === 'Other'")
    user = status(mary, "1")
    assert user["visitorId"] == before
    assert user["location"] == {"title": "Other", "path": "/other"}


def test_a_client_side_navigation_is_told_without_its_query(
    mary: Page, john: Page
) -> None:
    john.evaluate(
        "history.pushState(null, '', '/orders/7?token=1'); document.title = 'Order'"
    )
    wait_for_status(mary, "1", "user.location && user.location.path === '/orders/7'")
    assert status(mary, "1")["location"] == {"title": "Order", "path": "/orders/7"}


def test_a_browser_that_blocks_storage_can_be_tagged_and_called(
    mary: Page, site: Site, launch: Launch, open_page: OpenPage
) -> None:
    page = open_page()
    page.add_init_script(
        """for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, {
            get() { throw new DOMException("denied", "SecurityError"); },
          });
        }"""
    )
    page.goto(f"{site.url}/")
    page.evaluate("tag => CV.user.tag(tag)", JOHN)
    wait_for_status(mary, "john@example.com", "user.visitorId")
    start(mary, status(mary, "john@example.com")["visitorId"])
    expect(page.locator(ACCEPT)).to_be_visible()


def test_a_page_from_the_back_forward_cache_is_present_again(
    mary: Page, site: Site, launch: Launch, open_page: OpenPage
) -> None:
    caching = launch(without=("--disable-back-forward-cache",))
    page = open_page(f"{site.url}/", browser=caching)
    page.evaluate("tag => { window.kept = true; CV.user.tag(tag); }", JOHN)
    wait_for_status(mary, "1", "user.visitorId")
    page.goto(f"{site.url}/empty")
    wait_for_status(mary, "1", "!user.visitorId")
    with page.expect_navigation(wait_until="commit"):
        page.evaluate("history.back()")
    assert page.evaluate("window.kept")  # it did come from the cache
    wait_for_status(mary, "1", "user.visitorId && user.location.path === '/'")


def test_a_visitor_comes_back_by_itself_when_the_service_was_restarted(
    open_page: OpenPage,
) -> None:
    with serving({"/": "<title>Home</title>"}) as site:
        with running_service() as service:
            page = open_page(f"{site.url}/")
            page.add_script_tag(url=service.script)
            page.evaluate("token => CV.rest.auth(token)", service.token())
            page.evaluate("tag => CV.user.tag(tag)", JOHN)
            wait_for_status(page, "1", "user.visitorId")
            before = visitor_id(page)
        with running_service(port=service.port):
            wait_for_status(page, "1", "user.visitorId")
            assert status(page, "1")["visitorId"] == before


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        (None, "bad-request"),
        (["a"], "bad-request"),
        ({"id": "x" * 70_000}, "too-large"),
    ],
)
def test_an_unusable_tag_is_one_line_and_harms_nothing(
    mary: Page, john: Page, tag: object, code: str
) -> None:
    wait_for_status(mary, "1", "user.visitorId")
    lines = warnings_of(john)
    john.evaluate("tag => CV.user.tag(tag)", tag)
    assert [line.split(" (")[0] for line in lines] == [f"chatvisor: user.tag: {code}"]
    john.evaluate("history.pushState(null, '', '/still-here')")
    wait_for_status(mary, "1", "user.location && user.location.path === '/still-here'")


def test_text_that_is_not_unicode_does_not_end_the_connection(
    mary: Page, john: Page
) -> None:
    john.evaluate("CV.user.tag({id: '9', firstname: 'J\\ud800n \\u2028</script>'})")
    wait_for_status(mary, "9", "user.visitorId")
    assert status(mary, "9")["firstname"] == "J\ufffdn \u2028</script>"


# --- tokens -------------------------------------------------------------------------


def test_both_forms_of_auth_are_understood(
    site: Site, service: RunningService, open_page: OpenPage, john: Page
) -> None:
    page = open_page(f"{site.url}/")
    page.evaluate("t => CV.rest.auth('Mary@example.com', t)", service.token())
    wait_for_status(page, "1", "user.visitorId")
    other = open_page(f"{site.url}/")
    other.evaluate("t => CV.rest.auth(t)", service.token())
    wait_for_status(other, "1", "user.visitorId")


def test_a_token_of_another_mail_address_is_refused(
    service: RunningService, page: Page, john: Page
) -> None:
    lines = warnings_of(page)
    token = service.token("adam@example.com", "Adam")
    page.evaluate("t => CV.rest.auth('mary@example.com', t)", token)
    assert listed(page) == []
    assert [re.sub(r" \(.*", "", line) for line in lines] == [
        "chatvisor: rest.auth: email-mismatch",
        "chatvisor: user.list: token-missing",
    ]
    assert token not in "".join(lines)


@pytest.mark.parametrize(("persist", "kind"), [(True, "local"), (False, "session")])
def test_a_token_is_kept_where_it_was_asked_for(
    service: RunningService, page: Page, persist: bool, kind: str
) -> None:
    page.evaluate("([t, p]) => CV.rest.auth(t, p)", [service.token(), persist])
    stores = page.evaluate(
        "['local', 'session'].filter(k => window[k + 'Storage'].length)"
    )
    assert stores == [kind]
    page.reload()
    assert page.evaluate("CV.user.list()") == []  # known still: no refusal


def test_a_token_that_is_bound_to_a_visitor_is_used_once_and_never_stored(
    service: RunningService, page: Page, john: Page
) -> None:
    visitor = visitor_id(john)
    page.evaluate("t => CV.rest.auth(t)", service.token(visitor_id=visitor))
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    window = start(page, visitor)
    expect_state(window, "ringing")
    lines = warnings_of(page)
    assert page.evaluate("visitor => CV.calling.startScreen(visitor)", visitor) is None
    assert lines[0].startswith("chatvisor: calling.startScreen: token-missing")


@pytest.mark.parametrize(
    ("token", "code"), [("", "token-missing"), ("forged", "token-invalid")]
)
def test_without_a_good_token_the_answers_are_empty_and_say_why(
    page: Page, token: str, code: str
) -> None:
    lines = warnings_of(page)
    page.evaluate("t => CV.rest.auth(t)", token)
    assert listed(page) == []
    assert status(page, "john@example.com") == {}
    assert [line.split(" (")[0] for line in lines] == [
        f"chatvisor: user.list: {code}",
        f"chatvisor: user.status: {code}",
    ]


# --- calls --------------------------------------------------------------------------


def test_a_call_opens_both_windows_and_rings_by_name(mary: Page, john: Page) -> None:
    wait_for_status(mary, "john@example.com", "user.visitorId")
    agents = start(mary, visitor_id(john))
    expect_state(agents, "ringing")
    assert window_named(agents) == f"chatvisor-agent-{visitor_id(john)}"
    assert agents.evaluate("window.opener === null && location.hash === ''")
    invitation = john.locator(INVITATION)
    expect(invitation).to_contain_text("Mary Major would like to see your screen")
    expect(invitation).to_contain_text("mary@example.com")
    visitors = window_by_click(john, ACCEPT)
    assert window_named(visitors) == f"chatvisor-visitor-{visitor_id(john)}"
    expect_state(visitors, "accepted")
    assert visitors.evaluate("location.hash") == ""
    expect_state(agents, "accepted")
    expect(invitation).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "This person did not accept a moment ago"),
        ("de", "Diese Person hat eben nicht angenommen"),
    ],
)
def test_after_a_no_the_window_says_to_wait(
    mary: Page, john: Page, language: str, said: str
) -> None:
    mary.evaluate("language => (document.documentElement.lang = language)", language)
    wait_for_status(mary, "john@example.com", "user.visitorId")
    agents = start(mary, visitor_id(john))
    john.click(DECLINE)
    expect_state(agents, "ended", "declined")
    agents.close()
    agents = start(mary, visitor_id(john))
    expect_state(agents, "ended", "asked-recently")
    expect(agents.locator("body")).to_contain_text(said)


@pytest.mark.parametrize(
    ("name", "shown"), [("Mary Major", "Mary Major"), ("mary@example.com", "Support")]
)
def test_the_agents_address_can_be_kept_from_the_customer(
    service_without_addresses: RunningService,
    open_page: OpenPage,
    name: str,
    shown: str,
) -> None:
    service = service_without_addresses
    script = f'<title>Home</title><script src="{service.script}"></script>'
    with serving({"/": script}) as site:
        john, mary = open_page(site.url), open_page(site.url)
        john.evaluate("tag => CV.user.tag(tag)", JOHN)
        mary.evaluate("t => CV.rest.auth(t)", service.token(name=name))
        wait_for_status(mary, "1", "user.visitorId")
        agents = start(mary, visitor_id(john))
        expect(agents.locator("body")).to_contain_text("open here, with your name.")
        invitation = john.locator(INVITATION)
        expect(invitation).to_contain_text(f"{shown} would like to see your screen")
        expect(invitation).to_contain_text(f"{shown} would like to help you here.")
        expect(invitation).not_to_contain_text("@")
        visitors = window_by_click(john, ACCEPT)
        expect(visitors.locator("body")).to_contain_text(f"Show {shown} your screen")
        expect(john.locator("chatvisor-sign")).to_contain_text(f"{shown} is with you.")


def test_the_window_that_the_page_has_opened_already_is_used(
    mary: Page, john: Page
) -> None:
    wait_for_status(mary, "1", "user.visitorId")
    mary.evaluate(
        """visitor => {
          const button = document.body.appendChild(document.createElement("button"));
          button.id = "start";
          button.onclick = async () => {
            window.open("", `chatvisor-agent-${visitor}`);
            await fetch("/");  // the application's own request for a token
            CV.calling.startScreen(visitor);
          };
        }""",
        visitor_id(john),
    )
    window = window_by_click(mary, "#start")
    expect_state(window, "ringing")
    assert len(mary.context.pages) == 2


def test_a_call_rings_in_every_tab_and_one_answer_is_for_all(
    mary: Page, john: Page, site: Site
) -> None:
    second = john.context.new_page()
    second.goto(f"{site.url}/other")
    wait_for_status(mary, "1", "user.visitorId")
    window = start(mary, visitor_id(john))
    expect(second.locator(DECLINE)).to_be_visible()
    john.click(DECLINE)
    expect(second.locator(INVITATION)).to_have_count(0)
    expect(second.locator("chatvisor-notice")).to_have_count(0)
    expect_state(window, "ended", "declined")


def test_an_invitation_is_on_the_next_page_as_well(
    mary: Page, john: Page, site: Site
) -> None:
    wait_for_status(mary, "1", "user.visitorId")
    start(mary, visitor_id(john))
    expect(john.locator(ACCEPT)).to_be_visible()
    john.goto(f"{site.url}/other")
    expect(john.locator(ACCEPT)).to_be_visible()


def test_an_agent_who_takes_the_request_back_is_gone_with_a_word(
    mary: Page, john: Page
) -> None:
    wait_for_status(mary, "1", "user.visitorId")
    window = start(mary, visitor_id(john))
    expect(john.locator(ACCEPT)).to_be_visible()
    window.click("[data-chatvisor-stop]")
    expect(john.locator(INVITATION)).to_have_count(0)
    notice = john.locator("chatvisor-notice")
    expect(notice).to_contain_text("Mary Major has withdrawn the request.")
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)


def test_the_invitation_takes_the_focus_keeps_it_and_gives_it_back(
    mary: Page, john: Page
) -> None:
    wait_for_status(mary, "1", "user.visitorId")
    john.evaluate("document.body.append(document.createElement('input'))")
    john.focus("input")
    start(mary, visitor_id(john))
    dialog = john.get_by_role("alertdialog")
    expect(dialog).to_have_accessible_name("Mary Major would like to see your screen")
    expect(dialog).to_be_focused()
    john.keyboard.press("Enter")  # meant for the field: answers nothing
    john.keyboard.press("Tab")
    expect(john.locator(DECLINE)).to_be_focused()
    john.keyboard.press("Tab")
    expect(john.locator(ACCEPT)).to_be_focused()
    john.keyboard.press("Tab")
    expect(john.locator(DECLINE)).to_be_focused()
    john.keyboard.press("Shift+Tab")
    expect(john.locator(ACCEPT)).to_be_focused()
    john.keyboard.press("Escape")
    expect(john.locator(INVITATION)).to_have_count(0)
    expect(john.locator("input")).to_be_focused()


def test_the_invitation_works_under_a_strict_policy(
    mary: Page, service: RunningService, open_page: OpenPage
) -> None:
    with serving({"/": "<title>Strict</title><h1>Strict</h1>"}) as strict:
        socket = service.url.replace("http", "ws")
        strict.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src {service.url};"
            f" connect-src {service.url} {socket};"
            " require-trusted-types-for 'script'"
        )
        strict.pages["/"] += f'<script src="{service.script}"></script>'
        page = open_page()
        violations = violations_of(page)
        page.goto(strict.url)
        page.evaluate("tag => CV.user.tag(tag)", JOHN)
        wait_for_status(mary, "1", "user.visitorId")
        start(mary, status(mary, "1")["visitorId"])
        accept = page.locator(ACCEPT)
        expect(accept).to_have_css("font-weight", "600")  # its styles are there
        page.mouse.move(0, 0)
        assert violations == []


def test_a_call_to_somebody_who_left_says_so_in_the_window(mary: Page) -> None:
    window = start(mary, "nobody")
    expect_state(window, "ended", "visitor-gone")
    expect(window.locator("h1")).to_have_text("This person has left")


def test_a_call_to_somebody_in_a_call_says_busy(
    mary: Page, john: Page, site: Site, service: RunningService, open_page: OpenPage
) -> None:
    wait_for_status(mary, "1", "user.visitorId")
    expect_state(start(mary, visitor_id(john)), "ringing")
    adam = open_page(f"{site.url}/")
    token = service.token("adam@example.com", "Adam")
    adam.evaluate("t => CV.rest.auth(t)", token)
    expect_state(start(adam, visitor_id(john)), "ended", "busy")


def test_a_blocked_window_becomes_a_link(
    mary: Page, john: Page, service: RunningService, site: Site
) -> None:
    wait_for_status(mary, "1", "user.visitorId")
    # Nobody clicks on that page: the browser blocks its window.
    site.pages["/blocked"] = f"""<title>Blocked</title>
      <script>
        window.CVLoaded = () => CV.calling.startScreen("{visitor_id(john)}");
      </script>
      <script src="{service.script}" async></script>"""
    mary.goto(f"{site.url}/blocked")
    link = mary.locator("chatvisor-notice a")
    expect(link).to_be_visible()
    window = window_by_click(mary, "chatvisor-notice a")
    expect_state(window, "ringing")


# --- the queue ----------------------------------------------------------------------


def click_runs(page: Page, code: str) -> Page:
    """A click on a button of the page that runs this code; the window it opens."""
    page.evaluate(
        """code => {
          const button = document.body.appendChild(document.createElement("button"));
          button.id = "run";
          button.onclick = () => new Function(code)();
        }""",
        code,
    )
    return window_by_click(page, "#run")


def test_a_customer_asks_for_help_and_an_agent_joins(mary: Page, john: Page) -> None:
    window = click_runs(john, "CV.conference.start()")
    expect_state(window, "waiting")
    expect(window.locator("[data-part=text]")).to_contain_text("You are next.")
    wait_for_status(mary, "1", "user.waitingSince")
    agents = start(mary, visitor_id(john))
    expect_state(window, "accepted")
    expect_state(agents, "accepted")
    expect(john.locator(INVITATION)).to_have_count(0)


def test_asking_for_help_on_a_page_without_a_tag_fails_in_its_window(
    page: Page,
) -> None:
    window = click_runs(page, "CV.conference.start()")
    expect_state(window, "ended", "failed")


def test_a_queued_customer_learns_the_position_until_somebody_comes(
    mary: Page, page: Page
) -> None:
    page.evaluate(
        """() => {
          window.positions = [];
          const props = {firstName: "Jane", lastName: "Roe", email: "jane@example.com",
                         joinedTimestamp: Date.now()};
          CV.conference.join("cust-7", props, () => {
            CV.conference.queueStatus("cust-7", (index) => {
              window.positions.push(index);
              if (index !== -1) CV.conference.queueStatus("cust-7", (again) => {
                window.positions.push(again);
              });
            });
          });
        }"""
    )
    page.wait_for_function("window.positions.length >= 2")
    wait_for_status(mary, "cust-7", "user.waitingSince")
    user = status(mary, "cust-7")
    assert (user["firstname"], user["email"]) == ("Jane", "jane@example.com")
    agents = start(mary, user["visitorId"])
    page.wait_for_function("window.positions.at(-1) === -1")
    positions = page.evaluate("window.positions")
    assert positions.count(-1) == 1
    assert set(positions) == {0, -1}
    window = click_runs(page, "CV.conference.start('cust-7')")
    expect_state(window, "accepted")
    expect_state(agents, "accepted")
    expect(page.locator(INVITATION)).to_have_count(0)


def test_a_customer_may_join_the_queue_without_props(page: Page) -> None:
    page.evaluate("new Promise(resolve => CV.conference.join('cust-8', resolve))")


# --- agents -------------------------------------------------------------------------


def test_a_page_learns_whether_an_agent_is_online(
    mary: Page, john: Page, service: RunningService
) -> None:
    ask = "new Promise(resolve => CV.api.isAgentOnline(resolve))"
    assert john.evaluate(ask) is False
    mary.evaluate(
        "token => { window.line = CV.agent.connect(token, () => {}); }", service.token()
    )
    until(john, ask)
    mary.evaluate("window.line.close()")
    until(john, f"{ask}.then(online => !online)")


def test_an_agent_is_told_when_something_changes(
    mary: Page, service: RunningService, page: Page
) -> None:
    mary.evaluate(
        """token => {
          window.heard = [];
          window.line = CV.agent.connect(() => Promise.resolve(token),
            (n, state) => window.heard.push([n, state]));
        }""",
        service.token(),
    )
    mary.wait_for_function("window.heard.length")
    assert mary.evaluate("window.heard[0]") == [None, "live"]
    page.evaluate("tag => CV.user.tag(tag)", JOHN)
    mary.wait_for_function(
        "window.heard.some(([n, state]) => n > 0 && state === 'live')"
    )


def test_an_agent_whose_token_ends_asks_for_another(
    mary: Page, service: RunningService
) -> None:
    lines = warnings_of(mary)
    mary.evaluate(
        """tokens => {
          window.heard = [];
          CV.agent.connect(() => tokens.shift() ?? "none",
            (n, state) => window.heard.push(state));
        }""",
        ["forged", service.token()],
    )
    mary.wait_for_function("window.heard.at(-1) === 'live'")
    assert mary.evaluate("window.heard[0]") == "reconnecting"
    assert lines == []


def test_an_agent_with_a_bad_token_for_good_is_told_once(mary: Page) -> None:
    lines = warnings_of(mary)
    mary.evaluate(
        """() => {
          window.heard = [];
          CV.agent.connect("forged", (n, state) => window.heard.push(state));
        }"""
    )
    mary.wait_for_function("window.heard.length")
    assert lines == ["chatvisor: agent.connect: closed-4401"]
