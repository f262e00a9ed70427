"""Access control: deny by default, for a whole blueprint and as a decorator.

The order of checks is fixed: enabled? signed in? an agent? sent by a page of this
site?
"""

from __future__ import annotations

import functools
import logging
import typing as t
from collections.abc import Callable

from flask import Blueprint
from flask import abort
from flask import current_app
from flask import request
from flask.typing import ResponseReturnValue

from ..current import current_state
from ..current import this_app
from ..pages.language import gettext as _
from ..signals import agent_denied
from ..signed_in import current_agent
from ..signed_in import signed_in_user
from .answers import asks_for_json
from .answers import prefers_json
from .answers import problem
from .background import background
from .cross_site import exempt_from_csrf_protect
from .cross_site import refuse_cross_site

F = t.TypeVar("F", bound=Callable[..., t.Any])

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

logger: logging.Logger = logging.getLogger(__name__)


def protect(blueprint: Blueprint) -> None:
    """Allow only agents to use the routes of a blueprint."""
    blueprint.before_request(_refusal)
    exempt_from_csrf_protect(blueprint)


def agent_required(view: F) -> F:
    """Restrict a view of the application to agents.

    CSRF protection of the view is up to the application.
    """

    @functools.wraps(view)
    def guarded(*args: t.Any, **kwargs: t.Any) -> t.Any:
        refusal = _refusal_of_person(prefers_json())
        if refusal is not None:
            return refusal
        return current_app.ensure_sync(view)(*args, **kwargs)

    return t.cast(F, guarded)


def _refusal() -> ResponseReturnValue | None:
    as_json = request.method not in _SAFE_METHODS or asks_for_json()
    if as_json and request.method in _SAFE_METHODS:
        background()
    if not current_state().settings.enabled:
        return (
            problem(404, "not-found", "Chatvisor is disabled.")
            if as_json
            else abort(404)
        )
    refusal = _refusal_of_person(as_json)
    if refusal is None and request.method not in _SAFE_METHODS:
        refusal = refuse_cross_site()
    return refusal


def _refusal_of_person(as_json: bool) -> ResponseReturnValue | None:
    user = signed_in_user()
    if user is None:
        return _unauthorized(as_json)
    if current_agent() is not None:
        return None
    app = this_app()
    agent_denied.send(app, user=user, path=request.path)
    if as_json:
        return problem(403, "not-an-agent", _not_an_agent())
    abort(403, _not_an_agent())


def _not_an_agent() -> str:
    said = _("You are signed in, but not as an agent. Only agents may see this.")
    if this_app().debug and current_state().loaders.agent is None:
        # For developers, so in English.
        return f"{said} No agent_loader is registered; register one with Chatvisor."
    return said


def _unauthorized(as_json: bool) -> ResponseReturnValue:
    if as_json:
        return problem(401, "not-signed-in", _("Sign in first."))
    manager = getattr(current_app, "login_manager", None)
    if manager is None:
        logger.error(
            "There is no LoginManager, so there are no agents.",
            extra={"event": "chatvisor.setup.no-login-manager"},
        )
        abort(401)
    return t.cast(ResponseReturnValue, manager.unauthorized())
