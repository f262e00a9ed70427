"""Clients' messages: first an introduction, then messages for the hub."""

from __future__ import annotations

import typing as t
from functools import partial

from ..access.revoked import REMEMBERED
from ..access.revoked import revocation
from ..engine import Engine
from ..hub import arrivals
from ..hub import hub
from ..hub.calls import revoking
from ..protocol import Ack
from ..protocol import AgentsMessage
from ..protocol import AgentsOnline
from ..protocol import ClientMessage
from ..protocol import Close
from ..protocol import ConferenceJoin
from ..protocol import ConferenceStart
from ..protocol import HelloAgent
from ..protocol import HelloCall
from ..protocol import HelloVisitor
from ..protocol import Ping
from ..protocol import Pong
from ..protocol import ProtocolError
from ..protocol import Tag
from ..runner.runner import Runner
from .candidates import Candidates
from .connections import Connections
from .delivery import Delivery
from .queue_places import Places
from .quotas import Quotas
from .ticks import Agents
from .visitors import Visitors

Kind = t.Literal["visitor", "window", "agent"]


#: Messages after which a visitor may be listed or waiting.
_COUNTED = (Tag, ConferenceStart, ConferenceJoin)


class _Window(t.NamedTuple):
    """A connected call window: of which visitor and call."""

    visitor_id: str
    call_id: str


class Clients:
    """Routes clients' messages to their handlers."""

    def __init__(
        self,
        candidates: Candidates,
        visitors: Visitors,
        engine: Engine,
        runner: Runner,
        connections: Connections,
        agents: Agents,
        places: Places,
        quotas: Quotas,
        delivery: Delivery,
    ) -> None:
        self._candidates = candidates
        self._visitors = visitors
        self._engine = engine
        self._runner = runner
        self._connections = connections
        self._agents = agents
        self._places = places
        self._quotas = quotas
        self._delivery = delivery
        self._known: dict[str, Kind] = {}
        self._windows: dict[str, _Window] = {}

    async def receive(self, address: str, message: ClientMessage) -> None:
        """Handle a client's message; the first one must introduce it."""
        try:
            if address not in self._connections:
                return
            kind = self._known.get(address)
            if kind is None:
                await self._introduce(address, message)
            elif isinstance(message, Ack):
                self._connections.repeats.acknowledge(address, message.ack_id)
            else:
                await self._handle(address, kind, message)
        except ProtocolError as error:
            self._connections.close(address, error.code, error.detail)

    async def closed(self, address: str, code: int) -> None:
        """Handle a closed connection.

        :param code: the closing code; 1000 and 1001 mean "on purpose".
        """
        self._connections.forget(address)
        self._agents.leave(address)
        self._places.forget(address)
        self._known.pop(address, None)
        await self._visitors.closed(address, code)
        window = self._windows.pop(address, None)
        if window is not None:
            close = partial(arrivals.close, address=address, code=code)
            await self._runner.turn(window.visitor_id, close)

    async def revoke(self, email: str, visitor_id: str | None, now: float) -> int:
        """Refuse an agent's tokens from before, and take the agent out of calls.

        The tokens come first: a call that is being started checks its token again.

        :param visitor_id: only for this visitor; ``None`` for all.
        :return: how many calls have ended.
        """
        key = revocation(email, visitor_id)
        await self._engine.revoke(key, now, now + REMEMBERED)
        if visitor_id is None:
            self._agents.revoke(email)
            concerned = await self._engine.visitors_of(email)
        else:
            concerned = [visitor_id]
        leave = partial(revoking.revoke, email=email)
        return sum([bool(await self._runner.turn(one, leave)) for one in concerned])

    async def _introduce(self, address: str, message: ClientMessage) -> None:
        match message:
            case HelloVisitor():
                self._known[address] = "visitor"
                await self._visitors.introduce(address, message)
            case HelloCall():
                await self._enter(address, message)
            case HelloAgent():
                await self._agents.welcome(address, message)
                self._known[address] = "agent"
                self._delivery.notice()
            case _:
                raise ProtocolError(Close.BAD_MESSAGE, "Say hello first.")

    async def _enter(self, address: str, hello: HelloCall) -> None:
        visitor_id = await self._engine.visitor_of(hello.call_id)
        if visitor_id is None:
            raise ProtocolError(Close.UNKNOWN_CALL, "There is no such call.")
        if address not in self._connections:
            return
        client = self._connections.client_of(address)
        self._known[address] = "window"
        self._windows[address] = _Window(visitor_id, hello.call_id)
        enter = partial(arrivals.enter, address=address, hello=hello)
        await self._runner.turn(visitor_id, enter)
        await self._quotas.settle(visitor_id, client)

    async def _handle(self, address: str, kind: Kind, message: ClientMessage) -> None:
        if kind == "visitor" and isinstance(message, AgentsMessage):
            online = AgentsOnline(message.request_id, self._agents.are_online)
            self._connections.send(address, online)
        elif kind == "visitor":
            client = self._connections.client_of(address)
            await self._visitors.receive(address, message)
            visitor_id = self._visitors.visitor_of(address)
            if visitor_id is not None and isinstance(message, _COUNTED):
                await self._quotas.settle(visitor_id, client)
        elif kind == "window" and isinstance(message, Ping):
            self._connections.send(address, Pong())
        elif kind == "window":
            window = self._windows[address]
            passed = self._candidates.passed(window.call_id, message)
            if passed is not None:
                job = partial(hub.receive, address=address, message=passed)
                await self._runner.turn(window.visitor_id, job)
        else:
            raise hub.not_allowed(message)
