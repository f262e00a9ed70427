"""Every message that passes over the WebSocket, and how it is decoded.

Text frames hold one JSON object each, told apart by ``type``. What a client sends is
decoded strictly: an unknown type, an unknown field or a wrong value is a
:class:`ProtocolError`, and the connection is closed with its code. Times are epoch
seconds inside and RFC 3339 UTC in JSON.

A server message with an ``ack_id`` is sent again until the client has answered
``ack``; the client carries out each ``ack_id`` once.
"""

# A message inherits "frozen" from its base; type checkers want it repeated on each.
# mypy: disable-error-code="misc"
# pyright: reportGeneralTypeIssues=false

from __future__ import annotations

import enum
import typing as t

import msgspec

from ..contract import users
from ..contract.users import AgentRef

#: Bytes of the largest frame that a client may send.
MAX_FRAME = 64 * 1024


class Close(enum.IntEnum):
    """Codes with which the service closes a WebSocket."""

    BAD_MESSAGE = 4400
    REFUSED = 4401
    NOT_ALLOWED = 4403
    UNKNOWN_CALL = 4404
    NO_HELLO = 4408
    TOO_LARGE = 4413
    TOO_MANY = 4429
    TOO_SLOW = 4503


class CallState(enum.StrEnum):
    """Where a call stands."""

    WAITING = "waiting"
    RINGING = "ringing"
    ACCEPTED = "accepted"
    CONNECTING = "connecting"
    LIVE = "live"
    ENDED = "ended"


class EndReason(enum.StrEnum):
    """Why a call ended: the closed list."""

    VISITOR_ENDED = "visitor-ended"
    AGENT_ENDED = "agent-ended"
    DECLINED = "declined"
    NO_ANSWER = "no-answer"
    SHARE_CANCELLED = "share-cancelled"
    VISITOR_CLOSED = "visitor-closed"
    AGENT_CLOSED = "agent-closed"
    CONNECTION_LOST = "connection-lost"
    VISITOR_GONE = "visitor-gone"
    BUSY = "busy"
    FAILED = "failed"


class ProtocolError(Exception):
    """A message that breaks the rules, with the code to close by."""

    def __init__(self, code: Close, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


Id = t.Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Number = t.Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Secret = t.Annotated[str, msgspec.Meta(max_length=128)]
Token = t.Annotated[str, msgspec.Meta(max_length=16_384)]
Short = t.Annotated[str, msgspec.Meta(max_length=1_024)]
Sdp = t.Annotated[str, msgspec.Meta(max_length=60_000)]


class Value(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The base of what is nested in messages."""


class Page(users.Page, frozen=True, forbid_unknown_fields=True):
    """The page that a visitor says it is on."""

    title: Short = ""
    path: Short = ""


class OwnCall(Value):
    """The call that a visitor waits for or is in, as its pages show it.

    :ivar position: in the queue, while it waits; 0 is next.
    :ivar window: whether its call window is connected.
    """

    call_id: str
    state: CallState
    agent: AgentRef | None
    position: int | None
    window: bool


class QueueProps(Value):
    """What ``CV.conference.join`` may tell of a customer (the vendor's spelling)."""

    first_name: Short = ""
    last_name: Short = ""
    email: Short = ""
    joined_timestamp: float | None = None


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
    """The base of all messages; the class name in kebab case is the ``type``."""


class Confidential(Message):
    """The base of messages with secrets in them: they are not shown."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


# --- what clients send ----------------------------------------------------------


class HelloVisitor(Confidential):
    """A visitor's tab arrives."""

    page: Page
    visible: bool = True
    visitor_id: Id | None = None
    secret: Secret | None = None


class HelloAgent(Confidential):
    """An agent's page wants ticks."""

    token: Token


class HelloCall(Confidential):
    """A call window arrives: with its ticket first, with its secret afterwards."""

    call_id: Id
    ticket: Secret | None = None
    secret: Secret | None = None


class Ack(Message):
    """A message with an ``ackId`` has arrived."""

    ack_id: Number


class Tag(Confidential):
    """``CV.user.tag``: cleaned by presence, never trusted here."""

    tag: t.Any


class Reset(Message):
    """``CV.user.reset``."""


class PageMessage(Message):
    """The tab shows another page, or was hidden or shown."""

    page: Page
    visible: bool


class Decline(Message):
    """The visitor does not want the call."""

    call_id: Id


class Stop(Message):
    """The visitor waits no more, or ends the call, from a page."""

    call_id: Id


class ConferenceStart(Message):
    """``CV.conference.start``; again, it leads back to a window that was closed."""

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


class Share(Message):
    """The visitor has picked what to share."""


class LiveMessage(Message):
    """The agent sees the first frame."""


class Offer(Message):
    """WebRTC, visitor to agent."""

    sdp: Sdp


class Answer(Message):
    """WebRTC, agent to visitor."""

    sdp: Sdp


class Candidate(Message):
    """WebRTC, both ways; an empty candidate ends the list."""

    candidate: Short
    sdp_mid: Short | None = None
    sdp_m_line_index: int | None = msgspec.field(default=None, name="sdpMLineIndex")
    username_fragment: Short | None = None


class Restart(Message):
    """WebRTC, agent to visitor: make a new offer."""


class End(Message):
    """A participant ends the call."""

    reason: t.Literal["visitor-ended", "agent-ended", "share-cancelled", "failed"]


Hello = HelloVisitor | HelloAgent | HelloCall
Signal = Offer | Answer | Candidate | Restart
ClientMessage = (
    Hello
    | Signal
    | Ack
    | Tag
    | Reset
    | PageMessage
    | Decline
    | Stop
    | ConferenceStart
    | ConferenceJoin
    | QueueStatus
    | AgentsMessage
    | Share
    | LiveMessage
    | End
)


# --- what the service sends -----------------------------------------------------


class Welcome(Confidential):
    """To a visitor's tab: who it is from now on, and in which call."""

    visitor_id: str
    secret: str
    call: OwnCall | None = None


class Ring(Confidential):
    """To every tab of a visitor: an agent asks to see the screen."""

    ack_id: int
    call_id: str
    agent: AgentRef
    url: str
    expires_at: str


class Unring(Message):
    """To every tab of a visitor: nobody asks any more."""

    ack_id: int
    call_id: str
    reason: str


class OwnCallMessage(Message):
    """To every tab of a visitor: its call stands elsewhere now, or is over."""

    ack_id: int
    call: OwnCall | None


class Conference(Confidential):
    """The answer to ``conference-start``."""

    request_id: int
    call_id: str
    url: str


class Joined(Message):
    """The answer to ``conference-join``."""

    request_id: int


class Queue(Message):
    """The answer to ``queue-status``: 0 is next, -1 is taken."""

    request_id: int
    position: int


class AgentsOnline(Message, tag="agents"):
    """The answer to ``agents``."""

    request_id: int
    online: bool


class Refused(Message):
    """A request of a visitor's page that was not carried out."""

    code: str
    detail: str
    request_id: int | None = None


class AgentWelcome(Message):
    """To an agent's page: ticks will come until the token expires."""

    expires_at: str


class Tick(Message):
    """To an agent's page: something changed; fetch it through the application."""

    n: int


class CallWelcome(Confidential):
    """To a call window: everything it needs to show where the call stands."""

    role: t.Literal["visitor", "agent"]
    call_id: str
    secret: str
    state: CallState
    visitor: dict[str, t.Any]
    ice_servers: list[dict[str, t.Any]]
    agent: AgentRef | None = None
    reason: EndReason | None = None
    since: str | None = None
    queue_position: int | None = None


class CallStateMessage(Message):
    """To a call window: the call stands elsewhere now."""

    ack_id: int
    state: CallState
    reason: EndReason | None = None
    since: str | None = None
    agent: AgentRef | None = None
    queue_position: int | None = None


class Peer(Message):
    """To a call window: the other one came or went."""

    connected: bool


class VisitorPage(Message):
    """To the agent's call window: the page that the visitor is on."""

    page: users.Page


ServerMessage = (
    Signal
    | Welcome
    | Ring
    | Unring
    | OwnCallMessage
    | Conference
    | Joined
    | Queue
    | AgentsOnline
    | Refused
    | AgentWelcome
    | Tick
    | CallWelcome
    | CallStateMessage
    | Peer
    | VisitorPage
)

_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()


def decode(frame: bytes | str) -> ClientMessage:
    """Read one frame of a client.

    :raises ProtocolError: if it is too large or not a known message.
    """
    if len(frame) > MAX_FRAME:
        raise ProtocolError(Close.TOO_LARGE, f"A frame has at most {MAX_FRAME} bytes.")
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolError(Close.BAD_MESSAGE, str(error)) from None


def encode(message: ServerMessage) -> bytes:
    """Write one frame for a client."""
    return _encoder.encode(message)
