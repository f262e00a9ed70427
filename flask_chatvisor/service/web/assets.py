"""Files that browsers load, in memory: the script, and the call window's modules."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from collections.abc import Iterable
from pathlib import Path

from .script import modules

STATIC = Path(__file__).parent.with_name("static")

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset:
    """What is served, in memory; read again when one of its files has changed on disk.

    :param read: gives the files of it, and what is served.
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
        """Read the files if one is another than before."""
        if not self._read_at or self._read_at != _changed_at(self._read_at):
            paths, self.body = self._read(self._path)
            self.etag = f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'
            self._read_at = _changed_at(paths)
        return self

    @property
    def media_type(self) -> str:
        """What a browser is told that it is."""
        return TYPES[self._path.suffix]


def _changed_at(paths: Iterable[Path]) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in paths}


#: The folders of the call window's files.
_FOLDERS = ("call", "shared", "texts")


class Window:
    """The call window's files in memory, under one hash of them all.

    The hash stands in their path: relative imports take it with them.
    """

    def __init__(self, static: Path = STATIC) -> None:
        self._static = static
        self._read_at: list[tuple[Path, int]] = []
        self.files: dict[str, Asset] = {}
        self.version: str = ""
        self.page: bytes = b""
        self.refresh()

    def refresh(self) -> Window:
        """Read the files if one has changed; asked for each page, not for each file."""
        found = [self._static / folder for folder in _FOLDERS]
        paths = sorted(path for folder in found for path in folder.rglob("*.*"))
        read_at = [(path, path.stat().st_mtime_ns) for path in paths]
        if read_at != self._read_at:
            self.files = {
                self._name(path): Asset(path).refresh()
                for path in paths
                if path.suffix in TYPES
            }
            etags = "".join(file.etag for file in self.files.values())
            self.version = hashlib.sha256(etags.encode()).hexdigest()[:12]
            self.page = self._page(self.files.pop("call/call.html").body)
            self._read_at = read_at
        return self

    def _name(self, path: Path) -> str:
        return path.relative_to(self._static).as_posix()

    def _page(self, page: bytes) -> bytes:
        """Let the page load everything at once, not what a module imports after it."""
        here = f"../static/{self.version}"
        links = "".join(
            f'<link rel="modulepreload" href="{here}/{self._name(path)}">\n'
            for path in modules(self._static / "call" / "main.js")
        )
        page = page.replace(b'="./', f'="{here}/call/'.encode())
        return page.replace(b"</head>", links.encode() + b"</head>")
