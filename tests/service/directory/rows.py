"""Rows for the tests, and a directory that looks at each of them each time."""

from __future__ import annotations

import typing as t

import msgspec

from flask_chatvisor.contract import matching
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.tag import clean_tag
from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.contract.users import UserRow

_TIMES = ("since", "last_seen", "waiting_since")
_OTHERS = {"verified", "visible", "location", "in_call", *_TIMES}


def make_row(visitor_id: str, **fields: t.Any) -> UserRow:
    """Make a row: tag fields by their JSON names, times in epoch seconds."""
    tag = clean_tag({key: one for key, one in fields.items() if key not in _OTHERS})
    rest = {key: one for key, one in fields.items() if key in _OTHERS}
    values = {"since": 0.0, "last_seen": 0.0, "visible": False} | rest
    values |= {k: timestamp(values[k]) for k in _TIMES if values.get(k) is not None}
    return UserRow(visitor_id=visitor_id, **msgspec.structs.asdict(tag), **values)


class PlainDirectory:
    """Filters and sorts all rows for each list: the index must give the same."""

    def __init__(self) -> None:
        self.users: dict[str, UserRow] = {}
        self._texts: dict[str, str] = {}

    def put(self, row: UserRow) -> None:
        self.users[row.visitor_id] = row
        self._texts[row.visitor_id] = matching.search_text(row)

    def drop(self, visitor_id: str) -> None:
        self.users.pop(visitor_id, None)

    def named(self, queries: t.Iterable[str]) -> list[UserRow]:
        asked = list(queries)
        return [
            user
            for user in self.users.values()
            if any(matching.is_meant(query, user) for query in asked)
        ]

    def select(self, selection: Selection) -> tuple[int, list[UserRow]]:
        users = self.users.values()
        return matching.select(users, selection, text=self._text)

    def _text(self, row: UserRow) -> str:
        return self._texts[row.visitor_id]
