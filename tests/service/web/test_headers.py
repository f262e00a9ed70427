"""The headers of every answer."""

from __future__ import annotations

import asyncio
import typing as t

import pytest

from flask_chatvisor.service.web.headers import SafeHeaders

from ..conftest import LiveService

ANSWERS = [
    ("GET", "/health", 200),
    ("GET", "/cdn/js/x.js", 200),
    ("GET", "/static/latest/texts/de.js", 200),
    ("GET", "/call/none", 200),
    ("GET", "/rest/v1/customerstatus", 200),
    ("GET", "/rest/v1/customerstatus/nobody", 404),
    ("POST", "/rest/v1/call", 403),
    ("PUT", "/health", 405),
    ("GET", "/", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_no_answer_is_guessed_at_or_framed(
    service: LiveService, method: str, path: str, status: int
) -> None:
    for token in {"token": None}, {}:
        answer = service.request(method, path, **t.cast(t.Any, token))
        assert answer.status_code in (status, 401)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_neither_is_a_failure() -> None:
    sent: list[t.MutableMapping[str, t.Any]] = []

    async def fails(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})

    async def send(message: t.MutableMapping[str, t.Any]) -> None:
        sent.append(message)

    asyncio.run(SafeHeaders(fails)({"type": "http"}, t.cast(t.Any, None), send))
    assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]
