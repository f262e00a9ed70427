"""Which active users are wanted, who is meant by a query, and what comes first.

Works on whatever has an active user's attributes: what the extension reads, whose times
are datetimes, and what the service writes, whose times are text of one width.
"""

from __future__ import annotations

import string
import typing as t
from collections.abc import Callable
from collections.abc import Iterable

from .users import name_of

#: What a list can be sorted by; ``-`` in front means descending.
SORTS = ("name", "email", "since", "lastSeen", "page")

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_U = t.TypeVar("_U")


class Selection(t.NamedTuple):
    """Which active users are wanted; fields as in the REST API.

    :ivar queries: only those whom one of these names: ids, e-mails or visitorIds.
    :ivar q: words that must all be found in the user's fields or page.
    :ivar label: one of the user's labels.
    :ivar assigned: an agent's e-mail, or ``none``.
    :ivar waiting: only those who wait for an agent.
    :ivar in_call: only those whom an agent calls or has a call with.
    :ivar sort: one of :data:`SORTS`, with ``-`` in front for descending.
    :ivar page: counts from 1.
    """

    queries: tuple[str, ...] = ()
    q: str = ""
    label: str = ""
    assigned: str = ""
    waiting: bool = False
    in_call: bool = False
    sort: str = "name"
    page: int = 1
    page_size: int = 50


# --- who is meant ---------------------------------------------------------------


def fold_email(email: str) -> str:
    """Take the case from an e-mail address: of ASCII's letters alone.

    Whoever folds more makes one of two people: ``ß`` and ``ss`` are two addresses.
    """
    return email.lower() if email.isascii() else email.translate(_LOWER)


def is_meant(query: str, user: t.Any) -> bool:
    """Tell whether a query names this user, in whatever way."""
    return _meaning(query, user) > 0


def meant(query: str, users: Iterable[_U]) -> _U | None:
    """Find whom a query means: by visitorId, else by e-mail or id.

    With an ``@`` it is an e-mail address before it is an id, else the other way round.
    Who is meant in the lesser way counts only if nobody is in the better one.
    """
    kinds = [(_meaning(query, user), user) for user in users]
    most = max((meaning for meaning, _ in kinds), default=0)
    return best(user for meaning, user in kinds if meaning == most) if most else None


def best(users: Iterable[_U]) -> _U | None:
    """Choose among one user's visitors: verified first, then visible, then latest."""
    return max(users, key=rank, default=None)


def rank(user: t.Any) -> tuple[t.Any, ...]:
    """Order several visitors of one user, the best last."""
    return user.verified, user.visible, _moment(user.last_seen or user.since)


def _meaning(query: str, user: t.Any) -> int:
    if not query:
        return 0
    if query == user.visitor_id:
        return 3
    email, by_id = 1 + ("@" in query), 2 - ("@" in query)
    is_email = bool(user.email) and fold_email(query) == fold_email(user.email)
    is_id: bool = query == user.id
    return max(email * is_email, by_id * is_id)


# --- which users, and in which order --------------------------------------------


def select(
    users: Iterable[_U],
    selection: Selection,
    *,
    text: Callable[[_U], str] | None = None,
) -> tuple[int, list[_U]]:
    """Select users: how many there are, and those of one page, in order.

    :param text: gives what a search looks through, if it is known already.
    """
    found = in_order(matching(users, selection, text or search_text), selection.sort)
    start = (selection.page - 1) * selection.page_size
    return len(found), found[start : start + selection.page_size]


def matching(
    users: Iterable[_U], selection: Selection, text: Callable[[_U], str]
) -> list[_U]:
    """Keep the users whom a selection wants."""
    found: list[t.Any] = list(users)
    if queries := selection.queries:
        found = [u for u in found if any(is_meant(query, u) for query in queries)]
    for word in selection.q.casefold().split():
        found = [u for u in found if word in text(u) or word in page_text(u)]
    if label := selection.label.strip().casefold():
        found = [u for u in found if label in (one.casefold() for one in u.labels)]
    if assigned := fold_email(selection.assigned.strip()):
        wanted = "" if assigned == "none" else assigned
        found = [u for u in found if fold_email(u.assigned_user or "") == wanted]
    if selection.waiting:
        found = [u for u in found if u.waiting_since is not None and u.in_call is None]
    if selection.in_call:
        found = [u for u in found if u.in_call is not None]
    return found


def search_text(user: t.Any) -> str:
    """Write down what a search looks through, but for the page; without case."""
    extra = (f"{key} {one}" for key, one in user.additional_tagging_data.items())
    names = (user.id, user.email, user.firstname, user.lastname, user.gender)
    parts = (*names, *user.labels, user.assigned_user, *extra, user.visitor_id)
    return " ".join(filter(None, parts)).casefold()


def page_text(user: t.Any) -> str:
    """Write down what a search looks through of the page that a user is on."""
    page = user.location
    return "" if page is None else f"{page.title} {page.path}".casefold()


def in_order(users: Iterable[_U], sort: str) -> list[_U]:
    """Sort users; those who wait come first, the longest wait on top."""
    # The visitor's id settles ties, so that pages never overlap.
    found: list[t.Any] = sorted(users, key=lambda user: user.visitor_id)
    found.sort(key=_KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))
    waiting = [user for user in found if user.waiting_since is not None]
    waiting.sort(key=lambda user: user.waiting_since)
    return waiting + [user for user in found if user.waiting_since is None]


_KEYS: dict[str, Callable[[t.Any], t.Any]] = {
    "name": lambda user: name_of(user).casefold(),
    "email": lambda user: (user.email or "").casefold(),
    "since": lambda user: _moment(user.since),
    "lastSeen": lambda user: _moment(user.last_seen),
    "page": lambda user: user.location.path if user.location else "",
}


def _moment(moment: t.Any) -> tuple[bool, t.Any]:
    """Make a time that may be missing comparable; a missing one is the earliest."""
    return (False, None) if moment is None else (True, moment)
