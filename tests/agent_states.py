"""The agents' pages in each of their states, for the manual.

A fake service brings the states about that a real one has seldom. Each becomes one
picture: wide and narrow, light above dark.
"""

from __future__ import annotations

import io
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser
from playwright.sync_api import Page

from .browser.desk import application
from .browser.desk import served
from .browser.desk import tick
from .doubles.service import FakeService
from .doubles.service import active_user
from .doubles.service import ago

WIDTHS = (1280, 390)
SCHEMES: tuple[t.Literal["light", "dark"], ...] = ("light", "dark")
GAP = 16
#: Of the palette: a page of text has few, and a small green dot is to stay green.
COLOURS = 256
#: Milliseconds: pictures are also taken on a busy machine.
PATIENCE = 120_000
LIST = "/chatvisor/users"
JOHN = "/chatvisor/users/john@example.com"
ADAM = {"name": "Adam Lang", "email": "adam@example.com"}
PROFILE: dict[str, t.Any] = {
    "labels": ["team", "vip"],
    "assignedUser": "mary@example.com",
    "additionalTaggingData": {"plan": "Team", "sites": 3},
    "location": {"title": "Invoices", "path": "/invoices"},
    "tabs": [
        {"title": "Invoices", "path": "/invoices", "visible": True},
        {"title": "Settings", "path": "/settings", "visible": False},
    ],
    "pages": [
        {"title": "Invoices", "path": "/invoices", "at": ago(seconds=50)},
        {"title": "Settings", "path": "/settings", "at": ago(minutes=4)},
        {"title": "Dashboard", "path": "/", "at": ago(minutes=12)},
    ],
}


@dataclass(frozen=True)
class Scene:
    """What a state is made of."""

    service: FakeService
    url: str
    page: Page


@dataclass(frozen=True)
class State:
    """A state of a page.

    :ivar before: changes what the service knows, before the page is loaded.
    :ivar after: brings the state about, and waits for it.
    :ivar height: of its pictures.
    :ivar blocked: whether the service's script is kept from the page.
    """

    path: str
    before: Callable[[FakeService], None]
    after: Callable[[Scene], None]
    height: int = 560
    keys: dict[str, t.Any] = field(default_factory=dict)
    blocked: bool = False
    javascript: bool = True


def take_states(browser: Browser, folder: Path) -> None:
    """Take the picture of each state."""
    for name, state in STATES.items():
        service = FakeService()
        context = browser.new_context(java_script_enabled=state.javascript)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        with served(application(service, "with-agent", None, state.keys)) as url:
            bring_about(state, service, url, page)
            _sheet(page, state.height).save(folder / f"{name}.png", optimize=True)
        context.close()
        service.close()


def bring_about(state: State, service: FakeService, url: str, page: Page) -> None:
    """Have a page come to a state."""
    page.clock.install()
    if state.blocked:
        page.route("**/cdn/js/*", lambda route: route.abort())
    state.before(service)
    page.goto(f"{url}/sign-in/3")
    page.goto(url + state.path)
    state.after(Scene(service, url, page))


def _sheet(page: Page, height: int) -> Image.Image:
    whole = (sum(WIDTHS) + GAP, 2 * height + GAP)
    sheet = Image.new("RGB", whole, "#8a94a0")
    for row, scheme in enumerate(SCHEMES):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for column, width in enumerate(WIDTHS):
            page.set_viewport_size({"width": width, "height": height})
            place = (column * (WIDTHS[0] + GAP), row * (height + GAP))
            sheet.paste(Image.open(io.BytesIO(page.screenshot())), place)
    return sheet.quantize(COLOURS, dither=Image.Dither.NONE, kmeans=1)


# --- what the service knows


def crowd(service: FakeService) -> None:
    """Everything that a row can show."""
    talk = {"agent": ADAM, "since": ago(minutes=6)}
    away = {"visible": False, "lastSeen": ago(minutes=14), "location": None}
    service.users = [
        active_user("v-1", "John Doe", **PROFILE),
        active_user("v-2", "Jane Roe", waitingSince=ago(minutes=2), verified=False),
        active_user("v-3", "Alice Archer", inCall=talk, since=ago(hours=3, minutes=5)),
        active_user("v-4", "Hugo Hale", inCall={"agent": ADAM, "since": None}),
        active_user("v-5", "Maya Mercer", **away),
    ]


def nobody(service: FakeService) -> None:
    """Nobody is there."""


def down(service: FakeService) -> None:
    """It cannot be reached, from the beginning."""
    crowd(service)
    service.failure = 503


def asked(service: FakeService) -> None:
    """An agent asks John."""
    crowd(service)
    service.users[0]["inCall"] = {"agent": ADAM, "since": None}


def talking(service: FakeService) -> None:
    """An agent sees John's screen."""
    crowd(service)
    service.users[0]["inCall"] = {"agent": ADAM, "since": ago(minutes=6)}


# --- how a page comes to a state


def live(scene: Scene) -> None:
    """The first answer is there."""
    scene.page.wait_for_selector("[data-chatvisor-connection=live]")


def shown(selector: str) -> Callable[[Scene], None]:
    """Wait for what the state shows."""
    return lambda scene: scene.page.locator(selector).first.wait_for()


def stale(scene: Scene) -> None:
    """The service fails once the list is there."""
    live(scene)
    scene.service.failure = 503
    tick(scene.page)
    scene.page.clock.run_for(2_000)
    scene.page.wait_for_selector("[data-chatvisor-connection=stale]")


def reconnecting(scene: Scene) -> None:
    """The socket is lost."""
    live(scene)
    scene.page.evaluate("fakeCV.turn('reconnecting')")
    scene.page.wait_for_selector("[data-chatvisor-connection=reconnecting]")


def no_agent(path: str) -> Callable[[Scene], None]:
    """Who looks is signed out meanwhile, or somebody else."""

    def after(scene: Scene) -> None:
        live(scene)
        scene.page.context.request.get(scene.url + path)
        tick(scene.page)
        scene.page.clock.run_for(2_000)
        scene.page.locator("[data-chatvisor-denied]").wait_for()

    return after


def no_script(scene: Scene) -> None:
    """The script has had its ten seconds."""
    scene.page.wait_for_selector("[data-chatvisor-connection=polling]")
    scene.page.clock.run_for(11_000)
    scene.page.locator("[data-chatvisor-no-script]").wait_for()


BROWSER = {"DIRECTORY": "browser"}
STATES = {
    "list-rows": State(LIST, crowd, live, 720),
    "list-empty": State(LIST, nobody, live, 480),
    "list-nothing": State(f"{LIST}?q=dragon&assigned=me", crowd, live, 560),
    "list-loading": State(
        LIST,
        nobody,
        shown("[data-chatvisor-when=loading]"),
        480,
        keys=BROWSER,
        blocked=True,
    ),
    "list-trouble": State(LIST, down, shown("[data-chatvisor-when=trouble]"), 520),
    "list-stale": State(LIST, crowd, stale, 720),
    "list-reconnecting": State(LIST, crowd, reconnecting, 720),
    "list-signed-out": State(LIST, crowd, no_agent("/sign-out"), 480),
    "list-denied": State(LIST, crowd, no_agent("/sign-in/1"), 480),
    "list-no-script": State(LIST, nobody, no_script, 720, blocked=True),
    "list-no-javascript": State(LIST, crowd, shown("table"), 840, javascript=False),
    "profile-online": State(JOHN, crowd, live, 1140),
    "profile-asked": State(JOHN, asked, live, 480),
    "profile-in-call": State(JOHN, talking, live, 480),
    "profile-offline": State(JOHN, nobody, live, 400),
    "profile-unknown": State(JOHN, down, shown("[data-chatvisor-when=unknown]"), 440),
    "profile-checking": State(
        JOHN,
        nobody,
        shown("[data-chatvisor-when=checking]"),
        360,
        keys=BROWSER,
        blocked=True,
    ),
    "profile-no-script": State(JOHN, crowd, no_script, 640, blocked=True),
    "profile-no-javascript": State(JOHN, crowd, shown("dl"), 1140, javascript=False),
}
