"""The hub: messages and a clock go in, messages to recipients come out.

It knows connections by number, does no I/O and never looks at a clock. Whoever runs
it hands in what clients send, calls :meth:`Hub.advance` when :meth:`Hub.next_deadline`
has come, and carries out what :meth:`Hub.drain` returns. Every message is held against
what its sender may do; whoever breaks the rules is hung up on.
"""

from __future__ import annotations

import typing as t

from ..contract.matching import Selection
from ..contract.times import timestamp
from ..contract.users import AgentRef
from ..contract.users import Profile
from ..contract.users import UserRow
from . import protocol as p
from .access import Access
from .access import Refusal
from .calls import Call
from .calls import IllegalTransition
from .desk import desk
from .line import Line
from .news import News
from .outbox import AgentLink
from .outbox import CallLink
from .outbox import Effect
from .outbox import Link
from .outbox import VisitorLink
from .presence import Visitor
from .protocol import Close
from .protocol import EndReason
from .protocol import ProtocolError
from .rooms import Invitation
from .rooms import Rooms
from .seats import Seats
from .settings import Settings
from .store import Store
from .visitors import Visitors

Handler = t.Callable[[t.Any, float, t.Any, t.Any], None]


class Hub:
    """Everything that a service does between its sockets and its store."""

    def __init__(self, settings: Settings, store: Store, access: Access) -> None:
        self._desk = desk(settings, store, access)
        self._outbox = self._desk.outbox
        self._visitors = Visitors(self._desk)
        self._line = Line(self._desk, self._visitors)
        self._news = News(self._desk, self._visitors, self._line)
        self._rooms = Rooms(self._desk, self._visitors, self._line, self._news)
        self._seats = Seats(
            self._desk, self._visitors, self._line, self._news, self._rooms
        )
        self._visitors.on_gone = self._gone

    # --- for whoever runs it

    def receive(self, now: float, address: int, message: p.ClientMessage) -> None:
        """Take a client's message; the first one must introduce it."""
        try:
            link = self._outbox.links.get(address)
            if link is None:
                self._introduce(now, address, message)
            else:
                self._handle(now, link, message)
        except ProtocolError as error:
            self._outbox.hang_up(address, error.code, error.detail)
        except IllegalTransition as error:
            self._outbox.hang_up(address, Close.NOT_ALLOWED, str(error))

    def disconnect(self, now: float, address: int, code: int) -> None:
        """A connection is gone.

        :param code: with which it was closed; 1000 and 1001 are "on purpose".
        """
        link = self._outbox.links.pop(address, None)
        if isinstance(link, VisitorLink):
            if (visitor := self._visitors.get(link.visitor_id)) is not None:
                self._visitors.close_tab(now, visitor, address)
        elif isinstance(link, CallLink):
            self._seats.leave(now, link, code)
        elif isinstance(link, AgentLink):
            self._desk.ticker.leave(link)

    def next_deadline(self) -> float | None:
        """Tell when :meth:`advance` has something to do, in epoch seconds."""
        return self._desk.deadlines.next()

    def advance(self, now: float) -> None:
        """Do everything that is due."""
        self._desk.deadlines.run(now)

    def drain(self) -> list[Effect]:
        """Hand out what is to be done, in order."""
        return self._outbox.drain()

    # --- for the REST API

    def find_user(self, query: str) -> Profile | None:
        """Find one active user by visitorId, id or e-mail, with tabs and pages."""
        return self._visitors.find(query)

    def select_users(self, selection: Selection) -> tuple[int, list[UserRow]]:
        """List active users: how many, and those of one page."""
        return self._visitors.select(selection)

    def request_call(self, now: float, agent: AgentRef, visitor_id: str) -> Invitation:
        """An agent asks to see a visitor's screen.

        :raises Refusal: ``visitor-gone`` or ``busy``.
        """
        return self._rooms.request(now, agent, visitor_id)

    # --- arriving

    def _introduce(self, now: float, address: int, message: p.ClientMessage) -> None:
        match message:
            case p.HelloVisitor():
                self._greet_visitor(now, address, message)
            case p.HelloAgent():
                self._greet_agent(now, address, message)
            case p.HelloCall():
                self._seats.enter(now, address, message)
            case _:
                raise ProtocolError(Close.BAD_MESSAGE, "Say hello first.")

    def _greet_visitor(self, now: float, address: int, hello: p.HelloVisitor) -> None:
        visitor_id = self._visitors.identify(hello.visitor_id, hello.secret)
        known = self._visitors.get(visitor_id)
        if known is not None and len(known.tabs) >= self._desk.settings.limits.tabs:
            raise ProtocolError(Close.TOO_MANY, "This visitor has too many tabs.")
        link = VisitorLink(address, visitor_id)
        self._outbox.links[address] = link
        visitor = self._visitors.open_tab(
            now, visitor_id, address, hello.page, hello.visible
        )
        self._welcome_visitor(link, self._rooms.current(visitor))
        self._rooms.greet_tab(now, link, visitor)
        self._news.page(self._rooms.current(visitor), visitor)

    def _welcome_visitor(self, link: VisitorLink, call: Call | None = None) -> None:
        secret = self._desk.access.visitor_secret(link.visitor_id)
        own = call.own if call is not None else None
        self._outbox.send(link.address, p.Welcome(link.visitor_id, secret, own))

    def _greet_agent(self, now: float, address: int, hello: p.HelloAgent) -> None:
        try:
            grant = self._desk.access.grant(hello.token, now)
        except Refusal as refusal:
            raise ProtocolError(Close.REFUSED, refusal.detail) from None
        if "presence" not in grant.scope:
            raise ProtocolError(Close.NOT_ALLOWED, "The token lacks 'presence'.")
        others = self._desk.ticker.agents.values()
        pages = sum(one.grant.email == grant.email for one in others)
        if pages >= self._desk.settings.limits.tabs:
            raise ProtocolError(Close.TOO_MANY, "This agent has too many pages.")
        link = AgentLink(address, grant)
        self._outbox.links[address] = link
        until = timestamp(grant.expires_at)
        self._outbox.send(address, p.AgentWelcome(expires_at=until))
        self._desk.ticker.join(link)
        self._desk.deadlines.at(grant.expires_at, self._expire_agent, link)

    def _expire_agent(self, now: float, link: AgentLink) -> None:
        if self._outbox.links.get(link.address) is link:
            self._outbox.hang_up(link.address, Close.REFUSED, "The token has expired.")

    # --- what clients say

    def _handle(self, now: float, link: Link, message: p.ClientMessage) -> None:
        if isinstance(message, p.Ack):
            self._outbox.acknowledge(link, message.ack_id)
        elif isinstance(link, VisitorLink):
            self._handle_visitor(now, link, message)
        elif isinstance(link, CallLink):
            self._handle_call(now, link, message)
        else:
            raise _not_allowed(message)

    def _handle_visitor(
        self, now: float, link: VisitorLink, message: p.ClientMessage
    ) -> None:
        handle = _VISITOR_HANDLERS.get(type(message))
        if handle is None:
            raise _not_allowed(message)
        visitor = self._visitors.get(link.visitor_id)
        if visitor is None:
            raise ProtocolError(Close.REFUSED, "This visitor is unknown.")
        try:
            handle(self, now, link, visitor, message)
        except Refusal as refusal:
            request_id = getattr(message, "request_id", None)
            refused = p.Refused(refusal.code, refusal.detail, request_id)
            self._outbox.send(link.address, refused)

    def _handle_call(
        self, now: float, link: CallLink, message: p.ClientMessage
    ) -> None:
        handlers = _PARTICIPANT_HANDLERS.get(type(message), {})
        handle = handlers.get(link.role)
        if handle is None:
            raise _not_allowed(message)
        call = self._desk.store.call(link.call_id)
        # What crossed the end of the call on its way is no fault.
        if call is not None and not call.ended:
            handle(self, now, link, call, message)

    # --- a visitor's tab

    def _tag(
        self, now: float, link: VisitorLink, visitor: Visitor, message: p.Tag
    ) -> None:
        before = visitor.tag
        self._visitors.tag(now, visitor, message.tag)
        after = visitor.tag
        if before and after and before.id not in ("", after.id):
            self._rooms.sign_off(now, visitor)  # the call was somebody else's

    def _reset(
        self, now: float, link: VisitorLink, visitor: Visitor, message: p.Reset
    ) -> None:
        self._rooms.sign_off(now, visitor)
        link.visitor_id = self._visitors.reset(now, visitor, link.address)
        link.unacked = None  # what concerned the one it was before
        self._welcome_visitor(link)

    def _page(
        self, now: float, link: VisitorLink, visitor: Visitor, message: p.PageMessage
    ) -> None:
        self._visitors.update_tab(
            now, visitor, link.address, message.page, message.visible
        )
        self._news.page(self._rooms.current(visitor), visitor)

    def _decline(
        self, now: float, link: VisitorLink, visitor: Visitor, message: p.Decline
    ) -> None:
        self._rooms.decline(now, visitor, message.call_id)

    def _stop(
        self, now: float, link: VisitorLink, visitor: Visitor, message: p.Stop
    ) -> None:
        self._rooms.stop(now, visitor, message.call_id)

    def _conference_start(
        self,
        now: float,
        link: VisitorLink,
        visitor: Visitor,
        message: p.ConferenceStart,
    ) -> None:
        self._line.identify(now, visitor, message.uid, p.QueueProps())
        asked = self._rooms.ask(now, visitor)
        answer = p.Conference(message.request_id, asked.call_id, asked.url)
        self._outbox.send(link.address, answer)

    def _conference_join(
        self,
        now: float,
        link: VisitorLink,
        visitor: Visitor,
        message: p.ConferenceJoin,
    ) -> None:
        self._line.join(now, visitor, message.uid, message.props)
        self._outbox.send(link.address, p.Joined(message.request_id))

    def _queue_status(
        self, now: float, link: VisitorLink, visitor: Visitor, message: p.QueueStatus
    ) -> None:
        position = self._line.poll(now, visitor, message.uid)
        self._outbox.send(link.address, p.Queue(message.request_id, position))

    def _agents(
        self, now: float, link: VisitorLink, visitor: Visitor, message: p.AgentsMessage
    ) -> None:
        online = bool(self._desk.ticker.agents)
        self._outbox.send(link.address, p.AgentsOnline(message.request_id, online))

    def _gone(self, now: float, visitor: Visitor) -> None:
        self._rooms.abandon(now, visitor)
        self._line.leave(now, visitor)

    # --- a call window

    def _share(self, now: float, link: CallLink, call: Call, message: p.Share) -> None:
        self._rooms.share(now, call)

    def _live(
        self, now: float, link: CallLink, call: Call, message: p.LiveMessage
    ) -> None:
        self._rooms.live(now, call)

    def _signal(
        self, now: float, link: CallLink, call: Call, message: p.Signal
    ) -> None:
        self._rooms.relay(call, link.role, message)

    def _end(self, now: float, link: CallLink, call: Call, message: p.End) -> None:
        self._rooms.say_end(now, call, link.role, EndReason(message.reason))


def _not_allowed(message: p.ClientMessage) -> ProtocolError:
    kind = type(message).__struct_config__.tag
    return ProtocolError(Close.NOT_ALLOWED, f"{kind!r} is not for this connection.")


_VISITOR_HANDLERS: dict[type[p.Message], t.Callable[..., None]] = {
    p.Tag: Hub._tag,
    p.Reset: Hub._reset,
    p.PageMessage: Hub._page,
    p.Decline: Hub._decline,
    p.Stop: Hub._stop,
    p.ConferenceStart: Hub._conference_start,
    p.ConferenceJoin: Hub._conference_join,
    p.QueueStatus: Hub._queue_status,
    p.AgentsMessage: Hub._agents,
}
_PARTICIPANT_HANDLERS: dict[type[p.Message], dict[str, t.Callable[..., None]]] = {
    p.Share: {"visitor": Hub._share},
    p.LiveMessage: {"agent": Hub._live},
    p.Offer: {"visitor": Hub._signal},
    p.Answer: {"agent": Hub._signal},
    p.Restart: {"agent": Hub._signal},
    p.Candidate: {"visitor": Hub._signal, "agent": Hub._signal},
    p.End: {"visitor": Hub._end, "agent": Hub._end},
}
