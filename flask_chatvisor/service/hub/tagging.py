"""Attaches a tag to a visitor, or an identity to one who asks for help."""

from __future__ import annotations

from ...contract.tag import Tag
from ...contract.tag import clean_text
from ..access.credentials import Refusal
from ..protocol import QueueProps
from .context import Turn


def set_tag(turn: Turn, clean: Tag, *, verified: bool) -> None:
    """Attach a clean tag to a visitor."""
    visitor = turn.visitor
    if visitor.tag == clean and visitor.verified == verified:
        return
    if visitor.tag is not None and visitor.tag.id != clean.id:
        del visitor.pages[:-1]  # they were another user's
    visitor.tag, visitor.verified, visitor.last_seen = clean, verified, turn.now


def identify(turn: Turn, uid: str | None, props: QueueProps) -> None:
    """Make sure that a customer who asks for help is an active user.

    :raises Refusal: if its identity must be proven but is not.
    """
    visitor = turn.visitor
    if visitor.tag is None and turn.settings.require_identity:
        raise Refusal("token-missing", "Tag this visitor with an identity token.")
    if uid is None and not (visitor.tag and visitor.tag.id):
        raise Refusal("bad-request", "Give an id, or tag this visitor with one.")
    if visitor.tag is None and uid is not None:
        set_tag(turn, _tag(uid, props), verified=False)


def _tag(uid: str, props: QueueProps) -> Tag:
    return Tag(
        id=clean_text(uid),
        email=clean_text(props.email),
        firstname=clean_text(props.first_name),
        lastname=clean_text(props.last_name),
    )
