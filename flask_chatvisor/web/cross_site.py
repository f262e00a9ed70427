"""State-changing requests are accepted only from pages of this site."""

from __future__ import annotations

import sys
import typing as t
from urllib.parse import urlsplit

from flask import Blueprint
from flask import Response
from flask import current_app
from flask import request

from .answers import problem

#: A header that pages of other sites cannot send without a CORS preflight.
REQUEST_HEADER = "X-Chatvisor-Request"


def refuse_cross_site() -> Response | None:
    """Refuse a state-changing request that does not come from a page of this site."""
    if not _same_site():
        return problem(
            403, "origin-refused", "Requests from pages of another site are refused."
        )
    if request.headers.get(REQUEST_HEADER) != "1":
        return problem(400, "bad-request", f"Send the header {REQUEST_HEADER}: 1.")
    return None


def exempt_from_csrf_protect(blueprint: Blueprint) -> None:
    """Exempt a blueprint from Flask-WTF's ``CSRFProtect``; it has its own protection.

    ``CSRFProtect`` may be set up before or after the blueprint, so this is done on each
    request; preprocessors run before every ``before_request``.
    """

    @blueprint.url_value_preprocessor
    def exempt(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        flask_wtf = sys.modules.get("flask_wtf.csrf")
        csrf: t.Any = current_app.extensions.get("csrf")
        if flask_wtf is not None and isinstance(csrf, flask_wtf.CSRFProtect):
            csrf.exempt(current_app.blueprints[blueprint.name])


def _same_site() -> bool:
    fetched_from = request.headers.get("Sec-Fetch-Site")
    if fetched_from is not None:
        return fetched_from in ("same-origin", "none")
    origin = request.headers.get("Origin")
    # Without both headers it is no browser. A proxy may hide the scheme, not the host.
    return origin is None or urlsplit(origin).netloc == request.host
