"""Messages between a visitor's tab and the service."""

# mypy: disable-error-code="misc"
# pyright: reportGeneralTypeIssues=false

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from typing import ClassVar

import msgspec

from ...contract.tag import MAX_READ
from ...contract.users import AgentRef
from ...contract.users import Page
from .call import CallState
from .message import Close
from .message import Confidential
from .message import Id
from .message import Kind
from .message import Message
from .message import Number
from .message import ProtocolError
from .message import Secret
from .message import Short
from .message import Value

# Received undecoded; whoever sends one may give any value that is JSON.
if t.TYPE_CHECKING:
    Undecoded = t.Any
else:
    Undecoded = msgspec.Raw

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
# msgspec itself takes 100 times as long as Python for a float like 1e308.
_values = msgspec.json.Decoder(float_hook=float)


def _value(raw: bytes) -> t.Any:
    try:
        return _values.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolError(Close.BAD_MESSAGE, str(error)) from None


class PageRef(Page, frozen=True, forbid_unknown_fields=True):
    """The page that a tab shows; its query string and fragment are removed later."""

    title: Short = ""
    path: Short = ""


class QueueProps(Value):
    """Customer data of ``CV.conference.join`` (the vendor's spelling)."""

    first_name: Short = ""
    last_name: Short = ""
    email: Short = ""
    joined_timestamp: float | None = None


# --- from a tab


class HelloVisitor(Confidential):
    """A visitor's tab connects."""

    page: PageRef
    visible: bool = True
    visitor_id: Id | None = None
    secret: Secret | None = None


class Tag(Confidential):
    """``CV.user.tag``: not trusted. It is decoded once its sender is known.

    :ivar joins: refuse a tag of another user than the visitor's, instead of starting a
        new visitor. So two pages of one browser never take turns.
    """

    tag: Undecoded
    joins: bool = False

    def read(self, names: Iterable[str]) -> dict[str, t.Any]:
        """Decode some fields. Lists and objects that are too long in all are left out.

        :raises TypeError: if the tag is not an object.
        :raises ProtocolError: if a field is not JSON.
        """
        try:
            given = _fields.decode(self.tag)
        except msgspec.ValidationError:
            raise TypeError("A tag must be an object.") from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise ProtocolError(Close.BAD_MESSAGE, str(error)) from None
        read: dict[str, t.Any] = {}
        room = MAX_READ
        for name in names:
            raw = bytes(given.get(name, b""))
            # Texts cost next to nothing, however long, and are cut later.
            is_text = raw.startswith(b'"')
            if is_text or 0 < len(raw) <= room:
                read[name] = _value(raw)
                room -= 0 if is_text else len(raw)
        return read


class Reset(Message):
    """``CV.user.reset``."""


class PageMessage(Message):
    """The tab shows another page, or was hidden or shown."""

    page: PageRef
    visible: bool


class Decline(Message):
    """The visitor declines the call."""

    call_id: Id


class Stop(Message):
    """The visitor stops waiting or ends the call in a page."""

    call_id: Id


class ConferenceStart(Message):
    """``CV.conference.start``; repeated, it reopens a closed call window."""

    request_id: Number
    uid: Id | None = None


class ConferenceJoin(Message):
    """``CV.conference.join``."""

    request_id: Number
    uid: Id
    props: QueueProps = QueueProps()


class QueueStatus(Message):
    """``CV.conference.queueStatus``: one poll."""

    request_id: Number
    uid: Id


class AgentsMessage(Message):
    """``CV.api.isAgentOnline``."""

    request_id: Number


# --- to a tab


class OwnCall(Value):
    """The call that a visitor is waiting for or is in, as its pages show it.

    :ivar position: in the queue, while it waits; 0 is next.
    :ivar window: whether its call window is connected.
    """

    call_id: str
    state: CallState
    agent: AgentRef | None
    position: int | None
    window: bool


class Welcome(Confidential):
    """The identity of the tab's visitor from now on, and its call.

    :ivar needs_tag: the visitor is a verified user, so the tab learns nothing of it and
        its call before it has tagged the same user.
    """

    visitor_id: str
    secret: str
    call: OwnCall | None = None
    needs_tag: bool = False


class Ring(Confidential):
    """An agent asks to see the screen."""

    kind: ClassVar[Kind | None] = "ring"

    call_id: str
    agent: AgentRef
    url: str
    expires_at: str
    ack_id: int = 0


class Unring(Message):
    """The agent's request has ended."""

    kind: ClassVar[Kind | None] = "ring"

    call_id: str
    reason: str
    ack_id: int = 0


class OwnCallMessage(Message):
    """The visitor's call has changed, or is over."""

    kind: ClassVar[Kind | None] = "own-call"

    call: OwnCall | None
    ack_id: int = 0


class Conference(Confidential):
    """The answer to ``conference-start``."""

    request_id: int
    call_id: str
    url: str


class Joined(Message):
    """The answer to ``conference-join``."""

    request_id: int


class Queue(Message):
    """The answer to ``queue-status``: 0 is next, -1 means that an agent has joined."""

    request_id: int
    position: int


class AgentsOnline(Message, tag="agents"):
    """The answer to ``agents``."""

    request_id: int
    online: bool


class Refused(Message):
    """A visitor's page sent a request that was refused."""

    code: str
    detail: str
    request_id: int | None = None
