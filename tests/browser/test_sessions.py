"""One browser, several users: nobody inherits a visitor, however they signed out."""

from __future__ import annotations

import json
import time
import typing as t
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass

import flask
import pytest
import requests
from flask_login import logout_user
from playwright.sync_api import Page
from playwright.sync_api import WebSocket
from playwright.sync_api import WebSocketRoute
from playwright.sync_api import expect

from flask_chatvisor.service.settings import Timings
from tests.conftest import make_application

from .conftest import OpenPage
from .desk import served
from .support import RunningService
from .support import running_service
from .support import serving
from .support import until

KEY = "identity-key-of-the-tests-32-bytes!"
STORED = "localStorage.getItem('chatvisor-visitor')"
VISITOR = f"JSON.parse({STORED})?.id"
INVITATION = "chatvisor-invitation"
ELSEWHERE = "<title>Elsewhere</title><h1>Signed out</h1>"


@dataclass
class World:
    """An application, and the service behind it."""

    url: str
    service: RunningService
    elsewhere: str

    def found(self, query: str) -> dict[str, t.Any] | None:
        """One active user, as an agent finds it."""
        token = {"Authorization": f"Bearer {self.service.token()}"}
        url = f"{self.service.url}/rest/v1/customerstatus/{query}"
        answer = requests.get(url, headers=token, timeout=10)
        return answer.json() if answer.status_code == 200 else None

    def ring(self, visitor_id: str) -> str:
        """Have an agent call a visitor, without opening the agent's window."""
        token = {"Authorization": f"Bearer {self.service.token()}"}
        body = {"visitorId": visitor_id, "kind": "screen"}
        url = f"{self.service.url}/rest/v1/call"
        answer = requests.post(url, json=body, headers=token, timeout=10)
        return str(answer.json()["url"])

    def enter(self, page: Page, user: str) -> str:
        """Sign in and open a page; the visitor, once it is active."""
        page.goto(f"{self.url}/sign-in/{user}")
        page.goto(self.url)
        return self.active(page, {"1": "john", "2": "jane"}[user])

    def active(self, page: Page, name: str) -> str:
        """Wait until this page's visitor is the active user of that name."""
        wanted = f"{self.service.url}/rest/v1/customerstatus/{name}@example.com"
        mine = f"""fetch({wanted!r}, {{headers: {{Authorization: token}}}})
          .then((answer) => answer.ok ? answer.json() : {{}})
          .then((user) => user.visitorId && user.visitorId === {VISITOR})"""
        until(page, mine, token=f"Bearer {self.service.token()}")
        return str(page.evaluate(VISITOR))


@contextmanager
def running(*, strict: bool = True) -> Iterator[World]:
    """Run the application of the tests with a real service."""
    with ExitStack() as stack:
        keys: dict[str, t.Any] = {"identity_keys": (KEY,), "require_identity": True}
        timings = Timings(presence_grace=3)
        service = stack.enter_context(
            running_service(timings, **keys if strict else {})
        )
        elsewhere = stack.enter_context(serving({"/": ELSEWHERE})).url
        config: dict[str, t.Any] = {"IDENTITY_KEY": KEY} if strict else {}
        app = make_application(SCRIPT_URL=service.script, **config)[0]
        _add_exits(app, elsewhere)
        yield World(stack.enter_context(served(app)), service, elsewhere)


def _add_exits(app: flask.Flask, elsewhere: str) -> None:
    @app.get("/leave")
    def leave() -> str:
        """Sign out as with single sign-on: the page goes on at once."""
        logout_user()
        return f"<body><script>location.replace('{elsewhere}')</script></body>"

    app.add_url_rule("/sign", "sign", lambda: "<body>Sign in</body>")


def signed_out(page: Page, url: str, before: str) -> None:
    """Sign out, and wait until the browser is another visitor."""
    page.goto(f"{url}/sign-out")
    page.goto(f"{url}/sign")
    other = f"({VISITOR} ?? before) !== before && !{STORED}.includes('reset')"
    until(page, other, before=before)


def keep(page: Page, stored: str) -> None:
    """Have a browser show the id and secret that another one had."""
    page.evaluate("stored => localStorage.setItem('chatvisor-visitor', stored)", stored)


@pytest.fixture(params=[True, False], ids=["strict", "lenient"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with running(strict=request.param) as world:
        yield world


@pytest.fixture
def strict() -> Iterator[World]:
    with running() as world:
        yield world


def heard(page: Page) -> list[str]:
    """What the service says to this page from now on."""
    frames: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(str(frame)))

    page.on("websocket", listen)
    return frames


def expect_no_ring(page: Page, frames: list[str]) -> None:
    """Check that the service has not told a page of a call."""
    page.evaluate("CV.api.isAgentOnline(() => {})")
    kinds = [json.loads(frame)["type"] for frame in frames]
    assert "agents" in kinds
    assert not {"ring", "own-call"}.intersection(kinds)


def thief(open_page: OpenPage, world: World, stored: str) -> tuple[Page, list[str]]:
    """Show another browser's id and secret on a page that is not tagged.

    :return: the page, and what the service says to it.
    """
    page = open_page(f"{world.url}/sign-in/3")  # an agent's pages are not tagged
    keep(page, stored)
    frames = heard(page)
    page.goto(world.url)
    page.add_script_tag(url=world.service.script)
    page.evaluate("CV.api.isAgentOnline(() => {})")
    return page, frames


def test_who_had_the_browser_before_hears_nothing_of_the_next_user(
    world: World, open_page: OpenPage
) -> None:
    page = open_page()
    janes = world.enter(page, "2")
    signed_out(page, world.url, janes)
    kept = page.evaluate(STORED)

    johns = world.enter(page, "1")
    evil = open_page(f"{world.url}/sign-in/2")
    keep(evil, kept)
    frames = heard(evil)
    evil.goto(world.url)
    until(evil, "window.CV")
    evil.evaluate("CV.api.isAgentOnline(() => {})")
    assert johns not in kept

    open_page().goto(world.ring(johns))
    expect(page.locator(INVITATION)).to_have_count(1)
    expect_no_ring(evil, frames)


def test_a_secret_that_leaked_rings_and_shows_nothing_without_the_identity(
    strict: World, open_page: OpenPage
) -> None:
    page = open_page()
    johns = strict.enter(page, "1")
    evil, frames = thief(open_page, strict, page.evaluate(STORED))
    open_page().goto(strict.ring(johns))
    expect(page.locator(INVITATION)).to_have_count(1)
    expect_no_ring(evil, frames)
    assert evil.evaluate("CV.conference.start()") is None


def test_a_secret_from_before_a_sign_out_is_worth_nothing_afterwards(
    world: World, open_page: OpenPage
) -> None:
    page = open_page()
    before = world.enter(page, "1")
    kept = page.evaluate(STORED)
    signed_out(page, world.url, before)
    johns = world.enter(page, "1")
    assert johns != before

    evil, frames = thief(open_page, world, kept)
    open_page().goto(world.ring(johns))
    expect(page.locator(INVITATION)).to_have_count(1)
    expect_no_ring(evil, frames)


def test_a_secret_is_not_good_for_longer_than_a_week(open_page: OpenPage) -> None:
    later = [0.0]
    with (
        running_service(clock=lambda: time.time() + later[0]) as service,
        serving({"/": f'<script src="{service.script}"></script>'}) as site,
    ):
        page = open_page(site.url)
        page.evaluate("CV.user.tag({id: '1'})")
        until(page, f"{STORED}?.includes('c.')")
        kept = page.evaluate(STORED)
        page.close()
        later[0] = 6 * 24 * 3600
        again = open_page(site.url)
        keep(again, kept)
        again.reload()
        again.evaluate("CV.api.isAgentOnline(() => {})")
        assert again.evaluate(VISITOR) == json.loads(kept)["id"]
        later[0] = 8 * 24 * 3600
        keep(again, kept)
        again.reload()
        again.evaluate("CV.api.isAgentOnline(() => {})")
        assert again.evaluate(VISITOR) != json.loads(kept)["id"]


def test_a_sign_out_that_goes_on_at_once_is_made_up_for(
    world: World, open_page: OpenPage
) -> None:
    page = open_page()
    johns = world.enter(page, "1")
    page.goto(f"{world.url}/leave")
    page.wait_for_url(world.elsewhere + "/")
    assert world.enter(page, "2") != johns
    assert world.found("john@example.com") is None
    page.reload()
    world.active(page, "jane")


def test_a_sign_out_while_the_service_is_down_is_made_up_for(
    open_page: OpenPage,
) -> None:
    page = open_page()
    with running() as world:
        johns = world.enter(page, "1")
        port = world.service.port
        with ExitStack() as down:
            # What the browser asks of the service from now on fails.
            page.context.route(f"**:{port}/**", lambda route: route.abort())
            down.callback(page.context.unroute_all)
            page.goto(f"{world.url}/sign-out")
            page.goto(f"{world.url}/sign")
            assert page.evaluate(VISITOR) == johns
        assert world.enter(page, "2") != johns


def test_a_reset_that_the_service_did_not_hear_is_made_by_the_next_page(
    world: World, open_page: OpenPage
) -> None:
    page = open_page()
    world.enter(page, "1")
    second = page.context.new_page()
    second.route_web_socket("**/ws", lambda socket: None)  # it says nothing
    second.goto(world.url)
    until(second, "window.CV")
    second.evaluate("CV.user.reset()")
    assert world.found("john@example.com") is not None
    second.close()
    third = page.context.new_page()
    third.goto(f"{world.url}/sign-out")
    third.goto(f"{world.url}/sign")
    until(third, f"!{STORED}.includes('reset')")
    assert world.found("john@example.com") is None


def test_tabs_of_one_user_that_open_at_once_become_one_visitor(
    world: World, open_page: OpenPage
) -> None:
    pages = [open_page(f"{world.url}/sign-in/1")]
    pages += [pages[0].context.new_page() for _ in range(3)]
    for page in pages:
        page.evaluate("url => { location.href = url; }", world.url)
    for page in pages:
        page.wait_for_url(world.url + "/")
        world.active(page, "john")
    assert len({page.evaluate(VISITOR) for page in pages}) == 1
    open_page().goto(world.ring(pages[0].evaluate(VISITOR)))
    for page in pages:
        expect(page.locator(INVITATION)).to_have_count(1)


def test_signing_in_in_one_tab_brings_the_others_along(
    world: World, open_page: OpenPage
) -> None:
    page = open_page()
    johns = world.enter(page, "1")
    second = page.context.new_page()
    second.goto(world.url)
    world.active(second, "john")
    janes = world.enter(second, "2")
    world.active(page, "jane")
    assert johns not in (janes, page.evaluate(VISITOR))
    open_page().goto(world.ring(page.evaluate(VISITOR)))
    for tab in (page, second):
        expect(tab.locator(INVITATION)).to_have_count(1)


def test_two_applications_of_one_origin_do_not_take_turns(
    open_page: OpenPage,
) -> None:
    """Both tag their own user again whenever the other has taken the browser over."""
    with running_service() as service:
        tag = """<script src="%s"></script><script>
          window.tags = 0;
          const tag = () => { window.tags++; CV.user.tag({id: "%s"}); };
          document.addEventListener("chatvisor:renewed", tag);
          tag();
        </script>"""
        pages = {f"/{user}": tag % (service.script, user) for user in ("shop", "bank")}
        with serving(pages) as site:
            first = open_page()
            first.goto(f"{site.url}/shop")
            until(first, VISITOR)
            second = first.context.new_page()
            with first.expect_console_message(lambda one: "other-user" in one.text):
                second.goto(f"{site.url}/bank")
            token = {"Authorization": f"Bearer {service.token()}"}
            url = f"{service.url}/rest/v1/customerstatus/bank"
            found = requests.get(url, headers=token, timeout=10).json()
            assert found["visitorId"] == second.evaluate(VISITOR)
            assert (first.evaluate("tags"), second.evaluate("tags")) == (2, 1)


def test_a_page_whose_proof_has_ended_asks_for_another(
    strict: World, open_page: OpenPage
) -> None:
    page = open_page()
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        server = socket.connect_to_server()
        server.on_message(socket.send)

    page.route_web_socket("**/ws", pass_on)
    strict.enter(page, "1")
    with page.expect_request("**/chatvisor/me"):
        sockets[-1].send('{"type": "refused", "code": "token-expired", "detail": ""}')
