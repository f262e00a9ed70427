"""``python -m example_app``: what it says, how it ends, what is in its way."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from flask_chatvisor.testing import FakeService

ROOT = Path(__file__).parents[2]

Start = Callable[..., "subprocess.Popen[str]"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start(PORT=…)``: the example as a process, with this in its environment.

    It is a copy of the example, so that its instance folder is a new one.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "example_app", tmp_path / "example_app", ignore=ignored)
    running: list[subprocess.Popen[str]] = []

    def start(**variables: object) -> subprocess.Popen[str]:
        own = {name: str(value) for name, value in variables.items()}
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "example_app"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PORT": "0", **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def addresses(process: subprocess.Popen[str]) -> list[str]:
    """Wait for the two lines, and take the addresses from them."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    found = [re.search(r"(http://\S+)/login as (\S+), password demo", x) for x in lines]
    assert [m and m[2] for m in found] == ["john@example.com", "mary@example.com"], (
        process.communicate()
    )
    return [m[1] for m in found if m]


def sign_in(base: str, email: str) -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False
    page = browser.get(f"{base}/login").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    fields = {"csrf_token": token[1], "email": email, "password": "demo"}
    assert browser.post(f"{base}/login", data=fields).status_code == 200
    return browser


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str]:
    process.send_signal(number)
    return process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_to_sign_in_and_ends_without_a_word(
    start: Start, number: signal.Signals
) -> None:
    service_port = free_port()
    process = start(SERVICE_PORT=service_port)
    customer, agent = addresses(process)
    assert customer.startswith("http://127.0.0.1:")
    assert agent.startswith("http://localhost:")
    john = sign_in(customer, "john@example.com")
    assert 'id="chatvisor-tag">{"tag":{"id":"1"' in john.get(
        f"{customer}/"
    ).text.replace(" ", "")
    mary = sign_in(agent, "mary@example.com")
    assert "Customers" in mary.get(f"{agent}/customers").text
    assert not is_free(service_port)
    assert end(process, number) == ("", "")
    assert process.returncode == 0
    assert is_free(service_port)


def test_it_ends_before_anybody_came(start: Start) -> None:
    process = start(SERVICE_PORT=free_port())
    addresses(process)
    assert end(process, signal.SIGINT) == ("", "")
    assert process.returncode == 0


def test_both_names_of_the_machine_lead_to_it(start: Start) -> None:
    process = start(SERVICE_PORT=free_port())
    customer, _ = addresses(process)
    port = customer.rpartition(":")[2]
    for host in ("127.0.0.1", "[::1]", "localhost"):
        answer = requests.get(f"http://{host}:{port}/login", timeout=60)
        assert answer.status_code == 200


def test_people_stay_signed_in_over_a_restart(start: Start, tmp_path: Path) -> None:
    service_port = free_port()
    process = start(SERVICE_PORT=service_port)
    customer, _ = addresses(process)
    john = sign_in(customer, "john@example.com")
    end(process, signal.SIGTERM)
    addresses(start(PORT=customer.rpartition(":")[2], SERVICE_PORT=service_port))
    assert "Hello, John" in john.get(f"{customer}/").text
    secret = tmp_path / "instance" / "secret_key"
    assert secret.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_taken_port_is_one_line(start: Start, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as other:
        port = other.getsockname()[1]
        process = start(PORT=port, SERVICE_PORT=free_port())
        output, errors = process.communicate()
    assert process.returncode == 1
    assert output == ""
    assert errors == (
        f"Cannot listen on {host}, port {port}: another program uses it."
        " Set PORT to another number.\n"
    )


def test_a_taken_service_port_is_one_line(start: Start) -> None:
    with FakeService() as other:
        port = urlsplit(other.url).port
        process = start(SERVICE_PORT=port)
        output, errors = process.communicate()
    assert process.returncode == 1
    assert output == ""
    assert errors.startswith(f"SERVICE_PORT is {port}. ")
    assert errors.count("\n") == 1


def test_one_port_for_both_is_one_line(start: Start) -> None:
    port = free_port()
    process = start(PORT=port, SERVICE_PORT=port)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors == f"PORT and SERVICE_PORT are both {port}, but they must differ.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "-1"),
        ("PORT", "٣"),
        ("SERVICE_PORT", "0"),
        ("SERVICE_PORT", "65536"),
    ],
)
def test_what_is_no_port_is_one_line(start: Start, name: str, value: str) -> None:
    process = start(**{"SERVICE_PORT": free_port(), name: value})
    output, errors = process.communicate()
    assert process.returncode == 1
    assert output == ""
    assert errors.startswith(f"{name} is {value!r}, but it must be a number")
    assert errors.count("\n") == 1


def test_wrong_configuration_is_said_without_a_trace(start: Start) -> None:
    process = start(SERVICE_PORT=free_port(), FLASK_CHATVISOR_CACHE_SECONDS="-1")
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "CHATVISOR_CACHE_SECONDS" in errors
    assert "Traceback" not in errors


def test_two_portals_share_one_service(start: Start) -> None:
    service_port = free_port()
    keys = {"SERVICE_PORT": service_port, "FLASK_SECRET_KEY": "of-both"}
    first = start(**keys)
    customer, _ = addresses(first)
    requests.get(f"{customer}/login", timeout=60)
    second = start(**keys)
    customer, _ = addresses(second)
    assert requests.get(f"{customer}/login", timeout=60).status_code == 200
    assert end(second, signal.SIGINT) == ("", "")
    assert end(first, signal.SIGINT) == ("", "")
