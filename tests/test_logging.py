"""What is logged has names that operators can rely on: the manual's table."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import flask_chatvisor

from .conftest import make_application
from .doubles.users import signed_in

PACKAGE = Path(flask_chatvisor.__file__).parent
MANUAL = PACKAGE.parent / "docs" / "configuration.rst"
LEVELS = {"exception": "error"}
CALLS = {"debug", "info", "warning", "error", "exception", "critical"}
ROW = re.compile(r"    \* - ``(chatvisor\.[a-z.-]+)``\n      - (\w+)\n      - \S")


def logging_calls() -> Iterator[tuple[str, ast.Call, ast.AST]]:
    """Every call of a logger, with its level and the function around it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for around in ast.walk(ast.parse(path.read_text())):
            if not isinstance(around, ast.FunctionDef):
                continue
            for node in ast.walk(around):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    if "logger" in ast.unparse(node.func.value):
                        yield node.func.attr, node, around


def named() -> Iterator[tuple[str, str]]:
    """Event and level of each call."""
    for level, call, around in logging_calls():
        assert level in CALLS, ast.unparse(call)
        (extra,) = [one.value for one in call.keywords if one.arg == "extra"]
        if isinstance(extra, ast.Name):
            (extra,) = [
                node.value
                for node in ast.walk(around)
                if isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == extra.id
                and isinstance(node.value, ast.Dict)
            ]
        yield ast.literal_eval(extra)["event"], LEVELS.get(level, level)


def test_every_record_has_an_event_that_the_manual_explains() -> None:
    documented = ROW.findall(MANUAL.read_text())
    assert len(documented) > 10
    assert set(named()) == set(documented)
    assert len({event for event, _ in documented}) == len(documented)


def test_no_value_in_a_record_is_written_as_it_is() -> None:
    for _, call, _ in logging_calls():
        message = ast.literal_eval(call.args[0])  # a literal, not an f-string
        assert re.findall(r"%[^rd]", message) == [], message
        assert (len(call.args) > 1) == ("%" in message)


def test_a_path_cannot_forge_a_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, _ = make_application()
    app.add_url_rule("/any/<name>", "any", lambda name: "<body>Hello</body>")
    client = signed_in(app)
    app.login_manager.user_loader(lambda user_id: 1 / 0)  # type: ignore[attr-defined]
    client.get("/any/a%0d%1b[2KINFO:root:all is well%e2%80%a8")
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    assert "all is well" in record.getMessage()


def test_a_record_has_its_event(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        flask_chatvisor.Visitor(id="1", gender="robot").tag()
    assert [vars(record)["event"] for record in caplog.records] == [
        "chatvisor.tag.cleaned"
    ]
