"""STUN and TURN servers for the windows of an accepted call, renewed while it lasts."""

from __future__ import annotations

import typing as t

from ...access.turn import ice_servers
from ...protocol import Role
from ...records.call import Call
from ..context import Turn


def renew(turn: Turn, call: Call) -> None:
    """Give both windows new credentials, and again at half of their life.

    A connection that was lost is made anew at any time, with valid credentials. Until
    then a window that returns gets the same ones: a TURN server counts by user name.
    """
    if turn.settings.turn_secret is not None:
        call.relays_due = turn.now + turn.timings.turn / 2


def renew_if_due(turn: Turn, call: Call) -> None:
    """Renew the credentials of a call that goes on."""
    if call.relays and call.relays_due is not None and call.relays_due <= turn.now:
        renew(turn, call)


def servers(turn: Turn, call: Call, role: Role) -> list[dict[str, t.Any]]:
    """List a window's servers; none unless both sides have agreed to the call."""
    if not call.relays:
        return []
    until = (call.relays_due or turn.now) + turn.timings.turn / 2
    return ice_servers(turn.settings, f"{call.id}-{role}", until)
