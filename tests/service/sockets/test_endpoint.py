"""The WebSocket endpoint, over real sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import typing as t

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.exceptions import InvalidStatus

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.bucket import Rate
from flask_chatvisor.service.protocol import MAX_FRAME
from flask_chatvisor.service.settings import Limits
from flask_chatvisor.service.settings import Timings

from ..conftest import ORIGIN
from ..conftest import LiveService
from ..conftest import Socket
from ..conftest import running
from ..harness import API_TOKEN
from ..harness import IDENTITY_KEY


def john(number: int) -> dict[str, t.Any]:
    return {"id": str(number), "email": f"john{number}@example.com"}


def test_a_whole_call(service: LiveService) -> None:
    token = service.user_token()
    agent = service.socket()
    agent.say("hello-agent", token=token)
    agent.hear("agent-welcome")
    tab, visitor_id = service.tab(john(1))
    agent.hear("tick")
    call = service.post(
        "/rest/v1/call", {"visitorId": visitor_id, "kind": "screen"}, token=token
    ).json()
    watching = service.window(call["url"])
    ring = tab.hear("ring")
    assert ring["agent"] == {"name": "Mary", "email": "mary@example.com"}
    sharing = service.window(ring["url"])
    assert watching.hear("call-welcome")["role"] == "agent"
    assert sharing.hear("call-welcome")["role"] == "visitor"
    sharing.say("ping")
    assert sharing.hear("pong") == {"type": "pong"}
    assert tab.hear("unring")["reason"] == "accepted"
    sharing.say("share")
    sharing.say("offer", sdp="v=0 offer")
    assert watching.hear("offer") == {"type": "offer", "sdp": "v=0 offer"}
    watching.say("answer", sdp="v=0 answer")
    assert sharing.hear("answer")["sdp"] == "v=0 answer"
    candidate = {
        "candidate": "candidate:1 1 udp 2122260223 192.0.2.7 54321 typ host",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
        "usernameFragment": "u",
    }
    sharing.say("candidate", **candidate)
    assert watching.hear("candidate") == {"type": "candidate", **candidate}
    watching.say("live")
    while (own := tab.hear("own-call")["call"])["state"] != "live":
        pass
    assert own == {
        "callId": call["callId"],
        "state": "live",
        "agent": {"name": "Mary", "email": "mary@example.com"},
        "position": None,
        "window": True,
    }
    watching.say("end", reason="agent-ended")
    assert sharing.hear("call-state")["state"] in ("accepted", "connecting", "live")
    while (state := sharing.hear("call-state"))["state"] != "ended":
        pass
    assert state["reason"] == "agent-ended"
    assert tab.hear("own-call")["call"] is None
    kinds = [service.events.get(timeout=10)["type"] for _ in range(3)]
    assert kinds == ["call.requested", "call.started", "call.ended"]


def test_agents_see_at_once_who_is_being_asked_and_by_whom(
    service: LiveService,
) -> None:
    token = service.user_token()
    other = service.user_token(email="adam@example.com", name="Adam")
    watching = service.socket()
    watching.say("hello-agent", token=other)
    watching.hear("tick")
    tab, visitor_id = service.tab(john(6))
    wanted = {"visitorId": visitor_id}
    call = service.post("/rest/v1/call", wanted, token=token).json()

    def wait_for(in_call: t.Any) -> None:
        while True:
            user = service.get(f"/rest/v1/customerstatus/{visitor_id}").json()
            if user["inCall"] == in_call:
                return
            watching.hear("tick")

    mary = {"name": "Mary", "email": "mary@example.com"}
    wait_for({"agent": mary, "since": None})
    refused = service.post("/rest/v1/call", wanted, token=other)
    assert (refused.json()["code"], refused.json()["agent"]) == ("busy", "Mary")
    service.window(call["url"])
    tab.say("decline", callId=tab.hear("ring")["callId"])
    wait_for(None)


# --- who may connect ------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example.com",
        "http://localhost.evil.example.com",
        "http://127.0.0.1.evil.example.com",
        "file://",
    ],
)
def test_a_foreign_origin_is_refused(service: LiveService, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as caught:
        service.socket(origin)
    assert caught.value.response.status_code == 403


def test_two_origins_are_refused(service: LiveService) -> None:
    address = service.url.removeprefix("http://").partition(":")
    with socket.create_connection((address[0], int(address[2]))) as raw:
        raw.sendall(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Origin: http://localhost\r\nOrigin: https://evil.example.com\r\n\r\n"
        )
        assert raw.recv(4096).startswith(b"HTTP/1.1 4")


def test_there_is_one_endpoint(service: LiveService) -> None:
    service.url += "/other"
    try:
        with pytest.raises(InvalidStatus):
            service.socket()
    finally:
        service.url = service.url.removesuffix("/other")


def test_own_pages_are_welcome_always() -> None:
    with running(origins=frozenset({"https://app.example.com"})) as live:
        assert live.socket(live.url)
        assert live.socket("https://app.example.com")
        with pytest.raises(InvalidStatus):
            live.socket(ORIGIN)


# --- bad frames -----------------------------------------------------------------

HELLO = {"type": "hello-visitor", "page": {"title": "", "path": ""}, "visible": True}


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"type":"unknown"}',
        '{"type":"hello-visitor"}',
        json.dumps({**HELLO, "extra": 1}),
        json.dumps({**HELLO, "visible": "yes"}),
        json.dumps({**HELLO, "page": {"title": "x" * 1025, "path": ""}}),
        json.dumps({"type": "tag", "tag": {}}),
        '{"type":"tag","tag":' + "[" * 9000 + "]" * 9000 + "}",
        "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        b"\x00\x01",
    ],
)
def test_a_bad_frame_closes_the_connection(
    service: LiveService, frame: str | bytes
) -> None:
    client = service.socket()
    client.wire.send(frame)
    assert client.closed() == 4400


def test_a_bad_frame_harms_nobody_else(service: LiveService) -> None:
    tab, _ = service.tab(john(2))
    bad = service.socket()
    bad.wire.send("x")
    bad.closed()
    service.settle(tab)


@pytest.mark.parametrize("size", [MAX_FRAME + 1, 1_000_000])
def test_an_oversized_frame_closes_the_connection(
    service: LiveService, size: int
) -> None:
    client, _ = service.tab()
    client.wire.send("x" * size)
    assert client.closed() in (1009, 4413)


def test_the_largest_frame_passes(service: LiveService) -> None:
    client, _ = service.tab()
    frame = json.dumps({"type": "tag", "tag": {"id": "big", "x": ""}})
    filling = "x" * (MAX_FRAME - len(frame))
    client.say("tag", tag={"id": "big", "x": filling})
    service.settle(client)


def test_text_is_counted_in_bytes(service: LiveService) -> None:
    client, _ = service.tab()
    client.wire.send(json.dumps({"x": "€" * 30_000}, ensure_ascii=False))
    assert client.closed() in (1009, 4413)


def test_nobody_is_waited_for_who_does_not_say_hello() -> None:
    with running(timings=Timings(hello=0.05)) as live:
        assert live.socket().closed() == 4408


def test_hello_in_time_is_enough() -> None:
    with running(timings=Timings(hello=0.3)) as live:
        early, _ = live.tab()
        assert live.socket().closed() == 4408
        live.settle(early)


def test_who_sends_too_much_is_closed() -> None:
    with running(limits=Limits(messages=Rate(1, 20))) as live:
        client, _ = live.tab()
        # The service may hang up before the last one is on its way.
        with contextlib.suppress(ConnectionClosed):
            for number in range(30):
                client.say("agents", requestId=number)
        assert client.closed() == 4429


def test_who_sends_too_many_bytes_is_closed() -> None:
    with running(limits=Limits(bytes=Rate(1, 100_000))) as live:
        client, _ = live.tab()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(3):
                client.say("tag", tag={"id": "1", "x": "é" * 10_000})
        assert client.closed() == 4429


# --- tokens ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        API_TOKEN,
        tokens.sign_identity(john(1), IDENTITY_KEY, now=1, max_age=10**10),
        tokens.sign_user(
            "another", email="e", name="n", scope=["presence"], now=1, ttl=10**10
        ),
        tokens.sign_user(
            API_TOKEN, email="e", name="n", scope=["presence"], now=1, ttl=1
        ),
    ],
    ids=["empty", "garbage", "api token", "identity token", "foreign", "expired"],
)
def test_an_agents_socket_wants_a_good_token(service: LiveService, token: str) -> None:
    client = service.socket()
    client.say("hello-agent", token=token)
    assert client.closed() == 4401


def test_an_agents_socket_closes_when_the_token_expires(service: LiveService) -> None:
    client = service.socket()
    client.say("hello-agent", token=service.user_token(ttl=1))
    assert client.closed() == 4401


def test_a_token_without_presence_is_not_for_sockets(service: LiveService) -> None:
    client = service.socket()
    client.say("hello-agent", token=service.user_token(scope=["list", "call"]))
    assert client.closed() == 4403


def test_a_ticket_opens_one_window(service: LiveService) -> None:
    tab, visitor_id = service.tab(john(3))
    wanted = {"visitorId": visitor_id}
    call = service.post("/rest/v1/call", wanted, token=service.user_token()).json()
    service.window(call["url"])
    url = tab.hear("ring")["url"]
    first = service.window(url)
    first.hear("call-welcome")
    assert service.window(url).closed() == 4401


def test_an_unknown_call_is_closed_as_unknown(service: LiveService) -> None:
    assert service.window(f"{service.url}/call/x#y").closed() == 4404


def test_a_forged_visitor_becomes_a_new_one(service: LiveService) -> None:
    _, victim = service.tab(john(4))
    _, forged = service.tab(visitorId=victim, secret="guess")
    assert forged != victim


# --- slow clients ---------------------------------------------------------------


ANY = Rate(1e9, 10**9)


def call_with_a_deaf_agent(live: LiveService) -> tuple[Socket, Socket]:
    """Start a call; return the agent's window, which reads no more, and the other."""
    tab, visitor_id = live.tab(john(5))
    token = live.user_token()
    call = live.post("/rest/v1/call", {"visitorId": visitor_id}, token=token).json()
    agent = live.socket(live.url, max_queue=1, close_timeout=0.5)
    call_id, _, ticket = call["url"].rpartition("/call/")[2].partition("#")
    agent.say("hello-call", callId=call_id, ticket=ticket)
    visitor = live.window(tab.hear("ring")["url"])
    visitor.hear("peer")
    return agent, visitor


def test_a_slow_client_is_let_go_and_holds_up_nobody() -> None:
    limits = Limits(waiting_messages=50, messages=ANY, bytes=ANY)
    with running(limits=limits) as live:
        agent, visitor = call_with_a_deaf_agent(live)
        tab, _ = live.tab()
        gone = False
        while not gone:
            visitor.say("offer", sdp="x" * 50_000)
            live.settle(tab)
            gone = hears_that_the_other_is_gone(visitor)
        assert agent.closed() == 4503
        live.settle(tab)


def test_a_client_that_never_reads_is_given_up() -> None:
    limits = Limits(waiting_messages=50, messages=ANY, bytes=ANY)
    with running(limits=limits, timings=Timings(close=0.05)) as live:
        agent, visitor = call_with_a_deaf_agent(live)
        while not hears_that_the_other_is_gone(visitor):
            visitor.say("offer", sdp="x" * 50_000)
        # The service goes on, and stops without waiting for the deaf one.
        tab, _ = live.tab()
        live.settle(tab)
        assert agent.wire.protocol.state.name == "OPEN"


def hears_that_the_other_is_gone(window: Socket) -> bool:
    try:
        message = json.loads(window.wire.recv(0))
    except TimeoutError:
        return False
    if "ackId" in message:
        window.say("ack", ackId=message["ackId"])
    return bool(message == {"type": "peer", "connected": False})
