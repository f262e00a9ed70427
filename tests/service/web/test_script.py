"""Modules become one function, or are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flask_chatvisor.service.web.assets import STATIC
from flask_chatvisor.service.web.script import ScriptError
from flask_chatvisor.service.web.script import join

ENTRY = STATIC / "cv" / "main.js"


def write(folder: Path, **sources: str) -> Path:
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    return folder / "main.js"


def test_a_module_comes_once_and_after_all_that_it_imports(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        main='import { two } from "./two.js";\nimport "./three.js";\ntwo();\n',
        two='import { one } from "./one.js";\nexport const two = () => one;\n',
        three='import {\n  one,\n} from "./one.js";\nshow(one);\n',
        one="export async function one() {}\nexport class One {}\nexport let l = 1;\n",
    )
    paths, script = join(entry)
    assert [path.stem for path in paths] == ["one", "two", "three", "main"]
    lines = script.decode().splitlines()
    assert lines[:2] == ["(() => {", '"use strict";']
    assert [line for line in lines[4:] if line] == [
        "async function one() {}",
        "class One {}",
        "let l = 1;",
        "const two = () => one;",
        "show(one);",
        "two();",
        "})();",
    ]


def test_comments_of_whole_lines_are_left_out_and_nothing_else(tmp_path: Path) -> None:
    kept = [
        '/** @type {any} */ (window).x = "// no comment";',
        "const y = 1; // the end of a line",
        "const css = `",
        "  /* of a style sheet */",
        "`;",
    ]
    comments = [
        "// @ts-check",
        "/**",
        " * Of several",
        " * lines.",
        " */",
        "  /** x */",
    ]
    entry = write(tmp_path, main="\n".join([*comments, *kept, *comments, ""]))
    assert join(entry)[1].decode().splitlines()[4:] == [*kept, "})();"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("export default 1;\n", "cannot be joined: export default"),
        ("const a = 1;\nexport { a };\n", "cannot be joined: export {"),
        ('export * from "./a.js";\n', "cannot be joined: export *"),
        ('import { a as b } from "./a.js";\n', "cannot be joined: import { a as b }"),
        ('import * as a from "./a.js";\n', r"cannot be joined: import \* as a"),
        ('import a from "./a.js";\n', "cannot be joined: import a"),
        ('import { a } from "a";\n', "cannot be joined: import"),
        ("const here = import.meta.url;\n", "cannot be joined: const here"),
        ("const { x, y } = window;\n", "cannot be joined: const {"),
        ('import { a } from "./a.js";\nconst a = 1;\n', "both declare a"),
        ('import { b } from "./b.js";\n', "imports itself, by way of .*b.js"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    tmp_path: Path, source: str, reason: str
) -> None:
    entry = write(
        tmp_path,
        main=source,
        a="export const a = 2;\n",
        b='import "./main.js";\nexport const b = 1;\n',
    )
    with pytest.raises(ScriptError, match=reason):
        join(entry)


def test_the_script_has_every_module_of_its_folder() -> None:
    paths, _ = join(ENTRY)
    assert set(paths) >= set((STATIC / "cv").glob("*.js"))
    assert paths[-1] == ENTRY


def test_the_script_is_one_strict_function_without_modules() -> None:
    text = join(ENTRY)[1].decode()
    assert text.startswith('(() => {\n"use strict";\n')
    assert text.endswith("})();\n")
    assert not re.search(r"^\s*(import|export)\b[^(]", text, re.MULTILINE)
