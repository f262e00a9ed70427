"""The messages to send after a turn: the difference between before and after."""

from __future__ import annotations

import typing as t

import msgspec

from ...contract.times import timestamp
from ..protocol import CallStateMessage
from ..protocol import CallWelcome
from ..protocol import OwnCallMessage
from ..protocol import Peer
from ..protocol import Role
from ..protocol import Unring
from ..protocol import VisitorPage
from ..records.active_user import active_user
from ..records.call import Call
from .calls import relays
from .context import Turn
from .effects import Happened
from .showing import Showing
from .showing import Stage
from .showing import WindowShows
from .showing import is_queued
from .showing import showing
from .showing import since

#: Seconds for which a window waits longer than the service, which ends the call first.
LOST_MARGIN = 5


def tell(turn: Turn) -> None:
    """Tell each connection what has changed, once."""
    after = showing(turn.visit)
    if after == turn.before and not turn.newcomer:
        return
    seat = turn.visit.seat_of(turn.address) if turn.newcomer else None
    if seat is not None:
        turn.answer(_welcome(turn, *seat), place=is_queued(turn.visit, seat[0]))
    _tell_tabs(turn, after)
    for address, shows in after.windows.items():
        _tell_window(turn, address, shows)
    for call_id, stage in after.stages.items():
        _tell_application(turn, turn.visit.calls[call_id], stage)


# --- a visitor's tabs


def _tell_tabs(turn: Turn, after: Showing) -> None:
    before, visitor = turn.before, turn.visit.visitor
    for address in visitor.tabs if visitor else ():
        is_new = turn.newcomer and address == turn.address
        if after.ring and (is_new or after.ring != before.ring):
            turn.send(address, after.ring)
        elif before.ring and not after.ring:
            turn.send(address, _unring(turn, before.ring.call_id))
        # The welcome of a new tab includes its call.
        if after.own != before.own and not is_new:
            waits = after.own is not None and after.waits is not None
            turn.send(address, OwnCallMessage(after.own), place=waits)


def _unring(turn: Turn, call_id: str) -> Unring:
    return Unring(call_id, turn.visit.calls[call_id].reason or "accepted")


# --- call windows


def _tell_window(turn: Turn, address: str, shows: WindowShows) -> None:
    before = turn.before.windows.get(address)
    is_new = turn.newcomer and address == turn.address
    if is_new or before is None:
        if shows.peer is not None:
            turn.send(address, Peer(connected=True))
        return
    if (shows.state, shows.relays_due) != (before.state, before.relays_due):
        turn.send(address, _state(turn, address, shows), place=shows.waits)
    if shows.state.reason is not None:
        return  # the call is over, so peers no longer matter
    if shows.peer != before.peer:
        turn.send(address, Peer(connected=shows.peer is not None))
    if shows.page is not None and shows.page != before.page:
        turn.send(address, VisitorPage(shows.page))


def _state(turn: Turn, address: str, shows: WindowShows) -> CallStateMessage:
    seat = turn.visit.seat_of(address)
    servers = relays.servers(turn, *seat) if seat is not None else []
    return msgspec.structs.replace(shows.state, ice_servers=servers or None)


def _welcome(turn: Turn, call: Call, role: Role) -> CallWelcome:
    if call.ended:
        return _farewell(turn, call, role)
    email = call.agent.email if call.agent else None
    if (user := active_user(turn.visit)) is not None:
        call.user = msgspec.to_builtins(user)
    return CallWelcome(
        role=role,
        call_id=call.id,
        secret=turn.access.call_secret(call.id, role, email),
        state=call.state,
        visitor=call.user,
        agent=call.agent,
        ice_servers=relays.servers(turn, call, role),
        ice_policy=turn.settings.ice_policy,
        since=since(call),
        lost_after=turn.timings.lost_grace + LOST_MARGIN,
        heartbeat=turn.timings.heartbeat,
        origins=turn.settings.allowed_origins if role == "visitor" else (),
    )


def _farewell(turn: Turn, call: Call, role: Role) -> CallWelcome:
    """Say how a call ended, and nothing of who was in it."""
    return CallWelcome(
        role=role,
        call_id=call.id,
        secret="",
        state=call.state,
        reason=call.reason,
        visitor={},
        ice_servers=[],
        ice_policy=turn.settings.ice_policy,
        since=since(call),
        lost_after=0,
        heartbeat=0,
    )


# --- the application


def _tell_application(turn: Turn, call: Call, stage: Stage) -> None:
    before = turn.before.stages.get(call.id, Stage(False, False, False))
    if stage.announced and not before.announced:
        turn.effects.append(_event(turn, call, "call.requested"))
    if stage.started and not before.started:
        turn.effects.append(_event(turn, call, "call.started"))
    if stage.ended and not before.ended and stage.announced:
        turn.effects.append(_event(turn, call, "call.ended"))


def _event(turn: Turn, call: Call, kind: str) -> Happened:
    event: dict[str, t.Any] = {
        "type": kind,
        "callId": call.id,
        "visitorId": turn.visit.id,
        "userId": call.user.get("id") or None,
        "agent": msgspec.to_builtins(call.agent),
        "reason": call.reason,
        "at": timestamp(turn.now),
        "duration": call.duration(turn.now) if call.ended else None,
    }
    return Happened(event)
