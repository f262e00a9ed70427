"""Open files: how many a process may have, and how many connections fit."""

from __future__ import annotations

import dataclasses

from ..settings import Limits

#: Enough for millions of messages; systems without a limit need one.
MOST = 2**20
#: Files for all that is no counted connection: the process's own, those that were
#: accepted and not counted yet, and those that are being refused.
RESERVE = 128


def file_limit() -> int | None:
    """Return how many files this process may open; ``None`` if nobody knows."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(soft, MOST)


def raise_file_limit() -> int | None:
    """Let this process open as many files as it may; return the limit as above."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            pass  # some systems have a lower limit that they do not tell
    return file_limit()


def fit(limits: Limits, files: int | None) -> Limits:
    """Lower the limits of connections to what so many open files allow.

    No address gets more than half of it.
    """
    if files is None:
        return limits
    everybody = min(limits.all_connections, max(files - RESERVE, files // 2))
    return dataclasses.replace(
        limits,
        all_connections=everybody,
        open_connections=min(limits.open_connections, everybody // 2),
    )
