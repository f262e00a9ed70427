"""The public surface, line by line: changes must change public_surface.txt, too."""

from __future__ import annotations

import inspect
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import flask_chatvisor
from flask_chatvisor import config
from flask_chatvisor import testing
from flask_chatvisor.cli.commands import chatvisor as commands
from flask_chatvisor.directory import Directory
from flask_chatvisor.directory import Listing
from flask_chatvisor.errors import ChatvisorError
from flask_chatvisor.errors import ServiceError

SURFACE = Path(__file__).with_name("public_surface.txt")


def lines_of(name: str, exported: t.Any) -> Iterator[str]:
    """One exported name, and what hangs off it."""
    if inspect.isfunction(exported):
        yield name + signature(exported)
    elif not inspect.isclass(exported):
        yield f"{name}: {type(exported).__name__} {exported.name}"
    elif issubclass(exported, ChatvisorError):
        yield error(exported)
    else:
        yield name + signature(exported)
        for attribute, value in sorted(vars(exported).items()):
            if not attribute.startswith("_"):
                yield from member(f"{name}.{attribute}", value)


def member(name: str, value: t.Any) -> Iterator[str]:
    if isinstance(value, property):
        yield f"{name}: {t.cast(t.Any, value.fget).__annotations__['return']}"
    function = getattr(value, "__func__", value)
    if inspect.isfunction(function):
        yield name + signature(function)


def signature(function: t.Any) -> str:
    # Annotations are quoted, for they are not evaluated.
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))


def error(kind: type[ChatvisorError]) -> str:
    bases = ", ".join(base.__name__ for base in kind.__bases__)
    told = f": {kind.http_status} {kind.code}" if issubclass(kind, ServiceError) else ""
    return f"{kind.__name__}({bases}){told}"


def surface() -> Iterator[str]:
    for name in flask_chatvisor.__all__:
        yield from lines_of(name, getattr(flask_chatvisor, name))
    # Its constructor is not public.
    yield from list(lines_of("Directory", Directory))[1:]
    yield from lines_of("Listing", Listing)
    for name in testing.__all__:
        yield from lines_of(f"testing.{name}", getattr(testing, name))
    for key, default in config.DEFAULTS.items():
        yield f"{key} = {default!r}"
    for name, command in sorted(commands.commands.items()):
        options = [option for one in command.params for option in one.opts]
        yield " ".join(["flask chatvisor", name, *options])


def test_the_public_surface_is_as_it_is_written_down() -> None:
    written = SURFACE.read_text().splitlines()
    assert list(surface()) == written


def test_all_that_is_imported_for_others_is_exported() -> None:
    public = {
        name
        for name, value in vars(flask_chatvisor).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(flask_chatvisor.__all__)
    assert len(flask_chatvisor.__all__) == len(set(flask_chatvisor.__all__))


def test_every_error_of_the_extension_is_exported() -> None:
    def below(kind: type[ChatvisorError]) -> Iterator[type[ChatvisorError]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    names = {
        kind.__name__
        for kind in below(ChatvisorError)
        if kind.__module__ == "flask_chatvisor.errors"
    }
    assert names <= set(flask_chatvisor.__all__)
