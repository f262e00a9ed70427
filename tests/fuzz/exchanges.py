"""Requests and responses of a portal, made at random from a seed."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from random import Random

from .pages import WORDS
from .pages import make_page

#: Applications that are asked, see :mod:`.portals`.
SETUPS = (
    "plain",
    "signed",
    "fetch",
    "compress first",
    "compress last",
    "other hooks",
    "off",
    "by hand only",
    "failing loader",
    "no consent",
)
Headers = tuple[tuple[str, str], ...]

_WAYS = (
    "whole",
    "whole",
    "whole",
    "list",
    "kept",
    "generator",
    "file",
    "conditional",
    "by hand",
    "by hand in a stream",
    "abort",
    "raise",
)
_ACTS = ("", "", "", "", "sign in 2", "sign out", "clear", "exempt")
_STATUSES = (200, 200, 200, 200, 201, 203, 204, 206, 301, 304, 400, 403, 404, 500, 503)
_TYPES = (
    "text/html; charset={}",
    "text/html; charset={}",
    "text/html; charset={}",
    "TEXT/HTML",
    "text/html;charset=nonsense",
    "application/xhtml+xml",
    "application/json",
    "text/plain",
    "text/htmlx",
    "",
)
_SENT: Headers = (
    ("Cache-Control", "public, max-age=60"),
    ("Cache-Control", "s-maxage=60"),
    ("Cache-Control", "no-store"),
    ("Cache-Control", "max-age=600"),
    ("Surrogate-Control", "max-age=60"),
    ("X-Accel-Expires", "60"),
    ("ETag", '"v1"'),
    ("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT"),
    ("Content-Encoding", "br"),
    ("Content-Disposition", "attachment; filename=x.html"),
    ("Content-Disposition", "inline"),
    ("Content-MD5", "x"),
    ("Vary", "Accept"),
    ("Vary", "Cookie, Accept-Encoding"),
    ("Set-Cookie", "a=b; Path=/"),
    ("Content-Security-Policy", "default-src 'self'"),
    ("X-Name", "Gr\xfc\xdfe"),
)
_ASKED: Headers = (
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Dest", "iframe"),
    ("Sec-Fetch-Dest", "empty"),
    ("HX-Request", "true"),
    ("X-Requested-With", "XMLHttpRequest"),
    ("Upgrade", "websocket"),
    ("Sec-Purpose", "prefetch;prerender"),
    ("If-None-Match", '"v1"'),
    ("If-None-Match", "*"),
    ("If-Modified-Since", "Sun, 22 Nov 2026 10:00:00 GMT"),
    ("Accept", "text/html,*/*"),
    ("Accept-Encoding", "gzip"),
    ("Accept-Encoding", "br"),
    ("Accept-Encoding", "zstd, *;q=0.1"),
    ("Range", "bytes=0-20"),
    ("Host", "portal.example:8443"),
)


@dataclass(frozen=True)
class Exchange:
    """A request, and the view that answers it.

    :ivar setup: the application's, one of :data:`SETUPS`.
    :ivar user: the id of who is signed in before, or nothing.
    :ivar announced: the id of whom the browser has announced last, ``?`` for nonsense.
    :ivar way: how the view answers.
    :ivar act: what it does before.
    """

    setup: str = "plain"
    method: str = "GET"
    user: str = ""
    announced: str = ""
    asked: Headers = ()
    way: str = "whole"
    act: str = ""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    sent: Headers = ()
    body: bytes = b""

    @property
    def asks(self) -> dict[str, str]:
        return dict(self.asked)

    @property
    def sends(self) -> dict[str, str]:
        """What the view says, by lower-case names."""
        return {name.lower(): value for name, value in self.sent}


def make_exchange(random: Random) -> Exchange:
    """Any exchange."""
    page = make_page(random)
    setup = random.choice(SETUPS)
    ways: tuple[str, ...] = _WAYS
    asks = _ASKED
    if "compress" in setup:
        # Flask-Compress packs a response in place, so that one that is kept stays
        # packed; and answers 304 itself, when pages are tagged already.
        ways = tuple(one for one in ways if one != "kept")
        asks = tuple(one for one in asks if not one[0].startswith("If-"))
    return Exchange(
        setup=setup,
        method=random.choice(("GET", "GET", "GET", "POST", "HEAD")),
        user=random.choice(("", "1", "1", "2", "3")),
        announced=random.choice(("", "", "1", "2", "?", "due")),
        asked=_some(random, asks),
        way=random.choice(ways),
        act=random.choice(_ACTS),
        status=random.choice(_STATUSES) if random.random() < 0.4 else 200,
        content_type=random.choice(_TYPES).format(page.charset)
        if random.random() < 0.5
        else f"text/html; charset={random.choice(tuple(WORDS))}",
        sent=_some(random, _SENT),
        body=page.body,
    )


def _some(random: Random, headers: Headers) -> Headers:
    """At most three, each name once."""
    if random.random() < 0.3:
        return ()
    found = dict(random.sample(headers, random.randint(1, 3)))
    return t.cast(Headers, tuple(found.items()))
