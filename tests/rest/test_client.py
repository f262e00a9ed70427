"""The operations: what is sent, and what the answers become."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest

from flask_chatvisor.contract.api import PATHS
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.errors import BadAnswer
from flask_chatvisor.errors import ServiceError
from flask_chatvisor.errors import ServiceRefused
from flask_chatvisor.rest.client import Client
from flask_chatvisor.rest.transport import Transport
from tests.doubles.upstream import Reply
from tests.doubles.upstream import Upstream
from tests.doubles.upstream import answer
from tests.doubles.upstream import answer_json

JOHN = {"visitorId": "v-1", "id": "1", "email": "john@example.com"}
EMPTY = answer_json({"page": 1, "total": 0, "results": []})


def no_pause(_: float) -> None:
    """Do not sleep."""


@contextmanager
def asking(
    *replies: Reply, paths: t.Mapping[str, str] = PATHS
) -> Iterator[tuple[Client, Upstream]]:
    with Upstream(*replies) as upstream:
        transport = Transport(upstream.url, "token", (5, 5), sleep=no_pause)
        yield Client(transport, paths), upstream
        transport.close()


def test_a_list_is_asked_for_and_read() -> None:
    reply = answer_json({"page": 2, "total": 51, "results": [JOHN]})
    with asking(reply) as (client, upstream):
        page = client.active_users(
            Selection(
                q="john & co",
                label="gold",
                assigned="none",
                sort="-lastSeen",
                page=2,
            )
        )
    assert page.total == 51
    assert page.results[0].visitor_id == "v-1"
    target = urlsplit(upstream.requests[0].target)
    assert target.path == "/rest/v1/customerstatus"
    assert parse_qs(target.query) == {
        "q": ["john & co"],
        "label": ["gold"],
        "assigned": ["none"],
        "sort": ["-lastSeen"],
        "pageNumber": ["2"],
        "pageSize": ["50"],
    }


def test_filters_that_are_not_used_are_not_sent() -> None:
    with asking(EMPTY) as (client, upstream):
        client.active_users()
    query = parse_qs(urlsplit(upstream.requests[0].target).query)
    assert set(query) == {"sort", "pageNumber", "pageSize"}


def test_one_user_is_found() -> None:
    with asking(answer_json(JOHN)) as (client, upstream):
        user = client.status("john+1@example.com")
    assert user is not None
    assert user.visitor_id == "v-1"
    assert upstream.requests[0].target == (
        "/rest/v1/customerstatus/john%2B1%40example.com"
    )


@pytest.mark.parametrize(
    ("query", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("../usertoken", "..%2Fusertoken"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("Žofie", "%C5%BDofie"),
        ("{query}", "%7Bquery%7D"),
    ],
)
def test_a_query_stays_one_segment_of_the_path(query: str, segment: str) -> None:
    with asking(answer_json(JOHN)) as (client, upstream):
        client.status(query)
    assert upstream.requests[0].target == f"/rest/v1/customerstatus/{segment}"


@pytest.mark.parametrize("query", ["", ".", ".."])
def test_what_would_be_another_path_is_not_asked_for(query: str) -> None:
    with asking(answer_json(JOHN)) as (client, upstream):
        assert client.status(query) is None
    assert upstream.requests == []


@pytest.mark.parametrize(
    "reply",
    [
        answer_json({"code": "not-found"}, 404),
        answer(404),
        answer(404, b"<html>", kind="text/html"),
        answer_json({}),
        answer_json({"id": "1", "visitorId": None}),
    ],
)
def test_one_who_is_not_active_is_none(reply: Reply) -> None:
    with asking(reply) as (client, _):
        assert client.status("john@example.com") is None


@pytest.mark.parametrize("data", [[], "john", None, 7, {**JOHN, "labels": "gold"}])
def test_a_status_of_a_wrong_type_is_refused(data: t.Any) -> None:
    with asking(answer_json(data)) as (client, _), pytest.raises(BadAnswer):
        client.status("john@example.com")


def test_trouble_is_not_taken_for_absence() -> None:
    with asking(answer(401)) as (client, _), pytest.raises(ServiceRefused):
        client.status("john@example.com")


def test_a_user_token_is_asked_for() -> None:
    reply = {"token": "t", "expiresAt": "2026-11-22T21:45:04.000Z"}
    with asking(answer_json(reply, 201)) as (client, upstream):
        token = client.user_token(
            "mary@example.com", "Mary", ttl=60, visitor_id="v-1", scope=("call",)
        )
    assert token.token == "t"
    assert token.expires_at == dt.datetime(2026, 11, 22, 21, 45, 4, 0, dt.UTC)
    (request,) = upstream.requests
    assert (request.method, request.target) == ("POST", "/rest/v1/usertoken")
    assert json.loads(request.body) == {
        "email": "mary@example.com",
        "name": "Mary",
        "ttl": 60,
        "visitorId": "v-1",
        "scope": ["call"],
    }


def test_a_token_for_no_visitor_in_particular_names_none() -> None:
    with asking(answer_json({"token": "t"}, 201)) as (client, upstream):
        client.user_token("mary@example.com", "Mary", ttl=600)
    sent = json.loads(upstream.requests[0].body)
    assert "visitorId" not in sent
    assert sent["scope"] == ["list", "call", "presence"]


def test_minting_is_tried_again() -> None:
    with asking(answer(503), answer_json({"token": "t"}, 201)) as (client, upstream):
        assert client.user_token("mary@example.com", "Mary", ttl=60).token == "t"
    assert len(upstream.requests) == 2


def test_a_probe_needs_an_answer_of_the_list() -> None:
    with asking(EMPTY) as (client, _):
        assert client.probe().status == 200
    with asking(answer_json({"hello": "world"})) as (client, _):
        with pytest.raises(BadAnswer):
            client.probe()


def test_paths_of_another_service_are_used() -> None:
    paths = {"list": "/api/customers", "status": "/api/customers/{query}/status"}
    with asking(EMPTY, answer_json(JOHN), paths=paths) as (client, upstream):
        client.active_users()
        client.status("1")
    targets = [urlsplit(request.target).path for request in upstream.requests]
    assert targets == ["/api/customers", "/api/customers/1/status"]


def test_an_operation_whose_path_is_not_known_says_what_to_set() -> None:
    with asking(EMPTY, paths={}) as (client, upstream):
        assert not client.can("list")
        with pytest.raises(ServiceError, match=r"CHATVISOR_API_PATHS\['list'\]"):
            client.active_users()
    assert upstream.requests == []
