"""Call events, delivered in the background and in order, with a few retries."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import typing as t
import uuid
from collections.abc import Callable
from collections.abc import Mapping

import urllib3

from ..contract import tokens
from ..contract.api import SIGNATURE_HEADER

logger: logging.Logger = logging.getLogger(__name__)

Event = Mapping[str, t.Any]
#: Seconds before each further attempt.
PAUSES = (0.5, 2.0, 8.0)
#: Events that may wait for a slow receiver; further ones are dropped.
MOST_WAITING = 1000


class Events:
    """Delivers events in a separate thread, which starts with the first event.

    :param deliver: delivers one event; may be slow.
    """

    def __init__(self, deliver: Callable[[Event], None] | None) -> None:
        self._deliver = deliver
        self._queue: queue.Queue[Event | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def put(self, event: Event) -> None:
        """Queue an event for delivery; never waits."""
        if self._deliver is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run,
                args=(self._deliver,),
                name="chatvisor-events",
                daemon=True,
            )
            self._thread.start()
        try:
            self._queue.put_nowait({"id": str(uuid.uuid4()), **event})
        except queue.Full:
            name = {"event": "chatvisor.event.dropped"}
            logger.error(
                "A call event was dropped: %d are waiting.", MOST_WAITING, extra=name
            )

    def stop(self, patience: float = 2.0) -> None:
        """Deliver the waiting events, for at most this many seconds."""
        if self._thread is None:
            return
        try:
            self._queue.put(None, timeout=patience)
        except queue.Full:
            return
        self._thread.join(patience)

    def _run(self, deliver: Callable[[Event], None]) -> None:
        while (event := self._queue.get()) is not None:
            try:
                deliver(event)
            except Exception:  # the application's code must not stop later events
                name = {"event": "chatvisor.event.receiver-failed"}
                logger.exception("The receiver of a call event failed.", extra=name)


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
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)
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
        name = {"event": "chatvisor.event.undelivered"}
        logger.error("A call event was not delivered: %s.", problem, extra=name)

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
