"""States, counts and time spans in words, the same as in the agents' scripts."""

from __future__ import annotations

import datetime as dt

from ..contract.users import InCall
from ..current import current_state
from ..directory import Listing
from ..errors import ServiceError
from .language import gettext as _
from .language import ngettext
from .language import told


def presence_text(state: str) -> str:
    """Put a state into words."""
    match state:
        case "visible":
            return _("Online")
        case "background":
            return _("In background")
        case "offline":
            return _("Offline")
        case "checking":
            return _("Checking …")
    return _("Status unknown")


def asking(in_call: InCall[dt.datetime]) -> str:
    """Say which agent is asking for a call."""
    name = in_call.agent.name or in_call.agent.email
    if not name:
        return _("Another agent is asking …")
    return _("%(agent)s is asking …", agent=name)


def summary(listing: Listing | None) -> str:
    """Count the active users, and those of them who are waiting."""
    if listing is None:
        return ""
    waiting = sum(1 for u in listing.users if u.waiting_since and not u.in_call)
    total = listing.total
    users = ngettext("%(number)s active user", "%(number)s active users", total)
    if not waiting:
        return users
    counts = {"users": users, "waiting": waiting}
    return _("%(users)s, %(waiting)s waiting for help", **counts)


def range_of(listing: Listing) -> str:
    """Say which part of the list a page is."""
    first = (listing.page - 1) * listing.page_size + 1
    last = first + len(listing.users) - 1
    if not listing.users:
        return ""
    part = {"first": first, "last": last, "total": listing.total}
    return _("%(first)s–%(last)s of %(total)s", **part)  # noqa: RUF001


def labels(listing: Listing | None) -> list[str]:
    """Collect the labels of a list as choices."""
    users = listing.users if listing else ()
    return sorted({label for user in users for label in user.labels})


def stale(listing: Listing | None, trouble: ServiceError | None) -> str:
    """Say how old a list is that is not current, and why."""
    if listing is None or trouble is None:
        return ""
    when = elapsed(listing.as_of, current_state().directory.now(), "ago")
    return _("Updated %(when)s.", when=when) + f" {told(trouble)[0]}"


def elapsed(since: dt.datetime | None, as_of: dt.datetime | None, style: str) -> str:
    """Say how long ago.

    :param style: ``ago`` ("3 min ago"), ``active`` ("active 3 min ago"),
        ``lasting`` ("for 3 min") or ``for`` ("3 min").
    """
    if since is None or as_of is None:
        return ""
    seconds = max(0, int((as_of - since).total_seconds()))
    span = _span(seconds)
    if style == "active":
        return _("active now") if seconds < 10 else _("active %(span)s ago", span=span)
    if style == "ago":
        return _("just now") if seconds < 10 else _("%(span)s ago", span=span)
    return _("for %(span)s", span=span) if style == "lasting" else span


def _span(seconds: int) -> str:
    minutes = seconds // 60
    hours = minutes // 60
    if not minutes:
        # Tens of seconds, because a number that changes every second is distracting.
        return _("%(number)s s", number=seconds - seconds % 10 or seconds)
    if not hours:
        return _("%(number)s min", number=minutes)
    if hours < 24 and minutes % 60:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes % 60)
    if hours < 24:
        return _("%(number)s h", number=hours)
    return ngettext("%(number)s day", "%(number)s days", hours // 24)
