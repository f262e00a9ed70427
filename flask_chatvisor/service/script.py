"""The script for applications' pages: ES modules, joined into one classic script."""

from __future__ import annotations

import re
from pathlib import Path

_BEFORE = """\
(() => {
"use strict";
if (window[Symbol.for("chatvisor.script")]) return; // loaded twice
window[Symbol.for("chatvisor.script")] = true;
"""
_AFTER = "})();\n"

#: Comments that have their lines to themselves.
_COMMENT = re.compile(r"^ *(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.M | re.S)
_NAMES = r"\{\s*\w+(?:,\s*\w+)*,?\s*\}"
_IMPORT = re.compile(rf'^import (?:{_NAMES} from )?"(\.[^"]+)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const|let)\b)", re.M)
_OTHER = re.compile(
    r"^(?:import|export)\b.*|^(?:const|let|var) [\[{].*|.*\bimport\.meta\b.*", re.M
)
_DECLARED = re.compile(r"^(?:async )?(?:function\*?|class|const|let|var) (\w+)", re.M)


class ScriptError(Exception):
    """Modules cannot be joined; the message says which, and why."""


def join(entry: Path) -> tuple[list[Path], bytes]:
    """Put a module and all that it imports into one function.

    :return: the files, each after those that it imports, and the script.
    :raises ScriptError: for what only real modules can do: default exports, other names
        for what is imported, cycles, one top-level name in two modules.
    """
    bodies: dict[Path, str] = {}
    _add(entry.resolve(), bodies, ())
    owners: dict[str, Path] = {}
    for path, body in bodies.items():
        for name in _DECLARED.findall(body):
            if owners.setdefault(name, path) != path:
                raise ScriptError(f"{path} and {owners[name]} both declare {name}.")
    return list(bodies), (_BEFORE + "\n".join(bodies.values()) + _AFTER).encode()


def _add(path: Path, bodies: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in above:
        raise ScriptError(f"{path} imports itself, by way of {above[-1]}.")
    if path in bodies:
        return
    source = _COMMENT.sub("", path.read_text("utf-8"))
    for imported in _IMPORT.findall(source):
        _add((path.parent / imported).resolve(), bodies, (*above, path))
    body = _EXPORT.sub("", _IMPORT.sub("", source))
    if left := _OTHER.search(body):
        raise ScriptError(f"{path}: this cannot be joined: {left[0]}")
    bodies[path] = body
