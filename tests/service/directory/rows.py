"""Rows for the tests, and a directory that looks at each of them each time."""

from __future__ import annotations

import typing as t
from operator import itemgetter

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
        self.users: dict[str, _User] = {}

    def put(self, row: Row) -> None:
        self.users[row.visitor_id] = _User(row)

    def drop(self, visitor_id: str) -> None:
        self.users.pop(visitor_id, None)

    def named(self, queries: t.Iterable[str]) -> list[Row]:
        return [user.row for user in self._named(queries)]

    def select(self, selection: Selection) -> tuple[int, list[Row]]:
        asked, sort = selection.queries, selection.sort
        users = self._named(asked) if asked else list(self.users.values())
        users = _matching(users, selection)
        users.sort(key=lambda user: user.row.visitor_id)
        key = itemgetter(sort.removeprefix("-"))
        users.sort(key=lambda user: key(user.keys), reverse=sort.startswith("-"))
        users.sort(key=lambda user: user.row.waiting_since or "without end")
        start = (selection.page - 1) * selection.page_size
        page = users[start : start + selection.page_size]
        return len(users), [user.row for user in page]

    def _named(self, queries: t.Iterable[str]) -> list[_User]:
        meant = (user for query in queries for user in self._meant(query))
        return list({user.row.visitor_id: user for user in meant}.values())

    def _meant(self, query: str) -> list[_User]:
        if query in self.users:
            return [self.users[query]]
        users = [user for user in self.users.values() if query]
        email = fold_email(query)
        by_id = [user for user in users if user.row.id == query]
        by_email = [user for user in users if fold_email(user.row.email) == email]
        return (by_email or by_id) if "@" in query else (by_id or by_email)


class _User:
    """A row with what is searched and sorted by, worked out once."""

    __slots__ = ("keys", "row", "text")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.keys = {sort: key(row) for sort, key in SORT_KEYS.items()}
        extra = [f"{key} {one}" for key, one in row.additional_tagging_data.items()]
        texts = [row.id, row.email, row.firstname, row.lastname, row.gender]
        texts += [*row.labels, row.assigned_user, *extra, row.visitor_id]
        if row.location is not None:
            texts += [row.location.title, row.location.path]
        self.text = "\n".join(texts).casefold()


def _matching(users: list[_User], selection: Selection) -> list[_User]:
    for word in selection.q.casefold().split():
        users = [user for user in users if word in user.text]
    if label := selection.label.strip().casefold():
        users = [u for u in users if label in map(str.casefold, u.row.labels)]
    if assigned := selection.assigned.strip().casefold():
        wanted = "" if assigned == "none" else assigned
        users = [user for user in users if user.row.assigned_user.casefold() == wanted]
    if selection.waiting:
        users = [u for u in users if u.row.waiting_since and u.row.in_call is None]
    if selection.in_call:
        users = [user for user in users if user.row.in_call is not None]
    return users
