"""The service's signed events, which become the application's signals."""

from __future__ import annotations

import json
import threading
import typing as t
from collections import OrderedDict
from collections.abc import Callable

from flask import Response
from flask import request

from ..contract import tokens
from ..contract.api import SIGNATURE_HEADER
from ..current import current_state
from ..current import this_app
from ..signals import send_event
from .answers import problem

#: Maximum bytes of an event; the service's events have a few hundred.
MAX_EVENT = 16 * 1024
#: Number of remembered events, so that each is accepted only once.
MAX_SEEN = 10_000

_EVENTS = ("call.requested", "call.started", "call.ended")


class Events:
    """Accepts the service's signed events, each of them once."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def receive(self) -> Response:
        """Verify an event's signature and send the matching signal."""
        body = _body()
        if body is None:
            return problem(413, "too-large", f"An event has at most {MAX_EVENT} bytes.")
        try:
            self._verify(body)
            event = _event(body)
        except tokens.TokenError as error:
            return problem(401, error.code, error.detail)
        except ValueError as error:
            return problem(400, "bad-request", str(error))
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
            # The service sends it again, and then it must be accepted.
            with self._lock:
                self._seen.pop(event["id"], None)
            raise


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
        raise ValueError(f"An event's type must be one of {', '.join(_EVENTS)}.")
    if not isinstance(event.get("id"), str) or not 0 < len(event["id"]) <= 128:
        raise ValueError("An event's id must be a text of up to 128 characters.")
    return event
