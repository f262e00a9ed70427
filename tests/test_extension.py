"""The wiring: applications whose embedded service cannot start, or is another's."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_login import LoginManager

from flask_chatvisor.errors import SetupError
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.service.running.embedded import Embedded
from flask_chatvisor.state import state_of
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


def test_two_applications_with_one_secret_and_address_are_not_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    (shop, chatvisor), (bank, _) = (portal(name, address) for name in ("shop", "bank"))
    chatvisor.start_service(shop)
    running = state_of(shop).embedded
    try:
        with pytest.raises(SetupError, match="perhaps another application"):
            chatvisor.start_service(bank)
        assert bank.test_client().get("/").status_code == 200
        assert "CHATVISOR_EMBEDDED_BIND" in caplog.text
    finally:
        assert isinstance(running, Embedded)
        running.stop()


def portal(name: str, address: str) -> tuple[Flask, Chatvisor]:
    """An application in development, with the secret of many."""
    app = Flask(name)
    app.config.update(
        SECRET_KEY="dev", CHATVISOR_EMBEDDED=True, CHATVISOR_EMBEDDED_BIND=address
    )
    LoginManager(app)
    app.add_url_rule("/", "home", lambda: "<title>Home</title><body>Home</body>")
    return app, Chatvisor(app)


def test_all_processes_of_an_application_name_it_alike(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "shop.py").write_text(
        "from flask import Flask\n"
        "from flask_chatvisor.embedding import name_of_application\n"
        "print(name_of_application(Flask(__name__)))\n"
    )
    ways = [
        ["shop.py"],
        ["-m", "shop"],
        ["-c", "import shop"],
        ["-c", f"import sys; sys.path.append('..'); import {tmp_path.name}.shop"],
    ]
    names = {
        subprocess.run(
            [sys.executable, *way],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for way in ways
    }
    assert names == {f"{tmp_path.resolve() / 'shop'}\n"}


@pytest.mark.parametrize("shown", [True, False])
def test_the_embedded_service_shows_agents_addresses_as_configured(
    make_app: MakeApp, shown: bool
) -> None:
    app = make_app(EMBEDDED=True, EMBEDDED_SHOW_AGENT_EMAIL=shown)
    assert app.extensions["chatvisor"].embedded.settings.show_agent_email is shown
