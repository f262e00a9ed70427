"""Where and how applications run: hosts, prefixes, async views, threads, greenlets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import flask
import pytest
import requests
from flask import Blueprint
from flask import Flask
from flask import Response
from flask import render_template_string
from flask.testing import FlaskClient
from flask_login import LoginManager
from flask_login import login_user
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from flask_chatvisor import Chatvisor
from flask_chatvisor.errors import SetupError
from flask_chatvisor.testing import block_of
from flask_chatvisor.testing import tag_of

from .conftest import HTML
from .conftest import SCRIPT
from .conftest import USERS
from .conftest import load_agent
from .conftest import load_visitor
from .conftest import make_application
from .doubles.service import FakeService
from .doubles.service import active_user


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    service.users = [active_user("v-1", "John Doe")]
    yield service
    service.close()


def portal(app: Flask, **config: t.Any) -> Chatvisor:
    """Add users and the extension to an application."""
    app.config.update(SECRET_KEY="secret-of-the-tests", TESTING=True)
    app.config["CHATVISOR_SCRIPT_URL"] = SCRIPT
    app.config.update(config)
    LoginManager(app).user_loader(USERS.get)
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(load_visitor)
    chatvisor.agent_loader(load_agent)
    chatvisor.init_app(app)
    return chatvisor


def sign_in(user_id: str = "1") -> str:
    login_user(USERS[user_id])
    return HTML


# --- hosts ------------------------------------------------------------------------


def on_subdomains() -> Flask:
    app = Flask("portal", subdomain_matching=True)
    portal(app, SERVER_NAME="bank.example", SESSION_COOKIE_DOMAIN="bank.example")
    app.add_url_rule("/<user_id>", "main", sign_in)
    app.add_url_rule("/<user_id>", "shop", sign_in, subdomain="shop")
    return app


def on_hosts() -> Flask:
    app = Flask("portal", host_matching=True, static_host="bank.example")
    portal(app)
    for host in ("bank.example", "shop.bank.example"):
        app.add_url_rule("/<user_id>", host, sign_in, host=host)
    return app


@pytest.mark.parametrize("make", [on_subdomains, on_hosts])
@pytest.mark.parametrize("host", ["bank.example", "shop.bank.example"])
def test_what_a_tagged_page_asks_for_is_on_its_own_host(
    make: Callable[[], Flask], host: str
) -> None:
    client = make().test_client()
    url = f"http://{host}"
    block = block_of(client.get("/1", base_url=url))
    assert block is not None
    assert block["tag"]["id"] == "1"
    assert block_of_json(client.get(block["refresh"], base_url=url)) == block
    asset = client.get("/chatvisor/static/tag.js", base_url=url, buffered=True)
    assert asset.status_code == 200
    assert client.get("/chatvisor/users", base_url=url).status_code == 403


@pytest.mark.parametrize("host", ["bank.example", "shop.bank.example"])
def test_routes_for_every_path_leave_ours_alone(host: str) -> None:
    app = Flask("portal", subdomain_matching=True)
    app.add_url_rule("/<path:page>", "pages", lambda page: page)
    app.add_url_rule(
        "/<path:page>", "shops", lambda page, name: page, subdomain="<name>"
    )
    portal(app, SERVER_NAME="bank.example", SESSION_COOKIE_DOMAIN="bank.example")
    app.add_url_rule("/3", "main", lambda: sign_in("3"))
    app.add_url_rule("/3", "shop", lambda name: sign_in("3"), subdomain="<name>")
    client = app.test_client()
    url = f"http://{host}"
    client.get("/3", base_url=url)
    assert client.get("/other/page", base_url=url).text == "other/page"
    asset = client.get("/chatvisor/static/tag.js", base_url=url, buffered=True)
    assert asset.mimetype == "text/javascript"
    page = client.get("/chatvisor/users", base_url=url)
    assert 'action="/chatvisor/users"' in page.text
    assert "chatvisor_host" not in page.text


def test_on_a_host_that_is_none_of_the_applications_there_is_nothing() -> None:
    client = on_subdomains().test_client()
    for path in ("/1", "/chatvisor/static/tag.js", "/chatvisor/me", "/chatvisor/users"):
        with pytest.warns(UserWarning, match="configured server name"):
            response = client.get(path, base_url="http://another.example")
        assert response.status_code == 404


def block_of_json(response: t.Any) -> t.Any:
    assert response.status_code == 200
    return response.get_json()


@pytest.mark.parametrize("make", [on_subdomains, on_hosts])
@pytest.mark.parametrize("host", ["bank.example", "shop.bank.example"])
def test_agents_pages_stay_on_their_host(
    make: Callable[[], Flask], host: str, service: FakeService
) -> None:
    app = make()
    client = app.test_client()
    client.get("/3", base_url=f"http://{host}")
    response = client.get("/chatvisor/users", base_url=f"http://{host}")
    assert 'action="/chatvisor/users"' in response.text
    assert "bank.example" not in response.text


def test_outside_a_request_urls_are_those_of_the_main_host() -> None:
    app = on_subdomains()
    with app.app_context():
        assert flask.url_for("chatvisor.users") == "http://bank.example/chatvisor/users"


# --- prefixes ---------------------------------------------------------------------


def behind_a_proxy(app: Flask) -> t.Any:
    proxied = ProxyFix(app.wsgi_app, x_prefix=1)

    def proxy(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/portal")
        environ["HTTP_X_FORWARDED_PREFIX"] = "/portal"
        return proxied(environ, start_response)

    return proxy


def mounted(app: Flask) -> t.Any:
    return DispatcherMiddleware(Flask("root"), {"/portal": app})


@pytest.mark.parametrize("put", [behind_a_proxy, mounted])
def test_under_a_prefix_everything_is_asked_for_there(
    put: Callable[[Flask], t.Any],
) -> None:
    app = make_application(URL_PREFIX="/help")[0]
    app.config["APPLICATION_ROOT"] = "/portal"
    client = Client(put(app))
    client.get("/portal/sign-in/1")
    response = client.get("/portal/")
    assert '"refresh":"/portal/help/me"' in response.text
    assert 'src="/portal/help/static/tag.js?v=' in response.text
    # The browser sends it where the session's cookie goes.
    assert "Path=/portal" in response.headers["Set-Cookie"]
    assert client.get("/portal/help/me").get_json()["tag"]["id"] == "1"
    asset = client.get("/portal/help/static/tag.js", buffered=True)
    assert asset.status_code == 200


MACROS = """{% from "chatvisor/macros.html" import active_users, start_button %}
<body>{{ active_users(q="nobody") }}{{ start_button("v-1") }}</body>"""
HELP = """{% from "chatvisor/macros.html" import conference_button %}
<body>{{ conference_button() }}</body>"""
ADDRESS = re.compile(
    r'(?:src|href|action)="([^"]*)"'
    r'|"(?:refresh|users|user|calls|token)": ?"([^"]*)"'
)


@pytest.mark.parametrize(
    "prefix",
    [
        "//evil.example",
        "////evil.example/a",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)//",
        "//",
    ],
)
def test_a_prefix_that_a_proxy_passes_on_names_no_other_host(
    service: FakeService, prefix: str
) -> None:
    app = make_application(API_URL=service.url, API_TOKEN="api-token" * 4)[0]
    app.add_url_rule("/macros", view_func=lambda: render_template_string(MACROS))
    app.add_url_rule("/help", "help", lambda: render_template_string(HELP))

    @app.get("/public")
    def public() -> tuple[str, dict[str, str]]:
        return HTML, {"Cache-Control": "public"}

    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    paths = {
        "1": ["/", "/help", "/public", "/chatvisor/me"],
        "3": [
            "/macros",
            *("/chatvisor" + end for end in ("/users", "/users/v-1", "/start")),
        ],
    }
    for user, theirs in paths.items():
        client = app.test_client()
        client.get(f"/sign-in/{user}")
        for path in theirs:
            response = client.get(path, headers={"X-Forwarded-Prefix": prefix})
            found = {a or b for a, b in ADDRESS.findall(response.text)} - {SCRIPT}
            assert response.status_code == 200
            assert found
            for address in found - {"#chatvisor-main", ""}:
                assert re.match(r"/(?![/\\\s])", address), (path, address)


KEYS_OF: dict[str, dict[str, t.Any]] = {
    "shop": {},
    "bank": {"IDENTITY_DELIVERY": "fetch"},
}


def test_two_applications_of_one_process_and_host_keep_apart(
    service: FakeService,
) -> None:
    shop, bank = (
        make_application(SCRIPT_URL=f"https://{name}.example/cv.js", **keys)[0]
        for name, keys in KEYS_OF.items()
    )
    for name, app in {"/shop": shop, "/bank": bank}.items():
        app.config["APPLICATION_ROOT"] = name
    client = Client(DispatcherMiddleware(Flask("root"), {"/shop": shop, "/bank": bank}))
    client.get("/shop/sign-in/1")
    client.get("/bank/sign-in/2")
    johns, janes = client.get("/shop/").text, client.get("/bank/").text
    assert "john@example.com" in johns
    assert "https://shop.example/cv.js" in johns
    assert "@example.com" not in janes
    assert "https://bank.example/cv.js" in janes
    assert client.get("/bank/chatvisor/me").get_json()["tag"]["id"] == "2"
    assert client.get("/shop/chatvisor/me").get_json()["tag"]["id"] == "1"


def test_one_extension_serves_several_applications() -> None:
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(load_visitor)
    apps = [
        make_application(chatvisor, URL_PREFIX=prefix)[0] for prefix in ("/a", "/b")
    ]
    for app, prefix in zip(apps, ("/a", "/b"), strict=True):
        client = app.test_client()
        client.get("/sign-in/1")
        block = block_of(client.get("/"))
        assert block is not None
        assert (block["tag"]["id"], block["refresh"]) == ("1", f"{prefix}/me")


def test_one_application_has_one_extension() -> None:
    app, chatvisor = make_application()
    with pytest.raises(SetupError, match=r"Remove the second Chatvisor\(app\)"):
        chatvisor.init_app(app)
    client = app.test_client()
    client.get("/sign-in/1")
    assert client.get("/").text.count("chatvisor-tag") == 1


# --- blueprints and async views ---------------------------------------------------


@pytest.fixture
def client() -> FlaskClient:
    """John's, of an application with views of every kind."""
    app = Flask("portal")
    chatvisor = portal(app, CHATVISOR_DEBUG_HEADER=True)
    app.add_url_rule("/sign-in/<user_id>", "sign_in", sign_in)

    @app.before_request
    async def before() -> None:
        flask.g.seen = "before"

    @app.after_request
    async def after(response: Response) -> Response:
        response.headers["X-Seen"] = flask.g.seen
        return response

    @app.get("/async")
    async def view() -> str:
        return HTML

    @app.get("/exempt")
    @chatvisor.exempt
    async def exempt() -> str:
        return HTML

    @app.get("/agents")
    @chatvisor.agent_required
    async def agents() -> str:
        return HTML

    @app.get("/both")
    @chatvisor.agent_required
    @chatvisor.exempt
    async def both() -> str:
        return HTML

    app.register_blueprint(_blueprint())
    app.wsgi_app = in_a_thread(app.wsgi_app)  # type: ignore[method-assign]
    client = app.test_client()
    client.get("/sign-in/1")
    return client


def in_a_thread(application: t.Any) -> t.Any:
    """Where Playwright runs an event loop, no async view can run."""

    def run(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(application, environ, start_response).result()

    return run


def _blueprint() -> Blueprint:
    routes = Blueprint("shop", "shop", url_prefix="/shop")

    @routes.after_request
    def after(response: Response) -> Response:
        response.headers["X-Length"] = str(len(response.get_data()))
        response.cache_control.max_age = 60
        return response

    @routes.get("/")
    def home() -> str:
        return HTML

    return routes


def test_a_page_of_an_async_view_is_tagged(client: FlaskClient) -> None:
    response = client.get("/async")
    assert response.headers["X-Seen"] == "before"
    tag = tag_of(response)
    assert tag is not None
    assert tag["id"] == "1"


def test_an_async_view_may_be_exempt(client: FlaskClient) -> None:
    assert client.get("/exempt").headers["X-Chatvisor"] == "exempt"


def test_an_async_view_may_be_for_agents_alone(client: FlaskClient) -> None:
    assert client.get("/agents").status_code == 403
    client.get("/sign-in/3")
    client.get("/chatvisor/me", headers={"X-Chatvisor-Reset": "done"})
    assert client.get("/agents").text == HTML
    assert client.get("/both").headers["X-Chatvisor"] == "exempt"


def test_a_page_of_a_blueprint_with_hooks_of_its_own_is_tagged(
    client: FlaskClient,
) -> None:
    response = client.get("/shop/")
    assert tag_of(response) is not None
    assert response.headers["X-Length"] == str(len(HTML))
    assert response.headers["Cache-Control"] == "private, no-cache"


# --- threads and greenlets --------------------------------------------------------


def test_many_threads_tag_each_page_for_its_own_user() -> None:
    app = make_application(IDENTITY_KEY="identity-key-of-the-tests-32-bytes!")[0]

    def visit(user_id: str) -> set[str | None]:
        client = app.test_client()
        client.get(f"/sign-in/{user_id}")
        tags = [tag_of(client.get("/")) for _ in range(25)]
        return {tag["id"] if tag else None for tag in tags}

    users = ["1", "2", "3"] * 4
    with ThreadPoolExecutor(len(users)) as pool:
        found = [*pool.map(visit, users)]
    assert found == [{None} if user == "3" else {user} for user in users]


@contextmanager
def under_gevent(**config: t.Any) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gevent_portal", json.dumps(config)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def test_under_gevent_pages_are_tagged_and_agents_share_one_request(
    service: FakeService,
) -> None:
    config = {
        "SCRIPT_URL": SCRIPT,
        "API_URL": service.url,
        "API_TOKEN": "api-token-of-the-tests-32-bytes!!",
        "DIRECTORY": "server",
        "CACHE_SECONDS": 60,
    }
    with under_gevent(**config) as url, requests.Session() as john:
        john.get(f"{url}/sign-in/1")
        assert '"id":"1"' in john.get(url).text

        def ask(_: int) -> t.Any:
            with requests.Session() as mary:
                mary.get(f"{url}/sign-in/3")
                return mary.get(f"{url}/chatvisor/users.json").json()["users"]

        with ThreadPoolExecutor(10) as pool:
            lists = [*pool.map(ask, range(20))]
    assert [[user["visitorId"] for user in users] for users in lists] == [["v-1"]] * 20
    assert len(service.asked) == 1
