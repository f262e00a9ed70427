"""Public routes: the assets, and the user's own tag."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from flask import Response
from flask import abort
from flask import request
from flask import send_from_directory

from ..assets import AGENT
from ..assets import STATIC
from ..assets import content_hash
from ..assets import modules_hash
from ..current import current_state
from ..current import this_request
from ..tag import announcement
from .answers import problem
from .answers import safe
from .background import background
from .cross_site import exempt_from_csrf_protect
from .events import Events
from .hosts import Blueprint

#: What ``tag.js`` sends after a reset.
RESET_HEADER = "X-Chatvisor-Reset"
_TYPES = {".css": "text/css", ".js": "text/javascript"}


def blueprint(*, now: Callable[[], float] = time.time) -> Blueprint:
    """Build the blueprint of the public routes; one for each application.

    :param now: the clock for the age of events, epoch seconds.
    """
    routes = Blueprint("chatvisor_public", "flask_chatvisor")
    exempt_from_csrf_protect(routes)
    routes.before_request(_only_if_enabled)
    routes.after_request(safe)
    events = Events(now)
    routes.add_url_rule("/static/<filename>", "static", static)
    routes.add_url_rule("/static/<version>/<filename>", "module", module)
    routes.add_url_rule("/me", "me", me)
    routes.add_url_rule("/events", "events", events.receive, methods=["POST"])
    return routes


def static(filename: str) -> Response:
    """Serve an asset; cached forever if the URL has the hash of its content."""
    return _asset(
        STATIC, filename, lambda: request.args.get("v") == content_hash(filename)
    )


def module(version: str, filename: str) -> Response:
    """Serve a script of the agents' pages; cached forever if the version is current."""
    if not version.isalnum():
        abort(404)
    return _asset(AGENT, filename, lambda: version == modules_hash())


def _asset(folder: Path, filename: str, is_exact: Callable[[], bool]) -> Response:
    # The types that systems assign to these files differ.
    kind = _TYPES.get(Path(filename).suffix)
    # From here on, the file is known to exist.
    response = send_from_directory(folder, filename, mimetype=kind)
    cached = "public, max-age=31536000, immutable" if is_exact() else "no-cache"
    response.headers["Cache-Control"] = cached
    return response


def me() -> Response:
    """Answer a page of this site with the user to announce.

    A reset is repeated by every page until one says that it was made.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return problem(
            403, "origin-refused", "Only pages of this site may request their tag."
        )
    asking = this_request()
    acknowledged = request.headers.get(RESET_HEADER) == "done"
    who = announcement.announce(asking, acknowledged=acknowledged)
    block = announcement.block(asking, current_state().settings, who)
    response = Response(block, mimetype="application/json")
    response.headers["Cache-Control"] = "private, no-store"
    who.remember(asking, response)
    return response


def _only_if_enabled() -> None:
    background()
    if not current_state().settings.enabled:
        abort(404)
