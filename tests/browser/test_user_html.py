"""Pages with markup that a user wrote: it misleads no script, and stops none.

The markup has no scripts and no event handlers: lenient sanitisers let it pass.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field

import pytest
import requests
from flask import Flask
from flask import Response
from flask import render_template_string
from flask import request
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import WebSocketRoute
from playwright.sync_api import expect

from flask_chatvisor.service.settings import Timings
from tests.conftest import make_application

from .conftest import OpenPage
from .desk import served
from .support import API_TOKEN
from .support import RunningService
from .support import running_service
from .support import until
from .support import violations_of
from .support import window_by_click
from .tagged import JOHN
from .tagged import RESET
from .tagged import OpenPortal
from .tagged import expect_calls

#: Another user's tag, and addresses of others, as the extension's own block has them.
BLOCK = (
    '{"tag":{"id":"666","email":"mallory@example.com"},"reset":true,'
    '"refresh":"/danger?delete=all"}'
)
FOREIGN = BLOCK.replace("/danger", "EVIL/danger")
CONFIG = (
    '{"users":"EVIL/users","user":"EVIL/u/{query}","calls":"EVIL/calls",'
    '"token":"EVIL/token","directory":"server","auth":"token","email":"m"}'
)


def fields(names: str) -> str:
    """Fields by which a form of other properties has elements."""
    return "".join(f"<input type=hidden name={name}>" for name in names.split())


FIELDS = fields(
    "addEventListener append classList closest contains dataset getBoundingClientRect"
    " hidden querySelector querySelectorAll remove replaceChildren"
)

#: ``EVIL`` is another origin.
MARKUP: dict[str, str] = {
    # A script's own address.
    "currentScript": '<img name="currentScript" src="EVIL/cdn/js/x.js">',
    "currentScript, an object": '<object name="currentScript" id="currentScript">'
    "</object>",
    "currentScript, a form": '<form name="currentScript" action="EVIL">'
    '<input name="src" value="EVIL/cdn/js/x.js"></form>',
    "currentScript, twice": '<img name="currentScript" src="EVIL/cdn/js/x.js">' * 2,
    "currentScript, a frame": '<iframe name="currentScript" srcdoc="x"></iframe>',
    # The extension's data.
    "a heading": "<h2 id='chatvisor-tag'>Tag</h2><h2 id=chatvisor-agent>A</h2>",
    "a comment": '<!-- write id="chatvisor-tag" into your page -->',
    "a comment of the element": '<!-- <script type="application/json" '
    'id="chatvisor-tag">{}</script> -->',
    "a value": '<p title=\'<script type="application/json" id="chatvisor-tag">\'>x</p>',
    "data": f"<div id=chatvisor-tag hidden>{BLOCK}</div>",
    "data of another origin": f"<div id=chatvisor-tag hidden>{FOREIGN}</div>",
    "data in a template": f"<template id=chatvisor-tag>{BLOCK}</template>",
    "data of an image": '<img name="chatvisor-tag" id="chatvisor-tag" alt="{}">',
    "an agent's data": f"<div id=chatvisor-agent hidden>{CONFIG}</div>",
    "an agent's data in a text field": "<textarea id=chatvisor-agent hidden>"
    f"{CONFIG}</textarea>",
    # Globals.
    "CVLoaded": "<a id=CVLoaded></a>",
    "CVLoaded, twice": "<a id=CVLoaded></a><a id=CVLoaded></a>",
    "CVLoaded, a frame": '<iframe name="CVLoaded" srcdoc="x"></iframe>',
    "CV": "<form id=CV><input name=user><input name=agent><input name=rest></form>",
    "CV, twice": '<a id=CV></a><a id=CV name="agent" href="EVIL"></a>',
    "CV, a frame": '<iframe name="CV" src="EVIL/frame"></iframe>',
    "the button's mark": "<a id=__chatvisorConference></a>",
    "globals": "".join(
        f"<a id={name}></a><a id={name}></a>"
        for name in (
            "fetch location localStorage sessionStorage navigation performance history"
            " document window self top parent opener customElements WebSocket URL"
            " Document Element EventTarget HTMLScriptElement Object Reflect Proxy"
            " addEventListener open crypto navigator setTimeout console"
        ).split()
    ),
    # What the document has.
    "the document's methods": "".join(
        f'<img name="{name}" alt="">'
        for name in (
            "addEventListener createElement dispatchEvent elementsFromPoint"
            " getElementById getElementsByClassName getSelection hasFocus querySelector"
            " querySelectorAll"
        ).split()
    ),
    "the document's properties": "".join(
        f'<img name="{name}" alt="">'
        for name in (
            "activeElement body cookie defaultView documentElement forms head hidden"
            " prerendering readyState scripts title visibilityState"
        ).split()
    ),
    "the document's, by forms": "".join(
        f'<form name="{name}"></form>'
        for name in "body head documentElement createElement querySelector".split()
    ),
    "what elements have": '<form style="position:fixed;inset:0;z-index:-1">'
    f"{FIELDS}{fields('matches')}</form>",
    # The hooks of templates.
    "hooks": f"""<form data-chatvisor-watch=1 data-chatvisor-start=v tabindex=0>{FIELDS}
        <span data-chatvisor-queue></span></form>
        <div data-chatvisor-watch=1><a data-chatvisor-field=email
         data-chatvisor-href="javascript:document.title='owned'">x</a>
        <form>{FIELDS}<button type=button data-chatvisor-start=v></button></form></div>
        <form data-chatvisor-users>{FIELDS}</form>""",
    "our elements": "<chatvisor-sign></chatvisor-sign><chatvisor-notice>",
}

CUSTOMER = """<!doctype html><html lang=en><title>Customer</title>
{% from "chatvisor/macros.html" import conference_button %}
<body>BEFORE<main>{{ conference_button() }}</main>AFTER</body></html>"""
DESK = """<!doctype html><html lang=en><title>Desk</title>
{% from "chatvisor/macros.html" import active_users, start_button, user_status %}
<body>BEFORE<main>{{ user_status("1") }} {{ start_button(query="1") }}</main>
{{ active_users() }}AFTER</body></html>"""


@dataclass
class World:
    """An application with users' markup in its pages, and somebody who listens.

    :ivar heard: what the other origin was asked for, beside pictures and frames.
    :ivar endangered: requests for an address that no script has from the server.
    """

    url: str = ""
    evil: str = ""
    heard: list[str] = field(default_factory=list)
    endangered: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def real() -> Iterator[RunningService]:
    with running_service(Timings(presence_grace=0.5)) as real:
        yield real


@pytest.fixture(scope="module")
def world(real: RunningService) -> Iterator[World]:
    world = World()
    app, chatvisor = make_application(
        SCRIPT_URL=real.script,
        API_URL=real.url,
        API_TOKEN=API_TOKEN,
        CACHE_SECONDS=0,
    )

    def show(template: str, place: str, name: str) -> str:
        html = MARKUP[name].replace("EVIL", world.evil)
        before, after = (html, "") if place == "before" else ("", html)
        return render_template_string(
            template.replace("BEFORE", before).replace("AFTER", after)
        )

    for role, template in {"customer": CUSTOMER, "desk": DESK}.items():
        app.add_url_rule(
            f"/{role}/<policy>/<place>/<name>",
            role,
            lambda policy, place, name, template=template: show(template, place, name),
        )
    app.add_url_rule("/danger", "danger", lambda: "")

    @app.after_request
    def note(response: Response) -> Response:
        if request.path == "/danger":
            world.endangered.append(request.full_path)
        if "/strict/" in request.path:
            allowed = chatvisor.csp() | {
                "default-src": ["'self'"],
                "img-src": ["*"],
                "frame-src": ["*"],
                "style-src-attr": ["'unsafe-inline'"],
            }
            response.headers["Content-Security-Policy"] = "; ".join(
                " ".join([directive, *sources])
                for directive, sources in allowed.items()
            )
        return response

    with served(app) as world.url, served(_listener(world)) as world.evil:
        yield world


def _listener(world: World) -> Flask:
    evil = Flask("evil")

    @evil.before_request
    def note() -> Response:
        # Pictures and frames are loaded by the markup itself.
        if request.headers.get("Sec-Fetch-Dest") not in {"image", "iframe", "object"}:
            world.heard.append(request.full_path)
        return Response("", headers={"Access-Control-Allow-Origin": "*"})

    return evil


def visitor_of(page: Page, real: RunningService, user: str = "1") -> str:
    """Wait until the service knows this page's user; the visitor of that user."""
    page.evaluate("(token) => { CV.rest.auth(token); }", real.token())
    until(
        page,
        """new Promise((resolve) => CV.user.status(user, resolve)).then(
          ({ visitorId }) =>
            visitorId === JSON.parse(localStorage.getItem("chatvisor-visitor")).id
        )""",
        user=user,
    )
    found = page.evaluate("JSON.parse(localStorage.getItem('chatvisor-visitor')).id")
    return str(found)


def active(real: RunningService) -> list[dict[str, t.Any]]:
    answer = requests.get(
        f"{real.url}/rest/v1/customerstatus",
        headers={"Authorization": f"Bearer {API_TOKEN}"},
        timeout=10,
    )
    users: list[dict[str, t.Any]] = answer.json()["results"]
    return users


@pytest.mark.parametrize(("policy", "place"), [("strict", "after"), ("none", "before")])
@pytest.mark.parametrize("name", MARKUP)
def test_no_markup_misleads_or_stops_the_scripts(
    world: World,
    real: RunningService,
    open_page: OpenPage,
    name: str,
    policy: str,
    place: str,
) -> None:
    john = open_page(f"{world.url}/sign-in/1")
    mary = open_page(f"{world.url}/sign-in/3")
    violations = violations_of(john, mary)
    john.goto(f"{world.url}/customer/{policy}/{place}/{name}")
    until(john, "localStorage.getItem('chatvisor-visitor')")
    visitor = visitor_of(john, real)
    mary.goto(f"{world.url}/desk/{policy}/{place}/{name}")
    expect(mary.locator("[data-chatvisor-connection]").first).to_have_text("Live")
    row = mary.locator(f"[data-chatvisor-user='{visitor}']")
    expect(row.locator("[data-chatvisor-field=pageTitle]")).to_have_text("Customer")
    assert {user["id"] for user in active(real)} == {"1"}
    # The agent asks, and the customer sees who asks.
    start = mary.locator("main [data-chatvisor-start]")
    expect(start).to_be_enabled()
    window = window_by_click(mary, "main [data-chatvisor-start]")
    assert window.url.startswith(f"{real.url}/call/")
    accept = john.locator("chatvisor-invitation [data-chatvisor-accept]")
    href = accept.get_attribute("href")
    assert href is not None
    assert href.startswith(f"{real.url}/call/")
    john.click("chatvisor-invitation [data-chatvisor-decline]")
    expect(window.locator("html")).to_have_attribute("data-chatvisor-state", "ended")
    # The customer asks for help, sees it on the page, and gives it up there.
    help_window = window_by_click(john, "main [data-chatvisor-conference]")
    assert help_window.url.startswith(f"{real.url}/call/")
    john.click("main chatvisor-sign [data-chatvisor-stop]")
    expect(john.locator("main chatvisor-sign")).to_have_count(0)
    assert (world.heard, world.endangered, violations) == ([], [], [])
    assert mary.title() == "Desk"


@pytest.mark.parametrize("name", MARKUP)
def test_no_markup_keeps_who_signs_out_from_being_forgotten(
    portal: OpenPortal, open_page: OpenPage, name: str
) -> None:
    running = portal()
    html = MARKUP[name].replace("EVIL", "http://127.0.0.1:9")
    running.page(f"<body>{html}</body>", "/html")
    page = open_page(f"{running.url}/sign-in/1")
    page.goto(f"{running.url}/html")
    expect_calls(page, JOHN)
    running.sign_out(page)
    page.goto(f"{running.url}/html")
    expect_calls(page, RESET)


# --- addresses ----------------------------------------------------------------------

#: ``REAL`` is the host of the service.
ADDRESSES = [
    "javascript:opener.owned=1",
    " javascript:opener.owned=1",
    "java\nscript:opener.owned=1",
    "data:text/html,<script>opener.owned=1</script>",
    "blob:http://REAL/0c1f",
    "http://EVIL/call/x#ticket",
    "//REAL/call/x",
    "/call/x",
    "\\\\REAL\\call\\x",
    "http:\\\\REAL\\call\\x",
    "http://REAL@EVIL/call/x",
    "http://user:word@REAL/call/x",
    "http://REAL.evil.example/call/x",
    "https://REAL/call/x",
    "ftp://REAL/call/x",
    "http://",
    "",
]


@pytest.fixture
def addresses(world: World, real: RunningService) -> list[str]:
    real_host, evil_host = (url.split("//")[1] for url in (real.url, world.evil))
    return [
        address.replace("REAL", real_host).replace("EVIL", evil_host)
        for address in ADDRESSES
    ]


def test_help_leads_to_no_address_but_the_services(
    world: World, real: RunningService, open_page: OpenPage, addresses: list[str]
) -> None:
    john = open_page(f"{world.url}/sign-in/1")
    wanted = iter(addresses)

    def change(socket: WebSocketRoute) -> None:
        def arrive(message: str | bytes) -> None:
            data = json.loads(message)
            if data["type"] == "conference":
                data["url"] = next(wanted)
            socket.send(json.dumps(data))

        socket.connect_to_server().on_message(arrive)

    john.route_web_socket("**/ws", change)
    john.goto(f"{world.url}/customer/none/before/a comment")
    for _ in addresses:
        with john.expect_console_message(lambda line: "bad-address" in line.text):
            window = window_by_click(john, "main [data-chatvisor-conference]")
        assert window.url.startswith(f"{real.url}/call/none")
        window.close()
    assert next(wanted, None) is None
    assert john.evaluate("window.owned") is None
    assert world.heard == []


def test_an_invitation_leads_to_no_address_but_the_services(
    world: World, real: RunningService, open_page: OpenPage, addresses: list[str]
) -> None:
    john = open_page(f"{world.url}/sign-in/1")
    sockets: list[WebSocketRoute] = []

    def keep(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    john.route_web_socket("**/ws", keep)
    john.goto(f"{world.url}/customer/none/before/a comment")
    until(john, "localStorage.getItem('chatvisor-visitor')")
    visitor_of(john, real)
    complaints: list[str] = []
    john.on("console", lambda line: complaints.append(line.text))
    for number, url in enumerate([*addresses, f"{real.url}/call/x#ticket"]):
        agent = {"name": "Mary", "email": "mary@example.com"}
        ring = {"type": "ring", "callId": f"c-{number}", "url": url, "agent": agent}
        sockets[-1].send(json.dumps(ring))
    accept = john.locator("chatvisor-invitation [data-chatvisor-accept]")
    expect(accept).to_have_count(1)
    href = f"{real.url}/call/x?lang=en#ticket"
    expect(accept).to_have_attribute("href", href)
    refused = [line for line in complaints if "ring: bad-address" in line]
    assert len(refused) == len(addresses)


def test_a_start_button_leads_to_no_address_but_the_services(
    world: World, real: RunningService, open_page: OpenPage, addresses: list[str]
) -> None:
    mary = open_page(f"{world.url}/sign-in/3")
    mary.goto(f"{world.url}/desk/none/before/a comment")
    mary.evaluate(
        """(token) => {
          const button = document.body.appendChild(document.createElement("button"));
          button.id = "ask";
          button.onclick = () => {
            CV.rest.auth(token);
            CV.calling.startScreen("v");
          };
        }""",
        real.token(),
    )
    answers = iter(addresses)
    mary.route(
        "**/rest/v1/call",
        lambda route: route.fulfill(
            json={"callId": "x", "url": next(answers)},
            headers={"Access-Control-Allow-Origin": "*"},
        ),
    )
    for _ in addresses:
        with mary.expect_console_message(lambda line: "bad-address" in line.text):
            window = window_by_click(mary, "#ask")
        assert window.url.startswith(f"{real.url}/call/none")
        window.close()
    assert next(answers, None) is None
    assert mary.evaluate("window.owned") is None
    assert world.heard == []


#: None of them is, as it is written, a route of the extension.
PATHS = [
    "//127.0.0.1:9/x",
    "/\\127.0.0.1:9/x",
    "\\\\127.0.0.1:9/x",
    "/\t/127.0.0.1:9/x",
    "http://127.0.0.1:9/x",
    "javascript:window.owned=1",
    "data:application/json,{}",
    "/danger?delete=all",
    "/chatvisor/../danger",
    "/chatvisor/%2e%2e/danger",
    "/chatvisors/x",
    "me",
    "../me",
    "",
]


def test_an_address_that_is_not_the_extensions_is_not_requested(
    world: World, open_page: OpenPage
) -> None:
    mary = open_page(f"{world.url}/sign-in/3")
    mary.goto(f"{world.url}/chatvisor/users")
    main = mary.locator("script[type=module]").get_attribute("src")
    assert main is not None
    checked = """async ([module, paths]) => {
      const { address } = await import(module);
      return paths.map((path) => {
        try { return address(path); } catch { return null; }
      });
    }"""
    good = "/chatvisor/users.json?page=1#x"
    assert mary.evaluate(
        checked, [main.replace("main.js", "config.js"), [good, *PATHS]]
    ) == [world.url + good] + [None] * len(PATHS)


def test_tag_js_requests_no_address_but_the_extensions(
    world: World, open_page: OpenPage
) -> None:
    page = open_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    waiting = iter(PATHS)

    def block(route: Route) -> None:
        data = json.dumps({"tag": None, "reset": False, "refresh": next(waiting)})
        route.fulfill(
            content_type="text/html",
            body=f'<script type="application/json" id="chatvisor-tag">{data}</script>'
            '<script src="/chatvisor/static/tag.js"></script>',
        )

    page.route(f"{world.url}/block", block)
    for _ in PATHS:
        with page.expect_console_message(lambda line: "is not below" in line.text):
            page.goto(f"{world.url}/block")
    ends = ("/block", "/tag.js", "/favicon.ico")
    assert [url for url in requested if not url.endswith(ends)] == []


# --- words --------------------------------------------------------------------------

HOSTILE = (
    "<img src=x onerror=owned=1>\"'><svg onload=owned=2>"
    "</script></title></textarea><script>owned=3</script>"
    "<b id=owned>{{7*7}}{name}${7*7}</b><a href=javascript:owned=4>"
    "<iframe srcdoc='<script>parent.owned=5</script>'>"
)
INTRUDERS = "#owned, img[src=x], svg[onload], iframe, a[href^=javascript]"


def test_words_of_others_stay_words(
    world: World, real: RunningService, open_page: OpenPage
) -> None:
    john = open_page(f"{world.url}/sign-in/1")
    mary = open_page(f"{world.url}/sign-in/3")
    john.goto(f"{world.url}/customer/none/before/a comment")
    until(john, "localStorage.getItem('chatvisor-visitor')")
    fields = "id email firstname lastname gender assignedUser".split()
    tag = dict.fromkeys(fields, HOSTILE) | {
        "labels": [HOSTILE],
        "additionalTaggingData": {HOSTILE: HOSTILE},
    }
    john.evaluate(
        """async ([tag, hostile]) => {
          history.replaceState(null, "", "/" + hostile);
          document.title = hostile;
          await CV.user.tag(tag);
        }""",
        [tag, HOSTILE],
    )
    visitor = visitor_of(john, real, HOSTILE)
    pages = [john, mary]
    for path in ("users", f"users/{visitor}"):
        mary.goto(f"{world.url}/chatvisor/{path}")
        expect(mary.get_by_text(HOSTILE).first).to_be_visible()
        assert_untouched(*pages)
    mary.evaluate(
        """([token, visitor]) => {
          CV.rest.auth(token);
          const button = document.body.appendChild(document.createElement("button"));
          button.id = "ask";
          button.onclick = () => { CV.calling.startScreen(visitor); };
        }""",
        [real.token(name=HOSTILE), visitor],
    )
    pages.append(window_by_click(mary, "#ask"))
    expect(john.locator("chatvisor-invitation h2")).to_contain_text(HOSTILE)
    pages.append(window_by_click(john, "chatvisor-invitation [data-chatvisor-accept]"))
    expect(john.locator("chatvisor-sign")).to_contain_text(HOSTILE)
    for window in pages[2:]:
        expect(window.locator("html")).to_have_attribute(
            "data-chatvisor-state", "accepted"
        )
        expect(window.get_by_text(HOSTILE).first).to_be_attached()
    assert_untouched(*pages)


def assert_untouched(*pages: Page) -> None:
    for page in pages:
        assert page.evaluate("typeof window.owned") == "undefined"
        # Playwright looks into shadow roots, too.
        assert page.locator(INTRUDERS).count() == 0
