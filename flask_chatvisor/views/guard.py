"""Who may come in: deny by default, for a whole blueprint and as a decorator.

The order of questions is fixed: enabled? signed in? an agent? sent by our own pages?
"""

from __future__ import annotations

import functools
import logging
import sys
import typing as t
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import abort
from flask import current_app
from flask import has_request_context
from flask import json
from flask import request
from flask import session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..context import these_globals
from ..context import this_app
from ..context import this_request
from ..contract import problems
from ..errors import SetupError
from ..i18n import gettext as _
from ..identity import Agent
from ..signals import agent_denied
from ..state import current_state

F = t.TypeVar("F", bound=Callable[..., t.Any])

#: The header that a page of another site cannot send without being asked about it.
REQUEST_HEADER = "X-Chatvisor-Request"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BACKGROUND = "flask_chatvisor.background"

logger: logging.Logger = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Add to an application what the guard needs beyond its blueprints."""
    # In front, so that it runs last: nobody touches the session afterwards.
    app.after_request_funcs.setdefault(None, []).insert(0, _leave_session)


def protect(blueprint: Blueprint) -> None:
    """Keep everybody but agents out of every route of a blueprint."""
    blueprint.before_request(_refusal)
    exempt_from_csrf_protect(blueprint)


def agent_required(view: F) -> F:
    """Let only agents into a view of the application itself.

    Its CSRF protection stays the application's own affair.
    """

    @functools.wraps(view)
    def guarded(*args: t.Any, **kwargs: t.Any) -> t.Any:
        refusal = _refusal_of_person(prefers_json())
        if refusal is not None:
            return refusal
        return current_app.ensure_sync(view)(*args, **kwargs)

    return t.cast(F, guarded)


def current_agent() -> Agent | None:
    """Find out which agent makes this request, if it is one."""
    user = _signed_in_user()
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


def problem(status: int, code: str, detail: str, **members: t.Any) -> Response:
    """Make an answer of RFC 9457 problem JSON.

    :param code: short and stable, for programs.
    :param detail: one or two sentences, for people.
    """
    body = json.dumps(problems.problem(status, code, detail, **members))
    response = Response(body, status, mimetype=problems.MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def prefers_page() -> bool:
    """Tell whether the client would rather have a page than JSON: a browser does."""
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def prefers_json() -> bool:
    """Tell whether the client would rather have JSON than a page."""
    accept = request.accept_mimetypes
    return accept["application/json"] > accept["text/html"]


def refuse_cross_site() -> Response | None:
    """Refuse a state-changing request that is not one of our own pages'."""
    if not _same_site():
        return problem(
            403, "origin-refused", "Requests from pages of another site are refused."
        )
    if request.headers.get(REQUEST_HEADER) != "1":
        return problem(400, "bad-request", f"Send the header {REQUEST_HEADER}: 1.")
    return None


def exempt_from_csrf_protect(blueprint: Blueprint) -> None:
    """Spare a blueprint Flask-WTF's ``CSRFProtect``: it has a protection of its own.

    ``CSRFProtect`` may be set up before or after us, so this is settled by the
    request; preprocessors run before every ``before_request``.
    """

    @blueprint.url_value_preprocessor
    def exempt(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        flask_wtf = sys.modules.get("flask_wtf.csrf")
        csrf: t.Any = current_app.extensions.get("csrf")
        if flask_wtf is not None and isinstance(csrf, flask_wtf.CSRFProtect):
            csrf.exempt(current_app.blueprints[blueprint.name])


def background() -> None:
    """Mark this request as one that the user did not make.

    A page that keeps itself current must not keep its user signed in: neither the
    session nor the remember-me cookie is renewed by it.
    """
    request.environ[_BACKGROUND] = True


def _refusal() -> ResponseReturnValue | None:
    as_json = request.method not in _SAFE_METHODS or asks_for_json()
    if as_json and request.method in _SAFE_METHODS:
        background()
    if not current_state().settings.enabled:
        return problem(404, "not-found", "Chatvisor is off.") if as_json else abort(404)
    refusal = _refusal_of_person(as_json)
    if refusal is None and request.method not in _SAFE_METHODS:
        refusal = refuse_cross_site()
    return refusal


def asks_for_json() -> bool:
    """Tell whether an agent's route is to answer JSON: by its path, or by Accept."""
    return (request.endpoint or "").endswith("_json") or prefers_json()


def _refusal_of_person(as_json: bool) -> ResponseReturnValue | None:
    user = _signed_in_user()
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
        # For the one who sets it up, so in English.
        return f"{said} There is no agent_loader: register one with Chatvisor."
    return said


def _unauthorized(as_json: bool) -> ResponseReturnValue:
    if as_json:
        return problem(401, "not-signed-in", _("Sign in first."))
    manager = getattr(current_app, "login_manager", None)
    if manager is None:
        logger.error(
            "There is no LoginManager, so nobody can be an agent.",
            extra={"event": "chatvisor.setup.no-login-manager"},
        )
        abort(401)
    return t.cast(ResponseReturnValue, manager.unauthorized())


def _signed_in_user() -> t.Any:
    """Find the user of this request; ``None`` without one, or without Flask-Login."""
    if not has_request_context() or not hasattr(current_app, "login_manager"):
        return None
    user = current_user._get_current_object()
    return user if user is not None and user.is_authenticated else None


def _checked(agent: t.Any) -> Agent | None:
    if agent is None or isinstance(agent, Agent):
        return agent
    raise SetupError(
        f"The agent_loader returned {type(agent).__name__}. Return an Agent, or None"
        " for a user who is not one."
    )


def _same_site() -> bool:
    fetched_from = request.headers.get("Sec-Fetch-Site")
    if fetched_from is not None:
        return fetched_from in ("same-origin", "none")
    origin = request.headers.get("Origin")
    # Without either header it is no browser. A proxy may hide the scheme, not the host.
    return origin is None or urlsplit(origin).netloc == request.host


def _leave_session(response: Response) -> Response:
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
