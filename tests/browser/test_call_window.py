"""The call window of both roles: a whole call, and every way in which one ends."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Page
from playwright.sync_api import WebSocketRoute
from playwright.sync_api import expect

from flask_chatvisor.service.settings import Timings

from .conftest import Launch
from .conftest import OpenPage
from .support import BLUE
from .support import CRIMSON
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
ACCEPT = "chatvisor-invitation [data-chatvisor-accept]"
SHARE = "[data-chatvisor-share]"
STOP = "[data-chatvisor-stop]"
MICROPHONE = "[data-chatvisor-microphone]"
JOHN = {"id": "1", "email": "john@example.com", "firstname": "John", "lastname": "Doe"}

#: Long enough for a reload, on a busy machine too, and short enough for a test.
BRISK = Timings(presence_grace=3, closed_grace=3, lost_grace=20, resend=0.5)

#: Keeps the page's connections where a test can get at them.
KEEP_PEERS = """window.peers = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...values) { super(...values); window.peers.push(this); }
  };"""
#: A network in which nothing gets through: relays only, and no relay.
CUT_OFF = """window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor() { super({ iceServers: [], iceTransportPolicy: "relay" }); }
  };"""
#: Remembers what was announced.
HEAR = """() => {
  const status = document.querySelector("[role=status]");
  window.heard = [];
  new MutationObserver(() => window.heard.push(status.textContent))
    .observe(status, { childList: true });
}"""
COUNT_INVITATIONS = """() => {
  window.invitations = document.querySelectorAll("chatvisor-invitation").length;
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes]))
      if (node.localName === "chatvisor-invitation") window.invitations += 1;
  }).observe(document.documentElement, { childList: true });
}"""


@pytest.fixture
def service() -> Iterator[RunningService]:
    with running_service(BRISK) as service:
        yield service


@pytest.fixture
def site(service: RunningService) -> Iterator[Site]:
    with serving(pages_with(service)) as site:
        yield site


def pages_with(service: RunningService) -> dict[str, str]:
    """Two pages for John, and one for Mary."""
    tag = f"window.CVLoaded = () => CV.user.tag({json.dumps(JOHN)})"
    script = f'<script src="{service.script}" async></script>'
    johns = {
        path: f"<title>{title} - {TITLE}</title><h1>{title}</h1>"
        f"<script>{tag}</script>{script}"
        for path, title in (("/", "Home"), ("/invoices", "Invoices"))
    }
    marys = f'<title>Agent</title><script src="{service.script}"></script>'
    return {**johns, "/agent": marys}


@pytest.fixture(scope="module")
def sharing(launch: Launch) -> Browser:
    """A browser whose picker takes the site's tab, without a person."""
    return launch(
        f"--auto-select-tab-capture-source-by-title={TITLE}",
        "--use-fake-device-for-media-stream",
        without=("--disable-popup-blocking",),
    )


@dataclass
class Call:
    """Two people at two browsers, and their call windows."""

    john: Page
    visitor: Page
    agent: Page

    def share(self) -> None:
        self.visitor.click(SHARE)
        expect_state(self.agent, "live")
        expect_state(self.visitor, "live")


Ring = Callable[..., tuple[Page, Page]]
Begin = Callable[..., Call]


@pytest.fixture
def ring(
    site: Site, service: RunningService, sharing: Browser, open_page: OpenPage
) -> Ring:
    """``ring()``: John's page, and Mary's call window, while it rings.

    ``lost`` is what the network keeps from Mary.
    """

    def ring(
        *,
        at: tuple[Site, RunningService] = (site, service),
        browser: Browser = sharing,
        init: str = "0",
        lost: str | None = None,
        **options: t.Any,
    ) -> tuple[Page, Page]:
        size = {"width": 800, "height": 600}
        john = open_page(browser=browser, viewport=size, **options)
        mary = open_page(browser=sharing, **options)
        for page in (john, mary):
            page.context.add_init_script(init)
        if lost is not None:
            mary.context.route(lost, lambda route: route.abort())
        there, running = at
        john.goto(f"{there.url}/")
        mary.goto(f"{there.url}/agent")
        mary.evaluate("token => CV.rest.auth(token)", running.token())
        until(mary, "CV.user.status('1').then(user => user.visitorId)")
        mary.evaluate(
            """async () => {
              const { visitorId } = await CV.user.status("1");
              const button = document.createElement("button");
              document.body.append(button);
              button.onclick = () => { CV.calling.startScreen(visitorId); };
            }"""
        )
        return john, window_by_click(mary, "button")

    return ring


@pytest.fixture
def begin(ring: Ring) -> Begin:
    """``begin()``: a call that John has accepted."""

    def begin(**options: t.Any) -> Call:
        john, agent = ring(**options)
        visitor = window_by_click(john, ACCEPT)
        expect_state(visitor, "accepted")
        return Call(john, visitor, agent)

    return begin


@pytest.fixture
def live(begin: Begin) -> Begin:
    """``live()``: a call in which Mary sees John's page, which is green."""

    def live(**options: t.Any) -> Call:
        call = begin(**options)
        paint(call.john, GREEN)
        call.share()
        return call

    return live


def heading(window: Page) -> str:
    return window.locator("h1").inner_text()


# --- a whole call -------------------------------------------------------------------


def test_the_agent_sees_the_visitors_pages_and_how_they_change(
    begin: Begin, site: Site
) -> None:
    call = begin()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # Chromium says so of every captured screen, and captures it.
        if "camera is not allowed in this document" in message.text:
            return
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    for window in (call.visitor, call.agent):
        window.on("console", note)
    paint(call.john, GREEN)
    call.share()
    expect_to_see(call.agent, GREEN)
    expect(call.john.locator("html")).to_have_attribute("data-chatvisor-sharing", "")
    paint(call.john, CRIMSON)
    expect_to_see(call.agent, CRIMSON)
    call.john.goto(f"{site.url}/invoices")
    paint(call.john, BLUE)
    expect_to_see(call.agent, BLUE)
    expect(call.john.locator("html")).to_have_attribute("data-chatvisor-sharing", "")
    page = call.agent.locator("[data-part=page]")
    expect(page).to_have_text(f"On Invoices - {TITLE} · /invoices")
    expect(call.agent).to_have_title("● John Doe")
    expect(call.visitor).to_have_title("● Sharing with Mary Major")
    quality = call.agent.locator("[data-part=quality]")
    expect(quality).to_contain_text(re.compile(r"800 . 600"))
    assert complaints == []


def test_connections_use_the_services_relays_and_no_other_way(begin: Begin) -> None:
    dead = ({"urls": "turn:127.0.0.1:9"},)
    with (
        running_service(
            BRISK, ice_policy="relay", ice_servers=dead, turn_secret="turn-secret" * 3
        ) as service,
        serving(pages_with(service)) as site,
    ):
        call = begin(at=(site, service), init=KEEP_PEERS)
        call.visitor.click(SHARE)
        for window in (call.visitor, call.agent):
            until(window, "window.peers.length")
            chosen = window.evaluate("window.peers[0].getConfiguration()")
            assert chosen["iceTransportPolicy"] == "relay"
            (server,) = chosen["iceServers"]
            assert server["username"]
            assert server["credential"]


def test_the_picture_keeps_its_resolution_and_can_be_shown_as_it_is(
    live: Begin,
) -> None:
    call = live()
    expect_to_see(call.agent, GREEN)
    video = call.agent.locator("video[data-chatvisor-screen]")
    size = "video => [video.videoWidth, video.videoHeight]"
    assert video.evaluate(size) == [800, 600]
    call.agent.set_viewport_size({"width": 500, "height": 500})
    assert video.evaluate("video => video.clientWidth") == 500
    call.agent.get_by_role("button", name="Actual size").click()
    assert video.evaluate("video => video.clientWidth") == 800
    call.agent.get_by_role("button", name="Fit to window").click()
    assert video.evaluate("video => video.clientWidth") == 500


def test_everything_can_be_done_with_the_keyboard(begin: Begin) -> None:
    call = begin()
    paint(call.john, GREEN)
    call.visitor.keyboard.press("Tab")
    expect(call.visitor.locator(SHARE)).to_be_focused()
    call.visitor.keyboard.press("Enter")
    expect_state(call.visitor, "live")
    call.visitor.locator(STOP).focus()
    call.visitor.keyboard.press("Space")
    expect_state(call.agent, "ended", "visitor-ended")


def test_what_happens_is_announced(begin: Begin) -> None:
    call = begin()
    status = call.visitor.get_by_role("status")
    expect(status).to_have_text("Show Mary Major your screen")
    paint(call.john, GREEN)
    call.share()
    expect(status).to_have_text("Mary Major can see what you share")
    call.agent.click(STOP)
    expect(status).to_have_text("Mary Major ended the call")


def test_the_agent_is_told_when_the_picture_is_there(begin: Begin) -> None:
    call = begin()
    status = call.agent.get_by_role("status")
    expect(status).to_have_text("John Doe is choosing what to share")
    paint(call.john, GREEN)
    call.share()
    expect(status).to_have_text("You are viewing the screen of John Doe")


def test_the_focus_is_on_what_matters_from_the_start_to_the_end(begin: Begin) -> None:
    call = begin()
    for window in (call.visitor, call.agent):
        expect(window.locator("h1")).to_be_focused()
    paint(call.john, GREEN)
    call.share()
    picture = call.agent.get_by_role("region")
    expect(picture).to_be_focused()
    expect(picture).to_have_css("outline-style", "none")
    call.agent.keyboard.press("Shift")
    expect(picture).to_have_css("outline-style", "solid")
    expect(call.visitor.locator("h1")).to_be_focused()
    call.visitor.locator(STOP).focus()
    call.visitor.keyboard.press("Enter")
    for window in (call.visitor, call.agent):
        expect(window.locator("h1")).to_be_focused()


# --- microphones --------------------------------------------------------------------

LEVEL = """async () => {
  const audio = document.querySelector("[data-part=voice]");
  if (!audio.srcObject) return false;
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(audio.srcObject).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  for (let i = 0; i < 60; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    analyser.getByteTimeDomainData(samples);
    if (samples.some((one) => Math.abs(one - 128) > 8)) return true;
  }
  return false;
}"""


@pytest.mark.parametrize("speaker", ["visitor", "agent"])
def test_a_microphone_is_off_until_it_is_switched_on(live: Begin, speaker: str) -> None:
    call = live(permissions=["microphone"])
    speaks, hears = call.visitor, call.agent
    if speaker == "agent":
        speaks, hears = hears, speaks
    assert hears.evaluate(LEVEL) is False
    button = speaks.locator(MICROPHONE)
    expect(button).to_have_text("Turn microphone on")
    button.click()
    expect(button).to_have_text("Turn microphone off")
    state = speaks.locator("[data-part=speaking]")
    expect(state).to_have_text("Your microphone is on")
    assert hears.evaluate(LEVEL) is True
    button.click()
    expect(button).to_have_text("Turn microphone on")
    expect(state).to_be_hidden()


def test_a_microphone_that_is_refused_is_explained(live: Begin) -> None:
    call = live()
    call.agent.click(MICROPHONE)
    expect(call.agent.locator("[data-part=problem]")).to_contain_text("microphone")
    expect_to_see(call.agent, GREEN)


# --- every way to end ---------------------------------------------------------------


JOHN_ENDED_IT = ("You ended the call", "John Doe ended the call")
#: Who ends a call, how, for which reason, and what the visitor and the agent read then.
ENDS: list[tuple[str, str, str, str | None, str | None]] = [
    ("agent", STOP, "agent-ended", "Mary Major ended the call", "You ended the call"),
    ("visitor", STOP, "visitor-ended", *JOHN_ENDED_IT),
    ("visitor", "closes", "visitor-closed", None, "John Doe closed the call window"),
    ("agent", "closes", "agent-closed", "Mary Major closed the call window", None),
    # The tab that is shared: the browser stops the sharing.
    (
        "john",
        "closes",
        "visitor-ended",
        "You ended the call",
        "John Doe ended the call",
    ),
]
#: The same before the visitor shares.
EARLY_ENDS = [
    ("visitor", "text=Not now", "visitor-ended", "You cancelled", "John Doe cancelled"),
    ("agent", "text=Cancel", "agent-ended", "Mary Major cancelled", "You cancelled"),
]


def end(call: Call, who: str, how: str, reason: str, *headings: str | None) -> None:
    """One of the two ends the call; each window that is left says so."""
    page: Page = getattr(call, who)
    page.close() if how == "closes" else page.click(how)
    for window, words in zip((call.visitor, call.agent), headings, strict=True):
        if words is not None:
            expect_state(window, "ended", reason)
            expect(window.locator("h1")).to_have_text(words)


@pytest.mark.parametrize(("who", "how", "reason", "visitors", "agents"), ENDS)
def test_both_are_told_who_ended_it(
    live: Begin,
    who: str,
    how: str,
    reason: str,
    visitors: str | None,
    agents: str | None,
) -> None:
    end(live(), who, how, reason, visitors, agents)


@pytest.mark.parametrize(("who", "how", "reason", "visitors", "agents"), EARLY_ENDS)
def test_both_may_think_better_of_it(
    begin: Begin, who: str, how: str, reason: str, visitors: str, agents: str
) -> None:
    call = begin()
    end(call, who, how, reason, visitors, agents)
    if who == "visitor":
        words = call.visitor.locator("[data-part=text]")
        expect(words).to_have_text("Your screen was not shared.")


def test_after_the_end_nothing_is_shared(live: Begin) -> None:
    call = live()
    expect(call.visitor.locator("[data-part=sharing]")).to_have_text(
        "You are sharing a browser tab with Mary Major"
    )
    call.visitor.evaluate(
        "window.kept = document.querySelector('[data-part=preview]').srcObject; 0"
    )
    end(call, *ENDS[0])
    expect(call.visitor).to_have_title("Call ended")
    states = call.visitor.evaluate("window.kept.getTracks().map(t => t.readyState)")
    assert states == ["ended"]
    html = call.john.locator("html")
    expect(html).not_to_have_attribute("data-chatvisor-sharing", "")


def test_a_visitor_who_chooses_nothing_ends_it(begin: Begin, launch: Launch) -> None:
    refusing = launch("--use-fake-ui-for-media-stream=deny")
    call = begin(browser=refusing)
    call.visitor.click(SHARE)
    expect_state(call.visitor, "ended", "share-cancelled")
    expect_state(call.agent, "ended", "share-cancelled")
    assert heading(call.agent) == "John Doe chose not to share"


def test_nobody_answers(ring: Ring) -> None:
    with running_service(Timings(ring=0.5)) as service:
        with serving(pages_with(service)) as site:
            john, agent = ring(at=(site, service))
            expect_state(agent, "ended", "no-answer")
            assert heading(agent) == "John Doe did not answer"
            notice = john.locator("chatvisor-notice")
            expect(notice).to_contain_text("The request has expired.")
            expect(john.locator("chatvisor-invitation")).to_have_count(0)


def test_the_visitor_leaves_while_it_rings(ring: Ring) -> None:
    john, agent = ring()
    expect_state(agent, "ringing")
    john.close()
    expect_state(agent, "ended", "visitor-gone")
    assert heading(agent) == "John Doe has left"


def test_a_browser_that_cannot_share_says_so_to_both(ring: Ring) -> None:
    john, agent = ring(init="delete MediaDevices.prototype.getDisplayMedia;")
    visitor = window_by_click(john, ACCEPT)
    expect_state(visitor, "ended", "failed")
    expect_state(agent, "ended", "failed")
    text = visitor.locator("[data-part=text]")
    expect(text).to_contain_text("This browser cannot share its screen")


def test_a_network_that_lets_nothing_through_ends_it_with_a_reason(
    begin: Begin,
) -> None:
    call = begin(init=CUT_OFF)
    call.visitor.clock.install()
    call.visitor.click(SHARE)
    expect_state(call.agent, "connecting")
    call.visitor.clock.fast_forward(16_000)
    problem = call.visitor.locator("[data-part=problem]")
    expect(problem).to_contain_text("Still no connection.")
    call.visitor.clock.fast_forward(16_000)
    expect_state(call.visitor, "connecting")
    call.visitor.clock.fast_forward(16_000)
    expect_state(call.visitor, "ended", "failed")
    expect_state(call.agent, "ended", "failed")
    assert heading(call.agent) == "No connection could be made"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("busy", "This person is in another call"),
        ("visitor-gone", "This person has left"),
        ("failed", "The call could not be started"),
        ("<script>alert(1)</script>", "The call could not be started"),
    ],
)
def test_a_call_that_never_began_says_why(
    service: RunningService, open_page: OpenPage, reason: str, words: str
) -> None:
    window = open_page(f"{service.url}/call/none#ended={reason}")
    known = reason if reason.isascii() and reason[0] != "<" else "failed"
    expect_state(window, "ended", known)
    assert heading(window) == words
    assert window.evaluate("location.hash") == ""
    window.evaluate("location.hash = 'ended=busy'")  # the window is used again
    expect_state(window, "ended", "busy")


def test_a_link_works_once(ring: Ring, open_page: OpenPage) -> None:
    john, _ = ring()
    url = john.locator(ACCEPT).get_attribute("href")
    visitor = window_by_click(john, ACCEPT)
    expect_state(visitor, "accepted")
    stranger = open_page(url)
    expect(stranger.locator("h1")).to_have_text("This call cannot be opened")
    expect_state(visitor, "accepted")


def test_a_window_that_never_got_there_rings_nobody(ring: Ring) -> None:
    # The agent closes it while its script is still on the way.
    john, agent = ring(lost="**/call/main.js")
    john.evaluate(COUNT_INVITATIONS)
    agent.close()
    mary = agent.context.pages[0]
    mary.context.unroute("**/call/main.js")
    agent = window_by_click(mary, "button")
    expect(john.locator(ACCEPT)).to_be_visible()
    expect_state(agent, "ringing")
    assert john.evaluate("window.invitations") == 1


# --- what a call survives -----------------------------------------------------------


def test_the_visitors_window_can_be_loaded_again(live: Begin) -> None:
    call = live()
    expect_to_see(call.agent, GREEN)
    call.visitor.reload()
    expect(call.visitor.locator("h1")).to_have_text("Choose again what to share")
    paint(call.john, CRIMSON)
    call.visitor.click(SHARE)
    expect_to_see(call.agent, CRIMSON)
    expect_state(call.visitor, "live")


def test_the_agents_window_can_be_loaded_again(live: Begin) -> None:
    call = live()
    expect_to_see(call.agent, GREEN)
    call.agent.reload()
    expect_to_see(call.agent, GREEN)
    expect_state(call.agent, "live")
    duration = call.agent.locator("[data-part=duration-time]")
    expect(duration).to_have_text(re.compile(r"00:[0-5]\d"))


@pytest.mark.parametrize("who", ["visitor", "agent"])
def test_a_lost_socket_is_replaced_without_a_new_choice(begin: Begin, who: str) -> None:
    sockets: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    call = begin()
    window = call.visitor if who == "visitor" else call.agent
    window.route_web_socket("**/ws", between)
    window.reload()  # now its socket goes through the test
    expect_state(window, "accepted")
    paint(call.john, GREEN)
    call.share()
    expect_to_see(call.agent, GREEN)
    status = window.get_by_role("status")
    window.evaluate(HEAR)
    with window.expect_event("websocket"):
        sockets[-1].close(code=1012)
    expect(status).to_have_text("The connection is back.")
    assert "connection to the service was lost" in window.evaluate("window.heard[0]")
    paint(call.john, CRIMSON)
    expect_to_see(call.agent, CRIMSON)
    call.agent.click(STOP)  # the new socket carries this
    expect_state(call.visitor, "ended", "agent-ended")


@pytest.mark.parametrize("who", ["visitor", "agent"])
def test_an_interrupted_connection_is_made_anew(live: Begin, who: str) -> None:
    call = live(init=KEEP_PEERS)
    expect_to_see(call.agent, GREEN)
    window = call.visitor if who == "visitor" else call.agent
    window.evaluate("window.peers.at(-1).close()")  # the other side notices
    paint(call.john, CRIMSON)
    expect_to_see(call.agent, CRIMSON)
    expect_state(call.agent, "live")
    expect(call.agent.locator("[data-part=problem]")).to_be_hidden()


def test_a_window_that_is_opened_again_takes_over(begin: Begin) -> None:
    call = begin()
    secret = call.agent.evaluate("Object.entries(sessionStorage)")
    second = call.agent.context.new_page()
    second.add_init_script(
        f"for (const [k, v] of {json.dumps(secret)}) sessionStorage.setItem(k, v);"
    )
    second.goto(call.agent.url)
    expect_state(second, "accepted")
    expect(call.agent.locator("h1")).to_have_text("The call goes on in another window")
    paint(call.john, GREEN)
    call.visitor.click(SHARE)
    expect_to_see(second, GREEN)
