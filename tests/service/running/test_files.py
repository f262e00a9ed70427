"""How many connections fit into the open files that are allowed."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from flask_chatvisor.service.running.embedded import Embedded
from flask_chatvisor.service.running.files import MOST
from flask_chatvisor.service.running.files import file_limit
from flask_chatvisor.service.running.files import fit
from flask_chatvisor.service.running.files import raise_file_limit
from flask_chatvisor.service.settings import Limits

from .test_main import finish
from .test_main import start


@pytest.mark.parametrize(
    ("files", "everybody", "one"),
    [
        (64, 32, 16),
        (200, 100, 50),
        (1024, 896, 448),
        (20_000, 19_872, 5000),
        (MOST, 50_000, 5000),
    ],
)
def test_so_many_connections_fit(files: int, everybody: int, one: int) -> None:
    fitting = fit(Limits(), files)
    assert fitting.all_connections == everybody
    assert fitting.open_connections == one


def test_where_nobody_knows_the_limit_nothing_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert raise_file_limit() is None
    assert file_limit() is None
    assert fit(Limits(), None) == Limits()


def test_the_service_raises_the_limit_and_says_what_fits() -> None:
    process = start("ulimit -S -n 100; ulimit -H -n 300")
    assert process.stdout is not None
    assert " for up to 172 connections " in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert finish(process) == (0, "")


SHOW = """
import resource, sys
from flask_chatvisor.service.running.files import raise_file_limit
hard = resource.RLIM_INFINITY
resource.getrlimit = lambda number: (100, hard)
def refuse(number, limits):
    raise ValueError
resource.setrlimit = refuse
print(raise_file_limit())
"""


def test_a_system_that_allows_less_than_it_says_is_taken_as_it_is() -> None:
    done = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("100\n", "")


def test_the_embedded_service_leaves_half_of_the_files_to_the_application() -> None:
    files = file_limit()
    assert files is not None
    one = Embedded(bind=("127.0.0.1", 1), api_token="t", identity_key="k")
    assert one.settings.limits == fit(Limits(), files // 2)
    assert file_limit() == files
