"""Calls as they happen: asking, ringing, sharing, and every way to end."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import msgspec

from ..contract.users import AgentRef
from .access import Refusal
from .access import Role
from .calls import CLOSED
from .calls import MAY_END
from .calls import SHARED
from .calls import Call
from .calls import other
from .desk import Desk
from .line import Line
from .news import News
from .outbox import VisitorLink
from .presence import Visitor
from .presence import active_user
from .protocol import CallState
from .protocol import Close
from .protocol import EndReason
from .protocol import ProtocolError
from .protocol import ServerMessage
from .store import Ticket
from .visitors import Visitors


@dataclass(frozen=True, slots=True)
class Invitation:
    """A call, and the URL of one participant's window; its ticket is good once."""

    call_id: str
    url: str = field(repr=False)


class Rooms:
    """Runs the calls."""

    def __init__(self, desk: Desk, visitors: Visitors, line: Line, news: News) -> None:
        self._desk = desk
        self._store = desk.store
        self._outbox = desk.outbox
        self._timings = desk.settings.timings
        self._visitors = visitors
        self._line = line
        self._news = news

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
            call = self._call(now, agent, visitor)
        elif call.agent is None:
            self._assign(now, call, agent)
        elif call.agent.email != agent.email:
            name = call.agent.name
            raise Refusal("busy", f"This visitor is in a call with {name}.", agent=name)
        elif not call.seated("agent"):
            self.expect(now, call, "agent", self._timings.window)
        return self._invite(now, call, "agent")

    def ask(self, now: float, visitor: Visitor) -> Invitation:
        """A customer asks for help, or wants the window of its call back.

        :raises Refusal: ``busy``, if it shares in another window already: to open
            the call elsewhere would stop that.
        """
        call = self.current(visitor)
        if call is None:
            call = self._open(now, visitor, CallState.WAITING)
            # Whoever came from the queue keeps the place, but polls no more.
            visitor.queue_uid = visitor.polled_until = None
        elif call.state in SHARED and call.seated("visitor"):
            raise Refusal("busy", "This visitor is in a call already.")
        if call.state is not CallState.RINGING and not call.seated("visitor"):
            self.expect(now, call, "visitor", self._timings.ticket)
        return self._invite(now, call, "visitor")

    def current(self, visitor: Visitor) -> Call | None:
        """Find the call that a visitor is in, if any."""
        return None if visitor.call_id is None else self._store.call(visitor.call_id)

    def _call(self, now: float, agent: AgentRef, visitor: Visitor) -> Call:
        quiet = self._line.take(now, visitor)
        call = self._open(now, visitor, CallState.RINGING, agent)
        call.quiet = quiet
        self.expect(now, call, "agent", self._timings.window)
        self._news.note(now, call, visitor)
        self._news.requested(now, call)
        return call

    def ring(self, now: float, call: Call) -> None:
        """Ask the visitor: the agent's window is there, and nobody else would be."""
        call.rings_until = now + self._timings.ring
        call.visitor_url = self._invite(now, call, "visitor").url
        self._desk.deadlines.at(call.rings_until, self._unanswered, call.id)
        self._store.save_call(call)
        if (visitor := self._visitors.get(call.visitor_id)) is not None:
            self._news.ring(now, call, visitor.tabs)

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
        self.expect(now, call, "agent", self._timings.window)
        self._news.changed(now, call)

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
        """Tell a new tab what the others know: a call that rings."""
        call = self.current(visitor)
        if call is not None and call.state is CallState.RINGING:
            self._news.ring(now, call, [link.address])

    def decline(self, now: float, visitor: Visitor, call_id: str) -> None:
        """The visitor does not want it; too late is no fault."""
        call = self.current(visitor)
        if call and call.id == call_id and call.state is CallState.RINGING:
            self.end(now, call, EndReason.DECLINED)

    def stop(self, now: float, visitor: Visitor, call_id: str) -> None:
        """The visitor waits no more, or ends the call; too late is no fault."""
        call = self.current(visitor)
        if call and call.id == call_id and call.state is not CallState.RINGING:
            self.end(now, call, EndReason.VISITOR_ENDED)

    def abandon(self, now: float, visitor: Visitor) -> None:
        """The visitor has gone; what was only asked for ends, a call goes on."""
        call = self.current(visitor)
        if call is not None and not call.relays:
            self.end(now, call, EndReason.VISITOR_GONE)

    def sign_off(self, now: float, visitor: Visitor) -> None:
        """The user has signed out: whoever signs in next is not in this call."""
        call = self.current(visitor)
        if call is not None:
            self.end(now, call, EndReason.VISITOR_GONE)

    # --- windows that must connect

    def expect(
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
            self._news.changed(now, call)
        else:
            self.end(now, call, call.windows[role].reason)

    # --- what participants say

    def share(self, now: float, call: Call) -> None:
        """The visitor picked what to share; picked again, nothing changes.

        :raises IllegalTransition: if the call was not accepted.
        """
        if call.state not in (CallState.CONNECTING, CallState.LIVE):
            call.share()
            self._news.changed(now, call)

    def live(self, now: float, call: Call) -> None:
        """The agent sees the picture; seen again, nothing changes.

        :raises IllegalTransition: if nothing was shared.
        """
        if call.state is CallState.LIVE:
            return
        call.go_live(now)
        self._news.changed(now, call)
        self._news.started(now, call)

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
        rang = call.rings_until is not None
        call.end(reason)
        visitor = self._visitors.get(call.visitor_id)
        if visitor is not None:
            visitor.call_id = None
            self._line.leave(now, visitor)
        self._news.changed(now, call)
        if rang:
            self._news.unring(now, call, reason)
        if visitor is not None:
            for address in visitor.windows or ():
                self._visitors.close_window(now, visitor.id, address)
            self._visitors.leave_if_absent(now, visitor)
        self._news.ended(now, call)
        kept = now + self._timings.ended_kept
        self._desk.deadlines.at(kept, self._forget, call.id)

    def _forget(self, now: float, call_id: str) -> None:
        self._store.drop_call(call_id)
