"""Call windows: who may come in, who sits where, and who does not come back."""

from __future__ import annotations

import typing as t

import msgspec

from .access import Role
from .calls import CLOSED
from .calls import Call
from .calls import other
from .desk import Desk
from .line import Line
from .news import News
from .news import maybe_time
from .outbox import CallLink
from .presence import active_user
from .protocol import CallState
from .protocol import CallWelcome
from .protocol import Close
from .protocol import EndReason
from .protocol import HelloCall
from .protocol import Peer
from .protocol import ProtocolError
from .rooms import Rooms
from .visitors import Visitors

#: Closing codes of a browser that closes or reloads a page on purpose.
_CLOSED_ON_PURPOSE = (1000, 1001)


class Seats:
    """Lets the participants' windows into their calls, and sees them leave."""

    def __init__(
        self, desk: Desk, visitors: Visitors, line: Line, news: News, rooms: Rooms
    ) -> None:
        self._desk = desk
        self._store = desk.store
        self._outbox = desk.outbox
        self._visitors = visitors
        self._line = line
        self._news = news
        self._rooms = rooms

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
        self._news.own_call(now, call)
        self._outbox.send(call.windows[other(link.role)].address, Peer(connected=False))
        timings = self._desk.settings.timings
        grace, reason = timings.lost_grace, EndReason.CONNECTION_LOST
        if code in _CLOSED_ON_PURPOSE:
            grace, reason = timings.closed_grace, CLOSED[link.role]
        self._rooms.expect(now, call, link.role, grace, reason)

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
                self._news.changed(now, call)
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
                self._news.requested(now, call)
            self._news.own_call(now, call)
        elif call.state is CallState.RINGING and call.rings_until is None:
            self._rooms.ring(now, call)
        self._accept_if_both_agree(now, call)

    def _accept_if_both_agree(self, now: float, call: Call) -> None:
        if not call.seated("visitor"):
            return
        if call.state is CallState.RINGING:
            self._news.unring(now, call, "accepted")
        elif call.state is not CallState.WAITING or not call.seated("agent"):
            return
        call.accept()
        if (visitor := self._visitors.get(call.visitor_id)) is not None:
            self._line.leave(now, visitor)
        self._news.changed(now, call)

    def _welcome(self, now: float, call: Call, role: Role) -> CallWelcome:
        return CallWelcome(
            role=role,
            call_id=call.id,
            secret=self._secret(call, role),
            state=call.state,
            reason=call.reason,
            visitor=self._user(call),
            agent=call.agent,
            ice_servers=self._ice_servers(now, call, role),
            since=maybe_time(call.live_at),
            queue_position=call.position,
        )

    def _ice_servers(
        self, now: float, call: Call, role: Role
    ) -> list[dict[str, t.Any]]:
        if call.ended:
            return []  # nobody relays anything through us after the end
        return self._desk.access.ice_servers(f"{call.id}-{role}", now)

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
