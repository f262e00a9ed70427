"""How often somebody may do something."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_chatvisor.contract.bucket import Bucket
from flask_chatvisor.contract.bucket import Buckets
from flask_chatvisor.contract.bucket import Rate

START = 1_700_000_000.0


def test_a_burst_passes_and_then_as_many_as_come_back() -> None:
    buckets = Buckets(Rate(2, 5))
    assert [buckets.take("a", START) for _ in range(5)] == [0] * 5
    assert buckets.take("a", START) == pytest.approx(0.5)
    assert buckets.take("a", START + 0.4) == pytest.approx(0.1)
    assert buckets.take("a", START + 0.5) == 0
    assert buckets.take("a", START + 0.5) == pytest.approx(0.5)


def test_what_was_refused_does_not_count() -> None:
    buckets = Buckets(Rate(0.1, 1))
    buckets.take("mary", START)
    for _ in range(100):
        assert buckets.take("mary", START) == pytest.approx(10)


def test_a_rest_does_not_save_up_more_than_a_burst() -> None:
    buckets = Buckets(Rate(0.1, 2))
    buckets.take("mary", START)
    later = START + 100_000
    waits = [buckets.take("mary", later) for _ in range(3)]
    assert waits == [0, 0, pytest.approx(10)]


def test_who_waits_as_long_as_told_is_let_in() -> None:
    buckets, now = Buckets(Rate(10, 7)), START
    for _ in range(7):
        assert buckets.take("mary", now) == 0
    for _ in range(1000):
        wait = buckets.take("mary", now)
        assert wait == pytest.approx(0.1, abs=1e-5)
        now += wait
        assert buckets.take("mary", now) == 0


def test_several_are_taken_together_or_not_at_all() -> None:
    bucket, rate = Bucket(), Rate(2, 10)
    assert bucket.take(rate, START, 7) == 0
    assert bucket.take(rate, START, 5) == pytest.approx(1)
    assert bucket.take(rate, START, 3) == 0


def test_everybody_has_a_bucket() -> None:
    buckets = Buckets(Rate(1, 1))
    assert buckets.take("a", START) == 0
    assert buckets.take("b", START) == 0
    assert buckets.take("a", START) > 0


def test_threads_together_get_no_more_than_the_burst() -> None:
    buckets = Buckets(Rate(0.1, 50))
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: buckets.take("mary", START), range(200)))
    assert waits.count(0) == 50


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    buckets = Buckets(Rate(2, 5))
    for _ in range(5):
        buckets.take("a", START)
    an_hour_ago = START - 3600
    assert buckets.take("a", an_hour_ago) == pytest.approx(0.5)
    assert buckets.take("a", an_hour_ago + 0.5) == 0
    assert len(buckets) == 1


def test_a_clock_that_is_set_back_refills_nothing() -> None:
    buckets = Buckets(Rate(1, 100))
    allowed = [buckets.take("a", START - number) for number in range(150)]
    assert allowed.count(0) == 100


def test_who_does_not_come_any_more_is_forgotten() -> None:
    buckets = Buckets(Rate(1, 10))
    for number in range(1000):
        buckets.take(str(number), START + number)
        assert len(buckets) <= 22


MOMENTS = st.lists(st.floats(0, 30), min_size=1, max_size=60).map(sorted)


@given(MOMENTS, st.integers(1, 8), st.sampled_from([0.25, 1, 3]))
def test_never_more_than_the_burst_and_what_comes_back(
    moments: list[float], burst: int, rate: float
) -> None:
    buckets, taken = Buckets(Rate(rate, burst)), list[float]()
    tokens, before = float(burst), moments[0]
    for moment in moments:
        tokens = min(float(burst), tokens + (moment - before) * rate)
        before = moment
        if buckets.take("a", moment) == 0:
            taken.append(moment)
            assert tokens >= 1 - 1e-4
            tokens -= 1
        else:
            assert tokens < 1
