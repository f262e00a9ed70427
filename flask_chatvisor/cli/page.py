"""Finds the extension's elements in a finished page."""

from __future__ import annotations

import json
import typing as t
from html.parser import HTMLParser


class Page(HTMLParser):
    """Finds the extension's elements in a page.

    :ivar policies: of ``<meta http-equiv="Content-Security-Policy">``.
    :ivar nonce: of the tag's elements.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.policies: list[str] = []
        self.nonce: str = ""
        self._text: list[str] = []
        self._inside = False
        self.feed(html)

    @property
    def block(self) -> dict[str, t.Any] | None:
        """The data block; ``None`` if the page has none."""
        return json.loads("".join(self._text)) if self._text else None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Handle a start tag."""
        values = dict(attrs)
        self._inside = tag == "script" and values.get("id") == "chatvisor-tag"
        if self._inside:
            self.nonce = values.get("nonce") or ""
        name = (values.get("http-equiv") or "").lower()
        if tag == "meta" and name == "content-security-policy":
            self.policies.append(values.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        """Handle an end tag."""
        self._inside = False

    def handle_data(self, data: str) -> None:
        """Keep the content of the data block."""
        if self._inside:
            self._text.append(data)
