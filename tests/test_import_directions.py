"""Imports run one way: the sources are read, and held against the layers below."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "flask_chatvisor"

#: A module imports from its own row and the rows above it, never from below.
EXTENSION_LAYERS = (
    {
        "errors",
        "tokens",
        "splice",
        "limits",
        "cache",
        "inspection",
        "i18n",
        "context",
        "hosts",
    },
    {
        "config",
        "identity",
        "signals",
        "rest",
        "rest.models",
        "rest.faults",
        "rest.reader",
    },
    {"snippet", "assets", "rest.transport"},
    {"rest.client", "ranking", "loading"},
    {"state"},
    {"tagging", "directory", "asking", "templating", "views", "views.guard"},
    {"injection", "revalidation"},
    {"views.parameters", "views.minting"},
    {"views.agent", "views.public", "checks", "cli", "testing"},
    {"extension"},
    {"__init__"},
)
SERVICE_LAYERS = (
    {"tokens"},
    {"service.protocol", "service.settings", "service.deadlines", "service.script"},
    {"service.presence", "service.calls", "service.access"},
    {"service.throttle"},
    {"service.store", "service.outbox"},
    {"service.desk"},
    {"service.visitors"},
    {"service.line"},
    {"service.news"},
    {"service.rooms"},
    {"service.seats"},
    {"service.hub"},
    {"service.switchboard", "service.events"},
    {"service.rest", "service.sockets", "service.pages", "service.server"},
    {"service.application"},
    {"service"},
    {"service.embedded", "service.__main__"},
)
#: Modules of the service that get time, messages and randomness handed in.
PURE = {"protocol", "presence", "calls", "access", "deadlines", "outbox"}
PURE |= {"desk", "visitors", "line", "news", "rooms", "seats", "hub", "throttle"}
IMPURE = {"asyncio", "random", "socket", "starlette", "threading", "time", "uvicorn"}
LAZY_IMPORTERS_OF_THE_SERVICE = {"cli", "extension"}
PLACED = set().union(*EXTENSION_LAYERS, *SERVICE_LAYERS)
#: A package of empty modules, for the tests of the rules themselves.
EMPTY = dict.fromkeys(PLACED, "")


@dataclass(frozen=True)
class Import:
    """One imported module, as one module's source names it."""

    importer: str
    imported: str
    lazy: bool

    @property
    def inside(self) -> bool:
        return not self.imported.startswith("/")

    @property
    def top(self) -> str:
        """The first part of an outside module's name: its distribution, roughly."""
        return self.imported.removeprefix("/").partition(".")[0]

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported.removeprefix('/')}"


def imports_of(module: str, source: str, known: set[str]) -> Iterator[Import]:
    """Every run-time import of a module; outside modules have ``/`` in front."""
    for node, lazy in _import_nodes(ast.parse(source), lazy=False):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            base = _absolute(module, node, known)
            names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            yield Import(module, _shorten(name, known), lazy)


def _import_nodes(
    tree: ast.AST, *, lazy: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, lazy
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                yield from _import_nodes(other, lazy=lazy)
        else:
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _import_nodes(node, lazy=lazy or function)


def _absolute(module: str, node: ast.ImportFrom, known: set[str]) -> str:
    if not node.level:
        return node.module or ""
    is_package = module == "__init__" or any(k.startswith(module + ".") for k in known)
    parts = [PACKAGE] if module == "__init__" else [PACKAGE, *module.split(".")]
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, node.module] if node.module else parts)


def _shorten(name: str, known: set[str]) -> str:
    """Cut ``package.module.attribute`` down to a known module of the package."""
    if name.partition(".")[0] != PACKAGE:
        return "/" + name
    inner = name.partition(".")[2]
    while inner and inner not in known:
        inner = inner.rpartition(".")[0]
    return inner or "__init__"


def violations(sources: Mapping[str, str]) -> list[str]:
    """Everything that is wrong with the imports of these modules, a line each."""
    known = set(sources)
    imports = [
        found
        for module, source in sources.items()
        for found in imports_of(module, source, known)
    ]
    faults = [f"{found}: {why}" for found in imports if (why := _fault(found))]
    return faults + _unplaced(known) + _cycles(imports)


def _fault(found: Import) -> str | None:
    return _fault_inside(found) if found.inside else _fault_outside(found)


def _fault_outside(found: Import) -> str | None:
    half = found.importer.partition(".")[0]
    if found.top == "requests" and found.importer != "rest.transport":
        return "only rest.transport knows requests"
    if half in ("rest", "service") and found.top.startswith(("flask", "werkzeug")):
        return f"{half}/ does not know Flask"
    if half != "service" and found.top in ("starlette", "uvicorn", "msgspec"):
        return "only the service's extra installs it"
    module = found.importer.removeprefix("service.")
    if half == "service" and module in PURE and found.top in IMPURE:
        return "it is pure: no I/O and no clock of its own"
    return None


def _fault_inside(found: Import) -> str | None:
    from_service = _in_service(found.importer)
    to_service = _in_service(found.imported)
    if from_service and not to_service and found.imported != "tokens":
        return "of the rest of the package the service knows tokens alone"
    if to_service and not from_service:
        lazily = found.lazy and found.importer in LAZY_IMPORTERS_OF_THE_SERVICE
        return None if lazily else "only cli and extension import it, in a function"
    layers = SERVICE_LAYERS if from_service else EXTENSION_LAYERS
    if _layer(layers, found.imported) > _layer(layers, found.importer):
        return "against the direction of the layers"
    return None


def _in_service(module: str) -> bool:
    return module.partition(".")[0] == "service"


def _layer(layers: tuple[set[str], ...], module: str) -> int:
    return next((i for i, layer in enumerate(layers) if module in layer), -1)


def _unplaced(known: set[str]) -> list[str]:
    return [f"{module}: in no layer" for module in sorted(known - PLACED)]


def _cycles(imports: list[Import]) -> list[str]:
    graph: dict[str, set[str]] = {}
    for found in imports:
        if found.inside and not found.lazy and found.importer != found.imported:
            graph.setdefault(found.importer, set()).add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"cycle: {' → '.join(error.args[1])}"]
    return []


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    return {
        _module_name(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.py"))
    }


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[1:] and parts[-1] == "__init__" else parts)


def test_imports_run_one_way(sources: dict[str, str]) -> None:
    assert violations(sources) == []


def test_no_layer_names_a_module_that_is_not_there(sources: dict[str, str]) -> None:
    assert PLACED - set(sources) == set()


@pytest.mark.parametrize(
    ("module", "line", "why"),
    [
        ("config", "from . import injection", "against the direction"),
        ("config", "from .injection import insert", "against the direction"),
        ("tokens", "import flask_chatvisor.config", "against the direction"),
        ("rest.client", "from flask import current_app", "does not know Flask"),
        ("rest.client", "def f():\n import flask_login", "does not know Flask"),
        ("rest.client", "from ..state import State", "against the direction"),
        ("rest.client", "from ..service import hub", "in a function"),
        ("directory", "import requests", "only rest.transport"),
        ("directory", "from requests.adapters import HTTPAdapter", "only rest"),
        ("service.hub", "from ..errors import ServiceError", "tokens alone"),
        ("service.hub", "from ..rest import models", "tokens alone"),
        ("service.hub", "from .sockets import serve", "against the direction"),
        ("service.hub", "import time", "pure"),
        ("service.pages", "import flask", "does not know Flask"),
        ("extension", "from .service import embedded", "in a function"),
        ("testing", "def f():\n from .service import hub", "in a function"),
        ("directory", "import starlette", "extra"),
        ("stray", "", "in no layer"),
    ],
)
def test_a_forbidden_import_is_found(module: str, line: str, why: str) -> None:
    (fault,) = violations({**EMPTY, module: line})
    assert why in fault


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("rest.transport", "import requests"),
        ("service.hub", "from .. import tokens"),
        ("extension", "def f():\n from .service.embedded import Embedded"),
        ("config", "if t.TYPE_CHECKING:\n from .extension import Chatvisor"),
    ],
)
def test_an_allowed_import_is_not_reported(module: str, line: str) -> None:
    assert violations({**EMPTY, module: line}) == []


def test_a_cycle_within_a_layer_is_found() -> None:
    agent, public = "from . import agent", "from . import public"
    (fault,) = violations({**EMPTY, "views.agent": public, "views.public": agent})
    assert fault.startswith("cycle: ")
