"""Places in the queue, for the connections that show them.

A place depends on all waiting visitors, so no single visit knows it. It is filled in
when a message is sent, and resent after changes, at most a few times a second. Leaving
a long queue does not wait for these updates.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable

import msgspec

from ..engine import Engine
from ..hub.effects import Send
from ..protocol import CallStateMessage
from ..protocol import CallWelcome
from ..protocol import OwnCallMessage
from ..protocol import Queue
from ..protocol import ServerMessage
from ..protocol import Welcome
from ..runner.deadlines import Deadlines
from .connections import Connections

#: Messages to send before other work gets its turn.
AT_ONCE = 50

#: Messages that show a place, or that there is no longer one.
Shows = Welcome | OwnCallMessage | CallWelcome | CallStateMessage


class _Shown(t.NamedTuple):
    """A connection's last message, and the place that was filled in."""

    visitor_id: str
    message: OwnCallMessage | CallStateMessage
    place: int | None


class Places:
    """Fills in places, and updates those that are shown here.

    :param interval: the shortest time between two updates, in seconds.
    """

    def __init__(
        self,
        engine: Engine,
        connections: Connections,
        deadlines: Deadlines,
        clock: Callable[[], float],
        interval: float,
    ) -> None:
        self._engine = engine
        self._connections = connections
        self._deadlines = deadlines
        self._clock = clock
        self._interval = interval
        self._shown: dict[str, _Shown] = {}
        self._seen = engine.queue_changes
        self._scheduled = False

    async def fill(self, visitor_id: str, send: Send) -> ServerMessage:
        """Fill in the visitor's place, if the message shows it."""
        message = send.message
        if isinstance(message, Shows):
            self._shown.pop(send.address, None)
        if not send.place:
            return message
        (place,) = await self._engine.places([visitor_id])
        if isinstance(message, Shows) and send.address in self._connections:
            self._shown[send.address] = _Shown(visitor_id, _update(message), place)
        return _placed(message, place)

    def forget(self, address: str) -> None:
        """Forget a connection that is gone."""
        self._shown.pop(address, None)

    def notice(self) -> None:
        """Update the shown places soon, if the queue has changed."""
        if self._seen != self._engine.queue_changes and not self._scheduled:
            self._scheduled = True
            self._deadlines.at(self._clock() + self._interval, self._refresh)

    async def _refresh(self, _: object) -> None:
        self._scheduled = False
        self._seen = self._engine.queue_changes
        shown = list(self._shown.items())
        places = await self._engine.places(one.visitor_id for _, one in shown)
        for number, ((address, one), place) in enumerate(
            zip(shown, places, strict=True)
        ):
            if place != one.place and self._shown.get(address) is one:
                self._shown[address] = one._replace(place=place)
                self._connections.send(address, _placed(one.message, place))
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)


def _update(message: Shows) -> OwnCallMessage | CallStateMessage:
    """Build the message that updates a connection."""
    if isinstance(message, Welcome):
        return OwnCallMessage(message.call)
    if isinstance(message, CallWelcome):
        return CallStateMessage(message.state, agent=message.agent)
    return message


M = t.TypeVar("M", bound=ServerMessage)


def _placed(message: ServerMessage, place: int | None) -> ServerMessage:
    if isinstance(message, Queue):
        return msgspec.structs.replace(message, position=place or 0)
    if isinstance(message, Welcome | OwnCallMessage) and message.call is not None:
        call = msgspec.structs.replace(message.call, position=place)
        return msgspec.structs.replace(message, call=call)
    return msgspec.structs.replace(message, queue_position=place)
