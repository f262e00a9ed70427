"""Reads decoded JSON, strict about types and tolerant of what is missing."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from ..errors import BadAnswer
from ..errors import say

_T = t.TypeVar("_T")


class Reader:
    """Takes typed values out of a JSON object.

    :param what: what the object is, for the message of an error.
    """

    def __init__(self, data: t.Any, what: str) -> None:
        if not isinstance(data, Mapping):
            raise _wrong(what, "an object", data)
        self._data = data
        self._what = what

    def of(self, key: str, kind: type[_T], name: str) -> _T | None:
        """Take a value of one type, or ``None``.

        A bool is not a number here, though it is one to Python.
        """
        value = self._data.get(key)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise _wrong(f"{self._what}.{key}", name, value)
        return value

    def text(self, key: str) -> str | None:
        """Take a string; an empty one says as little as none.

        The vendor's own examples also have numbers for ids.
        """
        value = self._data.get(key)
        if key == "id" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.of(key, str, "a string") or None

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of strings."""
        values = self.of(key, list, "a list of strings") or []
        for value in values:
            if not isinstance(value, str):
                raise _wrong(f"{self._what}.{key}", "a list of strings", value)
        return tuple(values)

    def mapping(self, key: str) -> dict[str, t.Any]:
        """Take an object as it is."""
        return dict(self.of(key, dict, "an object") or {})

    def each(self, key: str, read: Callable[[t.Any], _T]) -> tuple[_T, ...]:
        """Read a list of objects; empty if it is missing."""
        return tuple(read(one) for one in self.of(key, list, "a list") or ())

    def flag(self, key: str, *, default: bool) -> bool:
        """Take a truth value."""
        value = self.of(key, bool, "true or false")
        return default if value is None else value

    def count(self, key: str, default: int) -> int:
        """Take a whole number that is not negative."""
        value = self.of(key, int, "a whole number")
        if value is not None and value < 0:
            raise _wrong(f"{self._what}.{key}", "a whole number", value)
        return default if value is None else value

    def time(self, key: str) -> dt.datetime | None:
        """Take an RFC 3339 timestamp."""
        text = self.of(key, str, "a timestamp")
        if text is None:
            return None
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            raise _wrong(f"{self._what}.{key}", "a timestamp", text) from None
        if moment.tzinfo is None:
            raise _wrong(f"{self._what}.{key}", "a timestamp with a zone", text)
        return moment.astimezone(dt.UTC)

    def nested(self, key: str, read: Callable[[t.Any], _T]) -> _T | None:
        """Take a nested object, or ``None``."""
        value = self._data.get(key)
        return None if value is None else read(value)


def _wrong(where: str, wanted: str, value: t.Any) -> BadAnswer:
    # The value itself may be personal data, so only its type is told.
    found = type(value).__name__
    return BadAnswer(
        say("In the service's answer %(where)s is %(found)s, not %(wanted)s."),
        where=where,
        found=found,
        wanted=wanted,
    )
