"""Spares a service that is down, and knows what it answered last."""

from __future__ import annotations

from collections.abc import Hashable

from ..errors import RateLimited
from ..errors import ServiceError
from ..errors import ServiceTimeout
from ..errors import ServiceUnavailable
from .flights import Answer

#: Seconds for which an answer may be shown while there is no newer one.
STALE = 60.0
#: How many of those are kept.
MOST_STALE = 64

#: The service is down. All other errors are about the question, or the configuration.
DOWN = (ServiceUnavailable, ServiceTimeout, RateLimited)


class LastGood:
    """The last answers, for while there are no newer ones."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, Answer] = {}

    def keep(self, question: Hashable, answer: Answer, now: float) -> None:
        """Keep an answer, and forget those that are too old or too many."""
        others = [
            (key, one)
            for key, one in self._answers.items()
            if key != question and one.is_younger(STALE, now)
        ]
        self._answers = {**dict(others[1 - MOST_STALE :]), question: answer}

    def find(
        self, question: Hashable, trouble: ServiceError, now: float
    ) -> Answer | None:
        """Find what was known last, if that is better than the error."""
        answer = self._answers.get(question)
        if answer is None or not isinstance(trouble, DOWN):
            return None
        if not answer.is_younger(STALE, now):
            return None
        return answer._replace(trouble=trouble)


class Outage:
    """A service that is left alone for a while, after it took long to fail.

    :param patience: seconds after which a failure is a slow one.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._error: ServiceError | None = None
        self._since = 0.0
        self._pause = 0.0

    def note(self, outcome: object, began: float, now: float) -> None:
        """Note what came of a request: an outage begins, or is over."""
        self._error = None
        if not isinstance(outcome, DOWN):
            return
        took = now - began
        # So that a thread waits for it half of the time at most.
        pause = took if took >= self._patience else 0.0
        pause = min(STALE, max(pause, outcome.retry_after or 0.0))
        if pause:
            self._error, self._since, self._pause = outcome, now, pause

    def error(self, now: float, *, probing: bool) -> ServiceError | None:
        """Say why the service is better left alone; ``None`` if it is to be asked."""
        # The first one afterwards finds out, for all others.
        lasts = probing or 0 <= now - self._since < self._pause
        return self._error if lasts else None
