"""Reads settings and collects their faults, so that all are reported at once.

A check returns the value, or raises ``ValueError`` with "it must …".
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from urllib.parse import SplitResult
from urllib.parse import urlsplit

from .urls import LOOPBACK_HOSTS

_T = t.TypeVar("_T")

#: The fewest characters of a secret; 32 hexadecimal digits have 128 bits.
SHORTEST_SECRET = 32
#: The fewest different characters of a secret: a word that is repeated has less.
FEWEST_CHARACTERS = 8


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

    def refuse_shared(self, secrets: Mapping[str, tuple[str, ...]]) -> None:
        """Note each setting that has a secret of one before it.

        :param secrets: by the settings' names.
        """
        owners: dict[str, str] = {}
        for name, values in secrets.items():
            taken = {owners.setdefault(one, name) for one in values} - {name}
            for owner in sorted(taken):
                self.fault(name, f"must differ from {self.prefix}{owner}.")


def strong(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Check secrets that sign.

    Everybody who holds what one has signed can try secrets on it, at home and as fast
    as computers are: an identity token, or the credentials of a TURN server.
    """
    if not all(map(_is_strong, secrets)):
        raise ValueError(
            f"it must have at least {SHORTEST_SECRET} characters, {FEWEST_CHARACTERS}"
            " of them different; make one with: python"
            ' -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    if len(set(secrets)) < len(secrets):
        raise ValueError("it must not contain a secret twice")
    return secrets


def _is_strong(secret: str) -> bool:
    return len(secret) >= SHORTEST_SECRET and len(set(secret)) >= FEWEST_CHARACTERS


def secure_url(text: str) -> SplitResult:
    """Parse an HTTP URL to which secrets go: in clear only within this machine."""
    parts = http_url(text)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("outside loopback it must start with https://")
    return parts


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
