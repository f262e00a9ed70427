"""The script for applications' pages: ES modules, joined into one classic script."""

from __future__ import annotations

import os
import re
from pathlib import Path

_BEFORE = """\
(() => {
"use strict";
if (window[Symbol.for("chatvisor.script")]) return; // loaded twice
window[Symbol.for("chatvisor.script")] = true;
"""
_AFTER = "})();\n"

#: Comments on separate lines.
_COMMENT = re.compile(r"^ *(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.M | re.S)
#: Static imports.
_IMPORT = re.compile(r'^(?:import|export)\b[^;"]*"(\.[^"]+)";', re.M)
_NAMES = r"\{\s*\w+(?:,\s*\w+)*,?\s*\}"
_PLAIN_IMPORT = re.compile(rf'^import (?:{_NAMES} from )?"\.[^"]+";\n', re.M)
_PLAIN_EXPORT = re.compile(
    r"^export (?=(?:async function|function|class|const|let)\b)", re.M
)
_OTHER = re.compile(
    r"^(?:import|export)\b.*|^(?:const|let|var) [\[{].*|.*\bimport\.meta\b.*", re.M
)
_DECLARED = re.compile(r"^(?:async )?(?:function\*?|class|const|let|var) (\w+)", re.M)


class ScriptError(Exception):
    """Modules cannot be joined; the message says which and why."""


def modules(entry: Path) -> list[Path]:
    """List a module and all its imports, dependencies first.

    :raises ScriptError: for modules that import each other.
    """
    found: list[Path] = []

    def add(path: Path, above: tuple[Path, ...]) -> None:
        if path in above:
            raise ScriptError(f"{path} imports itself, by way of {above[-1]}.")
        if path not in found:
            for imported in _IMPORT.findall(path.read_text("utf-8")):
                add(Path(os.path.normpath(path.parent / imported)), (*above, path))
            found.append(path)

    add(entry, ())
    return found


def join(entry: Path) -> tuple[list[Path], bytes]:
    """Put a module and all its imports into one function.

    :return: the files, as :func:`modules` lists them, and the script.
    :raises ScriptError: for features of real modules: default exports, renamed imports,
        cycles, one top-level name in two modules.
    """
    bodies = {path: _body(path) for path in modules(entry)}
    owners: dict[str, Path] = {}
    for path, body in bodies.items():
        for name in _DECLARED.findall(body):
            if owners.setdefault(name, path) != path:
                raise ScriptError(f"{path} and {owners[name]} both declare {name}.")
    return list(bodies), (_BEFORE + "\n".join(bodies.values()) + _AFTER).encode()


def _body(path: Path) -> str:
    source = _COMMENT.sub("", path.read_text("utf-8"))
    body = _PLAIN_EXPORT.sub("", _PLAIN_IMPORT.sub("", source))
    if left := _OTHER.search(body):
        raise ScriptError(f"{path}: this cannot be joined: {left[0]}")
    return body
