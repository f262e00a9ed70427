"""The REST API: active users, user tokens, calls and health."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from functools import partial

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...contract.api import CALL_PATH
from ...contract.api import MAX_PAGE_SIZE
from ...contract.api import MAX_QUERIES
from ...contract.api import MAX_TTL
from ...contract.api import PATHS
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
from ..access.revoked import refuse_revoked
from ..access.single_use import use_up
from ..core import Core
from ..hub.calls import revoking
from ..hub.calls import ringing
from ..hub.calls.resting import refuse_if_resting
from ..hub.effects import Invitation
from ..records.active_user import profile
from ..settings import Settings
from .problems import as_json

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


class RevokeRequest(_Body):
    """A request to revoke an agent, for one visitor or altogether."""

    email: _Text
    visitor_id: _Id | None = None


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
            Route(PATHS["revoke"], self.revoke, methods=["POST"]),
            Route(CALL_PATH, self.call, methods=["POST"]),
        ]

    async def health(self, request: Request) -> Response:
        """Answer through the hub's event loop, so that a blocked loop is noticed."""
        stuck = self._core.keeper.is_stuck()
        health = {"status": "stuck" if stuck else "ok"}
        health["time"] = timestamp(self._clock())
        if nonce := request.query_params.get("nonce", "")[:128]:
            health["proof"] = self._access.health_proof(nonce)
        return as_json(health, 503 if stuck else 200)

    async def users(self, request: Request) -> Response:
        """List active users."""
        (await self._caller(request)).require("list")
        selection = _selection(request.query_params)
        total, results = self._core.directory.select_raw(selection)
        listed = {"page": selection.page, "total": total, "results": results}
        if selection.queries:
            # So that the client does not mistake a list of everybody for an answer.
            listed["queries"] = selection.queries
        return as_json(listed)

    async def user(self, request: Request) -> Response:
        """Find one active user."""
        (await self._caller(request)).require("list")
        row = self._core.directory.find(request.path_params["query"])
        found = row and profile(await self._core.engine.load(row.visitor_id))
        if not found:
            raise Refusal("not-found", "Nobody of this id or e-mail is active.")
        return as_json(found)

    async def user_token(self, request: Request) -> Response:
        """Mint a user token."""
        await self._require_tenant(request)
        wanted = await self._body(request, UserTokenRequest)
        bound = wanted.visitor_id is not None
        scope = wanted.scope
        if scope is None:
            scope = ["call"] if bound else list(SCOPES)
        if bound and scope != ["call"]:
            detail = "A token bound to a visitor must have only the scope 'call'."
            raise Refusal("bad-request", detail)
        now = self._clock()
        subject = None
        if wanted.visitor_id is not None:
            visit = await self._core.engine.load(wanted.visitor_id)
            # Said now rather than when the call's window is open already.
            refuse_if_resting(visit, wanted.email, now)
            subject = visit.subject
        token = self._access.mint(
            email=wanted.email,
            name=wanted.name or wanted.email,
            scope=scope,
            now=now,
            ttl=wanted.ttl,
            visitor_id=wanted.visitor_id,
            visitor_subject=subject,
        )
        until = timestamp(int(now) + wanted.ttl)
        return as_json({"token": token, "expiresAt": until}, 201)

    async def revoke(self, request: Request) -> Response:
        """Refuse an agent's tokens from before, and end the agent's calls."""
        await self._require_tenant(request)
        wanted = await self._body(request, RevokeRequest)
        ended = await self._core.clients.revoke(
            wanted.email, wanted.visitor_id, self._clock()
        )
        return as_json({"endedCalls": ended})

    async def call(self, request: Request) -> Response:
        """Start a call, or join a waiting visitor."""
        caller = await self._caller(request)
        caller.require("call")
        if caller.grant is None:
            raise Refusal(
                "scope-missing", "Calls need a user token, which says who is calling."
            )
        self._throttle.call(caller.grant.email, self._clock())
        wanted = await self._body(request, CallRequest)
        grant, engine, runner = caller.grant, self._core.engine, self._core.runner
        await refuse_revoked(grant, engine.revoked_at, wanted.visitor_id)
        await use_up(grant, wanted.visitor_id, engine.once, self._clock())
        request_call = partial(
            ringing.request, agent=agent_ref(grant), subject=grant.visitor_subject
        )
        answer = await runner.turn(wanted.visitor_id, request_call)
        try:
            # Whoever was revoked meanwhile may not have been found in this call.
            await refuse_revoked(grant, engine.revoked_at, wanted.visitor_id)
        except Refusal:
            leave = partial(revoking.revoke, email=grant.email)
            await runner.turn(wanted.visitor_id, leave)
            raise
        # The request came from no connection that could have been closed.
        call = t.cast(Invitation, answer)
        return as_json({"callId": call.call_id, "url": call.url}, 201)

    async def _caller(self, request: Request) -> Caller:
        header, now = request.headers.get("authorization"), self._clock()
        try:
            caller = self._access.caller(header, now)
            if caller.grant is not None:
                await refuse_revoked(caller.grant, self._core.engine.revoked_at)
        except Refusal:
            self._throttle.stranger(address_of(request.scope), now)
            raise
        if caller.grant is not None:
            self._throttle.agent(caller.grant.email, now)
        return caller

    async def _require_tenant(self, request: Request) -> None:
        if (await self._caller(request)).grant is not None:
            raise Refusal("scope-missing", "This needs the API token.")

    async def _body(self, request: Request, kind: type[_B]) -> _B:
        limit, body = self._settings.limits.body, b""
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Refusal("too-large", f"A body has at most {limit} bytes.")
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise Refusal("bad-request", f"The body: {error}.") from None
        except ClientDisconnect:
            raise Refusal("bad-request", "The body is not complete.") from None


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
