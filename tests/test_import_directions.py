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
        "splice",
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
    },
    {"snippet", "assets", "rest.transport"},
    {"rest.client"},
    {"loading"},
    {"state"},
    {"tagging", "directory", "views", "views.guard"},
    {"pages", "pages.states", "pages.words", "pages.script_texts", "pages.lookups"},
    {"pages.links"},
    {"pages.helpers"},
    {"injection", "revalidation"},
    {"views.parameters", "views.minting"},
    {"views.agent", "views.public", "checks", "cli", "testing"},
    {"extension"},
    {"__init__"},
)
#: What both halves stand on; it knows nothing else of the package.
CONTRACT_LAYERS = (
    {
        "contract",
        "contract.api",
        "contract.bucket",
        "contract.problems",
        "contract.settings",
        "contract.times",
        "contract.urls",
    },
    {"contract.matching", "contract.tokens", "contract.users"},
    {"contract.tag"},
)
SERVICE_LAYERS = (
    {"service.protocol", "service.settings", "service.deadlines"},
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
PLACED = set().union(*CONTRACT_LAYERS, *EXTENSION_LAYERS, *SERVICE_LAYERS)
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
    if half in ("contract", "rest", "service") and found.top.startswith(
        ("flask", "werkzeug")
    ):
        return f"{half}/ does not know Flask"
    if half != "service" and found.top in ("starlette", "uvicorn"):
        return "only the service's extra installs it"
    module = found.importer.removeprefix("service.")
    if half == "service" and module in PURE and found.top in IMPURE:
        return "it is pure: no I/O and no clock of its own"
    return None


def _fault_inside(found: Import) -> str | None:
    home, target = _half(found.importer), _half(found.imported)
    if home is target:
        if _layer(home, found.imported) > _layer(home, found.importer):
            return "against the direction of the layers"
        return None
    if target is CONTRACT_LAYERS:
        return None
    if home is CONTRACT_LAYERS:
        return "the contract knows nothing else of the package"
    if home is SERVICE_LAYERS:
        return "of the rest of the package the service knows the contract alone"
    lazily = found.lazy and found.importer in LAZY_IMPORTERS_OF_THE_SERVICE
    return None if lazily else "only cli and extension import it, in a function"


def _half(module: str) -> tuple[set[str], ...]:
    halves = {"contract": CONTRACT_LAYERS, "service": SERVICE_LAYERS}
    return halves.get(module.partition(".")[0], EXTENSION_LAYERS)


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
        ("contract.tokens", "import flask_chatvisor.config", "nothing else"),
        ("contract.users", "from .tag import Tag", "against the direction"),
        ("contract.tag", "import flask", "does not know Flask"),
        ("rest.client", "from flask import current_app", "does not know Flask"),
        ("rest.client", "def f():\n import flask_login", "does not know Flask"),
        ("rest.client", "from ..state import State", "against the direction"),
        ("rest.client", "from ..service import hub", "in a function"),
        ("directory", "import requests", "only rest.transport"),
        ("directory", "from requests.adapters import HTTPAdapter", "only rest"),
        ("service.hub", "from ..errors import ServiceError", "the contract alone"),
        ("service.hub", "from ..rest import client", "the contract alone"),
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
        ("service.hub", "from ..contract import tokens"),
        ("extension", "def f():\n from .service.running.embedded import Embedded"),
        ("config", "if t.TYPE_CHECKING:\n from .extension import Chatvisor"),
    ],
)
def test_an_allowed_import_is_not_reported(module: str, line: str) -> None:
    assert violations({**EMPTY, module: line}) == []


def test_a_cycle_within_a_layer_is_found() -> None:
    agent, public = "from . import agent", "from . import public"
    (fault,) = violations({**EMPTY, "views.agent": public, "views.public": agent})
    assert fault.startswith("cycle: ")
