"""Attaches a tag to a visitor, or an identity to one who asks for help."""

from __future__ import annotations

from ...contract.tag import Tag
from ...contract.tag import clean_text
from ..access.credentials import Refusal
from ..access.credentials import Vouched
from ..protocol import QueueProps
from .context import Turn


def set_tag(turn: Turn, vouched: Vouched) -> None:
    """Attach a tag to a visitor; of several proofs, the one that ends last counts."""
    visitor, until = turn.visitor, vouched.until
    if (tab := visitor.tabs.get(turn.address)) is not None:
        tab.until = until
    if until is not None and visitor.verified_until is not None:
        until = max(until, visitor.verified_until)
    if visitor.tag == vouched.tag and visitor.verified_until == until:
        return
    visitor.tag, visitor.verified_until = vouched.tag, until
    visitor.last_seen = turn.now


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
        set_tag(turn, Vouched(_tag(uid, props)))


def _tag(uid: str, props: QueueProps) -> Tag:
    return Tag(
        id=clean_text(uid),
        email=clean_text(props.email),
        firstname=clean_text(props.first_name),
        lastname=clean_text(props.last_name),
    )
