"""Texts by number, found by parts of words."""

from __future__ import annotations

from collections.abc import Iterable

from pyroaring import BitMap

#: Length of the indexed parts, in characters.
SIZE = 3
_NONE = BitMap()


class Texts:
    """An index from every three consecutive characters to the texts that have them.

    A longer word can only be in texts with all of its parts; these are its candidates.
    Only the text itself shows whether the parts are in the word's order.
    """

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._having: dict[str, BitMap] = {}

    def put(self, number: int, text: str) -> None:
        """Add a text, or replace the one with this number."""
        old = self._texts.get(number)
        if old == text:
            return
        before, after = _parts(old), _parts(text)
        self._texts[number] = text
        self._remove(number, before - after)
        for part in after - before:
            if (having := self._having.get(part)) is None:
                having = self._having[part] = BitMap()
            having.add(number)

    def drop(self, number: int) -> None:
        """Remove a text."""
        self._remove(number, _parts(self._texts.pop(number)))

    def most(self, word: str) -> int:
        """Return a cheap upper bound for the number of texts with a word."""
        found = [len(self._having.get(part, _NONE)) for part in _cut(word)]
        return min(found, default=len(self._texts))

    def candidates(self, word: str) -> BitMap:
        """Find all texts that may contain a word, and a few others."""
        parts = _cut(word)
        if not parts and len(self._texts) < len(self._having):
            return BitMap([one for one, text in self._texts.items() if word in text])
        if not parts:
            # Texts are padded, so that each character of a word is in some part.
            return _union(one for part, one in self._having.items() if word in part)
        # The rarest first, so that the rest is small from then on.
        having = sorted((self._having.get(part, _NONE) for part in parts), key=len)
        return BitMap.intersection(*having)

    def confirmed(self, word: str, candidates: BitMap) -> BitMap:
        """Keep only the candidates that contain the word."""
        if len(word) <= SIZE:
            return candidates
        texts = self._texts
        return BitMap([one for one in candidates if word in texts[one]])

    def _remove(self, number: int, parts: Iterable[str]) -> None:
        for part in parts:
            having = self._having[part]
            having.discard(number)
            if not having:
                del self._having[part]


def _parts(text: str | None) -> set[str]:
    return set() if text is None else set(_cut(f"\n{text}\n"))


def _cut(text: str) -> list[str]:
    return [text[i : i + SIZE] for i in range(len(text) - SIZE + 1)]


def _union(bitmaps: Iterable[BitMap]) -> BitMap:
    return BitMap.union(_NONE, *bitmaps)
