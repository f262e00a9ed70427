"""Which ICE candidates pass from one participant's window to the other's.

A candidate makes the other side's browser send packets to an address of the sender's
choice. What passes is what browsers need to meet: UDP, at an IP address or at the
random name by which a browser hides one (mDNS). Loopback addresses help nobody on
another machine, so they pass only if the service itself is on loopback. An IPv6 address
that stands for an IPv4 address passes only if both may.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from ...contract.bucket import Buckets
from ...contract.bucket import Rate
from ...contract.urls import LOOPBACK_HOSTS
from ..protocol import Answer
from ..protocol import Candidate
from ..protocol import ClientMessage
from ..protocol import Offer
from ..settings import Settings

#: Candidates of one call. A browser has about ten for a connection, and the windows
#: connect anew once a second at most.
RATE = Rate(20, 100)

_CANDIDATE = re.compile(
    r"candidate:[a-z0-9+/]{1,32} [0-9]{1,5} udp [0-9]{1,10} (?P<address>[!-~]{1,64})"
    r" [0-9]{1,5} typ (?P<type>host|srflx|prflx|relay)"
    r"(?P<related> raddr [!-~]{1,64} rport [0-9]{1,5})?(?: [!-~]+)*",
    re.ASCII | re.IGNORECASE,
)
#: A UUID, which no device in the other's network has as its name.
_HIDDEN = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local", re.ASCII | re.IGNORECASE
)
_TCP = re.compile(r" tcptype( |$)", re.ASCII | re.IGNORECASE)
_NOWHERE = " raddr 0.0.0.0 rport 9"
#: Addresses whose last 32 bits are an IPv4 address: compatible, mapped, and NAT64.
_WITH_IPV4 = tuple(
    map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96"))
)


class Candidates:
    """Passes the candidates of calls' windows, and drops those that may not pass.

    Dropped and not refused: an odd one is no reason to end a call that others can make.
    They are counted by call and time alone, because a window makes up everything else:
    it can send offers and answers that begin nothing, and come again.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._relay_only = settings.ice_policy == "relay"
        self._is_local = urlsplit(settings.url).hostname in LOOPBACK_HOSTS
        self._clock = clock
        self._buckets = Buckets(RATE)

    def passed(self, call_id: str, message: ClientMessage) -> ClientMessage | None:
        """Return what passes of a window's message; ``None`` if nothing does."""
        if isinstance(message, Offer | Answer):
            lines = message.sdp.splitlines(keepends=True)
            sdp = "".join(self._line(call_id, line) for line in lines)
            return msgspec.structs.replace(message, sdp=sdp)
        # An empty one ends the list.
        if not isinstance(message, Candidate) or not message.candidate:
            return message
        candidate = self._checked(call_id, message.candidate)
        if candidate is None:
            return None
        return msgspec.structs.replace(message, candidate=candidate)

    def _line(self, call_id: str, line: str) -> str:
        """Return a line of a description; "" instead of a candidate that is dropped."""
        if "candidate:" not in line.lower():
            return line
        text = line.strip()
        candidate = self._checked(call_id, text.removeprefix("a="))
        return "" if candidate is None else f"a={candidate}\r\n"

    def _checked(self, call_id: str, candidate: str) -> str | None:
        found = _CANDIDATE.fullmatch(candidate)
        if found is None or _TCP.search(candidate):
            return None
        if not self._may_meet(found["address"]):
            return None
        if self._relay_only and found["type"].lower() != "relay":
            return None
        if self._buckets.take(call_id, self._clock()):
            return None
        if self._relay_only and found["related"]:
            # What is related to a relay is the address of its user.
            return candidate.replace(found["related"], _NOWHERE)
        return candidate

    def _may_meet(self, text: str) -> bool:
        """Return whether a browser may be sent to this address."""
        if _HIDDEN.fullmatch(text):
            return True
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if address.is_loopback:
            return self._is_local
        if address.is_unspecified or address.is_multicast or address.is_link_local:
            return False
        if isinstance(address, ipaddress.IPv4Address):
            return not address.is_reserved
        if any(address in network for network in _WITH_IPV4):
            return self._may_meet(str(ipaddress.IPv4Address(address.packed[-4:])))
        return True
