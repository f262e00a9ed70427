"""The texts of pages and call window, read from their files."""

from __future__ import annotations

import json
import re

from flask_chatvisor.service.web.assets import STATIC

FOLDER = STATIC / "texts"
_ENTRY = re.compile(r'^  ("[^"]+"):\s+(".*"),$', re.MULTILINE)


def entries(name: str) -> list[tuple[str, str]]:
    """Read what one file has, keys that are there twice included."""
    source = (FOLDER / f"{name}.js").read_text("utf-8")
    return [(json.loads(key), json.loads(text)) for key, text in _ENTRY.findall(source)]


def texts(language: str) -> dict[str, str]:
    """Read what is said in a language."""
    pages = entries("en-pages") if language == "en" else []
    return dict([*pages, *entries(language)])
