"""Users by number, found by words in their tag or their page."""

from __future__ import annotations

from pyroaring import BitMap

from ...contract.matching import words
from .numbers import Numbers
from .texts import Texts

#: A word is remembered if finding it took looking at more texts than this.
MANY = 1000
#: Maximum remembered words; the least recently used ones are dropped.
REMEMBERED = 32


class Search:
    """Finds exactly the users with a word in the text of their tag or their page.

    Users are on few different pages. Each page is a separate text that knows its users,
    so that moving to another page is cheap.

    Results that took looking at many texts are remembered and kept up to date, because
    agents' pages request the same words again and again.
    """

    def __init__(self) -> None:
        self._tags = Texts()
        self._pages = Texts()
        self._numbers = Numbers()
        self._page_of: dict[int, str] = {}
        self._page_number: dict[str, int] = {}
        self._users_on: dict[int, BitMap] = {}
        self._remembered: dict[str, BitMap] = {}

    def put(self, user: int, tag: str, page: str) -> None:
        """Add a user, or replace the tag and page of one.

        :param tag: the text of the tag, case-folded.
        :param page: the text of the page, likewise.
        """
        self._tags.put(user, tag)
        if page != self._page_of.get(user):
            self._leave(user)
            self._enter(user, page)
        for word, users in self._remembered.items():
            if word in tag or word in page:
                users.add(user)
            else:
                users.discard(user)

    def drop(self, user: int) -> None:
        """Remove a user. Remembered words keep the number until it is reused."""
        self._tags.drop(user)
        self._leave(user)

    def narrow(self, text: str, among: BitMap) -> BitMap:
        """Find those of the given users that have all words of a text."""
        for word in sorted(words(text), key=self._tags.most):
            if among:
                among = among & self._having(word, among)
        return among

    def _having(self, word: str, among: BitMap) -> BitMap:
        """Find users that have a word: all of the given ones, and maybe others."""
        if (remembered := self._recall(word)) is not None:
            return remembered
        users, pages = self._tags.candidates(word), self._pages.candidates(word)
        few = users & among
        if len(few) + len(pages) <= MANY:
            return self._confirmed(word, few, pages)
        found = self._confirmed(word, users, pages)
        self._remember(word, found)
        return found

    def _confirmed(self, word: str, users: BitMap, pages: BitMap) -> BitMap:
        by_tag = self._tags.confirmed(word, users)
        by_page = [self._users_on[one] for one in self._pages.confirmed(word, pages)]
        return BitMap.union(by_tag, *by_page)

    def _recall(self, word: str) -> BitMap | None:
        users = self._remembered.pop(word, None)
        if users is not None:
            self._remembered[word] = users  # now the most recently used
        return users

    def _remember(self, word: str, users: BitMap) -> None:
        self._remembered[word] = users
        if len(self._remembered) > REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    def _enter(self, user: int, page: str) -> None:
        number = self._page_number.get(page)
        if number is None:
            number = self._page_number[page] = self._numbers.take()
            self._pages.put(number, page)
            self._users_on[number] = BitMap()
        self._users_on[number].add(user)
        self._page_of[user] = page

    def _leave(self, user: int) -> None:
        page = self._page_of.pop(user, None)
        if page is None:
            return
        number = self._page_number[page]
        self._users_on[number].discard(user)
        if not self._users_on[number]:
            del self._users_on[number], self._page_number[page]
            self._pages.drop(number)
            self._numbers.give_back(number)
