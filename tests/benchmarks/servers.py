"""Starts a server in a process of its own, and measures its memory."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import requests

API_TOKEN = "api-token-of-the-benchmarks-which-is-long"
IDENTITY_KEY = "identity-key-of-the-benchmarks-32-bytes"

#: Seconds after which a server that does not answer will not.
PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    port: int
    process: psutil.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> int:
        """Count the bytes that would be free without this process."""
        return t.cast(int, self.process.memory_full_info().uss)


@contextmanager
def our_service(**settings: str) -> Iterator[Server]:
    """Run the service as one does: on its own, with settings from the environment."""
    port = _free_port()
    environ = {
        "CHATVISOR_SERVICE_BIND": f"127.0.0.1:{port}",
        "CHATVISOR_SERVICE_API_TOKEN": API_TOKEN,
        **{f"CHATVISOR_SERVICE_{name}": value for name, value in settings.items()},
    }
    with _running("flask_chatvisor.service", port, environ) as server:
        yield server


@contextmanager
def bare_server() -> Iterator[Server]:
    """Run the peer of :mod:`.bare`."""
    port = _free_port()
    with _running("tests.benchmarks.bare", port, {"PORT": str(port)}) as server:
        yield server


@contextmanager
def agents_application(service: Server, *, policy: bool = False) -> Iterator[Server]:
    """Run an application whose agents see the users of this service.

    :param policy: whether the application is asked who sees whom.
    """
    port = _free_port()
    environ = {
        "PORT": str(port),
        "SERVICE": service.url,
        "API_TOKEN": API_TOKEN,
        "IDENTITY_KEY": IDENTITY_KEY,
        "POLICY": "yes" if policy else "",
    }
    with _running("tests.benchmarks.agents_app", port, environ) as server:
        yield server


@contextmanager
def _running(module: str, port: int, environ: Mapping[str, str]) -> Iterator[Server]:
    with tempfile.TemporaryFile() as output:
        popen = subprocess.Popen(
            [sys.executable, "-m", module],
            env=os.environ | environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            server = Server(port, psutil.Process(popen.pid))
            if not _answers(server, popen):
                output.seek(0)
                said = output.read().decode(errors="replace")
                raise RuntimeError(f"{module} does not answer. It said:\n{said}")
            yield server
        finally:
            _stop(popen)


def allow_files(count: int) -> None:
    """Raise the limit of open files as far as needed; started servers inherit it.

    :raises RuntimeError: if so many are not allowed here.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise RuntimeError(
            f"{count:,} open files are needed in one process, but only {hard:,} are"
            f" allowed here. Raise the hard limit: ulimit -n {count}."
        )
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _answers(server: Server, popen: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + PATIENCE
    while popen.poll() is None and time.monotonic() < until:
        try:
            return requests.get(f"{server.url}/health", timeout=PATIENCE).ok
        except requests.ConnectionError:
            time.sleep(0.05)
    return False


def _stop(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    try:
        popen.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
