"""Imports run one way: the sources are read, and held against the order of folders."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from collections.abc import Mapping
from graphlib import CycleError
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "flask_chatvisor"

#: A folder, or a module beside the folders, imports from the rows above its own.
EXTENSION = (
    {"contract", "errors"},
    {"identity", "config", "signals", "rest"},
    {"directory"},
    {"state"},
    {"current", "embedding"},
    {"assets", "signed_in"},
    {"acting"},
    {"tag"},
    {"pages"},
    {"web", "cli"},
    {"testing", "hooks"},
    {"extension"},
    {"__init__"},
)
SERVICE = (
    {"contract"},
    {"settings", "protocol"},
    {"access"},
    {"records"},
    {"hub"},
    {"engine", "directory", "events"},
    {"runner"},
    {"sockets"},
    {"core"},
    {"web"},
    {"application"},
    {"__init__"},
    {"running"},
    {"__main__"},
)
#: What the outside modules are that only these folders may import.
ALONE = {
    "requests": {"rest"},
    "pyroaring": {"service.directory"},
    "starlette": {"service.application", "service.web"},
    "uvicorn": {"service.running"},
}
#: They know nothing of Flask.
FLASKLESS = {"contract", "rest", "directory", "service"}
#: They get time and messages handed in.
PURE = {"service.protocol", "service.records", "service.hub", "service.directory"}
IMPURE = {"asyncio", "random", "socket", "threading", "time"}
#: They import the service, which is an extra, in a function.
EMBEDDERS = {"cli", "embedding"}


def room(module: str) -> str:
    """The folder of a module, or the module itself where it is in none."""
    parts = module.split(".")
    if parts[0] == "service":
        return ".".join(parts[:2]) if parts[1:] else "service.__init__"
    return parts[0]


def imports_of(module: str, source: str, known: set[str]) -> Iterator[tuple[str, bool]]:
    """Every import of a module, also for types, and whether it is in a function.

    Outside modules have ``/`` in front.
    """
    for node, lazy in _nodes(ast.parse(source), lazy=False):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            base = _absolute(module, node, known)
            names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            yield _shorten(name, known), lazy


def _nodes(
    tree: ast.AST, *, lazy: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, lazy
        else:
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _nodes(node, lazy=lazy or function)


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
    known, faults = set(sources), []
    graph: dict[str, set[str]] = {}
    for module, source in sources.items():
        if _row(module) is None:
            faults.append(f"{module}: in no row")
            continue
        for imported, lazy in imports_of(module, source, known):
            if why := _fault(module, imported, lazy):
                faults.append(f"{module} imports {imported.removeprefix('/')}: {why}")
            if not lazy and not imported.startswith("/") and imported != module:
                graph.setdefault(module, set()).add(imported)
    return [*dict.fromkeys(faults), *_circles(graph)]


def _fault(module: str, imported: str, lazy: bool) -> str | None:
    if imported.startswith("/"):
        return _fault_outside(room(module), imported[1:].partition(".")[0])
    home, target = room(module), room(imported)
    if home == target:
        return None
    if target.startswith("service") and not home.startswith("service"):
        fine = lazy and home in EMBEDDERS
        return None if fine else "only cli and embedding import it, in a function"
    if home == "contract":
        return "the contract knows nothing else of the package"
    if home.startswith("service") and not target.startswith(("service", "contract")):
        return "of the rest of the package the service knows the contract alone"
    if home == "service.__init__" and lazy:
        return None
    here, there = _row(module), _row(imported)
    if here is None or there is None or there >= here:
        return "against the direction"
    return None


def _fault_outside(home: str, top: str) -> str | None:
    half = home.partition(".")[0]
    if half in FLASKLESS and top in ("flask", "flask_login", "werkzeug"):
        return f"{half} does not know Flask"
    if home not in ALONE.get(top, {home}):
        return f"only {', '.join(sorted(ALONE[top]))} knows {top}"
    if home in PURE and top in IMPURE:
        return "it is pure: no I/O and no clock of its own"
    return None


def _row(module: str) -> int | None:
    home = room(module)
    rows = SERVICE if home.startswith("service.") else EXTENSION
    name = home.removeprefix("service.")
    return next((i for i, row in enumerate(rows) if name in row), None)


def _circles(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"circle: {' → '.join(error.args[1])}"]
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


def test_every_room_that_is_named_is_there(sources: dict[str, str]) -> None:
    rooms = {room(module) for module in sources} | {"service.contract"}
    named = set().union(*EXTENSION, *({f"service.{n}" for n in row} for row in SERVICE))
    assert named - rooms == set()


#: A package of empty modules, for the tests of the rules themselves.
EMPTY = dict.fromkeys(
    (
        *(name for row in EXTENSION for name in row),
        *(f"service.{name}" for row in SERVICE for name in row if name != "__init__"),
        *("service", "contract.tokens", "contract.users", "hooks", "rest.client"),
        *("tag.place", "tag.markup", "web.agents", "web.public"),
    ),
    "",
)


@pytest.mark.parametrize(
    ("module", "line", "why"),
    [
        ("config", "from . import tag", "against the direction"),
        ("web.agents", "from ..cli import checks", "against the direction"),
        ("contract.tokens", "import flask_chatvisor.config", "nothing else"),
        ("contract.users", "import flask", "does not know Flask"),
        ("rest.client", "def f():\n import flask_login", "does not know Flask"),
        ("directory", "from flask import request", "does not know Flask"),
        ("directory", "import requests", "only rest knows"),
        ("tag.place", "import starlette", "only service.application"),
        ("service.hub", "from ..errors import ServiceError", "the contract alone"),
        ("service.hub", "from .sockets import serve", "against the direction"),
        ("service.hub", "import time", "pure"),
        ("service.sockets", "import uvicorn", "only service.running"),
        ("service.web", "import flask", "does not know Flask"),
        ("extension", "from .service import running", "in a function"),
        ("testing", "def f():\n from .service import hub", "in a function"),
        (
            "config",
            "if t.TYPE_CHECKING:\n from .extension import Chatvisor",
            "against the direction",
        ),
        ("stray", "", "in no row"),
    ],
)
def test_a_forbidden_import_is_found(module: str, line: str, why: str) -> None:
    (fault,) = violations({**EMPTY, module: line})
    assert why in fault


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("rest.client", "import requests"),
        ("service.hub", "from ..contract import tokens"),
        ("embedding", "def f():\n from .service.running import Embedded"),
        ("tag.place", "from . import markup"),
    ],
)
def test_an_allowed_import_is_not_reported(module: str, line: str) -> None:
    assert violations({**EMPTY, module: line}) == []


def test_a_circle_within_a_folder_is_found() -> None:
    here = {"web.agents": "from . import public", "web.public": "from . import agents"}
    (fault,) = violations({**EMPTY, **here})
    assert fault.startswith("circle: ")
