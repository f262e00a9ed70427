"""The embedded service: one for all processes of an application."""

from __future__ import annotations

import contextlib
import gc
import queue
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import typing as t
from collections.abc import Iterator

import pytest
import requests

from flask_chatvisor.contract import tokens
from flask_chatvisor.service.running.embedded import Embedded
from flask_chatvisor.service.running.embedded import EmbeddedError

from ..conftest import LiveService
from ..harness import IDENTITY_KEY

API_TOKEN = "embedded-api-token"
PATIENCE = 10

SIBLING = f"""
import sys
from flask_chatvisor.service.running.embedded import Embedded
embedded = Embedded(
    bind=("127.0.0.1", int(sys.argv[1])),
    api_token={API_TOKEN!r},
    identity_key={IDENTITY_KEY!r},
)
embedded.ensure()
print(embedded.is_here, flush=True)
for line in sys.stdin:
    embedded.ensure()
    print(embedded.is_here, flush=True)
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def embedded(
    port: int, api_token: str = API_TOKEN, **options: t.Any
) -> Iterator[Embedded]:
    one = Embedded(
        bind=("127.0.0.1", port),
        api_token=api_token,
        identity_key=IDENTITY_KEY,
        **options,
    )
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture
def started() -> Iterator[tuple[Embedded, int]]:
    """One that runs here, and its port."""
    port = free_port()
    with embedded(port) as one:
        one.ensure()
        yield one, port


@pytest.fixture
def live(started: tuple[Embedded, int]) -> Iterator[LiveService]:
    live = LiveService(f"http://127.0.0.1:{started[1]}", queue.Queue())
    yield live
    live.close()


@contextlib.contextmanager
def sibling(port: int) -> Iterator[subprocess.Popen[str]]:
    """Another process of the same application, which has handled a request."""
    process = subprocess.Popen(
        [sys.executable, "-c", SIBLING, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def another_request(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return said(process)


def health(port: int) -> t.Any:
    return requests.get(f"http://127.0.0.1:{port}/health", timeout=PATIENCE).json()


def is_free(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_nothing_runs_before_the_first_request() -> None:
    port = free_port()
    with embedded(port) as one:
        assert not one.is_here
        assert is_free(port)


def test_the_first_request_starts_it_and_later_ones_find_it() -> None:
    port = free_port()
    with embedded(port) as one:
        one.ensure()
        assert health(port)["status"] == "ok"
        threads = threading.active_count()
        for _ in range(50):
            one.ensure()
        assert threading.active_count() == threads
    assert is_free(port)


def test_requests_at_the_same_time_start_one() -> None:
    port = free_port()
    with embedded(port) as one:
        requests_ = [threading.Thread(target=one.ensure) for _ in range(16)]
        for request in requests_:
            request.start()
        for request in requests_:
            request.join()
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("chatvisor-service") == 1


def test_it_can_be_stopped_and_started_again_and_answers_at_once() -> None:
    port = free_port()
    with embedded(port) as one:
        one.stop()  # it never ran
        for _ in range(5):
            one.ensure()
            assert health(port)["status"] == "ok"
            assert one.is_here
            one.stop()
            assert is_free(port)
        one.stop()


def test_it_stops_although_somebody_is_connected(
    started: tuple[Embedded, int], live: LiveService
) -> None:
    one, port = started
    live.tab()
    one.stop()
    assert is_free(port)


def test_identity_is_required(live: LiveService) -> None:
    tab, _ = live.tab()
    tab.say("tag", tag={"email": "john@example.com"})
    assert tab.hear("refused")["code"] == "token-missing"


def test_events_reach_the_application() -> None:
    port = free_port()
    events: queue.Queue[t.Any] = queue.Queue()
    with embedded(port, on_event=events.put) as one:
        one.ensure()
        live = LiveService(f"http://127.0.0.1:{port}", events)
        tag = {"externalToken": sign({"id": "7"})}
        _, visitor_id = live.tab(tag)
        bearer = {"token": API_TOKEN}
        minted = live.post(
            "/rest/v1/usertoken", {"email": "m@example.com", "ttl": 60}, **bearer
        )
        live.post(
            "/rest/v1/call",
            {"visitorId": visitor_id},
            token=minted.json()["token"],
        )
        event = events.get(timeout=PATIENCE)
        live.close()
    assert (event["type"], event["userId"]) == ("call.requested", "7")


def sign(tag: dict[str, t.Any]) -> str:
    return tokens.sign_identity(tag, IDENTITY_KEY, now=time.time(), max_age=60)


# --- siblings -------------------------------------------------------------------


def test_two_processes_share_one_service() -> None:
    port = free_port()
    with sibling(port) as first:
        assert said(first) == "True"
        with sibling(port) as second, embedded(port) as third:
            assert said(second) == "False"
            third.ensure()
            assert not third.is_here
            assert health(port)["status"] == "ok"


def test_processes_that_start_together_agree_on_one() -> None:
    port = free_port()
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(sibling(port)) for _ in range(3)]
        assert sorted(map(said, processes)) == ["False", "False", "True"]


def test_when_the_sibling_dies_the_next_request_starts_one() -> None:
    port = free_port()
    with sibling(port) as first, embedded(port) as one:
        assert said(first) == "True"
        one.ensure()
        first.kill()
        first.wait()
        one.ensure()
        assert one.is_here
        assert health(port)["status"] == "ok"
        with sibling(port) as later:
            assert said(later) == "False"


def test_when_the_owner_stops_the_sibling_takes_over() -> None:
    port = free_port()
    with embedded(port) as one:
        one.ensure()
        with sibling(port) as other:
            assert said(other) == "False"
            one.stop()
            assert another_request(other) == "True"
            one.ensure()
            assert not one.is_here


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_address_is_free_after_the_process_has_gone(
    number: signal.Signals,
) -> None:
    port = free_port()
    with sibling(port) as process:
        assert said(process) == "True"
        process.send_signal(number)
        process.wait(PATIENCE)
        assert is_free(port)


def test_a_process_ends_by_itself_with_the_service_in_it() -> None:
    port = free_port()
    script = textwrap.dedent(SIBLING).replace("for line in sys.stdin:", "for x in ():")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(port)],
        capture_output=True,
        text=True,
        timeout=PATIENCE * 3,
        check=True,
    )
    assert done.stdout.strip() == "True"
    assert done.stderr == ""


def test_a_forked_child_does_not_hold_the_parents_address() -> None:
    script = SIBLING.split("for line in")[0] + textwrap.dedent(
        """
        import os
        done, tell = os.pipe()
        if not os.fork():
            embedded.ensure()
            print(embedded.is_here, flush=True)
            os.write(tell, b"x")
            sys.stdin.readline()
            embedded.ensure()
            print(embedded.is_here, flush=True)
            os._exit(0)
        os.read(done, 1)
        embedded.stop()
        print("stopped", flush=True)
        os.wait()
        """
    )
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert said(process) == "True"
        assert [said(process), said(process)] == ["False", "stopped"]
        assert another_request(process) == "True"
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.communicate()


# --- something else -------------------------------------------------------------


def test_an_application_with_another_secret_is_something_else() -> None:
    port = free_port()
    with embedded(port) as one, embedded(port, api_token="another") as other:
        one.ensure()
        with pytest.raises(EmbeddedError, match="SECRET_KEY"):
            other.ensure()


@contextlib.contextmanager
def stranger(
    talk: t.Callable[[socket.socket], None],
) -> Iterator[tuple[int, list[int]]]:
    """A program that has an address; the port, and one number for each connection."""
    met: list[int] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        contextlib.ExitStack() as all_,
    ):

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    all_.enter_context(connection)
                    met.append(len(met))
                    talk(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], met
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def drip(connection: socket.socket) -> None:
    """Begin a good answer, and never end it."""
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            connection.sendall(b" ")
            connection.settimeout(0.01)
            with contextlib.suppress(TimeoutError):
                if connection.recv(1000) == b"":
                    return


HTTP = b"HTTP/1.0 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        HTTP + b"hello",
        HTTP + b"{}",
        HTTP + b"[]",
        HTTP + b'{"proof": "x"}',
        HTTP + b'{"proof": 7}',
        HTTP + b"x" * 10**6,
        HTTP.replace(b"200", b"500"),
        b"\x00garbage\r\n\r\n",
    ],
    ids=lambda answer: answer[-16:].decode(),
)
def test_something_else_at_the_address_is_a_clear_error(answer: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        with connection, contextlib.suppress(OSError):
            connection.sendall(answer)

    with stranger(talk) as (port, _), embedded(port) as one:
        for _ in range(2):
            with pytest.raises(EmbeddedError, match="another program") as caught:
                one.ensure()
        assert str(port) in str(caught.value)
        assert "CHATVISOR_EMBEDDED_BIND" in str(caught.value)


@pytest.mark.parametrize("talk", [lambda connection: None, drip])
def test_what_never_finishes_an_answer_is_asked_once_and_holds_nobody_up(
    talk: t.Callable[[socket.socket], None],
) -> None:
    with stranger(talk) as (port, met), embedded(port, patience=0.3) as one:
        for _ in range(20):
            with pytest.raises(EmbeddedError, match="does not answer"):
                one.ensure()
        assert len(met) == 1


def test_an_address_that_becomes_free_is_taken_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with embedded(server.getsockname()[1], patience=0.1) as one:
            with pytest.raises(EmbeddedError):
                one.ensure()
            server.close()
            one.ensure()
            assert one.is_here


def test_an_address_that_is_not_ours_is_a_clear_error() -> None:
    one = Embedded(
        bind=("192.0.2.1", 5081), api_token=API_TOKEN, identity_key=IDENTITY_KEY
    )
    with pytest.raises(EmbeddedError, match="listening failed"):
        one.ensure()


def test_secrets_are_not_shown() -> None:
    with embedded(free_port()) as one:
        assert API_TOKEN not in repr(one)
        assert IDENTITY_KEY not in repr(one)
        assert "elsewhere" in repr(one)


def test_an_embedded_service_that_nobody_needs_leaves_no_trace() -> None:
    with embedded(free_port()) as one:
        one.ensure()
    del one
    gc.collect()
    names = [thread.name for thread in threading.enumerate()]
    assert "chatvisor-service" not in names
