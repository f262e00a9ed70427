"""Messages of participants while sharing: progress, and WebRTC signals."""

from __future__ import annotations

from ...protocol import CallState
from ...protocol import LiveMessage
from ...protocol import Role
from ...protocol import Share
from ...protocol import Signal
from ...records.call import SHARED
from ...records.call import Call
from ...records.call import other
from ..context import Turn


def share(turn: Turn, call: Call, role: Role, message: Share) -> None:
    """The visitor has chosen what to share; repeating it changes nothing.

    :raises IllegalTransition: if the call was not accepted.
    """
    if call.state not in SHARED:
        call.share()


def go_live(turn: Turn, call: Call, role: Role, message: LiveMessage) -> None:
    """The agent sees the picture; repeating it changes nothing.

    :raises IllegalTransition: if nothing was shared.
    """
    if call.state is not CallState.LIVE:
        call.go_live(turn.now)


def relay(turn: Turn, call: Call, role: Role, signal: Signal) -> None:
    """Pass a signal on to the other participant, if there is one."""
    turn.only_sends = True
    there = call.windows[other(role)].address
    if call.relays and there is not None:
        turn.send(there, signal)
