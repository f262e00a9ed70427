"""Small numbers, which bitmaps can hold."""

from __future__ import annotations


class Numbers:
    """Gives numbers out and takes them back: those in use stay close together."""

    def __init__(self) -> None:
        self._next = 0
        self._free: list[int] = []

    def take(self) -> int:
        """Give a number out that is not in use."""
        if self._free:
            return self._free.pop()
        self._next += 1
        return self._next - 1

    def give_back(self, number: int) -> None:
        """Take back a number that is no longer in use."""
        self._free.append(number)
