"""How often somebody may do something."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_chatvisor.limits import MAX_NAMES
from flask_chatvisor.limits import Limit
from tests.doubles.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


def test_a_burst_is_allowed_and_no_more(clock: Clock) -> None:
    limit = Limit(3, 10, clock=clock)
    assert [limit.take("mary") for _ in range(5)] == [0, 0, 0, 10, 10]


def test_one_more_is_allowed_after_each_interval(clock: Clock) -> None:
    limit = Limit(2, 10, clock=clock)
    limit.take("mary")
    limit.take("mary")
    clock.now += 4
    assert limit.take("mary") == 6
    clock.now += 6
    assert [limit.take("mary"), limit.take("mary")] == [0, 10]


def test_what_was_refused_does_not_count(clock: Clock) -> None:
    limit = Limit(1, 10, clock=clock)
    limit.take("mary")
    for _ in range(100):
        assert limit.take("mary") == 10


def test_a_rest_does_not_save_up_more_than_a_burst(clock: Clock) -> None:
    limit = Limit(2, 10, clock=clock)
    limit.take("mary")
    clock.now += 100_000
    assert [limit.take("mary") for _ in range(3)] == [0, 0, 10]


def test_who_waits_as_long_as_told_is_let_in(clock: Clock) -> None:
    limit = Limit(7, 0.1, clock=clock)
    for _ in range(7):
        assert limit.take("mary") == 0
    for _ in range(1000):
        wait = limit.take("mary")
        assert wait == pytest.approx(0.1)
        clock.now += wait
        assert limit.take("mary") == 0


def test_one_does_not_use_up_anothers_share(clock: Clock) -> None:
    limit = Limit(1, 10, clock=clock)
    assert [limit.take("mary"), limit.take("adam"), limit.take("mary")] == [0, 0, 10]


def test_threads_together_get_no_more_than_the_burst(clock: Clock) -> None:
    limit = Limit(50, 10, clock=clock)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: limit.take("mary"), range(200)))
    assert waits.count(0) == 50


def test_those_who_have_rested_are_forgotten(clock: Clock) -> None:
    limit = Limit(2, 10, clock=clock)
    for number in range(MAX_NAMES):
        limit.take(str(number))
    clock.now += 15
    limit.take("mary")
    limit.take("adam")
    assert len(limit._full_at) == 2
    assert limit.take("mary") == 0
    assert limit.take("mary") == 10
