"""Carries out the hub's effects."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Sequence

from ..hub.effects import Effect
from ..hub.effects import HangUp
from ..hub.effects import Send
from .connections import Connections
from .queue_places import Places
from .ticks import Agents


class Delivery:
    """Sends messages, closes connections, and hands events on.

    :param on_event: receives the call events for the application.
    :param wake: called when something may be due earlier than before.
    """

    def __init__(
        self,
        connections: Connections,
        agents: Agents,
        places: Places,
        on_event: Callable[[dict[str, t.Any]], None],
        wake: Callable[[], None],
    ) -> None:
        self._connections = connections
        self._agents = agents
        self._places = places
        self._on_event = on_event
        self._wake = wake

    async def deliver(self, visitor_id: str, effects: Sequence[Effect]) -> None:
        """Carry effects out, in order."""
        for effect in effects:
            if isinstance(effect, Send):
                message = await self._places.fill(visitor_id, effect)
                self._connections.send(effect.address, message)
            elif isinstance(effect, HangUp):
                self._connections.close(effect.address, effect.code, effect.reason)
            else:
                self._on_event(effect.event)

    def notice(self) -> None:
        """Check whether the list or the queue has changed."""
        self._agents.notice()
        self._places.notice()
        self._wake()
