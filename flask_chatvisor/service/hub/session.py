"""A visitor's session: its page tags it or resets its identity."""

from __future__ import annotations

from ...contract.tag import clean_tag
from ..access.credentials import Refusal
from ..protocol import EndReason
from ..protocol import Tag
from ..records.visit import Tab
from . import queue
from . import tagging
from .calls import ending
from .context import Turn


def tag(turn: Turn, message: Tag) -> None:
    """Make a visitor an active user; a new tag replaces the old one completely.

    :raises Refusal: if the tag is not an object, or lacks a required proof.
    """
    vouched = turn.access.vouch(message.tag, turn.now)
    try:
        clean = clean_tag(vouched.tag)
    except TypeError as error:
        raise Refusal("bad-request", str(error)) from None
    before = turn.visitor.tag
    tagging.set_tag(turn, clean, verified=vouched.verified)
    if before is not None and before.id not in ("", clean.id):
        ending.end_current(turn, EndReason.VISITOR_GONE)  # the call was another user's


def reset(turn: Turn, address: str) -> Tab:
    """Forget the identity of a visitor.

    :return: the tab that asked for it, which continues as a new visitor.
    """
    # The next user to sign in is not in this call.
    ending.end_current(turn, EndReason.VISITOR_GONE)
    queue.leave(turn)
    visitor = turn.visitor
    tab = visitor.tabs.pop(address)
    visitor.look(turn.now)
    visitor.tag, visitor.verified = None, False
    visitor.pages.clear()
    return tab
