"""Each attack for a second: an ordinary customer does not notice it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from .attackers import ATTACKS
from .siege import FEW_FILES
from .siege import NEEDS_FEW_FILES
from .siege import Service
from .siege import Verdict
from .siege import besiege
from .siege import service

pytestmark = pytest.mark.attack

SECONDS = 1.0


@pytest.fixture(scope="module")
def target() -> Iterator[Service]:
    """One service for all attacks: each comes from an address of its own."""
    with service() as running:
        yield running


@pytest.mark.parametrize("name", sorted(ATTACKS.keys() - NEEDS_FEW_FILES))
def test_a_customer_does_not_notice(name: str, target: Service) -> None:
    assert asyncio.run(besiege(name, target, SECONDS)).faults == []


@pytest.mark.parametrize("name", sorted(NEEDS_FEW_FILES))
def test_a_customer_does_not_notice_that_there_are_few_files(name: str) -> None:
    with service(files=FEW_FILES) as target:
        verdict = asyncio.run(besiege(name, target, SECONDS))
    assert verdict.faults == []
    assert verdict.log.count("\n") == 1, "it is said, and only once"
    assert "Connections are refused" in verdict.log


@pytest.mark.parametrize(
    ("verdict", "faults"),
    [
        (Verdict(0.001, 0.005, 0, ""), 0),
        (Verdict(0.010, 0.020, 0, ""), 0),
        (Verdict(0.010, 0.021, 0, ""), 1),
        (Verdict(0.001, 0.001, 10**8, "x" * 10**4), 2),
        (Verdict(0.001, 0.001, 0, "Traceback …"), 1),
    ],
)
def test_what_is_a_fault(verdict: Verdict, faults: int) -> None:
    assert len(verdict.faults) == faults
