"""Remembers what the service answered, and spares a service that is down.

Each question is asked once at a time, however many threads want to know. A thread that
waits for a service which hangs is worth something to nobody else: so there is one of
them, and everybody else gets what was known last, or the error, at once.
"""

from __future__ import annotations

import os
import threading
import typing as t
import weakref
from collections.abc import Callable
from collections.abc import Hashable

from .errors import RateLimited
from .errors import ServiceError
from .errors import ServiceTimeout
from .errors import ServiceUnavailable
from .errors import say

#: Seconds after which a request is overdue, and nobody else waits for it.
PATIENCE = 5.0
#: Seconds for which an answer may be shown while there is no newer one.
STALE = 60.0
#: How many of those are kept.
MOST_STALE = 64

#: The service is down. All other errors are about the question, or the configuration.
_DOWN = (ServiceUnavailable, ServiceTimeout, RateLimited)
#: A question, and the tick of the service at which it is asked.
_Key = tuple[Hashable, int | None]


class Answer(t.NamedTuple):
    """What the service answered.

    :ivar asked_at: epoch seconds; no change before then is missing.
    :ivar trouble: why there is no newer answer, if this one is old.
    """

    value: t.Any
    asked_at: float
    trouble: ServiceError | None = None


class Cache:
    """Asks the service, or answers in its place.

    :param seconds: how old an answer may be.
    :param clock: epoch seconds.
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
        self._answers: dict[Hashable, Answer] = {}
        self._last: dict[Hashable, Answer] = {}
        self._flights: dict[Hashable, _Flight] = {}
        self._outage: _Outage | None = None
        _instances.add(self)

    def get(
        self, question: Hashable, load: Callable[[], t.Any], *, tick: int | None = None
    ) -> Answer:
        """Find the answer to a question.

        :param load: asks the service.
        :param tick: an answer that was fetched for another one will not do, as long as
            the service is there.
        :raises ServiceError: if there is none, or none but an old one.
        """
        key = question, tick
        outcome: Answer | ServiceError | None = None
        while outcome is None:
            with self._lock:
                outcome = self._outcome_without_asking(key)
                flight, leads = self._board(key) if outcome is None else (None, False)
            if flight is not None:
                outcome = self._ask(key, flight, load) if leads else self._wait(flight)
        if isinstance(outcome, ServiceError):
            return self._old(question, outcome)
        return outcome

    def ask(self, load: Callable[[], t.Any]) -> t.Any:
        """Ask what is to be answered anew each time, unless the service is down.

        :raises ServiceError: as ``load`` does; at once while nobody is to ask.
        """
        key = object(), None
        with self._lock:
            trouble = self._why_not_ask()
            if trouble is not None:
                raise trouble.with_traceback(None)
            flight, _ = self._board(key)
        outcome = self._ask(key, flight, load, remember=False)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome.value

    def _outcome_without_asking(self, key: _Key) -> Answer | ServiceError | None:
        known = self._young(self._answers.get(key), self._seconds)
        return known or self._why_not_ask()

    def _board(self, key: _Key) -> tuple[_Flight, bool]:
        """Find who asks this already; else the one who calls is to ask it."""
        flight = self._flights.get(key)
        if flight is not None:
            return flight, False
        flight = self._flights[key] = _Flight(self._clock())
        return flight, True

    def _why_not_ask(self) -> ServiceError | None:
        """Say why the service is better left alone; ``None`` if it is to be asked."""
        now = self._clock()
        if any(self._overdue(flight) for flight in self._flights.values()):
            return _too_slow(self._patience)
        outage = self._outage
        if outage is None:
            return None
        # The first one afterwards finds out, for all others.
        probing = bool(self._flights)
        return outage.error if probing or outage.lasts(now) else None

    def _overdue(self, flight: _Flight) -> bool:
        return self._clock() - flight.began >= self._patience

    def _ask(
        self,
        key: _Key,
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
            # Whatever happened, those who wait must not wait for ever.
            self._land(key, flight, remember)
        return flight.outcome

    def _land(self, key: _Key, flight: _Flight, remember: bool) -> None:
        with self._lock:
            del self._flights[key]
            self._outage = self._outage_after(flight)
            self._forget()
            if remember and isinstance(flight.outcome, Answer):
                self._answers[key] = self._last[key[0]] = flight.outcome
        flight.done.set()

    def _outage_after(self, flight: _Flight) -> _Outage | None:
        error = flight.outcome
        if not isinstance(error, _DOWN):
            return None
        now = self._clock()
        took = now - flight.began
        # So that a thread waits for it half of the time at most.
        pause = took if took >= self._patience else 0.0
        pause = min(STALE, max(pause, error.retry_after or 0.0))
        return _Outage(error, now, pause) if pause else None

    def _wait(self, flight: _Flight) -> Answer | ServiceError | None:
        """Wait for another thread's answer; ``None`` if that thread broke down."""
        left = flight.began + self._patience - self._clock()
        if not flight.done.wait(min(self._patience, max(0.0, left))):
            return _too_slow(self._patience)
        return flight.outcome

    def _old(self, question: Hashable, trouble: ServiceError) -> Answer:
        """Find what was known last, if that is better than nothing."""
        with self._lock:
            answer = self._young(self._last.get(question), STALE)
        if answer is None or not isinstance(trouble, _DOWN):
            # It may be raised many times: each would add to its traceback.
            raise trouble.with_traceback(None)
        return answer._replace(trouble=trouble)

    def _young(self, answer: Answer | None, seconds: float) -> Answer | None:
        if answer is None:
            return None
        return answer if 0 <= self._clock() - answer.asked_at < seconds else None

    def _forget(self) -> None:
        fresh = self._answers.items()
        self._answers = {k: a for k, a in fresh if self._young(a, self._seconds)}
        old = [(q, a) for q, a in self._last.items() if self._young(a, STALE)]
        old.sort(key=lambda item: item[1].asked_at)
        self._last = dict(old[1 - MOST_STALE :])


class _Flight:
    """A question that the service is being asked, and what comes of it."""

    def __init__(self, began: float) -> None:
        self.began = began
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
    # The threads that asked are the parent's: here nobody would ever hear of them.
    for cache in _instances:
        cache._lock = threading.Lock()
        cache._flights = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _too_slow(seconds: float) -> ServiceTimeout:
    waited = say("The service has not answered for %(seconds)s seconds.")
    return ServiceTimeout(waited, seconds=f"{seconds:g}")
