"""Puts a tag into a page as the extension does, without a response around it."""

from __future__ import annotations

from flask_chatvisor.tag.place import body_end


def insert(body: bytes, tag: bytes) -> bytes | None:
    """Put a tag before the end of a page's body; ``None`` if there is none."""
    at = body_end(body)
    return None if at is None else body[:at] + tag + body[at:]
