"""Requests that a page makes on its own, which must not keep a user signed in."""

from __future__ import annotations

from flask import Response
from flask import current_app
from flask import request
from flask import session

from ..current import this_request

_BACKGROUND = "flask_chatvisor.background"


def background() -> None:
    """Mark this request as one that the user did not make.

    A page that keeps itself current must not keep its user signed in: neither the
    session nor the remember-me cookie is renewed by it.
    """
    request.environ[_BACKGROUND] = True


def leave_session(response: Response) -> Response:
    """Keep a background request from renewing the session or its cookie."""
    if not this_request().environ.get(_BACKGROUND):
        return response
    if session.permanent:
        session.permanent = False
    session.modified = False
    # Else Flask adds "Vary: Cookie", and browsers fetch assets anew all the time.
    session.accessed = False
    name = current_app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    cookies = response.headers.getlist("Set-Cookie")
    others = [one for one in cookies if not one.startswith(f"{name}=")]
    response.headers.setlist("Set-Cookie", others)
    return response
