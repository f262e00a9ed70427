"""Which ICE candidates pass from one participant's window to the other's.

A candidate makes the other side's browser send packets to an address of the sender's
choice. What passes is what browsers need to meet: UDP, at an IP address or at the
random name by which a browser hides one (mDNS). Loopback addresses help nobody on
another machine, so they pass only if the service itself is on loopback.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from ...contract.urls import LOOPBACK_HOSTS
from ..protocol import Answer
from ..protocol import Candidate
from ..protocol import ClientMessage
from ..protocol import Offer
from ..settings import Settings

#: Candidates of one participant for one connection; browsers have about ten.
MOST = 50

_CANDIDATE = re.compile(
    r"candidate:[a-z0-9+/]{1,32} [0-9]{1,5} udp [0-9]{1,10} (?P<address>[!-~]{1,64})"
    r" [0-9]{1,5} typ (?P<type>host|srflx|prflx|relay)"
    r"(?P<related> raddr [!-~]{1,64} rport [0-9]{1,5})?(?: [!-~]+)*",
    re.ASCII | re.IGNORECASE,
)
_HIDDEN = re.compile(r"[a-z0-9-]{1,63}\.local", re.ASCII | re.IGNORECASE)
_TCP = re.compile(r" tcptype( |$)", re.ASCII | re.IGNORECASE)
_NOWHERE = " raddr 0.0.0.0 rport 9"


class Candidates:
    """Passes the candidates of one call window, and drops those that may not pass.

    Dropped and not refused: an odd one is no reason to end a call that others can make.
    """

    def __init__(self, settings: Settings) -> None:
        self._relay_only = settings.ice_policy == "relay"
        self._is_local = urlsplit(settings.url).hostname in LOOPBACK_HOSTS
        self._count = 0

    def passed(self, message: ClientMessage) -> ClientMessage | None:
        """Return what passes of a message; ``None`` if nothing does.

        An offer or an answer begins a connection, whose candidates count anew.
        """
        if isinstance(message, Offer | Answer):
            self._count = 0
            lines = map(self._line, message.sdp.splitlines(keepends=True))
            return msgspec.structs.replace(message, sdp="".join(lines))
        # An empty one ends the list.
        if not isinstance(message, Candidate) or not message.candidate:
            return message
        candidate = self._checked(message.candidate)
        if candidate is None:
            return None
        return msgspec.structs.replace(message, candidate=candidate)

    def _line(self, line: str) -> str:
        """Return a line of a description; "" instead of a candidate that is dropped."""
        if "candidate:" not in line.lower():
            return line
        text = line.strip()
        candidate = self._checked(text.removeprefix("a="))
        return "" if candidate is None else f"a={candidate}\r\n"

    def _checked(self, candidate: str) -> str | None:
        found = _CANDIDATE.fullmatch(candidate)
        if found is None or _TCP.search(candidate) or self._count >= MOST:
            return None
        if not self._may_meet(found["address"]):
            return None
        if self._relay_only and found["type"].lower() != "relay":
            return None
        self._count += 1
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
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        if address.is_loopback:
            return self._is_local
        odd = address.is_unspecified or address.is_multicast or address.is_link_local
        return not odd and (address.version == 6 or not address.is_reserved)
