"""The wiring: what an application is like while the embedded service cannot start."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator

import pytest

from flask_chatvisor.testing import AgentClient
from tests.conftest import JOHN
from tests.conftest import MARY
from tests.conftest import MakeApp


class Silent:
    """A program that listens, receives everything, and never answers."""

    def __init__(self) -> None:
        self.met = 0
        self.received = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.met += 1
            self.received += connection.recv(65536)
            self._open.append(connection)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for one in (self._server, *self._open):
            one.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    silent = Silent()
    yield silent
    silent.close()


def test_a_silent_program_at_the_services_address_is_asked_once_and_told_of(
    silent: Silent, make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(EMBEDDED=True, EMBEDDED_BIND=silent.address)
    customer, agent = app.test_client(), app.test_client()
    with caplog.at_level(logging.ERROR):
        customer.get(f"/sign-in/{JOHN.id}")
        agent.get(f"/sign-in/{MARY.id}")
        pages = [customer.get("/") for _ in range(10)]
        problem = AgentClient(agent).users()
        page = agent.get("/chatvisor/users")
    assert {one.status_code for one in pages} == {200}
    # The agent reads what is wrong, and nobody has waited for it.
    assert problem.status_code == page.status_code == 503
    assert silent.address in problem.get_json()["detail"]
    assert "CHATVISOR_EMBEDDED_BIND" in problem.get_json()["detail"]
    assert "CHATVISOR_EMBEDDED_BIND" in page.text
    # One request asked who it is; no token was sent to it.
    assert silent.met == 1
    assert b"Authorization" not in silent.received
    assert caplog.text.count("CHATVISOR_EMBEDDED_BIND") == 1
