"""Reads settings and collects their faults, so that all are reported at once.

A check returns the value, or raises ``ValueError`` with "it must …".
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from urllib.parse import SplitResult
from urllib.parse import urlsplit

_T = t.TypeVar("_T")


class Reader:
    """Looks up settings and collects their faults.

    :ivar faults: one sentence for each fault, with the setting's name.
    """

    def __init__(self, values: Mapping[str, t.Any], prefix: str) -> None:
        self.values = values
        self.prefix = prefix
        self.faults: list[str] = []
        #: All names that were looked up.
        self.known: set[str] = set()

    def value(self, name: str) -> t.Any:
        """Look up one setting; ``None`` if it is not set."""
        self.known.add(self.prefix + name)
        return self.values.get(self.prefix + name)

    def checked(
        self, name: str, value: t.Any, check: Callable[[t.Any], _T], fault: str
    ) -> _T | None:
        """Check a setting's value.

        :param fault: the fault to note, with ``{error}`` in it.
        """
        try:
            return check(value)
        except ValueError as error:
            self.fault(name, fault.replace("{error}", str(error)))
            return None

    def fault(self, name: str, what: str) -> None:
        """Note a fault of a setting."""
        self.faults.append(f"{self.prefix}{name} {what}")


def http_url(text: str) -> SplitResult:
    """Parse an HTTP URL."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must be a URL that starts with https:// (or http://)")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it must have no user, query string or fragment")
    _ = parts.port  # raises ValueError if it is not a port
    return parts


def bind(text: str, *, lowest: int = 0) -> tuple[str, int]:
    """Parse an address to listen on, ``host:port``."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or (":" in bare and bare == host):
        raise ValueError("it must look like 127.0.0.1:5081 or [::1]:5081")
    is_number = port.isascii() and port.isdecimal()
    if not is_number or not lowest <= int(port) <= 65535:
        raise ValueError(f"it must end in a port number, {lowest} to 65535")
    return bare, int(port)
