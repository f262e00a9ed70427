"""Call events are delivered in order, signed, and tried again."""

from __future__ import annotations

import contextlib
import http.server
import json
import logging
import queue
import threading
import time
import typing as t
from collections.abc import Iterator

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.service.events import LINES
from flask_chatvisor.service.events import MOST_OF_ONE
from flask_chatvisor.service.events import MOST_WAITING
from flask_chatvisor.service.events import PAUSES
from flask_chatvisor.service.events import POSTS_AT_ONCE
from flask_chatvisor.service.events import Events
from flask_chatvisor.service.events import Poster

from .conftest import running
from .harness import API_TOKEN

EVENT = {"type": "call.ended", "callId": "c1"}
PATIENCE = 10


class Receiver:
    """An HTTP server with configurable answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[int] = []
        self.requests: queue.Queue[tuple[str, dict[str, str], bytes]] = queue.Queue()
        #: Nothing is answered while this is not set.
        self.free = threading.Event()
        self.free.set()

    def got(self) -> list[tuple[str, dict[str, str], bytes]]:
        return [self.requests.get_nowait() for _ in range(self.requests.qsize())]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.put((self.path, dict(self.headers), body))
            found.free.wait(PATIENCE)
            status = found.answers.pop(0) if found.answers else 204
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", found.url + "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: t.Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def post(receiver: Receiver, now: float = 1_700_000_000.0) -> list[float]:
    """Post an event without waiting; return the pauses that were made."""
    pauses: list[float] = []
    poster = Poster(
        receiver.url + "/chatvisor/events",
        "api-token",
        clock=lambda: now,
        sleep=pauses.append,
    )
    poster(EVENT)
    return pauses


def test_an_event_is_posted_and_signed(receiver: Receiver) -> None:
    assert post(receiver) == []
    ((path, headers, body),) = receiver.got()
    assert path == "/chatvisor/events"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == EVENT
    signature = headers["X-Chatvisor-Signature"]
    tokens.verify_event(body, signature, ["api-token"], now=1_700_000_000.0)
    with pytest.raises(tokens.TokenError):
        tokens.verify_event(body, signature, ["other"], now=1_700_000_000.0)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_trouble_that_passes_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [status, status]
    assert post(receiver) == list(PAUSES[:2])
    assert len(receiver.got()) == 3


def test_trouble_that_stays_is_given_up_and_logged(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500] * 10
    assert post(receiver) == list(PAUSES)
    assert len(receiver.got()) == len(PAUSES) + 1
    assert "not delivered: 'status 500'" in caplog.text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302, 307])
def test_a_refusal_is_final(
    receiver: Receiver, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [status]
    assert post(receiver) == []
    assert len(receiver.got()) == 1
    assert f"not delivered: 'status {status}'" in caplog.text


def test_nobody_who_listens_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    gone = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    gone.server_close()
    receiver = Receiver(f"http://127.0.0.1:{gone.server_port}")
    assert post(receiver) == list(PAUSES)
    assert "Connection refused" in caplog.text
    assert "api-token" not in caplog.text


def test_each_attempt_is_signed_anew(receiver: Receiver) -> None:
    receiver.answers = [500]
    now = iter([1000.0, 2000.0])
    Poster(
        receiver.url, "api-token", clock=lambda: next(now), sleep=lambda seconds: None
    )(EVENT)
    (_, first, body), (_, second, _) = receiver.got()
    tokens.verify_event(body, first["X-Chatvisor-Signature"], ["api-token"], now=1000.0)
    tokens.verify_event(
        body, second["X-Chatvisor-Signature"], ["api-token"], now=2000.0
    )


# --- delivering in the background


@contextlib.contextmanager
def delivering(deliver: t.Any) -> Iterator[Events]:
    events = Events(deliver)
    yield events
    events.stop()


def test_events_come_in_order_and_have_ids_of_their_own() -> None:
    got: queue.Queue[t.Any] = queue.Queue()
    with delivering(got.put) as events:
        for number in range(20):
            events.put({"number": number})
        arrived = [got.get(timeout=PATIENCE) for _ in range(20)]
    assert [event["number"] for event in arrived] == list(range(20))
    assert len({event["id"] for event in arrived}) == 20


def test_a_receiver_that_fails_does_not_stop_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    got: queue.Queue[t.Any] = queue.Queue()

    def deliver(event: t.Any) -> None:
        if event["number"] == 0:
            raise RuntimeError("the application's fault")
        got.put(event)

    with caplog.at_level(logging.ERROR), delivering(deliver) as events:
        events.put({"number": 0})
        events.put({"number": 1})
        assert got.get(timeout=PATIENCE)["number"] == 1
    assert "the application's fault" in caplog.text


def test_a_receiver_that_hangs_holds_up_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    free, got = threading.Event(), queue.Queue[t.Any]()

    def deliver(event: t.Any) -> None:
        free.wait(PATIENCE)
        got.put(event)

    with delivering(deliver) as events:
        for number in range(2000):
            events.put({"number": number})
        assert "dropped" in caplog.text
        free.set()
        assert got.get(timeout=PATIENCE)


def test_what_waits_is_delivered_before_the_end() -> None:
    got: list[t.Any] = []
    events = Events(got.append)
    for number in range(100):
        events.put({"visitorId": f"v{number % 9}"})
    events.stop(PATIENCE)
    assert len(got) == 100


# --- everybody gets a share


class Gate:
    """A receiver that is slow until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.got: list[tuple[str, int]] = []

    def __call__(self, event: t.Any) -> None:
        self.reached.set()
        self.opened.wait(PATIENCE)
        self.got.append((event["visitorId"], event["number"]))

    def of(self, visitor_id: str) -> list[int]:
        return [number for one, number in self.got if one == visitor_id]


@contextlib.contextmanager
def waiting(gate: Gate) -> Iterator[Events]:
    """Put events while the receiver has the first one in its hands."""
    with delivering(gate) as events:
        put(events, "first", 0)
        gate.reached.wait(PATIENCE)
        yield events
        gate.opened.set()
        events.stop(PATIENCE)


def put(events: Events, visitor_id: str, *numbers: int) -> None:
    for number in numbers:
        events.put({"visitorId": visitor_id, "number": number})


def test_a_flood_pushes_out_nobodys_events_but_its_own() -> None:
    gate = Gate()
    with waiting(gate) as events:
        put(events, "john", 1)
        put(events, "evil", *range(1500))
        put(events, "john", 2)
        put(events, "evil", *range(1500, 3000))
        put(events, "john", 3)
    assert gate.of("john") == [1, 2, 3]
    # The newest are left, and they take turns with the others.
    assert gate.of("evil") == list(range(2970, 3000))
    assert gate.got.index(("john", 3)) <= 5


def test_a_flood_of_many_visitors_pushes_out_nobody_who_has_few_events() -> None:
    gate = Gate()
    with waiting(gate) as events:
        put(events, "john", 1, 2, 3)
        for number in range(100):
            put(events, f"evil {number}", *range(20))
        put(events, "jane", 1, 2, 3)
    assert gate.of("john") == gate.of("jane") == [1, 2, 3]
    assert len(gate.got) == MOST_WAITING + 1


def test_many_who_want_help_push_out_nobody_whose_event_is_newer() -> None:
    gate = Gate()
    with waiting(gate) as events:
        for number in range(2 * MOST_WAITING):
            put(events, f"v{number}", 1)
        put(events, "john", 1)
    assert gate.of("john") == [1]
    assert len(gate.got) == MOST_WAITING + 1


def test_several_are_delivered_at_once_but_only_one_of_each_visitor() -> None:
    at_once, got = threading.Barrier(4), list[tuple[str, int]]()

    def deliver(event: t.Any) -> None:
        at_once.wait(PATIENCE)  # goes on only if four are here
        got.append((event["visitorId"], event["number"]))

    events = Events(deliver, at_once=4)
    for number in range(5):
        for visitor_id in "abcd":
            put(events, visitor_id, number)
    events.stop(PATIENCE)
    for visitor_id in "abcd":
        assert [n for one, n in got if one == visitor_id] == list(range(5))


@pytest.mark.parametrize(
    ("agent", "delivered"),
    [(None, ["c1 ended"]), ({"email": "mary"}, ["c1 requested", "c1 ended"])],
)
def test_of_a_call_that_nobody_joined_only_the_end_is_left(
    agent: t.Any, delivered: list[str]
) -> None:
    reached, free, got = threading.Event(), threading.Event(), list[str]()

    def deliver(event: t.Any) -> None:
        reached.set()
        free.wait(PATIENCE)
        got.append(f"{event['callId']} {event['type'].removeprefix('call.')}")

    with delivering(deliver) as events:
        told = {"visitorId": "v", "agent": None}
        # The first is under way, so it is told in any case.
        events.put({**told, "type": "call.requested", "callId": "c0"})
        reached.wait(PATIENCE)
        events.put({**told, "type": "call.requested", "callId": "c1"})
        events.put({**told, "type": "call.ended", "callId": "c0"})
        events.put({**told, "type": "call.ended", "callId": "c1", "agent": agent})
        free.set()
        events.stop(PATIENCE)
    assert [one for one in got if one.startswith("c0")] == ["c0 requested", "c0 ended"]
    assert [one for one in got if one.startswith("c1")] == delivered


def test_a_slow_application_hears_of_everybody(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.free.clear()
    events = Events(Poster(receiver.url, "api-token"), at_once=POSTS_AT_ONCE)
    for number in range(1000):
        told = {"visitorId": "evil", "callId": f"evil {number}", "agent": None}
        events.put({**told, "type": "call.requested"})
        events.put({**told, "type": "call.ended"})
    kinds = ["call.requested", "call.started", "call.ended"]
    for kind in kinds:
        events.put({"visitorId": "v1", "type": kind, "agent": {"email": "mary"}})
    receiver.free.set()
    events.stop(PATIENCE)
    bodies = [json.loads(body) for _, _, body in receiver.got()]
    mine = [one["type"] for one in bodies if one["visitorId"] == "v1"]
    assert mine == kinds
    assert len(bodies) <= 3 + MOST_OF_ONE + POSTS_AT_ONCE
    # The log is not flooded, either.
    assert 0 < caplog.text.count("dropped") <= LINES.burst
    assert "Connection pool" not in caplog.text


def test_without_a_receiver_nothing_is_started() -> None:
    before = threading.active_count()
    events = Events(None)
    events.put(EVENT)
    assert threading.active_count() == before
    events.stop()


def test_a_service_posts_to_the_url_of_its_settings(receiver: Receiver) -> None:
    with running(events_url=receiver.url + "/events") as live:
        _, visitor_id = live.tab({"id": "7"})
        token = live.user_token()
        live.post("/rest/v1/call", {"visitorId": visitor_id}, token=token)
        path, headers, body = receiver.requests.get(timeout=PATIENCE)
    assert path == "/events"
    event = json.loads(body)
    assert (event["type"], event["userId"]) == ("call.requested", "7")
    signature = headers["X-Chatvisor-Signature"]
    tokens.verify_event(body, signature, [API_TOKEN], now=time.time())
