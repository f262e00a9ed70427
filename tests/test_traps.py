"""What has broken others that put something into pages, as far as no other test has it.

Which test holds what is listed in docs/hard-pages.rst.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import flask
import pytest
from flask import Flask
from flask import Response
from flask import make_response
from flask import render_template_string
from flask import request
from flask.testing import FlaskClient
from flask_login import LoginManager
from flask_login import login_user
from flask_talisman import Talisman

from flask_chatvisor import Chatvisor
from flask_chatvisor import Visitor
from flask_chatvisor.testing import tag_of

from .conftest import HTML
from .conftest import JANE
from .conftest import JOHN
from .conftest import SCRIPT
from .conftest import USERS
from .conftest import make_application

KEY = "identity-key-of-the-tests-32-bytes!"


def johns(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.get("/sign-in/1")
    return client


@pytest.fixture
def app() -> Flask:
    return make_application(DEBUG_HEADER=True)[0]


# --- other extensions -------------------------------------------------------------


@pytest.mark.parametrize("first", ["talisman", "chatvisor"])
def test_talisman_may_come_before_or_after(first: str) -> None:
    app = Flask("portal")
    app.config.update(SECRET_KEY="s", CHATVISOR_SCRIPT_URL=SCRIPT)
    policy = {"default-src": "'self'", "script-src": "'self'"}

    def talisman(app: Flask) -> None:
        nonce_in = ["script-src"]
        Talisman(
            app,
            force_https=False,
            content_security_policy=policy,
            content_security_policy_nonce_in=nonce_in,
        )

    extensions: list[t.Callable[[Flask], t.Any]] = [talisman, Chatvisor]
    for extension in extensions if first == "talisman" else extensions[::-1]:
        extension(app)
    LoginManager(app).user_loader(USERS.get)

    @app.get("/")
    def home() -> str:
        login_user(JOHN)
        return HTML

    response = app.test_client().get("/")
    sent = response.headers["Content-Security-Policy"]
    nonce = sent.partition("'nonce-")[2].partition("'")[0]
    assert nonce
    assert response.text.count(f' nonce="{nonce}"') == 3


# --- streams and what is no page --------------------------------------------------


def test_a_stream_is_sent_as_it_is_made(app: Flask) -> None:
    made: list[str] = []

    def chunks() -> Iterator[str]:
        for chunk in ("<body>", "Hello", "</body>"):
            made.append(chunk)
            yield chunk

    app.add_url_rule("/stream", view_func=lambda: chunks(), endpoint="stream")
    response = johns(app).get("/stream")
    assert response.headers["X-Chatvisor"] == "streamed"
    assert "Content-Length" not in response.headers
    parts = response.iter_encoded()
    assert next(parts) == b"<body>"
    assert made == ["<body>"]
    assert b"".join(parts) == b"Hello</body>"


def test_a_file_goes_out_without_being_read(app: Flask, tmp_path: t.Any) -> None:
    page = tmp_path / "page.html"
    page.write_text(HTML)
    app.add_url_rule("/file", view_func=lambda: flask.send_file(page), endpoint="file")
    passed: list[bool] = []

    def note(response: Response) -> Response:
        passed.append(response.direct_passthrough)
        return response

    client = johns(app)
    app.after_request_funcs[None].insert(0, note)  # the last to run
    with client.get("/file") as response:
        assert passed == [True]
        assert response.headers["X-Chatvisor"] == "streamed"
        assert response.headers["ETag"]


def test_the_default_error_page_stays_as_it_is(app: Flask) -> None:
    plain = Flask("plain").test_client().get("/nowhere")
    response = johns(app).get("/nowhere")
    assert (response.status_code, response.data) == (404, plain.data)


def test_what_is_no_page_loads_no_user_and_logs_nothing(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app.add_url_rule("/json", view_func=lambda: {"a": "</body>"}, endpoint="json")
    app.add_url_rule("/part", view_func=lambda: "<p>a part</p>", endpoint="part")
    client = johns(app)
    loaded: list[str] = []
    app.login_manager.user_loader(loaded.append)  # type: ignore[attr-defined]
    assert client.get("/json").headers["X-Chatvisor"] == "not-html"
    assert client.get("/part").headers["X-Chatvisor"] == "no-body"
    htmx = client.get("/", headers={"HX-Request": "true"})
    assert htmx.headers["X-Chatvisor"] == "not-a-document"
    assert loaded == []
    assert caplog.records == []


# --- whose tag it is --------------------------------------------------------------


def test_a_page_about_somebody_has_the_tag_of_who_looks(app: Flask) -> None:
    @app.get("/users/2")
    def profile() -> str:
        flask.g.user = JANE
        template = "<body>{{ user.email }}{{ g.user.email }}</body>"
        return render_template_string(template, user=JANE, current_user=JANE)

    tag = tag_of(johns(app).get("/users/2"))
    assert tag is not None
    assert tag["email"] == "john@example.com"


def test_an_id_may_be_in_any_script() -> None:
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(lambda user: Visitor(id="jürgen-日本", firstname="\ud800"))
    app = make_application(chatvisor, IDENTITY_KEY=KEY, DEBUG_HEADER=True)[0]
    client = johns(app)
    response = client.get("/")
    assert response.headers["X-Chatvisor"] == "tagged"
    tag = tag_of(response)
    assert tag is not None
    assert tag["id"] == "jürgen-日本"


# --- pages that the browser has kept ----------------------------------------------


@pytest.fixture
def kept() -> t.Callable[..., int]:
    """``kept(user_id, accept, **keys)``: the status for who has the page already."""

    def kept(user_id: str, accept: str = "text/html", **keys: t.Any) -> int:
        app = make_application(**keys)[0]

        @app.get("/kept")
        def view() -> Response:
            response = make_response(HTML)
            response.set_etag("v1")
            response.make_conditional(request)
            return response

        client = app.test_client()
        client.get(f"/sign-in/{user_id}")
        has = {"If-None-Match": '"v1"', "Accept": accept}
        return client.get("/kept", headers=has).status_code

    return kept


def test_a_visitor_gets_the_page_and_not_word_that_it_is_the_same(
    kept: t.Callable[..., int],
) -> None:
    assert kept("1") == 200


def test_others_and_what_is_no_page_are_still_told_that_it_is_the_same(
    kept: t.Callable[..., int],
) -> None:
    assert kept("") == 304
    assert kept("1", "image/*") == 304
    assert kept("1", IDENTITY_DELIVERY="fetch") == 304
    assert kept("1", ENABLED=False) == 304
