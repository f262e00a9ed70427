"""The base of all messages, and the error for invalid ones."""

# A message inherits "frozen" from its base; type checkers need it repeated on each.
# mypy: disable-error-code="misc"
# pyright: reportGeneralTypeIssues=false

from __future__ import annotations

import enum
import typing as t
from typing import ClassVar

import msgspec

from ...contract.tokens import MAX_TOKEN


class Close(enum.IntEnum):
    """The service's codes for closing a WebSocket."""

    BAD_MESSAGE = 4400
    REFUSED = 4401
    NOT_ALLOWED = 4403
    UNKNOWN_CALL = 4404
    NO_HELLO = 4408
    PROOF_ENDED = 4410
    TOO_LARGE = 4413
    TOO_MANY = 4429
    TOO_SLOW = 4503


class ProtocolError(Exception):
    """A message that breaks the rules, with the closing code."""

    def __init__(self, code: Close, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


Id = t.Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Number = t.Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Index = t.Annotated[int, msgspec.Meta(ge=0, le=2**16 - 1)]
Secret = t.Annotated[str, msgspec.Meta(max_length=128)]
Token = t.Annotated[str, msgspec.Meta(max_length=MAX_TOKEN)]
Short = t.Annotated[str, msgspec.Meta(max_length=1_024)]
Sdp = t.Annotated[str, msgspec.Meta(max_length=60_000)]

#: The kinds of messages that are resent until acknowledged, the newest of each kind.
Kind = t.Literal["ring", "own-call", "call-state"]


class Value(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The base of records in messages."""


def _kebab(name: str) -> str:
    text = "".join(f"-{c.lower()}" if c.isupper() else c for c in name)
    return text.removeprefix("-").removesuffix("-message")


class Message(
    msgspec.Struct,
    frozen=True,
    rename="camel",
    forbid_unknown_fields=True,
    tag_field="type",
    tag=_kebab,
):
    """The base of all messages; the class name in kebab case is the ``type``.

    :cvar kind: set for messages that are resent until acknowledged. They have an
        ``ack_id``, which the sending process fills in.
    """

    kind: ClassVar[Kind | None] = None


class Confidential(Message):
    """The base of messages with secrets, which ``repr`` hides."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Ack(Message):
    """A client has received a message with an ``ackId``."""

    ack_id: Number
