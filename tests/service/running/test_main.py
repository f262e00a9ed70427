"""``python -m flask_chatvisor.service``, as it is run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import starlette

import flask_chatvisor

PATIENCE = 20


def start(before: str = ":", **settings: str) -> subprocess.Popen[str]:
    """Start it.

    :param before: what a shell does first.
    """
    given = {"API_TOKEN": "api-token" * 4, "BIND": "127.0.0.1:0", **settings}
    command = f'{before}; exec "$0" -W error -m flask_chatvisor.service'
    environ = {f"CHATVISOR_SERVICE_{name}": value for name, value in given.items()}
    return subprocess.Popen(
        ["sh", "-c", command, sys.executable],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end; return the exit code and what was said on stderr."""
    _, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, stderr


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Chatvisor service at http://127.0.0.1:")
    return line.split()[3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_end(number: signal.Signals) -> None:
    process = start()
    url = address_of(process)
    assert requests.get(url + "/health", timeout=PATIENCE).json()["status"] == "ok"
    process.send_signal(number)
    assert finish(process) == (0, "")


def test_its_url_has_the_port_that_it_got() -> None:
    process = start()
    url = address_of(process)
    policy = requests.get(url + "/call/none", timeout=PATIENCE).headers[
        "Content-Security-Policy"
    ]
    process.send_signal(signal.SIGINT)
    finish(process)
    assert url.replace("http", "ws") in policy


def test_faulty_settings_are_listed_without_a_stack_trace() -> None:
    code, stderr = finish(start(API_TOKEN="", URL="x", TYPO="1"))
    assert code == 2
    assert stderr.count("\n- CHATVISOR_SERVICE_") == 3
    assert "Traceback" not in stderr


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        code, stderr = finish(start(BIND=bind))
    assert code == 1
    assert bind in stderr
    assert "in use" in stderr
    assert "CHATVISOR_SERVICE_BIND" in stderr
    assert "Traceback" not in stderr


def test_an_address_of_another_machine_is_a_clear_error() -> None:
    code, stderr = finish(
        start(
            BIND="192.0.2.1:5081",
            URL="https://help.example.com",
            ORIGINS="https://app.example.com",
        )
    )
    assert code == 1
    assert "cannot listen on http://192.0.2.1:5081" in stderr
    assert "Traceback" not in stderr


def test_no_request_is_logged() -> None:
    process = start()
    url = address_of(process)
    requests.get(url + "/rest/v1/customerstatus/john@example.com", timeout=PATIENCE)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (stdout, stderr) == ("", "")


def test_a_secret_that_could_be_guessed_is_refused_and_not_shown() -> None:
    code, stderr = finish(start(API_TOKEN="short-token", IDENTITY_KEY="short-key"))
    assert code == 2
    assert stderr.count("it must have at least 32 characters") == 2
    assert "short-token" not in stderr
    assert "short-key" not in stderr


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    # All that is installed here but one package of the extra, and -S: no other place.
    for entry in Path(starlette.__file__).parents[1].iterdir():
        if not entry.name.startswith("starlette"):
            (tmp_path / entry.name).symlink_to(entry)
    sources = Path(flask_chatvisor.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "flask_chatvisor.service"],
        env={**os.environ, "PYTHONPATH": f"{sources}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "The service needs the package 'starlette'. Install it with its extra:"
        " pip install 'flask-chatvisor[service]'\n"
    )
