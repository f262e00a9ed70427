"""An agent who has left the browser is revoked, and the browser forgets the tokens."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import session
from flask.testing import FlaskClient
from flask_login import current_user
from flask_login import logout_user

from flask_chatvisor.acting import COOKIE
from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.errors import ServiceUnavailable
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import Agent
from flask_chatvisor.testing import FakeService
from flask_chatvisor.testing import block_of
from flask_chatvisor.web.public import RESET_HEADER
from tests.conftest import HTML
from tests.conftest import JANE
from tests.conftest import JOHN
from tests.conftest import MARY
from tests.conftest import load_agent
from tests.conftest import load_visitor
from tests.conftest import make_application
from tests.doubles.service import FakeService as Recorder

SECRET = "secret-of-the-tests"
HEADERS = {"X-Chatvisor-Request": "1"}
WITH_MARY: InCall[dt.datetime] = InCall(AgentRef("Mary", MARY.email))


def portal(
    config: dict[str, t.Any],
    add: Callable[[Flask], None] = lambda app: None,
    **loaders: t.Any,
) -> tuple[Flask, FlaskClient]:
    """An application's client in which Mary has got a token."""
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(load_visitor)
    chatvisor.agent_loader(loaders.get("agent", load_agent))
    if "policy" in loaders:
        chatvisor.policy(loaders["policy"])
    keys = {key.removeprefix("CHATVISOR_"): value for key, value in config.items()}
    app, _ = make_application(chatvisor, **keys)
    add(app)
    client = app.test_client()
    client.get(f"/sign-in/{MARY.id}")
    assert client.post("/chatvisor/token", headers=HEADERS).status_code == 200
    return app, client


def settle() -> None:
    """Wait until everything has been revoked."""
    for thread in threading.enumerate():
        if thread.name == "chatvisor-revoke":
            thread.join(10)


def revoked(service: FakeService) -> int:
    settle()
    return service.requests.count(("POST", "/rest/v1/revoke"))


def resets(client: FlaskClient, path: str = "/") -> bool:
    """Whether a page, if it has the tag at all, makes the browser forget."""
    block = block_of(client.get(path))
    if block is None or not block["reset"]:
        return False
    client.get("/chatvisor/me", headers={RESET_HEADER: "done"})  # as its script does
    return True


def test_signing_out_ends_the_agents_calls(service: FakeService) -> None:
    john = service.add(id="1", in_call=WITH_MARY)
    _, client = portal(service.config())
    assert (revoked(service), resets(client)) == (0, False)
    client.get("/sign-out")
    assert revoked(service) == 1
    assert service._users[john].in_call is None
    # The next page tells the browser, once.
    assert [resets(client), resets(client)] == [True, False]
    assert client.get_cookie(COOKIE) is None
    assert revoked(service) == 1


def clear_session(app: Flask) -> None:
    @app.get("/leave")
    def leave() -> str:
        session.clear()
        return HTML


def become_jane(app: Flask) -> None:
    @app.get("/leave")
    def leave() -> str:
        session["_user_id"] = JANE.id
        return "you are Jane now"


def sign_out_by_json(app: Flask) -> None:
    @app.get("/leave")
    def leave() -> dict[str, bool]:
        return {"signed_out": logout_user()}


@pytest.mark.parametrize("leave", [clear_session, become_jane, sign_out_by_json])
def test_however_the_agent_leaves(
    service: FakeService, leave: Callable[[Flask], None]
) -> None:
    _, client = portal(service.config(), leave)
    assert resets(client, "/leave") or resets(client)
    assert revoked(service) == 1
    assert not resets(client)


def test_signing_out_counts_without_the_cookie(service: FakeService) -> None:
    _, client = portal(service.config())
    client.delete_cookie(COOKIE)
    client.get("/sign-out")
    client.get("/sign-out")
    assert revoked(service) == 1


def test_an_expired_session_is_noticed(service: FakeService) -> None:
    app, client = portal(service.config())
    client.delete_cookie(app.config["SESSION_COOKIE_NAME"])
    assert resets(client)
    assert revoked(service) == 1


@pytest.mark.parametrize("path", ["/chatvisor/users.json", "/chatvisor/users", "/"])
def test_a_lost_role_is_noticed_by_whatever_is_asked_next(
    service: FakeService, path: str
) -> None:
    roles = {MARY.id}

    def load(user: t.Any) -> Agent | None:
        return Agent(user.email) if user.id in roles else None

    _, client = portal(service.config(), agent=load)
    client.get(path)
    assert revoked(service) == 0
    roles.clear()
    client.get(path)
    assert revoked(service) == 1


def test_one_agent_after_the_other(service: FakeService) -> None:
    _, client = portal(
        service.config(), become_jane, agent=lambda user: Agent(user.email)
    )
    client.get("/leave")
    client.post("/chatvisor/token", headers=HEADERS)
    assert revoked(service) == 1
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    who = tokens.verify_agent(cookie.value, SECRET, now=time.time())
    assert who == JANE.email
    client.get("/sign-out")
    assert revoked(service) == 2


def test_programs_are_told_once_until_a_page_comes(service: FakeService) -> None:
    _, client = portal(service.config(), sign_out_by_json)
    answers = [client.get("/leave") for _ in range(3)]
    told = [
        any(one.startswith(COOKIE) for one in answer.headers.getlist("Set-Cookie"))
        for answer in answers
    ]
    assert told == [True, False, False]
    assert revoked(service) == 1


def test_an_agent_who_stays_is_let_alone(service: FakeService) -> None:
    _, client = portal(service.config())
    for path in ("/", "/chatvisor/users", "/chatvisor/users.json", "/chatvisor/me"):
        client.get(path)
    assert (revoked(service), client.get_cookie(COOKIE) is None) == (0, False)


def test_a_request_that_loads_nobody_says_nothing(service: FakeService) -> None:
    app, client = portal(service.config())
    client.delete_cookie(app.config["SESSION_COOKIE_NAME"])
    client.get("/chatvisor/static/tag.js").close()
    assert revoked(service) == 0


def public_page(app: Flask) -> None:
    @app.get("/public")
    def public() -> tuple[str, dict[str, str]]:
        assert not current_user.is_authenticated
        return HTML, {"Cache-Control": "public, max-age=60"}


def test_what_shared_caches_keep_has_no_cookie(service: FakeService) -> None:
    app, client = portal(service.config(), public_page)
    client.delete_cookie(app.config["SESSION_COOKIE_NAME"])
    assert "Set-Cookie" not in client.get("/public").headers
    # Its script asks who is signed in, and that answer says it.
    assert client.get("/chatvisor/me").get_json()["reset"] is True
    assert revoked(service) == 1


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "é",
        tokens.sign_agent(MARY.email, "another secret", now=time.time()),
        tokens.sign_agent(MARY.email, SECRET, now=time.time() - 25 * 3600),
        "1.bWFyeUBleGFtcGxlLmNvbQ.0123456789abcdef",
        "..",
    ],
    ids=["empty", "short", "not ascii", "another's", "old", "made up", "dots"],
)
def test_nobody_forges_who_left(service: FakeService, cookie: str) -> None:
    _, client = portal(service.config())
    client.get("/sign-out")
    resets(client)
    before = revoked(service)
    client.set_cookie(COOKIE, cookie)
    assert not resets(client)
    assert revoked(service) == before


def test_the_cookie_is_out_of_reach_of_scripts(service: FakeService) -> None:
    _, client = portal(service.config())
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", None)


def test_a_dead_service_disturbs_nobody(
    service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    _, client = portal(service.config())
    service.fail(503)
    with caplog.at_level(logging.ERROR, "flask_chatvisor"):
        assert client.get("/sign-out").data == b"signed out"
        settle()
    (record,) = caplog.records
    assert t.cast(t.Any, record).event == "chatvisor.agent.not-revoked"
    assert resets(client)


def test_a_loader_that_breaks_revokes_nobody(service: FakeService) -> None:
    broken: list[bool] = []

    def load(user: t.Any) -> Agent | None:
        if broken:
            raise RuntimeError
        return load_agent(user)

    def add(app: Flask) -> None:
        @app.get("/name")
        def name() -> str:
            return str(current_user.email)

    _, client = portal(service.config(), add, agent=load)
    broken.append(True)
    assert client.get("/name").text == MARY.email
    assert client.get("/").text == HTML
    client.delete_cookie(COOKIE)
    assert client.get("/sign-out").text == "signed out"
    assert revoked(service) == 0


def test_the_cloud_is_not_asked(service: FakeService) -> None:
    cloud = service.config() | {"CHATVISOR_API_PATHS": {}}
    cloud |= {"CHATVISOR_SCRIPT_URL": None, "CHATVISOR_SCRIPT_ID": "abc"}
    chatvisor = Chatvisor()
    chatvisor.agent_loader(load_agent)
    chatvisor.user_token_loader(lambda agent: "her-own")
    keys = {key.removeprefix("CHATVISOR_"): value for key, value in cloud.items()}
    app, _ = make_application(chatvisor, **keys)
    client = app.test_client()
    client.get(f"/sign-in/{MARY.id}")
    client.post("/chatvisor/token", headers=HEADERS)
    client.get("/sign-out")
    assert resets(client)
    with app.app_context():
        chatvisor.revoke_agent(MARY.email)
    assert revoked(service) == 0


# --- a policy


def mine_only(agent: Agent, user: ActiveUser) -> bool:
    return user.assigned_user == agent.email


@pytest.mark.parametrize("path", ["users.json", "users/1.json", "users.json?query=1"])
def test_who_may_not_see_a_customer_any_more_leaves_the_call(
    service: FakeService, path: str
) -> None:
    _, client = portal(service.config(), policy=mine_only)
    mine = {"assigned_user": MARY.email, "in_call": WITH_MARY}
    john = service.add(id="1", **mine)
    jane = service.add(id="2", **mine)
    service.add(id="3", in_call=InCall(AgentRef("Adam", "adam@example.com")))
    client.get(f"/chatvisor/{path}")
    assert revoked(service) == 0
    service.change(john, assigned_user=None)
    client.get(f"/chatvisor/{path}")
    assert revoked(service) >= 1
    assert service._users[john].in_call is None
    assert service._users[jane].in_call is not None


# --- by the application


def test_the_application_revokes_an_agent(service: FakeService) -> None:
    chatvisor = Chatvisor()
    keys = {k.removeprefix("CHATVISOR_"): v for k, v in service.config().items()}
    app, _ = make_application(chatvisor, **keys)
    john = service.add(id="1", in_call=WITH_MARY)
    jane = service.add(id="2", in_call=WITH_MARY)
    with app.app_context():
        chatvisor.revoke_agent(MARY.email, john)
        in_call = [service._users[one].in_call for one in (john, jane)]
        assert in_call == [None, WITH_MARY]
        chatvisor.revoke_agent(MARY.email)
        assert service._users[jane].in_call is None
        service.fail(503)
        with pytest.raises(ServiceUnavailable):
            chatvisor.revoke_agent(MARY.email)


def test_each_revocation_waits_once_and_one_request_is_under_way() -> None:
    may_answer = threading.Event()

    class Slow(Recorder):
        def answer(self, *asked: t.Any) -> tuple[int, t.Any]:
            may_answer.wait(10)
            return super().answer(*asked)

    slow = Slow()
    try:
        app, _ = make_application(None, SCRIPT_URL=f"{slow.url}/x.js", API_URL=slow.url)
        revocations = app.extensions["chatvisor"].revocations
        for _ in range(100):
            revocations.soon(MARY.email)
            revocations.soon(JOHN.email)
        threads = [one.name for one in threading.enumerate()]
        may_answer.set()
        settle()
    finally:
        slow.close()
    assert threads.count("chatvisor-revoke") == 1
    # The one that was being sent, and one for what came meanwhile.
    assert len(slow.asked) <= 4


def test_an_error_in_one_revocation_keeps_no_other_from_being_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    revocations = (
        make_application(API_TOKEN="a-token-of-the-tests-which-is-long")[0]
        .extensions["chatvisor"]
        .revocations
    )
    made: list[str] = []

    def revoke(email: str, visitor_id: str | None) -> None:
        made.append(email)
        if email == MARY.email:
            raise ZeroDivisionError

    monkeypatch.setattr(revocations._client, "revoke", revoke)
    for email in (MARY.email, JOHN.email):
        revocations.soon(email)
        settle()
    assert made == [MARY.email, JOHN.email]
    assert "ZeroDivisionError" in caplog.text
