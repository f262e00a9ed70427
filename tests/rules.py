"""What the service, the extension and the agents' scripts each do, by the same rules.

:file:`rules.json` has the cases, for Python and JavaScript: which users a list has and
in which order, who is meant by a query, how a span of time is said.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

_RULES = json.loads(Path(__file__).with_name("rules.json").read_text("utf-8"))

USERS: list[dict[str, t.Any]] = _RULES["users"]
#: Query strings of the list, and the visitor ids that come of them.
LISTS: list[tuple[str, list[str]]] = _RULES["lists"]
SPANS: list[tuple[int, str, str]] = _RULES["spans"]


def best_cases() -> list[tuple[list[dict[str, t.Any]], str]]:
    """Visitors of one user, and the one who is meant by that user's e-mail."""
    return [
        ([_visitor(*one) for one in case["visitors"]], case["best"])
        for case in _RULES["best"]
    ]


def meant_cases() -> list[tuple[str, list[dict[str, t.Any]], str, str | None]]:
    """A reason, active users, a query, and the visitorId that it means."""
    return [
        (case["why"], [_user(*one) for one in case["users"]], case["query"], meant)
        for case in _RULES["meant"]
        for meant in [case["meant"]]
    ]


def _user(
    visitor_id: str,
    user_id: str,
    email: str,
    verified: bool = False,
    visible: bool = False,
) -> dict[str, t.Any]:
    named = {"visitorId": visitor_id, "id": user_id, "email": email}
    return {**USERS[0], **named, "verified": verified, "visible": visible}


def _visitor(
    visitor_id: str, verified: bool, visible: bool, last_seen: str
) -> dict[str, t.Any]:
    given = {"verified": verified, "visible": visible, "lastSeen": last_seen}
    return {**USERS[0], "visitorId": visitor_id, **given}
