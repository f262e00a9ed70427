"""Rows for the tests, and a directory that looks at each of them each time."""

from __future__ import annotations

import typing as t

from flask_chatvisor.service.directory.rows import SORT_KEYS
from flask_chatvisor.service.directory.rows import Row
from flask_chatvisor.service.directory.rows import fold_email
from flask_chatvisor.service.presence import Visitor
from flask_chatvisor.service.presence import active_user
from flask_chatvisor.service.presence import clean_tag
from flask_chatvisor.service.store import Selection

_VISITOR_FIELDS = {"verified", "visible", "location", "since", "last_seen"}
_VISITOR_FIELDS |= {"waiting_since", "in_call"}


def make_row(visitor_id: str, **fields: t.Any) -> Row:
    """Make a row: tag fields by their JSON names, others as a visitor has them."""
    tag = {key: one for key, one in fields.items() if key not in _VISITOR_FIELDS}
    rest = {key: one for key, one in fields.items() if key in _VISITOR_FIELDS}
    values: dict[str, t.Any] = {"id": visitor_id, "since": 0.0, "last_seen": 0.0} | rest
    return active_user(Visitor(**values, tag=clean_tag(tag)))


class PlainDirectory:
    """Filters and sorts all rows for each list: the index must tell the same."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def put(self, row: Row) -> None:
        self.rows[row.visitor_id] = row

    def drop(self, visitor_id: str) -> None:
        self.rows.pop(visitor_id, None)

    def named(self, queries: t.Iterable[str]) -> list[Row]:
        named = {one.visitor_id: one for query in queries for one in self._meant(query)}
        return list(named.values())

    def _meant(self, query: str) -> list[Row]:
        if query in self.rows:
            return [self.rows[query]]
        rows = [row for row in self.rows.values() if query]
        by_id = [row for row in rows if row.id == query]
        by_email = [r for r in rows if fold_email(r.email) == fold_email(query)]
        return (by_email or by_id) if "@" in query else (by_id or by_email)

    def select(self, selection: Selection) -> tuple[int, list[Row]]:
        asked = selection.queries
        rows = self.named(asked) if asked else list(self.rows.values())
        rows = _matching(rows, selection)
        rows.sort(key=lambda row: row.visitor_id)
        sort = selection.sort
        rows.sort(key=SORT_KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))
        rows.sort(key=lambda row: (row.waiting_since is None, row.waiting_since or ""))
        start = (selection.page - 1) * selection.page_size
        return len(rows), rows[start : start + selection.page_size]


def _matching(rows: list[Row], selection: Selection) -> list[Row]:
    for word in selection.q.casefold().split():
        rows = [row for row in rows if _has(row, word)]
    if label := selection.label.strip().casefold():
        rows = [r for r in rows if label in (one.casefold() for one in r.labels)]
    if assigned := selection.assigned.strip().casefold():
        wanted = "" if assigned == "none" else assigned
        rows = [row for row in rows if row.assigned_user.casefold() == wanted]
    if selection.waiting:
        rows = [row for row in rows if row.waiting_since and row.in_call is None]
    if selection.in_call:
        rows = [row for row in rows if row.in_call is not None]
    return rows


def _has(row: Row, word: str) -> bool:
    extra = [f"{key} {one}" for key, one in row.additional_tagging_data.items()]
    texts = [row.id, row.email, row.firstname, row.lastname, row.gender, *row.labels]
    texts += [row.assigned_user, *extra, row.visitor_id]
    if row.location is not None:
        texts += [row.location.title, row.location.path]
    return any(word in text.casefold() for text in texts)
