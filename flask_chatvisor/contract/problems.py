"""The body of an error answer: problem JSON, RFC 9457."""

from __future__ import annotations

import typing as t
from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int, code: str, detail: str, *, title: str = "", **members: t.Any
) -> dict[str, t.Any]:
    """Describe what went wrong.

    :param code: short and stable, for programs.
    :param detail: one or two sentences, for people.
    :param title: of the kind of problem; defaults to the name of the status.
    """
    return {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }
