"""How the service answers: JSON, and problem JSON for what is refused."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ...contract import problems
from ...contract.api import PROBLEMS
from ..access.credentials import Refusal


def as_json(content: t.Any, status: int = 200) -> Response:
    """Answer with JSON that nobody keeps."""
    return Response(
        msgspec.json.encode(content),
        status,
        {"Cache-Control": "no-store"},
        "application/json",
    )


def problem(
    code: str,
    detail: str,
    *,
    extra: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with problem JSON (RFC 9457)."""
    status, title = PROBLEMS[code]
    body = problems.problem(status, code, detail, title=title, **(extra or {}))
    response = as_json(body, status)
    response.headers["Content-Type"] = problems.MEDIA_TYPE
    response.headers.update(headers or {})
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer a refusal."""
    error = t.cast(Refusal, error)
    extra = dict(error.extra)
    headers = {"Retry-After": extra.pop("retryAfter")} if "retryAfter" in extra else {}
    return problem(error.code, error.detail, extra=extra, headers=headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what routing found wrong."""
    error = t.cast(HTTPException, error)
    headers = error.headers
    if error.status_code == 405:
        return problem("method-not-allowed", "Use another method.", headers=headers)
    if error.status_code == 404:
        return problem("not-found", "There is nothing at this address.")
    return problem("bad-request", error.detail, headers=headers)
