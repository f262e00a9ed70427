"""The REST API: active users, user tokens, calls and health."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from functools import partial

import msgspec
from starlette.datastructures import Headers
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from starlette.types import Receive
from starlette.types import Scope
from starlette.types import Send

from ...contract import problems
from ...contract.api import CALL_PATH
from ...contract.api import MAX_PAGE_SIZE
from ...contract.api import MAX_QUERIES
from ...contract.api import MAX_TTL
from ...contract.api import PATHS
from ...contract.api import PROBLEMS
from ...contract.api import SCOPES
from ...contract.api import Scope as TokenScope
from ...contract.matching import SORTS
from ...contract.matching import Selection
from ...contract.times import timestamp
from ..access.credentials import Access
from ..access.credentials import Caller
from ..access.credentials import Refusal
from ..access.credentials import agent_ref
from ..access.limits import Throttle
from ..access.limits import address_of
from ..core import Core
from ..hub.calls import ringing
from ..hub.effects import Invitation
from ..records.active_user import profile
from ..settings import Settings

_Text = t.Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
_Id = t.Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Ttl = t.Annotated[int, msgspec.Meta(ge=1, le=MAX_TTL)]


class _Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The base of request bodies."""


class UserTokenRequest(_Body):
    """A request for a user token; one bound to a visitor is for calling it."""

    email: _Text
    ttl: _Ttl
    name: t.Annotated[str, msgspec.Meta(max_length=320)] = ""
    visitor_id: _Id | None = None
    scope: list[TokenScope] | None = None


class CallRequest(_Body):
    """A request for a call."""

    visitor_id: _Id
    kind: t.Literal["screen"] = "screen"


_B = t.TypeVar("_B", bound=_Body)


class Rest:
    """The handlers of the REST API."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        core: Core,
        throttle: Throttle,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._access = access
        self._core = core
        self._throttle = throttle
        self._clock = clock

    def routes(self) -> list[Route]:
        """List the routes of the API."""
        return [
            Route("/health", self.health),
            Route(PATHS["list"], self.users),
            Route(PATHS["status"].replace("query", "query:path"), self.user),
            Route(PATHS["user_token"], self.user_token, methods=["POST"]),
            Route(CALL_PATH, self.call, methods=["POST"]),
        ]

    async def health(self, request: Request) -> Response:
        """Answer through the hub's event loop, so that a blocked loop is noticed."""
        stuck = self._core.keeper.is_stuck()
        health = {"status": "stuck" if stuck else "ok"}
        health["time"] = timestamp(self._clock())
        if nonce := request.query_params.get("nonce", "")[:128]:
            health["proof"] = self._access.health_proof(nonce)
        return _json(health, 503 if stuck else 200)

    async def users(self, request: Request) -> Response:
        """List active users."""
        self._caller(request).require("list")
        selection = _selection(request.query_params)
        total, results = self._core.directory.select_raw(selection)
        listed = {"page": selection.page, "total": total, "results": results}
        if selection.queries:
            # So that the client does not mistake a list of everybody for an answer.
            listed["queries"] = selection.queries
        return _json(listed)

    async def user(self, request: Request) -> Response:
        """Find one active user."""
        self._caller(request).require("list")
        row = self._core.directory.find(request.path_params["query"])
        found = row and profile(await self._core.engine.load(row.visitor_id))
        if not found:
            raise Refusal("not-found", "No active user has this id or e-mail.")
        return _json(found)

    async def user_token(self, request: Request) -> Response:
        """Mint a user token."""
        if self._caller(request).grant is not None:
            raise Refusal("scope-missing", "Minting user tokens needs the API token.")
        wanted = await self._body(request, UserTokenRequest)
        bound = wanted.visitor_id is not None
        scope = wanted.scope
        if scope is None:
            scope = ["call"] if bound else list(SCOPES)
        if bound and scope != ["call"]:
            detail = "A token bound to a visitor must have only the scope 'call'."
            raise Refusal("bad-request", detail)
        now = self._clock()
        token = self._access.mint(
            email=wanted.email,
            name=wanted.name or wanted.email,
            scope=scope,
            now=now,
            ttl=wanted.ttl,
            visitor_id=wanted.visitor_id,
        )
        until = timestamp(int(now) + wanted.ttl)
        return _json({"token": token, "expiresAt": until}, 201)

    async def call(self, request: Request) -> Response:
        """Start a call, or join a waiting visitor."""
        caller = self._caller(request)
        caller.require("call")
        if caller.grant is None:
            raise Refusal(
                "scope-missing", "Calls need a user token, which says who is calling."
            )
        self._throttle.call(caller.grant.email, self._clock())
        wanted = await self._body(request, CallRequest)
        await self._use_up(caller, wanted.visitor_id)
        request_call = partial(ringing.request, agent=agent_ref(caller.grant))
        answer = await self._core.runner.turn(wanted.visitor_id, request_call)
        # The request came from no connection that could have been closed.
        call = t.cast(Invitation, answer)
        return _json({"callId": call.call_id, "url": call.url}, 201)

    def _caller(self, request: Request) -> Caller:
        header, now = request.headers.get("authorization"), self._clock()
        try:
            caller = self._access.caller(header, now)
        except Refusal:
            self._throttle.stranger(address_of(request.scope), now)
            raise
        if caller.grant is not None:
            self._throttle.agent(caller.grant.email, now)
        return caller

    async def _use_up(self, caller: Caller, visitor_id: str) -> None:
        """Use up a token that is bound to a visitor and good for one call."""
        grant = caller.grant
        if grant is None or grant.visitor_id is None:
            return
        if grant.visitor_id != visitor_id:
            raise Refusal("wrong-visitor", "This token is for another visitor.")
        now = self._clock()
        # A minute longer than its life, in case clocks differ.
        until = grant.expires_at + 60
        if not await self._core.engine.once(f"jti:{grant.jti}", until, now):
            raise Refusal(
                "token-used", "This token has already been used; it allows one call."
            )

    async def _body(self, request: Request, kind: type[_B]) -> _B:
        limit, body = self._settings.limits.body, b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise Refusal("too-large", f"A body has at most {limit} bytes.")
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise Refusal("bad-request", f"The body: {error}.") from None


def _selection(params: QueryParams) -> Selection:
    sort = params.get("sort") or "name"
    if sort.removeprefix("-") not in SORTS:
        raise Refusal("bad-request", f"sort must be one of {', '.join(SORTS)}.")
    return Selection(
        queries=_queries(params.getlist("query")),
        q=params.get("q", ""),
        label=params.get("label", ""),
        assigned=params.get("assigned", ""),
        waiting=_flag(params, "waiting"),
        in_call=_flag(params, "inCall"),
        sort=sort,
        page=_number(params, "pageNumber", 1, 1_000_000),
        page_size=_number(params, "pageSize", 50, MAX_PAGE_SIZE),
    )


def _queries(given: list[str]) -> tuple[str, ...]:
    if len(given) > MAX_QUERIES:
        raise Refusal(
            "bad-request", f"At most {MAX_QUERIES} query parameters are allowed."
        )
    return tuple(dict.fromkeys(given))


def _flag(params: Mapping[str, str], name: str) -> bool:
    text = params.get(name, "")
    if text not in ("", "0", "1"):
        raise Refusal("bad-request", f"{name} must be 1 or 0.")
    return text == "1"


def _number(params: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = params.get(name) or str(default)
    # Python refuses to parse numbers with thousands of digits.
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    if not 1 <= number <= most:
        raise Refusal("bad-request", f"{name} must be a number from 1 to {most}.")
    return number


# --- answers --------------------------------------------------------------------


def _json(content: t.Any, status: int = 200) -> Response:
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
    response = _json(body, status)
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
    """Answer a routing error."""
    error = t.cast(HTTPException, error)
    headers = error.headers
    if error.status_code == 405:
        return problem("method-not-allowed", "Use another method.", headers=headers)
    if error.status_code == 404:
        return problem("not-found", "There is nothing at this address.")
    return problem("bad-request", error.detail, headers=headers)


# --- CORS -----------------------------------------------------------------------


class Cors:
    """Lets only pages of allowed origins use the REST API."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._shared = CORSMiddleware(
            app,
            allow_origin_regex=".*",  # others never get here
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_rest = scope["type"] == "http" and scope["path"].startswith("/rest/")
        origin = Headers(scope=scope).get("origin") if is_rest else None
        if origin is None:
            await self._app(scope, receive, send)
        elif self._settings.allows(origin):
            await self._shared(scope, receive, send)
        else:
            refusal = problem("origin-refused", "Pages of this origin may not call.")
            await refusal(scope, receive, send)
