"""Calls as they happen: ringing, call windows, signals, and every way to end."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

import msgspec

from .access import Refusal
from .access import Role
from .calls import CLOSED
from .calls import MAY_END
from .calls import Call
from .calls import other
from .desk import Desk
from .line import Line
from .outbox import CallLink
from .outbox import VisitorLink
from .presence import InCall
from .presence import Visitor
from .presence import active_user
from .protocol import AgentRef
from .protocol import CallState
from .protocol import CallStateMessage
from .protocol import CallWelcome
from .protocol import Close
from .protocol import EndReason
from .protocol import HelloCall
from .protocol import Peer
from .protocol import ProtocolError
from .protocol import Ring
from .protocol import ServerMessage
from .protocol import Sharing
from .protocol import Unring
from .protocol import VisitorPage
from .protocol import timestamp
from .store import Ticket
from .visitors import Visitors

#: Closing codes of a browser that closes or reloads a page on purpose.
_CLOSED_ON_PURPOSE = (1000, 1001)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A call, and the URL of one participant's window; its ticket is good once."""

    call_id: str
    url: str = field(repr=False)


class Rooms:
    """Runs the calls."""

    def __init__(self, desk: Desk, visitors: Visitors, line: Line) -> None:
        self._desk = desk
        self._store = desk.store
        self._outbox = desk.outbox
        self._timings = desk.settings.timings
        self._visitors = visitors
        self._line = line
        line.on_change = self._tell_positions

    # --- beginning

    def request(self, now: float, agent: AgentRef, visitor_id: str) -> Invitation:
        """An agent asks to see a visitor's screen, or joins one who waits.

        The agent whose call it is already gets into it again.

        :raises Refusal: ``visitor-gone`` or ``busy``.
        """
        visitor = self._visitors.get(visitor_id)
        if visitor is None or visitor.tag is None:
            raise Refusal("visitor-gone", "This visitor is not here any more.")
        call = self.current(visitor)
        if call is None:
            call = self._ring(now, agent, visitor)
        elif call.agent is None:
            self._assign(now, call, agent)
        elif call.agent.email != agent.email:
            name = call.agent.name
            raise Refusal("busy", f"This visitor is in a call with {name}.", agent=name)
        return self._invite(now, call, "agent")

    def ask(self, now: float, visitor: Visitor) -> Invitation:
        """A customer asks for help, or takes up the call that waits for it.

        :raises Refusal: ``busy``, if it is in a call already.
        """
        call = self.current(visitor)
        if call is None:
            call = self._open(now, visitor, CallState.WAITING)
            # Whoever came from the queue keeps the place, but polls no more.
            visitor.queue_uid = visitor.polled_until = None
        elif call.relays:
            raise Refusal("busy", "This visitor is in a call already.")
        if call.state is CallState.WAITING and not call.seated("visitor"):
            self._expect(now, call, "visitor", self._timings.ticket)
        return self._invite(now, call, "visitor")

    def current(self, visitor: Visitor) -> Call | None:
        """Find the call that a visitor is in, if any."""
        return None if visitor.call_id is None else self._store.call(visitor.call_id)

    def _ring(self, now: float, agent: AgentRef, visitor: Visitor) -> Call:
        quiet = self._line.take(now, visitor)
        call = self._open(now, visitor, CallState.RINGING, agent)
        call.quiet = quiet
        call.rings_until = now + self._timings.ring
        call.visitor_url = self._invite(now, call, "visitor").url
        self._desk.deadlines.at(call.rings_until, self._unanswered, call.id)
        self._expect(now, call, "agent", self._timings.window, CLOSED["agent"])
        self._note(now, call, visitor)
        self._tell_ring(now, call, visitor.tabs)
        self._announce(now, call)
        return call

    def _open(
        self,
        now: float,
        visitor: Visitor,
        state: CallState,
        agent: AgentRef | None = None,
    ) -> Call:
        call = Call(
            id=self._desk.access.new_id(),
            visitor_id=visitor.id,
            state=state,
            user=msgspec.to_builtins(active_user(visitor)),
            agent=agent,
        )
        visitor.call_id = call.id
        self._store.save_visitor(visitor)
        self._store.save_call(call)
        return call

    def _assign(self, now: float, call: Call, agent: AgentRef) -> None:
        call.agent = agent
        self._expect(now, call, "agent", self._timings.window, CLOSED["agent"])
        self._changed(now, call)

    def _invite(self, now: float, call: Call, role: Role) -> Invitation:
        ticket = self._desk.access.new_id()
        until = now + self._timings.ticket
        key = self._desk.access.ticket_key(ticket)
        agent = call.agent if role == "agent" else None
        self._store.put_ticket(key, Ticket(call.id, role, agent), until, now)
        url = f"{self._desk.settings.url}/call/{call.id}#{ticket}"
        return Invitation(call.id, url)

    def _unanswered(self, now: float, call_id: str) -> None:
        call = self._store.call(call_id)
        if call is not None and call.state is CallState.RINGING:
            self.end(now, call, EndReason.NO_ANSWER)

    # --- what a visitor's tabs are told

    def greet_tab(self, now: float, link: VisitorLink, visitor: Visitor) -> None:
        """Tell a new tab what the others know: a call that rings, or is live."""
        call = self.current(visitor)
        if call is not None and call.state is CallState.RINGING:
            self._tell_ring(now, call, [link.address])
        if call is not None and call.state is CallState.LIVE:
            self._tell_sharing(now, [link.address], active=True)

    def decline(self, now: float, visitor: Visitor, call_id: str) -> None:
        """The visitor does not want it; too late is no fault."""
        call = self.current(visitor)
        if call and call.id == call_id and call.state is CallState.RINGING:
            self.end(now, call, EndReason.DECLINED)

    def show_page(self, visitor: Visitor) -> None:
        """Tell the agent in the call which page the visitor is on."""
        call = self.current(visitor)
        if call is not None and visitor.location is not None:
            address = call.windows["agent"].address
            self._outbox.send(address, VisitorPage(page=visitor.location))

    def abandon(self, now: float, visitor: Visitor) -> None:
        """The visitor has gone; what was only asked for ends, a call goes on."""
        call = self.current(visitor)
        if call is not None and not call.relays:
            self.end(now, call, EndReason.VISITOR_GONE)

    def _tell_ring(self, now: float, call: Call, tabs: t.Iterable[int]) -> None:
        if call.quiet or call.agent is None or call.rings_until is None:
            return
        agent, until = call.agent, timestamp(call.rings_until)

        def ring(ack_id: int) -> ServerMessage:
            return Ring(ack_id, call.id, agent, call.visitor_url, until)

        self._outbox.deliver(now, tabs, "ring", ring)

    def _tell_unring(self, now: float, call: Call, reason: str) -> None:
        visitor = self._visitors.get(call.visitor_id)
        if visitor is not None and not call.quiet:
            self._outbox.deliver(
                now, visitor.tabs, "ring", lambda n: Unring(n, call.id, reason)
            )

    def _tell_sharing(self, now: float, tabs: t.Iterable[int], *, active: bool) -> None:
        self._outbox.deliver(now, tabs, "sharing", lambda n: Sharing(n, active))

    # --- call windows

    def enter(self, now: float, address: int, hello: HelloCall) -> CallLink:
        """A call window has connected.

        :raises ProtocolError: if it has no right to be in the call.
        """
        call, role = self._admit(now, hello)
        link = CallLink(address, call.id, role)
        if not call.ended:
            self._take_seat(now, call, link)
        # Known from here on: the welcome comes before everything else.
        self._outbox.links[address] = link
        self._outbox.send(address, self._welcome(now, call, role))
        if not call.ended:
            self._introduce(call, role)
        return link

    def leave(self, now: float, link: CallLink, code: int) -> None:
        """A call window's connection is gone; the window may come back."""
        call = self._store.call(link.call_id)
        self._visitors_window_closed(now, link)
        if call is None or call.ended:
            return
        window = call.windows[link.role]
        if window.address != link.address:
            return
        window.address = None
        self._outbox.send(call.windows[other(link.role)].address, Peer(connected=False))
        if code in _CLOSED_ON_PURPOSE:
            grace, reason = self._timings.closed_grace, CLOSED[link.role]
        else:
            grace, reason = self._timings.lost_grace, EndReason.CONNECTION_LOST
        self._expect(now, call, link.role, grace, reason)

    def _admit(self, now: float, hello: HelloCall) -> tuple[Call, Role]:
        call = self._store.call(hello.call_id)
        if call is None:
            raise ProtocolError(Close.UNKNOWN_CALL, "There is no such call.")
        if hello.ticket:
            role = self._admit_by_ticket(now, call, hello.ticket)
        else:
            email = call.agent.email if call.agent else None
            secret = hello.secret or ""
            role = self._desk.access.role_in_call(call.id, secret, email)
        if role is None:
            raise ProtocolError(Close.REFUSED, "The ticket was used, or has expired.")
        return call, role

    def _admit_by_ticket(self, now: float, call: Call, text: str) -> Role | None:
        ticket = self._store.take_ticket(self._desk.access.ticket_key(text), now)
        if ticket is None or ticket.call_id != call.id:
            return None
        if ticket.agent is not None and not call.ended:
            if call.agent is None:
                # Came too late and was given up, but nobody else has it yet.
                call.agent = ticket.agent
            elif call.agent.email != ticket.agent.email:
                return None
        return ticket.role

    def _take_seat(self, now: float, call: Call, link: CallLink) -> None:
        window = call.windows[link.role]
        if window.address is not None:
            self._outbox.hang_up(
                window.address, Close.NOT_ALLOWED, "The call was opened elsewhere."
            )
        window.address, window.due = link.address, None
        if link.role == "visitor":
            visitor = self._visitors.open_window(now, call.visitor_id, link.address)
            if call.state is CallState.WAITING:
                self._line.enter(now, visitor)
                call.position = self._line.position(visitor.id)
                self._announce(now, call)
        self._accept_if_both_agree(now, call)

    def _accept_if_both_agree(self, now: float, call: Call) -> None:
        if not call.seated("visitor"):
            return
        if call.state is CallState.RINGING:
            self._tell_unring(now, call, "accepted")
        elif call.state is not CallState.WAITING or not call.seated("agent"):
            return
        call.accept()
        if (visitor := self._visitors.get(call.visitor_id)) is not None:
            self._line.leave(now, visitor)
        self._changed(now, call)

    def _welcome(self, now: float, call: Call, role: Role) -> CallWelcome:
        return CallWelcome(
            role=role,
            call_id=call.id,
            secret=self._secret(call, role),
            state=call.state,
            reason=call.reason,
            visitor=self._user(call),
            agent=call.agent,
            ice_servers=self._desk.access.ice_servers(f"{call.id}-{role}", now),
            since=_time(call.live_at),
            queue_position=call.position,
        )

    def _secret(self, call: Call, role: Role) -> str:
        email = call.agent.email if call.agent else None
        return self._desk.access.call_secret(call.id, role, email)

    def _user(self, call: Call) -> dict[str, t.Any]:
        visitor = self._visitors.get(call.visitor_id)
        if visitor is not None and visitor.tag is not None:
            call.user = msgspec.to_builtins(active_user(visitor))
        return call.user

    def _introduce(self, call: Call, role: Role) -> None:
        here = call.windows[role].address
        there = call.windows[other(role)].address
        if there is not None:
            self._outbox.send(here, Peer(connected=True))
            self._outbox.send(there, Peer(connected=True))

    def _visitors_window_closed(self, now: float, link: CallLink) -> None:
        if link.role == "visitor" and (call := self._store.call(link.call_id)):
            self._visitors.close_window(now, call.visitor_id, link.address)

    def _expect(
        self,
        now: float,
        call: Call,
        role: Role,
        grace: float,
        reason: EndReason | None = None,
    ) -> None:
        """Have the call end, unless this participant's window connects in time."""
        window = call.windows[role]
        window.due, window.reason = now + grace, reason or CLOSED[role]
        self._desk.deadlines.at(window.due, self._missed, (call.id, role, window.due))

    def _missed(self, now: float, about: tuple[str, Role, float]) -> None:
        call_id, role, due = about
        call = self._store.call(call_id)
        if call is None or call.ended or call.windows[role].due != due:
            return
        if role == "agent" and call.state is CallState.WAITING:
            call.agent, call.windows[role].due = None, None
            self._changed(now, call)
        else:
            self.end(now, call, call.windows[role].reason)

    # --- what participants say

    def share(self, now: float, call: Call) -> None:
        """The visitor picked what to share; picked again, nothing changes.

        :raises IllegalTransition: if the call was not accepted.
        """
        if call.state not in (CallState.CONNECTING, CallState.LIVE):
            call.share()
            self._changed(now, call)

    def live(self, now: float, call: Call) -> None:
        """The agent sees the picture; seen again, nothing changes.

        :raises IllegalTransition: if nothing was shared.
        """
        if call.state is CallState.LIVE:
            return
        call.go_live(now)
        self._changed(now, call)
        if (visitor := self._visitors.get(call.visitor_id)) is not None:
            self._tell_sharing(now, visitor.tabs, active=True)
        self._tell_application(now, call, "call.started")

    def relay(self, call: Call, role: Role, signal: ServerMessage) -> None:
        """Pass a signal on to the other participant, if there is one."""
        if call.relays:
            self._outbox.send(call.windows[other(role)].address, signal)

    def say_end(self, now: float, call: Call, role: Role, reason: EndReason) -> None:
        """A participant ends the call.

        :raises ProtocolError: if it is not for this participant to say so.
        """
        if reason not in MAY_END[role]:
            raise ProtocolError(Close.NOT_ALLOWED, f"{role} cannot end by {reason}.")
        if reason is EndReason.SHARE_CANCELLED and call.state is CallState.LIVE:
            reason = EndReason.VISITOR_ENDED
        self.end(now, call, reason)

    # --- ending

    def end(self, now: float, call: Call, reason: EndReason) -> None:
        """End a call, and tell everybody."""
        rang, was_live = call.rings_until is not None, call.live_at is not None
        call.end(reason)
        visitor = self._visitors.get(call.visitor_id)
        if visitor is not None:
            visitor.call_id = None
            self._line.leave(now, visitor)
        self._changed(now, call)
        if rang:
            self._tell_unring(now, call, reason)
        if visitor is not None:
            if was_live:
                self._tell_sharing(now, visitor.tabs, active=False)
            for address in visitor.windows or ():
                self._visitors.close_window(now, visitor.id, address)
            self._visitors.leave_if_absent(now, visitor)
        if call.announced:
            self._tell_application(now, call, "call.ended")
        kept = now + self._timings.ended_kept
        self._desk.deadlines.at(kept, self._forget, call.id)

    def _forget(self, now: float, call_id: str) -> None:
        self._store.drop_call(call_id)

    # --- telling

    def _changed(self, now: float, call: Call) -> None:
        """Tell both windows, and the agents' list, where the call stands."""
        self._store.save_call(call)
        if (visitor := self._visitors.get(call.visitor_id)) is not None:
            self._note(now, call, visitor)
        self._tell_state(now, call)

    def _note(self, now: float, call: Call, visitor: Visitor) -> None:
        shown = call.agent is not None and not call.ended
        in_call = InCall(t.cast(AgentRef, call.agent), _time(call.live_at))
        visitor.in_call = in_call if shown else None
        self._visitors.save(now, visitor)

    def _tell_state(self, now: float, call: Call) -> None:
        addresses = [one.address for one in call.windows.values()]

        def state(ack_id: int) -> ServerMessage:
            return CallStateMessage(
                ack_id=ack_id,
                state=call.state,
                reason=call.reason,
                since=_time(call.live_at),
                agent=call.agent,
                queue_position=call.position,
            )

        present = [address for address in addresses if address is not None]
        self._outbox.deliver(now, present, "call-state", state)

    def _tell_positions(self, now: float) -> None:
        for position, visitor in enumerate(self._store.waiting()):
            call = self.current(visitor)
            if call is None or call.state is not CallState.WAITING:
                continue
            if call.position != position:
                call.position = position
                self._tell_state(now, call)

    def _announce(self, now: float, call: Call) -> None:
        if not call.announced:
            call.announced = True
            self._tell_application(now, call, "call.requested")

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


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else timestamp(seconds)
