"""The example portal as its users have it: a process of its own, real pages."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

#: In every title of the portal, and in no title of a call window.
TITLE = "Portico Hosting"
PASSWORD = "demo"


@dataclass(frozen=True)
class Portal:
    """A running portal."""

    port: int
    service_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sign_in(self, page: Page, name: str) -> Page:
        """Sign in by the form, with Enter."""
        page.goto(f"{self.url}/login")
        page.fill("[name=email]", f"{name}@example.com")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        return page


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Portal]:
    """Run the portal, its database in ``folder``, until the block is left."""
    portal = Portal(free_port(), free_port())
    process = subprocess.Popen(
        [sys.executable, "-m", "example_app"],
        env={
            **os.environ,
            "PORT": str(portal.port),
            "SERVICE_PORT": str(portal.service_port),
            "FLASK_SECRET_KEY": "secret-of-the-tests",
            "FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'portal.sqlite3'}",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        assert all("Sign in as" in line for line in lines), lines
        yield portal
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
