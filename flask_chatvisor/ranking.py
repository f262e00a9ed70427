"""Who is meant by a query, and who comes before whom."""

from __future__ import annotations

from collections.abc import Iterable

from .rest.models import ActiveUser

#: What a list can be sorted by; ``-`` in front means descending.
SORTS = ("name", "email", "since", "lastSeen", "page")


def is_meant(user: ActiveUser, query: str) -> bool:
    """Tell whether a query names exactly this user; e-mail without case."""
    if not query:
        return False
    email = (user.email or "").casefold()
    return query in (user.visitor_id, user.id) or query.casefold() == email


def pick(users: Iterable[ActiveUser]) -> ActiveUser | None:
    """Choose among one user's visitors: verified first, then visible, then latest."""
    return max(users, key=_preference, default=None)


def _preference(user: ActiveUser) -> tuple[bool, bool, float]:
    latest = user.last_seen or user.since
    return user.verified, user.visible, latest.timestamp() if latest else 0.0


def sort_users(users: Iterable[ActiveUser], sort: str) -> list[ActiveUser]:
    """Sort as the service does: who waits comes first, the longest wait on top."""
    by = sort.removeprefix("-")
    ordered = sorted(users, key=lambda user: user.visitor_id)
    ordered.sort(key=lambda user: _sort_key(user, by), reverse=sort.startswith("-"))
    ordered.sort(key=_wait_key)
    return ordered


def _sort_key(user: ActiveUser, by: str) -> tuple[str, float]:
    if by in ("since", "lastSeen"):
        moment = user.since if by == "since" else user.last_seen
        return "", moment.timestamp() if moment else 0.0
    if by == "page":
        return (user.location and user.location.path) or "", 0.0
    return ((user.email if by == "email" else user.name) or "").casefold(), 0.0


def _wait_key(user: ActiveUser) -> float:
    return user.waiting_since.timestamp() if user.waiting_since else float("inf")
