"""The elements of a tagged page: a data block and two scripts, no inline code."""

from __future__ import annotations

import json
import typing as t
from functools import lru_cache

from markupsafe import Markup
from markupsafe import escape

#: Identifies the first element, and begins it, in a page that already has them.
MARK = b'id="chatvisor-tag"'
BEGIN = b'<script type="application/json" ' + MARK

_encode = json.JSONEncoder(separators=(",", ":")).encode


def render(
    block: str,
    *,
    tag_js: str,
    script: str | None,
    nonce: str | None = None,
) -> Markup:
    """Write the three elements, in ASCII, for any place in a page.

    There is no white space between them, because text there could reopen formatting
    elements that the page left open.

    :param block: the data for ``tag.js``, written by :func:`dump`.
    :param tag_js: the URL of ``tag.js``.
    :param script: the URL of the service's script; ``None`` if the page has it.
    :param nonce: the nonce of the page's Content-Security-Policy.
    """
    sealed = f' nonce="{nonce}"' if nonce else ""
    elements = (
        f"{BEGIN.decode()}{sealed}>{block}</script>"
        f'<script src="{_attribute(tag_js)}" defer{sealed}></script>'
    )
    if script is not None:
        elements += f'<script src="{_attribute(script)}" async{sealed}></script>'
    return Markup(elements)  # noqa: S704 - each part is escaped for its place


def dump(data: t.Any) -> str:
    """Write JSON for a script element: ASCII, without ``<``, ``>`` and ``&``."""
    text = _encode(data)
    if "<" in text or ">" in text or "&" in text:
        for character, escaped in _ESCAPES:
            text = text.replace(character, escaped)
    return text


_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))


@lru_cache(maxsize=256)
def _attribute(url: str) -> str:
    # Character references work in every charset.
    return str(escape(url)).encode("ascii", "xmlcharrefreplace").decode("ascii")
