"""What the parts of the hub share, and the ticks for agents."""

from __future__ import annotations

from dataclasses import dataclass

from .access import Access
from .deadlines import Deadlines
from .outbox import AgentLink
from .outbox import Outbox
from .protocol import Tick
from .settings import Settings
from .store import Store


class Ticker:
    """Tells agents' pages that something changed: a number and no data.

    :param interval: the shortest time between two ticks, in seconds. A change
        within it is told at its end, so that the last one is never missed.
    """

    def __init__(self, outbox: Outbox, deadlines: Deadlines, interval: float) -> None:
        self.agents: dict[int, AgentLink] = {}
        self._outbox = outbox
        self._deadlines = deadlines
        self._interval = interval
        self._number = 0
        self._quiet_until = 0.0
        self._scheduled = False

    def join(self, link: AgentLink) -> None:
        """Have an agent's page told; at once, for what it has missed."""
        self.agents[link.address] = link
        self._outbox.send(link.address, Tick(n=self._number))

    def leave(self, link: AgentLink) -> None:
        """Tell an agent's page no more."""
        self.agents.pop(link.address, None)

    def changed(self, now: float) -> None:
        """Something changed about the active users."""
        self._number += 1
        if not self.agents or self._scheduled:
            return
        if now >= self._quiet_until:
            self._tick(now)
        else:
            self._scheduled = True
            self._deadlines.at(self._quiet_until, self._tick)

    def _tick(self, now: float, _: object = None) -> None:
        self._scheduled = False
        self._quiet_until = now + self._interval
        message = Tick(n=self._number)
        for address in self.agents:
            self._outbox.send(address, message)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the parts of the hub share."""

    settings: Settings
    store: Store
    access: Access
    deadlines: Deadlines
    outbox: Outbox
    ticker: Ticker


def desk(settings: Settings, store: Store, access: Access) -> Desk:
    """Set a desk up."""
    deadlines = Deadlines()
    outbox = Outbox(deadlines, settings.timings.resend)
    ticker = Ticker(outbox, deadlines, settings.timings.tick)
    return Desk(settings, store, access, deadlines, outbox, ticker)
