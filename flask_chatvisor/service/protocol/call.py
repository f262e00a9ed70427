"""Messages between a call window and the service."""

# mypy: disable-error-code="misc"
# pyright: reportGeneralTypeIssues=false

from __future__ import annotations

import enum
import typing as t
from typing import ClassVar

import msgspec

from ...contract.users import AgentRef
from ...contract.users import Page
from .message import Confidential
from .message import Id
from .message import Index
from .message import Kind
from .message import Message
from .message import Sdp
from .message import Secret
from .message import Short

Role = t.Literal["visitor", "agent"]


class CallState(enum.StrEnum):
    """The state of a call."""

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


# --- from a call window


class HelloCall(Confidential):
    """A call window connects: first with its ticket, later with its secret.

    :ivar window_id: a random id chosen by the window. It may reuse its ticket with the
        same id, because it may have missed the answer.
    """

    call_id: Id
    ticket: Secret | None = None
    secret: Secret | None = None
    window_id: Id | None = None


class Share(Message):
    """The visitor has chosen what to share."""


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
    sdp_m_line_index: Index | None = msgspec.field(default=None, name="sdpMLineIndex")
    username_fragment: Short | None = None


class Restart(Message):
    """WebRTC, agent to visitor: make a new offer."""


class End(Message):
    """A participant ends the call."""

    reason: t.Literal[
        "visitor-ended",
        "agent-ended",
        "share-cancelled",
        "connection-lost",
        "failed",
    ]


class Ping(Message):
    """A window that has heard nothing asks whether the service is still there."""


Signal = Offer | Answer | Candidate | Restart


# --- to a call window


class CallWelcome(Confidential):
    """Everything that the window needs to show the call's state.

    Once the call has ended, only its state and reason.

    :ivar ice_servers: empty unless the participants may connect.
    :ivar lost_after: seconds without the service after which the window ends the call.
    :ivar heartbeat: seconds of silence after which the window sends ``ping``; after
        twice as many more it counts its connection as lost. 0: it sends none.
    :ivar origins: of the pages that may stop the sharing directly; ``None`` for any
        loopback one.
    """

    role: Role
    call_id: str
    secret: str
    state: CallState
    visitor: dict[str, t.Any]
    ice_servers: list[dict[str, t.Any]]
    ice_policy: t.Literal["all", "relay"]
    lost_after: float
    heartbeat: float
    origins: tuple[str, ...] | None = ()
    agent: AgentRef | None = None
    reason: EndReason | None = None
    since: str | None = None
    queue_position: int | None = None


class CallStateMessage(Confidential):
    """The call has changed, or its TURN credentials were renewed."""

    kind: ClassVar[Kind | None] = "call-state"

    state: CallState
    reason: EndReason | None = None
    since: str | None = None
    agent: AgentRef | None = None
    queue_position: int | None = None
    ice_servers: list[dict[str, t.Any]] | None = None
    ack_id: int = 0


class Pong(Message):
    """The answer to ``ping``."""


class Peer(Message):
    """The other participant's window came or went."""

    connected: bool


class VisitorPage(Message):
    """To the agent's window: the page that the visitor is on."""

    page: Page
