"""What the extension needs of a backend's REST API, and what cv.js needs."""

from __future__ import annotations

import datetime as dt
import time
import typing as t
import uuid
from urllib.parse import quote

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.api import PATHS
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.rest.client import Client
from flask_chatvisor.rest.transport import Transport
from tests.contract.conftest import Backend
from tests.contract.conftest import Json
from tests.contract.conftest import Visit
from tests.contract.conftest import Visits

LIST = "/rest/v1/customerstatus"
USER_KEYS = {
    "visitorId",
    "id",
    "email",
    "firstname",
    "lastname",
    "gender",
    "labels",
    "assignedUser",
    "additionalTaggingData",
    "verified",
    "location",
    "since",
    "lastSeen",
    "visible",
    "inCall",
    "waitingSince",
}


def unique() -> str:
    return uuid.uuid4().hex


def status_path(query: str) -> str:
    return f"{LIST}/{quote(query, safe='')}"


def moment(text: str) -> float:
    assert text.endswith("Z")
    assert len(text) == len("2026-11-22T21:45:04.123Z")
    return dt.datetime.fromisoformat(text).timestamp()


def first_names(users: list[Json]) -> list[str]:
    return [user["firstname"] for user in users]


# --- without a token


def test_health_is_for_all(backend: Backend) -> None:
    answer = backend.get("/health", token=None)
    assert answer.status == 200
    assert answer.json["status"] == "ok"


def test_the_script_is_for_all(backend: Backend) -> None:
    answer = backend.get("/cdn/js/whatever.js", token=None)
    assert answer.status == 200
    assert "javascript" in answer.headers["Content-Type"]
    assert "CVLoaded" in answer.text


# --- tokens


PROTECTED = [
    ("GET", LIST),
    ("GET", f"{LIST}/john@example.com"),
    ("POST", "/rest/v1/usertoken"),
    ("POST", "/rest/v1/call"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_token_is_wanted(backend: Backend, method: str, path: str) -> None:
    answer = backend.request(method, path, token=None, json={})
    assert answer.problem() == (401, "token-missing")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "x" * 10_000])
def test_a_foreign_token_is_refused(
    backend: Backend, method: str, path: str, token: str
) -> None:
    answer = backend.request(method, path, token=token, json={})
    assert answer.problem() == (401, "token-invalid")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_token_in_the_query_is_not_read(
    backend: Backend, method: str, path: str
) -> None:
    params = {"access_token": backend.token}
    answer = backend.request(method, path, token=None, params=params, json={})
    assert answer.problem() == (401, "token-missing")


def test_a_customers_identity_token_is_no_user_token(backend: Backend) -> None:
    identity = tokens.sign_identity(
        {"id": "1"}, backend.identity_key, now=time.time(), max_age=60
    )
    assert backend.get(LIST, token=identity).problem() == (401, "token-invalid")


def test_an_expired_user_token_is_refused(backend: Backend) -> None:
    expired = tokens.sign_user(
        backend.token,
        email="mary@example.com",
        name="Mary",
        scope=["list"],
        now=time.time() - 3600,
        ttl=60,
    )
    assert backend.get(LIST, token=expired).problem() == (401, "token-expired")


def test_a_user_token_is_minted(backend: Backend) -> None:
    wanted = {"email": "mary@example.com", "name": "Mary", "ttl": 600}
    answer = backend.post("/rest/v1/usertoken", wanted)
    assert answer.status == 201
    assert set(answer.json) == {"token", "expiresAt"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert abs(moment(answer.json["expiresAt"]) - time.time() - 600) < 60
    assert backend.get(LIST, token=answer.json["token"]).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"ttl": 0},
        {"ttl": 3601},
        {"ttl": "60"},
        {"email": ""},
        {"email": None},
        {"scope": ["everything"]},
        {"scope": "list"},
        {"visitorId": 7},
    ],
)
def test_a_user_token_of_nonsense_is_refused(backend: Backend, changes: Json) -> None:
    wanted = {"email": "mary@example.com", "name": "Mary", "ttl": 600} | changes
    answer = backend.post("/rest/v1/usertoken", wanted)
    assert answer.problem() == (400, "bad-request")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
@pytest.mark.parametrize("path", ["/rest/v1/usertoken", "/rest/v1/call"])
def test_a_body_that_is_no_json_object_is_refused(
    backend: Backend, path: str, body: bytes
) -> None:
    token = backend.token if "usertoken" in path else backend.user_token()
    answer = backend.request("POST", path, token, data=body)
    assert answer.problem() == (400, "bad-request")


def test_a_body_without_end_is_refused(backend: Backend) -> None:
    wanted = {"email": "mary@example.com", "name": "x" * 1_000_000, "ttl": 60}
    answer = backend.post("/rest/v1/usertoken", wanted)
    assert answer.problem() == (413, "too-large")


def test_a_user_token_mints_no_other(backend: Backend) -> None:
    wanted = {"email": "eve@example.com", "name": "Eve", "ttl": 3600}
    answer = backend.post("/rest/v1/usertoken", wanted, backend.user_token())
    assert answer.problem() == (403, "scope-missing")


@pytest.mark.parametrize("scope", [["presence"], ["call"], ["call", "presence"]])
@pytest.mark.parametrize("path", [LIST, f"{LIST}/nobody"])
def test_without_its_scope_a_token_lists_nobody(
    backend: Backend, scope: list[str], path: str
) -> None:
    answer = backend.get(path, backend.user_token(scope=scope))
    assert answer.problem() == (403, "scope-missing")


# --- the list


def test_an_active_user_is_told_in_full(
    backend: Backend, visit: Visits, label: str
) -> None:
    began = time.time()
    tab = visit(
        title="Invoices",
        path="/invoices",
        id="1",
        email="John@example.com",
        firstname="John",
        lastname="Doe",
        gender="male",
        labels=[label, "gold"],
        assignedUser="mary@example.com",
        additionalTaggingData={"plan": "large"},
        externalToken="not-a-token",
    )
    answer = backend.get(LIST, label=label)
    assert answer.status == 200
    assert set(answer.json) == {"page", "total", "results"}
    assert (answer.json["page"], answer.json["total"]) == (1, 1)
    (user,) = answer.json["results"]
    assert set(user) == USER_KEYS
    assert "not-a-token" not in answer.text
    assert user["visitorId"] == tab.visitor_id
    assert user["location"] == {"title": "Invoices", "path": "/invoices"}
    assert user["labels"] == [label, "gold"]
    assert user["additionalTaggingData"] == {"plan": "large"}
    assert user["verified"] is False
    assert user["visible"] is True
    assert user["inCall"] is user["waitingSince"] is None
    for time_of in (user["since"], user["lastSeen"]):
        assert abs(moment(time_of) - began) < 60


def known(user: dict[str, t.Any]) -> dict[str, t.Any]:
    """A user as the client has it: what is empty is not there."""
    return {key: None if value == "" else value for key, value in user.items()}


def test_the_clients_records_are_the_backends(
    backend: Backend, visit: Visits, label: str
) -> None:
    visit(id="1", email="john@example.com", labels=[label], path="/x")
    transport = Transport(backend.url, backend.token, (20, 20))
    page = Client(transport, PATHS).active_users(Selection(label=label))
    transport.close()
    (user,) = page.results
    assert user.to_json() == known(backend.users(label=label)[0])


def test_who_is_not_tagged_is_not_active(backend: Backend, visit: Visits) -> None:
    tab = visit.untagged()
    assert backend.get(status_path(tab.visitor_id)).problem() == (404, "not-found")


def test_who_resets_is_not_active_any_more(backend: Backend, visit: Visits) -> None:
    user_id = unique()
    tab = visit(id=user_id)
    tab.send({"type": "reset"})
    tab.until("welcome")
    for query in (user_id, tab.visitor_id):
        assert backend.get(status_path(query)).problem() == (404, "not-found")


def test_the_list_is_searched(backend: Backend, visit: Visits, label: str) -> None:
    one, two = unique(), unique()
    visit(firstname="Anna", email=f"{one}@example.com", labels=[label])
    visit(firstname="Bert", id=two, labels=[label])
    assert first_names(backend.users(label=label, q=one[:20].upper())) == ["Anna"]
    assert first_names(backend.users(label=label, q=two)) == ["Bert"]
    assert first_names(backend.users(label=label, q="ber")) == ["Bert"]
    assert backend.users(label=label, q="zzz") == []
    assert backend.users(label=label + "x") == []


def test_the_list_is_filtered_by_agent(
    backend: Backend, visit: Visits, label: str
) -> None:
    visit(firstname="Anna", assignedUser="mary@example.com", labels=[label])
    visit(firstname="Bert", assignedUser="adam@example.com", labels=[label])
    visit(firstname="Cleo", labels=[label])
    mine = backend.users(label=label, assigned="mary@example.com")
    nobodys = backend.users(label=label, assigned="none")
    assert first_names(mine) == ["Anna"]
    assert first_names(nobodys) == ["Cleo"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ({}, "abc"),
        ({"sort": "name"}, "abc"),
        ({"sort": "-name"}, "cba"),
        ({"sort": "email"}, "cab"),
        ({"sort": "-email"}, "bac"),
        ({"sort": "page"}, "bca"),
        ({"sort": "since"}, "bac"),
        ({"sort": "-since"}, "cab"),
    ],
)
def test_the_list_is_sorted(
    backend: Backend, visit: Visits, label: str, sort: dict[str, str], order: str
) -> None:
    emails = {"b": "z@example.com", "a": "Y@example.com", "c": "x@example.com"}
    paths = {"b": "/1", "a": "/3", "c": "/2"}
    # In the order of their arrival, each in a millisecond of its own.
    for name, email in emails.items():
        visit(firstname=name, email=email, path=paths[name], labels=[label])
    assert "".join(first_names(backend.users(label=label, **sort))) == order


def ask_for_help(backend: Backend, visit: Visits, tab: Visit) -> str:
    """Have a visitor wait for an agent; the call's id."""
    tab.send({"type": "conference-start", "requestId": 2})
    conference = tab.until("conference")
    assert conference["url"].startswith(f"{backend.url}/call/{conference['callId']}#")
    visit.call_window(conference["url"])
    return str(conference["callId"])


@pytest.mark.parametrize("sort", ["name", "-since", "email"])
def test_who_waits_comes_first(
    backend: Backend, visit: Visits, label: str, sort: str
) -> None:
    waiting = visit(firstname="Zoe", email="z@example.com", id="1", labels=[label])
    visit(firstname="Anna", email="a@example.com", labels=[label])
    assert first_names(backend.users(label=label, sort=sort)) == ["Anna", "Zoe"]
    ask_for_help(backend, visit, waiting)
    users = backend.users(label=label, sort=sort)
    assert first_names(users) == ["Zoe", "Anna"]
    assert abs(moment(users[0]["waitingSince"]) - time.time()) < 60


def test_the_list_is_limited_to_those_who_are_named(
    backend: Backend, visit: Visits
) -> None:
    one, two, three = unique(), unique(), unique()
    visit(firstname="Anna", id=one)
    visit(firstname="Bert", email=f"{two}@example.com")
    tab = visit(firstname="Cleo", id=three)
    visit(firstname="Dora", id=unique())
    queries = [one, f"{two}@Example.COM", tab.visitor_id, three, "zzz"]
    answer = backend.get(LIST, query=queries).json
    assert first_names(answer["results"]) == ["Anna", "Bert", "Cleo"]
    assert answer["total"] == 3
    # By this a client knows that it was understood.
    assert answer["queries"] == queries
    assert "queries" not in backend.get(LIST, q=one).json


def test_nobody_is_listed_where_nobody_of_those_is_there(backend: Backend) -> None:
    answer = backend.get(LIST, query=[unique(), ""]).json
    assert (answer["total"], answer["results"]) == (0, [])


def test_so_many_at_once_are_refused(backend: Backend) -> None:
    answer = backend.get(LIST, query=[str(n) for n in range(101)])
    assert answer.problem() == (400, "bad-request")


def test_the_list_comes_in_pages(backend: Backend, visit: Visits, label: str) -> None:
    for name in "abc":
        visit(firstname=name, labels=[label])
    first = backend.get(LIST, label=label, pageSize=2).json
    second = backend.get(LIST, label=label, pageSize=2, pageNumber=2).json
    third = backend.get(LIST, label=label, pageSize=2, pageNumber=3).json
    assert first_names(first["results"]) == ["a", "b"]
    assert first_names(second["results"]) == ["c"]
    assert third["results"] == []
    assert [one["total"] for one in (first, second, third)] == [3, 3, 3]
    assert [one["page"] for one in (first, second, third)] == [1, 2, 3]


@pytest.mark.parametrize(
    "params",
    [
        {"pageNumber": 0},
        {"pageNumber": "x"},
        {"pageSize": 0},
        {"pageSize": 1001},
        {"sort": "rank"},
        {"sort": "--name"},
    ],
)
def test_a_list_of_nonsense_is_refused(
    backend: Backend, params: dict[str, t.Any]
) -> None:
    assert backend.get(LIST, **params).problem() == (400, "bad-request")


# --- one user


def test_one_user_is_found_by_id_email_and_visitor(
    backend: Backend, visit: Visits
) -> None:
    user_id, email = unique(), f"{unique()}@Example.com"
    tab = visit(id=user_id, email=email)
    for query in (user_id, email, email.upper(), tab.visitor_id):
        answer = backend.get(status_path(query))
        assert answer.status == 200, query
        assert set(answer.json) == USER_KEYS | {"pages", "tabs"}
        assert answer.json["visitorId"] == tab.visitor_id


@pytest.mark.parametrize("query", ["{}/b", "a b {}", "{}%2F", "Žofie {}", "{}?x#y&z"])
def test_an_id_of_any_characters_is_found(
    backend: Backend, visit: Visits, query: str
) -> None:
    user_id = query.format(unique())
    tab = visit(id=user_id)
    assert backend.get(status_path(user_id)).json["visitorId"] == tab.visitor_id


def test_one_who_is_not_active_is_not_found(backend: Backend) -> None:
    assert backend.get(status_path(unique())).problem() == (404, "not-found")


def test_a_verified_visitor_is_preferred(backend: Backend, visit: Visits) -> None:
    user_id = unique()
    verified = visit(signed=True, visible=False, id=user_id)
    visit(id=user_id)
    found = backend.get(status_path(user_id)).json
    assert found["visitorId"] == verified.visitor_id
    assert found["verified"] is True


def test_a_visible_visitor_is_preferred(backend: Backend, visit: Visits) -> None:
    user_id = unique()
    visible = visit(id=user_id)
    visit(visible=False, id=user_id)
    found = backend.get(status_path(user_id)).json
    assert found["visitorId"] == visible.visitor_id


def test_a_signed_tag_is_taken_from_the_token_alone(
    backend: Backend, visit: Visits
) -> None:
    user_id = unique()
    tab = visit(signed=True, id=user_id, firstname="John")
    token = tokens.sign_identity(
        {"id": user_id, "firstname": "John"},
        backend.identity_key,
        now=time.time(),
        max_age=600,
    )
    tab.tag({"firstname": "Boss", "labels": ["vip"], "externalToken": token})
    found = backend.get(status_path(user_id))
    assert found.json["firstname"] == "John"
    assert found.json["labels"] == []
    assert token not in found.text


# --- calls


def test_a_call_rings_at_the_visitor(backend: Backend, visit: Visits) -> None:
    tab = visit(id=unique())
    token = backend.user_token(visitorId=tab.visitor_id, scope=["call"])
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    answer = backend.post("/rest/v1/call", wanted, token)
    assert answer.status == 201
    assert set(answer.json) == {"callId", "url"}
    address, _, ticket = answer.json["url"].partition("#")
    assert address == f"{backend.url}/call/{answer.json['callId']}"
    assert len(ticket) >= 22
    visit.call_window(answer.json["url"])
    ring = tab.until("ring")
    assert ring["callId"] == answer.json["callId"]
    assert ring["agent"] == {"name": "Mary", "email": "mary@example.com"}
    assert ticket not in str(ring)


def test_a_token_for_one_visitor_is_good_once(backend: Backend, visit: Visits) -> None:
    tab = visit(id=unique())
    token = backend.user_token(visitorId=tab.visitor_id, scope=["call"])
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    assert backend.post("/rest/v1/call", wanted, token).status == 201
    again = backend.post("/rest/v1/call", wanted, token)
    assert again.problem() == (401, "token-used")


def test_a_token_for_one_visitor_calls_no_other(
    backend: Backend, visit: Visits
) -> None:
    one, other = visit(id=unique()), visit(id=unique())
    token = backend.user_token(visitorId=one.visitor_id, scope=["call"])
    wanted = {"visitorId": other.visitor_id, "kind": "screen"}
    answer = backend.post("/rest/v1/call", wanted, token)
    assert answer.problem() == (403, "wrong-visitor")


def test_one_who_has_left_cannot_be_called(backend: Backend) -> None:
    wanted = {"visitorId": unique(), "kind": "screen"}
    answer = backend.post("/rest/v1/call", wanted, backend.user_token())
    assert answer.problem() == (404, "visitor-gone")


def test_one_in_a_call_is_busy(backend: Backend, visit: Visits) -> None:
    tab = visit(id=unique())
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    assert backend.post("/rest/v1/call", wanted, backend.user_token()).status == 201
    adam = backend.user_token(email="adam@example.com", name="Adam")
    answer = backend.post("/rest/v1/call", wanted, adam)
    assert answer.problem() == (409, "busy")
    assert answer.json["agent"] == "Mary"


def test_one_who_declined_can_be_called_again(backend: Backend, visit: Visits) -> None:
    tab = visit(id=unique())
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    call = backend.post("/rest/v1/call", wanted, backend.user_token())
    tab.send({"type": "decline", "callId": call.json["callId"]})
    tab.settle()
    assert backend.post("/rest/v1/call", wanted, backend.user_token()).status == 201


def test_one_who_waits_is_joined(backend: Backend, visit: Visits) -> None:
    tab = visit(id=unique())
    call_id = ask_for_help(backend, visit, tab)
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    answer = backend.post("/rest/v1/call", wanted, backend.user_token())
    assert answer.status == 201
    assert answer.json["callId"] == call_id


def test_an_agent_calls_and_not_an_application(backend: Backend) -> None:
    wanted = {"visitorId": unique(), "kind": "screen"}
    answer = backend.post("/rest/v1/call", wanted)
    assert answer.problem() == (403, "scope-missing")


@pytest.mark.parametrize("scope", [["list"], ["presence"], ["list", "presence"]])
def test_without_its_scope_a_token_calls_nobody(
    backend: Backend, scope: list[str]
) -> None:
    wanted = {"visitorId": unique(), "kind": "screen"}
    answer = backend.post("/rest/v1/call", wanted, backend.user_token(scope=scope))
    assert answer.problem() == (403, "scope-missing")


@pytest.mark.parametrize("wanted", [{}, {"visitorId": ""}, {"visitorId": 7}])
def test_a_call_of_nonsense_is_refused(backend: Backend, wanted: Json) -> None:
    answer = backend.post("/rest/v1/call", wanted, backend.user_token())
    assert answer.problem() == (400, "bad-request")


# --- everything else


def test_an_unknown_path_is_a_problem(backend: Backend) -> None:
    assert backend.get("/rest/v1/nothing").problem() == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", LIST), ("GET", "/rest/v1/usertoken"), ("DELETE", "/rest/v1/call")],
)
def test_another_method_is_a_problem(backend: Backend, method: str, path: str) -> None:
    answer = backend.request(method, path)
    assert answer.problem() == (405, "method-not-allowed")


def test_pages_of_an_allowed_origin_may_ask(backend: Backend) -> None:
    headers = {"Origin": backend.origin}
    answer = backend.request("GET", LIST, headers=headers)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == backend.origin
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_preflight_of_an_allowed_origin_is_answered(backend: Backend) -> None:
    headers = {
        "Origin": backend.origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = backend.request("OPTIONS", "/rest/v1/call", token=None, headers=headers)
    assert answer.status in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == backend.origin
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null"])
def test_pages_of_another_origin_may_not(backend: Backend, origin: str) -> None:
    answer = backend.request("GET", LIST, headers={"Origin": origin})
    assert answer.problem() == (403, "origin-refused")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_cookie_is_set(backend: Backend) -> None:
    for path in ("/health", "/cdn/js/x.js", LIST):
        assert "Set-Cookie" not in backend.get(path).headers
