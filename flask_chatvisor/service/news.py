"""What is told about calls: to tabs, to call windows, to agents, to the application."""

from __future__ import annotations

import typing as t

import msgspec

from ..contract.times import timestamp
from ..contract.users import AgentRef
from ..contract.users import InCall
from .calls import Call
from .desk import Desk
from .line import Line
from .presence import Visitor
from .protocol import CallState
from .protocol import CallStateMessage
from .protocol import OwnCallMessage
from .protocol import Ring
from .protocol import ServerMessage
from .protocol import Unring
from .protocol import VisitorPage
from .visitors import Visitors


class News:
    """Tells everybody whom it concerns where a call stands."""

    def __init__(self, desk: Desk, visitors: Visitors, line: Line) -> None:
        self._store = desk.store
        self._outbox = desk.outbox
        self._visitors = visitors
        line.on_change = self._moved_up

    # --- a visitor's tabs

    def ring(self, now: float, call: Call, tabs: t.Iterable[int]) -> None:
        """Ask in these tabs, unless the customer polls for the call."""
        if call.quiet or call.agent is None or call.rings_until is None:
            return
        agent, until = call.agent, timestamp(call.rings_until)

        def make(ack_id: int) -> ServerMessage:
            return Ring(ack_id, call.id, agent, call.visitor_url, until)

        self._outbox.deliver(now, tabs, "ring", make)

    def unring(self, now: float, call: Call, reason: str) -> None:
        """Ask no more, in any tab."""
        visitor = self._visitors.get(call.visitor_id)
        if visitor is not None and not call.quiet:
            self._outbox.deliver(
                now, visitor.tabs, "ring", lambda n: Unring(n, call.id, reason)
            )

    def own_call(self, now: float, call: Call) -> None:
        """Have the visitor's pages show where its call stands, if they do not yet."""
        own, visitor = call.own, self._visitors.get(call.visitor_id)
        if visitor is None or own == call.told:
            return
        call.told = own
        self._outbox.deliver(
            now, visitor.tabs, "own-call", lambda n: OwnCallMessage(n, own)
        )
        self._store.save_call(call)

    # --- call windows, and the agents' list

    def changed(self, now: float, call: Call) -> None:
        """Remember where a call stands now; tell both windows and the agents."""
        self._store.save_call(call)
        if (visitor := self._visitors.get(call.visitor_id)) is not None:
            self.note(now, call, visitor)
            self.own_call(now, call)
        self._tell_windows(now, call)

    def note(self, now: float, call: Call, visitor: Visitor) -> None:
        """Have the agents' list show with whom a visitor is in a call."""
        shown = call.agent is not None and not call.ended
        in_call = InCall(t.cast(AgentRef, call.agent), maybe_time(call.live_at))
        visitor.in_call = in_call if shown else None
        self._visitors.save(now, visitor)

    def page(self, call: Call | None, visitor: Visitor) -> None:
        """Tell the agent in a call which page the visitor is on."""
        if call is not None and visitor.location is not None:
            address = call.windows["agent"].address
            self._outbox.send(address, VisitorPage(page=visitor.location))

    def _tell_windows(self, now: float, call: Call) -> None:
        addresses = [one.address for one in call.windows.values()]

        def make(ack_id: int) -> ServerMessage:
            return CallStateMessage(
                ack_id=ack_id,
                state=call.state,
                reason=call.reason,
                since=maybe_time(call.live_at),
                agent=call.agent,
                queue_position=call.position,
            )

        present = [address for address in addresses if address is not None]
        self._outbox.deliver(now, present, "call-state", make)

    def _moved_up(self, now: float) -> None:
        for position, visitor in enumerate(self._store.waiting()):
            call = self._store.call(visitor.call_id or "")
            if call is None or call.state is not CallState.WAITING:
                continue
            if call.position != position:
                call.position = position
                self.own_call(now, call)
                self._tell_windows(now, call)

    # --- the application

    def requested(self, now: float, call: Call) -> None:
        """Tell, once, that a call was asked for."""
        if not call.announced:
            call.announced = True
            self._tell_application(now, call, "call.requested")

    def started(self, now: float, call: Call) -> None:
        """Tell that the agent sees a picture."""
        self._tell_application(now, call, "call.started")

    def ended(self, now: float, call: Call) -> None:
        """Tell that a call is over, if it was told that there is one."""
        if call.announced:
            self._tell_application(now, call, "call.ended")

    def _tell_application(self, now: float, call: Call, kind: str) -> None:
        event = {
            "type": kind,
            "callId": call.id,
            "visitorId": call.visitor_id,
            "userId": call.user.get("id") or None,
            "agent": msgspec.to_builtins(call.agent),
            "reason": call.reason,
            "at": timestamp(now),
            "duration": call.duration(now) if call.ended else None,
        }
        self._outbox.happened(event)


def maybe_time(seconds: float | None) -> str | None:
    """Write epoch seconds, if there are any."""
    return None if seconds is None else timestamp(seconds)
