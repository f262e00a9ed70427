"""Rows, with their search texts, sort keys and names."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from operator import attrgetter

import msgspec

from ...contract.matching import fold_email
from ...contract.tag import subject_of
from ...contract.users import UserRow
from ...contract.users import name_of

#: A property that groups rows: its kind and its value.
Facet = tuple[str, str]


class Entry:
    """A row with its JSON, which is encoded on first use.

    :ivar text: what a search looks through, but for the page.
    """

    __slots__ = ("_json", "row", "text")

    def __init__(self, row: UserRow, text: str) -> None:
        self.row: UserRow = row
        self.text: str = text
        self._json: msgspec.Raw | None = None

    @property
    def json(self) -> msgspec.Raw:
        """The row as JSON."""
        if self._json is None:
            self._json = msgspec.Raw(msgspec.json.encode(self.row))
        return self._json


def facets(row: UserRow | None) -> set[Facet]:
    """Return the facets by which lists can filter this row."""
    if row is None:
        return set()
    found = {("label", label.casefold()) for label in row.labels}
    found.add(("assigned", fold_email(row.assigned_user or "")))
    if row.waiting_since is not None:
        found.add(("waiting", ""))
    if row.in_call is not None:
        found.add(("in call", ""))
    return found


def names(row: UserRow | None) -> set[Facet]:
    """Return the user's names in queries, except the visitor's id."""
    if row is None:
        return set()
    found = {("id", row.id or ""), ("email", fold_email(row.email or ""))}
    found.add(("subject", subject(row)))
    return {(kind, name) for kind, name in found if name}


def subject(row: UserRow) -> str:
    """Return who a verified row is about; an empty text for any other row."""
    return subject_of(row.id or "", row.email or "") if row.verified else ""


#: Times are fixed-width texts, so they sort as texts.
SORT_KEYS: dict[str, Callable[[UserRow], str]] = {
    "name": lambda row: name_of(row).casefold(),
    "email": lambda row: (row.email or "").casefold(),
    "since": lambda row: row.since or "",
    "lastSeen": lambda row: row.last_seen or "",
    "page": lambda row: row.location.path if row.location else "",
}
#: What changes while a user goes from page to page, and what does not.
MOVING_SORTS: tuple[str, ...] = ("lastSeen", "page")
steady: Callable[[UserRow], tuple[t.Any, ...]] = attrgetter(
    *("id", "email", "firstname", "lastname", "gender", "labels", "assigned_user"),
    *("additional_tagging_data", "verified", "since", "waiting_since", "in_call"),
)
