"""What axe-core finds wrong with a page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page


@cache
def _script() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def violations(page: Page) -> list[str]:
    """List what breaks a rule in a page's present state, and where."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(f"() => {{ {_script()} }}")
    results = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in results["violations"]
        for node in one["nodes"]
    ]
