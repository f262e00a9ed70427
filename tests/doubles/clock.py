"""A clock that a test moves."""

from __future__ import annotations

NOON = 1_763_812_800.0


class Clock:
    """Stands still until it is moved.

    :ivar set_by: by how much somebody has set what it shows.
    """

    def __init__(self, now: float = NOON) -> None:
        self.now = now
        self.set_by = 0.0

    def __call__(self) -> float:
        return self.now
