"""Agents' pages, which get a tick, a number without data, after each change."""

from __future__ import annotations

from collections.abc import Callable

from ...contract.matching import fold_email
from ...contract.times import timestamp
from ...contract.tokens import UserGrant
from ..access.credentials import Access
from ..access.credentials import Refusal
from ..access.revoked import RevokedAt
from ..access.revoked import refuse_revoked
from ..directory import Directory
from ..protocol import AgentWelcome
from ..protocol import Close
from ..protocol import HelloAgent
from ..protocol import ProtocolError
from ..protocol import Tick
from ..runner.deadlines import Deadlines
from ..settings import Settings
from .connections import Connections


class Agents:
    """The agents' pages that are connected here.

    Ticks are at least a quarter of a second apart. A change in between is sent at the
    end of that time, so that the last change is never missed.
    """

    def __init__(
        self,
        settings: Settings,
        access: Access,
        directory: Directory,
        connections: Connections,
        deadlines: Deadlines,
        clock: Callable[[], float],
        revoked_at: RevokedAt,
    ) -> None:
        self._settings = settings
        self._access = access
        self._directory = directory
        self._connections = connections
        self._deadlines = deadlines
        self._clock = clock
        self._revoked_at = revoked_at
        self._pages: dict[str, UserGrant] = {}
        self._sent = directory.changes
        self._quiet_until = 0.0
        self._scheduled = False

    @property
    def are_online(self) -> bool:
        """Whether any agent's page is connected."""
        return bool(self._pages)

    async def welcome(self, address: str, hello: HelloAgent) -> None:
        """Connect an agent's page until its token expires.

        :raises ProtocolError: if its token does not allow it, or there are too many.
        """
        grant = await self._grant(hello.token)
        pages = sum(one.email == grant.email for one in self._pages.values())
        if pages >= self._settings.limits.tabs:
            raise ProtocolError(Close.TOO_MANY, "This agent has too many pages.")
        self._pages[address] = grant
        until = timestamp(grant.expires_at)
        self._connections.send(address, AgentWelcome(expires_at=until))
        # In case it has missed changes.
        self._connections.send(address, Tick(n=self._directory.changes))
        self._deadlines.at(grant.expires_at, self._expire, address)

    def revoke(self, email: str) -> None:
        """Disconnect an agent's pages; they may return with a new token."""
        agent = fold_email(email)
        for address, grant in [*self._pages.items()]:
            if fold_email(grant.email) == agent:
                self._connections.close(
                    address, Close.REFUSED, "The agent was revoked."
                )

    def leave(self, address: str) -> None:
        """Handle an agent's page that has disconnected."""
        self._pages.pop(address, None)

    def notice(self) -> None:
        """Send a tick if the list has changed, now or soon."""
        if self._sent == self._directory.changes or self._scheduled:
            return
        if not self._pages:
            self._sent = self._directory.changes
        elif self._clock() >= self._quiet_until:
            self._tick()
        else:
            self._scheduled = True
            self._deadlines.at(self._quiet_until, self._tick_late)

    async def _tick_late(self, _: object) -> None:
        self._scheduled = False
        self._tick()

    def _tick(self) -> None:
        self._sent = self._directory.changes
        self._quiet_until = self._clock() + self._settings.timings.tick
        message = Tick(n=self._sent)
        for address in self._pages:
            self._connections.send(address, message)

    async def _grant(self, token: str) -> UserGrant:
        try:
            grant = self._access.grant(token, self._clock())
            await refuse_revoked(grant, self._revoked_at)
        except Refusal as refusal:
            raise ProtocolError(Close.REFUSED, refusal.detail) from None
        if "presence" not in grant.scope:
            raise ProtocolError(Close.NOT_ALLOWED, "The token lacks 'presence'.")
        return grant

    async def _expire(self, address: str) -> None:
        if address in self._pages:
            self._connections.close(address, Close.REFUSED, "The token has expired.")
