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

from ..errors import ServiceError
from .flights import Answer
from .flights import Flight
from .flights import Flights
from .outage import LastGood
from .outage import Outage

#: Seconds after which a request is overdue, and nobody else waits for it.
PATIENCE = 5.0


class Cache:
    """Asks the service, or answers in its place.

    :param seconds: how old an answer may be.
    :param clock: seconds that only ever grow.
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

        It is asked once at a time also for different ticks: who needs a newer answer
        than the one that is on its way asks next.

        :param load: asks the service.
        :param tick: an answer that was fetched for an earlier one will not do, as long
            as the service is there.
        :param keep: whether the answer is better than none once it is old.
        :raises ServiceError: if there is none, or none but an old one.
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
        """Ask what is to be answered anew each time, unless the service is down.

        :raises ServiceError: as ``load`` does; at once while nobody is to ask.
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
    # The threads that asked are the parent's: here nobody would ever hear of them.
    for cache in _instances:
        cache._clear_flights()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
