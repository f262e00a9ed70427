"""Assembles the parts of one process that handle clients' messages."""

from __future__ import annotations

import secrets
import typing as t
from collections.abc import Callable

from .access.credentials import Access
from .directory import Directory
from .engine import Engine
from .hub.hub import Hub
from .runner.deadlines import Deadlines
from .runner.keeper import Keeper
from .runner.runner import Runner
from .settings import Settings
from .sockets.candidates import Candidates
from .sockets.clients import Clients
from .sockets.connections import Connections
from .sockets.delivery import Delivery
from .sockets.queue_places import Places
from .sockets.quotas import Quotas
from .sockets.ticks import Agents
from .sockets.visitors import Visitors


class Core:
    """Everything between the sockets and the engine.

    :param clock: epoch seconds.
    :param on_event: receives the call events for the application.
    :param keeps_time: whether due work is done automatically.
    """

    def __init__(
        self,
        settings: Settings,
        access: Access,
        engine: Engine,
        *,
        clock: Callable[[], float],
        on_event: Callable[[dict[str, t.Any]], None],
        keeps_time: bool = True,
    ) -> None:
        timings, deadlines = settings.timings, Deadlines()
        self.engine: Engine = engine
        self.directory: Directory = Directory()
        self.connections: Connections = Connections(
            secrets.token_hex(4), deadlines, clock, timings.resend
        )
        agents = Agents(
            settings,
            access,
            self.directory,
            self.connections,
            deadlines,
            clock,
            engine.revoked_at,
        )
        places = Places(engine, self.connections, deadlines, clock, timings.tick)
        delivery = Delivery(self.connections, agents, places, on_event, self._wake)
        self.runner: Runner = Runner(
            Hub(settings, access), engine, self.directory, delivery, clock
        )
        visitors = Visitors(access, self.runner, self.connections, clock)
        quotas = Quotas(self.runner, self.directory, settings.limits, deadlines, clock)
        self.clients: Clients = Clients(
            Candidates(settings, clock),
            visitors,
            engine,
            self.runner,
            self.connections,
            agents,
            places,
            quotas,
            delivery,
        )
        self.keeper: Keeper = Keeper(self.runner, engine, deadlines, clock)
        self._keeps_time = keeps_time

    def _wake(self) -> None:
        if self._keeps_time:
            self.keeper.schedule()
