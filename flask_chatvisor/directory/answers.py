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

from ..errors import ServiceError
from .flights import Answer
from .flights import Flight
from .flights import Flights
from .outage import LastGood
from .outage import Outage

#: Seconds after which a request is overdue and no other thread waits for it.
PATIENCE = 5.0


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
        self._answers: dict[Hashable, Answer] = {}
        self._last = LastGood()
        self._outage = Outage(patience)
        self._clear_flights()
        _instances.add(self)

    def _clear_flights(self) -> None:
        self._lock = threading.Lock()
        self._flights = Flights(self._clock, self._patience)

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
        try:
            return self._new(question, load, tick, keep)
        except ServiceError as trouble:
            with self._lock:
                old = self._last.find(question, trouble, self._clock())
            # It may be raised many times: each would add to its traceback.
            trouble.__traceback__ = None
            if old is None:
                raise trouble
            return old

    def ask(self, load: Callable[[], t.Any]) -> t.Any:
        """Ask without caching, unless the service is down.

        :raises ServiceError: like ``load``; at once while the service is down.
        """
        with self._lock:
            self._refuse_if_down()
            flight = self._flights.start()
        return self._ask(flight, load).value

    def _new(
        self,
        question: Hashable,
        load: Callable[[], t.Any],
        tick: int | None,
        keep: bool,
    ) -> Answer:
        while True:
            with self._lock:
                known = self._answers.get(question)
                if known and self._is_fresh(known) and known.will_do(tick):
                    return known
                self._refuse_if_down()
                other = self._flights.find(question)
                flight = other or self._flights.start(question)
            if other is None:
                return self._ask(flight, load, tick, keep)
            answer = self._flights.wait(flight)
            if answer is not None and answer.will_do(tick):
                return answer

    def _is_fresh(self, answer: Answer) -> bool:
        return answer.is_younger(self._seconds, self._clock())

    def _refuse_if_down(self) -> None:
        now, probing = self._clock(), bool(self._flights)
        trouble = self._flights.overdue() or self._outage.error(now, probing=probing)
        if trouble is not None:
            raise trouble.with_traceback(None)

    def _ask(
        self,
        flight: Flight,
        load: Callable[[], t.Any],
        tick: int | None = None,
        keep: bool = False,
    ) -> Answer:
        try:
            flight.outcome = answer = Answer(load(), flight.began, tick)
        except ServiceError as error:
            flight.outcome = error
            raise
        finally:
            # Whatever happened, those who wait must not wait for ever.
            self._land(flight, keep)
        return answer

    def _land(self, flight: Flight, keep: bool) -> None:
        question, answer, now = flight.question, flight.outcome, self._clock()
        with self._lock:
            self._outage.note(answer, flight.began, now)
            fresh = self._answers.items()
            self._answers = {q: a for q, a in fresh if self._is_fresh(a)}
            if question is not None and isinstance(answer, Answer):
                self._answers[question] = answer
                if keep:
                    self._last.keep(question, answer, now)
            self._flights.land(flight)


_instances: weakref.WeakSet[Cache] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    # The threads that asked are in the parent process; here they never finish.
    for cache in _instances:
        cache._clear_flights()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
