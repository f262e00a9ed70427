"""Which pages of other origins may use the REST API."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from starlette.types import Receive
from starlette.types import Scope
from starlette.types import Send

from ..settings import Settings
from .problems import problem


class Cors:
    """Lets pages of the allowed origins, and of no others, use the REST API."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._shared = CORSMiddleware(
            app,
            allow_origin_regex=".*",  # others do not get as far as here
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
