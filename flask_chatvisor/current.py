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


def current_state() -> State:
    """Find the state of the application that handles this request."""
    return state_of(this_app())
