"""The agents' pages and the macros, as the server writes them."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from types import FrameType

import jinja2
import pytest
from flask import Flask
from flask import Response
from flask import g
from flask import render_template_string
from flask import request
from werkzeug.datastructures import Headers

import flask_chatvisor
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import default_visitor

from ..conftest import JANE
from ..conftest import JOHN
from ..conftest import make_application
from ..doubles.service import FakeService
from ..doubles.service import active_user
from ..doubles.service import ago
from ..doubles.users import signed_in

IMPORT = (
    '{% from "chatvisor/macros.html" import'
    " start_button, user_status, active_users, conference_button %}"
)
AGENT_MACROS = (
    '{{ start_button(visitor_id="v-1") }}',
    '{{ start_button(query="john@example.com") }}',
    '{{ user_status("john@example.com") }}',
    "{{ active_users() }}",
)
#: Where the package's own functions and templates are.
PACKAGE = str(Path(flask_chatvisor.__file__).parent)
ADAMS_CALL: dict[str, t.Any] = {
    "agent": {"name": "Adam", "email": "a@example.com"},
    "since": None,
}
HOSTILE = "</script><img src=x onerror=alert(1)>\"'>\u2028&amp;😀"


class Element(t.NamedTuple):
    """One start tag of a page."""

    tag: str
    attributes: dict[str, str | None]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


class Page:
    """A page's elements and text; what a ``<template>`` holds is left out."""

    def __init__(self, html: str) -> None:
        parser = _Parser()
        parser.feed(re.sub(r"(?s)<template.*?</template>", "", html))
        parser.close()
        self.elements = parser.elements
        self.text = parser.text

    def all(self, attribute: str) -> list[Element]:
        """Every element with this attribute."""
        return [e for e in self.elements if attribute in e.attributes]

    def one(self, attribute: str) -> dict[str, str | None]:
        """The attributes of the only element with this one."""
        (element,) = self.all(attribute)
        return element.attributes

    def tags(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of this name."""
        return [e.attributes for e in self.elements if e.tag == tag]


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    yield service
    service.close()


@pytest.fixture
def app(service: FakeService) -> Flask:
    return application(service)


def application(
    service: FakeService, chatvisor: Chatvisor | None = None, **config: t.Any
) -> Flask:
    """The test application, its service, and ``/macro`` that renders what is sent."""
    keys: dict[str, t.Any] = {
        "SCRIPT_URL": f"{service.url}/cdn/js/x.js",
        "API_URL": service.url,
        "API_TOKEN": "secret-api-token-of-the-tests-32b!",
        "CACHE_SECONDS": 0,
    }
    app, _ = make_application(chatvisor, **keys | config)

    @app.get("/macro")
    def macro() -> str:
        return render_template_string(request.args["source"])

    return app


def agents_page(app: Flask, path: str, status: int = 200) -> Page:
    response = signed_in(app, "3").get(path)
    assert response.status_code == status
    return Page(response.text)


def rendered(app: Flask, source: str, user_id: str = "3") -> str:
    """What a template with the macros gives the agent, or another user."""
    response = signed_in(app, user_id).get(
        "/macro", query_string={"source": IMPORT + source}
    )
    assert response.status_code == 200
    return response.text


def macro(app: Flask, source: str, user_id: str = "3") -> Page:
    return Page(rendered(app, source, user_id))


# --- caches --------------------------------------------------------------------------


def kept(app: Flask, source: str, user_id: str, **headers: str) -> Headers:
    """The headers of a page with a macro, which the view itself lets everyone keep."""

    @app.get("/kept")
    def kept() -> Response:
        given = {"Cache-Control": "public, max-age=60", "ETag": '"1"'} | headers
        return Response(render_template_string(IMPORT + source), headers=given)

    return signed_in(app, user_id).get("/kept").headers


@pytest.mark.parametrize("source", AGENT_MACROS)
@pytest.mark.parametrize("page", ["<title>Desk</title><body>{}</body>", "<p>{}</p>"])
def test_no_cache_keeps_what_a_macro_shows_to_agents(
    app: Flask, source: str, page: str
) -> None:
    more = {"CDN-Cache-Control": "max-age=60", "Vary": "Accept"}
    headers = kept(app, page.format(source), "3", **more)
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Vary"].startswith("Accept")
    assert "Cookie" in headers["Vary"]
    assert not {"ETag", "CDN-Cache-Control"} & {*headers.keys()}


@pytest.mark.parametrize("source", AGENT_MACROS)
@pytest.mark.parametrize("user_id", ["1", ""])
def test_for_others_the_macros_change_nothing(
    app: Flask, source: str, user_id: str
) -> None:
    headers = kept(app, source, user_id)
    assert headers["Cache-Control"] == "public, max-age=60"
    assert headers["ETag"] == '"1"'


def test_a_hook_of_the_application_does_not_make_it_public_again(
    app: Flask,
) -> None:
    @app.after_request
    def keep(response: Response) -> Response:
        response.headers["Cache-Control"] = "public, max-age=60"
        return response

    response = signed_in(app, "3").get(
        "/macro", query_string={"source": IMPORT + "{{ active_users() }}"}
    )
    assert response.headers["Cache-Control"] == "private, no-store"


# --- hooks ---------------------------------------------------------------------------


def test_the_list_has_a_hook_a_row_and_a_real_button_for_each_user(
    app: Flask, service: FakeService
) -> None:
    service.users = [active_user("v-1", "John Doe"), active_user("v-2", "Jane Roe")]
    page = agents_page(app, "/chatvisor/users")
    assert page.one("data-chatvisor-users")["data-chatvisor-state"] == "ready"
    rows = page.all("data-chatvisor-user")
    assert [row.attributes["data-chatvisor-user"] for row in rows] == ["v-2", "v-1"]
    starts = page.all("data-chatvisor-start")
    assert [(start.tag, start.attributes["type"]) for start in starts] == (
        [("button", "button")] * 2
    )
    assert [start.attributes["data-chatvisor-start"] for start in starts] == (
        ["v-2", "v-1"]
    )


#: Wherever somebody can click Start.
PLACES = {
    "list": "/chatvisor/users",
    "profile": "/chatvisor/users/john@example.com",
    "start": '{{ start_button(query="john@example.com") }}',
    "status": '{{ user_status("john@example.com") }}',
    "table": "{{ active_users() }}",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("language", ["en", "de"])
def test_who_is_not_verified_is_marked_wherever_a_call_can_start(
    app: Flask, service: FakeService, place: str, verified: bool, language: str
) -> None:
    service.users = [active_user("v-1", "John Doe", verified=verified)]
    path, query = (
        (place, {}) if place[0] == "/" else ("/macro", {"source": IMPORT + place})
    )
    response = signed_in(app, "3").get(
        path, query_string=query, headers={"Accept-Language": language}
    )
    # Without the list's empty row, which the page's script copies.
    text = response.text.partition("<template")[0]
    marks = [e.attributes for e in Page(text).all("data-chatvisor-field") if _marks(e)]
    assert marks
    assert all(("hidden" in mark) == verified for mark in marks)
    words = {"en": "not verified", "de": "nicht bestätigt"}[language]
    why = {"en": "Only the page says", "de": "Nur die Seite sagt"}[language]
    assert any((mark.get("title") or "").startswith(why) for mark in marks)
    # What a screen reader says of the button has it, too.
    buttons = re.findall("<button[^>]*data-chatvisor-start.*?</button>", text)
    assert all((words in button) != verified for button in buttons)


def _marks(element: Element) -> bool:
    return element.attributes["data-chatvisor-field"] == "unverified"


def test_the_table_has_a_caption_and_headings_with_a_scope(
    app: Flask, service: FakeService
) -> None:
    service.users = [active_user("v-1", "John Doe")]
    page = agents_page(app, "/chatvisor/users")
    assert len(page.tags("caption")) == 1
    assert {heading["scope"] for heading in page.tags("th")} == {"col", "row"}


def test_all_that_is_known_of_a_user_is_in_the_row(
    app: Flask, service: FakeService
) -> None:
    service.users = [
        active_user(
            "v-1",
            "John Doe",
            labels=["premium"],
            assignedUser="adam@example.com",
            location={"title": "Invoices", "path": "/invoices"},
            since=ago(minutes=12, seconds=20),
            visible=False,
            inCall={**ADAMS_CALL, "since": ago(minutes=5)},
        )
    ]
    page = agents_page(app, "/chatvisor/users")
    for text in (
        "John Doe",
        "john@example.com",
        "verified",
        "premium",
        "adam@example.com",
        "Invoices",
        "/invoices",
        "12 min",
        "In background",
        "In a call with Adam for 5 min",
    ):
        assert text in page.text, text
    assert page.one("data-chatvisor-start")["aria-disabled"] == "true"


@pytest.mark.parametrize("path", ["/chatvisor/users", "/chatvisor/users/v-1"])
def test_who_is_being_asked_is_not_in_a_call_yet(
    app: Flask, service: FakeService, path: str
) -> None:
    service.users = [active_user("v-1", "John Doe", inCall=ADAMS_CALL)]
    page = agents_page(app, path)
    assert "Adam is asking …" in page.text
    call, *_ = [
        one.attributes
        for one in page.all("data-chatvisor-field")
        if one.attributes["data-chatvisor-field"] == "inCall"
    ]
    assert "hidden" in call
    assert page.one("data-chatvisor-start")["aria-disabled"] == "true"


def test_who_waits_for_help_is_joined(app: Flask, service: FakeService) -> None:
    service.users = [active_user("v-1", "John Doe", waitingSince=ago(minutes=3))]
    page = agents_page(app, "/chatvisor/users")
    assert "1 active user, 1 waiting for help" in page.text
    assert "Waiting for help: 3 min" in page.text
    assert "Join" in page.text


def test_a_user_has_a_page_with_all_that_was_tagged(
    app: Flask, service: FakeService
) -> None:
    service.users = [
        active_user("v-1", "John Doe", additionalTaggingData={"plan": "gold", "n": [1]})
    ]
    page = agents_page(app, "/chatvisor/users/john@example.com")
    status = page.one("data-chatvisor-status")
    assert status["data-chatvisor-status"] == "john@example.com"
    assert status["data-chatvisor-state"] == "visible"
    assert page.one("data-chatvisor-start")["data-chatvisor-start"] == "v-1"
    assert "gold" in page.text
    assert "[1]" in page.text


def test_the_page_of_a_user_who_is_not_active_says_so(app: Flask) -> None:
    page = agents_page(app, "/chatvisor/users/jane@example.com")
    assert page.one("data-chatvisor-status")["data-chatvisor-state"] == "offline"
    assert "jane@example.com is not active now." in page.text


def test_the_macros_carry_their_hooks(app: Flask, service: FakeService) -> None:
    service.users = [active_user("v-1", "John Doe")]
    assert macro(app, '{{ start_button(visitor_id="v-9") }}').one(
        "data-chatvisor-start"
    )["data-chatvisor-start"] == ("v-9")
    by_query = macro(app, '{{ start_button(query="john@example.com") }}')
    assert by_query.one("data-chatvisor-start")["data-chatvisor-start"] == "v-1"
    assert "hidden" not in by_query.one("data-chatvisor-watch")
    status = macro(app, '{{ user_status("john@example.com") }}')
    assert "Online" in status.text
    assert status.one("data-chatvisor-status")["data-chatvisor-status"] == (
        "john@example.com"
    )
    table = macro(app, "{{ active_users(page_size=5) }}").one("data-chatvisor-users")
    assert table["data-chatvisor-query"] == "page=1&page_size=5"


def test_a_button_takes_a_label_and_classes_of_its_own(app: Flask) -> None:
    page = macro(
        app, '{{ start_button(visitor_id="v-1", label="Look", class_="btn x") }}'
    )
    assert page.one("data-chatvisor-start")["class"] == "btn x"
    assert "Look" in page.text


def test_a_button_for_someone_who_is_not_active_is_hidden(app: Flask) -> None:
    page = macro(app, '{{ start_button(query="john@example.com") }}')
    assert "hidden" in page.one("data-chatvisor-watch")


def test_a_button_knows_the_applications_users(
    app: Flask, service: FakeService
) -> None:
    service.users = [active_user("v-1", "John Doe")]
    app.jinja_env.globals |= {"john": JOHN, "jane": JANE, "nobody": object()}
    app.extensions["chatvisor"].loaders.visitor = default_visitor
    by_user = macro(app, "{{ start_button(user=john) }}{{ user_status(user=john) }}")
    assert by_user.one("data-chatvisor-start")["data-chatvisor-start"] == "v-1"
    assert "Online" in by_user.text
    offline = macro(app, "{{ start_button(user=jane) }}")
    assert "hidden" in offline.one("data-chatvisor-watch")
    for source in ("{{ start_button(user=nobody) }}", "{{ user_status(user=nobody) }}"):
        assert macro(app, source).all("data-chatvisor-watch") == []


def test_a_button_takes_an_icon_and_a_size(app: Flask) -> None:
    page = macro(app, '{{ start_button("v-1", icon=true, size="small") }}')
    assert page.tags("svg")[0]["aria-hidden"] == "true"
    classes = page.one("data-chatvisor-start")["class"]
    assert classes == "chatvisor-button chatvisor-button-small"


def test_a_query_may_be_a_number(app: Flask, service: FakeService) -> None:
    service.users = [active_user("v-1", "John Doe")]
    assert "Online" in macro(app, "{{ user_status(1) }}").text


# --- who sees what -------------------------------------------------------------------


@pytest.mark.parametrize("source", AGENT_MACROS)
@pytest.mark.parametrize("user_id", ["1", ""], ids=["customer", "stranger"])
def test_who_is_not_an_agent_gets_nothing(
    app: Flask, service: FakeService, source: str, user_id: str
) -> None:
    page = rendered(app, f"<p>{source}</p>", user_id)
    assert page.startswith("<p></p>")
    assert service.asked == []


def test_customers_alone_get_the_help_button(app: Flask) -> None:
    customer = macro(app, "{{ conference_button('Help me') }}", "1")
    assert customer.one("data-chatvisor-conference")["type"] == "button"
    assert "Help me" in customer.text
    assert customer.all("data-chatvisor-start") == []
    for user_id in ("3", ""):
        other = macro(app, "{{ conference_button() }}", user_id)
        assert other.all("data-chatvisor-conference") == []


def test_the_help_button_brings_nothing_of_the_agents(app: Flask) -> None:
    page = rendered(app, "{{ conference_button() }}", "1")
    assert "main.js" not in page
    assert 'id="chatvisor-agent"' not in page


@pytest.mark.parametrize(
    ("user_id", "loader"), [("3", "agent_loader"), ("1", "visitor_loader")]
)
def test_a_loader_that_raises_costs_the_page_the_macros_only(
    service: FakeService, caplog: pytest.LogCaptureFixture, user_id: str, loader: str
) -> None:
    def fail(user: object) -> None:
        raise LookupError("the loader's own fault")

    chatvisor = Chatvisor()
    getattr(chatvisor, loader)(fail)
    app = application(service, chatvisor)
    source = "kept{{ conference_button() }}{{ start_button(query='a') }}"
    assert rendered(app, source, user_id).startswith("kept")
    faults = [one for one in caplog.records if "shows nothing" in one.message]
    assert len(faults) == 1


def test_a_policy_that_raises_costs_the_page_the_macros_only(
    service: FakeService,
) -> None:
    def fail(agent: object, user: object) -> bool:
        raise LookupError("the policy's own fault")

    app = application(service)
    app.extensions["chatvisor"].loaders.policy = fail
    service.users = [active_user("v-1", "John Doe")]
    source = "kept{{ user_status('john@example.com') }}{{ active_users() }}"
    page = rendered(app, source)
    assert page.startswith("kept")
    assert "Status unknown" in page
    assert "The list could not be loaded." in page


def test_nothing_is_rendered_while_it_is_disabled(service: FakeService) -> None:
    app = application(service, ENABLED=False)
    source = "".join(AGENT_MACROS) + "{{ conference_button() }}"
    assert rendered(app, f"<p>{source}</p>") == "<p></p>"
    assert rendered(app, f"<p>{source}</p>", "1") == "<p></p>"


# --- what the pages load -------------------------------------------------------------


def test_scripts_and_styles_come_once(app: Flask) -> None:
    page = macro(app, "".join(AGENT_MACROS) * 2)
    sources = [script["src"] or "" for script in page.tags("script") if "src" in script]
    assert [re.sub(r".*/|\?.*", "", source) for source in sources] == (
        ["main.js", "x.js"]
    )
    assert len(page.tags("link")) == 1
    assert (
        len([s for s in page.tags("script") if s.get("id") == "chatvisor-agent"]) == 1
    )


def test_scripts_come_again_on_the_next_page(app: Flask) -> None:
    with app.app_context():
        for _ in range(2):
            assert "main.js" in rendered(app, AGENT_MACROS[0])


def test_nothing_is_inline(app: Flask, service: FakeService) -> None:
    service.users = [active_user("v-1", "John Doe", waitingSince=ago(seconds=5))]
    for path in ("/chatvisor/users", "/chatvisor/users/v-1"):
        page = agents_page(app, path)
        assert page.tags("style") == []
        assert page.all("style") == []
        for script in page.tags("script"):
            assert script.get("src") or script["type"] == "application/json"
        for element in page.elements:
            assert not [name for name in element.attributes if name.startswith("on")]


def test_the_data_block_says_where_everything_is(app: Flask) -> None:
    html = rendered(app, AGENT_MACROS[0])
    (block,) = re.findall(r'id="chatvisor-agent">(.*?)</script>', html)
    assert json.loads(block) == {
        "users": "/chatvisor/users.json",
        "user": "/chatvisor/users/{query}.json",
        "calls": "/chatvisor/calls",
        "token": "/chatvisor/token",
        "directory": "server",
        "auth": "token",
        "email": "mary@example.com",
        "language": "en",
        "texts": {},
    }


def test_no_page_has_the_api_token(app: Flask, service: FakeService) -> None:
    service.users = [active_user("v-1", "John Doe")]
    client = signed_in(app, "3")
    for path in ("/chatvisor/users", "/chatvisor/users/v-1"):
        assert "secret-api-token-of-the-tests-32b!" not in client.get(path).text


def test_the_pages_nonce_is_on_every_element(app: Flask) -> None:
    @app.before_request
    def set_nonce() -> None:
        g.csp_nonce = "bm9uY2U="

    page = macro(app, AGENT_MACROS[0])
    loaded = [*page.tags("script"), *page.tags("link")]
    assert len(loaded) == 4
    assert {element["nonce"] for element in loaded} == {"bm9uY2U="}


def test_assets_are_there_under_a_url_that_changes_with_them(app: Flask) -> None:
    page = macro(app, AGENT_MACROS[0] + "{{ conference_button() }}")
    (link,) = page.tags("link")
    url = str(link["href"])
    assert re.search(r"\?v=[0-9a-f]{12}$", url)
    with app.test_client().get(url) as asset:
        assert asset.status_code == 200


def test_modules_are_kept_for_ever_under_a_path_that_changes_with_any_of_them(
    app: Flask,
) -> None:
    (url,) = (
        str(script["src"])
        for script in macro(app, AGENT_MACROS[0]).tags("script")
        if script.get("type") == "module"
    )
    folder, _, entry = url.rpartition("/")
    client = app.test_client()
    names = [entry]
    for name in names:
        with client.get(f"{folder}/{name}") as module:
            assert "immutable" in module.headers["Cache-Control"], name
            names += set(
                re.findall(r'from "\./(.*?)"', module.get_data(as_text=True))
            ) - set(names)
    assert len(names) > 5
    with client.get(f"{folder}x/{entry}") as outdated:
        assert outdated.headers["Cache-Control"] == "no-cache"


def test_an_application_may_bring_its_own_layout(app: Flask) -> None:
    own = "<body class=own>{% block content %}{% endblock %}</body>"
    loader = jinja2.DictLoader({"chatvisor/_layout.html": own})
    app.jinja_loader = loader
    page = agents_page(app, "/chatvisor/users")
    assert page.tags("body") == [{"class": "own"}]
    assert len(page.all("data-chatvisor-users")) == 1
    assert len(page.tags("link")) == 1


def test_templates_work_where_nothing_may_be_undefined(
    app: Flask, service: FakeService
) -> None:
    app.jinja_env.undefined = jinja2.StrictUndefined
    bare = active_user("v-2", "Jane", location=None, since=None, lastSeen=None)
    service.users = [bare, active_user("v-1", "John Doe", waitingSince=ago(seconds=5))]
    for path in ("/users", "/users?q=nobody", "/users/v-2", "/users/nobody"):
        agents_page(app, f"/chatvisor{path}")
    macro(app, "".join(AGENT_MACROS))
    service.failure = 401
    agents_page(app, "/chatvisor/users", 502)
    agents_page(app, "/chatvisor/users/v-2", 502)
    macro(app, "".join(AGENT_MACROS))


def test_a_list_with_one_row_takes_few_calls(app: Flask, service: FakeService) -> None:
    service.users = [active_user("v-1", "John Doe")]
    client = signed_in(app, "3")
    client.get("/chatvisor/users")
    with counted_calls() as calls:
        client.get("/chatvisor/users")
    # It once took 1,122, most of them to choose a language and to build addresses.
    assert calls.total() <= 561, calls.most_common(20)


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Count how often each function of the package, or of its templates, is called."""
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            calls[f"{code.co_filename}: {code.co_qualname}"] += 1

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


# --- hostile data --------------------------------------------------------------------


def test_what_users_say_about_themselves_cannot_break_out(
    app: Flask, service: FakeService
) -> None:
    service.users = [
        active_user(
            HOSTILE,
            HOSTILE,
            id=HOSTILE,
            email=HOSTILE,
            lastname=HOSTILE,
            firstname=HOSTILE,
            labels=[HOSTILE],
            assignedUser=HOSTILE,
            gender=HOSTILE,
            location={"title": HOSTILE, "path": HOSTILE},
            additionalTaggingData={HOSTILE: HOSTILE},
        )
    ]
    client = signed_in(app, "3")
    found = [client.get("/chatvisor/users")]
    found += [client.get("/chatvisor/users/x", query_string={"q": HOSTILE})]
    found += [client.get("/chatvisor/users", query_string={"q": HOSTILE})]
    found += [client.get("/chatvisor/users", query_string={"label": HOSTILE})]
    source = (
        IMPORT + "{{ user_status(q) }}{{ start_button(query=q, label=q, class_=q) }}"
    )
    hostile = "{% set q = request.args.q %}" + source + "{{ active_users(q=q) }}"
    found += [client.get("/macro", query_string={"source": hostile, "q": HOSTILE})]
    for response in found:
        assert response.status_code == 200
        page = Page(response.text)
        assert page.tags("img") == []
        assert page.all("onerror") == []
        assert all("alert" not in str(s.get("src")) for s in page.tags("script"))
    assert HOSTILE in Page(found[0].text).text


def test_a_hostile_query_is_shown_as_text(app: Flask) -> None:
    response = signed_in(app, "3").get("/chatvisor/users/<img src=x onerror=alert(1)>")
    page = Page(response.text)
    assert page.tags("img") == []
    assert "<img src=x onerror=alert(1)> is not active now." in page.text


# --- filters, sorting, pages ---------------------------------------------------------


def test_filters_are_a_form_that_shows_what_is_set(
    app: Flask, service: FakeService
) -> None:
    service.users = [active_user("v-1", "John Doe", labels=["premium"])]
    page = agents_page(
        app, "/chatvisor/users?q=john&label=premium&assigned=me&sort=-since"
    )
    (form,) = page.tags("form")
    assert (form["method"], form["action"]) == ("get", "/chatvisor/users")
    fields = [f for f in page.tags("input") if f.get("type") != "checkbox"]
    values = {field["name"]: field.get("value") for field in fields}
    assert values == {"q": "john", "label": "premium", "sort": "-since"}
    chosen = [option for option in page.tags("option") if "selected" in option]
    assert [option["value"] for option in chosen] == ["me"]
    assert "assigned=mary%40example.com" in str(
        page.one("data-chatvisor-users")["data-chatvisor-query"]
    )


def test_what_is_filtered_by_is_shown_and_each_can_be_taken_away(
    app: Flask, service: FakeService
) -> None:
    page = agents_page(app, "/chatvisor/users?label=vip&assigned=me&waiting=1")
    chips = page.all("data-chatvisor-chip")
    shown = [
        c.attributes["data-chatvisor-chip"]
        for c in chips
        if "hidden" not in c.attributes
    ]
    assert shown == ["label", "assigned", "waiting"]
    links = {
        str(link["data-chatvisor-set"]): link["href"]
        for link in page.tags("a")
        if "data-chatvisor-set" in link
    }
    assert links["label="] == "/chatvisor/users?assigned=me&waiting=1"
    assert links["assigned="] == "/chatvisor/users?label=vip&waiting=1"
    assert links["waiting="] == "/chatvisor/users?label=vip&assigned=me"
    ticked = [f["name"] for f in page.tags("input") if "checked" in f]
    assert ticked == ["waiting"]


def test_only_those_who_wait_or_are_in_a_call(app: Flask, service: FakeService) -> None:
    agents_page(app, "/chatvisor/users?waiting=1")
    agents_page(app, "/chatvisor/users?in_call=1")
    assert "waiting=1" in service.asked[0]
    assert "inCall=1" in service.asked[1]
    response = signed_in(app, "3").get("/chatvisor/users.json?waiting=yes")
    assert response.status_code == 400
    assert "waiting must be 1 or 0" in response.get_json()["detail"]


def test_headings_sort_and_turn_round(app: Flask, service: FakeService) -> None:
    service.users = [active_user("v-1", "John Doe")]
    page = agents_page(app, "/chatvisor/users?sort=since&q=john")
    links = [
        str(a["href"]) for a in page.tags("a") if a.get("class") == "chatvisor-sort"
    ]
    sorts = [re.findall(r"sort=([^&]+)", link)[0] for link in links]
    assert sorts == ["name", "email", "page", "-since", "lastSeen"]
    assert all("q=john" in link for link in links)
    sorted_by = [th.get("aria-sort") for th in page.tags("th") if th.get("aria-sort")]
    assert sorted_by == ["ascending"]


def test_pages_have_links_to_their_neighbours(app: Flask, service: FakeService) -> None:
    service.users = [active_user(f"v-{n}", f"User{n:02}") for n in range(25)]
    page = agents_page(app, "/chatvisor/users?page=2&page_size=10&q=example")
    links = {str(a["rel"]): a for a in page.tags("a") if "rel" in a}
    assert links["prev"]["href"] == "/chatvisor/users?q=example&page_size=10"
    assert links["next"]["href"] == "/chatvisor/users?q=example&page=3&page_size=10"
    assert "11–20 of 25" in page.text  # noqa: RUF001 - a range has a dash
    last = agents_page(app, "/chatvisor/users?page=3&page_size=10")
    (after,) = (a for a in last.tags("a") if a.get("rel") == "next")
    assert "hidden" in after


@pytest.mark.parametrize(
    ("users", "path", "state"),
    [
        (0, "/chatvisor/users", "empty"),
        (1, "/chatvisor/users?q=nobody", "nothing"),
        (1, "/chatvisor/users?page=7", "beyond"),
        (1, "/chatvisor/users", "ready"),
    ],
)
def test_each_state_of_the_list_shows_its_own_notice(
    app: Flask, service: FakeService, users: int, path: str, state: str
) -> None:
    service.users = [active_user(f"v-{n}", "John Doe") for n in range(users)]
    page = agents_page(app, path)
    assert page.one("data-chatvisor-users")["data-chatvisor-state"] == state
    shown = [e for e in page.all("data-chatvisor-when") if "hidden" not in e.attributes]
    assert [e.attributes["data-chatvisor-when"] for e in shown] == [state]


# --- trouble, and what is asked ------------------------------------------------------


def test_the_list_says_what_is_wrong_with_the_service(
    app: Flask, service: FakeService
) -> None:
    service.failure = 401
    page = agents_page(app, "/chatvisor/users", 502)
    assert page.one("data-chatvisor-users")["data-chatvisor-state"] == "trouble"
    assert "Retrying automatically." in page.text


def test_trouble_with_the_service_leaves_the_applications_page_alone(
    app: Flask, service: FakeService
) -> None:
    service.failure = 401
    page = macro(app, "<h1>Ours</h1>" + "".join(AGENT_MACROS))
    assert "Ours" in page.text
    assert "Status unknown" in page.text
    assert page.one("data-chatvisor-users")["data-chatvisor-state"] == "trouble"


def test_one_failed_question_is_enough_for_a_page(
    app: Flask, service: FakeService
) -> None:
    service.failure = 401
    macro(app, "{% for n in range(20) %}{{ user_status(n) }}{% endfor %}")
    assert len(service.asked) == 1


def test_many_macros_share_their_questions(app: Flask, service: FakeService) -> None:
    service.users = [active_user(f"v-{n}", f"User{n}") for n in range(20)]
    page = macro(
        app,
        "{% for n in range(20) %}{{ user_status('user%s@example.com' % n) }}"
        "{{ start_button(query=n) }}{% endfor %}",
    )
    states = {
        e.attributes["data-chatvisor-state"] for e in page.all("data-chatvisor-watch")
    }
    assert states == {"visible"}
    assert len(page.all("data-chatvisor-watch")) == 40
    assert len(service.asked) == 2


def test_of_a_list_that_is_too_long_the_browser_asks_for_the_rest(
    app: Flask, service: FakeService
) -> None:
    service.users = [active_user(f"v-{n}", f"User{n}") for n in range(1200)]
    page = macro(
        app,
        "{% for n in range(965, 995) %}{{ start_button(query=n) }}{% endfor %}"
        "{{ user_status(7) }}",
    )
    buttons = page.all("data-chatvisor-watch")
    shown = [one.attributes["data-chatvisor-state"] for one in buttons]
    assert shown.count("visible") < 31
    assert set(shown) <= {"visible", "checking"}
    assert len(service.asked) == 2


def test_a_directory_in_the_browser_asks_nothing_here(service: FakeService) -> None:
    app = application(service, DIRECTORY="browser")
    page = agents_page(app, "/chatvisor/users?q=john")
    assert page.one("data-chatvisor-users")["data-chatvisor-state"] == "loading"
    status = macro(app, '{{ user_status("john@example.com") }}{{ active_users() }}')
    assert "Checking" in status.text
    profile = agents_page(app, "/chatvisor/users/john@example.com")
    assert profile.one("data-chatvisor-status")["data-chatvisor-state"] == "checking"
    assert service.asked == []


@pytest.mark.parametrize(
    ("age", "ago_text", "for_text"),
    [
        ({"seconds": 4}, "active now", "4 s"),
        ({"seconds": 47}, "active 40 s ago", "40 s"),
        ({"minutes": 59.5}, "active 59 min ago", "59 min"),
        ({"hours": 3, "seconds": 20}, "active 3 h ago", "3 h"),
        ({"hours": 3, "minutes": 5.5}, "active 3 h 5 min ago", "3 h 5 min"),
        ({"days": 1.5}, "active 1 day ago", "1 day"),
        ({"days": 3.5}, "active 3 days ago", "3 days"),
    ],
)
def test_times_are_told_as_people_say_them(
    app: Flask,
    service: FakeService,
    age: dict[str, float],
    ago_text: str,
    for_text: str,
) -> None:
    at = ago(**age)
    service.users = [active_user("v-1", "John Doe", since=at, lastSeen=at)]
    html = signed_in(app, "3").get("/chatvisor/users").text
    since = f'data-chatvisor-time="for" datetime="{at}">{for_text}</time>'
    assert since in html
    assert f'data-chatvisor-time="active" datetime="{at}">{ago_text}</time>' in html
