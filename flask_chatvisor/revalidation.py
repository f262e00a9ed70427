"""Visitors get pages, not word that a page has not changed.

A browser that has kept a page from before its user signed in or out may ask whether
it is still good. A view that answers 304 knows of its own content alone, and the
browser would neither announce who is there now, nor forget who has gone.
"""

from __future__ import annotations

from flask import Flask
from flask import request

from . import tagging
from .state import current_state

_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")


def register(app: Flask) -> None:
    """Add the hook to an application."""
    app.before_request(_ask_for_the_page)


def _ask_for_the_page() -> None:
    environ = request.environ
    if not any(name in environ for name in _CONDITIONS) or not _may_be_tagged():
        return
    for name in _CONDITIONS:
        environ.pop(name, None)


def _may_be_tagged() -> bool:
    settings = current_state().settings
    return (
        settings.enabled
        and settings.identity_delivery == "page"
        and request.method in {"GET", "HEAD"}
        # Only who navigates asks for HTML by name.
        and "text/html" in request.headers.get("Accept", "")
        and not tagging.is_nobody(request)
    )
