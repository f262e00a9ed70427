"""The REST API, over real HTTP."""

from __future__ import annotations

import itertools
import json
import socket
import time
import typing as t
from collections.abc import Iterator

import msgspec
import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.api import PROBLEMS
from flask_chatvisor.contract.api import SCOPES
from flask_chatvisor.service.access.credentials import Access
from flask_chatvisor.service.access.revoked import revocation
from flask_chatvisor.service.engine import MemoryEngine
from flask_chatvisor.service.settings import Settings

from ..conftest import ORIGIN
from ..conftest import LiveService
from ..conftest import Socket
from ..conftest import running
from ..harness import API_TOKEN
from ..harness import IDENTITY_KEY

LIST = "/rest/v1/customerstatus"
numbers = itertools.count(1)


def problem(response: t.Any, status: int, code: str) -> dict[str, t.Any]:
    """Assert that an answer is a whole, right problem."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    return t.cast(dict[str, t.Any], body)


@pytest.fixture
def user(service: LiveService) -> tuple[Socket, str, str]:
    """A new active user: the tab, visitorId and e-mail."""
    email = f"User{next(numbers)}@example.com"
    tag = {"id": f"id-of-{email}", "email": email, "externalToken": "secret"}
    tab, visitor_id = service.tab(tag)
    return tab, visitor_id, email


# --- health ---------------------------------------------------------------------


def test_health_is_for_everybody(service: LiveService) -> None:
    answer = service.get("/health", token=None)
    assert answer.json()["status"] == "ok"
    assert "proof" not in answer.json()


def test_health_proves_that_it_has_the_api_token(service: LiveService) -> None:
    proof = service.get("/health?nonce=n1", token=None).json()["proof"]
    assert proof == Access(Settings(api_tokens=(API_TOKEN,))).health_proof("n1")
    assert proof != Access(Settings(api_tokens=("other",))).health_proof("n1")


def test_health_shows_that_timers_are_not_kept() -> None:
    late = 0.0
    with running(clock=lambda: time.time() + late) as live:
        tab, _ = live.tab()
        tab.close()
        live.get("/health")
        late = 3600.0
        answer = live.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "stuck")


# --- authentication -------------------------------------------------------------

PATHS = [
    ("GET", LIST),
    ("GET", LIST + "/john"),
    ("POST", "/rest/v1/usertoken"),
    ("POST", "/rest/v1/revoke"),
    ("POST", "/rest/v1/call"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "token-missing"),
        ("", "token-missing"),
        ("Bearer", "token-missing"),
        ("Bearer  ", "token-missing"),
        (f"Basic {API_TOKEN}", "token-missing"),
        (API_TOKEN, "token-missing"),
        ("Bearer x", "token-invalid"),
        (f"Bearer {API_TOKEN}x", "token-invalid"),
        ("Bearer \xff", "token-invalid"),
    ],
)
def test_every_route_wants_a_token(
    service: LiveService, method: str, path: str, authorization: str, code: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    encoded = {key: value.encode("latin-1") for key, value in headers.items()}
    answer = service.request(
        method, path, token=None, headers=t.cast(dict[str, str], encoded), json={}
    )
    problem(answer, 401, code)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_token_in_the_url_is_none(
    service: LiveService, method: str, path: str
) -> None:
    url = f"{path}?access_token={API_TOKEN}"
    problem(service.request(method, url, token=None, json={}), 401, "token-missing")


NOW = time.time()


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    ("token", "code"),
    [
        (
            tokens.sign_user(
                API_TOKEN, email="e", name="n", scope=SCOPES, now=NOW - 99, ttl=1
            ),
            "token-expired",
        ),
        (
            tokens.sign_user(
                "another", email="e", name="n", scope=SCOPES, now=NOW, ttl=3600
            ),
            "token-invalid",
        ),
        (
            tokens.sign_identity({"id": "1"}, IDENTITY_KEY, now=NOW, max_age=3600),
            "token-invalid",
        ),
        (
            tokens.sign_identity({"id": "1"}, API_TOKEN, now=NOW, max_age=3600),
            "token-invalid",
        ),
    ],
    ids=["expired", "foreign", "identity token", "identity token, same key"],
)
def test_a_bad_token_is_refused(
    service: LiveService, method: str, path: str, token: str, code: str
) -> None:
    answer = service.request(method, path, token=token, json={})
    problem(answer, 401, code)
    assert token not in answer.text


@pytest.mark.parametrize("scope", ["call", "presence"])
@pytest.mark.parametrize("path", [LIST, LIST + "/john"])
def test_lists_need_their_scope(service: LiveService, scope: str, path: str) -> None:
    token = service.user_token(scope=[scope])
    problem(service.get(path, token=token), 403, "scope-missing")


# --- lists ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd() -> Iterator[LiveService]:
    """A service with a few active users of its own."""
    with running() as live:
        for number, name in enumerate(["Ann", "Bob", "Cem", "Dan"]):
            live.tab(
                {
                    "id": str(number),
                    "email": f"{name.lower()}@example.com",
                    "firstname": name,
                    "labels": ["Gold"] if number % 2 else [],
                    "assignedUser": "mary@example.com" if number == 2 else "",
                    "additionalTaggingData": {"plan": "Tariff X"},
                }
            )
        live.tab()
        yield live


def names(answer: t.Any) -> list[str]:
    return [user["firstname"] for user in answer.json()["results"]]


def test_the_list_has_everybody_who_is_tagged(crowd: LiveService) -> None:
    answer = crowd.get(LIST)
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["page"], body["total"]) == (1, 4)
    assert names(answer) == ["Ann", "Bob", "Cem", "Dan"]


def test_a_user_token_lists_as_well(crowd: LiveService) -> None:
    assert crowd.get(LIST, token=crowd.user_token()).json()["total"] == 4


def test_an_entry_has_the_documented_keys(crowd: LiveService) -> None:
    entry = crowd.get(LIST).json()["results"][0]
    tag = "id email firstname lastname gender labels assignedUser"
    more = "additionalTaggingData visitorId verified location since lastSeen visible"
    assert set(entry) == {*tag.split(), *more.split(), "inCall", "waitingSince"}
    assert entry["location"] == {"title": "Home", "path": "/"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=bob", ["Bob"]),
        ("q=BOB", ["Bob"]),
        ("q=tariff", ["Ann", "Bob", "Cem", "Dan"]),
        ("q=example.com+c", ["Ann", "Bob", "Cem", "Dan"]),
        ("q=nobody", []),
        ("q=cem+mary", ["Cem"]),
        ("label=gold", ["Bob", "Dan"]),
        ("label=go", []),
        ("assigned=MARY@example.com", ["Cem"]),
        ("assigned=none", ["Ann", "Bob", "Dan"]),
        ("label=gold&q=dan", ["Dan"]),
        ("sort=-name", ["Dan", "Cem", "Bob", "Ann"]),
        ("sort=email", ["Ann", "Bob", "Cem", "Dan"]),
        ("sort=-since", ["Dan", "Cem", "Bob", "Ann"]),
        ("sort=lastSeen", ["Ann", "Bob", "Cem", "Dan"]),
        ("pageSize=3", ["Ann", "Bob", "Cem"]),
        ("pageSize=3&pageNumber=2", ["Dan"]),
        ("pageSize=3&pageNumber=9", []),
        (
            "q=&label=&assigned=&sort=&pageSize=",
            ["Ann", "Bob", "Cem", "Dan"],
        ),
    ],
)
def test_the_list_is_searched_sorted_and_paged(
    crowd: LiveService, query: str, found: list[str]
) -> None:
    assert names(crowd.get(f"{LIST}?{query}")) == found


@pytest.mark.parametrize(
    "query",
    [
        "sort=x",
        "sort=--name",
        "pageNumber=0",
        "pageNumber=-1",
        "pageNumber=x",
        "pageNumber=1.5",
        "pageNumber=99999999999999999999",
        "pageNumber=000000001" + "9" * 5000,
        "pageSize=1001",
        "pageSize=0",
        "pageNumber=%C2%B2",
    ],
)
def test_a_bad_query_is_refused_and_said_why(crowd: LiveService, query: str) -> None:
    body = problem(crowd.get(f"{LIST}?{query}"), 400, "bad-request")
    assert query.partition("=")[0] in body["detail"]


def test_one_user_is_found_by_every_name(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    _, visitor_id, email = user
    for query in (email, email.upper(), f"id-of-{email}", visitor_id):
        found = service.get(f"{LIST}/{query}").json()
        assert (found["visitorId"], found["email"]) == (visitor_id, email)


def test_an_id_may_have_a_slash_in_it(service: LiveService) -> None:
    _, visitor_id = service.tab({"id": "a/b c"})
    found = service.get(f"{LIST}/a%2Fb%20c").json()
    assert found["visitorId"] == visitor_id


def test_who_is_not_active_is_not_found(service: LiveService) -> None:
    problem(service.get(f"{LIST}/nobody"), 404, "not-found")


def test_no_answer_has_the_external_token(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    for path in (LIST, f"{LIST}/{user[2]}"):
        text = service.get(path).text
        assert "externalToken" not in text
        assert "secret" not in text


# --- user tokens ----------------------------------------------------------------


def test_a_user_token_is_minted(service: LiveService) -> None:
    answer = service.post(
        "/rest/v1/usertoken", {"email": "m@example.com", "name": "Mary", "ttl": 60}
    )
    assert answer.status_code == 201
    body = answer.json()
    grant = tokens.verify_user(body["token"], [API_TOKEN], now=time.time())
    assert (grant.email, grant.name) == ("m@example.com", "Mary")
    assert grant.visitor_id is None
    assert grant.scope == set(SCOPES)
    assert body["expiresAt"].endswith("Z")


def test_a_bound_token_is_for_calling(service: LiveService) -> None:
    token = service.user_token(visitorId="v1")
    grant = tokens.verify_user(token, [API_TOKEN], now=time.time())
    assert grant.visitor_id == "v1"
    assert grant.scope == {"call"}


def test_a_bound_token_gets_no_other_scope(service: LiveService) -> None:
    body = {"email": "m@example.com", "ttl": 60, "visitorId": "v1", "scope": ["list"]}
    answer = service.post("/rest/v1/usertoken", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")


def test_a_token_without_a_scope_is_good_for_nothing(service: LiveService) -> None:
    grant = tokens.verify_user(
        service.user_token(scope=[]), [API_TOKEN], now=time.time()
    )
    assert grant.scope == frozenset()


def test_without_a_name_the_email_is_shown(service: LiveService) -> None:
    body = {"email": "m@example.com", "ttl": 60}
    token = service.post("/rest/v1/usertoken", body).json()["token"]
    grant = tokens.verify_user(token, [API_TOKEN], now=time.time())
    assert grant.name == "m@example.com"


def test_agents_mint_no_tokens(service: LiveService) -> None:
    wishes = {"email": "m@example.com", "name": "Mary", "ttl": 60}
    answer = service.post("/rest/v1/usertoken", wishes, token=service.user_token())
    problem(answer, 403, "scope-missing")


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"email": "", "ttl": 60},
        {"email": "m@example.com"},
        {"email": "m@example.com", "ttl": 0},
        {"email": "m@example.com", "ttl": 3601},
        {"email": "m@example.com", "ttl": "60"},
        {"email": "m@example.com", "ttl": 60, "scope": ["admin"]},
        {"email": "m@example.com", "ttl": 60, "scope": "call"},
        {"email": "m@example.com", "ttl": 60, "visitorId": ""},
        {"email": "m@example.com", "ttl": 60, "role": "x"},
        {"email": 7, "ttl": 60},
        [],
        None,
    ],
)
def test_bad_wishes_are_refused(service: LiveService, wishes: t.Any) -> None:
    problem(service.post("/rest/v1/usertoken", wishes), 400, "bad-request")


@pytest.mark.parametrize("path", ["/rest/v1/usertoken", "/rest/v1/call"])
@pytest.mark.parametrize("body", [b"", b"x", b'{"a"', b"\xff\xfe", b"[" * 60_000])
def test_a_body_that_is_no_json_is_refused(
    service: LiveService, path: str, body: bytes
) -> None:
    token = API_TOKEN if path.endswith("usertoken") else service.user_token()
    problem(service.request("POST", path, token=token, data=body), 400, "bad-request")


def test_a_large_body_is_refused(service: LiveService) -> None:
    answer = service.request("POST", "/rest/v1/usertoken", data=b" " * 70_000)
    problem(answer, 413, "too-large")


def test_a_large_body_in_pieces_is_refused(service: LiveService) -> None:
    pieces = (b" " * 10_000 for _ in range(10))
    answer = service.request("POST", "/rest/v1/usertoken", data=pieces)
    problem(answer, 413, "too-large")


# --- revoking -------------------------------------------------------------------


def revoke(service: LiveService, email: str, **options: t.Any) -> t.Any:
    return service.post("/rest/v1/revoke", {"email": email}, **options)


def test_a_revoked_agent_is_out(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    email = f"agent-of-{user[2]}"
    token = service.user_token(email=email)
    unused = service.user_token(email=email, visitorId=user[1])
    page = service.socket()
    page.say("hello-agent", token=token)
    page.hear("agent-welcome")
    agent = service.window(call(service, user[1], token=token).json()["url"])
    visitor = service.window(user[0].hear("ring")["url"])
    visitor.hear("call-welcome")
    visitor.say("share")
    agent.say("live")
    visitor.hear("call-state")

    assert revoke(service, email).json() == {"endedCalls": 1}
    for window in (agent, visitor):
        while (state := window.hear("call-state"))["state"] != "ended":
            pass
        assert state["reason"] == "agent-ended"
    assert page.closed() == 4401
    problem(service.get(LIST, token=token), 401, "token-revoked")
    problem(call(service, user[1], token=token), 401, "token-revoked")
    problem(call(service, user[1], token=unused), 401, "token-revoked")
    assert service.get(LIST, token=service.user_token(email=email)).status_code == 200


def test_for_one_visitor_only_tokens_for_that_visitor_are_refused(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    email = f"agent-of-{user[2]}"
    bound = service.user_token(email=email, visitorId=user[1])
    free = service.user_token(email=email)
    body = {"email": email, "visitorId": user[1]}
    assert service.post("/rest/v1/revoke", body).json() == {"endedCalls": 0}
    problem(call(service, user[1], token=bound), 401, "token-revoked")
    problem(call(service, user[1], token=free), 401, "token-revoked")
    assert service.get(LIST, token=free).status_code == 200


def test_a_call_that_is_being_started_ends_too(
    service: LiveService,
    user: tuple[Socket, str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, visitor_id, email = user

    async def revoke_meanwhile(self: MemoryEngine, *_: t.Any) -> bool:
        await self.revoke(revocation(email, None), time.time(), time.time() + 60)
        return True

    token = service.user_token(email=email, visitorId=visitor_id)
    monkeypatch.setattr(MemoryEngine, "once", revoke_meanwhile)
    problem(call(service, visitor_id, token=token), 401, "token-revoked")
    assert service.get(f"{LIST}/{visitor_id}").json()["inCall"] is None


def test_agents_revoke_nobody(service: LiveService) -> None:
    answer = revoke(service, "a@example.com", token=service.user_token())
    problem(answer, 403, "scope-missing")


@pytest.mark.parametrize("wishes", [{}, {"email": ""}, {"email": "a", "all": 1}, []])
def test_who_is_revoked_must_be_said(service: LiveService, wishes: t.Any) -> None:
    problem(service.post("/rest/v1/revoke", wishes), 400, "bad-request")


# --- calls ----------------------------------------------------------------------


def call(service: LiveService, visitor_id: str, **options: t.Any) -> t.Any:
    token = options.pop("token", None) or service.user_token(**options)
    return service.post("/rest/v1/call", {"visitorId": visitor_id}, token=token)


def test_a_call_is_started(service: LiveService, user: tuple[Socket, str, str]) -> None:
    answer = call(service, user[1])
    assert answer.status_code == 201
    body = answer.json()
    assert body["url"].startswith(f"{service.url}/call/{body['callId']}#")
    service.window(body["url"])
    assert user[0].hear("ring")["callId"] == body["callId"]


def test_the_api_token_does_not_call(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    problem(call(service, user[1], token=API_TOKEN), 403, "scope-missing")


def test_calling_needs_its_scope(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    answer = call(service, user[1], scope=["list", "presence"])
    problem(answer, 403, "scope-missing")


@pytest.mark.parametrize("known_by", ["id", "email"])
def test_a_bound_token_is_for_the_user_who_was_there(
    service: LiveService, known_by: str
) -> None:
    kim, jane = ({known_by: f"{next(numbers)}@example.com"} for _ in range(2))
    tab, visitor_id = service.tab(kim)
    first, second = (service.user_token(visitorId=visitor_id) for _ in range(2))
    tab.say("tag", tag=kim | {"firstname": "Kim"})
    service.settle(tab)
    assert call(service, visitor_id, token=first).status_code == 201
    tab.say("tag", tag=jane)
    service.settle(tab)
    problem(call(service, visitor_id, token=second), 404, "visitor-gone")


def test_after_a_no_neither_a_call_nor_its_token_is_to_be_had(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    tab, visitor_id, _ = user
    token = service.user_token()
    service.window(call(service, visitor_id, token=token).json()["url"])
    tab.say("decline", callId=tab.hear("ring")["callId"])
    service.settle(tab)
    mary = {"email": "mary@example.com", "ttl": 60, "visitorId": visitor_id}
    for answer in (
        call(service, visitor_id, token=token),
        service.post("/rest/v1/usertoken", mary),
    ):
        problem(answer, 429, "asked-recently")
        assert 0 < int(answer.headers["Retry-After"]) <= 30
    adam = mary | {"email": "adam@example.com"}
    assert service.post("/rest/v1/usertoken", adam).status_code == 201


def test_a_bound_token_for_nobody_calls_nobody_who_comes_later(
    service: LiveService,
) -> None:
    tab, visitor_id = service.tab()
    token = service.user_token(visitorId=visitor_id)
    tab.say("tag", tag={"id": str(next(numbers))})
    service.settle(tab)
    problem(call(service, visitor_id, token=token), 404, "visitor-gone")


def test_a_bound_token_is_good_once(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    token = service.user_token(visitorId=user[1])
    assert call(service, user[1], token=token).status_code == 201
    problem(call(service, user[1], token=token), 401, "token-used")


def test_a_bound_token_is_good_for_its_visitor(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    token = service.user_token(visitorId="another")
    problem(call(service, user[1], token=token), 403, "wrong-visitor")


def test_a_bound_token_lists_nobody(service: LiveService) -> None:
    token = service.user_token(visitorId="v1")
    problem(service.get(LIST, token=token), 403, "scope-missing")


def test_a_token_that_is_not_bound_is_good_again(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    token = service.user_token()
    first, second = (call(service, user[1], token=token).json() for _ in range(2))
    assert first["callId"] == second["callId"]
    assert first["url"] != second["url"]


def test_who_is_not_here_is_not_called(service: LiveService) -> None:
    problem(call(service, "nobody"), 404, "visitor-gone")


def test_who_is_in_a_call_is_busy(
    service: LiveService, user: tuple[Socket, str, str]
) -> None:
    call(service, user[1])
    body = problem(call(service, user[1], email="adam@example.com"), 409, "busy")
    assert body["agent"] == "Mary"


@pytest.mark.parametrize(
    "body", [{}, {"visitorId": 7}, {"visitorId": "v", "kind": "audio"}, {"x": 1}]
)
def test_a_bad_call_is_refused(service: LiveService, body: t.Any) -> None:
    answer = service.post("/rest/v1/call", body, token=service.user_token())
    problem(answer, 400, "bad-request")


# --- addresses and methods ------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/rest/v1", "/rest/v1/other", "/x/../health/y"])
def test_an_unknown_address_is_not_found(service: LiveService, path: str) -> None:
    problem(service.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", LIST, "GET"),
        ("DELETE", LIST + "/x", "GET"),
        ("GET", "/rest/v1/call", "POST"),
        ("GET", "/rest/v1/usertoken", "POST"),
        ("POST", "/health", "GET"),
    ],
)
def test_a_wrong_method_is_refused(
    service: LiveService, method: str, path: str, allowed: str
) -> None:
    answer = service.request(method, path)
    problem(answer, 405, "method-not-allowed")
    assert allowed in answer.headers["Allow"]


def test_every_code_has_its_status() -> None:
    assert {code: status for code, (status, _) in PROBLEMS.items()} == {
        "token-missing": 401,
        "token-invalid": 401,
        "token-expired": 401,
        "token-revoked": 401,
        "token-used": 401,
        "scope-missing": 403,
        "wrong-visitor": 403,
        "origin-refused": 403,
        "not-found": 404,
        "visitor-gone": 404,
        "method-not-allowed": 405,
        "busy": 409,
        "too-large": 413,
        "bad-request": 400,
        "asked-recently": 429,
        "rate-limited": 429,
    }


def test_garbage_instead_of_http_harms_nobody(service: LiveService) -> None:
    host, _, port = service.url.removeprefix("http://").partition(":")
    for garbage in (b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\nHost", b"x" * 100_000):
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(garbage)
    assert service.get("/health").ok


# --- CORS -----------------------------------------------------------------------

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}


def test_pages_of_an_allowed_origin_may_ask(service: LiveService) -> None:
    headers = {"Origin": ORIGIN, **PREFLIGHT}
    answer = service.request("OPTIONS", "/rest/v1/call", token=None, headers=headers)
    assert answer.ok
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Content-Type"} <= set(allowed)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Origin" in answer.headers["Vary"].split(", ")
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", [LIST, "/rest/v1/unknown"])
def test_answers_name_the_allowed_origin(service: LiveService, path: str) -> None:
    answer = service.get(path, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Vary"] == "Origin"


def test_refusals_name_the_allowed_origin(service: LiveService) -> None:
    answer = service.get(LIST, token=None, headers={"Origin": ORIGIN})
    problem(answer, 401, "token-missing")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_pages_of_another_origin_may_not(
    service: LiveService, origin: str, method: str
) -> None:
    headers = {"Origin": origin, **PREFLIGHT}
    answer = service.request(method, LIST, headers=headers)
    problem(answer, 403, "origin-refused")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_server_has_no_origin(service: LiveService) -> None:
    assert "Access-Control-Allow-Origin" not in service.get(LIST).headers


# --- hostile tags ---------------------------------------------------------------

HOSTILE = [
    "</script><script>alert(1)</script>",
    "\"'`<>&",
    "\u2028\u2029",
    "👩‍💻🏳️‍🌈",
    "x" * 50_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_passes_as_text(service: LiveService, text: str) -> None:
    email = f"h{next(numbers)}@example.com"
    tab, _ = service.tab({"email": email, "firstname": text})
    found = service.get(f"{LIST}/{email}").json()
    assert found["firstname"] == text[:256].strip()
    service.settle(tab)


def test_deep_data_does_not_break_the_list(service: LiveService) -> None:
    deep: t.Any = 1
    for _ in range(800):
        deep = {"a": deep}
    frame = msgspec.json.encode(
        {"type": "tag", "tag": {"id": "deep", "additionalTaggingData": {"x": deep}}}
    )
    tab, _ = service.tab()
    tab.wire.send(frame.decode())
    service.settle(tab)
    found = service.get(f"{LIST}/deep").json()
    assert json.dumps(found["additionalTaggingData"]).count("a") == 3
