"""Where the Chromium is that the browser tests run in.

``python -m tests.browser.chromium`` prints its path; with ``--install`` it installs
one first if there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ENVIRONMENT = "CHATVISOR_CHROMIUM"
COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
REMEDY = f"No Chromium was found: install one, or name one in {ENVIRONMENT}."


def find_chromium() -> str:
    """The path of a Chromium: the environment's, the system's or Playwright's own.

    :raises RuntimeError: if there is none, or the environment names a missing one.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        found = shutil.which(named)
        if found is None:
            raise RuntimeError(f"{ENVIRONMENT}={named} is not a program.")
        return found
    found = _installed()
    if found is None:
        raise RuntimeError(REMEDY)
    return found


def install_chromium() -> None:
    """Install the distribution's package, or else Playwright's build."""
    for commands in _ways():
        if all(subprocess.run(command).returncode == 0 for command in commands):
            return


def _installed() -> str | None:
    on_path = next(filter(None, map(shutil.which, COMMANDS)), None)
    return on_path or _playwrights_own()


def _playwrights_own() -> str | None:
    """Ask in a process of its own: Playwright cannot start within an event loop."""
    code = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright:\n"
        "    print(playwright.chromium.executable_path)"
    )
    run = [sys.executable, "-c", code]
    path = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    return path.strip() if Path(path.strip()).is_file() else None


def _ways() -> Iterator[list[list[str]]]:
    """Each way to install one, as commands that must all succeed."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    may_be_root = not root or _succeeds(["sudo", "-n", "true"])
    if shutil.which("apt-get") and may_be_root:
        apt_get = [*root, "apt-get", "-y", "-q"]
        yield [
            [*apt_get, "update"],
            [*apt_get, "install", "--no-install-recommends", "chromium"],
        ]
    libraries = ["--with-deps"] if may_be_root else []
    yield [
        [sys.executable, "-m", "playwright", "install", *libraries, "chromium"],
    ]


def _succeeds(command: list[str]) -> bool:
    return bool(
        shutil.which(command[0])
        and subprocess.run(command, capture_output=True).returncode == 0
    )


def main(arguments: list[str]) -> None:
    try:
        print(find_chromium() if "--install" not in arguments else _ensure_chromium())
    except RuntimeError as error:
        raise SystemExit(str(error)) from None


def _ensure_chromium() -> str:
    if not os.environ.get(ENVIRONMENT) and _installed() is None:
        print("No Chromium was found: installing one.", flush=True)
        install_chromium()
    return find_chromium()


if __name__ == "__main__":
    main(sys.argv[1:])
