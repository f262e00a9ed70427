"""Calls: the record, and the state machine that says what may follow what."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from ..contract.users import AgentRef
from .access import Role
from .protocol import CallState
from .protocol import EndReason
from .protocol import OwnCall

_S = CallState
#: Every legal transition; whatever is not here is refused.
TRANSITIONS: Mapping[CallState, frozenset[CallState]] = {
    _S.WAITING: frozenset({_S.ACCEPTED, _S.ENDED}),
    _S.RINGING: frozenset({_S.ACCEPTED, _S.ENDED}),
    _S.ACCEPTED: frozenset({_S.CONNECTING, _S.ENDED}),
    _S.CONNECTING: frozenset({_S.LIVE, _S.ENDED}),
    _S.LIVE: frozenset({_S.ENDED}),
    _S.ENDED: frozenset(),
}
#: With what each participant may end a call.
MAY_END: Mapping[Role, frozenset[EndReason]] = {
    "visitor": frozenset(
        {EndReason.VISITOR_ENDED, EndReason.SHARE_CANCELLED, EndReason.FAILED}
    ),
    "agent": frozenset({EndReason.AGENT_ENDED, EndReason.FAILED}),
}
CLOSED: Mapping[Role, EndReason] = {
    "visitor": EndReason.VISITOR_CLOSED,
    "agent": EndReason.AGENT_CLOSED,
}
#: While the visitor captures something.
SHARED = frozenset({_S.CONNECTING, _S.LIVE})


class IllegalTransition(Exception):
    """A call cannot go from where it stands to there."""

    def __init__(self, state: CallState, to: CallState) -> None:
        super().__init__(f"A call that is {state} cannot become {to}.")


@dataclass(slots=True, eq=False)
class Window:
    """One participant's call window.

    :ivar address: of its connection, while it has one.
    :ivar due: epoch seconds by which it must have connected.
    :ivar reason: how the call ends if it has not.
    """

    address: int | None = None
    due: float | None = None
    reason: EndReason = EndReason.CONNECTION_LOST


@dataclass(slots=True, eq=False)
class Call:
    """One screen-sharing session. Times are epoch seconds.

    :ivar user: the visitor as an active user, when it was last known as one.
    :ivar quiet: a queued customer polls for it, so nothing rings.
    :ivar rings_until: when it ends unanswered.
    :ivar announced: the application was told that it was asked for.
    :ivar position: in the queue, while it waits; 0 is next.
    :ivar told: what the visitor's pages know of it.
    """

    id: str
    visitor_id: str
    state: CallState
    user: dict[str, t.Any]
    agent: AgentRef | None = None
    quiet: bool = False
    rings_until: float | None = None
    visitor_url: str = field(default="", repr=False)
    live_at: float | None = None
    reason: EndReason | None = None
    announced: bool = False
    position: int | None = None
    told: OwnCall | None = None
    windows: dict[Role, Window] = field(
        default_factory=lambda: {"visitor": Window(), "agent": Window()}
    )

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state is CallState.ENDED

    @property
    def relays(self) -> bool:
        """Whether its participants may signal to each other."""
        return self.state in (_S.ACCEPTED, _S.CONNECTING, _S.LIVE)

    @property
    def own(self) -> OwnCall | None:
        """The call as the visitor's pages show it, once there is something to show."""
        queued = self.state is CallState.WAITING and self.position is not None
        if not queued and not self.relays:
            return None
        seated = self.seated("visitor")
        return OwnCall(self.id, self.state, self.agent, self.position, seated)

    def seated(self, role: Role) -> bool:
        """Whether a participant's window is connected."""
        return self.windows[role].address is not None

    def accept(self) -> None:
        """Both have said yes: the visitor's window is there, and an agent.

        :raises IllegalTransition: unless it waits or rings.
        """
        self._move(CallState.ACCEPTED)
        self.rings_until = self.position = None

    def share(self) -> None:
        """The visitor has picked what to share.

        :raises IllegalTransition: unless it was just accepted.
        """
        self._move(CallState.CONNECTING)

    def go_live(self, now: float) -> None:
        """The agent sees the picture.

        :raises IllegalTransition: unless it connects.
        """
        self._move(CallState.LIVE)
        self.live_at = now

    def end(self, reason: EndReason) -> None:
        """It is over.

        :raises IllegalTransition: if it was already.
        """
        self._move(CallState.ENDED)
        self.reason = reason
        self.rings_until = self.position = None

    def duration(self, now: float) -> float | None:
        """Tell for how many seconds the agent saw a picture."""
        return None if self.live_at is None else max(0.0, now - self.live_at)

    def _move(self, to: CallState) -> None:
        if to not in TRANSITIONS[self.state]:
            raise IllegalTransition(self.state, to)
        self.state = to


def other(role: Role) -> Role:
    """Name the other participant."""
    return "agent" if role == "visitor" else "visitor"
