"""The agent that a browser has acted as, and whether that agent is still signed in.

A signed cookie remembers the agent to whom a token was given. A request of the same
browser without this agent shows that the agent has signed out or lost the role, that
the session has expired, or that another user has signed in.
"""

from __future__ import annotations

import time
import typing as t

from flask import Request
from flask import Response

from .contract import tokens
from .current import current_state
from .current import has_secure_cookies
from .current import these_globals
from .current import this_app
from .current import this_request
from .current import this_secret
from .identity import Agent
from .signed_in import agent_of
from .signed_in import current_agent

COOKIE = "chatvisor_agent"
#: What stands in the cookie for an agent who has left and was revoked.
_LEFT = ""
#: Keys in a request's environment: the agent has left; who has been revoked; the cookie
#: has been written.
_NOTICED = "flask_chatvisor.agent_left"
_REVOKED = "flask_chatvisor.agent_revoked"
_WRITTEN = "flask_chatvisor.agent_written"


def remember(agent: Agent, response: Response) -> None:
    """Remember that this browser gets a token of an agent."""
    _set(response, agent.email)


def has_left(request: Request) -> bool:
    """Return whether this browser has acted as an agent who is not signed in now.

    The agent is revoked when this is found out. Only for a browser that has acted as an
    agent, this loads the user.
    """
    known = _remembered(request)
    if known is None or known == _LEFT:
        return known == _LEFT
    if _NOTICED not in request.environ:
        request.environ[_NOTICED] = _is_gone(request, known)
    return t.cast(bool, request.environ[_NOTICED])


def sign_out(user: t.Any) -> None:
    """Revoke an agent who signs out, also in a browser whose cookie is lost."""
    if user.is_authenticated and (agent := agent_of(user)) is not None:
        _revoke(this_request(), agent.email)


def forget(request: Request, response: Response) -> None:
    """Forget the agent: this response tells the browser to do the same."""
    request.environ[_WRITTEN] = True
    response.delete_cookie(COOKIE, **_attributes(request))


def follow(response: Response) -> None:
    """Notice at the end of a request that the agent has left.

    The cookie then asks for a page that tells the browser.
    """
    request = this_request()
    # Without a loaded user nothing is known, and this loads none.
    if COOKIE not in request.cookies or "_login_user" not in these_globals():
        return
    if not has_left(request) or _WRITTEN in request.environ:
        return
    if _remembered(request) != _LEFT:
        _set(response, _LEFT)


def _remembered(request: Request) -> str | None:
    cookie = request.cookies.get(COOKIE)
    if cookie is None or not current_state().settings.enabled:
        return None
    if not (secret := this_secret()):
        return None
    return tokens.verify_agent(cookie, secret, now=time.time())


def _is_gone(request: Request, email: str) -> bool:
    agent = current_agent()
    gone = agent is None or agent.email != email
    if gone:
        _revoke(request, email)
    return gone


def _revoke(request: Request, email: str) -> None:
    if request.environ.get(_REVOKED) != email:
        request.environ[_REVOKED] = email
        current_state().revocations.soon(email)


def _set(response: Response, email: str) -> None:
    request = this_request()
    if secret := this_secret():  # without one, anybody could write the cookie
        request.environ[_WRITTEN] = True
        cookie = tokens.sign_agent(email, secret, now=time.time())
        response.set_cookie(COOKIE, cookie, **_attributes(request))


def _attributes(request: Request) -> dict[str, t.Any]:
    """As the session's cookie: whoever gets the one gets the other."""
    app = this_app()
    session = app.session_interface
    return {
        "path": session.get_cookie_path(app),
        "domain": session.get_cookie_domain(app),
        "secure": has_secure_cookies(request),
        "httponly": True,
        "samesite": "Lax",
    }
