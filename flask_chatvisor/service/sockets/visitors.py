"""Visitors' connections: from the hello to a tab, and from one visitor to the next.

A connection that resumes the session of a verified user is a guest at first. It becomes
a tab of that visitor when it presents the same user's identity.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import partial

from ...contract.tag import clean_text
from ...contract.tag import subject_of
from ..access.credentials import Access
from ..access.credentials import Refusal
from ..access.credentials import Vouched
from ..access.sessions import Kind
from ..access.sessions import Session
from ..hub import arrivals
from ..hub import hub
from ..hub import user_changes
from ..hub.arrivals import Arrival
from ..hub.messages import TAB_RULES
from ..protocol import ClientMessage
from ..protocol import ConferenceJoin
from ..protocol import ConferenceStart
from ..protocol import HelloVisitor
from ..protocol import PageMessage
from ..protocol import PageRef
from ..protocol import Refused
from ..protocol import Reset
from ..protocol import Tag
from ..protocol import Welcome
from ..runner.runner import Runner
from .connections import Connections


class _Page(t.NamedTuple):
    """What a tab shows."""

    page: PageRef
    visible: bool


class Visitors:
    """The connections of visitors' tabs in this process."""

    def __init__(
        self,
        access: Access,
        runner: Runner,
        connections: Connections,
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._runner = runner
        self._connections = connections
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._guests: dict[str, _Page] = {}

    async def introduce(self, address: str, hello: HelloVisitor) -> None:
        """Resume a browser's session, or start one."""
        session = self._resumed(hello) or self._anonymous()
        self._sessions[address] = session
        page = _Page(hello.page, hello.visible)
        if session.kind == "verified":
            self._guests[address] = page
            secret = self._access.sessions.secret(session)
            welcome = Welcome(session.visitor_id, secret, needs_tag=True)
            self._connections.send(address, welcome)
        else:
            await self._arrive(address, session, page)

    async def receive(self, address: str, message: ClientMessage) -> None:
        """Handle a message of an introduced connection.

        :raises ProtocolError: if it may not send this message.
        """
        if isinstance(message, Tag):
            try:
                await self._tag(address, message)
            except Refusal as refusal:
                refused = Refused(refusal.code, refusal.detail)
                self._connections.send(address, refused)
        elif isinstance(message, Reset):
            await self._move(address, self._anonymous())
        elif address in self._guests:
            self._receive_from_guest(address, message)
        else:
            await self._claim(address, message)
            job = partial(hub.receive, address=address, message=message)
            await self._runner.turn(self._sessions[address].visitor_id, job)

    def visitor_of(self, address: str) -> str | None:
        """Return the id of the visitor that a connection is of now."""
        session = self._sessions.get(address)
        return None if session is None else session.visitor_id

    async def closed(self, address: str, code: int) -> None:
        """Handle a closed connection.

        :param code: the closing code.
        """
        session = self._sessions.pop(address, None)
        if self._guests.pop(address, None) is None and session is not None:
            close = partial(arrivals.close, address=address, code=code)
            await self._runner.turn(session.visitor_id, close)

    def _resumed(self, hello: HelloVisitor) -> Session | None:
        if not hello.visitor_id or not hello.secret:
            return None
        now = self._clock()
        return self._access.sessions.resume(hello.visitor_id, hello.secret, now)

    def _anonymous(self) -> Session:
        return self._access.sessions.start(self._clock())

    # --- identity

    async def _tag(self, address: str, message: Tag) -> None:
        """Make a visitor an active user.

        :raises Refusal: if the tag is not an object, lacks a required proof, or is
            another user's.
        """
        try:
            claimed = message.read(self._access.needed_fields)
        except TypeError as error:
            raise Refusal("bad-request", str(error)) from None
        session, known = self._sessions[address], self._access.sessions
        proven = session.kind == "verified"
        now = self._clock()
        vouched = self._access.vouch(claimed, now, known=proven)
        kind: Kind = "verified" if vouched.verified else "claimed"
        subject = vouched.tag.subject
        if not known.is_of(session, kind, subject):
            if message.joins and session.kind != "anonymous":
                raise Refusal("other-user", "Another page has tagged another user.")
            await self._move(address, known.start(now, kind, subject), vouched)
            return
        self._sessions[address] = renewed = known.prolonged(session, now)
        if (guest := self._guests.pop(address, None)) is not None:
            await self._arrive(address, renewed, guest, vouched)
        else:
            tag = partial(user_changes.tag_again, address=address, vouched=vouched)
            secret = None if renewed is session else known.secret(renewed)
            await self._runner.turn(session.visitor_id, partial(tag, secret=secret))

    async def _claim(self, address: str, message: ClientMessage) -> None:
        """Make a browser whose user gives an id the visitor of that user."""
        if not isinstance(message, ConferenceStart | ConferenceJoin):
            return
        if message.uid is None or self._access.requires_identity:
            return
        if self._sessions[address].kind == "anonymous":
            subject = subject_of(clean_text(message.uid), "")
            session = self._access.sessions.start(self._clock(), "claimed", subject)
            await self._move(address, session)

    async def _move(
        self, address: str, session: Session, vouched: Vouched | None = None
    ) -> None:
        """Let a browser continue as another visitor."""
        old = self._sessions[address].visitor_id
        tab = await self._runner.turn(old, partial(user_changes.leave, address=address))
        page = self._guests.pop(address, None)
        if tab is not None:
            page = _Page(PageRef(tab.page.title, tab.page.path), tab.visible)
        if page is not None and address in self._connections:
            self._connections.repeats.forget(address)
            self._sessions[address] = session
            await self._arrive(address, session, page, vouched)

    async def _arrive(
        self,
        address: str,
        session: Session,
        page: _Page,
        vouched: Vouched | None = None,
    ) -> None:
        secret = self._access.sessions.secret(session)
        arrival = Arrival(page.page, page.visible, secret, vouched)
        arrive = partial(arrivals.arrive, address=address, arrival=arrival)
        await self._runner.turn(session.visitor_id, arrive)

    # --- guests

    def _receive_from_guest(self, address: str, message: ClientMessage) -> None:
        if type(message) not in TAB_RULES:
            raise hub.not_allowed(message)
        if isinstance(message, PageMessage):
            self._guests[address] = _Page(message.page, message.visible)
        elif (request_id := getattr(message, "request_id", None)) is not None:
            detail = "Tag the user of this page first."
            self._connections.send(
                address, Refused("token-missing", detail, request_id)
            )
        # To decline or stop a call that it does not know is not an error.
