"""The applications whose requests are timed: one page, served in four ways."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from http.cookies import SimpleCookie
from itertools import cycle

from flask import Flask
from flask import Response
from flask_debugtoolbar import DebugToolbarExtension
from flask_login import LoginManager
from flask_login import current_user
from flask_login import login_user
from werkzeug.test import create_environ
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import ClosingIterator

from flask_chatvisor.extension import Chatvisor

from ..conftest import User
from ..conftest import load_agent
from ..conftest import load_visitor

SCRIPT = "https://help.example.com/cdn/js/x.js"
#: About as long as what ours inserts.
SNIPPET = b"<script>" + b"x" * 640 + b"</script>"

TOKEN = b'"externalToken"'
NEW_TOKEN = "tagged user, new token"
#: More users than tokens are remembered, so that in turn each tag is signed again.
USERS = {str(n): User(str(n), f"john{n}@example.com", "John") for n in range(1000)}

#: What a browser sends for a page, as far as anything here looks at it.
HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101",
}


def make_requests(size: int) -> dict[str, Callable[[], None]]:
    """Make the requests to be timed, by name, for a page of so many kB."""
    page = _page(size * 1000)
    bare, spliced = _application(page), _spliced(page)
    ours, toolbar = _ours(page), _with_toolbar(page)
    alone, all_users = ["1"], list(USERS)
    return {
        f"{name}, {who}": _request(app, _cookies(app, users), **expected)
        for name, who, app, users, expected in (
            ("bare application", "stranger", bare, [], {"lacks": SNIPPET}),
            ("bare application", "tagged user", bare, alone, {"lacks": SNIPPET}),
            ("hand-written splice", "stranger", spliced, [], {"lacks": SNIPPET}),
            ("hand-written splice", "tagged user", spliced, alone, {"has": SNIPPET}),
            ("hand-written splice", NEW_TOKEN, spliced, all_users, {"has": SNIPPET}),
            ("ours", "stranger", ours, [], {"lacks": b"chatvisor"}),
            ("ours", "tagged user", ours, alone, {"has": TOKEN}),
            ("ours", NEW_TOKEN, ours, all_users, {"has": TOKEN}),
            ("Flask-DebugToolbar", "tagged user", toolbar, alone, {"has": b"flDebug"}),
        )
    }


def _page(size: int) -> str:
    """A page of paragraphs, a few of them not in ASCII."""
    head = "<!doctype html><html><head><title>Invoices</title></head><body>\n"
    foot = "</body></html>\n"
    line = '<p class="invoice"><a href="/invoices/1">Rechnung für März</a>, 99.00</p>\n'
    count = (size - len(head) - len(foot)) // len(line.encode())
    return head + line * count + foot


def _application(page: str) -> Flask:
    app = Flask("portal")
    app.config["SECRET_KEY"] = "secret-of-the-benchmarks"
    LoginManager(app).user_loader(USERS.get)

    @app.get("/")
    def home() -> str:
        return page

    @app.get("/sign-in/<user_id>")
    def sign_in(user_id: str) -> str:
        login_user(USERS[user_id])
        return "<body>signed in</body>"

    return app


def _spliced(page: str) -> Flask:
    """The least that puts something user-dependent on a page."""
    app = _application(page)

    @app.after_request
    def splice(response: Response) -> Response:
        if response.mimetype == "text/html" and current_user.is_authenticated:
            body = response.get_data()
            end = body.rfind(b"</body>")
            view = memoryview(body)  # slices without copies
            response.set_data(b"".join((view[:end], SNIPPET, view[end:])))
        return response

    return app


def _ours(page: str) -> Flask:
    app = _application(page)
    app.config["CHATVISOR_SCRIPT_URL"] = SCRIPT
    app.config["CHATVISOR_IDENTITY_KEY"] = "identity-key-of-the-benchmarks-32-bytes"
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(load_visitor)
    chatvisor.agent_loader(load_agent)
    chatvisor.init_app(app)
    return app


def _with_toolbar(page: str) -> Flask:
    """The toolbar without any panel: what is left is its insertion."""
    app = _application(page)
    app.config["DEBUG_TB_ENABLED"] = True
    app.config["DEBUG_TB_PANELS"] = ()
    DebugToolbarExtension(app)
    return app


def _cookies(app: Flask, users: list[str]) -> list[str]:
    """Make the cookies that browsers of these users send; of nobody without users."""
    return [_sign_in(app, user_id) for user_id in users] or [""]


def _sign_in(app: Flask, user_id: str) -> str:
    """Sign in and load a page: the cookies that the browser sends from then on."""
    client = app.test_client()
    cookies: SimpleCookie = SimpleCookie()
    for path in (f"/sign-in/{user_id}", "/"):
        for header in client.get(path, headers=HEADERS).headers.getlist("Set-Cookie"):
            cookies.load(header)
    return "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())


def _request(
    app: Flask, cookies: list[str], *, has: bytes = b"", lacks: bytes | None = None
) -> Callable[[], None]:
    """Make a request that is made with each of these cookies in turn."""
    # The address that signed in: Flask-Login looks at it.
    environ = create_environ("/", headers=HEADERS) | {"REMOTE_ADDR": "127.0.0.1"}
    turns = cycle([environ | {"HTTP_COOKIE": one} for one in cookies])
    chunks, _, headers = run_wsgi_app(app, dict(next(turns)))
    body = b"".join(chunks)
    if has not in body or (lacks is not None and lacks in body):
        raise RuntimeError(f"A page is not what is to be measured: {body[-300:]!r}")
    if "Set-Cookie" in headers:
        raise RuntimeError("A page that sets cookies each time is not the usual one.")

    def request() -> None:
        chunks = t.cast(ClosingIterator, app(dict(next(turns)), _start_response))
        for _ in chunks:
            pass
        chunks.close()

    return request


def _start_response(*_: t.Any) -> Callable[[bytes], object]:
    return _write


def _write(data: bytes) -> object:
    raise NotImplementedError("Flask does not write: it returns an iterable.")
