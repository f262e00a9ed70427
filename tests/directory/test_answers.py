"""Answers while the service is down, and how few threads wait for it."""

from __future__ import annotations

import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from flask_chatvisor.directory.answers import Cache
from flask_chatvisor.directory.outage import MOST_STALE
from flask_chatvisor.directory.outage import STALE
from flask_chatvisor.errors import BadAnswer
from flask_chatvisor.errors import RateLimited
from flask_chatvisor.errors import ServiceError
from flask_chatvisor.errors import ServiceRefused
from flask_chatvisor.errors import ServiceTimeout
from flask_chatvisor.errors import ServiceUnavailable
from flask_chatvisor.errors import UnknownVisitor
from tests.doubles.clock import Clock

PATIENCE = 5.0


class Service:
    """Answers how often it was asked, or fails on request."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked = 0
        self.error: ServiceError | None = None
        self.takes = 0.0

    def __call__(self) -> int:
        self.asked += 1
        self.clock.now += self.takes
        if self.error is not None:
            raise self.error
        return self.asked


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Service:
    return Service(clock)


@pytest.fixture
def cache(clock: Clock) -> Cache:
    return Cache(0.3, clock, patience=PATIENCE)


DOWN = [ServiceUnavailable("down"), ServiceTimeout("slow"), RateLimited("too many")]
OTHER = [BadAnswer("nonsense"), ServiceRefused("refused"), UnknownVisitor("gone")]


def ids(error: ServiceError) -> str:
    return type(error).__name__


# --- old answers


@pytest.mark.parametrize("error", DOWN, ids=ids)
def test_while_the_service_is_down_the_last_answer_is_given_with_its_age(
    cache: Cache, service: Service, clock: Clock, error: ServiceError
) -> None:
    first = cache.get("users", service)
    clock.now += STALE - 1
    service.error = error
    old = cache.get("users", service)
    assert (old.value, old.asked_at) == (first.value, first.asked_at)
    assert old.trouble is error
    assert first.trouble is None


def test_an_answer_of_a_minute_ago_is_given_no_more(
    cache: Cache, service: Service, clock: Clock
) -> None:
    cache.get("users", service)
    clock.now += STALE
    service.error = ServiceUnavailable("down")
    with pytest.raises(ServiceUnavailable):
        cache.get("users", service)


@pytest.mark.parametrize("error", OTHER, ids=ids)
def test_a_service_that_is_there_and_refuses_is_not_covered_up(
    cache: Cache, service: Service, clock: Clock, error: ServiceError
) -> None:
    cache.get("users", service)
    clock.now += 1
    service.error = error
    with pytest.raises(type(error)):
        cache.get("users", service)


def test_another_questions_answer_is_not_given(cache: Cache, service: Service) -> None:
    cache.get("users", service)
    service.error = ServiceUnavailable("down")
    with pytest.raises(ServiceUnavailable):
        cache.get("others", service)


def test_an_old_tick_will_do_while_the_service_is_down(
    cache: Cache, service: Service
) -> None:
    first = cache.get("users", service, tick=1)
    service.error = ServiceUnavailable("down")
    assert cache.get("users", service, tick=2).value == first.value


def test_an_answer_for_a_newer_tick_will_do_for_an_older_one(
    cache: Cache, service: Service
) -> None:
    newer = cache.get("users", service, tick=2)
    for tick in (1, None, 2):
        assert cache.get("users", service, tick=tick) == newer
    assert cache.get("users", service, tick=3) != newer
    assert service.asked == 2


def test_an_answer_for_no_tick_at_all_is_none_for_a_tick(
    cache: Cache, service: Service
) -> None:
    cache.get("users", service)
    cache.get("users", service, tick=1)
    assert service.asked == 2


def test_different_ticks_are_asked_one_after_another(cache: Cache) -> None:
    asking, go_on = threading.Event(), threading.Event()
    at_once: list[int] = []
    now = 0

    def load() -> str:
        nonlocal now
        now += 1
        at_once.append(now)
        asking.set()
        go_on.wait()
        now -= 1
        return f"answer {len(at_once)}"

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(cache.get, "users", load, tick=1)
        asking.wait()
        others = [pool.submit(cache.get, "users", load, tick=2) for _ in range(5)]
        go_on.set()
        assert first.result().value == "answer 1"
        assert {one.result().value for one in others} == {"answer 2"}
    assert at_once == [1, 1]


def test_the_last_answer_is_the_latest(
    cache: Cache, service: Service, clock: Clock
) -> None:
    for tick in (1, None, 2):
        latest = cache.get("users", service, tick=tick)
        clock.now += 1
    service.error = ServiceUnavailable("down")
    assert cache.get("users", service, tick=1).value == latest.value


def test_the_service_is_believed_as_soon_as_it_is_back(
    cache: Cache, service: Service, clock: Clock
) -> None:
    cache.get("users", service)
    clock.now += 1
    service.error = ServiceUnavailable("down")
    assert cache.get("users", service).trouble is not None
    service.error = None
    back = cache.get("users", service)
    assert (back.value, back.trouble) == (3, None)


def test_old_answers_are_not_kept_without_end(cache: Cache, service: Service) -> None:
    for number in range(MOST_STALE + 10):
        service.clock.now += 0.1
        cache.get(number, service)
    assert len(cache._last._answers) == MOST_STALE
    service.clock.now += STALE
    cache.get("users", service)
    assert list(cache._last._answers) == ["users"]


# --- a service that hangs


@contextmanager
def hanging(cache: Cache, question: str) -> Iterator[tuple[threading.Event, Future]]:
    """One thread asks, and hangs until the event; what comes of it is the future."""
    asked, answered = threading.Event(), threading.Event()

    def load() -> str:
        asked.set()
        answered.wait()
        return "late"

    with ThreadPoolExecutor(1) as pool:
        try:
            asking = pool.submit(cache.get, question, load)
            asked.wait()
            yield answered, asking
        finally:
            answered.set()


def never() -> t.NoReturn:
    raise AssertionError("The service was asked.")


def test_nobody_else_waits_for_a_request_that_is_overdue(
    cache: Cache, service: Service, clock: Clock
) -> None:
    cache.get("users", service)
    clock.now += 1
    with hanging(cache, "users"):
        clock.now += PATIENCE
        old = cache.get("users", never)
        assert old.value == 1
        assert isinstance(old.trouble, ServiceTimeout)
        assert "5 seconds" in old.trouble.message
        # Nor asks it something else.
        with pytest.raises(ServiceTimeout):
            cache.get("others", never)


def test_who_waits_already_gives_up_when_it_is_overdue(clock: Clock) -> None:
    cache = Cache(0.3, clock, patience=0.01)
    with hanging(cache, "users"):
        with pytest.raises(ServiceTimeout):
            cache.get("users", never)


def test_the_one_who_asked_gets_the_late_answer_and_so_does_who_comes_next(
    cache: Cache, clock: Clock
) -> None:
    with hanging(cache, "users") as (answered, asking):
        clock.now += PATIENCE
        answered.set()
        assert asking.result().value == "late"
    assert cache.get("users", lambda: "new").value == "new"


@pytest.mark.parametrize(
    ("error", "takes", "pause"),
    [
        pytest.param(ServiceTimeout("down"), 10, 10, id="as long as it took to fail"),
        pytest.param(RateLimited("down", retry_after=30), 0, 30, id="as it wants"),
        pytest.param(RateLimited("down", retry_after=86_400), 0, 60, id="a minute"),
    ],
)
def test_a_service_that_is_down_is_left_alone_for_a_while(
    cache: Cache,
    service: Service,
    clock: Clock,
    error: ServiceError,
    takes: float,
    pause: float,
) -> None:
    service.error, service.takes = error, takes
    with pytest.raises(type(error)):
        cache.get("users", service)
    clock.now += pause - 1
    for question in ("users", "others"):
        with pytest.raises(type(error), match="down"):
            cache.get(question, never)
    clock.now += 1
    service.error, service.takes = None, 0
    assert cache.get("users", service).trouble is None
    assert cache.get("others", service).trouble is None


def test_after_the_pause_one_thread_finds_out_for_all(
    cache: Cache, service: Service, clock: Clock
) -> None:
    service.error = ServiceTimeout("slow")
    service.takes = PATIENCE
    with pytest.raises(ServiceTimeout):
        cache.get("users", service)
    clock.now += PATIENCE
    with hanging(cache, "users") as (answered, asking):
        # It is not overdue, and yet nobody bets on it.
        for question in ("users", "others"):
            with pytest.raises(ServiceTimeout, match="slow"):
                cache.get(question, never)
        answered.set()
        asking.result()
    assert cache.get("others", lambda: "new").value == "new"


def test_a_probe_that_fails_slowly_starts_another_pause(
    cache: Cache, service: Service, clock: Clock
) -> None:
    service.error = ServiceTimeout("slow")
    service.takes = PATIENCE
    for _ in range(2):
        with pytest.raises(ServiceTimeout):
            cache.get("users", service)
        with pytest.raises(ServiceTimeout):
            cache.get("users", never)
        clock.now += PATIENCE
    assert service.asked == 2


def test_a_quick_failure_is_followed_by_no_pause(
    cache: Cache, service: Service
) -> None:
    service.error = ServiceUnavailable("down")
    for _ in range(3):
        with pytest.raises(ServiceUnavailable):
            cache.get("users", service)
    assert service.asked == 3


def test_a_clock_that_was_set_back_ends_the_pause(
    cache: Cache, service: Service, clock: Clock
) -> None:
    service.error = RateLimited("too many", retry_after=30)
    with pytest.raises(RateLimited):
        cache.get("users", service)
    clock.now -= 3600
    service.error = None
    assert cache.get("users", service).value == 2


def test_an_error_that_is_told_often_does_not_grow(
    cache: Cache, service: Service
) -> None:
    service.error = RateLimited("too many", retry_after=30)
    lengths = set()
    for _ in range(5):
        with pytest.raises(RateLimited) as caught:
            cache.get("users", service)
        lengths.add(len(caught.traceback))
    assert service.asked == 1
    assert len(lengths) == 1


# --- threads


def test_a_crowd_that_meets_a_hanging_service_costs_one_thread(
    cache: Cache, service: Service, clock: Clock
) -> None:
    cache.get("users", service)
    clock.now += 1
    with hanging(cache, "users"):
        clock.now += PATIENCE
        with ThreadPoolExecutor(8) as pool:
            crowd = list(pool.map(lambda _: cache.get("users", never), range(100)))
        assert {answer.value for answer in crowd} == {1}


def test_what_is_asked_anew_each_time_is_not_remembered(
    cache: Cache, service: Service
) -> None:
    assert [cache.ask(service), cache.ask(service)] == [1, 2]
    assert cache._answers == {}
    assert cache._last._answers == {}
    assert not cache._flights


def test_nobody_asks_for_anything_else_of_a_service_that_hangs(
    cache: Cache, service: Service, clock: Clock
) -> None:
    with hanging(cache, "users"):
        assert cache.ask(service) == 1
        clock.now += PATIENCE
        with pytest.raises(ServiceTimeout):
            cache.ask(never)
    assert cache.ask(service) == 2


def test_one_who_asks_for_something_else_finds_out_that_it_hangs(
    cache: Cache, service: Service, clock: Clock
) -> None:
    service.error, service.takes = ServiceTimeout("slow"), PATIENCE
    with pytest.raises(ServiceTimeout):
        cache.ask(service)
    with pytest.raises(ServiceTimeout, match="slow"):
        cache.get("users", never)
    clock.now += PATIENCE
    service.error, service.takes = None, 0
    assert cache.ask(service) == 2


# --- processes

FORK = """
import os, threading
from flask_chatvisor.directory.answers import Cache

cache = Cache(0.3, lambda: 0.0)
asked, forked = threading.Event(), threading.Event()

def load():
    asked.set()
    forked.wait()
    return "the parent's"

thread = threading.Thread(target=cache.get, args=("users", load))
thread.start()
asked.wait()
child = os.fork()
if not child:
    print(cache.get("users", lambda: "the child's").value, flush=True)
    os._exit(0)
os.waitpid(child, 0)
forked.set()
thread.join()
print(cache.get("users", None).value)
"""


def test_a_forked_child_does_not_wait_for_its_parents_threads() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["the child's", "the parent's"]
