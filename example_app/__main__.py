"""Run the portal: ``python -m example_app``."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import threading

from flask import Flask
from werkzeug.serving import BaseWSGIServer
from werkzeug.serving import make_server

from flask_chatvisor.errors import ChatvisorError

from . import create_app
from .seed import PASSWORD
from .support import chatvisor


def main() -> None:
    """Serve until Ctrl-C or SIGTERM.

    :raises SystemExit: with one line about the problem, if it cannot start.
    """
    stop = _signalled()
    port = _port("PORT", 5080, least=0)  # 0: any that is free
    _port("SERVICE_PORT", 5081, least=1)
    with contextlib.ExitStack() as opened:
        listeners = [opened.enter_context(one) for one in _listen(port)]
        app = _create_app()
        _start_service(app, besides=listeners[0].getsockname()[1])
        servers = [_serve(app, one) for one in listeners]
    _say_where(servers[0].port)
    stop.wait()
    for server in servers:
        server.shutdown()


def _signalled() -> threading.Event:
    """An event that the first SIGINT or SIGTERM sets; the second one kills."""
    stop = threading.Event()

    def handle(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    return stop


def _port(name: str, default: int, *, least: int) -> int:
    value = os.environ.get(name) or str(default)
    is_number = value.isascii() and value.isdecimal()
    if not (is_number and least <= int(value) <= 65535):
        sys.exit(f"{name} is {value!r}, but it must be a number, {least} to 65535.")
    return int(value)


def _listen(port: int) -> list[socket.socket]:
    """Open sockets on 127.0.0.1 and, if there is IPv6, on ::1.

    Browsers try ::1 first for localhost, so no other program may listen there.
    """
    try:
        first = socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        sys.exit(_cannot_listen("127.0.0.1", port, error))
    port = first.getsockname()[1]
    try:
        second = socket.create_server(
            ("::1", port), family=socket.AF_INET6, backlog=128
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return [first]
        first.close()
        sys.exit(_cannot_listen("::1", port, error))
    return [first, second]


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    taken = error.errno == errno.EADDRINUSE
    why = "another program uses it" if taken else os.strerror(error.errno or 0)
    return f"Cannot listen on {host}, port {port}: {why}. Set PORT to another number."


def _create_app() -> Flask:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        return create_app()
    except ChatvisorError as error:
        sys.exit(str(error))


def _start_service(app: Flask, *, besides: int) -> None:
    """Start the service now, to find out whether its port is taken."""
    if not app.config["CHATVISOR_EMBEDDED"]:
        return
    port = app.config["CHATVISOR_EMBEDDED_BIND"].rpartition(":")[2]
    if port == str(besides):
        sys.exit(f"PORT and SERVICE_PORT are both {port}, but they must differ.")
    try:
        chatvisor.start_service(app)
    except ChatvisorError as error:
        sys.exit(f"SERVICE_PORT is {port}. {error}")


def _serve(app: Flask, listener: socket.socket) -> BaseWSGIServer:
    host, port = listener.getsockname()[:2]
    # The server makes a duplicate of the socket.
    server = make_server(host, port, app, threaded=True, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, args=(0.1,)).start()
    return server


def _say_where(port: int) -> None:
    # Two names of one machine, so that one browser can be signed in as both.
    for who, host, email in (
        ("a customer", "127.0.0.1", "john@example.com"),
        ("an agent", "localhost", "mary@example.com"),
    ):
        print(
            f"Sign in as {who}: http://{host}:{port}/login as {email},"
            f" password {PASSWORD}",
            flush=True,
        )


if __name__ == "__main__":
    main()
