"""What everyone may ask for: the assets, one's own tag; and the service's events."""

from __future__ import annotations

import json
import threading
import time
import typing as t
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from flask import Response
from flask import abort
from flask import request
from flask import send_from_directory

from .. import tagging
from ..assets import AGENT
from ..assets import STATIC
from ..assets import content_hash
from ..assets import modules_hash
from ..context import this_app
from ..context import this_request
from ..contract import tokens
from ..contract.api import SIGNATURE_HEADER
from ..hosts import Blueprint
from ..signals import send_event
from ..state import current_state
from . import guard

#: Bytes of the largest event; the service's own have a few hundred.
MAX_EVENT = 16 * 1024
#: Events that are remembered, so that each is taken once.
MAX_SEEN = 10_000

_TYPES = {".css": "text/css", ".js": "text/javascript"}
_EVENTS = ("call.requested", "call.started", "call.ended")


def blueprint(*, now: Callable[[], float] = time.time) -> Blueprint:
    """Build the blueprint of the public routes; one for each application.

    :param now: the clock by which an event is too old, epoch seconds.
    """
    routes = Blueprint("chatvisor_public", "flask_chatvisor")
    guard.exempt_from_csrf_protect(routes)
    routes.before_request(_only_if_enabled)
    events = _Events(now)
    routes.add_url_rule("/static/<filename>", "static", static)
    routes.add_url_rule("/static/<version>/<filename>", "module", module)
    routes.add_url_rule("/me", "me", me)
    routes.add_url_rule("/events", "events", events.receive, methods=["POST"])
    return routes


def static(filename: str) -> Response:
    """Serve an asset; for ever, if the URL has the hash of its content."""
    return _asset(
        STATIC, filename, lambda: request.args.get("v") == content_hash(filename)
    )


def module(version: str, filename: str) -> Response:
    """Serve a script of the agents' pages; for ever, if the version is today's."""
    if not version.isalnum():
        abort(404)
    return _asset(AGENT, filename, lambda: version == modules_hash())


def _asset(folder: Path, filename: str, is_exact: Callable[[], bool]) -> Response:
    # What the system thinks of these types differs from one to the next.
    kind = _TYPES.get(Path(filename).suffix)
    # Whether there is such a file is known from here on.
    response = send_from_directory(folder, filename, mimetype=kind)
    cached = "public, max-age=31536000, immutable" if is_exact() else "no-cache"
    response.headers["Cache-Control"] = cached
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def me() -> Response:
    """Tell a page of this site whom to announce."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return guard.problem(
            403, "origin-refused", "Only pages of this site may ask for their tag."
        )
    asking = this_request()
    who = tagging.announce(asking)
    block = tagging.block(asking, current_state().settings, who)
    response = Response(block, mimetype="application/json")
    response.headers["Cache-Control"] = "private, no-store"
    who.remember(asking, response)
    return response


class _Events:
    """Takes the service's signed events, each of them once."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def receive(self) -> Response:
        """Check an event's signature and send the signal that belongs to it."""
        body = _body()
        if body is None:
            return guard.problem(
                413, "too-large", f"An event has at most {MAX_EVENT} bytes."
            )
        try:
            self._verify(body)
            event = _event(body)
        except tokens.TokenError as error:
            return guard.problem(401, error.code, error.detail)
        except ValueError as error:
            return guard.problem(400, "bad-request", str(error))
        if self._is_new(event["id"]):
            self._send(event)
        return Response(status=204)

    def _verify(self, body: bytes) -> None:
        api_token = current_state().settings.api_token
        header = request.headers.get(SIGNATURE_HEADER, "")
        keys = [api_token] if api_token else []
        tokens.verify_event(body, header, keys, now=self._now())

    def _is_new(self, event_id: str) -> bool:
        with self._lock:
            if event_id in self._seen:
                return False
            self._seen[event_id] = None
            if len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)
            return True

    def _send(self, event: dict[str, t.Any]) -> None:
        try:
            app = this_app()
            send_event(app, event)
        except BaseException:
            # The service sends it again; then it is not old news.
            with self._lock:
                self._seen.pop(event["id"], None)
            raise


def _only_if_enabled() -> None:
    guard.background()
    if not current_state().settings.enabled:
        abort(404)


def _body() -> bytes | None:
    if (request.content_length or 0) > MAX_EVENT:
        return None
    body = request.stream.read(MAX_EVENT + 1)
    return body if len(body) <= MAX_EVENT else None


def _event(body: bytes) -> dict[str, t.Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("The event is not JSON.") from None
    if not isinstance(event, dict) or event.get("type") not in _EVENTS:
        raise ValueError(f"An event is one of {', '.join(_EVENTS)}.")
    if not isinstance(event.get("id"), str) or not 0 < len(event["id"]) <= 128:
        raise ValueError("An event has an id, a text of up to 128 characters.")
    return event
