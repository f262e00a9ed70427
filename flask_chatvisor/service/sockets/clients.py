"""Clients' messages: first an introduction, then messages for the hub."""

from __future__ import annotations

import typing as t
from functools import partial

from ..access.credentials import Access
from ..engine import Engine
from ..hub import arrivals
from ..hub import hub
from ..hub import session
from ..protocol import Ack
from ..protocol import AgentsMessage
from ..protocol import AgentsOnline
from ..protocol import ClientMessage
from ..protocol import Close
from ..protocol import HelloAgent
from ..protocol import HelloCall
from ..protocol import HelloVisitor
from ..protocol import PageRef
from ..protocol import ProtocolError
from ..protocol import Reset
from ..runner.runner import Runner
from .connections import Connections
from .delivery import Delivery
from .queue_places import Places
from .ticks import Agents


class _Client(t.NamedTuple):
    """The identity of an introduced connection."""

    kind: t.Literal["tab", "window", "agent"]
    visitor_id: str = ""


class Clients:
    """Routes clients' messages to their handlers."""

    def __init__(
        self,
        access: Access,
        engine: Engine,
        runner: Runner,
        connections: Connections,
        agents: Agents,
        places: Places,
        delivery: Delivery,
    ) -> None:
        self._access = access
        self._engine = engine
        self._runner = runner
        self._connections = connections
        self._agents = agents
        self._places = places
        self._delivery = delivery
        self._known: dict[str, _Client] = {}

    async def receive(self, address: str, message: ClientMessage) -> None:
        """Handle a client's message; the first one must introduce it."""
        try:
            if address not in self._connections:
                return
            client = self._known.get(address)
            if client is None:
                await self._introduce(address, message)
            elif isinstance(message, Ack):
                self._connections.repeats.acknowledge(address, message.ack_id)
            else:
                await self._handle(address, client, message)
        except ProtocolError as error:
            self._connections.close(address, error.code, error.detail)

    async def closed(self, address: str, code: int) -> None:
        """Handle a closed connection.

        :param code: the closing code; 1000 and 1001 mean "on purpose".
        """
        self._connections.forget(address)
        self._agents.leave(address)
        self._places.forget(address)
        client = self._known.pop(address, None)
        if client is not None and client.kind != "agent":
            close = partial(arrivals.close, address=address, code=code)
            await self._runner.turn(client.visitor_id, close)

    # --- introducing

    async def _introduce(self, address: str, message: ClientMessage) -> None:
        match message:
            case HelloVisitor():
                visitor_id = self._identify(message)
                await self._arrive(address, visitor_id, message.page, message.visible)
            case HelloCall():
                await self._enter(address, message)
            case HelloAgent():
                self._agents.welcome(address, message)
                self._known[address] = _Client("agent")
                self._delivery.notice()
            case _:
                raise ProtocolError(Close.BAD_MESSAGE, "Say hello first.")

    def _identify(self, hello: HelloVisitor) -> str:
        """Identify a connecting client, if it can prove its identity."""
        visitor_id, secret = hello.visitor_id, hello.secret
        if visitor_id and secret and self._access.is_visitor(visitor_id, secret):
            return visitor_id
        return self._access.new_id()

    async def _arrive(
        self, address: str, visitor_id: str, page: PageRef, visible: bool
    ) -> None:
        self._known[address] = _Client("tab", visitor_id)
        arrive = partial(arrivals.arrive, address=address, page=page, visible=visible)
        await self._runner.turn(visitor_id, arrive)

    async def _enter(self, address: str, hello: HelloCall) -> None:
        visitor_id = await self._engine.visitor_of(hello.call_id)
        if visitor_id is None:
            raise ProtocolError(Close.UNKNOWN_CALL, "There is no such call.")
        if address not in self._connections:
            return
        self._known[address] = _Client("window", visitor_id)
        enter = partial(arrivals.enter, address=address, hello=hello)
        await self._runner.turn(visitor_id, enter)

    # --- afterwards

    async def _handle(
        self, address: str, client: _Client, message: ClientMessage
    ) -> None:
        if client.kind == "agent":
            raise hub.not_allowed(message)
        if client.kind == "tab" and isinstance(message, AgentsMessage):
            online = AgentsOnline(message.request_id, self._agents.are_online)
            self._connections.send(address, online)
        elif client.kind == "tab" and isinstance(message, Reset):
            await self._reset(address, client.visitor_id)
        else:
            job = partial(hub.receive, address=address, message=message)
            await self._runner.turn(client.visitor_id, job)

    async def _reset(self, address: str, visitor_id: str) -> None:
        """Let a tab continue as a new visitor."""
        tab = await self._runner.turn(
            visitor_id, partial(session.reset, address=address)
        )
        if tab is not None and address in self._connections:
            self._connections.repeats.forget(address)
            page = PageRef(tab.page.title, tab.page.path)
            await self._arrive(address, self._access.new_id(), page, tab.visible)
