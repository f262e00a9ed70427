"""What must hold for every answer of an application, with the extension in it."""

from __future__ import annotations

import json
import re
import typing as t
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace

import brotli  # type: ignore[import-untyped]
from backports import zstd
from werkzeug.test import TestResponse

from flask_chatvisor.tag.announcement import Reason
from flask_chatvisor.tag.last_user import COOKIE
from flask_chatvisor.tag.place import body_end
from tests.conftest import USERS

from .exchanges import Exchange
from .portals import Portal

_SNIPPET = re.compile(
    rb'<script type="application/json" id="chatvisor-tag">(.*?)</script>'
    rb'<script src="[^"]*/static/tag\.js\?v=\w+" defer></script>'
    rb'<script src="[^"]*" async></script>'
)
#: What may differ in a page that got the tag.
_OURS = frozenset(
    "cache-control vary etag last-modified surrogate-control x-accel-expires"
    " content-md5 content-length".split()
)
#: Have the time of day in them, or are about us.
_NOT_COMPARED = frozenset({"date", "set-cookie", "x-chatvisor"})
_CONDITIONS = ("If-None-Match", "If-Modified-Since")


def fault_of(exchange: Exchange, portals: tuple[Portal, Portal]) -> str | None:
    """Say what is wrong with the answer; ``None`` if nothing is."""
    ours, plain = portals
    for portal in portals:
        portal.kept.clear()
        if exchange.way == "kept":
            portal.answer(replace(exchange, user="2", announced="", act=""))
    answer = ours.answer(exchange)
    if exchange.method == "HEAD":
        get = ours.answer(replace(exchange, method="GET"))
        return next(_faults_of_head(answer, get), None)
    plainly = plain.answer(_as_asked(exchange))
    return next(_Answer(exchange, answer, plainly).faults(), None)


def _as_asked(exchange: Exchange) -> Exchange:
    """How the view of a visitor is asked: for the page, whatever browsers have."""
    may_be_tagged = (exchange.user or exchange.announced) and (
        exchange.setup not in {"off", "fetch"}
        and exchange.method in {"GET", "HEAD"}
        and "text/html" in exchange.asks.get("Accept", "")
    )
    asked = [one for one in exchange.asked if one[0] not in _CONDITIONS]
    return replace(exchange, asked=tuple(asked)) if may_be_tagged else exchange


def _faults_of_head(head: TestResponse, get: TestResponse) -> Iterator[str]:
    if head.data:
        yield "HEAD was answered with a body."
    if _compared(head) != _compared(get):
        yield f"HEAD has {_compared(head)}, GET has {_compared(get)}."


class _Answer:
    """An answer, beside that of the same application without the extension."""

    def __init__(
        self, exchange: Exchange, ours: TestResponse, plain: TestResponse
    ) -> None:
        self.exchange = exchange
        self.ours = ours
        self.plain = plain
        self.reason = ours.headers.get("X-Chatvisor", "")
        self.body = _unpacked(exchange, ours)
        found = _SNIPPET.findall(self.body)
        self.blocks = [json.loads(one) for one in found]
        self.block: dict[str, t.Any] | None = self.blocks[0] if found else None

    @property
    def now(self) -> str:
        """The id of who is signed in when the view has done its work."""
        act = self.exchange.act
        if act == "sign in 2":
            return "2"
        return "" if act in {"sign out", "clear"} else self.exchange.user

    def faults(self) -> Iterator[str]:
        if self.ours.status_code != self.plain.status_code:
            yield f"{self.plain.status} became {self.ours.status}."
        if len(self.blocks) > 1:
            yield "There are two tags."
        if _SNIPPET.sub(b"", self.body) != _unpacked(self.exchange, self.plain):
            yield "The page lost or gained bytes."
        length = self.ours.headers.get("Content-Length")
        if length is not None and int(length) != len(self.ours.data):
            yield f"Content-Length is {length}, the body {len(self.ours.data)}."
        yield from self._faults_of_reason()
        yield from self._faults_of_block()
        yield from self._faults_of_headers()

    def _faults_of_reason(self) -> Iterator[str]:
        reasons = {one: is_true(self) for one, is_true in _REASONS.items()}
        if self.reason == "tagged":
            about_users = _ABOUT_USERS if self.is_for_everyone else ()
            for reason, is_true in reasons.items():
                if is_true and reason not in about_users:
                    yield f"It is tagged, and {reason.value}."
        elif not reasons.get(Reason(self.reason)):
            yield f"It is not {self.reason}."

    def _faults_of_block(self) -> Iterator[str]:
        if self.block is None:
            if self.reason == "tagged":
                yield "It says that it is tagged."
            return
        tag, reset = self.block["tag"], self.block["reset"]
        announced = self.exchange.announced
        if tag is None and not reset:
            by_hand = self.exchange.way.startswith("by hand")
            if not self.is_for_everyone and not by_hand:
                yield "The tag says nothing."
        elif self.is_for_everyone:
            yield "A page for everyone has somebody's tag."
        elif tag is not None and tag["id"] != self.now:
            yield f"It has the tag of {tag['id']}, who is not here."
        elif reset != (announced not in ("", "?", (tag or {}).get("id", ""))):
            yield f"It says reset: {reset}."
        for user in USERS.values():
            if user.id != self.now and user.email.encode() in self.body:
                yield f"It has the address of {user.email}."

    def _faults_of_headers(self) -> Iterator[str]:
        personal = self.block is not None and (self.block["tag"] or self.block["reset"])
        names = _OURS if personal else {"content-length", "content-md5"}
        changed = self.block is not None or self.exchange.way == "by hand"
        ignored = {*names} if changed else set[str]()
        if changed and "compress" in self.exchange.setup:
            ignored.add("content-encoding")  # it depends on the length
        ours, plain = (
            [one for one in _compared(answer) if one[0] not in ignored]
            for answer in (self.ours, self.plain)
        )
        if ours != plain:
            yield f"Its headers are {ours}, not {plain}."
        if personal:
            yield from self._faults_of_privacy()
        elif COOKIE in str(self.ours.headers.getlist("Set-Cookie")):
            yield "It remembers an announcement that it does not make."

    def _faults_of_privacy(self) -> Iterator[str]:
        headers = self.ours.headers
        cached = headers["Cache-Control"]
        if cached != "private, no-cache" and "no-store" not in cached:
            yield f"A personal page is {cached}."
        if "cookie" not in headers.get("Vary", "").lower():
            yield "A personal page does not vary."
        kept = {"ETag", "Last-Modified", "Surrogate-Control", "X-Accel-Expires"}
        # A compressor's own names the compressed page, and comes later.
        for name in kept.intersection(headers.keys()):
            yield f"A personal page has {name}."

    @property
    def is_for_everyone(self) -> bool:
        sends, asks = self.exchange.sends, self.exchange.asks
        if self.exchange.way in {"abort", "raise"}:
            sends = {}
        cached = sends.get("cache-control", "")
        return (
            self.exchange.setup == "fetch"
            or "prefetch" in asks.get("Sec-Purpose", "")
            or "public" in cached
            or "s-maxage" in cached
            or bool({"surrogate-control", "x-accel-expires"} & {*sends})
        )

    @property
    def is_document(self) -> bool:
        asks = self.exchange.asks
        if "HX-Request" in asks or "Upgrade" in asks:
            return False
        if "Sec-Fetch-Dest" in asks:
            return asks["Sec-Fetch-Dest"] == "document"
        return "X-Requested-With" not in asks

    def sends(self, name: str) -> str:
        if self.exchange.way in {"abort", "raise"}:
            return ""
        return self.exchange.sends.get(name, "")


_STREAMS = {"generator", "file", "by hand in a stream"}
#: Of each reason that an answer may give, whether it is true.
_REASONS: dict[Reason, Callable[[_Answer], bool]] = {
    Reason.DISABLED: lambda one: one.exchange.setup == "off",
    Reason.AUTO_OFF: lambda one: one.exchange.setup == "by hand only",
    Reason.MANUAL: lambda one: one.exchange.way.startswith("by hand"),
    Reason.EXEMPT: lambda one: one.exchange.act == "exempt",
    Reason.STATUS: lambda one: one.plain.status_code not in {200, 201, 202, 203},
    Reason.NOT_HTML: lambda one: one.plain.mimetype != "text/html",
    Reason.STREAMED: lambda one: one.exchange.way in _STREAMS,
    Reason.ENCODED: lambda one: one.sends("content-encoding") != "",
    Reason.ATTACHMENT: lambda one: one.sends("content-disposition")[:1] == "a",
    Reason.NOT_A_DOCUMENT: lambda one: not one.is_document,
    Reason.NO_BODY: lambda one: body_end(_unpacked(one.exchange, one.plain)) is None,
    Reason.ANONYMOUS: lambda one: one.now == "",
    Reason.AGENT: lambda one: one.now == "3",
    Reason.NO_CONSENT: lambda one: one.exchange.setup == "no consent" and one.now != "",
    Reason.ERROR: lambda one: (
        one.exchange.setup == "failing loader" and one.now in {"1", "2"}
    ),
}
_ABOUT_USERS = {Reason.ANONYMOUS, Reason.AGENT, Reason.NO_CONSENT, Reason.ERROR}


def _compared(answer: TestResponse) -> list[tuple[str, str]]:
    headers = ((name.lower(), value) for name, value in answer.headers)
    return sorted(one for one in headers if one[0] not in _NOT_COMPARED)


def _unpacked(exchange: Exchange, answer: TestResponse) -> bytes:
    encoding = answer.headers.get("Content-Encoding")
    if encoding is None or not exchange.setup.startswith("compress"):
        return answer.data
    # Nothing to unpack: of a status without a body, or named so by the view.
    if answer.data == b"" or encoding == exchange.sends.get("content-encoding"):
        return answer.data
    if encoding == "br":
        return t.cast(bytes, brotli.decompress(answer.data))
    if encoding == "zstd":
        return zstd.decompress(answer.data)
    return zlib.decompress(answer.data, 47 if encoding == "gzip" else 15)
