"""A visit as the REST API shows it: an active user, or one with tabs and pages."""

from __future__ import annotations

import msgspec

from ...contract.times import timestamp
from ...contract.users import InCall
from ...contract.users import OpenTab
from ...contract.users import Profile
from ...contract.users import UserRow
from ...contract.users import VisitedPage
from .call import Call
from .visit import Visit


def active_user(visit: Visit) -> UserRow | None:
    """Convert a visit to an active user; ``None`` unless tagged and present."""
    visitor = visit.visitor
    if visitor is None or visitor.tag is None:
        return None
    tag = visitor.tag
    return UserRow(
        id=tag.id,
        email=tag.email,
        firstname=tag.firstname,
        lastname=tag.lastname,
        gender=tag.gender,
        labels=tag.labels,
        assigned_user=tag.assigned_user,
        additional_tagging_data=tag.additional_tagging_data,
        visitor_id=visit.id,
        verified=visitor.verified,
        location=visitor.location,
        since=timestamp(visitor.since),
        last_seen=timestamp(visitor.last_seen),
        visible=visitor.visible,
        in_call=_in_call(visit.call),
        waiting_since=_maybe(visitor.waiting_since),
    )


def profile(visit: Visit) -> Profile | None:
    """Convert a visit to an active user with all tabs and the pages of this visit."""
    row, visitor = active_user(visit), visit.visitor
    if row is None or visitor is None:
        return None
    tabs = sorted(visitor.tabs.values(), key=lambda tab: tab.seen, reverse=True)
    tabs.sort(key=lambda tab: not tab.visible)
    return Profile(
        **msgspec.structs.asdict(row),
        tabs=tuple(
            OpenTab(tab.page.title, tab.page.path, tab.visible, timestamp(tab.seen))
            for tab in tabs
        ),
        pages=tuple(
            VisitedPage(one.page.title, one.page.path, timestamp(one.at))
            for one in reversed(visitor.pages)
        ),
    )


def _in_call(call: Call | None) -> InCall[str] | None:
    if call is None or call.agent is None:
        return None
    return InCall(call.agent, _maybe(call.live_at))


def _maybe(seconds: float | None) -> str | None:
    return None if seconds is None else timestamp(seconds)
