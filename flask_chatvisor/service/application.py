"""Assembles the service: :func:`create_service`."""

from __future__ import annotations

import contextlib
import time
import typing as t
from collections.abc import AsyncIterator
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from .access.credentials import Access
from .access.credentials import Refusal
from .access.limits import Throttle
from .core import Core
from .engine import MemoryEngine
from .events import POSTS_AT_ONCE
from .events import Event
from .events import Events
from .events import Poster
from .settings import Settings as Settings
from .settings import SettingsError as SettingsError
from .sockets.endpoint import Sockets
from .web.cors import Cors
from .web.headers import SafeHeaders
from .web.pages import Pages
from .web.problems import on_http_error
from .web.problems import on_refusal
from .web.rest import Rest


class Service:
    """The ASGI application: WebSockets go straight to their endpoint."""

    def __init__(self, settings: Settings, web: ASGIApp, sockets: Sockets) -> None:
        self.settings: Settings = settings
        self._web = web
        self._sockets = sockets

    async def __call__(self, scope: t.Any, receive: t.Any, send: t.Any) -> None:
        app = self._sockets if scope["type"] == "websocket" else self._web
        await app(scope, receive, send)


def create_service(
    settings: Settings,
    *,
    on_event: Callable[[Event], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> Service:
    """Create a service.

    :param on_event: called with every call event, in a separate thread. Without it,
        events are posted to the settings' URL, if there is one.
    :param clock: epoch seconds.
    """
    access = Access(settings)
    events = _events(settings, on_event)
    core = Core(settings, access, MemoryEngine(), clock=clock, on_event=events.put)
    throttle = Throttle(settings.limits)
    rest = Rest(settings, access, core, throttle, clock)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        core.keeper.stop()
        events.stop()

    web = Starlette(
        routes=[*rest.routes(), *Pages(settings).routes()],
        middleware=[Middleware(Cors, settings=settings)],
        exception_handlers={Refusal: on_refusal, HTTPException: on_http_error},
        lifespan=lifespan,
    )
    # The redirect would go to any host that the request names.
    web.router.redirect_slashes = False
    sockets = Sockets(settings, core.clients, core.connections, throttle, clock)
    return Service(settings, SafeHeaders(web), sockets)


def _events(settings: Settings, on_event: Callable[[Event], None] | None) -> Events:
    if on_event is not None or settings.events_url is None:
        return Events(on_event)
    poster = Poster(settings.events_url, settings.api_tokens[0])
    return Events(poster, at_once=POSTS_AT_ONCE)
