"""The texts of pages and call window: complete, used, and the same in all languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_chatvisor.service.web.assets import STATIC

from ...texts import FOLDER
from ...texts import entries
from ...texts import texts

FILES = sorted(path.stem for path in FOLDER.glob("*.js"))
LANGUAGES = [name for name in FILES if name != "en-pages"]
FORMS = ("zero", "one", "two", "few", "many", "other")
CALL = [
    path
    for path in sorted(STATIC.rglob("*.js"))
    if path.parent not in (FOLDER, STATIC / "cv")
]
PAGES = sorted((STATIC / "cv").glob("*.js"))

_QUOTED = re.compile(r'"([\w.-]+)"')
#: Not the names of calls, for the console, nor what has plural forms.
_LITERAL = re.compile(
    r'(?<!complain\()(?<!answer\()(?<!countedText\()"([\w-]+(?:\.[\w-]+)+)"'
)
_COUNTED = re.compile(r'\bcountedText\("([^"]+)"')
_ASKED = re.compile(r'\b(?:text|phrase|notify)\((?:[^"`()]+\? )?"([^"]+)"')
_BUILT = re.compile(r"`((?:[\w-]+|\$\{[^}]+\})(?:\.(?:[\w-]+|\$\{[^}]+\}))+)`")


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", text))


def literals(paths: list[Path]) -> Iterator[str]:
    """What is asked for, and what looks like a key."""
    kinds = {key.partition(".")[0] for key in texts("en")}
    for path in paths:
        source = path.read_text("utf-8")
        yield from _ASKED.findall(source)
        yield from (f"{key}.other" for key in _COUNTED.findall(source))
        yield from (
            key for key in _LITERAL.findall(source) if key.partition(".")[0] in kinds
        )


def built(paths: list[Path]) -> Iterator[re.Pattern[str]]:
    """Keys that are put together, as patterns."""
    for path in paths:
        for key in _BUILT.findall(path.read_text("utf-8")):
            literal = re.split(r"\$\{[^}]+\}", key)
            if re.search(r"\w", "".join(literal)):
                yield re.compile(r"[\w.-]+".join(map(re.escape, literal)))


def unused(keys: set[str], paths: list[Path]) -> set[str]:
    sources = [path.read_text("utf-8") for path in paths]
    plain = {key for source in sources for key in _QUOTED.findall(source)}
    counted = {key for source in sources for key in _COUNTED.findall(source)}
    plain |= {f"{key}.{form}" for key in counted for form in FORMS}
    patterns = list(built(paths))
    return {
        key
        for key in keys - plain
        if not any(pattern.fullmatch(key) for pattern in patterns)
    }


def test_the_languages_are_those_that_have_a_file() -> None:
    source = (STATIC / "shared" / "texts.js").read_text("utf-8")
    listed = re.search(r"const LANGUAGES = \[(.*)\];", source)
    assert listed is not None
    assert sorted(re.findall(r'"([^"]+)"', listed[1])) == LANGUAGES
    assert {"en", "de"} <= set(LANGUAGES)


@pytest.mark.parametrize("name", FILES)
def test_every_entry_of_a_file_is_read_and_is_there_once(name: str) -> None:
    source = (FOLDER / f"{name}.js").read_text("utf-8")
    keys = Counter(key for key, _ in entries(name))
    assert keys.total() == len(re.findall(r'^  "', source, re.MULTILINE))
    assert set(keys.values()) == {1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_placeholders(
    language: str,
) -> None:
    english, translated = texts("en"), texts(language)
    forms = {
        f"{key.removesuffix('.other')}.{form}"
        for key in english
        if key.endswith(".other")
        for form in FORMS
    }
    # A language may have plural forms that English does not know.
    assert set(english) <= set(translated) <= set(english) | forms
    for key, text in english.items():
        assert placeholders(translated[key]) == placeholders(text), key
    assert translated["direction"] in ("ltr", "rtl")


def test_no_message_is_there_twice() -> None:
    twice = {
        text: number
        for text, number in Counter(texts("en").values()).items()
        if number > 1
    }
    assert twice == {}


def test_every_text_is_used() -> None:
    assert unused(set(texts("en")), PAGES + CALL) == set()


def test_pages_load_no_english_but_their_own() -> None:
    pages = dict(entries("en-pages"))
    assert unused(set(pages), PAGES) == set()
    assert set(literals(PAGES)) - set(pages) == set()


def test_every_text_that_is_used_exists() -> None:
    english = texts("en")
    kinds = {key.partition(".")[0] for key in english}
    assert set(literals(CALL)) - set(english) == set()
    for pattern in built(PAGES + CALL):
        if pattern.pattern.partition("\\")[0] in kinds:
            assert any(map(pattern.fullmatch, english)), pattern
