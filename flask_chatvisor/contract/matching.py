"""Rules for lists and queries: which users match, and in which order.

They work on anything with an active user's attributes: records that the extension
reads, with datetimes, and records that the service writes, with times as fixed-width
text.
"""

from __future__ import annotations

import string
import typing as t
from collections.abc import Callable
from collections.abc import Iterable

from .users import name_of

#: The sort keys of a list; ``-`` in front means descending.
SORTS = ("name", "email", "since", "lastSeen", "page")

#: Characters of a query or a search, and words of a search, that are looked at.
MAX_QUERY = 254
MAX_WORDS = 8

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_U = t.TypeVar("_U")


class Selection(t.NamedTuple):
    """The criteria for active users; fields as in the REST API.

    :ivar queries: only users that match an id, an e-mail or a visitorId of these.
    :ivar q: words that must all occur in the user's fields or page; see :func:`words`.
    :ivar label: one of the user's labels.
    :ivar assigned: an agent's e-mail, or ``none``.
    :ivar waiting: only users who are waiting for an agent.
    :ivar in_call: only users who are in a call or being called.
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


# --- queries --------------------------------------------------------------------


def fold_email(email: str) -> str:
    """Fold the case of an e-mail address, for ASCII letters only.

    Folding more would merge different people: ``ß`` and ``ss`` are two addresses.
    """
    return email.lower() if email.isascii() else email.translate(_LOWER)


def is_meant(query: str, user: t.Any) -> bool:
    """Return whether a query matches this user's visitorId, e-mail or id."""
    return _meaning(query, user) > 0


def meant(query: str, users: Iterable[_U]) -> _U | None:
    """Find the user that a query means: by visitorId, else by e-mail or id.

    A query with an ``@`` is tried as an e-mail address first, any other as an id. The
    second way counts only if nobody matches in the first.
    """
    kinds = [(_meaning(query, user), user) for user in users]
    most = max((meaning for meaning, _ in kinds), default=0)
    return best(user for meaning, user in kinds if meaning == most) if most else None


def best(users: Iterable[_U]) -> _U | None:
    """Choose among one user's visitors: verified first, then visible, then latest."""
    return max(users, key=rank, default=None)


def rank(user: t.Any) -> tuple[t.Any, ...]:
    """A sort key for several visitors of one user; the best has the greatest."""
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


# --- lists ----------------------------------------------------------------------


def select(
    users: Iterable[_U],
    selection: Selection,
    *,
    text: Callable[[_U], str] | None = None,
) -> tuple[int, list[_U]]:
    """Select users: return the total, and one page in order.

    :param text: returns the searched text of a user, if it is already known.
    """
    found = in_order(matching(users, selection, text or search_text), selection.sort)
    start = (selection.page - 1) * selection.page_size
    return len(found), found[start : start + selection.page_size]


def matching(
    users: Iterable[_U], selection: Selection, text: Callable[[_U], str]
) -> list[_U]:
    """Keep the users that match a selection."""
    found: list[t.Any] = list(users)
    if queries := selection.queries:
        found = [u for u in found if any(is_meant(query, u) for query in queries)]
    for word in words(selection.q):
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


def words(text: str) -> list[str]:
    """Return the words of a search, case-folded; the first few, if there are many."""
    return text[:MAX_QUERY].casefold().split()[:MAX_WORDS]


def search_text(user: t.Any) -> str:
    """Return the text that searches look through, without the page; case-folded."""
    extra = (f"{key} {one}" for key, one in user.additional_tagging_data.items())
    names = (user.id, user.email, user.firstname, user.lastname, user.gender)
    parts = (*names, *user.labels, user.assigned_user, *extra, user.visitor_id)
    return " ".join(filter(None, parts)).casefold()


def page_text(user: t.Any) -> str:
    """Return the text that searches look through of the user's page."""
    page = user.location
    return "" if page is None else f"{page.title} {page.path}".casefold()


def in_order(users: Iterable[_U], sort: str) -> list[_U]:
    """Sort users; those who are waiting come first, the longest wait on top."""
    # The visitor's id breaks ties, so that pages never overlap.
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
    """Make an optional time comparable; a missing one is the earliest."""
    return (False, None) if moment is None else (True, moment)
