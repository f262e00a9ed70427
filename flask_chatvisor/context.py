"""What a request runs in, as it is: each look through Flask's proxies takes as long
as the rest of a line, and every page waits for it."""

from __future__ import annotations

import typing as t

from flask import Flask
from flask import Request
from flask import current_app
from flask import g
from flask import request


def this_app() -> Flask:
    """Find the application that handles this request."""
    return t.cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def this_request() -> Request:
    """Find the request that is handled."""
    return t.cast(Request, request._get_current_object())  # type: ignore[attr-defined]


def these_globals() -> t.Any:
    """Find ``g``."""
    return g._get_current_object()
