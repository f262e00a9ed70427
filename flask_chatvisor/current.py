"""This request: its application, and that application's state.

Flask's objects are read without their proxies, because every page waits for them and a
proxy costs as much as the rest of a line.
"""

from __future__ import annotations

import typing as t

from flask import Flask
from flask import Request
from flask import current_app
from flask import g
from flask import request

from .state import State
from .state import state_of


def this_app() -> Flask:
    """Find the application that handles this request."""
    return t.cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def this_request() -> Request:
    """Find the request that is handled."""
    return t.cast(Request, request._get_current_object())  # type: ignore[attr-defined]


def these_globals() -> t.Any:
    """Find ``g``."""
    return g._get_current_object()


def this_secret() -> str:
    """Read the application's secret key as text; empty without one."""
    secret = this_app().secret_key or ""
    return secret.decode("latin-1") if isinstance(secret, bytes) else secret


def has_secure_cookies(request: Request) -> bool:
    """Return whether the cookies of this request are for HTTPS only."""
    app = this_app()
    return request.is_secure or app.session_interface.get_cookie_secure(app)


def current_state() -> State:
    """Find the state of the application that handles this request."""
    return state_of(this_app())
