"""Files for browsers: the script, the call window, and its modules."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...contract.urls import origin_of
from ..access.credentials import Refusal
from ..settings import Settings
from .assets import STATIC
from .assets import TYPES
from .assets import Asset
from .assets import Window
from .script import join

#: The version that the script for applications' pages asks for its texts.
_LATEST = "latest"
#: Applications' pages load these, also from other origins and isolated ones.
_FOR_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=300",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
#: What the call window may use: nothing that a call does not need.
_PERMISSIONS = (
    "display-capture=(self), microphone=(self), camera=(), geolocation=(), midi=(),"
    " payment=(), usb=()"
)
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}\.js", re.ASCII)


class Pages:
    """The handlers for browsers."""

    def __init__(self, settings: Settings, static: Path = STATIC) -> None:
        self._window = Window(static)
        self._script = Asset(static / "cv" / "main.js", join).refresh()
        self._call_headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": _policy(settings),
            "Permissions-Policy": _PERMISSIONS,
            "Referrer-Policy": "no-referrer",
        }

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/cdn/js/{name}", self.script),
            Route("/call/{call_id}", self.call_window),
            Route("/static/{version}/{name:path}", self.static),
        ]

    async def script(self, request: Request) -> Response:
        """Serve the script under any id, because a service has only one tenant."""
        if not _SCRIPT_NAME.fullmatch(request.path_params["name"]):
            raise Refusal("not-found", "The script's name is <id>.js.")
        return _serve(request, self._script.refresh(), _FOR_PAGES)

    async def static(self, request: Request) -> Response:
        """Serve a file of the call window; cached forever if the version is current.

        A window that was opened before a restart may still use its old version.
        """
        version, name = request.path_params["version"], request.path_params["name"]
        if version == _LATEST:
            self._window.refresh()
        file = self._window.files.get(name)
        if file is None:
            raise Refusal("not-found", "There is no such file.")
        return _serve(request, file, self._caching(version))

    def _caching(self, version: str) -> dict[str, str]:
        if version == _LATEST:
            return _FOR_PAGES
        exact = version == self._window.version
        cached = "public, max-age=31536000, immutable" if exact else "no-cache"
        return {"Cache-Control": cached}

    async def call_window(self, request: Request) -> Response:
        """Serve the call window; its script finds out which call it is."""
        page = self._window.refresh().page
        kind = TYPES[".html"]
        return Response(page, headers=self._call_headers, media_type=kind)


def _serve(request: Request, asset: Asset, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": asset.etag}
    known = request.headers.get("if-none-match", "")
    if asset.etag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(asset.body, headers=headers, media_type=asset.media_type)


def _policy(settings: Settings) -> str:
    """Build the call window's policy: only its own files and sockets."""
    socket = "ws" + origin_of(settings.url).removeprefix("http")
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            f"connect-src 'self' {socket}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
