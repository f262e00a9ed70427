"""A call: the record, and its state machine."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

import msgspec

from ...contract.users import AgentRef
from ..protocol import CallState
from ..protocol import EndReason
from ..protocol import Role

_S = CallState
#: All legal transitions; others are refused.
TRANSITIONS: Mapping[CallState, frozenset[CallState]] = {
    _S.WAITING: frozenset({_S.ACCEPTED, _S.ENDED}),
    _S.RINGING: frozenset({_S.ACCEPTED, _S.ENDED}),
    _S.ACCEPTED: frozenset({_S.CONNECTING, _S.ENDED}),
    _S.CONNECTING: frozenset({_S.LIVE, _S.ENDED}),
    _S.LIVE: frozenset({_S.ENDED}),
    _S.ENDED: frozenset(),
}
#: The states in which the visitor captures a screen.
SHARED = frozenset({_S.CONNECTING, _S.LIVE})


class IllegalTransition(Exception):
    """A call's state does not allow this transition."""

    def __init__(self, state: CallState, to: CallState) -> None:
        super().__init__(f"A call that is {state} cannot become {to}.")


class Window(msgspec.Struct):
    """One participant's call window.

    :ivar address: of its connection, while it has one.
    :ivar due: epoch seconds; it must connect by then.
    :ivar reason: how the call ends if it does not.
    """

    address: str | None = None
    due: float | None = None
    reason: EndReason = EndReason.CONNECTION_LOST


def _windows() -> dict[Role, Window]:
    return {"visitor": Window(), "agent": Window()}


class Call(msgspec.Struct, kw_only=True):
    """One screen-sharing session. Times are epoch seconds.

    :ivar user: the visitor, as last seen as an active user.
    :ivar quiet: a queued customer polls for it, so nothing rings.
    :ivar rings_until: when it ends unanswered.
    :ivar visitor_url: of the visitor's window, with its ticket, while it rings.
    :ivar relays_due: when its windows get new TURN credentials.
    :ivar announced: whether the application knows of the request.
    :ivar kept_until: how long an ended call still reports how it ended.
    """

    id: str
    state: CallState
    user: dict[str, t.Any]
    agent: AgentRef | None = None
    quiet: bool = False
    rings_until: float | None = None
    visitor_url: str = ""
    live_at: float | None = None
    reason: EndReason | None = None
    relays_due: float | None = None
    announced: bool = False
    kept_until: float | None = None
    windows: dict[Role, Window] = msgspec.field(default_factory=_windows)

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.state is CallState.ENDED

    @property
    def relays(self) -> bool:
        """Whether its participants may exchange signals."""
        return self.state in (_S.ACCEPTED, _S.CONNECTING, _S.LIVE)

    @property
    def rings(self) -> bool:
        """Whether the visitor's tabs ask for an answer."""
        return self.rings_until is not None and not self.quiet

    def is_seated(self, role: Role) -> bool:
        """Whether a participant's window is connected."""
        return self.windows[role].address is not None

    def accept(self) -> None:
        """Both sides have agreed: the visitor's window and an agent are there.

        :raises IllegalTransition: unless it is waiting or ringing.
        """
        self._move(CallState.ACCEPTED)
        self.rings_until = None

    def share(self) -> None:
        """The visitor has chosen what to share.

        :raises IllegalTransition: unless it was just accepted.
        """
        self._move(CallState.CONNECTING)

    def go_live(self, now: float) -> None:
        """The agent sees the picture.

        :raises IllegalTransition: unless it is connecting.
        """
        self._move(CallState.LIVE)
        self.live_at = now

    def end(self, reason: EndReason, *, kept_until: float) -> None:
        """The call has ended.

        :raises IllegalTransition: if it had already ended.
        """
        self._move(CallState.ENDED)
        self.reason, self.rings_until, self.kept_until = reason, None, kept_until

    def duration(self, now: float) -> float | None:
        """Return for how many seconds the agent saw a picture."""
        return None if self.live_at is None else max(0.0, now - self.live_at)

    def _move(self, to: CallState) -> None:
        if to not in TRANSITIONS[self.state]:
            raise IllegalTransition(self.state, to)
        self.state = to

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state}>"


def other(role: Role) -> Role:
    """Return the other participant."""
    return "agent" if role == "visitor" else "visitor"
