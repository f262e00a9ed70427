"""Everything that can go wrong with the service: its error, its message, its page."""

from __future__ import annotations

import dataclasses
import socket
import typing as t
from html import unescape

import pytest
from flask import Flask

from flask_chatvisor.directory import Directory
from flask_chatvisor.errors import BadAnswer
from flask_chatvisor.errors import RateLimited
from flask_chatvisor.errors import ServiceError
from flask_chatvisor.errors import ServiceRefused
from flask_chatvisor.errors import ServiceTimeout
from flask_chatvisor.errors import ServiceUnavailable
from flask_chatvisor.rest.client import Client
from flask_chatvisor.rest.transport import Transport
from flask_chatvisor.state import KEY
from flask_chatvisor.state import state_of
from flask_chatvisor.testing import AgentClient
from tests.conftest import MARY
from tests.conftest import make_application
from tests.doubles.upstream import Reply
from tests.doubles.upstream import Upstream
from tests.doubles.upstream import answer
from tests.doubles.upstream import answer_json
from tests.doubles.upstream import flood
from tests.doubles.upstream import reset
from tests.doubles.upstream import say_nothing
from tests.doubles.upstream import stop_within_the_body

TOKEN = "token-that-nobody-may-see-32-bytes"
HTML = f"<html>{TOKEN}</html>".encode()
WRONG_TYPES = {"page": 1, "total": 1, "results": [{"visitorId": 7}]}


class Fault(t.NamedTuple):
    """What the service does, and what the agent gets."""

    reply: Reply
    error: type[ServiceError]
    status: int
    message: str
    remedy: str


TABLE = {
    "reset": Fault(reset, ServiceUnavailable, 503, "cannot be reached", "is running"),
    "slow header": Fault(
        say_nothing, ServiceTimeout, 504, "did not answer in time", "CHATVISOR_TIMEOUT"
    ),
    "slow body": Fault(
        stop_within_the_body,
        ServiceTimeout,
        504,
        "did not answer in time",
        "CHATVISOR_TIMEOUT",
    ),
    "401": Fault(
        answer(401, HTML),
        ServiceRefused,
        502,
        "refused the token (HTTP 401)",
        "CHATVISOR_API_TOKEN",
    ),
    "403": Fault(
        answer_json({"code": "scope-missing"}, 403),
        ServiceRefused,
        502,
        "does not allow this token",
        "CHATVISOR_API_TOKEN",
    ),
    "404": Fault(
        answer(404), BadAnswer, 502, "has no such operation", "CHATVISOR_API_PATHS"
    ),
    "429": Fault(answer(429), RateLimited, 503, "too many requests", "Wait"),
    "429 with Retry-After": Fault(
        answer(429, Retry_After="30"), RateLimited, 503, "too many requests", "Wait"
    ),
    "500": Fault(
        answer(500, HTML), ServiceUnavailable, 503, "failed to process", "is running"
    ),
    "502 with HTML": Fault(
        answer(502, HTML, kind="text/html"),
        ServiceUnavailable,
        503,
        "temporarily unavailable (HTTP 502)",
        "is running",
    ),
    "200 with HTML": Fault(
        answer(200, HTML, kind="text/html"),
        BadAnswer,
        502,
        "not JSON",
        "CHATVISOR_API_PATHS",
    ),
    "truncated JSON": Fault(
        answer(200, b'{"page": 1, "tot'),
        BadAnswer,
        502,
        "not JSON",
        "CHATVISOR_API_PATHS",
    ),
    "wrong types": Fault(
        answer_json(WRONG_TYPES),
        BadAnswer,
        502,
        "visitorId",
        "CHATVISOR_API_PATHS",
    ),
    "a body without end": Fault(
        flood, BadAnswer, 502, "more than 8 MB", "CHATVISOR_API_PATHS"
    ),
    "50 MB": Fault(
        answer(200, b" " * 50_000_000), BadAnswer, 502, "more than 8 MB", "right"
    ),
    "redirect": Fault(
        answer(302, Location="https://evil.example.com/"),
        BadAnswer,
        502,
        "with a redirect, which is not followed",
        "CHATVISOR_API_URL",
    ),
}


@pytest.fixture(params=TABLE)
def fault(request: pytest.FixtureRequest) -> Fault:
    return TABLE[request.param]


def no_pause(_: float) -> None:
    """Do not sleep."""


def portal(url: str, *, patient: bool = True) -> Flask:
    """An application whose service is at this address."""
    app, _ = make_application(API_URL=url, API_TOKEN=TOKEN, CACHE_SECONDS=0)
    state = state_of(app)
    timeout = (5.0, 5.0 if patient else 0.05)
    transport = Transport(url, TOKEN, timeout, sleep=no_pause)
    client = Client(transport, state.settings.api_paths)
    directory = Directory(client, state.settings, state.loaders)
    app.extensions[KEY] = dataclasses.replace(state, client=client, directory=directory)
    return app


def check(app: Flask, fault: Fault) -> None:
    """See what the directory raises, a program gets and an agent reads."""
    with app.app_context(), pytest.raises(ServiceError) as caught:
        state_of(app).directory.active_users()
    error = caught.value
    assert type(error) is fault.error
    assert fault.message in error.message
    assert fault.remedy in error.remedy
    assert error.http_status == fault.status

    browser = app.test_client()
    browser.get(f"/sign-in/{MARY.id}")
    problem = AgentClient(browser).users()
    assert problem.status_code == fault.status
    assert problem.mimetype == "application/problem+json"
    assert problem.get_json()["code"] == fault.error.code
    # Not the whole message: a slow answer may be late at another point next time.
    assert fault.message in problem.get_json()["detail"]
    assert problem.get_json()["remedy"] == error.remedy

    page = browser.get("/chatvisor/users")
    assert page.status_code == fault.status
    assert page.mimetype == "text/html"
    assert fault.message in unescape(page.text)
    assert error.remedy in unescape(page.text)

    told = f"{error!r} {problem.text} {problem.headers} {page.text} {page.headers}"
    assert TOKEN not in told
    assert "Traceback" not in told


def test_each_fault_has_its_error_its_words_and_its_page(
    fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    slow = fault.reply in (say_nothing, stop_within_the_body)
    with Upstream(fault.reply) as upstream:
        check(portal(upstream.url, patient=not slow), fault)
    assert TOKEN not in caplog.text


def test_a_service_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    refused = Fault(b"", ServiceUnavailable, 503, "cannot be reached", "is running")
    check(portal(url), refused)


def test_a_service_whose_certificate_is_not_trusted() -> None:
    untrusted = Fault(
        b"", ServiceUnavailable, 503, "is not trusted", "REQUESTS_CA_BUNDLE"
    )
    with Upstream(answer_json({}), tls=True) as upstream:
        check(portal(upstream.url), untrusted)
    assert upstream.requests == []


def test_the_token_does_not_follow_a_redirect() -> None:
    with Upstream(answer_json(WRONG_TYPES)) as other:
        reply = answer(307, Location=f"{other.url}/rest/v1/customerstatus")
        with Upstream(reply) as upstream:
            redirect = Fault(reply, BadAnswer, 502, "redirect", "CHATVISOR_API_URL")
            check(portal(upstream.url), redirect)
    assert upstream.requests
    assert other.requests == []


def test_a_wait_that_the_service_wants_is_passed_on() -> None:
    with Upstream(answer(429, Retry_After="30")) as upstream:
        browser = portal(upstream.url).test_client()
        browser.get(f"/sign-in/{MARY.id}")
        assert AgentClient(browser).users().headers["Retry-After"] == "30"
