"""Call events, delivered in the background, each call's in order, with retries."""

from __future__ import annotations

import collections
import json
import logging
import threading
import time
import typing as t
import uuid
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

import urllib3

from ..contract import tokens
from ..contract.api import SIGNATURE_HEADER
from ..contract.bucket import Buckets
from ..contract.bucket import Rate

logger: logging.Logger = logging.getLogger(__name__)

Event = Mapping[str, t.Any]
#: Seconds before each further attempt.
PAUSES = (0.5, 2.0, 8.0)
#: Events that may wait for a slow receiver, of all visitors and of one. Beyond that the
#: oldest one is dropped of whoever has most.
MOST_WAITING = 1000
MOST_OF_ONE = 30
#: Events that are posted at the same time.
POSTS_AT_ONCE = 4
#: Lines of the log about each kind of trouble.
LINES = Rate(0.1, 10)


class Events:
    """Delivers events in threads, which start when there are events for them.

    Those of one visitor are delivered one after the other. Visitors take turns, so that
    nobody holds up the others, or pushes their events out.

    :param deliver: delivers one event; may be slow.
    :param at_once: how many are delivered at the same time.
    """

    def __init__(
        self, deliver: Callable[[Event], None] | None, *, at_once: int = 1
    ) -> None:
        self._deliver = deliver
        self._at_once = at_once
        self._waiting = _Waiting()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._lines = Buckets(LINES)

    def put(self, event: Event) -> None:
        """Queue an event for delivery; never waits."""
        if self._deliver is None:
            return
        with self._changed:
            is_dropped = self._waiting.add({"id": str(uuid.uuid4()), **event})
            if len(self._threads) < min(self._at_once, self._waiting.visitors):
                self._start(self._deliver)
            self._changed.notify()
        if is_dropped and not self._lines.take("dropped", time.monotonic()):
            name = {"event": "chatvisor.event.dropped"}
            logger.error("A call event was dropped: too many wait.", extra=name)

    def stop(self, patience: float = 2.0) -> None:
        """Deliver the waiting events, for at most this many seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        until = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _start(self, deliver: Callable[[Event], None]) -> None:
        thread = threading.Thread(
            target=self._run, args=(deliver,), name="chatvisor-events", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _run(self, deliver: Callable[[Event], None]) -> None:
        while (event := self._next()) is not None:
            try:
                deliver(event)
            except Exception:  # the application's code must not stop later events
                name = {"event": "chatvisor.event.receiver-failed"}
                logger.exception("The receiver of a call event failed.", extra=name)
            with self._changed:
                self._waiting.done(event)
                self._changed.notify_all()

    def _next(self) -> Event | None:
        with self._changed:
            while (event := self._waiting.take()) is None:
                if self._stopping and not len(self._waiting):
                    return None
                self._changed.wait()
            return event


class _Waiting:
    """Events that wait, by visitor: a call belongs to one, so its events stay in order.

    :ivar visitors: how many visitors could have an event delivered now.
    """

    def __init__(self) -> None:
        self._events: dict[str, collections.deque[Event]] = {}
        #: Visitors with waiting events and none under way, the next one first.
        self._turns: collections.deque[str] = collections.deque()
        self._under_way: set[str] = set()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def visitors(self) -> int:
        return len(self._turns) + len(self._under_way)

    def add(self, event: Event) -> bool:
        """Add an event; return whether one had to be dropped for it."""
        visitor = _visitor(event)
        events = self._events.setdefault(visitor, collections.deque())
        if not events and visitor not in self._under_way:
            self._turns.append(visitor)
        if (useless := _useless(events, event)) is not None:
            events.remove(useless)
            self._count -= 1
        events.append(event)
        self._count += 1
        if len(events) <= MOST_OF_ONE and self._count <= MOST_WAITING:
            return False
        if len(events) <= MOST_OF_ONE:
            visitor = max(self._events, key=lambda one: len(self._events[one]))
        self._drop_oldest(visitor)
        return True

    def take(self) -> Event | None:
        """Take the oldest event of the visitor whose turn it is."""
        if not self._turns:
            return None
        visitor = self._turns.popleft()
        self._under_way.add(visitor)
        self._count -= 1
        return self._events[visitor].popleft()

    def done(self, event: Event) -> None:
        """Note that a taken event was delivered, or given up."""
        visitor = _visitor(event)
        self._under_way.discard(visitor)
        if self._events[visitor]:
            self._turns.append(visitor)
        else:
            del self._events[visitor]

    def _drop_oldest(self, visitor: str) -> None:
        self._events[visitor].popleft()
        self._count -= 1
        if not self._events[visitor] and visitor not in self._under_way:
            self._turns.remove(visitor)
            del self._events[visitor]


def _visitor(event: Event) -> str:
    return str(event.get("visitorId", ""))


def _useless(waiting: Iterable[Event], event: Event) -> Event | None:
    """Find the request of a call that has ended meanwhile without any agent."""
    if event.get("type") != "call.ended" or event.get("agent") is not None:
        return None
    about = ("call.requested", event.get("callId"))
    return next((e for e in waiting if (e.get("type"), e.get("callId")) == about), None)


class Poster:
    """Posts signed events to a URL.

    :param pauses: seconds before each further attempt.
    """

    def __init__(
        self,
        url: str,
        api_token: str,
        *,
        pauses: tuple[float, ...] = PAUSES,
        timeout: float = 10,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._api_token = api_token
        self._pauses = pauses
        self._pool = urllib3.PoolManager(
            timeout=timeout, retries=False, maxsize=POSTS_AT_ONCE
        )
        self._lines = Buckets(LINES)
        self._clock = clock
        self._sleep = sleep

    def __call__(self, event: Event) -> None:
        """Post an event; after the last retry, log it and give up."""
        body = json.dumps(event).encode()
        for pause in (*self._pauses, None):
            problem, again = self._attempt(body)
            if not problem:
                return
            if pause is None or not again:
                break
            self._sleep(pause)
        if not self._lines.take("undelivered", time.monotonic()):
            name = {"event": "chatvisor.event.undelivered"}
            logger.error("A call event was not delivered: %r.", problem, extra=name)

    def _attempt(self, body: bytes) -> tuple[str, bool]:
        """Try once; return what went wrong, and whether to try again."""
        # Signed for each attempt, because a signature expires after five minutes.
        signature = tokens.sign_event(body, self._api_token, now=self._clock())
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
        try:
            answer = self._pool.request(
                "POST", self._url, body=body, headers=headers, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            return f"{type(error).__name__}: {error}", True
        if 200 <= answer.status < 300:
            return "", False
        return f"status {answer.status}", answer.status == 429 or answer.status >= 500
