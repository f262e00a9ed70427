"""Revokes agents in the background, so that no request waits for the service."""

from __future__ import annotations

import logging
import os
import threading
import weakref

from ..errors import ServiceError
from .client import Client

#: Revocations that may wait for a slow service.
MOST_WAITING = 1000

logger: logging.Logger = logging.getLogger(__name__)


class Revocations:
    """Revokes agents in a thread that lives as long as it has work.

    Does nothing if the service's API has no operation for it, like the cloud's.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._start_anew()
        _instances.add(self)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        # A dict, so that each revocation waits once, in order.
        self._waiting: dict[tuple[str, str | None], None] = {}
        self._works = False

    def soon(self, email: str, visitor_id: str | None = None) -> None:
        """Revoke an agent, altogether or for one visitor; never waits or raises."""
        if not self._client.can("revoke"):
            return
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                return _complain(email, "too many others wait")
            self._waiting[email, visitor_id] = None
            if self._works:
                return
            self._works = True
        threading.Thread(
            target=self._work, name="chatvisor-revoke", daemon=True
        ).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._works = False
                    return
                email, visitor_id = next(iter(self._waiting))
                del self._waiting[email, visitor_id]
            try:
                self._client.revoke(email, visitor_id)
            except Exception as error:  # the thread must go on with the next one
                expected = isinstance(error, ServiceError)
                _complain(email, str(error), traceback=not expected)


def _complain(email: str, why: str, *, traceback: bool = False) -> None:
    event = {"event": "chatvisor.agent.not-revoked"}
    logger.error(
        "Calls of %r may go on: %r", email, why, exc_info=traceback, extra=event
    )


_instances: weakref.WeakSet[Revocations] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    # The thread is in the parent process, which does what waits there.
    for revocations in _instances:
        revocations._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
