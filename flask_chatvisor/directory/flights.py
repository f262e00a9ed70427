"""Asks each question once at a time, however many threads want to know."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable
from collections.abc import Hashable

from ..errors import ServiceError
from ..errors import ServiceTimeout
from ..errors import say


class Answer(t.NamedTuple):
    """What the service answered.

    :ivar asked_at: by the cache's clock; no change before then is missing.
    :ivar tick: for which it was fetched.
    :ivar trouble: why there is no newer answer, if this one is old.
    """

    value: t.Any
    asked_at: float
    tick: int | None = None
    trouble: ServiceError | None = None

    def is_younger(self, seconds: float, now: float) -> bool:
        """Tell whether it is of the last so many seconds."""
        return 0 <= now - self.asked_at < seconds

    def will_do(self, tick: int | None) -> bool:
        """Tell whether it is new enough for a tick."""
        return tick is None or (self.tick is not None and self.tick >= tick)


class Flight:
    """A question that the service is being asked, and what comes of it.

    :ivar question: ``None`` if nobody else is to wait for the answer.
    """

    def __init__(self, question: Hashable | None, began: float) -> None:
        self.question = question
        self.began = began
        self.done: threading.Event = threading.Event()
        #: ``None`` if the thread that asked broke down.
        self.outcome: Answer | ServiceError | None = None


class Flights:
    """All questions that are being asked. The caller holds a lock, but to wait.

    :param patience: seconds after which a request is overdue.
    """

    def __init__(self, clock: Callable[[], float], patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._under_way: set[Flight] = set()

    def __bool__(self) -> bool:
        return bool(self._under_way)

    def find(self, question: Hashable) -> Flight | None:
        """Find who asks this already."""
        return next((one for one in self._under_way if one.question == question), None)

    def start(self, question: Hashable | None = None) -> Flight:
        """Note that the caller asks this now."""
        flight = Flight(question, self._clock())
        self._under_way.add(flight)
        return flight

    def land(self, flight: Flight) -> None:
        """Give what came of it to those who wait."""
        self._under_way.remove(flight)
        flight.done.set()

    def overdue(self) -> ServiceTimeout | None:
        """Find out whether a request hangs."""
        now = self._clock()
        hangs = any(now - one.began >= self._patience for one in self._under_way)
        return self._too_slow() if hangs else None

    def wait(self, flight: Flight) -> Answer | None:
        """Wait for another thread's answer.

        :return: ``None`` if that thread broke down.
        :raises ServiceError: what that thread got, or that it takes too long.
        """
        left = flight.began + self._patience - self._clock()
        if not flight.done.wait(min(self._patience, max(0.0, left))):
            raise self._too_slow()
        if isinstance(flight.outcome, ServiceError):
            raise flight.outcome
        return flight.outcome

    def _too_slow(self) -> ServiceTimeout:
        waited = say("The service has not answered for %(seconds)s seconds.")
        return ServiceTimeout(waited, seconds=f"{self._patience:g}")
