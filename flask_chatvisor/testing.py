"""Tools to test an application's integration without an account or a browser.

.. code-block:: python

    with FakeService() as service:
        app = create_app(service.config())
        john = service.add(id="1", email="john@example.com")

        client = app.test_client()
        sign_in(client, "mary@example.com")
        assert AgentClient(client).users().json["total"] == 1
        assert AgentClient(client).start_call(john).status_code == 200
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs
from urllib.parse import unquote
from urllib.parse import urlsplit

import msgspec
from flask.testing import FlaskClient
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import TestResponse

from .cli.page import Page
from .contract import tokens
from .contract.api import SCOPES
from .contract.matching import Selection
from .contract.matching import meant
from .contract.matching import select
from .contract.problems import problem
from .contract.times import timestamp
from .contract.users import ActiveUser
from .state import state_of
from .web.cross_site import REQUEST_HEADER

__all__ = ["AgentClient", "FakeService", "block_of", "tag_of"]


def tag_of(response: TestResponse) -> dict[str, t.Any] | None:
    """Return a page's tag; ``None`` if nobody is tagged."""
    block = block_of(response)
    return None if block is None else t.cast("dict[str, t.Any] | None", block["tag"])


def block_of(response: TestResponse) -> dict[str, t.Any] | None:
    """Return a page's data block: ``tag``, ``reset`` and ``refresh``."""
    return Page(response.get_data(as_text=True)).block


class AgentClient:
    """Sends the requests of an agent's page, with a test client of a signed-in agent.

    Every method returns the response, whatever its status.
    """

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._prefix = state_of(client.application).settings.url_prefix

    def users(self, **query: t.Any) -> TestResponse:
        """List active users.

        :param query: ``q``, ``label``, ``assigned``, ``sort``, ``page``, ``page_size``.
        """
        return self._client.get(f"{self._prefix}/users.json", query_string=query)

    def user(self, query: str) -> TestResponse:
        """Find one user by id, e-mail or visitorId."""
        return self._client.get(f"{self._prefix}/users/{query}.json")

    def start_call(self, visitor_id: str) -> TestResponse:
        """Request a token to call a visitor."""
        return self._post("calls", {"visitorId": visitor_id})

    def token(self) -> TestResponse:
        """Request a user token."""
        return self._post("token", {})

    def _post(self, name: str, data: dict[str, t.Any]) -> TestResponse:
        headers = {REQUEST_HEADER: "1"}
        return self._client.post(f"{self._prefix}/{name}", json=data, headers=headers)


class FakeService:
    """A service that answers the extension's REST requests from memory.

    It listens on a real local socket, so that time-outs, headers and JSON are real. It
    makes no calls: the token is the last step that involves the extension.

    :ivar requests: method and path of every request, in order.
    """

    api_token = "api-token-of-the-fake-service-0123"  # noqa: S105

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self._users: dict[str, ActiveUser] = {}
        self._ids = itertools.count(1)
        self._failing: int | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def config(self) -> dict[str, t.Any]:
        """The configuration for an application to use this service.

        It replaces any other service in the application's configuration. Tags are
        unsigned, so that tests can compare them.
        """
        return {
            "CHATVISOR_SCRIPT_ID": None,
            "CHATVISOR_EMBEDDED": False,
            "CHATVISOR_SCRIPT_URL": f"{self.url}/cdn/js/fake.js",
            "CHATVISOR_API_URL": self.url,
            "CHATVISOR_API_TOKEN": self.api_token,
            "CHATVISOR_API_PATHS": None,
            "CHATVISOR_IDENTITY_KEY": None,
            "CHATVISOR_DIRECTORY": "server",
            "CHATVISOR_CACHE_SECONDS": 0,
        }

    def add(self, **fields: t.Any) -> str:
        """Add an active user.

        :param fields: of :class:`~flask_chatvisor.ActiveUser`.
        :return: the visitor's id.
        """
        now = dt.datetime.now(dt.UTC)
        visitor_id = f"visitor-{next(self._ids)}"
        defaults = {"visitor_id": visitor_id, "since": now, "last_seen": now}
        given: dict[str, t.Any] = defaults | fields
        given["labels"] = tuple(given.get("labels", ()))
        user = ActiveUser(**given)
        self._users[user.visitor_id] = user
        return user.visitor_id

    def change(self, visitor_id: str, **fields: t.Any) -> None:
        """Change fields of an active user."""
        user = self._users[visitor_id]
        self._users[visitor_id] = msgspec.structs.replace(user, **fields)

    def remove(self, visitor_id: str) -> None:
        """Remove an active user."""
        del self._users[visitor_id]

    def fail(self, status: int | None) -> None:
        """Answer every request with this status from now on; ``None`` ends that."""
        self._failing = status

    def __enter__(self) -> FakeService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(
        self, method: str, target: str, authorization: str, body: bytes
    ) -> tuple[int, t.Any]:
        """Answer one request with a status, and JSON or the text of a script."""
        path = urlsplit(target).path
        self.requests.append((method, path))
        if self._failing is not None:
            return self._failing, _problem(self._failing, "failing")
        if method == "GET" and path.startswith("/cdn/js/"):
            return 200, '"use strict";'
        token = authorization.removeprefix("Bearer ")
        if not self._accepts(token, agents=path not in _NOT_FOR_AGENTS):
            return 401, _problem(401, "token-invalid")
        return self._operation(method, target, body)

    def _accepts(self, token: str, *, agents: bool) -> bool:
        if tokens.same(token, self.api_token):
            return True
        try:
            grant = tokens.verify_user(token, [self.api_token], now=time.time())
        except tokens.TokenError:
            return False
        return agents and "list" in grant.scope

    def _operation(
        self, method: str, target: str, body: bytes
    ) -> tuple[int, dict[str, t.Any]]:
        path = urlsplit(target).path
        if (method, path) == ("GET", "/rest/v1/customerstatus"):
            return 200, self._list(parse_qs(urlsplit(target).query))
        if method == "GET" and path.startswith("/rest/v1/customerstatus/"):
            return self._status(unquote(path.rpartition("/")[2]))
        if (method, path) == ("POST", "/rest/v1/usertoken"):
            return 201, self._mint(json.loads(body))
        if (method, path) == ("POST", "/rest/v1/revoke"):
            return 200, self._revoke(json.loads(body))
        return 404, _problem(404, "not-found")

    def _list(self, query: dict[str, list[str]]) -> dict[str, t.Any]:
        asked = {key: values[0] for key, values in query.items()}
        queries = query.get("query", [])
        selection = Selection(
            queries=tuple(queries),
            q=asked.get("q", ""),
            label=asked.get("label", ""),
            assigned=asked.get("assigned", ""),
            waiting=asked.get("waiting") == "1",
            in_call=asked.get("inCall") == "1",
            sort=asked.get("sort", "name"),
            page=int(asked.get("pageNumber", 1)),
            page_size=int(asked.get("pageSize", 50)),
        )
        total, users = select(list(self._users.values()), selection)
        results = [user.to_json() for user in users]
        listed = {"page": selection.page, "total": total, "results": results}
        return listed | ({"queries": queries} if queries else {})

    def _status(self, query: str) -> tuple[int, dict[str, t.Any]]:
        found = meant(query, list(self._users.values()))
        if found is None:
            return 404, _problem(404, "not-found")
        return 200, found.to_json()

    def _mint(self, wanted: dict[str, t.Any]) -> dict[str, t.Any]:
        now = time.time()
        token = tokens.sign_user(
            self.api_token,
            email=wanted["email"],
            name=wanted["name"],
            scope=wanted.get("scope", SCOPES),
            now=now,
            ttl=wanted["ttl"],
            visitor_id=wanted.get("visitorId"),
        )
        return {"token": token, "expiresAt": timestamp(now + wanted["ttl"])}

    def _revoke(self, wanted: dict[str, t.Any]) -> dict[str, t.Any]:
        ended = [
            user.visitor_id
            for user in self._users.values()
            if user.in_call and user.in_call.agent.email == wanted["email"]
            if wanted.get("visitorId") in (None, user.visitor_id)
        ]
        for visitor_id in ended:
            self.change(visitor_id, in_call=None)
        return {"endedCalls": len(ended)}


#: What needs the API token.
_NOT_FOR_AGENTS = ("/rest/v1/usertoken", "/rest/v1/revoke")


def _problem(status: int, code: str) -> dict[str, t.Any]:
    title = HTTP_STATUS_CODES.get(status, "Trouble")
    return problem(status, code, f"The fake service answers {status}.", title=title)


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def log_message(self, *_: t.Any) -> None:
            """Keep the test's output clean."""

        def _answer(self, body: bytes) -> None:
            status, data = service.answer(
                self.command, self.path, self.headers.get("Authorization", ""), body
            )
            script = isinstance(data, str)
            kind = "text/javascript" if script else "application/json"
            content = (data if script else json.dumps(data)).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
