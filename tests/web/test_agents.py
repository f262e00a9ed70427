"""The agents' routes, against a service on a socket."""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.bucket import Rate
from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import Agent
from flask_chatvisor.signals import call_requested
from flask_chatvisor.testing import AgentClient
from flask_chatvisor.testing import FakeService
from flask_chatvisor.web import agents
from flask_chatvisor.web import limits
from flask_chatvisor.web.cross_site import REQUEST_HEADER
from tests.conftest import JOHN
from tests.conftest import MARY
from tests.conftest import load_agent
from tests.conftest import make_application
from tests.doubles.upstream import Upstream
from tests.doubles.upstream import answer
from tests.doubles.upstream import answer_json
from tests.doubles.upstream import say_nothing

AGENT = Agent("mary@example.com", "Mary")
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
CLOUD: dict[str, t.Any] = {"SCRIPT_ID": "abc", "API_TOKEN": "api-token"}
PAGES = ["/chatvisor/users", "/chatvisor/users/john@example.com"]


def portal(chatvisor: Chatvisor | None = None, /, **keys: t.Any) -> FlaskClient:
    """An application's client in which Mary, an agent, has signed in."""
    chatvisor = chatvisor or Chatvisor()
    chatvisor.agent_loader(load_agent)
    app, _ = make_application(chatvisor, **without_prefix(keys))
    client = app.test_client()
    client.get(f"/sign-in/{MARY.id}")
    return client


def without_prefix(keys: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key.removeprefix("CHATVISOR_"): value for key, value in keys.items()}


@pytest.fixture
def client(service: FakeService) -> FlaskClient:
    return portal(**service.config())


def with_policy(allows: Callable[[Agent, ActiveUser], bool]) -> Chatvisor:
    chatvisor = Chatvisor()
    chatvisor.policy(allows)
    return chatvisor


def mine_only(agent: Agent, user: ActiveUser) -> bool:
    return user.assigned_user == agent.email


def ids(response: t.Any) -> list[str]:
    return [user["visitorId"] for user in response.get_json()["users"]]


# --- the list


def test_the_list_as_json(client: FlaskClient, service: FakeService) -> None:
    john = service.add(
        id="1",
        email="john@example.com",
        firstname="John",
        lastname="Doe",
        labels=["gold"],
        verified=True,
        location=Page("Invoices", "/invoices"),
        since=NOW,
        last_seen=NOW,
        in_call=InCall(AgentRef("Adam", "adam@example.com"), NOW),
    )
    data = client.get("/chatvisor/users.json").get_json()
    assert set(data) == {"users", "total", "page", "pageSize", "asOf"}
    assert (data["total"], data["page"], data["pageSize"]) == (1, 1, 50)
    assert data["users"] == [
        {
            "visitorId": john,
            "id": "1",
            "email": "john@example.com",
            "firstname": "John",
            "lastname": "Doe",
            "gender": None,
            "labels": ["gold"],
            "assignedUser": None,
            "additionalTaggingData": {},
            "verified": True,
            "location": {"title": "Invoices", "path": "/invoices"},
            "since": "2026-11-22T12:00:00.000Z",
            "lastSeen": "2026-11-22T12:00:00.000Z",
            "visible": True,
            "inCall": {
                "agent": {"name": "Adam", "email": "adam@example.com"},
                "since": "2026-11-22T12:00:00.000Z",
            },
            "waitingSince": None,
        }
    ]


def test_the_list_by_accept(client: FlaskClient, service: FakeService) -> None:
    john = service.add()
    as_json = {"Accept": "application/json"}
    assert ids(client.get("/chatvisor/users", headers=as_json)) == [john]


def test_the_list_as_a_page(client: FlaskClient, service: FakeService) -> None:
    john = service.add(firstname="John", lastname="Doe")
    response = client.get("/chatvisor/users")
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert "John Doe" in response.text
    assert "data-chatvisor-users" in response.text
    assert f'data-chatvisor-user="{john}"' in response.text


def test_an_agents_page_is_not_tagged(client: FlaskClient) -> None:
    assert "chatvisor-tag" not in client.get("/chatvisor/users").text


def test_filters_sorting_and_pages(client: FlaskClient, service: FakeService) -> None:
    anna = service.add(firstname="Anna", labels=["gold"], assigned_user=MARY.email)
    bert = service.add(firstname="Bert", labels=["gold"], assigned_user="adam@x")
    cleo = service.add(firstname="Cleo")
    agent = AgentClient(client)
    assert ids(agent.users()) == [anna, bert, cleo]
    assert ids(agent.users(q=" ber ")) == [bert]
    assert ids(agent.users(label="gold")) == [anna, bert]
    assert ids(agent.users(assigned="me")) == [anna]
    assert ids(agent.users(assigned="nobody")) == [cleo]
    assert ids(agent.users(assigned="none")) == [cleo]
    assert ids(agent.users(assigned="adam@x")) == [bert]
    assert ids(agent.users(sort="-name")) == [cleo, bert, anna]
    second = agent.users(page=2, page_size=2)
    assert ids(second) == [cleo]
    assert second.get_json()["total"] == 3


def test_filters_come_back_on_the_page(client: FlaskClient) -> None:
    page = client.get('/chatvisor/users?q="><b>&assigned=me&sort=-since').text
    assert 'value="&#34;&gt;&lt;b&gt;"' in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("page=0", "page "),
        ("page=-1", "page "),
        ("page=x", "page "),
        ("page=1.5", "page "),
        ("page=٣", "page "),
        ("page=99999999999999999999", "page "),
        ("page_size=0", "page_size"),
        ("page_size=1001", "page_size"),
        ("sort=rank", "sort"),
        ("sort=--name", "sort"),
        ("assigned=somebody", "assigned"),
        ("q=" + "x" * 255, "q "),
        ("label=" + "x" * 255, "label"),
    ],
)
def test_a_wrong_parameter_is_named(
    client: FlaskClient, service: FakeService, query: str, named: str
) -> None:
    response = client.get(f"/chatvisor/users.json?{query}")
    assert response.status_code == 400
    assert response.get_json()["code"] == "bad-request"
    assert response.get_json()["detail"].startswith(named)
    page = client.get(f"/chatvisor/users?{query}")
    assert page.status_code == 400
    assert page.mimetype == "text/html"
    assert service.requests == []


def test_all_wrong_parameters_are_named_at_once(client: FlaskClient) -> None:
    response = client.get("/chatvisor/users.json?page=0&sort=x&assigned=y")
    detail = response.get_json()["detail"]
    assert all(name in detail for name in ("page", "sort", "assigned"))


def test_a_policy_holds_for_the_list(service: FakeService) -> None:
    client = portal(with_policy(mine_only), **service.config())
    anna = service.add(firstname="Anna", assigned_user=MARY.email)
    service.add(firstname="Secret Bert")
    data = client.get("/chatvisor/users.json")
    assert ids(data) == [anna]
    assert data.get_json()["total"] == 1
    assert "Secret Bert" not in client.get("/chatvisor/users").text


def test_several_users_as_json(client: FlaskClient, service: FakeService) -> None:
    anna = service.add(id="1", email="anna@example.com")
    bert = service.add(id="2", email="bert@example.com")
    service.add(id="3", email="cleo@example.com")
    asked = ["anna@example.com", "1", "2", "nobody", "x" * 255]
    data = client.get("/chatvisor/users.json", query_string={"query": asked})
    assert set(ids(data)) == {anna, bert}
    assert data.get_json()["total"] == 2
    assert set(data.get_json()) == {"users", "total", "page", "pageSize", "asOf"}
    assert len(service.requests) == 1


def test_a_policy_holds_for_several_users(service: FakeService) -> None:
    client = portal(with_policy(mine_only), **service.config())
    anna = service.add(id="1", assigned_user=MARY.email)
    service.add(id="2", firstname="Secret Bert")
    response = client.get("/chatvisor/users.json?query=1&query=2")
    assert ids(response) == [anna]
    assert "Secret Bert" not in response.text


def test_so_many_users_at_once_are_refused(
    client: FlaskClient, service: FakeService
) -> None:
    asked = [str(n) for n in range(101)]
    response = client.get("/chatvisor/users.json", query_string={"query": asked})
    assert response.status_code == 400
    assert "100" in response.get_json()["detail"]
    assert service.requests == []


# --- one user


def test_one_user_as_json(client: FlaskClient, service: FakeService) -> None:
    john = service.add(id="1", email="john@example.com")
    data = client.get("/chatvisor/users/John@example.com.json").get_json()
    assert set(data) == {"user", "asOf"}
    assert data["user"]["visitorId"] == john
    as_json = {"Accept": "application/json"}
    by_id = client.get("/chatvisor/users/1", headers=as_json).get_json()
    assert by_id["user"] == data["user"]


def test_an_id_with_slashes_and_dots_is_found(
    client: FlaskClient, service: FakeService
) -> None:
    john = service.add(id="acme/users/7.json")
    data = client.get("/chatvisor/users/acme/users/7.json.json").get_json()
    assert data["user"]["visitorId"] == john


def test_trouble_is_told_in_the_agents_language(
    client: FlaskClient, service: FakeService
) -> None:
    service.fail(401)
    german = {"Accept-Language": "de"}
    told = client.get("/chatvisor/users.json", headers=german).get_json()
    assert told["detail"].endswith("hat das Token abgelehnt (HTTP 401).")
    assert told["remedy"] == "Prüfen Sie CHATVISOR_API_TOKEN."
    for path in ("/chatvisor/users", "/chatvisor/users/1"):
        page = client.get(path, headers=german).text
        assert "hat das Token abgelehnt" in page
        assert "Prüfen Sie CHATVISOR_API_TOKEN." in page


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_sees_the_page_of_a_user_whose_email_ends_in_json(
    client: FlaskClient, service: FakeService
) -> None:
    service.add(id="7", email="anna@data.json", firstname="Anna")
    page = client.get("/chatvisor/users/anna@data.json", headers=BROWSER)
    assert page.mimetype == "text/html"
    assert "Anna" in page.text
    data = client.get("/chatvisor/users/anna@data.json.json").get_json()
    assert data["user"]["firstname"] == "Anna"


@pytest.mark.parametrize("headers", [{}, BROWSER, {"Accept": "application/json"}])
def test_where_nobody_is_called_so_the_route_gives_json(
    client: FlaskClient, service: FakeService, headers: dict[str, str]
) -> None:
    service.add(id="7", email="anna@data", firstname="Anna")
    response = client.get("/chatvisor/users/anna@data.json", headers=headers)
    assert response.get_json()["user"]["firstname"] == "Anna"


def test_one_whom_the_policy_forbids_has_no_page_of_that_name(
    service: FakeService,
) -> None:
    client = portal(with_policy(mine_only), **service.config())
    service.add(id="7.json", firstname="Secret Bert")
    response = client.get("/chatvisor/users/7.json", headers=BROWSER)
    assert response.get_json()["user"] is None


def test_one_who_is_not_active_as_json(client: FlaskClient) -> None:
    response = client.get("/chatvisor/users/nobody.json")
    assert response.status_code == 200
    assert response.get_json()["user"] is None


def test_one_user_as_a_page(client: FlaskClient, service: FakeService) -> None:
    john = service.add(id="1", firstname="John", lastname="Doe")
    page = client.get("/chatvisor/users/1")
    assert page.status_code == 200
    assert "John Doe" in page.text
    assert f'data-chatvisor-start="{john}"' in page.text


def test_one_who_is_not_active_as_a_page(client: FlaskClient) -> None:
    page = client.get("/chatvisor/users/<b>nobody")
    assert page.status_code == 200
    assert "&lt;b&gt;nobody" in page.text
    assert "<b>" not in page.text


def test_a_query_of_no_sensible_length_is_refused(
    client: FlaskClient, service: FakeService
) -> None:
    response = client.get(f"/chatvisor/users/{'x' * 255}.json")
    assert response.status_code == 400
    assert service.requests == []


def test_a_policy_holds_for_one_user(service: FakeService) -> None:
    client = portal(with_policy(mine_only), **service.config())
    service.add(id="7", firstname="Secret Bert")
    assert client.get("/chatvisor/users/7.json").get_json()["user"] is None
    assert "Secret Bert" not in client.get("/chatvisor/users/7").text


def test_no_answer_to_an_agent_has_the_api_token_in_it(
    client: FlaskClient, service: FakeService
) -> None:
    john = service.add(id="1")
    agent = AgentClient(client)
    pages = [client.get(path) for path in (*PAGES, "/chatvisor/users/1")]
    answers = [agent.users(), agent.user("1"), agent.start_call(john), agent.token()]
    for response in (*pages, *answers):
        assert response.status_code == 200
        assert service.api_token not in response.text + str(response.headers)


# --- starting a call


def grant_of(response: t.Any, service: FakeService) -> tokens.UserGrant:
    token = response.get_json()["token"]
    return tokens.verify_user(token, [service.api_token], now=time.time())


def test_a_call_gets_a_token_for_this_visitor_and_a_minute(
    client: FlaskClient, service: FakeService
) -> None:
    john = service.add()
    response = AgentClient(client).start_call(john)
    assert response.status_code == 200
    assert set(response.get_json()) == {"token", "visitorId", "expiresAt"}
    assert response.get_json()["visitorId"] == john
    grant = grant_of(response, service)
    assert grant.visitor_id == john
    assert grant.scope == {"call"}
    assert (grant.email, grant.name) == ("mary@example.com", "Mary")
    expires_at = dt.datetime.fromisoformat(response.get_json()["expiresAt"])
    assert 0 < grant.expires_at - time.time() <= 60
    assert abs(expires_at.timestamp() - grant.expires_at) < 2


def test_a_requested_call_is_announced(
    client: FlaskClient, service: FakeService
) -> None:
    requested: list[dict[str, t.Any]] = []

    def note(sender: Flask, **values: t.Any) -> None:
        requested.append(values)

    john = service.add()
    with call_requested.connected_to(note, client.application):
        AgentClient(client).start_call(john)
        AgentClient(client).start_call("gone")
    assert requested == [{"agent": AGENT, "visitor_id": john}]


def test_one_who_has_left_cannot_be_called(
    client: FlaskClient, service: FakeService
) -> None:
    john = service.add(id="1", email="john@example.com")
    service.remove(john)
    response = AgentClient(client).start_call(john)
    assert response.status_code == 404
    assert response.get_json()["code"] == "visitor-gone"


@pytest.mark.parametrize("query", ["1", "john@example.com"])
def test_a_call_is_for_a_visitor_and_not_for_a_query(
    client: FlaskClient, service: FakeService, query: str
) -> None:
    service.add(id="1", email="john@example.com")
    response = AgentClient(client).start_call(query)
    assert response.status_code == 404
    assert response.get_json()["code"] == "visitor-gone"


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (NOW, "John is in a call with Adam."),
        (None, "Adam is already asking John."),
    ],
)
def test_one_in_a_call_is_busy(
    client: FlaskClient, service: FakeService, since: dt.datetime | None, told: str
) -> None:
    call = InCall(AgentRef("Adam", "adam@example.com"), since)
    john = service.add(firstname="John", in_call=call)
    response = AgentClient(client).start_call(john)
    assert response.status_code == 409
    problem = response.get_json()
    assert problem["code"] == "busy"
    assert problem["agent"] == "Adam"
    assert problem["detail"] == told


def test_one_who_waits_is_joined(client: FlaskClient, service: FakeService) -> None:
    john = service.add(waiting_since=NOW)
    assert AgentClient(client).start_call(john).status_code == 200


def test_one_whom_the_policy_forbids_is_as_good_as_gone(service: FakeService) -> None:
    client = portal(with_policy(mine_only), **service.config())
    other, mine = service.add(), service.add(assigned_user=MARY.email)
    refused = AgentClient(client).start_call(other).get_json()
    gone = AgentClient(client).start_call("nobody").get_json()
    assert refused == gone
    assert AgentClient(client).start_call(mine).status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"data": "visitorId=v-1"},
        {"data": "{", "content_type": "application/json"},
        {"json": []},
        {"json": {}},
        {"json": {"visitorId": 7}},
        {"json": {"visitorId": None}},
        {"json": {"visitorId": ""}},
        {"json": {"visitorId": "x" * 255}},
    ],
)
def test_a_call_to_nobody_is_refused(
    client: FlaskClient, service: FakeService, options: dict[str, t.Any]
) -> None:
    headers = {REQUEST_HEADER: "1"}
    response = client.post("/chatvisor/calls", headers=headers, **options)
    assert response.status_code == 400
    assert "visitorId" in response.get_json()["detail"]
    assert service.requests == []


# --- what is too much


class Endless:
    """A body that counts what was read of it."""

    def __init__(self) -> None:
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.size += size
        return b"[" * size

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


@pytest.mark.parametrize("path", ["calls", "token"])
@pytest.mark.parametrize("length", ["16385", "1000000000", None])
def test_a_body_is_not_read_beyond_its_bound(
    client: FlaskClient, path: str, length: str | None
) -> None:
    body = Endless()
    declared = {} if length is None else {"CONTENT_LENGTH": length}
    response = client.post(
        f"/chatvisor/{path}",
        content_type="application/json",
        headers={REQUEST_HEADER: "1"},
        environ_overrides={
            "wsgi.input": body,
            "wsgi.input_terminated": True,
            **declared,
        },
    )
    assert response.status_code == (200 if (path, length) == ("token", None) else 400)
    assert body.size == 0


@pytest.mark.parametrize("path", ["calls", "token"])
@pytest.mark.parametrize("body", ["[" * 16_000, '{"a":' * 3_000, "9" * 16_000])
def test_a_body_that_no_reader_can_take_is_as_good_as_none(
    client: FlaskClient, path: str, body: str
) -> None:
    response = client.post(
        f"/chatvisor/{path}",
        data=body,
        content_type="application/json",
        headers={REQUEST_HEADER: "1"},
    )
    assert response.status_code == (200 if path == "token" else 400)


@pytest.mark.parametrize(
    "path", ["users.json?", "users.json?query=1&", "users/1.json?", "users?"]
)
def test_ticks_pass_the_cache_so_often_and_no_more(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(agents, "TICKS", Rate(0.001, 5))
    client = portal(**service.config() | {"CHATVISOR_CACHE_SECONDS": 60})
    for number in range(50):
        response = client.get(f"/chatvisor/{path}tick={10**18 + number}")
        assert response.status_code == 200
    assert len(service.requests) == 5


@pytest.mark.parametrize("tick", ["", "x", "-1", "1.5", "9" * 5000])
def test_any_tick_is_answered(client: FlaskClient, tick: str) -> None:
    query = {"tick": tick}
    assert client.get("/chatvisor/users.json", query_string=query).status_code == 200


# --- a token for the application's own pages


def test_a_token_for_the_agents_pages(
    client: FlaskClient, service: FakeService
) -> None:
    response = AgentClient(client).token()
    assert response.status_code == 200
    assert set(response.get_json()) == {"token", "email", "expiresAt"}
    assert response.get_json()["email"] == "mary@example.com"
    grant = grant_of(response, service)
    assert grant.scope == {"list", "call", "presence"}
    assert grant.visitor_id is None


def test_with_a_policy_the_token_is_good_for_presence_only(
    service: FakeService,
) -> None:
    client = portal(with_policy(mine_only), **service.config())
    assert grant_of(AgentClient(client).token(), service).scope == {"presence"}


def wanted(client: FlaskClient, scope: t.Any) -> t.Any:
    return client.post(
        "/chatvisor/token",
        json={"scope": scope},
        headers={"X-Chatvisor-Request": "1"},
    )


@pytest.mark.parametrize("scope", [["presence"], ["list", "presence"], ["call"]])
def test_a_token_is_good_for_no_more_than_is_asked_for(
    client: FlaskClient, service: FakeService, scope: list[str]
) -> None:
    assert grant_of(wanted(client, scope), service).scope == set(scope)


def test_with_a_policy_no_more_can_be_asked_for(service: FakeService) -> None:
    client = portal(with_policy(mine_only), **service.config())
    assert grant_of(wanted(client, ["list", "call"]), service).scope == {"presence"}


@pytest.mark.parametrize("scope", [[], "presence", ["admin"], [["list"]], [1], {}])
def test_a_scope_of_nonsense_is_refused(
    client: FlaskClient, service: FakeService, scope: t.Any
) -> None:
    response = wanted(client, scope)
    assert response.status_code == 400
    assert "call, list, presence" in response.get_json()["detail"]
    assert service.requests == []


def test_for_presence_alone_the_agents_own_token_is_not_given_away(
    service: FakeService,
) -> None:
    chatvisor = Chatvisor()
    chatvisor.user_token_loader(lambda agent: "own-token-of-the-agent")
    client = portal(chatvisor, **service.config())
    assert grant_of(wanted(client, ["presence"]), service).scope == {"presence"}
    assert wanted(client, ["list"]).get_json()["token"] == "own-token-of-the-agent"


def test_a_service_that_wants_a_rest_is_asked_for_no_other_token() -> None:
    with Upstream(answer(429, Retry_After="30")) as upstream:
        agent = AgentClient(portal(**facing(upstream.url)))
        responses = [agent.token(), agent.token(), agent.start_call("v-1")]
    assert [one.status_code for one in responses] == [503, 503, 503]
    assert len(upstream.requests) == 1


# --- too many of them


def start(agent: AgentClient) -> t.Any:
    return agent.start_call("nobody")


def fetch_token(agent: AgentClient) -> t.Any:
    return agent.token()


@pytest.mark.parametrize(
    ("ask", "rate"), [(start, limits.CALLS), (fetch_token, limits.TOKENS)]
)
def test_an_agent_may_not_go_on_for_ever(
    client: FlaskClient, ask: Callable[[AgentClient], t.Any], rate: Rate
) -> None:
    agent = AgentClient(client)
    statuses = []
    while 429 not in statuses:
        response = ask(agent)
        statuses.append(response.status_code)
    # While the burst was used up, some more were allowed.
    assert len(statuses) > rate.burst
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["code"] == "rate-limited"
    wait = int(response.headers["Retry-After"])
    assert 1 <= wait <= math.ceil(1 / rate.per_second)
    assert str(wait) in response.get_json()["remedy"]


def test_what_one_agent_does_too_often_another_may_do(service: FakeService) -> None:
    chatvisor = Chatvisor()
    chatvisor.agent_loader(lambda user: Agent(user.email))
    app, _ = make_application(chatvisor, **without_prefix(service.config()))
    first, second = app.test_client(), app.test_client()
    first.get(f"/sign-in/{MARY.id}")
    second.get(f"/sign-in/{JOHN.id}")
    while start(AgentClient(first)).status_code != 429:
        pass
    # Lists are not affected, nor is anybody else.
    assert AgentClient(first).users().status_code == 200
    assert AgentClient(first).token().status_code == 200
    assert start(AgentClient(second)).status_code == 404


def test_a_refused_start_asks_nothing_of_the_service(
    client: FlaskClient, service: FakeService
) -> None:
    asked = allowed = 0
    while start(AgentClient(client)).status_code != 429:
        allowed += 1
        asked = len(service.requests)
    assert allowed >= limits.CALLS.burst
    assert len(service.requests) == asked


# --- the agent's own token


def with_token(load: Callable[[Agent], t.Any]) -> Chatvisor:
    chatvisor = Chatvisor()
    chatvisor.user_token_loader(load)
    return chatvisor


def test_the_agents_own_token_is_used(service: FakeService) -> None:
    asked: list[Agent] = []

    def load(agent: Agent) -> str:
        asked.append(agent)
        return "marys-own"

    client = portal(with_token(load), **service.config())
    call = AgentClient(client).start_call(service.add()).get_json()
    assert (call["token"], call["expiresAt"]) == ("marys-own", None)
    assert AgentClient(client).token().get_json()["token"] == "marys-own"
    assert asked == [AGENT, AGENT]
    assert ("POST", "/rest/v1/usertoken") not in service.requests


def test_the_agents_own_token_does_not_go_round_a_policy(service: FakeService) -> None:
    chatvisor = with_token(lambda agent: "marys-own")
    chatvisor.policy(mine_only)
    client = portal(chatvisor, **service.config())
    assert grant_of(AgentClient(client).token(), service).scope == {"presence"}
    mine = service.add(assigned_user=AGENT.email)
    grant = grant_of(AgentClient(client).start_call(mine), service)
    assert grant.scope == {"call"}
    assert grant.visitor_id == mine


@pytest.mark.parametrize("nothing", [None, "", 7])
def test_a_token_loader_without_a_token(
    service: FakeService, nothing: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = portal(with_token(lambda agent: nothing), **service.config())
    with caplog.at_level(logging.ERROR):
        response = AgentClient(client).token()
    assert response.status_code == 501
    assert "user_token_loader" in caplog.text


# --- the cloud


def test_in_the_cloud_without_a_token_loader_the_remedy_is_said() -> None:
    client = portal(**CLOUD)
    for response in (
        AgentClient(client).start_call("v-1"),
        AgentClient(client).token(),
    ):
        assert response.status_code == 501
        problem = response.get_json()
        assert problem["code"] == "user-token-unavailable"
        assert "user_token_loader" in problem["remedy"]


def test_in_the_cloud_with_a_token_loader_a_call_is_started() -> None:
    client = portal(with_token(lambda agent: "marys-own"), **CLOUD)
    response = AgentClient(client).start_call("v-1")
    assert response.get_json() == {
        "token": "marys-own",
        "visitorId": "v-1",
        "expiresAt": None,
    }


def test_in_the_cloud_lists_are_the_browsers() -> None:
    client = portal(**CLOUD)
    agent = AgentClient(client)
    for response in (agent.users(), agent.user("john@example.com")):
        assert response.status_code == 501
        assert response.get_json()["code"] == "directory-in-browser"
        assert "CV.user.list" in response.get_json()["detail"]
    for path in PAGES:
        page = client.get(path)
        assert page.status_code == 200
        assert '"directory":"browser"' in page.text.replace(" ", "")


# --- trouble with the service


TROUBLE = [
    (answer(401), 502, "service-refused"),
    (answer(405), 502, "bad-answer"),
    (answer_json([]), 502, "bad-answer"),
    (answer(200, b"<html>", kind="text/html"), 502, "bad-answer"),
    (answer(500), 503, "service-unavailable"),
    (answer(429, Retry_After="30"), 503, "rate-limited"),
    (say_nothing, 504, "service-timeout"),
]


@pytest.mark.parametrize(("reply", "status", "code"), TROUBLE)
def test_trouble_is_told_as_what_it_is(
    reply: t.Any, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Upstream(reply) as upstream:
        client = portal(**facing(upstream.url, 0.05 if reply is say_nothing else 5))
        responses = [
            AgentClient(client).users(),
            AgentClient(client).user("v-1"),
            AgentClient(client).start_call("v-1"),
            client.get("/chatvisor/users"),
        ]
    for response in responses:
        assert response.status_code == status
        assert "very-secret" not in response.text + str(response.headers)
        assert "Traceback" not in response.text
    assert responses[0].get_json()["code"] == code
    assert responses[0].get_json()["remedy"]
    assert responses[-1].mimetype == "text/html"
    assert "very-secret" not in caplog.text


def facing(url: str, read_timeout: float = 5) -> dict[str, t.Any]:
    return {
        "API_URL": url,
        "API_TOKEN": "very-secret" * 3,
        "TIMEOUT": (5, read_timeout),
        "CACHE_SECONDS": 0,
    }


def test_a_page_says_what_is_wrong_and_what_to_do(service: FakeService) -> None:
    service.fail(500)
    client = portal(**service.config())
    for path in PAGES:
        page = client.get(path)
        assert page.status_code == 503
        assert service.url in page.text
        assert "CHATVISOR_API_URL" in page.text


def test_a_page_shows_the_last_list_and_says_that_it_is_old(
    client: FlaskClient, service: FakeService
) -> None:
    service.add(firstname="John", lastname="Doe")
    assert "Updated just now" not in client.get("/chatvisor/users").text
    service.fail(500)
    page = client.get("/chatvisor/users")
    assert page.status_code == 200
    assert "John Doe" in page.text
    assert 'data-chatvisor-connection="stale"' in page.text
    assert f"Updated just now. The service at {service.url} failed" in page.text
    data = client.get("/chatvisor/users.json").get_json()
    assert data["total"] == 1
    assert data["trouble"]["code"] == "service-unavailable"


def test_no_call_is_started_by_old_news(
    client: FlaskClient, service: FakeService
) -> None:
    john = service.add(id="1")
    agent = AgentClient(client)
    assert agent.start_call(john).status_code == 200
    assert agent.user("1").get_json()["user"]["visitorId"] == john
    service.fail(500)
    assert agent.start_call(john).status_code == 503
    assert agent.user("1").status_code == 503


def test_trouble_says_when_to_come_back() -> None:
    with Upstream(answer(429, Retry_After="30")) as upstream:
        response = AgentClient(portal(**facing(upstream.url))).users()
    assert response.headers["Retry-After"] == "30"


def test_pages_recover_when_the_service_does(
    client: FlaskClient, service: FakeService
) -> None:
    service.fail(500)
    assert client.get("/chatvisor/users.json").status_code == 503
    service.fail(None)
    assert client.get("/chatvisor/users.json").status_code == 200


def test_two_applications_do_not_see_each_others_users(service: FakeService) -> None:
    with FakeService() as other:
        first, second = portal(**service.config()), portal(**other.config())
        john = service.add()
        assert ids(first.get("/chatvisor/users.json")) == [john]
        assert ids(second.get("/chatvisor/users.json")) == []


def test_the_prefix_is_configurable(service: FakeService) -> None:
    client = portal(URL_PREFIX="/help/desk", **service.config())
    assert client.get("/help/desk/users.json").status_code == 200
    assert client.get("/chatvisor/users.json").status_code == 404
