"""How routes answer: problem JSON, and whether a client wants JSON or a page."""

from __future__ import annotations

import typing as t

from flask import Response
from flask import json
from flask import request

from ..contract import problems


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
    """Say whether the client would rather have a page than JSON: a browser does."""
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def prefers_json() -> bool:
    """Say whether the client would rather have JSON than a page."""
    accept = request.accept_mimetypes
    return accept["application/json"] > accept["text/html"]


def asks_for_json() -> bool:
    """Say whether an agent's route is to answer JSON: by its path, or by Accept."""
    return (request.endpoint or "").endswith("_json") or prefers_json()
