"""The cookie that remembers which user this browser announced last.

It holds a keyed hash of the user or, from the page that asks for a reset until the
browser has made it, :data:`DUE`. So a reset survives pages that are left before their
scripts run, and a service that cannot be reached. The cookie belongs to one host: each
host has a storage of its own that must be reset.
"""

from __future__ import annotations

import re
import typing as t
from functools import lru_cache

from flask import Flask
from flask import Request
from flask import Response

from ..contract import tokens
from ..current import has_secure_cookies
from ..current import this_app
from ..current import this_secret

#: The cookie's name over plain HTTP.
COOKIE = "chatvisor_tagged"
#: The value while a reset is due.
DUE = "reset"
#: Seconds: the longest that browsers keep a cookie. Announcements outlive sessions.
MAX_AGE = 400 * 24 * 3600

_HASH = re.compile("[0-9a-f]{32}")


def last_user(request: Request) -> str:
    """Read the hash, or :data:`DUE`; an empty text if there is none."""
    value = request.cookies.get(_name(request), "")
    return value if value == DUE or _HASH.fullmatch(value) else ""


def is_known(request: Request) -> bool:
    """Return whether this browser has announced a user."""
    return last_user(request) != ""


def hashed(user_id: str) -> str:
    """Hash a user's id for the cookie."""
    return tokens.tagged_hash(user_id, this_secret())


def remember(value: str, request: Request, response: Response) -> None:
    """Set the cookie, or delete it if there is nothing to remember."""
    app, secure = this_app(), has_secure_cookies(request)
    attributes: dict[str, t.Any] = {
        "path": "/" if secure else app.session_interface.get_cookie_path(app),
        "secure": secure,
        "httponly": True,
        "samesite": "Lax",
    }
    if value:
        attributes["max_age"] = MAX_AGE
        response.set_cookie(_name(request), value, **attributes)
    else:
        response.delete_cookie(_name(request), **attributes)


def _name(request: Request) -> str:
    return _secure_name(_path(this_app())) if has_secure_cookies(request) else COOKIE


def _path(app: Flask) -> str:
    return app.session_interface.get_cookie_path(app)


@lru_cache(maxsize=64)
def _secure_name(path: str) -> str:
    # No other host of the domain can set a cookie with this prefix. Its path is "/", so
    # applications below different paths of one host need names of their own.
    suffix = "" if path == "/" else f"_{tokens.tagged_hash(path, '')[:8]}"
    return f"__Host-{COOKIE}{suffix}"
