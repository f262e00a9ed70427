"""Caches the service's answers, and spares a service that is down.

Each question is asked once at a time, however many threads need the answer. At most one
thread waits for a hung service; the others get the last known answer or the error at
once.
"""

from __future__ import annotations

import os
import threading
import typing as t
import weakref
from collections.abc import Callable
from collections.abc import Hashable

from ..errors import RateLimited
from ..errors import ServiceError
from ..errors import ServiceTimeout
from ..errors import ServiceUnavailable
from ..errors import say

#: Seconds after which a request is overdue and no other thread waits for it.
PATIENCE = 5.0
#: Seconds for which an old answer may be shown if there is no newer one.
STALE = 60.0
#: How many of those are kept.
MOST_STALE = 64

#: The service is down. All other errors concern the question or the configuration.
_DOWN = (ServiceUnavailable, ServiceTimeout, RateLimited)


class Answer(t.NamedTuple):
    """An answer of the service.

    :ivar asked_at: by the cache's clock; the answer includes every change before it.
    :ivar trouble: why there is no newer answer, if this one is old.
    """

    value: t.Any
    asked_at: float
    trouble: ServiceError | None = None


class Cache:
    """Asks the service, or answers from memory.

    :param seconds: how old an answer may be.
    :param clock: monotonic seconds.
    :param patience: seconds after which a request is overdue.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        #: With the tick for which each was fetched.
        self._answers: dict[Hashable, tuple[Answer, int | None]] = {}
        self._last: dict[Hashable, Answer] = {}
        self._flights: dict[Hashable, _Flight] = {}
        self._outage: _Outage | None = None
        _instances.add(self)

    def get(
        self,
        question: Hashable,
        load: Callable[[], t.Any],
        *,
        tick: int | None = None,
        keep: bool = True,
    ) -> Answer:
        """Find the answer to a question.

        Each question is asked once at a time even for different ticks: a thread that
        needs a newer answer than the pending one asks next.

        :param load: asks the service.
        :param tick: answers fetched for earlier ticks are not used, unless the service
            is down.
        :param keep: whether an old answer is better than none.
        :raises ServiceError: if there is no answer that may be used.
        """
        outcome: Answer | ServiceError | None = None
        while outcome is None:
            with self._lock:
                outcome = self._outcome_without_asking(question, tick)
                if outcome is None:
                    flight, leads = self._board(question, tick, keep)
            if outcome is None:
                outcome = (
                    self._ask(question, flight, load)
                    if leads
                    else self._wait(flight, tick)
                )
        if isinstance(outcome, ServiceError):
            return self._old(question, outcome)
        return outcome

    def ask(self, load: Callable[[], t.Any]) -> t.Any:
        """Ask without caching, unless the service is down.

        :raises ServiceError: like ``load``; at once while the service is down.
        """
        question = object()
        with self._lock:
            trouble = self._why_not_ask()
            if trouble is not None:
                raise trouble.with_traceback(None)
            flight, _ = self._board(question, None, keep=False)
        outcome = self._ask(question, flight, load, remember=False)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome.value

    def _outcome_without_asking(
        self, question: Hashable, tick: int | None
    ) -> Answer | ServiceError | None:
        answer, fetched_for = self._answers.get(question, (None, None))
        known = self._young(answer, self._seconds)
        if known is not None and _will_do(fetched_for, tick):
            return known
        return self._why_not_ask()

    def _board(
        self, question: Hashable, tick: int | None, keep: bool
    ) -> tuple[_Flight, bool]:
        """Find the pending flight of this question; else make the caller ask it."""
        flight = self._flights.get(question)
        if flight is not None:
            return flight, False
        flight = self._flights[question] = _Flight(self._clock(), tick, keep)
        return flight, True

    def _why_not_ask(self) -> ServiceError | None:
        """Return why the service must be left alone; ``None`` if it may be asked."""
        now = self._clock()
        if any(self._overdue(flight) for flight in self._flights.values()):
            return _too_slow(self._patience)
        outage = self._outage
        if outage is None:
            return None
        # Afterwards the first thread tries, on behalf of all others.
        probing = bool(self._flights)
        return outage.error if probing or outage.lasts(now) else None

    def _overdue(self, flight: _Flight) -> bool:
        return self._clock() - flight.began >= self._patience

    def _ask(
        self,
        question: Hashable,
        flight: _Flight,
        load: Callable[[], t.Any],
        *,
        remember: bool = True,
    ) -> Answer | ServiceError:
        try:
            flight.outcome = Answer(load(), flight.began)
        except ServiceError as error:
            flight.outcome = error
        finally:
            # Whatever happened, waiting threads must not wait forever.
            self._land(question, flight, remember)
        return flight.outcome

    def _land(self, question: Hashable, flight: _Flight, remember: bool) -> None:
        with self._lock:
            del self._flights[question]
            self._outage = self._outage_after(flight)
            self._forget()
            if remember and isinstance(flight.outcome, Answer):
                self._answers[question] = flight.outcome, flight.tick
                if flight.keep:
                    self._last[question] = flight.outcome
        flight.done.set()

    def _outage_after(self, flight: _Flight) -> _Outage | None:
        error = flight.outcome
        if not isinstance(error, _DOWN):
            return None
        now = self._clock()
        took = now - flight.began
        # So that a thread waits for it at most half of the time.
        pause = took if took >= self._patience else 0.0
        pause = min(STALE, max(pause, error.retry_after or 0.0))
        return _Outage(error, now, pause) if pause else None

    def _wait(self, flight: _Flight, tick: int | None) -> Answer | ServiceError | None:
        """Wait for another thread's answer.

        :return: ``None`` if that thread failed, or asked for an earlier tick.
        """
        left = flight.began + self._patience - self._clock()
        if not flight.done.wait(min(self._patience, max(0.0, left))):
            return _too_slow(self._patience)
        if isinstance(flight.outcome, Answer) and not _will_do(flight.tick, tick):
            return None
        return flight.outcome

    def _old(self, question: Hashable, trouble: ServiceError) -> Answer:
        """Return the last known answer, if an old one is better than none."""
        with self._lock:
            answer = self._young(self._last.get(question), STALE)
        if answer is None or not isinstance(trouble, _DOWN):
            # It may be raised many times, and each time would extend its traceback.
            raise trouble.with_traceback(None)
        return answer._replace(trouble=trouble)

    def _young(self, answer: Answer | None, seconds: float) -> Answer | None:
        if answer is None:
            return None
        return answer if 0 <= self._clock() - answer.asked_at < seconds else None

    def _forget(self) -> None:
        fresh = self._answers.items()
        self._answers = {q: a for q, a in fresh if self._young(a[0], self._seconds)}
        old = [(q, a) for q, a in self._last.items() if self._young(a, STALE)]
        old.sort(key=lambda item: item[1].asked_at)
        self._last = dict(old[1 - MOST_STALE :])


class _Flight:
    """A pending question to the service, and its outcome."""

    def __init__(self, began: float, tick: int | None, keep: bool) -> None:
        self.began = began
        self.tick = tick
        self.keep = keep
        self.done = threading.Event()
        self.outcome: Answer | ServiceError | None = None


class _Outage(t.NamedTuple):
    """A service that is left alone for a while."""

    error: ServiceError
    since: float
    pause: float

    def lasts(self, now: float) -> bool:
        return 0 <= now - self.since < self.pause


_instances: weakref.WeakSet[Cache] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    # The threads that asked are in the parent process; here they never finish.
    for cache in _instances:
        cache._lock = threading.Lock()
        cache._flights = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _will_do(fetched_for: int | None, tick: int | None) -> bool:
    """Return whether an answer fetched for one tick is new enough for another."""
    return tick is None or (fetched_for is not None and fetched_for >= tick)


def _too_slow(seconds: float) -> ServiceTimeout:
    waited = say("The service has not answered for %(seconds)s seconds.")
    return ServiceTimeout(waited, seconds=f"{seconds:g}")
