"""All request hooks of the extension, in order.

Before a request, the embedded service is started, a visitor's request loses the
conditions that could make the answer a 304, and the first request sets up what must
wait for it. After a request, Flask runs hooks in reverse order of registration, so
these run

- :func:`.insertion.tag_page`, as late as possible, but before compressors;
- then the application's own and those of extensions registered earlier;
- :func:`_follow_agent`, when the request's user is settled;
- :func:`.caching.keep_private`, when all headers have been added;
- :func:`.background.leave_session`, when nothing uses the session any more.
"""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable

from flask import Flask
from flask import Response
from flask_login import user_logged_out

from . import acting
from .current import this_request
from .state import state_of
from .tag.caching import ask_for_the_page
from .tag.caching import is_for_shared_caches
from .tag.caching import keep_private
from .tag.insertion import tag_page
from .web.background import leave_session

_COMPRESSORS = ("flask_compress",)

logger: logging.Logger = logging.getLogger(__name__)


def register(app: Flask, start_service: Callable[[], None] | None) -> None:
    """Add all hooks to an application.

    :param start_service: starts the embedded service, if there is one.
    """

    @app.before_request
    def settle() -> None:
        hooks = app.before_request_funcs[None]
        app.before_request_funcs[None] = [hook for hook in hooks if hook is not settle]
        # Only once, even if two requests are the first.
        if settle in hooks:
            _settle(app)

    if start_service is not None:
        # Never before a request: `flask routes` must not start servers.
        app.before_request(start_service)
    app.before_request(ask_for_the_page)
    app.after_request(tag_page)
    user_logged_out.connect(_sign_out, app, weak=False)
    app.after_request_funcs[None][:0] = [leave_session, keep_private, _follow_agent]


def _sign_out(app: Flask, user: t.Any, **_: t.Any) -> None:
    """Notice that an agent signs out."""
    if not state_of(app).settings.enabled:
        return
    try:
        acting.sign_out(user)
    except Exception:
        _not_followed()


def _follow_agent(response: Response) -> Response:
    """Notice an agent who has left, unless shared caches might keep the answer."""
    if acting.COOKIE not in this_request().environ.get("HTTP_COOKIE", ""):
        return response  # every request passes here, so cookies are not parsed
    headers = {name.lower(): value for name, value in response.headers}
    if is_for_shared_caches(headers):
        return response
    try:
        acting.follow(response)
    except Exception:
        _not_followed()
    return response


def _not_followed() -> None:
    # Whatever went wrong here or in a loader, the page itself is fine.
    event = {"event": "chatvisor.agent.not-followed"}
    logger.exception("Whether an agent has left is not known.", extra=event)


def _settle(app: Flask) -> None:
    """Check what is complete only at the first request: hooks and LoginManager."""
    if state_of(app).settings.enabled and not hasattr(app, "login_manager"):
        logger.error(
            "There is no LoginManager, so no page is tagged. Initialise Flask-Login:"
            " LoginManager(app).",
            extra={"event": "chatvisor.setup.no-login-manager"},
        )
    hooks = app.after_request_funcs[None]
    ours = hooks.index(tag_page)
    compressors = [i for i, hook in enumerate(hooks) if _compresses(hook)]
    last = max([ours, *compressors])
    app.after_request_funcs[None] = [
        *hooks[:ours],
        *hooks[ours + 1 : last + 1],
        tag_page,
        *hooks[last + 1 :],
    ]


def _compresses(hook: t.Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith(_COMPRESSORS)
