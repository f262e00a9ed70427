"""Small numbers for bitmaps."""

from __future__ import annotations


class Numbers:
    """Allocates and frees numbers; those in use stay close together."""

    def __init__(self) -> None:
        self._next = 0
        self._free: list[int] = []

    def take(self) -> int:
        """Allocate a free number."""
        if self._free:
            return self._free.pop()
        self._next += 1
        return self._next - 1

    def give_back(self, number: int) -> None:
        """Free a number."""
        self._free.append(number)
