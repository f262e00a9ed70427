"""Who makes this request: nobody, a user, an agent."""

from __future__ import annotations

import typing as t

from flask import Request
from flask import current_app
from flask import has_request_context
from flask_login import current_user

from .current import current_state
from .current import these_globals
from .current import this_app
from .errors import SetupError
from .identity import Agent


def signed_in_user() -> t.Any:
    """Find the user of this request; ``None`` without one, or without Flask-Login."""
    if not has_request_context() or not hasattr(current_app, "login_manager"):
        return None
    user = current_user._get_current_object()
    return user if user is not None and user.is_authenticated else None


def may_be_signed_in(request: Request) -> bool:
    """Say whether there may be a user, without loading one."""
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
    """Find out which agent makes this request, if it is one."""
    user = signed_in_user()
    return None if user is None else agent_of(user)


def agent_of(user: t.Any) -> Agent | None:
    """Ask the agent_loader, once in a request, which agent the signed-in user is."""
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
