"""A service for the agents' pages: real HTTP on a real socket, users by assignment."""

from __future__ import annotations

import datetime as dt
import json
import threading
import typing as t
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import unquote
from urllib.parse import urlsplit

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


class FakeService:
    """Answers for ``users``; with ``failure`` set, with that status to everything.

    :ivar finds_several: whether it knows more than one ``query`` at a time.
    :ivar asked: every request's method and path with its query.
    :ivar minted: the bodies of the requests for user tokens.
    """

    def __init__(self) -> None:
        self.users: list[dict[str, t.Any]] = []
        self.failure: int | None = None
        self.finds_several = True
        self.asked: list[str] = []
        self.minted: list[dict[str, t.Any]] = []
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, query: Mapping[str, list[str]]) -> t.Any:
        if path == LIST:
            asked = {key: values[0] for key, values in query.items()}
            return self._list(asked, query.get("query", []))
        if path.startswith(f"{LIST}/"):
            return self._status(unquote(path.removeprefix(f"{LIST}/")))
        return None

    def mint(self, body: dict[str, t.Any]) -> dict[str, t.Any]:
        self.minted.append(body)
        token = f"token-{len(self.minted)}"
        return {"token": token, "expiresAt": ago(seconds=-body["ttl"])}

    def _list(self, query: Mapping[str, str], queries: list[str]) -> dict[str, t.Any]:
        queries = queries if self.finds_several else []
        text = query.get("q", "").casefold()
        label = query.get("label")
        found = [
            user
            for user in self.users
            if text in json.dumps(user).casefold()
            and (not label or label in user["labels"])
            and (not query.get("waiting") or user["waitingSince"])
            and (not query.get("inCall") or user["inCall"])
            and (not queries or _is_called(user, queries))
        ]
        found.sort(key=lambda user: (user["waitingSince"] or "~", user["firstname"]))
        page = int(query["pageNumber"])
        size = int(query["pageSize"])
        shown = found[(page - 1) * size : page * size]
        listed = {"page": page, "total": len(found), "results": shown}
        return listed | ({"queries": queries} if queries else {})

    def _status(self, query: str) -> dict[str, t.Any] | None:
        return next((u for u in self.users if _is_called(u, [query])), None)


def _is_called(user: Mapping[str, t.Any], queries: list[str]) -> bool:
    return any(user[field] in queries for field in ("visitorId", "id", "email"))


class _Handler(BaseHTTPRequestHandler):
    fake: FakeService

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.endswith(".js"):
            return self._send(200, FAKE_CV.read_bytes(), "text/javascript")
        self.fake.asked.append(f"GET {self.path}")
        if self.fake.failure:
            return self._problem(self.fake.failure)
        found = self.fake.answer(url.path, parse_qs(url.query))
        if found is None:
            return self._problem(404)
        return self._send(200, json.dumps(found).encode(), "application/json")

    def do_POST(self) -> None:
        self.fake.asked.append(f"POST {self.path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.fake.failure:
            return self._problem(self.fake.failure)
        minted = json.dumps(self.fake.mint(body)).encode()
        return self._send(201, minted, "application/json")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _problem(self, status: int) -> None:
        body = {"type": "about:blank", "title": "No", "status": status, "code": "no"}
        self._send(status, json.dumps(body).encode(), "application/problem+json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
