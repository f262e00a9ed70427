"""A server that answers each request as a test says, well or badly, on a socket."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Raw bytes to send, or what to do with the connection.
Reply = bytes | Callable[["Upstream", socket.socket], None]

#: A self-signed certificate and its key, of no use elsewhere.
CERTIFICATE = Path(__file__).with_name("self-signed.pem")


@dataclass
class Request:
    """What the server was sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Upstream:
    """Answers with one reply after the other; the last one again and again."""

    def __init__(self, *replies: Reply, tls: bool = False) -> None:
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._replies = list(replies)
        self._tls = _tls_context() if tls else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept)
        self._workers: list[threading.Thread] = []

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Upstream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        # A last connection wakes the one who accepts.
        socket.create_connection(self._listener.getsockname()).close()
        for thread in (self._thread, *self._workers):
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.closing.is_set():
                connection.close()
                return
            worker = threading.Thread(target=self._serve, args=(connection,))
            self._workers.append(worker)
            worker.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                with connection:
                    self._answer(connection)
            except OSError:
                pass  # The client has left, as many tests want it to.

    def _answer(self, connection: socket.socket) -> None:
        request = _read(connection)
        if request is None:
            return
        reply = self._replies[min(len(self.requests), len(self._replies) - 1)]
        self.requests.append(request)
        if callable(reply):
            reply(self, connection)
        else:
            connection.sendall(reply)


def answer(
    status: int, body: bytes = b"", *, kind: str = "application/json", **headers: str
) -> bytes:
    """A whole answer; ``retry_after="1"`` becomes the header Retry-After."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer_json(data: t.Any, status: int = 200) -> bytes:
    return answer(status, json.dumps(data).encode())


def reset(_: Upstream, connection: socket.socket) -> None:
    """Break the connection off with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(_: Upstream, __: socket.socket) -> None:
    """Close the connection without a word."""


def say_nothing(upstream: Upstream, _: socket.socket) -> None:
    """Leave the client waiting for headers until the test is over."""
    upstream.closing.wait()


def stop_within_the_body(upstream: Upstream, connection: socket.socket) -> None:
    """Send half a body and leave the client waiting until the test is over."""
    whole = answer(200, b'{"status": "ok"}')
    connection.sendall(whole[:-8])
    upstream.closing.wait()


def drip(_: Upstream, connection: socket.socket) -> None:
    """Send a body that never ends, bit by bit."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        connection.sendall(b"[")


def flood(_: Upstream, connection: socket.socket) -> None:
    """Send a body that never ends, as fast as it is taken."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def _read(connection: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ", 2)
    headers = dict(line.split(": ", 1) for line in lines)
    while len(body) < int(headers.get("Content-Length", 0)):
        body += connection.recv(65536)
    return Request(method, target, headers, body)


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context
