"""The states of a user and of a list, by their names in styles and scripts."""

from __future__ import annotations

import typing as t

from ..contract.users import ActiveUser
from ..current import current_state
from ..directory import Listing
from ..errors import ServiceError

#: The filters of a list, the same as in agent/users.js.
FILTERS = ("q", "label", "assigned", "waiting", "in_call")


def presence(user: ActiveUser | None) -> str:
    """Name the state of a user."""
    if user is None:
        return "offline"
    return "visible" if user.visible else "background"


def user_state(user: ActiveUser | None, trouble: ServiceError | None) -> str:
    """Name the state of a user's own page."""
    if trouble is not None:
        return "unknown"
    if user is None and current_state().settings.directory == "browser":
        return "checking"
    return presence(user)


def list_state(
    listing: Listing | None,
    filters: t.Mapping[str, str],
    trouble: ServiceError | None,
) -> str:
    """Name the state of a list."""
    if listing is None:
        return "loading" if trouble is None else "trouble"
    if listing.users:
        return "ready"
    if listing.total:
        return "beyond"
    filtered = any(filters.get(key) for key in FILTERS)
    return "nothing" if filtered else "empty"
