"""Automatic requests of pages, which must not keep a user signed in."""

from __future__ import annotations

from flask import Response
from flask import current_app
from flask import request
from flask import session

from ..current import this_request

_BACKGROUND = "flask_chatvisor.background"


def background() -> None:
    """Mark this request as automatic, not made by the user.

    A page that refreshes its data must not keep its user signed in, so the request
    renews neither the session nor the remember-me cookie.
    """
    request.environ[_BACKGROUND] = True


def leave_session(response: Response) -> Response:
    """Keep a background request from renewing the session or its cookie."""
    if not this_request().environ.get(_BACKGROUND):
        return response
    if session.permanent:
        session.permanent = False
    session.modified = False
    # Otherwise Flask adds "Vary: Cookie", and browsers refetch assets all the time.
    session.accessed = False
    name = current_app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    cookies = response.headers.getlist("Set-Cookie")
    others = [one for one in cookies if not one.startswith(f"{name}=")]
    response.headers.setlist("Set-Cookie", others)
    return response
