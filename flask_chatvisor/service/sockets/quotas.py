"""How many visitors and places in the queue one user may have.

A verified user has a few visitors and one place. Unverified ones could call themselves
anything, so there they count by their public address. The counts follow the list that
this process keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...contract.users import UserRow
from ..directory import Directory
from ..hub import quotas
from ..runner.deadlines import Deadlines
from ..runner.runner import Runner
from ..settings import Limits

#: Seconds after which visitors who have left are forgotten.
FORGET = 60.0


class Quotas:
    """Keeps users within their quotas.

    For a verified user the newest visitor counts most: of too many, the one that was
    idle for longest leaves the list, and who asks for help takes over the place of the
    one who has waited. Of too many unverified ones, the newest is refused.
    """

    def __init__(
        self,
        runner: Runner,
        directory: Directory,
        limits: Limits,
        deadlines: Deadlines,
        clock: Callable[[], float],
    ) -> None:
        self._runner = runner
        self._directory = directory
        self._limits = limits
        self._deadlines = deadlines
        self._clock = clock
        self._unverified: dict[str, dict[str, None]] = {}

    async def settle(self, visitor_id: str, client: str | None) -> None:
        """Check the quotas for a visitor that may have been tagged or begun to wait.

        :param client: its public address, if it has one.
        """
        row = self._directory.get(visitor_id)
        if row is not None and row.verified:
            await self._settle_user(row)
        elif row is not None and client is not None:
            await self._settle_client(row, client)

    async def _settle_user(self, row: UserRow) -> None:
        alike = self._directory.of_same_user(row)
        if len(alike) > self._limits.visitors:
            others = [one for one in alike if _is_idle(one) and one is not row]
            goes = min(others, key=_activity, default=row)
            detail = "This user is here too often."
            await self._leave_list(goes.visitor_id, detail)
        waiting = sorted((one for one in alike if _waits(one)), key=_since)
        for earlier in waiting[:-1]:
            since = await self._runner.turn(earlier.visitor_id, quotas.leave_queue)
            if since is not None:
                inherit = partial(quotas.inherit_place, since=since)
                await self._runner.turn(waiting[-1].visitor_id, inherit)

    async def _settle_client(self, row: UserRow, client: str) -> None:
        if client not in self._unverified:
            self._unverified[client] = {}
            self._deadlines.at(self._clock() + FORGET, self._forget, client)
        here = self._unverified[client]
        here[row.visitor_id] = None
        if len(here) > self._limits.unverified:
            here = self._unverified[client] = self._still_here(here)
        if len(here) > self._limits.unverified:
            del here[row.visitor_id]
            detail = "Too many unverified users have this address."
            await self._leave_list(row.visitor_id, detail)
        elif _waits(row):
            rows = map(self._directory.get, here)
            if sum(one is not None and _waits(one) for one in rows) > (
                self._limits.unverified_places
            ):
                await self._runner.turn(row.visitor_id, quotas.leave_queue)

    async def _leave_list(self, visitor_id: str, detail: str) -> None:
        await self._runner.turn(visitor_id, partial(quotas.leave_list, detail=detail))

    async def _forget(self, client: str) -> None:
        here = self._still_here(self._unverified.pop(client))
        if here:
            self._unverified[client] = here
            self._deadlines.at(self._clock() + FORGET, self._forget, client)

    def _still_here(self, visitor_ids: dict[str, None]) -> dict[str, None]:
        rows = map(self._directory.get, visitor_ids)
        return {row.visitor_id: None for row in rows if row and not row.verified}


def _waits(row: UserRow) -> bool:
    """Whether this visitor is waiting for an agent."""
    return row.waiting_since is not None and row.in_call is None


def _is_idle(row: UserRow) -> bool:
    return row.waiting_since is None and row.in_call is None


def _activity(row: UserRow) -> tuple[bool, str]:
    return row.visible, row.last_seen or ""


def _since(row: UserRow) -> tuple[str, str]:
    return row.waiting_since or "", row.visitor_id
