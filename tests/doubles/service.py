"""A service for the agents' pages: real HTTP on a real socket, users by assignment."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import unquote
from urllib.parse import urlsplit

from flask_chatvisor import testing

FAKE_CV = Path(__file__).with_name("fake_cv.js")
LIST = "/rest/v1/customerstatus"


def active_user(visitor_id: str, name: str, **fields: t.Any) -> dict[str, t.Any]:
    """A user as the REST API gives it; ``name`` is first and last name."""
    first, _, last = name.partition(" ")
    return {
        "visitorId": visitor_id,
        "id": visitor_id.removeprefix("v-"),
        "email": f"{first.lower()}@example.com",
        "firstname": first,
        "lastname": last,
        "labels": [],
        "verified": True,
        "location": {"title": "Home", "path": "/"},
        "since": ago(minutes=12),
        "lastSeen": ago(seconds=2),
        "visible": True,
        "inCall": None,
        "waitingSince": None,
        **fields,
    }


def ago(**span: float) -> str:
    """A timestamp so long before now."""
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(**span)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class FakeService(testing.FakeService):
    """Answers for ``users``; with ``failure`` set, with that status to everything.

    :ivar finds_several: whether it knows more than one ``query`` at a time.
    :ivar asked: every request's method and path with its query.
    :ivar minted: the bodies of the requests for user tokens.
    """

    def __init__(self) -> None:
        super().__init__()
        self.users: list[dict[str, t.Any]] = []
        self.failure: int | None = None
        self.finds_several = True
        self.asked: list[str] = []
        self.minted: list[dict[str, t.Any]] = []
        self.__enter__()

    def close(self) -> None:
        self.__exit__()

    def answer(
        self, method: str, target: str, authorization: str, body: bytes
    ) -> tuple[int, t.Any]:
        url = urlsplit(target)
        if url.path.endswith(".js"):
            return 200, FAKE_CV.read_text(encoding="utf-8")
        self.asked.append(f"{method} {target}")
        if self.failure:
            return self.failure, _problem(self.failure)
        if url.path.endswith("/revoke"):
            return 200, {"endedCalls": 0}
        if method == "POST":
            return 201, self.mint(json.loads(body))
        found = self._found(url.path, parse_qs(url.query))
        return (200, found) if found is not None else (404, _problem(404))

    def _found(self, path: str, query: dict[str, list[str]]) -> t.Any:
        if path == LIST:
            return self._list(query)
        if path.startswith(f"{LIST}/"):
            called = [unquote(path.removeprefix(f"{LIST}/"))]
            return next((user for user in self.users if _is_called(user, called)), None)
        return None

    def mint(self, body: dict[str, t.Any]) -> dict[str, t.Any]:
        self.minted.append(body)
        token = f"token-{len(self.minted)}"
        return {"token": token, "expiresAt": ago(seconds=-body["ttl"])}

    def _list(self, query: dict[str, list[str]]) -> dict[str, t.Any]:
        queries = query.get("query", []) if self.finds_several else []
        asked = {key: values[0] for key, values in query.items()}
        text = asked.get("q", "").casefold()
        label = asked.get("label")
        found = [
            user
            for user in self.users
            if text in json.dumps(user).casefold()
            and (not label or label in user["labels"])
            and (not asked.get("waiting") or user["waitingSince"])
            and (not asked.get("inCall") or user["inCall"])
            and (not queries or _is_called(user, queries))
        ]
        found.sort(key=lambda user: (user["waitingSince"] or "~", user["firstname"]))
        page = int(asked["pageNumber"])
        size = int(asked["pageSize"])
        shown = found[(page - 1) * size : page * size]
        listed = {"page": page, "total": len(found), "results": shown}
        return listed | ({"queries": queries} if queries else {})


def _is_called(user: Mapping[str, t.Any], queries: list[str]) -> bool:
    return any(user[field] in queries for field in ("visitorId", "id", "email"))


def _problem(status: int) -> dict[str, t.Any]:
    return {"type": "about:blank", "title": "No", "status": status, "code": "no"}
