"""Rate limits per client: agents by name, unknown clients by address.

The defaults are far above normal use. Only public addresses are counted, because many
clients can share any other one, such as a reverse proxy's or a local one.
"""

from __future__ import annotations

import collections
import ipaddress
import math
import typing as t
from collections.abc import Mapping

from ...contract.bucket import Buckets
from ..settings import Limits
from .credentials import Refusal


class Throttle:
    """Refuses requests above the limits, and says when to try again."""

    def __init__(self, limits: Limits) -> None:
        self._agents = Buckets(limits.agents)
        self._calls = Buckets(limits.calls)
        self._strangers = Buckets(limits.strangers)
        self._connections = Buckets(limits.connections)
        self._most_open = limits.open_connections
        self._open: collections.Counter[str] = collections.Counter()

    def agent(self, email: str, now: float) -> None:
        """Count a request of an agent.

        :raises Refusal: ``rate-limited``.
        """
        _refuse(self._agents.take(email, now), "This agent sends too many requests.")

    def call(self, email: str, now: float) -> None:
        """Count an agent's call.

        :raises Refusal: ``rate-limited``.
        """
        _refuse(self._calls.take(email, now), "This agent starts too many calls.")

    def stranger(self, address: str | None, now: float) -> None:
        """Count a request of an unknown sender.

        :raises Refusal: ``rate-limited``.
        """
        if address is not None:
            wait = self._strangers.take(address, now)
            _refuse(wait, "Too many requests without a valid token.")

    def connect(self, address: str | None, now: float) -> float:
        """Count a new connection; return 0, or the seconds that it must wait."""
        if address is None:
            return 0.0
        if self._open[address] >= self._most_open:
            return 60.0
        if wait := self._connections.take(address, now):
            return wait
        self._open[address] += 1
        return 0.0

    def disconnect(self, address: str | None) -> None:
        """Stop counting a connection that is gone."""
        if address is not None:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


class Gate:
    """Counts the open connections of all kinds: of everybody, and of each address."""

    #: Refused clients that are answered at a time; any more are just hung up on.
    EXCUSES = 16

    def __init__(self, limits: Limits) -> None:
        self._most = limits.all_connections
        self._most_of_one = limits.open_connections
        self._open = 0
        self._of_one: collections.Counter[str] = collections.Counter()
        self._excuses = 0

    def enter(self, address: str | None) -> bool:
        """Count a new connection; ``False``, and not counted, if it is one too many."""
        if self._open >= self._most:
            return False
        if address is not None:
            if self._of_one[address] >= self._most_of_one:
                return False
            self._of_one[address] += 1
        self._open += 1
        return True

    def leave(self, address: str | None) -> None:
        """Stop counting a connection."""
        self._open -= 1
        if address is not None:
            self._of_one[address] -= 1
            if not self._of_one[address]:
                del self._of_one[address]

    def excuse(self) -> bool:
        """Return whether a refused client may stay until it was told so."""
        if self._excuses >= self.EXCUSES:
            return False
        self._excuses += 1
        return True

    def excused(self) -> None:
        """Note that such a client is gone."""
        self._excuses -= 1


def _refuse(wait: float, detail: str) -> None:
    if wait:
        raise Refusal("rate-limited", detail, retryAfter=seconds(wait))


def seconds(wait: float) -> str:
    """Format a waiting time for ``Retry-After``."""
    return str(max(1, math.ceil(wait)))


def address_of(scope: Mapping[str, t.Any]) -> str | None:
    """Identify a client by its public address; ``None`` if it has none."""
    client = scope.get("client")
    return public_address(client[0] if client else "")


def public_address(host: str) -> str | None:
    """Return what identifies a client of this address; ``None`` if it is not public.

    For IPv6 the network counts, because one client can use all its addresses.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if not address.is_global:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
