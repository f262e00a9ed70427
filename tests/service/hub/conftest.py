"""The hub's tests run on each engine: what holds on a dict holds on shared records."""

from __future__ import annotations

import pytest

from flask_chatvisor.service.engine import MemoryEngine

from ..engines import ContestedEngine
from ..engines import CopyingEngine
from ..harness import World


@pytest.fixture(autouse=True, params=[MemoryEngine, CopyingEngine, ContestedEngine])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every world of a test keep its visits so."""
    monkeypatch.setattr(World, "make_engine", request.param)


@pytest.fixture
def world() -> World:
    return World()
