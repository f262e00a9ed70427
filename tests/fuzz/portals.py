"""The applications that are asked: each with the extension, and the same without."""

from __future__ import annotations

import io
import typing as t
from dataclasses import dataclass
from dataclasses import field

import flask
from flask import Flask
from flask import Response
from flask import session
from flask_compress import Compress
from flask_login import LoginManager
from flask_login import login_user
from flask_login import logout_user
from markupsafe import Markup
from werkzeug.test import TestResponse

from flask_chatvisor import Chatvisor
from flask_chatvisor.contract.tokens import tagged_hash
from flask_chatvisor.tag.last_user import COOKIE
from flask_chatvisor.tag.last_user import DUE
from tests.conftest import SCRIPT
from tests.conftest import USERS
from tests.conftest import load_agent
from tests.conftest import load_visitor

from .exchanges import SETUPS
from .exchanges import Exchange

SECRET = "secret-of-the-tests"
KEYS: dict[str, dict[str, t.Any]] = {
    "signed": {"CHATVISOR_IDENTITY_KEY": "identity-key-of-the-tests-32-bytes!"},
    "fetch": {"CHATVISOR_IDENTITY_DELIVERY": "fetch"},
    "off": {"CHATVISOR_ENABLED": False},
    "by hand only": {"CHATVISOR_AUTO_INJECT": False},
}
BY_HAND = "{{ before }}{{ chatvisor_tag() }}{{ after }}"


@dataclass
class Portal:
    """One application, with or without the extension."""

    app: Flask
    exchange: Exchange = field(default_factory=Exchange)
    kept: dict[bytes, Response] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def answer(self, exchange: Exchange) -> TestResponse:
        """Answer one request, as a server does."""
        self.exchange = exchange
        path = "/exempt" if exchange.act == "exempt" else "/page"
        cookies = [self.cookies.get(exchange.user), _announced(exchange.announced)]
        headers = [*exchange.asked, ("Cookie", "; ".join(filter(None, cookies)))]
        client = self.app.test_client(use_cookies=False)
        return client.open(path, method=exchange.method, headers=headers, buffered=True)


def open_portals() -> dict[str, tuple[Portal, Portal]]:
    """Each set-up's application with the extension, and without."""
    return {setup: (_portal(setup), _portal(setup, ours=False)) for setup in SETUPS}


def _announced(user_id: str) -> str | None:
    if not user_id:
        return None
    values = {"?": "nonsense", "due": DUE}
    return f"{COOKIE}={values.get(user_id) or tagged_hash(f'id:{user_id}', SECRET)}"


def _portal(setup: str, *, ours: bool = True) -> Portal:
    app = Flask("portal")
    app.config.update(
        SECRET_KEY=SECRET,
        COMPRESS_MIN_SIZE=1,
        CHATVISOR_SCRIPT_URL=SCRIPT,
        CHATVISOR_DEBUG_HEADER=True,
        **KEYS.get(setup, {}),
    )
    LoginManager(app).user_loader(USERS.get)
    chatvisor = _extension(setup)
    if setup == "compress first":
        Compress(app)
    if setup == "other hooks":
        app.after_request(_offer)
    if ours:
        chatvisor.init_app(app)
    else:
        app.jinja_env.globals["chatvisor_tag"] = lambda: ""
    if setup == "compress last":
        Compress(app)
    portal = Portal(app)
    _add_views(portal, chatvisor)
    for user_id in USERS:
        signed_in = app.test_client().get(f"/sign-in/{user_id}")
        portal.cookies[user_id] = signed_in.headers["Set-Cookie"].partition(";")[0]
    return portal


def _extension(setup: str) -> Chatvisor:
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(_fail if setup == "failing loader" else load_visitor)
    chatvisor.agent_loader(load_agent)
    if setup == "no consent":
        chatvisor.consent_loader(lambda user: False)
    return chatvisor


def _fail(user: t.Any) -> t.Any:
    raise LookupError("the database is gone")


def _offer(response: Response) -> Response:
    """Another extension's hook, which knows nothing of what is private."""
    response.headers["Cache-Control"] = "max-age=600"
    response.headers["ETag"] = '"other"'
    return response


def _add_views(portal: Portal, chatvisor: Chatvisor) -> None:
    app = portal.app

    def page() -> Response:
        _act(portal.exchange.act)
        return _answer(portal)

    methods = ["GET", "POST"]
    app.add_url_rule("/page", "page", page, methods=methods)
    exempt = chatvisor.exempt(lambda: page())
    app.add_url_rule("/exempt", "exempt", exempt, methods=methods)
    app.add_url_rule("/sign-in/<user_id>", "sign_in", _sign_in)


def _sign_in(user_id: str) -> str:
    login_user(USERS[user_id])
    return ""


def _act(act: str) -> None:
    if act == "sign in 2":
        login_user(USERS["2"])
    elif act == "sign out":
        logout_user()
    elif act == "clear":
        session.clear()


def _answer(portal: Portal) -> Response:
    exchange = portal.exchange
    body, way = exchange.body, exchange.way
    if way == "raise":
        raise LookupError("the database is gone")
    if way == "abort":
        flask.abort(exchange.status if exchange.status >= 400 else 404)
    if way == "kept" and body in portal.kept:
        return portal.kept[body]
    response = _response(way, body)
    response.status_code = exchange.status
    if exchange.content_type and way != "file":
        response.headers["Content-Type"] = exchange.content_type
    for name, value in exchange.sent:
        response.headers[name] = value
    if way == "conditional":
        response.make_conditional(flask.request)
    if way == "kept":
        portal.kept[body] = response
    return response


def _response(way: str, body: bytes) -> Response:
    middle = len(body) // 2
    if way == "list":
        return Response([body[:middle], body[middle:]])
    if way == "generator":
        return Response(one for one in (body[:middle], body[middle:]))
    if way == "file":
        return flask.send_file(io.BytesIO(body), mimetype="text/html")
    if way.startswith("by hand"):
        halves = (body[:middle], body[middle:])
        before, after = (Markup(half.decode("latin-1")) for half in halves)  # noqa: S704
        whole = way == "by hand"
        render = flask.render_template_string if whole else flask.stream_template_string
        return Response(render(BY_HAND, before=before, after=after))
    return Response(body)
