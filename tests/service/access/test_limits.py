"""What is too much for one client, with the clock in the hand."""

from __future__ import annotations

import typing as t

import pytest
import requests
from websockets.exceptions import InvalidStatus

from flask_chatvisor.contract.bucket import Rate
from flask_chatvisor.service.access.limits import address_of
from flask_chatvisor.service.settings import Limits

from ..conftest import ORIGIN
from ..conftest import LiveService
from ..conftest import running

START = 1_700_000_000.0
USERS = "/rest/v1/customerstatus"
CALL = "/rest/v1/call"
#: Of somebody on the internet; the server believes a proxy on the same machine.
STRANGER = {"X-Forwarded-For": "9.9.9.9"}


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


# --- who it is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("9.9.9.9", 1), "9.9.9.9"),
        (("::ffff:9.9.9.9", 1), "9.9.9.9"),
        (("2620:fe::fe", 1), "2620:fe::/64"),
        (("2620:fe::9", 1), "2620:fe::/64"),
        (("127.0.0.1", 1), None),
        (("10.1.2.3", 1), None),
        (("192.168.0.7", 1), None),
        (("::1", 1), None),
        (("unix", 0), None),
        (None, None),
    ],
)
def test_a_client_is_known_by_its_public_address(
    client: t.Any, address: str | None
) -> None:
    assert address_of({"client": client}) == address


# --- REST ---------------------------------------------------------------------------


def expect_limit(answer: requests.Response, seconds: str) -> None:
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == seconds
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "rate-limited"
    assert set(problem) == {"type", "title", "status", "code", "detail"}


def test_an_agent_who_asks_too_often_waits_and_nobody_else_does() -> None:
    clock = Clock()
    with running(clock, limits=Limits(agents=Rate(0.2, 2))) as live:
        mary = live.user_token()
        adam = live.user_token(email="adam@example.com", name="Adam")
        for _ in range(2):
            assert live.get(USERS, token=mary).status_code == 200
        refused = live.get(USERS, token=mary, headers={"Origin": ORIGIN})
        expect_limit(refused, "5")
        assert refused.headers["Access-Control-Expose-Headers"] == "Retry-After"
        assert live.get(USERS, token=adam).status_code == 200
        for _ in range(10):
            assert live.get(USERS).status_code == 200, "the application asks for all"
        clock.now += 5
        assert live.get(USERS, token=mary).status_code == 200


def test_an_agent_who_calls_too_often_waits() -> None:
    clock = Clock()
    with running(clock, limits=Limits(calls=Rate(0.5, 1))) as live:
        token = live.user_token()
        _, visitor_id = live.tab({"id": "1"})
        wanted = {"visitorId": visitor_id}
        assert live.post(CALL, wanted, token=token).status_code == 201
        expect_limit(live.post(CALL, wanted, token=token), "2")
        assert live.get(USERS, token=token).status_code == 200
        clock.now += 2
        assert live.post(CALL, wanted, token=token).status_code == 201


def test_a_token_that_is_good_once_is_not_used_up_by_a_call_that_came_too_early() -> (
    None
):
    clock = Clock()
    with running(clock, limits=Limits(calls=Rate(0.5, 1))) as live:
        _, visitor_id = live.tab({"id": "1"})
        wanted = {"visitorId": visitor_id}
        first, second = (live.user_token(visitorId=visitor_id) for _ in range(2))
        assert live.post(CALL, wanted, token=first).status_code == 201
        expect_limit(live.post(CALL, wanted, token=second), "2")
        clock.now += 2
        assert live.post(CALL, wanted, token=second).status_code == 201


def test_whoever_guesses_tokens_waits_and_nobody_with_a_good_one_does() -> None:
    clock = Clock()
    with running(clock, limits=Limits(strangers=Rate(0.1, 3))) as live:
        for token in (None, "guess", "guess again"):
            answer = live.get(USERS, token=token, headers=STRANGER)
            assert answer.status_code == 401
        expect_limit(live.get(USERS, token="x", headers=STRANGER), "10")
        assert live.get(USERS, headers=STRANGER).status_code == 200
        other = {"X-Forwarded-For": "8.8.8.8"}
        assert live.get(USERS, token="x", headers=other).status_code == 401
        for _ in range(5):
            assert live.get(USERS, token="x").status_code == 401, "no public address"


# --- sockets ------------------------------------------------------------------------


def connect(live: LiveService) -> None:
    live.socket(headers=STRANGER).say(
        "hello-visitor", page={"title": "", "path": ""}, visible=True
    )


def test_one_address_opens_so_many_connections_a_second() -> None:
    clock = Clock()
    with running(clock, limits=Limits(connections=Rate(0.5, 2))) as live:
        for _ in range(2):
            connect(live)
        with pytest.raises(InvalidStatus) as caught:
            connect(live)
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "2"
        for _ in range(5):
            live.tab()
        clock.now += 2
        connect(live)


def test_a_clock_that_is_set_back_closes_nobodys_connection() -> None:
    clock = Clock()
    with running(clock) as live:
        tab, _ = live.tab()
        clock.now -= 3600
        live.settle(tab)


def test_one_address_has_so_many_connections_open() -> None:
    with running(limits=Limits(open_connections=1)) as live:
        first = live.socket(headers=STRANGER)
        with pytest.raises(InvalidStatus) as caught:
            connect(live)
        assert caught.value.response.status_code == 429
        first.wire.close()
        gone = False
        while not gone:
            try:
                connect(live)
                gone = True
            except InvalidStatus:
                live.tab()
