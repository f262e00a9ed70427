"""Where the browser tests find their Chromium, and how they get one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .browser.chromium import ENVIRONMENT
from .browser.chromium import find_chromium

ROOT = Path(__file__).parent.parent


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder on the path of a machine that has no Chromium."""
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path, script: str = "") -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def install() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.browser.chromium", "--install"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_environment_comes_first(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(machine / "chromium")
    mine = program(machine / "my-chromium")
    monkeypatch.setenv(ENVIRONMENT, str(mine))
    assert find_chromium() == str(mine)


def test_a_program_that_is_named_but_missing_is_an_error_and_nothing_is_installed(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(machine / "apt-get", f"echo called > {machine}/called")
    monkeypatch.setenv(ENVIRONMENT, str(machine / "no-such"))
    with pytest.raises(RuntimeError, match="no-such is not a program"):
        find_chromium()
    assert "no-such is not a program" in install().stderr
    assert not (machine / "called").exists()


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_one_of_the_system_is_found(machine: Path, name: str) -> None:
    installed = program(machine / name)
    assert find_chromium() == str(installed)


def test_without_one_the_error_says_what_to_do(machine: Path) -> None:
    with pytest.raises(RuntimeError, match=f"or name one in {ENVIRONMENT}"):
        find_chromium()


def test_the_distributions_package_is_installed_where_there_is_none(
    machine: Path,
) -> None:
    into = machine / "chromium"
    package = f'case "$*" in *install*chromium) /bin/cp /bin/sh {into};; esac'
    program(machine / "apt-get", package)
    program(machine / "sudo", 'shift; [ "$1" = true ] || exec "$@"')
    assert install().stdout.splitlines()[-1] == str(into)


def test_one_that_is_there_is_not_installed_again(machine: Path) -> None:
    program(machine / "apt-get", f"echo called > {machine}/called")
    chromium = program(machine / "chromium")
    assert install().stdout == f"{chromium}\n"
    assert not (machine / "called").exists()
