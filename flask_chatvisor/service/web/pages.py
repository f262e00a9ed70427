"""Files for browsers: the script, the call window, and its modules."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from collections.abc import Iterable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...contract.urls import origin_of
from ..access.credentials import Refusal
from ..settings import Settings
from .script import join
from .script import modules

STATIC = Path(__file__).parent.with_name("static")

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: The version in the URLs of texts that the script for applications' pages fetches.
_LATEST = "latest"
#: Applications' pages load these, also from other origins and isolated ones.
_FOR_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=300",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}\.js", re.ASCII)


class Asset:
    """Content in memory; reread when one of its files has changed on disk.

    :param read: returns the files and the content.
    """

    def __init__(
        self, path: Path, read: Callable[[Path], tuple[list[Path], bytes]] | None = None
    ) -> None:
        self._path = path
        self._read = read or (lambda path: ([path], path.read_bytes()))
        self._read_at: dict[Path, int] = {}
        self.body: bytes = b""
        self.etag: str = ""

    def refresh(self) -> Asset:
        """Read the files if one has changed."""
        if not self._read_at or self._read_at != _changed_at(self._read_at):
            paths, self.body = self._read(self._path)
            self.etag = f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'
            self._read_at = _changed_at(paths)
        return self

    @property
    def media_type(self) -> str:
        """The content type."""
        return _TYPES[self._path.suffix]


def _changed_at(paths: Iterable[Path]) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in paths}


#: The folders of the call window's files.
_FOLDERS = ("call", "shared", "texts")


class Window:
    """The call window's files in memory, under one common hash.

    The hash is in their path, so that relative imports keep it.
    """

    def __init__(self, static: Path = STATIC) -> None:
        self._static = static
        self._read_at: list[tuple[Path, int]] = []
        self.files: dict[str, Asset] = {}
        self.version: str = ""
        self.page: bytes = b""
        self.refresh()

    def refresh(self) -> Window:
        """Read the files if one has changed; done for each page, not for each file."""
        found = [self._static / folder for folder in _FOLDERS]
        paths = sorted(path for folder in found for path in folder.rglob("*.*"))
        read_at = [(path, path.stat().st_mtime_ns) for path in paths]
        if read_at != self._read_at:
            self.files = {
                self._name(path): Asset(path).refresh()
                for path in paths
                if path.suffix in _TYPES
            }
            etags = "".join(file.etag for file in self.files.values())
            self.version = hashlib.sha256(etags.encode()).hexdigest()[:12]
            self.page = self._page(self.files.pop("call/call.html").body)
            self._read_at = read_at
        return self

    def _name(self, path: Path) -> str:
        return path.relative_to(self._static).as_posix()

    def _page(self, page: bytes) -> bytes:
        """Preload all modules at once instead of one import after the other."""
        here = f"../static/{self.version}"
        links = "".join(
            f'<link rel="modulepreload" href="{here}/{self._name(path)}">\n'
            for path in modules(self._static / "call" / "main.js")
        )
        page = page.replace(b'="./', f'="{here}/call/'.encode())
        return page.replace(b"</head>", links.encode() + b"</head>")


class Pages:
    """The handlers for browsers."""

    def __init__(self, settings: Settings, static: Path = STATIC) -> None:
        self._window = Window(static)
        self._script = Asset(static / "cv" / "main.js", join).refresh()
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
        kind = _TYPES[".html"]
        return Response(page, headers=self._call_headers, media_type=kind)


def _serve(request: Request, asset: Asset, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": asset.etag, "X-Content-Type-Options": "nosniff"}
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
