"""What everyone may ask for: assets, one's own tag; and the service's events."""

from __future__ import annotations

import datetime as dt
import json
import time
import typing as t

import pytest
from flask import Flask
from flask import session
from flask_login import login_user
from flask_wtf import CSRFProtect

from flask_chatvisor import signals
from flask_chatvisor.assets import STATIC
from flask_chatvisor.assets import asset_url
from flask_chatvisor.contract.api import PATHS
from flask_chatvisor.contract.tokens import sign_event
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.tag.last_user import COOKIE
from flask_chatvisor.web.events import MAX_EVENT
from flask_chatvisor.web.events import MAX_SEEN

from ..conftest import JOHN
from ..conftest import MakeApp
from ..doubles.users import signed_in

API_TOKEN = "api-token-of-the-tests-32-bytes!!"
ME = "/chatvisor/me"
EVENTS = "/chatvisor/events"
OUR_PAGE = {"Sec-Fetch-Site": "same-origin", "X-Chatvisor-Request": "1"}


# --- assets -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tag.js", "help-button.js", "chatvisor.css"])
def test_an_asset_with_its_hash_is_kept_for_ever(app: Flask, name: str) -> None:
    with app.test_request_context():
        url = asset_url(name)
    kind = "text/css" if name.endswith("css") else "text/javascript"
    with app.test_client().get(url) as response:
        assert response.data == (STATIC / name).read_bytes()
        headers = response.headers
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    # Otherwise a browser would refetch it whenever a cookie has changed.
    assert "Vary" not in headers


@pytest.mark.parametrize(
    ("path", "method"), [(ME, "GET"), (EVENTS, "POST"), ("/chatvisor/static/x", "GET")]
)
@pytest.mark.parametrize("site", ["same-origin", "cross-site"])
def test_no_public_answer_is_guessed_at_or_framed(
    app: Flask, path: str, method: str, site: str
) -> None:
    headers = {"Sec-Fetch-Site": site}
    response = app.test_client().open(path, method=method, headers=headers)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
def test_an_asset_with_another_hash_is_asked_for_again(app: Flask, query: str) -> None:
    with app.test_client().get(f"/chatvisor/static/tag.js{query}") as response:
        assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.js", "../tag.js", "..", "%2e%2e/py.typed"])
def test_nothing_but_assets_is_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/chatvisor/static/{name}").status_code == 404


# --- one's own tag ----------------------------------------------------------------


def test_a_page_is_told_whom_to_announce(app: Flask) -> None:
    response = signed_in(app).get(ME, headers=OUR_PAGE)
    assert response.json == {
        "tag": {
            "id": "1",
            "email": "john@example.com",
            "firstname": "John",
            "lastname": "Doe",
        },
        "reset": False,
        "refresh": ME,
    }
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("user_id", ["", "3"])
def test_who_is_no_visitor_has_no_tag(app: Flask, user_id: str) -> None:
    response = signed_in(app, user_id).get(ME)
    assert response.json == {"tag": None, "reset": False, "refresh": ME}


def test_a_reset_is_told_until_it_is_made(app: Flask) -> None:
    client = signed_in(app, "1")
    client.get("/")
    client.get("/sign-out")
    done = {"X-Chatvisor-Reset": "done"}
    answers = [client.get(ME, headers=headers).json for headers in ({}, {}, done, {})]
    assert [answer and answer["reset"] for answer in answers] == [
        *(True, True),
        *(False, False),
    ]
    assert client.get_cookie(COOKIE) is None


def test_another_user_is_told_with_the_reset(app: Flask) -> None:
    client = signed_in(app, "1")
    client.get(ME)
    client.get("/sign-in/2")
    answer = client.get(ME).json
    assert answer is not None
    assert (answer["tag"]["id"], answer["reset"]) == ("2", True)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_only_pages_of_this_site_are_told(app: Flask, site: str) -> None:
    client = signed_in(app)
    response = client.get(ME, headers={"Sec-Fetch-Site": site})
    assert response.status_code == 403
    assert response.mimetype == "application/problem+json"
    assert response.json is not None
    assert response.json["code"] == "origin-refused"
    assert "john" not in response.text
    assert client.get_cookie(COOKIE) is None


def test_asking_extends_no_session(app: Flask) -> None:
    app.config["REMEMBER_COOKIE_REFRESH_EACH_REQUEST"] = True
    app.permanent_session_lifetime = dt.timedelta(minutes=5)

    @app.get("/stay")
    def stay() -> str:
        session.permanent = True
        login_user(JOHN, remember=True)
        return ""

    client = app.test_client()
    client.get("/stay")
    assert {"session", "remember_token"} <= names(client.get("/"))
    assert names(client.get(ME)) == set()
    # Not by the remember-me cookie alone either.
    client.delete_cookie("session")
    response = client.get(ME)
    assert response.json is not None
    assert response.json["tag"]["id"] == "1"
    assert names(response) == set()


def names(response: t.Any) -> set[str]:
    """The names of the cookies that a response sets."""
    cookies = response.headers.getlist("Set-Cookie")
    return {one.partition("=")[0] for one in cookies}


def test_switched_off_there_is_nothing(make_app: MakeApp) -> None:
    client = make_app(ENABLED=False).test_client()
    assert client.get(ME).status_code == 404
    assert client.get("/chatvisor/static/tag.js").status_code == 404
    assert client.post(EVENTS).status_code == 404


# --- events -----------------------------------------------------------------------


@pytest.fixture
def portal(make_app: MakeApp) -> Flask:
    return make_app(
        API_URL="https://help.example.com",
        API_TOKEN=API_TOKEN,
        API_PATHS=dict(PATHS),
    )


@pytest.fixture
def heard(portal: Flask) -> t.Iterator[list[tuple[str, dict[str, t.Any]]]]:
    """The signals that were sent, with their events."""
    heard: list[tuple[str, dict[str, t.Any]]] = []

    def on_started(app: Flask, event: dict[str, t.Any]) -> None:
        heard.append(("started", event))

    def on_ended(app: Flask, event: dict[str, t.Any]) -> None:
        heard.append(("ended", event))

    with (
        signals.call_started.connected_to(on_started, portal),
        signals.call_ended.connected_to(on_ended, portal),
    ):
        yield heard


def event(kind: str = "call.ended", event_id: str = "e-1") -> dict[str, t.Any]:
    return {
        "id": event_id,
        "type": kind,
        "callId": "c-1",
        "visitorId": "v-1",
        "userId": "1",
        "agent": {"name": "Mary", "email": "mary@example.com"},
        "reason": "visitor-ended",
        "at": "2026-11-22T21:45:04.123Z",
        "duration": 12.5,
    }


def post(
    app: Flask, data: t.Any, *, key: str = API_TOKEN, age: float = 0, **headers: str
) -> t.Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    signature = sign_event(body, key, now=time.time() - age)
    headers = {"X-Chatvisor-Signature": signature, **headers}
    return app.test_client().post(
        EVENTS, data=body, headers=headers, content_type="application/json"
    )


def test_a_signed_event_becomes_a_signal(portal: Flask, heard: list[t.Any]) -> None:
    started, ended = event("call.started", "e-1"), event("call.ended", "e-2")
    for one in (event("call.requested", "e-0"), started, ended):
        assert post(portal, one).status_code == 204
    assert heard == [("started", started), ("ended", ended)]


def test_an_event_is_taken_once(portal: Flask, heard: list[t.Any]) -> None:
    assert [post(portal, event()).status_code for _ in range(3)] == [204, 204, 204]
    assert len(heard) == 1


def test_an_event_that_a_receiver_failed_on_is_taken_again(
    portal: Flask, heard: list[t.Any]
) -> None:
    portal.testing = False
    failures = iter([True, False])

    def receive(app: Flask, event: dict[str, t.Any]) -> None:
        if next(failures):
            raise RuntimeError("the database is gone")

    with signals.call_ended.connected_to(receive, portal):
        statuses = [post(portal, event()).status_code for _ in range(3)]
    assert statuses == [500, 204, 204]


def test_the_memory_of_events_is_bounded(portal: Flask, heard: list[t.Any]) -> None:
    client = portal.test_client()
    for number in range(MAX_SEEN + 1):
        body = json.dumps(event(event_id=f"e-{number}")).encode()
        signature = sign_event(body, API_TOKEN, now=time.time())
        headers = {"X-Chatvisor-Signature": signature}
        assert client.post(EVENTS, data=body, headers=headers).status_code == 204
    post(portal, event(event_id=f"e-{MAX_SEEN}"))
    assert len(heard) == MAX_SEEN + 1
    post(portal, event(event_id="e-0"))
    assert len(heard) == MAX_SEEN + 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"key": "another-token"}, "token-invalid"),
        ({"age": 600}, "token-expired"),
        ({"age": -600}, "token-expired"),
    ],
)
def test_an_event_that_is_forged_or_old_is_refused(
    portal: Flask, heard: list[t.Any], options: dict[str, t.Any], code: str
) -> None:
    response = post(portal, event(), **options)
    assert response.status_code == 401
    assert response.json["code"] == code
    assert heard == []


@pytest.mark.parametrize("signature", ["", "x", "t=1,v1=", "t=x,v1=ä", "v1=a,t=1"])
def test_an_event_without_a_signature_is_refused(
    portal: Flask, heard: list[t.Any], signature: str
) -> None:
    headers = {"X-Chatvisor-Signature": signature}
    response = portal.test_client().post(EVENTS, json=event(), headers=headers)
    assert response.status_code == 401
    assert heard == []


def test_a_changed_body_is_refused(portal: Flask, heard: list[t.Any]) -> None:
    signature = sign_event(json.dumps(event()).encode(), API_TOKEN, now=time.time())
    response = portal.test_client().post(
        EVENTS,
        json=event(event_id="e-2"),
        headers={"X-Chatvisor-Signature": signature},
    )
    assert response.status_code == 401
    assert heard == []


def test_without_an_api_token_no_event_is_believed(app: Flask) -> None:
    assert post(app, event(), key="").status_code == 401


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[" * 10_000,
        [event()],
        {},
        event("call.other"),
        {**event(), "type": ["call.ended"]},
        {**event(), "id": None},
        {**event(), "id": ""},
        {**event(), "id": "x" * 129},
    ],
)
def test_what_is_signed_but_no_event_is_refused(
    portal: Flask, heard: list[t.Any], data: t.Any
) -> None:
    response = post(portal, data)
    assert response.status_code == 400
    assert response.json["code"] == "bad-request"
    assert heard == []


def test_an_event_that_is_too_large_is_not_read(portal: Flask) -> None:
    response = post(portal, b" " * (MAX_EVENT + 1))
    assert response.status_code == 413
    assert response.json["code"] == "too-large"


@pytest.mark.parametrize("protect_first", [True, False])
def test_flask_wtfs_protection_lets_signed_events_pass(protect_first: bool) -> None:
    app = Flask("portal")
    app.config.update(
        SECRET_KEY="s",
        CHATVISOR_SCRIPT_URL="https://help.example.com/x.js",
        CHATVISOR_API_URL="https://help.example.com",
        CHATVISOR_API_TOKEN=API_TOKEN,
    )
    extensions: list[t.Callable[[Flask], t.Any]] = [CSRFProtect, Chatvisor]
    for extension in extensions if protect_first else extensions[::-1]:
        extension(app)
    app.add_url_rule("/other", view_func=lambda: "", methods=["POST"], endpoint="o")
    assert post(app, event()).status_code == 204
    assert app.test_client().post("/other").status_code == 400
