"""Rows, and what is read from them: texts to search, keys to sort by, names."""

from __future__ import annotations

import string
import typing as t
from collections.abc import Callable

import msgspec

from ..presence import ActiveUser

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

Row: t.TypeAlias = ActiveUser
#: Something by which rows are kept together: its kind, and the value.
Facet = tuple[str, str]


class Entry:
    """A row with its JSON, which is written when it is first asked for."""

    __slots__ = ("_json", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self._json: msgspec.Raw | None = None

    @property
    def json(self) -> msgspec.Raw:
        """The row as JSON."""
        if self._json is None:
            self._json = msgspec.Raw(msgspec.json.encode(self.row))
        return self._json


def fold_email(email: str) -> str:
    """Take the case from an e-mail address: of ASCII's letters alone.

    Folding more makes one person of two: ``ß`` and ``ss`` are two addresses.
    """
    return email.translate(_LOWER)


def search_text(row: Row) -> str:
    """Write down what a search looks through, but for the page; without case."""
    extra = (f"{key} {one}" for key, one in row.additional_tagging_data.items())
    names = (row.id, row.email, row.firstname, row.lastname, row.gender)
    parts = (*names, *row.labels, row.assigned_user, *extra, row.visitor_id)
    return " ".join(filter(None, parts)).casefold()


def page_text(row: Row) -> str:
    """Write down what a search looks through of the page that the user is on."""
    page = row.location
    return "" if page is None else f"{page.title} {page.path}".casefold()


def facets(row: Row | None) -> set[Facet]:
    """Find out by what a list can be narrowed down to this row."""
    if row is None:
        return set()
    found = {("label", label.casefold()) for label in row.labels}
    found.add(("assigned", (row.assigned_user or "").casefold()))
    if row.waiting_since is not None:
        found.add(("waiting", ""))
    if row.in_call is not None:
        found.add(("in call", ""))
    return found


def names(row: Row | None) -> set[Facet]:
    """Find out what the user is called in queries, but for the visitor's id."""
    if row is None:
        return set()
    found = {("id", row.id or ""), ("email", fold_email(row.email or ""))}
    return {(kind, name) for kind, name in found if name}


def rank(row: Row) -> tuple[bool, bool, str]:
    """Order several visitors of one user, the best last."""
    return row.verified, row.visible, row.last_seen or ""


#: Times are texts of one width, so they sort as texts.
SORT_KEYS: dict[str, Callable[[Row], str]] = {
    "name": lambda row: _name(row).casefold(),
    "email": lambda row: (row.email or "").casefold(),
    "since": lambda row: row.since or "",
    "lastSeen": lambda row: row.last_seen or "",
    "page": lambda row: row.location.path if row.location else "",
}


def _name(row: Row) -> str:
    return (
        " ".join(filter(None, (row.firstname, row.lastname)))
        or row.email
        or row.id
        or ""
    )
