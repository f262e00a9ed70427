"""Splits requests that do not fit into one answer or one URL."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from urllib.parse import urlencode

from ..contract.api import MAX_PAGE_SIZE
from ..contract.api import MAX_QUERIES
from ..contract.matching import Selection
from ..contract.users import ActiveUser
from ..rest.client import Client

#: Characters of a query string that every server and proxy accepts.
LONGEST_ADDRESS = 3500


def load_all(client: Client, selection: Selection) -> tuple[ActiveUser, ...]:
    """Load a whole list, page by page; each visitor once."""
    found: dict[str, ActiveUser] = {}
    page = 1
    while True:
        answer = client.active_users(
            selection._replace(page=page, page_size=MAX_PAGE_SIZE)
        )
        before = len(found)
        found |= {user.visitor_id: user for user in answer.results}
        # A page without new users ends the list, whatever the total says.
        if len(found) >= answer.total or len(found) == before:
            return tuple(found.values())
        page += 1


def batched(queries: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Split into batches that fit into a URL, like source-application.js."""
    some: list[str] = []
    room = LONGEST_ADDRESS
    for query in queries:
        length = len(urlencode({"query": query})) + 1
        if some and (length > room or len(some) == MAX_QUERIES):
            yield tuple(some)
            some, room = [], LONGEST_ADDRESS
        some.append(query)
        room -= length
    if some:
        yield tuple(some)
