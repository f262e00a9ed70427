"""Times on the wire: RFC 3339 in UTC with milliseconds; internally, epoch seconds."""

from __future__ import annotations

import datetime as dt


def timestamp(seconds: float) -> str:
    """Write epoch seconds, like ``2026-11-22T21:45:04.123Z``."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
