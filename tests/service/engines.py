"""Engines that make it as hard for the hub as shared ones do."""

from __future__ import annotations

import asyncio

import msgspec

from flask_chatvisor.service.engine import Conflict
from flask_chatvisor.service.engine import MemoryEngine
from flask_chatvisor.service.records.visit import Visit

_decoder = msgspec.json.Decoder(Visit)


class CopyingEngine(MemoryEngine):
    """Hands out and keeps copies, takes its time, and compares versions."""

    async def load(self, visitor_id: str) -> Visit:
        await asyncio.sleep(0)
        return _copy(await super().load(visitor_id))

    async def commit(self, visit: Visit) -> None:
        await asyncio.sleep(0)
        newest = await super().load(visit.id)
        if newest.version != visit.version:
            raise Conflict(_copy(newest))
        await super().commit(_copy(visit))


class ContestedEngine(CopyingEngine):
    """Somebody else is always faster, once."""

    def __init__(self) -> None:
        super().__init__()
        self._refused: set[tuple[str, int]] = set()

    async def commit(self, visit: Visit) -> None:
        attempt = (visit.id, visit.version)
        if attempt not in self._refused:
            self._refused.add(attempt)
            raise Conflict(await self.load(visit.id))
        await super().commit(visit)


def _copy(visit: Visit) -> Visit:
    return _decoder.decode(msgspec.json.encode(visit))
