"""Every way in which a request can fail, against a real server."""

from __future__ import annotations

import gzip
import inspect
import json
import socket
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import requests
from urllib3 import exceptions as u3

from flask_chatvisor.errors import AskedRecently
from flask_chatvisor.errors import BadAnswer
from flask_chatvisor.errors import RateLimited
from flask_chatvisor.errors import ServiceError
from flask_chatvisor.errors import ServiceRefused
from flask_chatvisor.errors import ServiceTimeout
from flask_chatvisor.errors import ServiceUnavailable
from flask_chatvisor.errors import UnknownVisitor
from flask_chatvisor.rest import transport as module
from flask_chatvisor.rest.transport import ATTEMPTS
from flask_chatvisor.rest.transport import FAULTS
from flask_chatvisor.rest.transport import LONGEST_PAUSE
from flask_chatvisor.rest.transport import Transport
from flask_chatvisor.rest.transport import fault_of
from flask_chatvisor.rest.transport import retry_after
from tests.doubles.upstream import CERTIFICATE
from tests.doubles.upstream import Reply
from tests.doubles.upstream import Upstream
from tests.doubles.upstream import answer
from tests.doubles.upstream import answer_json
from tests.doubles.upstream import drip
from tests.doubles.upstream import flood
from tests.doubles.upstream import hang_up
from tests.doubles.upstream import reset
from tests.doubles.upstream import say_nothing
from tests.doubles.upstream import stop_within_the_body

TOKEN = "token-that-nobody-may-see"
OK = answer_json({"status": "ok"})
HTML = b"<html>" + TOKEN.encode() + b"</html>"
NO = {"code": "asked-recently", "status": 429}
GONE = {"code": "visitor-gone", "status": 404}


class Health(msgspec.Struct):
    status: str


class Pauses(list[float]):
    """Stands in for ``time.sleep``: notes the seconds."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


def make_transport(
    url: str,
    pauses: Pauses,
    *,
    token: str | None = TOKEN,
    read: float = 5,
    **more: t.Any,
) -> Transport:
    return Transport(url, token, (5, read), sleep=pauses, random=lambda: 1.0, **more)


def failure(transport: Transport) -> ServiceError:
    """Ask for something that fails; the error, which must not tell a secret."""
    with pytest.raises(ServiceError) as caught:
        transport.get("/x").read(Health)
    transport.close()
    error = caught.value
    assert TOKEN not in f"{error} {error!r} {error.message} {error.remedy}"
    return error


# What the server does; the error; how often it is asked.
CASES: dict[str, tuple[Reply, type[ServiceError], int]] = {
    "reset": (reset, ServiceUnavailable, ATTEMPTS),
    "closed at once": (hang_up, ServiceUnavailable, ATTEMPTS),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", ServiceUnavailable, ATTEMPTS),
    "redirect": (answer(302, Location="/y"), BadAnswer, 1),
    "not modified": (answer(304), BadAnswer, 1),
    "400": (answer_json({}, 400), ServiceRefused, 1),
    "401": (answer_json({"code": "token-invalid"}, 401), ServiceRefused, 1),
    "401 with the token in it": (answer(401, HTML), ServiceRefused, 1),
    "403": (answer_json({"code": "scope-missing"}, 403), ServiceRefused, 1),
    "404": (answer_json({"code": "not-found"}, 404), BadAnswer, 1),
    "404 with HTML": (answer(404, HTML, kind="text/html"), BadAnswer, 1),
    "404 of a visitor": (answer_json(GONE, 404), UnknownVisitor, 1),
    "429 for a visitor": (answer_json(NO, 429), AskedRecently, 1),
    "405": (answer(405), BadAnswer, 1),
    "408": (answer(408), ServiceTimeout, 1),
    "409": (answer_json({"code": "busy"}, 409), ServiceRefused, 1),
    "410": (answer(410), BadAnswer, 1),
    "413": (answer(413), ServiceRefused, 1),
    "418": (answer(418), ServiceRefused, 1),
    "429": (answer(429), RateLimited, ATTEMPTS),
    "429 with Retry-After": (answer(429, Retry_After="1"), RateLimited, ATTEMPTS),
    "429 for long": (answer(429, Retry_After="60"), RateLimited, 1),
    "500": (answer(500), ServiceUnavailable, 1),
    "502 with HTML": (
        answer(502, HTML, kind="text/html"),
        ServiceUnavailable,
        ATTEMPTS,
    ),
    "503": (answer(503), ServiceUnavailable, ATTEMPTS),
    "503 for long": (answer(503, Retry_After="60"), ServiceUnavailable, 1),
    "504": (answer(504), ServiceTimeout, ATTEMPTS),
    "599": (answer(599), ServiceUnavailable, 1),
    "200 with HTML": (answer(200, HTML, kind="text/html"), BadAnswer, 1),
    "200 without a body": (answer(200), BadAnswer, 1),
    "204": (answer(204), BadAnswer, 1),
    "truncated JSON": (answer(200, b'{"status": "o'), BadAnswer, 1),
    "JSON of no end": (answer(200, b"[" * 100_000), BadAnswer, 1),
    "not UTF-8": (answer(200, b'"\xff"'), BadAnswer, 1),
    "shorter than announced": (OK[:-3], ServiceUnavailable, ATTEMPTS),
    "a broken chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ServiceUnavailable,
        ATTEMPTS,
    ),
    "no gzip": (answer(200, b"nonsense", Content_Encoding="gzip"), BadAnswer, 1),
    "oversized": (flood, BadAnswer, 1),
    "oversized when unpacked": (
        answer(200, gzip.compress(b" " * 2**24), Content_Encoding="gzip"),
        BadAnswer,
        1,
    ),
}


@pytest.mark.parametrize("fault", CASES)
def test_each_fault_has_one_error(fault: str, pauses: Pauses) -> None:
    reply, kind, asked = CASES[fault]
    with Upstream(reply) as upstream:
        error = failure(make_transport(upstream.url, pauses))
    assert type(error) is kind
    assert len(upstream.requests) == asked
    assert len(pauses) == asked - 1


@pytest.mark.parametrize("reply", [say_nothing, stop_within_the_body])
def test_a_service_that_is_too_slow_is_not_asked_again(
    reply: Reply, pauses: Pauses
) -> None:
    with Upstream(reply) as upstream:
        error = failure(make_transport(upstream.url, pauses, read=0.05))
    assert type(error) is ServiceTimeout
    assert len(upstream.requests) == 1


def test_a_body_that_drips_is_cut_off_at_the_deadline(pauses: Pauses) -> None:
    ticking = iter(range(0, 1000, 3))
    with Upstream(drip) as upstream:
        transport = make_transport(upstream.url, pauses, clock=lambda: next(ticking))
        error = failure(transport)
    assert type(error) is ServiceTimeout


def test_a_port_where_nobody_listens(pauses: Pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    error = failure(make_transport(url, pauses))
    assert type(error) is ServiceUnavailable
    assert error.status is None
    assert url in error.message
    assert "CHATVISOR_API_URL" in error.remedy
    assert len(pauses) == ATTEMPTS - 1


@pytest.fixture
def full_backlog() -> Iterator[str]:
    """A port that accepts no further connection, but does not refuse it either."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        with socket.create_connection(listener.getsockname()):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_connection_that_is_not_accepted(full_backlog: str, pauses: Pauses) -> None:
    transport = Transport(full_backlog, TOKEN, (0.05, 5), sleep=pauses)
    error = failure(transport)
    assert type(error) is ServiceTimeout
    assert "connection" in error.message
    assert pauses == []


def test_an_unknown_certificate(pauses: Pauses) -> None:
    with Upstream(OK, tls=True) as upstream:
        error = failure(make_transport(upstream.url, pauses))
    assert type(error) is ServiceUnavailable
    assert "certificate" in error.message
    assert upstream.requests == []


def test_a_certificate_of_another_host(
    pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with Upstream(OK, tls=True) as upstream:
        error = failure(make_transport(upstream.url, pauses))
    assert "certificate" in error.message
    assert upstream.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(
    status: int, pauses: Pauses
) -> None:
    with Upstream(OK) as other:
        reply = answer(status, Location=f"{other.url}/?secret=in-the-query")
        with Upstream(reply) as upstream:
            error = failure(make_transport(upstream.url, pauses))
    assert other.requests == []
    assert "redirect" in error.message
    assert "in-the-query" not in str(error)
    assert error.status == status


@pytest.mark.parametrize(
    "url", ["http://[::1", "ftp://127.0.0.1", "nonsense", "http://", "http://a..b"]
)
def test_an_address_that_cannot_be_used(url: str, pauses: Pauses) -> None:
    error = failure(make_transport(url, pauses))
    assert type(error) is ServiceUnavailable
    assert "CHATVISOR_API_URL" in error.remedy
    assert pauses == []


def test_a_token_that_is_no_header_value(pauses: Pauses) -> None:
    with Upstream(OK) as upstream:
        error = failure(make_transport(upstream.url, pauses, token=f"{TOKEN}\r\nX: y"))
    assert type(error) is ServiceRefused
    assert upstream.requests == []


def test_a_proxy_that_cannot_be_reached(
    pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    error = failure(make_transport("http://service.example.com", pauses))
    assert type(error) is ServiceUnavailable
    assert "proxy" in error.message


def test_a_service_on_this_machine_is_not_asked_through_a_proxy(
    pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Upstream(answer(500)) as proxy, Upstream(OK) as upstream:
        monkeypatch.setenv("http_proxy", proxy.url)
        transport = make_transport(upstream.url, pauses)
        assert transport.get("/x").read(Health).status == "ok"
        transport.close()
    assert proxy.requests == []


def every_exception(of: t.Any, root: type[Exception]) -> list[type[Exception]]:
    found = [value for _, value in inspect.getmembers(of, inspect.isclass)]
    return [
        one for one in found if issubclass(one, root) and one.__module__ == of.__name__
    ]


@pytest.mark.parametrize(
    "kind", every_exception(requests.exceptions, requests.RequestException)
)
def test_every_exception_of_requests_is_mapped(kind: type[Exception]) -> None:
    assert kind in FAULTS


@pytest.mark.parametrize("kind", every_exception(u3, u3.HTTPError))
def test_every_exception_of_urllib3_has_a_mapped_base(kind: type[Exception]) -> None:
    assert any(issubclass(kind, base) for base in FAULTS)


def test_an_exception_that_is_made_in_future_is_mapped_by_its_base() -> None:
    class PatienceLost(requests.ReadTimeout):
        pass

    assert fault_of(PatienceLost()).error is ServiceTimeout


# --- trying again


def test_a_request_is_tried_again_with_growing_pauses(pauses: Pauses) -> None:
    with Upstream(answer(503), reset, OK) as upstream:
        transport = make_transport(upstream.url, pauses)
        assert transport.get("/x").read(Health).status == "ok"
        transport.close()
    assert pauses == [0.1, 0.2]


def test_pauses_have_jitter_downwards(pauses: Pauses) -> None:
    with Upstream(answer(503)) as upstream:
        transport = Transport(
            upstream.url, TOKEN, (5, 5), sleep=pauses, random=lambda: 0.0
        )
        failure(transport)
    assert pauses == [0.05, 0.1]


def test_pauses_are_capped(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ATTEMPTS", 10)
    with Upstream(answer(503)) as upstream:
        failure(make_transport(upstream.url, pauses))
    assert pauses[-1] == max(pauses) == LONGEST_PAUSE


def test_retry_after_is_honoured(pauses: Pauses) -> None:
    with Upstream(answer(429, Retry_After="2"), OK) as upstream:
        transport = make_transport(upstream.url, pauses)
        transport.get("/x")
        transport.close()
    assert pauses == [2.0]


def test_retry_after_beyond_the_cap_is_told_and_not_waited_for(pauses: Pauses) -> None:
    with Upstream(answer(429, Retry_After="30")) as upstream:
        error = failure(make_transport(upstream.url, pauses))
    assert error.retry_after == 30
    assert pauses == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-7"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT"}, None),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 10:00:09 GMT",
                "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            9.0,
        ),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT",
                "Date": "Sun, 22 Nov 2026 10:00:09 GMT",
            },
            0.0,
        ),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 10:00:09",
                "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            None,
        ),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_what_may_not_be_repeated_is_sent_once(pauses: Pauses) -> None:
    with Upstream(answer(503)) as upstream:
        transport = make_transport(upstream.url, pauses)
        with pytest.raises(ServiceUnavailable):
            transport.post("/x", {}, repeatable=False)
        transport.close()
    assert len(upstream.requests) == 1


# --- what is sent


def test_the_token_goes_into_the_header_and_nowhere_else(pauses: Pauses) -> None:
    with Upstream(OK) as upstream:
        transport = make_transport(upstream.url, pauses)
        transport.get("/x", {"q": "a b"})
        assert TOKEN not in repr(transport)
        transport.close()
    (request,) = upstream.requests
    assert request.target == "/x?q=a+b"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_beyond_latin_1_is_sent_as_utf_8(pauses: Pauses) -> None:
    with Upstream(OK) as upstream:
        transport = make_transport(upstream.url, pauses, token="ключ")
        transport.get("/x")
        transport.close()
    sent = upstream.requests[0].headers["Authorization"].encode("latin-1")
    assert sent.decode() == "Bearer ключ"


def test_a_netrc_file_does_not_replace_the_token(
    pauses: Pauses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Upstream(OK) as upstream:
        for token in (TOKEN, None):
            transport = make_transport(upstream.url, pauses, token=token)
            transport.get("/x")
            transport.close()
    first, second = upstream.requests
    assert first.headers["Authorization"] == f"Bearer {TOKEN}"
    assert "Authorization" not in second.headers


def test_json_is_posted(pauses: Pauses) -> None:
    with Upstream(answer_json({}, 201)) as upstream:
        transport = make_transport(f"{upstream.url}/base/", pauses)
        assert transport.post("/x", {"name": "Žofie"}, repeatable=True).status == 201
        transport.close()
    (request,) = upstream.requests
    assert (request.method, request.target) == ("POST", "/base/x")
    assert json.loads(request.body) == {"name": "Žofie"}
    assert request.headers["Content-Type"] == "application/json"


def test_cookies_of_the_service_are_not_kept(pauses: Pauses) -> None:
    with Upstream(answer(200, b"{}", Set_Cookie="a=b"), OK) as upstream:
        transport = make_transport(upstream.url, pauses)
        transport.get("/x")
        transport.get("/x")
        transport.close()
    assert "Cookie" not in upstream.requests[1].headers


def test_what_is_known_to_be_wrong_is_said_and_nothing_sent(pauses: Pauses) -> None:
    faults = [ServiceUnavailable("Somebody else has the address."), None]
    with Upstream(OK) as upstream:
        transport = make_transport(upstream.url, pauses, fault=lambda: faults.pop(0))
        with pytest.raises(ServiceUnavailable, match="Somebody else"):
            transport.get("/x")
        assert upstream.requests == []
        assert transport.get("/x").read(Health).status == "ok"
        transport.close()


FORK = """
import json, os, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from flask_chatvisor.rest.transport import Transport

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
transport = Transport(f"http://127.0.0.1:{server.server_port}", "token", (5, 5))
ask = lambda: print(transport.get("/").body.decode(), flush=True)
ask()
child = os.fork()
ask() if not child else os.waitpid(child, 0)
if not child:
    os._exit(0)
ask()
"""


def test_a_forked_child_has_connections_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, check=True
    )
    before, child, after = done.stdout.split()
    assert before == after
    assert child != before
