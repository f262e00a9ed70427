"""How routes answer: problem JSON, and whether a client wants JSON or a page."""

from __future__ import annotations

import typing as t

from flask import Response
from flask import json
from flask import request

from ..contract import problems


def problem(status: int, code: str, detail: str, **members: t.Any) -> Response:
    """Build a problem JSON response (RFC 9457).

    :param code: short and stable, for programs.
    :param detail: one or two sentences, for people.
    """
    body = json.dumps(problems.problem(status, code, detail, **members))
    response = Response(body, status, mimetype=problems.MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return safe(response)


def safe(response: Response) -> Response:
    """Keep browsers from guessing what an answer is, and other sites from framing it.

    In a frame, an agent could be tricked into clicking a Start button.
    """
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    return response


def prefers_page() -> bool:
    """Return whether the client prefers a page to JSON, as browsers do."""
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def prefers_json() -> bool:
    """Return whether the client prefers JSON to a page."""
    accept = request.accept_mimetypes
    return accept["application/json"] > accept["text/html"]


def asks_for_json() -> bool:
    """Return whether an agent's route must answer JSON, by its path or by Accept."""
    return (request.endpoint or "").endswith("_json") or prefers_json()
