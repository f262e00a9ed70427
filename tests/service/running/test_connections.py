"""Connections cost a place, a deadline and a share of frames, whatever they do."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import select
import socket
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.exceptions import InvalidStatus

from flask_chatvisor.contract.bucket import Rate
from flask_chatvisor.service import create_service
from flask_chatvisor.service.access.limits import Gate
from flask_chatvisor.service.running import protocols
from flask_chatvisor.service.running.server import make_server
from flask_chatvisor.service.settings import Limits
from flask_chatvisor.service.settings import Settings
from flask_chatvisor.service.settings import Timings

from ..conftest import ORIGIN
from ..conftest import PATIENCE
from ..conftest import LiveService
from ..conftest import Socket
from ..conftest import running
from ..harness import API_TOKEN

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Origin: " + ORIGIN.encode() + b"\r\n\r\n"
)
POST = (
    b"POST /rest/v1/usertoken HTTP/1.1\r\nHost: x\r\n"
    b"Authorization: Bearer " + API_TOKEN.encode() + b"\r\nContent-Length: 9\r\n\r\n"
)
UNLIMITED = Rate(1e9, 10**9)


def dial(live: LiveService) -> socket.socket:
    parts = urlsplit(live.url)
    return socket.create_connection((parts.hostname, parts.port), PATIENCE)


def read_all(wire: socket.socket) -> bytes:
    """Read to the end of a connection."""
    read = b""
    with contextlib.suppress(ConnectionError):
        while piece := wire.recv(65536):
            read += piece
    return read


def refusal(live: LiveService) -> int:
    """Connect until the service refuses; tell the status."""
    while True:
        try:
            live.socket()
        except InvalidStatus as error:
            return error.response.status_code


def wait_for_a_place(live: LiveService) -> None:
    while not requests.get(live.url + "/health", timeout=PATIENCE).ok:
        pass


# --- deadlines ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def hasty() -> Iterator[LiveService]:
    with running(timings=Timings(request=0.2)) as live:
        yield live


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"GET /hea", id="half a line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n", id="half the headers"),
        pytest.param(HANDSHAKE[:-2], id="half a handshake"),
        pytest.param(POST, id="no body"),
        pytest.param(POST + b"{", id="half a body"),
    ],
)
def test_a_request_that_does_not_come_is_not_waited_for(
    hasty: LiveService, beginning: bytes
) -> None:
    with dial(hasty) as wire:
        wire.sendall(beginning)
        assert read_all(wire) == b""


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [(b"GET / HTTP/1.1\r\n", b"X: y\r\n"), (POST.replace(b" 9", b" 60000"), b" ")],
    ids=["headers", "body"],
)
def test_a_request_that_comes_in_drops_is_not_waited_for(
    hasty: LiveService, beginning: bytes, drop: bytes
) -> None:
    with dial(hasty) as wire:
        wire.sendall(beginning)
        with contextlib.suppress(ConnectionError):
            while not select.select([wire], [], [], 0.02)[0]:
                wire.sendall(drop)
        assert read_all(wire) == b""


def test_the_next_request_has_a_deadline_of_its_own(hasty: LiveService) -> None:
    whole = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with dial(hasty) as wire:
        for _ in range(2):
            wire.sendall(whole)
            while not wire.recv(65536).endswith(b"}"):
                pass
        wire.sendall(whole[:-2])
        assert read_all(wire) == b""


def test_an_open_socket_is_no_request(hasty: LiveService) -> None:
    tab, _ = hasty.tab()
    with dial(hasty) as wire:
        read_all(wire)
    hasty.settle(tab)


def test_an_answer_that_is_not_taken_is_not_kept() -> None:
    limits, timings = Limits(all_connections=1), Timings(taking=0.2)
    with running(limits=limits, timings=timings) as live, dial(live) as wire:
        wire.sendall(b"GET /cdn/js/x.js HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        assert refusal(live) == 503
        wait_for_a_place(live)


def test_who_leaves_in_the_middle_of_a_body_is_not_logged(
    hasty: LiveService, caplog: pytest.LogCaptureFixture
) -> None:
    with dial(hasty) as wire:
        wire.sendall(POST + b"{")
    assert hasty.get("/health").ok
    tab, _ = hasty.tab()
    hasty.settle(tab)
    assert caplog.records == []


# --- places -------------------------------------------------------------------------


def test_one_connection_too_many_is_refused_and_the_others_stay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running(limits=Limits(all_connections=3)) as live:
        tab, _ = live.tab()
        live.tab()
        with dial(live):  # silence takes a place, too
            assert refusal(live) == 503
            answer = requests.get(live.url + "/health", timeout=PATIENCE)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"])
            live.settle(tab)
    assert [vars(record)["event"] for record in caplog.records] == [
        "chatvisor.service.full"
    ]


def test_a_place_is_free_again_when_its_connection_is_gone() -> None:
    with running(limits=Limits(all_connections=1)) as live:
        for _ in range(3):
            tab, _ = live.tab()
            assert refusal(live) == 503
            tab.close()
            wait_for_a_place(live)


def test_a_crowd_of_refused_ones_takes_no_more_than_a_few_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocols, "EXCUSE", 10 * PATIENCE)
    with running(limits=Limits(all_connections=1)) as live:
        tab, _ = live.tab()
        with contextlib.ExitStack() as stack:
            crowd = {stack.enter_context(dial(live)) for _ in range(3 * Gate.EXCUSES)}
            while len(crowd) > Gate.EXCUSES:
                gone, _, _ = select.select(crowd, [], [])
                assert {read_all(wire) for wire in gone} == {b""}
                crowd -= {*gone}
            for wire in crowd:
                wire.sendall(HANDSHAKE)
                assert read_all(wire).startswith(b"HTTP/1.1 503 ")
        assert refusal(live) == 503, "the next ones are answered again"
        live.settle(tab)


def test_the_gate_counts_everybody_and_each_public_address() -> None:
    gate = Gate(Limits(all_connections=5, open_connections=2))
    assert [gate.enter("9.9.9.9") for _ in range(3)] == [True, True, False]
    assert [gate.enter(None) for _ in range(4)] == [True, True, True, False]
    assert not gate.enter("8.8.8.8")
    gate.leave("9.9.9.9")
    assert gate.enter("9.9.9.9")
    gate.leave(None)
    assert not gate.enter("9.9.9.9")
    assert gate.enter("8.8.8.8")


# --- frames -------------------------------------------------------------------------


def pings(tab: Socket) -> None:
    tab.wire.ping()


def pongs(tab: Socket) -> None:
    tab.wire.pong()


def fragments(tab: Socket) -> None:
    tab.wire.send(iter(['{"type":', '"agents",', '"requestId":', "1}"]))


@pytest.mark.parametrize("send", [pings, pongs, fragments])
def test_frames_that_are_no_message_are_limited(send: Callable[[Socket], None]) -> None:
    with running(limits=Limits(frames=Rate(1, 20))) as live:
        tab, _ = live.tab()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(20):
                send(tab)
        assert tab.closed() in (4429, 1006)  # the network may drop the code
        other, _ = live.tab()
        live.settle(other)


def test_a_message_has_not_any_number_of_fragments() -> None:
    with running(limits=Limits(frames=UNLIMITED)) as live:
        tab, _ = live.tab()
        with contextlib.suppress(ConnectionClosed):
            tab.wire.send(iter([""] * 1000))
        assert tab.closed() in (1009, 1006)
        tab, _ = live.tab()
        fragments(tab)
        assert tab.hear("agents")["requestId"] == 1


def test_who_pings_and_never_reads_is_hung_up_on() -> None:
    ping = b"\x89\xfd" + bytes(4) + b"x" * 125
    with running(limits=Limits(frames=UNLIMITED)) as live, dial(live) as wire:
        wire.sendall(HANDSHAKE)
        wire.recv(65536)
        with pytest.raises(ConnectionError):
            wire.sendall(ping * 400_000)  # 52 MB


def test_who_goes_on_after_the_end_is_hung_up_on() -> None:
    with running(limits=Limits(frames=Rate(1, 20))) as live, dial(live) as wire:
        wire.sendall(HANDSHAKE)
        wire.sendall(b"\x81\x81" + bytes(4) + b"x")  # no message
        while b"\x88" not in wire.recv(65536):  # a close frame
            pass
        with contextlib.suppress(ConnectionError):
            wire.sendall((b"\x89\x80" + bytes(4)) * 100)
        read_all(wire)


# --- what is logged -----------------------------------------------------------------


def test_text_that_is_none_closes_the_connection_and_is_not_logged(
    service: LiveService, caplog: pytest.LogCaptureFixture
) -> None:
    tab, _ = service.tab()
    tab.wire.send(b"\xff\xfe", text=True)
    assert tab.closed() == 1007
    split, _ = service.tab()
    split.wire.send(iter([b"\xe2\x82", b"\xff"]), text=True)
    assert split.closed() == 1007
    assert caplog.records == []


def test_what_is_no_request_is_not_logged(
    service: LiveService, caplog: pytest.LogCaptureFixture
) -> None:
    for nonsense in (b"\x00\r\n\r\n", HANDSHAKE.replace(b"websocket", b"h2c")):
        with dial(service) as wire:
            wire.sendall(nonsense)
            wire.shutdown(socket.SHUT_WR)
            assert read_all(wire).startswith(b"HTTP/1.1 4")
    assert caplog.records == []


class Loop(asyncio.SelectorEventLoop):
    """Notes what it is told of trouble."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, t.Any]] = []

    def default_exception_handler(self, context: dict[str, t.Any]) -> None:
        self.told.append(context)


def test_running_out_of_files_is_logged_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = make_server(create_service(Settings(api_tokens=("t",))))
    other = {"message": "other", "exception": ValueError()}
    with contextlib.closing(Loop()) as loop:
        for _ in range(100):
            error = OSError(errno.EMFILE, "Too many open files")
            server._on_trouble(loop, {"message": "accept", "exception": error})
        server._on_trouble(loop, other)
        assert loop.told == [other]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    said = "No connection can be accepted: 'Too many open files'."
    assert record.getMessage() == said
