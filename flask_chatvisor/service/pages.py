"""What browsers load: the script, the call window, and its files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..contract.urls import origin_of
from .access import Refusal
from .settings import Settings

STATIC = Path(__file__).with_name("static")
#: The parts of the script for applications' pages, in this order, in one function.
SCRIPT = (
    "base",
    "texts",
    "socket",
    "visitor",
    "look",
    "request",
    "notice",
    "sign",
    "rest",
    "window",
    "queue",
    "api",
)
_FUNCTION = (
    b"(() => {\n"
    b'"use strict";\n'
    b'if (window[Symbol.for("chatvisor.script")]) return; // loaded twice\n'
    b'window[Symbol.for("chatvisor.script")] = true;\n',
    b"})();\n",
)

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}\.js", re.ASCII)


class Asset:
    """Files in memory, as one; read again when one has changed on disk.

    :param around: what stands before and after them.
    """

    def __init__(self, *paths: Path, around: tuple[bytes, bytes] = (b"", b"")) -> None:
        self._paths = paths
        self._around = around
        self._read_at: tuple[int, ...] = ()
        self.body: bytes = b""
        self.etag: str = ""

    def refresh(self) -> Asset:
        """Read the files if one is another than before."""
        changed_at = tuple(path.stat().st_mtime_ns for path in self._paths)
        if changed_at != self._read_at:
            before, after = self._around
            text = b"\n".join(path.read_bytes() for path in self._paths)
            self.body = before + text + after
            self.etag = f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'
            self._read_at = changed_at
        return self

    @property
    def media_type(self) -> str:
        """What a browser is told that it is."""
        return _TYPES[self._paths[0].suffix]


def script(static: Path = STATIC) -> Asset:
    """Put the script for applications' pages together."""
    parts = (static / "cv" / f"{name}.js" for name in SCRIPT)
    return Asset(*parts, around=_FUNCTION)


class Pages:
    """The handlers for browsers."""

    def __init__(self, settings: Settings, static: Path = STATIC) -> None:
        self._assets = {
            path.name: Asset(path)
            for path in sorted(static.iterdir())
            if path.suffix in _TYPES
        }
        self._script = script(static)
        self._call_headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": _policy(settings),
            "Permissions-Policy": "display-capture=(self), microphone=(self)",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/cdn/js/{name}", self.script),
            Route("/call/{call_id}", self.call_window),
            Route("/static/{name}", self.static),
        ]

    async def script(self, request: Request) -> Response:
        """Serve the script, under any id: one service has one tenant."""
        if not _SCRIPT_NAME.fullmatch(request.path_params["name"]):
            raise Refusal("not-found", "The script's name is <id>.js.")
        headers = {
            "Cache-Control": "public, max-age=300",
            # Pages of other origins include it, isolated ones too.
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return _serve(request, self._script.refresh(), headers)

    async def static(self, request: Request) -> Response:
        """Serve a file of the call window."""
        name = request.path_params["name"]
        if name.endswith(".html"):
            raise Refusal("not-found", "A call window is at /call/<id>.")
        return _serve(request, self._asset(name), {"Cache-Control": "no-cache"})

    async def call_window(self, request: Request) -> Response:
        """Serve the call window; which call it is, its script finds out."""
        page = self._asset("call.html")
        return Response(
            page.body, headers=self._call_headers, media_type=page.media_type
        )

    def _asset(self, name: str) -> Asset:
        if name not in self._assets:
            raise Refusal("not-found", "There is no such file.")
        return self._assets[name].refresh()


def _serve(request: Request, asset: Asset, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": asset.etag, "X-Content-Type-Options": "nosniff"}
    known = request.headers.get("if-none-match", "")
    if asset.etag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(asset.body, headers=headers, media_type=asset.media_type)


def _policy(settings: Settings) -> str:
    """Write the call window's policy: its own files and sockets, nothing else."""
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
