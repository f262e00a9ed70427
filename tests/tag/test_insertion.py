"""The tag on every page of a visitor, and on no page that must not have it."""

from __future__ import annotations

import io
import logging
import time
import typing as t
import zlib
from collections.abc import Iterator

import brotli  # type: ignore[import-untyped]
import flask
import pytest
from backports import zstd
from flask import Flask
from flask import Response
from flask import make_response
from flask import render_template_string
from flask import request
from flask import send_file
from flask import session
from flask.testing import FlaskClient
from flask_caching import Cache
from flask_compress import Compress
from flask_login import LoginManager
from flask_login import current_user
from flask_login import login_user
from flask_login import logout_user
from flask_talisman import Talisman
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_chatvisor.contract.api import PATHS
from flask_chatvisor.contract.tag import clean_text
from flask_chatvisor.contract.tokens import verify_identity
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import Agent
from flask_chatvisor.identity import Visitor
from flask_chatvisor.tag.announcement import Reason
from flask_chatvisor.tag.decision import Page
from flask_chatvisor.tag.decision import Plan
from flask_chatvisor.tag.last_user import COOKIE
from flask_chatvisor.testing import block_of
from flask_chatvisor.testing import tag_of

from ..conftest import HTML
from ..conftest import JANE
from ..conftest import JOHN
from ..conftest import SCRIPT
from ..conftest import USERS
from ..conftest import load_agent
from ..conftest import load_visitor
from ..conftest import make_application
from ..doubles.users import signed_in

KEY = "identity-key-of-the-tests-32-bytes!"
JOHNS_TAG = {
    "id": "1",
    "email": "john@example.com",
    "firstname": "John",
    "lastname": "Doe",
}
#: How the extension's own block begins, which text of a page may quote.
OURS = '<script type="application/json" id="chatvisor-tag">'
DOCUMENT = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def app() -> Flask:
    return make_application(DEBUG_HEADER=True)[0]


@pytest.fixture
def john(app: Flask) -> FlaskClient:
    return signed_in(app)


def why(client: FlaskClient, path: str = "/", **options: t.Any) -> str | None:
    """Ask for a page, and for the reason why it is not tagged."""
    return client.get(path, **options).headers.get("X-Chatvisor")


def cookie(client: FlaskClient) -> str | None:
    found = client.get_cookie(COOKIE)
    return found.value if found else None


# --- a tagged page ----------------------------------------------------------------


def test_a_visitors_page_carries_the_tag_before_the_end_of_the_body(
    john: FlaskClient,
) -> None:
    response = john.get("/")
    before, _, after = HTML.partition("</body>")
    text = response.text
    assert text.startswith(f'{before}<script type="application/json"')
    assert text.endswith(f'<script src="{SCRIPT}" async></script></body>{after}')
    assert block_of(response) == {
        "tag": JOHNS_TAG,
        "reset": False,
        "refresh": "/chatvisor/me",
    }
    assert response.headers["X-Chatvisor"] == "tagged"


def test_the_tag_is_signed_with_the_first_identity_key() -> None:
    client = signed_in(make_application(IDENTITY_KEY=[KEY, "an-older-key" * 3])[0])
    tag = tag_of(client.get("/"))
    assert tag is not None
    identity = verify_identity(tag.pop("externalToken"), [KEY], now=time.time())
    assert identity.subject == "1"
    assert identity.tag == tag == JOHNS_TAG


def test_without_an_identity_key_a_token_of_ones_own_is_passed_on() -> None:
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(lambda user: Visitor(id="1", external_token="a.b.c"))
    tag = tag_of(signed_in(make_application(chatvisor)[0]).get("/"))
    assert tag == {"id": "1", "externalToken": "a.b.c"}


def test_without_a_loader_common_attributes_are_used() -> None:
    client = signed_in(make_application(Chatvisor())[0])
    assert tag_of(client.get("/")) == JOHNS_TAG


def test_a_tagged_page_is_kept_by_that_browser_alone(john: FlaskClient) -> None:
    response = john.get("/")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response.headers["Vary"]
    assert "ETag" not in response.headers
    assert int(response.headers["Content-Length"]) == len(response.data)


def test_a_head_request_has_the_headers_of_the_page(john: FlaskClient) -> None:
    john.get("/")
    get, head = john.get("/"), john.head("/")
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)


def test_the_asset_and_refresh_urls_know_where_the_application_is_mounted(
    john: FlaskClient,
) -> None:
    mounted = "/portal ä".encode().decode("latin-1")  # as WSGI has it
    response = john.get("/", environ_overrides={"SCRIPT_NAME": mounted})
    block = block_of(response)
    assert block is not None
    assert block["refresh"] == "/portal%20%C3%A4/chatvisor/me"
    assert 'src="/portal%20%C3%A4/chatvisor/static/tag.js?v=' in response.text


def test_a_page_in_another_charset_keeps_its_bytes(app: Flask) -> None:
    page = "<body>Grüße</body>".encode("latin-1")

    @app.get("/latin")
    def latin() -> Response:
        return Response(page, content_type="text/html; charset=iso-8859-1")

    data = signed_in(app).get("/latin").data
    assert data.startswith(page.removesuffix(b"</body>") + b"<script")


@settings(deadline=None)
@given(name=st.text())
def test_a_users_own_words_stay_data(name: str) -> None:
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(lambda user: Visitor(id="1", firstname=name))
    response = signed_in(make_application(chatvisor)[0]).get("/")
    assert response.text.count("<script") == 3
    tag = tag_of(response)
    assert tag is not None
    assert tag.get("firstname", "") == clean_text(name)


# --- pages that are not tagged ----------------------------------------------------


def test_the_list_of_reasons_is_closed() -> None:
    assert [reason.value for reason in Reason] == [
        "disabled",
        "auto-off",
        "manual",
        "exempt",
        "anonymous",
        "not-a-visitor",
        "agent",
        "no-consent",
        "not-html",
        "status",
        "streamed",
        "encoded",
        "attachment",
        "not-a-document",
        "no-body",
        "already-tagged",
        "error",
    ]


def chunks() -> Iterator[str]:
    yield "<body>"
    yield "</body>"


RESPONSES: dict[Reason, t.Callable[[], t.Any]] = {
    Reason.NOT_HTML: lambda: {"html": HTML},
    Reason.STATUS: lambda: (HTML, 404),
    Reason.STREAMED: chunks,
    Reason.ENCODED: lambda: (HTML, {"Content-Encoding": "x"}),
    Reason.ATTACHMENT: lambda: (
        HTML,
        {"Content-Disposition": "Attachment; x"},
    ),
    Reason.NO_BODY: lambda: "<p>a fragment</p>",
    Reason.ALREADY_TAGGED: lambda: f"<body>{OURS}{{}}</script></body>",
}


@pytest.mark.parametrize("reason", RESPONSES)
def test_a_response_that_is_no_plain_page_is_not_touched(
    app: Flask, reason: Reason
) -> None:
    view = RESPONSES[reason]
    app.add_url_rule("/other", view_func=view, endpoint="other")
    plain = Flask("plain")
    plain.add_url_rule("/other", view_func=view, endpoint="other")
    response = signed_in(app).get("/other")
    assert response.headers["X-Chatvisor"] == reason
    assert response.data == plain.test_client().get("/other").data
    assert "Cache-Control" not in response.headers


@pytest.mark.parametrize(
    "html",
    [
        '<!-- Write id="chatvisor-tag" into your page. -->',
        '<p>Write id="chatvisor-tag" into your page.</p>',
        '<h2 id="chatvisor-tag">Chatvisor tag</h2>',
        '<div id="chatvisor-tag" hidden>{"tag":null,"reset":false}</div>',
        '<a name="chatvisor-tag" id="chatvisor-tag"></a>',
        '<img alt="x" id="chatvisor-tag">',
        f"<!-- {OURS}{{}}</script> -->",
        f"<p title='{OURS}'>A title</p>",
        f"<p data-html='{OURS}{{}}</script>'>A value</p>",
        f"<textarea>{OURS}{{}}</script></textarea>",
        f"<title>{OURS}{{}}</script></title>",
        f"<noscript>{OURS}{{}}</script></noscript>",
        f"<script>var html = '{OURS}';</script>",
        f"<style>/* {OURS} */</style>",
        f"<!doctype '{OURS[:-1]}'><? {OURS[:-1]}>",
    ],
)
@pytest.mark.parametrize("text", ["{}<p>Hello</p>", "<p>Hello</p>{}"])
def test_text_and_ids_of_a_page_are_not_taken_for_the_tag(
    app: Flask, html: str, text: str
) -> None:
    page = f"<body>{text.format(html)}</body>"
    app.add_url_rule("/other", view_func=lambda: page, endpoint="other")
    john = signed_in(app)
    response = john.get("/other")
    assert response.headers["X-Chatvisor"] == "tagged"
    assert response.text.startswith(page.removesuffix("</body>") + OURS)
    # And a reset that is due is told.
    john.get("/sign-out")
    assert '"reset":true' in john.get("/other").text


@pytest.mark.parametrize("sealed", ["", ' nonce="abc"'])
@pytest.mark.parametrize("before", ["", f"<!-- {OURS} -->", f"<p title='{OURS}'></p>"])
def test_a_tag_in_a_page_that_was_kept_is_found(
    app: Flask, before: str, sealed: str
) -> None:
    kept = f"<body>{before}{OURS[:-1]}{sealed}>{{}}</script></body>"
    app.add_url_rule("/other", view_func=lambda: kept, endpoint="other")
    response = signed_in(app).get("/other")
    assert response.headers["X-Chatvisor"] == "already-tagged"
    assert response.text == kept


@pytest.mark.parametrize("status", [204, 206, 301, 400, 401, 403, 404, 422, 500, 503])
def test_only_pages_that_went_well_are_tagged(app: Flask, status: int) -> None:
    app.add_url_rule("/other", view_func=lambda: (HTML, status), endpoint="other")
    assert why(signed_in(app), "/other") == "status"


def test_error_pages_do_not_load_the_user(app: Flask) -> None:
    app.testing = False
    loaded: list[str] = []
    app.login_manager.user_loader(loaded.append)  # type: ignore[attr-defined]

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("the database is gone")

    client = signed_in(app)
    assert client.get("/broken").status_code == 500
    assert client.get("/nowhere").status_code == 404
    assert loaded == []


def test_a_file_is_not_touched(app: Flask) -> None:
    @app.get("/file")
    def file() -> Response:
        return send_file(io.BytesIO(HTML.encode()), mimetype="text/html")

    response = signed_in(app).get("/file")
    assert response.text == HTML
    assert response.headers["X-Chatvisor"] == "streamed"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "empty"},
        {"HX-Request": "true"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Upgrade": "websocket"},
        {"Upgrade": "WebSocket"},
    ],
)
def test_what_is_not_asked_for_as_a_document_is_not_tagged(
    john: FlaskClient, headers: dict[str, str]
) -> None:
    assert why(john, headers=headers) == "not-a-document"


def test_a_document_is_tagged_also_in_a_web_view_that_names_itself(
    john: FlaskClient,
) -> None:
    headers = DOCUMENT | {"X-Requested-With": "com.example.app"}
    assert why(john, headers=headers) == "tagged"


def test_a_stranger_is_not_tagged_and_not_looked_for(app: Flask) -> None:
    def load(user_id: str) -> None:
        raise AssertionError("there is nobody to load")

    app.login_manager.user_loader(load)  # type: ignore[attr-defined]
    response = app.test_client().get("/")
    assert response.text == HTML
    assert response.headers["X-Chatvisor"] == "anonymous"
    assert "Cache-Control" not in response.headers


def test_a_request_loader_is_asked_without_any_cookie(app: Flask) -> None:
    @app.login_manager.request_loader  # type: ignore[attr-defined]
    def load(request: flask.Request) -> t.Any:
        return JOHN if request.args.get("key") == "johns" else None

    client = app.test_client()
    assert tag_of(client.get("/?key=johns")) == JOHNS_TAG
    assert why(app.test_client()) == "anonymous"


def test_who_signs_in_with_this_very_request_is_tagged(app: Flask) -> None:
    @app.get("/welcome")
    def welcome() -> str:
        login_user(JOHN)
        return HTML

    assert tag_of(app.test_client().get("/welcome")) == JOHNS_TAG


def test_a_remembered_user_is_tagged(app: Flask) -> None:
    @app.get("/remember")
    def remember() -> str:
        login_user(JOHN, remember=True)
        return ""

    client = app.test_client()
    client.get("/remember")
    client.delete_cookie("session")
    assert tag_of(client.get("/")) == JOHNS_TAG


def test_an_agent_is_not_tagged(app: Flask) -> None:
    client = signed_in(app, "3")
    assert why(client) == "agent"
    assert tag_of(client.get("/")) is None


def test_a_user_whom_the_loader_passes_over_is_not_tagged() -> None:
    for visitor in (None, Visitor()):
        chatvisor = Chatvisor()
        chatvisor.visitor_loader(lambda user, visitor=visitor: visitor)
        client = signed_in(make_application(chatvisor, DEBUG_HEADER=True)[0])
        assert why(client) == "not-a-visitor"


def test_only_who_has_consented_is_tagged() -> None:
    app, chatvisor = make_application(DEBUG_HEADER=True)
    chatvisor.consent_loader(lambda user: user is JANE)
    assert why(signed_in(app, "1")) == "no-consent"
    assert why(signed_in(app, "2")) == "tagged"


def test_an_exempt_view_is_not_tagged() -> None:
    app, chatvisor = make_application(DEBUG_HEADER=True)

    @app.get("/exempt")
    @chatvisor.exempt
    def exempt() -> str:
        return HTML

    assert why(signed_in(app), "/exempt") == "exempt"


@pytest.mark.parametrize(
    ("key", "reason"), [("ENABLED", "disabled"), ("AUTO_INJECT", "auto-off")]
)
def test_switched_off_no_page_is_tagged(key: str, reason: str) -> None:
    config: dict[str, t.Any] = {key: False, "DEBUG_HEADER": True}
    client = signed_in(make_application(**config)[0])
    response = client.get("/")
    assert response.headers["X-Chatvisor"] == reason
    assert response.text == HTML


def test_the_reason_is_sent_only_where_it_is_wanted() -> None:
    client = signed_in(make_application()[0])
    assert "X-Chatvisor" not in client.get("/").headers


def test_why_not_says_what_the_hook_would_do(app: Flask) -> None:
    with app.test_request_context():
        page = Response(HTML, mimetype="text/html")
        assert Page(request, page).plan() is Reason.ANONYMOUS
        login_user(JOHN)
        assert isinstance(Page(request, page).plan(), Plan)
        assert page.get_data(as_text=True) == HTML


# --- nobody gets another's tag ----------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "public, max-age=60"},
        {"Cache-Control": "s-maxage=60"},
        {"CDN-Cache-Control": "max-age=60"},
        {"Surrogate-Control": "max-age=60"},
        {"Cloudflare-CDN-Cache-Control": "max-age=60"},
        {"X-Accel-Expires": "60"},
    ],
)
def test_a_page_for_shared_caches_is_the_same_for_everyone(
    app: Flask, headers: dict[str, str]
) -> None:
    @app.get("/shared")
    def shared() -> t.Any:
        return HTML, headers | {"ETag": '"v1"'}

    clients = [app.test_client(), signed_in(app, "1"), signed_in(app, "3")]
    for client in clients[1:]:
        client.get("/")
    responses = [client.get("/shared") for client in clients]
    assert len({response.data for response in responses}) == 1
    for response in responses:
        assert block_of(response) == {
            "tag": None,
            "reset": False,
            "refresh": "/chatvisor/me",
        }
        assert response.headers["X-Chatvisor"] == "tagged"
        assert headers.items() <= dict(response.headers).items()
        assert response.headers["ETag"] == '"v1"'
        assert "Set-Cookie" not in response.headers


def test_a_page_for_shared_caches_does_not_load_the_user(app: Flask) -> None:
    loaded: list[str] = []
    app.login_manager.user_loader(loaded.append)  # type: ignore[attr-defined]
    app.add_url_rule(
        "/shared",
        view_func=lambda: (HTML, {"Cache-Control": "public"}),
        endpoint="shared",
    )
    client = signed_in(app)
    assert block_of(client.get("/shared")) is not None
    assert loaded == []


def test_fetched_identities_are_in_no_page() -> None:
    app = make_application(IDENTITY_DELIVERY="fetch", IDENTITY_KEY=KEY)[0]
    stranger, john = app.test_client().get("/"), signed_in(app).get("/")
    assert stranger.data == john.data
    assert block_of(john) == {"tag": None, "reset": False, "refresh": "/chatvisor/me"}
    assert "Cache-Control" not in john.headers


def test_a_page_that_is_loaded_ahead_uses_up_no_reset(app: Flask) -> None:
    client = signed_in(app)
    client.get("/")
    client.get("/sign-out")
    ahead = client.get("/", headers={"Sec-Purpose": "prefetch;prerender"})
    assert block_of(ahead) == {"tag": None, "reset": False, "refresh": "/chatvisor/me"}
    block = block_of(client.get("/"))
    assert block is not None
    assert block["reset"] is True


def test_no_store_of_the_application_stays(app: Flask) -> None:
    @app.get("/secret")
    def secret() -> t.Any:
        return HTML, {"Cache-Control": "no-store, max-age=0"}

    response = signed_in(app).get("/secret")
    assert tag_of(response) == JOHNS_TAG
    assert response.headers["Cache-Control"] == "no-store, max-age=0"


def test_what_other_hooks_say_about_caching_does_not_hold_for_a_tagged_page() -> None:
    app = Flask("portal")
    app.config.update(SECRET_KEY="s", CHATVISOR_SCRIPT_URL=SCRIPT)
    LoginManager(app).user_loader(USERS.get)

    @app.after_request
    def offer(response: Response) -> Response:
        response.headers["Cache-Control"] = "public, max-age=600"
        response.headers["CDN-Cache-Control"] = "max-age=600"
        response.headers["Vary"] = "Accept"
        response.last_modified = 0  # type: ignore[assignment]
        response.add_etag()
        return response

    Chatvisor(app)

    @app.get("/")
    def home() -> str:
        login_user(JOHN)
        return HTML

    response = app.test_client().get("/")
    assert tag_of(response) == JOHNS_TAG
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["Vary"] == "Accept, Cookie"
    for name in ("ETag", "Last-Modified", "CDN-Cache-Control"):
        assert name not in response.headers


def test_a_revalidation_never_brings_back_anothers_page(app: Flask) -> None:
    @app.get("/etag")
    def etag() -> Response:
        response = make_response(HTML)
        response.add_etag()
        response.make_conditional(request)
        return response

    response = signed_in(app, "1").get("/etag")
    assert tag_of(response) == JOHNS_TAG
    assert "ETag" not in response.headers


def test_digests_of_the_body_before_are_not_sent(app: Flask) -> None:
    @app.get("/digest")
    def digest() -> t.Any:
        return HTML, {"Content-MD5": "x", "Repr-Digest": "sha-256=:x:"}

    headers = signed_in(app).get("/digest").headers
    assert "Content-MD5" not in headers
    assert "Repr-Digest" not in headers


def test_a_response_that_the_application_keeps_stays_as_it_was(app: Flask) -> None:
    kept = Response(HTML, mimetype="text/html")
    app.add_url_rule("/kept", view_func=lambda: kept, endpoint="kept")
    assert tag_of(signed_in(app, "1").get("/kept")) == JOHNS_TAG
    other = tag_of(signed_in(app, "2").get("/kept"))
    assert other is not None
    assert other["id"] == "2"
    stranger = app.test_client().get("/kept")
    assert stranger.text == HTML
    assert "Cache-Control" not in stranger.headers
    assert "Set-Cookie" not in stranger.headers


def test_views_in_a_cache_are_tagged_for_who_looks(app: Flask) -> None:
    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})
    calls = []

    @app.get("/cached")
    @cache.cached()
    def cached() -> str:
        calls.append(1)
        return HTML

    tags = [tag_of(signed_in(app, user_id).get("/cached")) for user_id in "12"]
    assert [tag and tag["id"] for tag in tags] == ["1", "2"]
    assert app.test_client().get("/cached").text == HTML
    assert calls == [1]


# --- the user that the browser announced last -------------------------------------


def resets(client: FlaskClient, path: str = "/") -> bool | None:
    block = block_of(client.get(path))
    return None if block is None else block["reset"]


def acknowledge(client: FlaskClient) -> t.Any:
    """Say, as tag.js does, that the browser has made its reset."""
    return client.get("/chatvisor/me", headers={"X-Chatvisor-Reset": "done"})


def test_the_cookie_names_nobody_and_no_script_reads_it(john: FlaskClient) -> None:
    response = john.get("/")
    header = response.headers["Set-Cookie"]
    assert header.startswith(f"{COOKIE}=")
    for attribute in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="):
        assert attribute in header
    assert "Secure" not in header
    assert cookie(john) not in (None, "1", "john@example.com")


def test_the_cookie_is_set_once(john: FlaskClient) -> None:
    john.get("/")
    assert "Set-Cookie" not in john.get("/").headers


def test_over_https_the_cookie_is_for_https_alone(app: Flask) -> None:
    client = app.test_client()
    client.get("/sign-in/1", base_url="https://localhost")
    response = client.get("/", base_url="https://localhost")
    header = response.headers["Set-Cookie"]
    assert header.startswith(f"__Host-{COOKIE}=")
    assert "; Secure" in header
    assert "; Path=/" in header


def test_over_https_applications_of_one_host_have_cookies_of_their_own() -> None:
    names = set()
    for path in ("/", "/shop", "/bank"):
        app = make_application()[0]
        app.config["SESSION_COOKIE_PATH"] = path
        client = app.test_client()
        client.get("/sign-in/1", base_url="https://localhost")
        response = client.get("/", base_url=f"https://localhost{path}")
        names |= {
            line.partition("=")[0]
            for line in response.headers.getlist("Set-Cookie")
            if COOKIE in line
        }
    assert len(names) == 3


@pytest.mark.parametrize(
    "base_url", ["http://a.example.test", "https://a.example.test"]
)
def test_the_cookie_belongs_to_one_host(app: Flask, base_url: str) -> None:
    app.config["SESSION_COOKIE_DOMAIN"] = ".example.test"
    client = app.test_client()
    client.get("/sign-in/1", base_url=base_url)
    (header,) = [
        line
        for line in client.get("/", base_url=base_url).headers.getlist("Set-Cookie")
        if COOKIE in line
    ]
    assert "Domain" not in header


def test_each_host_of_a_session_makes_its_own_reset(app: Flask) -> None:
    app.config["SESSION_COOKIE_DOMAIN"] = ".example.test"
    client = app.test_client()
    hosts = ["http://a.example.test", "http://b.example.test"]
    client.get("/sign-in/1", base_url=hosts[0])
    for host in hosts:
        assert tag_of(client.get("/", base_url=host))
    client.get("/sign-out", base_url=hosts[0])
    for host in hosts:
        block = block_of(client.get("/", base_url=host))
        assert block is not None
        assert block["reset"] is True


@pytest.mark.parametrize("value", ["somebody", "reset!", "A" * 32, "0" * 31, ""])
def test_a_cookie_that_is_not_ours_resets_nobody(app: Flask, value: str) -> None:
    client = signed_in(app)
    client.set_cookie(COOKIE, value)
    assert resets(client) is False


def test_the_first_page_after_signing_out_resets_across_redirects(app: Flask) -> None:
    @app.get("/leave")
    def leave() -> t.Any:
        logout_user()
        return flask.redirect("/hop")

    app.add_url_rule("/hop", view_func=lambda: flask.redirect("/"), endpoint="hop")
    client = signed_in(app)
    assert resets(client) is False
    response = client.get("/leave", follow_redirects=True)
    assert block_of(response) == {
        "tag": None,
        "reset": True,
        "refresh": "/chatvisor/me",
    }
    assert response.headers["X-Chatvisor"] == "anonymous"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert acknowledge(client).json["reset"] is False
    assert cookie(client) is None
    assert client.get("/").text == HTML


def test_a_reset_is_due_until_the_browser_has_made_it(app: Flask) -> None:
    client = signed_in(app)
    client.get("/")
    client.get("/sign-out")
    assert [resets(client) for _ in range(3)] == [True] * 3
    client.get("/sign-in/1")
    assert resets(client) is True, "even for the same user"
    client.get("/sign-in/2")
    block = block_of(client.get("/"))
    assert block is not None
    assert (block["tag"]["id"], block["reset"]) == ("2", True)
    answer = acknowledge(client).json
    assert (answer["tag"]["id"], answer["reset"]) == ("2", False)
    assert resets(client) is False


def test_a_session_that_was_cleared_or_lost_resets(app: Flask) -> None:
    @app.get("/clear")
    def clear() -> str:
        session.clear()
        return ""

    client = signed_in(app)
    client.get("/")
    client.get("/clear")
    assert resets(client) is True

    client = signed_in(app)
    client.get("/")
    client.delete_cookie("session")
    assert resets(client) is True
    acknowledge(client)
    assert resets(client) is None


def test_another_user_resets_and_is_tagged(app: Flask) -> None:
    client = signed_in(app, "1")
    client.get("/")
    client.get("/sign-in/2")
    block = block_of(client.get("/"))
    assert block is not None
    assert (block["tag"]["id"], block["reset"]) == ("2", True)
    acknowledge(client)
    assert resets(client) is False


def test_a_customer_who_becomes_an_agent_is_reset(app: Flask) -> None:
    client = signed_in(app, "1")
    client.get("/")
    client.get("/sign-in/3")
    assert resets(client) is True
    acknowledge(client)
    assert resets(client) is None


def test_a_page_that_cannot_say_it_leaves_the_reset_to_the_next(app: Flask) -> None:
    app.add_url_rule("/fragment", view_func=lambda: "<p>x</p>", endpoint="fragment")
    client = signed_in(app)
    client.get("/")
    client.get("/sign-out")
    client.get("/fragment")
    client.get("/nowhere")
    assert resets(client) is True


def test_a_change_of_data_is_no_change_of_user() -> None:
    names = iter(["John", "Johnny"])
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(lambda user: Visitor(id="1", firstname=next(names)))
    client = signed_in(make_application(chatvisor)[0])
    assert [resets(client), resets(client)] == [False, False]


def test_an_agents_page_has_the_services_script_once(app: Flask) -> None:
    template = (
        '{% from "chatvisor/macros.html" import start_button %}'
        '<body>{{ start_button(visitor_id="v-1") }}</body>'
    )

    @app.get("/profile")
    def profile() -> str:
        return render_template_string(template)

    client = signed_in(app, "1")
    client.get("/")
    client.get("/sign-in/3")
    response = client.get("/profile")
    assert response.text.count(SCRIPT) == 1
    block = block_of(response)
    assert block is not None
    assert block["reset"] is True


# --- the tag placed by hand -------------------------------------------------------

BY_HAND = "<html><head>{{ chatvisor_tag() }}</head><body>Hello</body></html>"


@pytest.fixture
def by_hand(app: Flask) -> Flask:
    @app.get("/by-hand")
    def by_hand() -> str:
        return render_template_string(BY_HAND)

    return app


def test_a_tag_placed_by_hand_stays_in_its_place(by_hand: Flask) -> None:
    response = signed_in(by_hand).get("/by-hand")
    assert response.headers["X-Chatvisor"] == "manual"
    assert response.text.startswith("<html><head><script type=")
    assert response.text.endswith("</script></head><body>Hello</body></html>")
    assert tag_of(response) == JOHNS_TAG
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert int(response.headers["Content-Length"]) == len(response.data)


@pytest.mark.parametrize("user_id", ["", "3"])
def test_a_tag_placed_by_hand_leaves_nothing_for_others(
    by_hand: Flask, user_id: str
) -> None:
    response = signed_in(by_hand, user_id).get("/by-hand")
    assert response.text == "<html><head></head><body>Hello</body></html>"
    assert "Cache-Control" not in response.headers


def test_a_tag_placed_by_hand_does_not_need_injection() -> None:
    app = make_application(AUTO_INJECT=False)[0]
    app.add_url_rule(
        "/by-hand", view_func=lambda: render_template_string(BY_HAND), endpoint="x"
    )
    assert tag_of(signed_in(app).get("/by-hand")) == JOHNS_TAG


def test_a_tag_placed_by_hand_in_a_stream_is_fetched(app: Flask) -> None:
    @app.get("/stream")
    def stream() -> t.Any:
        return flask.stream_template_string(BY_HAND)

    response = signed_in(app).get("/stream")
    assert block_of(response) == {
        "tag": None,
        "reset": False,
        "refresh": "/chatvisor/me",
    }


def test_a_tag_placed_by_hand_in_a_cached_view_is_fetched(app: Flask) -> None:
    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})

    @app.get("/cached")
    @cache.cached()
    def cached() -> str:
        return render_template_string(BY_HAND)

    assert tag_of(signed_in(app, "1").get("/cached")) == JOHNS_TAG
    response = signed_in(app, "2").get("/cached")
    assert response.headers["X-Chatvisor"] == "already-tagged"
    assert response.text.count("chatvisor-tag") == 1
    assert tag_of(response) is None


def test_a_tag_placed_by_hand_in_what_is_not_shown_changes_nothing(app: Flask) -> None:
    @app.get("/not-shown")
    def not_shown() -> str:
        render_template_string(BY_HAND)
        return HTML

    response = signed_in(app).get("/not-shown")
    assert response.headers["X-Chatvisor"] == "manual"
    assert response.text == HTML


@pytest.mark.parametrize("quoted", ["<!-- {} -->", "<p title='{}'>", "<xmp>{}</xmp>"])
def test_the_tag_is_not_put_into_text_that_quotes_it(app: Flask, quoted: str) -> None:
    @app.get("/quoted")
    def page() -> str:
        placed = render_template_string("{{ chatvisor_tag() }}")
        return f"<body>{quoted.format(placed)}<main>{placed}</main></body>"

    text = signed_in(app).get("/quoted").text
    before, _, after = text.partition("<main>")
    assert '"tag":null' in before
    assert after.startswith(f'{OURS}{{"tag":{{"id":"1"')


def test_placed_by_hand_nothing_is_written_where_it_must_not_be() -> None:
    app, chatvisor = make_application()

    @app.get("/exempt")
    @chatvisor.exempt
    def exempt() -> str:
        return render_template_string(BY_HAND)

    assert "chatvisor" not in signed_in(app).get("/exempt").text
    off = make_application(ENABLED=False)[0]
    with off.test_request_context():
        assert render_template_string("{{ chatvisor_tag() }}") == ""


def test_a_page_for_everyone_keeps_the_tag_that_is_fetched(app: Flask) -> None:
    @app.get("/shared")
    def shared() -> t.Any:
        return render_template_string(BY_HAND), {"Cache-Control": "public"}

    response = signed_in(app).get("/shared")
    assert tag_of(response) is None
    assert response.text.count("chatvisor-tag") == 1
    assert response.headers["Cache-Control"] == "public"


# --- beside other extensions ------------------------------------------------------


@pytest.mark.parametrize("first", ["compress", "chatvisor"])
@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_pages_are_tagged_before_they_are_compressed(first: str, encoding: str) -> None:
    app = Flask("portal")
    app.config.update(SECRET_KEY="s", CHATVISOR_SCRIPT_URL=SCRIPT, COMPRESS_MIN_SIZE=1)
    extensions: list[t.Callable[[Flask], t.Any]] = [Compress, Chatvisor]
    for extension in extensions if first == "compress" else extensions[::-1]:
        extension(app)
    LoginManager(app).user_loader(USERS.get)

    @app.get("/")
    def home() -> str:
        login_user(JOHN)
        return HTML * 20

    client = app.test_client()
    packed = client.get("/", headers={"Accept-Encoding": encoding})
    assert packed.headers["Content-Encoding"] == encoding
    plain = client.get("/")
    assert tag_of(plain) == JOHNS_TAG
    assert len(packed.data) < len(plain.data)
    assert unpacked(packed.data, encoding) == plain.data


def unpacked(data: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return t.cast(bytes, brotli.decompress(data))
    if encoding == "zstd":
        return zstd.decompress(data)
    return zlib.decompress(data, 47 if encoding == "gzip" else 15)


def test_talismans_nonce_is_on_the_elements() -> None:
    app, chatvisor = make_application()
    with app.app_context():
        policy = chatvisor.csp()
    Talisman(
        app,
        force_https=False,
        content_security_policy={"default-src": "'self'", **policy},
        content_security_policy_nonce_in=["script-src"],
    )
    response = signed_in(app).get("/")
    policies = response.headers["Content-Security-Policy"]
    nonce = policies.partition("'nonce-")[2].partition("'")[0]
    assert nonce
    assert response.text.count(f' nonce="{nonce}"') == 3


# --- faults -----------------------------------------------------------------------


@pytest.mark.parametrize("loader", ["visitor", "agent", "consent", "user"])
def test_a_loader_that_raises_leaves_the_page_as_it_is(
    loader: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: t.Any) -> t.Any:
        raise RuntimeError("the database is gone")

    app, chatvisor = make_application(DEBUG_HEADER=True)
    client = signed_in(app)
    if loader == "user":
        app.login_manager.user_loader(fail)  # type: ignore[attr-defined]
    else:
        getattr(chatvisor, f"{loader}_loader")(fail)
    response = client.get("/")
    assert response.status_code == 200
    assert response.text == HTML
    assert response.headers["X-Chatvisor"] == "error"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "'/' was not tagged."
    assert record.exc_info is not None


@pytest.mark.parametrize(
    ("register", "result"), [("visitor_loader", {"id": "1"}), ("agent_loader", True)]
)
def test_a_loader_that_returns_something_else_is_told_what_to_return(
    register: str, result: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    app, chatvisor = make_application()
    getattr(chatvisor, register)(lambda user: result)
    assert signed_in(app).get("/").text == HTML
    assert f"The {register} returned {type(result).__name__}. Return " in caplog.text


def test_without_a_login_manager_there_is_one_error_and_pages_are_untouched(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Flask("portal")
    app.config.update(CHATVISOR_SCRIPT_URL=SCRIPT, CHATVISOR_DEBUG_HEADER=True)
    Chatvisor(app)
    app.add_url_rule("/", view_func=lambda: HTML, endpoint="home")
    client = app.test_client()
    client.set_cookie(COOKIE, "somebody")
    for _ in range(3):
        response = client.get("/")
        assert response.text == HTML
        assert response.headers["X-Chatvisor"] == "error"
    (record,) = caplog.records
    assert "There is no LoginManager" in record.getMessage()


def test_the_login_manager_may_come_last() -> None:
    app = Flask("portal")
    app.config.update(SECRET_KEY="s", CHATVISOR_SCRIPT_URL=SCRIPT)
    Chatvisor(app)
    LoginManager(app).user_loader(USERS.get)

    @app.get("/")
    def home() -> str:
        login_user(JOHN)
        return HTML

    assert tag_of(app.test_client().get("/")) == JOHNS_TAG


def test_loaders_may_come_after_init_app() -> None:
    app, chatvisor = make_application(Chatvisor())
    chatvisor.visitor_loader(lambda user: Visitor(id="late"))
    assert tag_of(signed_in(app).get("/")) == {"id": "late"}


def test_two_applications_keep_apart() -> None:
    one = make_application(URL_PREFIX="/one")[0]
    two = make_application(URL_PREFIX="/two")[0]
    blocks = [block_of(signed_in(app).get("/")) for app in (one, two)]
    assert [block and block["refresh"] for block in blocks] == ["/one/me", "/two/me"]


def test_tagging_leaves_the_views_own_user_alone(app: Flask) -> None:
    @app.get("/me-too")
    def me_too() -> str:
        return f"<body>{current_user.email}</body>"

    response = signed_in(app, "2").get("/me-too")
    assert response.text.startswith("<body>jane@example.com<script")


def test_a_tagged_page_says_nothing_of_keys() -> None:
    app = make_application(
        IDENTITY_KEY=KEY,
        API_URL="https://help.example.com",
        API_TOKEN="api-token-of-the-tests-32-bytes!!",
        API_PATHS=dict(PATHS),
    )[0]
    text = signed_in(app).get("/").text
    for secret in (KEY, "api-token-of-the-tests-32-bytes!!", "secret-of-the-tests"):
        assert secret not in text


def test_loaders_are_asked_once_for_a_page() -> None:
    asked: list[str] = []

    def visitor(user: t.Any) -> Visitor:
        asked.append("visitor")
        return load_visitor(user)

    def agent(user: t.Any) -> Agent | None:
        asked.append("agent")
        return load_agent(user)

    chatvisor = Chatvisor()
    chatvisor.visitor_loader(visitor)
    chatvisor.agent_loader(agent)
    client = signed_in(make_application(chatvisor)[0])
    asked.clear()
    client.get("/")
    assert sorted(asked) == ["agent", "visitor"]
