"""Finds the end of a page's body, and the tag's own elements, in a page's bytes.

The last ``</body>`` in the text may not be a tag: it may be in a comment, a script or
an attribute. So there are two readers. The quick one starts at the last ``</body>`` and
looks for proof that it is a tag, which is almost always near. Without proof, the
thorough one reads the whole page like a browser.

Both work on bytes in every charset where ``<`` is always ``<``. That is every charset
that browsers know, except UTF-16 and ISO-2022-JP.
"""

from __future__ import annotations

import contextlib
import re
import typing as t
from collections import Counter

#: How far before the end the quick reader looks for open elements. One that was left
#: open further up has already swallowed the rest of the page.
_WINDOW = 2048

#: Elements whose content is text in browsers that run scripts.
_RAW = (
    b"script style textarea title xmp iframe noembed noframes noscript plaintext"
).split()
#: Elements in which ``</body>`` has no effect.
_INERT = (b"template", b"svg", b"math")

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
#: Of ISO-2022-JP, and of UTF-16 without a mark, where words may look like a tag.
_ESCAPE, _NUL = b"\x1b", b"\0"

# The end of a page: only </html>, white space and comments that cannot close anything
# that was open before.
_END = re.compile(
    rb"""</body [\t\n\f\r ]*>
    (?: [\t\n\f\r ]++ | </html [\t\n\f\r ]*> | <!--(?!-?>)(?:[^<\]-]++|-(?!-))*+--> )*+
    """,
    re.VERBOSE,
)
_NAME = rb"[A-Za-z][^\t\n\f\r />]*+"
_ATTRIBUTES = rb"""(?:
    [\t\n\f\r ]++ | /(?!>)
  | [^\t\n\f\r />] [^\t\n\f\r />=]*+
    (?: [\t\n\f\r ]*+ = [\t\n\f\r ]*+
        (?: "[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^\t\n\f\r >"'][^\t\n\f\r >]*+ )?+ )?+
)*+"""
# An element without an end tag, or with one that has no effect in an open element.
_LEFT_OPEN = re.compile(
    rb"""<(?:
        (script|style|textarea|title|noembed|noframes|noscript|xmp|iframe)\b
        (?! %(attributes)s/?> .* </\1[\t\n\f\r />])
      | (template|svg|math)\b
        (?! %(attributes)s> [^<]*+
            (?: (?:<title>[^<]*+</title>
                | </?+(?!s(?:cript|tyle|vg)|t(?:extarea|itle|emplate)|no|xmp|iframe
                    |math|desc|foreignobject|annotation-xml)
                  %(name)s%(attributes)s/?>) [^<]*+ )*+
            </\2[\t\n\f\r />])
      | plaintext
      | !\[cdata\[ (?!.*\]\]>)
    )"""
    % {b"name": _NAME, b"attributes": _ATTRIBUTES},
    re.VERBOSE | re.DOTALL,
)

# The first two characters of these, and of little else: the search is twice as fast.
_SUSPECT = re.compile(rb"<[stnximp!][ctveiomfal\[]")

_MEANT = rb"(?:%s)(?=[\t\n\f\r />])" % b"|".join(
    (*_RAW, *_INERT, b"body", b"select", b"frameset")
)
# Text and tags without a meaning here, as much as possible at once.
_REST = re.compile(
    rb"(?: [^<]++ | <(?![A-Za-z/!?]) | </?(?!%s)%s%s/?> )*+"
    % (_MEANT, _NAME, _ATTRIBUTES),
    re.VERBOSE | re.IGNORECASE,
)
_TAG = re.compile(
    rb"<(?P<close>/?)(?P<name>%s)%s(?P<void>/?)>" % (_NAME, _ATTRIBUTES), re.VERBOSE
)


def body_end(body: bytes) -> int | None:
    """Find the last ``</body>`` that is a tag; ``None`` if in doubt."""
    if body.startswith(_UTF_16) or _ESCAPE in body or _NUL in body:
        return None
    at = _quick(body)
    return _thorough(body) if at is None else at


def script_at(body: bytes, element: bytes) -> int | None:
    """Find a script element by its bytes; ``None`` if a browser finds none there.

    The same bytes may be in a comment, in an attribute's value or in another text.

    :param element: the bytes from ``<script`` on, as many as are known.
    """
    reader = _Reader(body)
    at, last = 0, body.rfind(element)
    with contextlib.suppress(_Doubt):  # What was read before the doubt is certain.
        while 0 <= at <= last:
            at = reader.step(at)
    return next((at for at in reader.scripts if body.startswith(element, at)), None)


def _quick(body: bytes) -> int | None:
    end = body[-_WINDOW:].lower()
    tag = end.rfind(b"</body")
    if tag < 0 or not _END.fullmatch(end, tag):
        return None
    before, at = end[:tag], len(body) - len(end) + tag
    if _in_a_tag(body, at) or _is_left_open(before) or _in_a_comment(before):
        return None
    # A comment after the body could be the end of one that started anywhere.
    if b"-->" in end[tag:]:
        begins = body.rfind(b"<!--", 0, at)
        if begins >= 0 and body.find(b"-->", begins + 2, at) < 0:
            return None
    return at


def _in_a_tag(body: bytes, at: int) -> bool:
    text = body[body.rfind(b">", 0, at) + 1 : at]
    if not text.isspace() and any(one in text for one in (b"<", b'"', b"'")):
        return True
    # Inside a quoted value, the last quote is the opening one, after "=".
    for quote in (b'"', b"'"):
        last = body.rfind(quote, 0, at)
        if last >= 0 and body[max(last - 8, 0) : last].rstrip()[-1:] in (b"=", b""):
            return True
    return False


def _is_left_open(before: bytes) -> bool:
    for suspect in _SUSPECT.finditer(before):
        if _LEFT_OPEN.match(before, suspect.start()):
            return True
    return False


def _in_a_comment(before: bytes) -> bool:
    # One byte is found much faster than four.
    begins = before.find(b"<!--") if b"!" in before else -1
    while begins >= 0:
        ends = before.find(b"-->", begins + 2)
        # In a script, a comment with <script> in it hides the next </script>.
        if ends < 0 or b"<script" in before[begins:ends]:
            return True
        begins = before.find(b"<!--", ends)
    return False


def _thorough(body: bytes) -> int | None:
    # Browsers end a comment here too, except where it has just begun.
    if b"--!>" in body:
        return None
    try:
        return _Reader(body).body_end()
    except _Doubt:
        return None


class _Doubt(Exception):
    """The meaning of this page depends on more than its tags."""


class _Reader:
    """Reads a page from its beginning, as a browser's tokenizer does.

    :ivar scripts: where the script elements begin that have been read.
    """

    def __init__(self, body: bytes) -> None:
        self.scripts: list[int] = []
        self._body = body
        self._open: Counter[bytes] = Counter()
        self._in_select = False
        self._found: int | None = None

    def body_end(self) -> int | None:
        at = 0
        while at >= 0:
            at = self.step(at)
        return self._found

    def step(self, at: int) -> int:
        """Read up to the end of a tag or comment; return it, or -1 after the last."""
        at = t.cast("re.Match[bytes]", _REST.match(self._body, at)).end()
        if tag := _TAG.match(self._body, at):
            return self._read(tag)
        if self._body.startswith(b"<!--", at):
            return self._after(b"-->", at + 2)
        if self._body[at : at + 9].upper() == b"<![CDATA[":
            raise _Doubt
        if not self._body[at + 1 : at + 3].lstrip(b"/")[:1].isalpha():
            return self._after(b">", at)
        return -1

    def _after(self, mark: bytes, at: int) -> int:
        found = self._body.find(mark, at)
        return found + len(mark) if found >= 0 else -1

    def _read(self, tag: re.Match[bytes]) -> int:
        name, closes = tag["name"].lower(), bool(tag["close"])
        if name == b"body":
            if closes and not any(self._open.values()):
                self._found = tag.start()
        elif name == b"frameset":
            raise _Doubt
        elif name == b"select":
            self._in_select = not closes
        elif name in _INERT:
            self._count(name, tag)
        elif not closes:
            if name == b"script":
                self.scripts.append(tag.start())
            return self._skip_text(name, tag)
        return tag.end()

    def _count(self, name: bytes, tag: re.Match[bytes]) -> None:
        if tag["close"]:
            self._open[name] = max(self._open[name] - 1, 0)
        elif not tag["void"] or name == b"template":
            self._open[name] += 1

    def _skip_text(self, name: bytes, tag: re.Match[bytes]) -> int:
        """Go to the end of a text element, if it ends in this page."""
        in_drawing = bool(self._open[b"svg"] or self._open[b"math"])
        if (in_drawing and tag["void"]) or (self._in_select and name != b"script"):
            raise _Doubt
        closing = re.compile(rb"</%s(?=[\t\n\f\r />])" % name, re.IGNORECASE)
        end = closing.search(self._body, tag.end())
        if end is None or name == b"plaintext":
            return -1
        text = self._body[tag.end() : end.start()].lower()
        # In SVG, the content may be elements.
        if (in_drawing and b"<" in text) or (b"<!" in text and b"<script" in text):
            raise _Doubt
        return end.start()
