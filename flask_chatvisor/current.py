"""This request: its application, that application's state, its user and its agent.

Flask's objects are read without their proxies, because every page waits for them and a
proxy costs as much as the rest of a line.
"""

from __future__ import annotations

import typing as t

from flask import Flask
from flask import Request
from flask import current_app
from flask import g
from flask import has_request_context
from flask import request
from flask_login import current_user

from .errors import SetupError
from .identity import Agent
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


def signed_in_user() -> t.Any:
    """Find the user of this request; ``None`` without one, or without Flask-Login."""
    if not has_request_context() or not hasattr(current_app, "login_manager"):
        return None
    user = current_user._get_current_object()
    return user if user is not None and user.is_authenticated else None


def may_be_signed_in(request: Request) -> bool:
    """Return whether there may be a user, without loading one."""
    app = this_app()
    manager = getattr(app, "login_manager", None)
    if manager is None or manager.request_callback is not None:
        return True
    cookies = request.cookies
    return (
        app.session_interface.get_cookie_name(app) in cookies
        or app.config.get("REMEMBER_COOKIE_NAME", "remember_token") in cookies
    )


def current_agent() -> Agent | None:
    """Find the agent who makes this request, if any."""
    user = signed_in_user()
    return None if user is None else agent_of(user)


def agent_of(user: t.Any) -> Agent | None:
    """Ask the agent_loader about the signed-in user, once per request."""
    load = current_state().loaders.agent
    if load is None:
        return None
    known_here = these_globals()
    known = known_here.get("_chatvisor_agent")
    if known is None or known[0] is not user:
        known = known_here._chatvisor_agent = (user, _checked(load(user)))
    return t.cast("Agent | None", known[1])


def _checked(agent: t.Any) -> Agent | None:
    if agent is None or isinstance(agent, Agent):
        return agent
    raise SetupError(
        f"The agent_loader returned {type(agent).__name__}. Return an Agent, or None"
        " for a user who is not one."
    )
