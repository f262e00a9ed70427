"""What the macros of one page ask: many of them, few questions."""

from __future__ import annotations

from flask import request

from .contract.matching import meant
from .contract.users import ActiveUser
from .directory import Listing
from .errors import ServiceError
from .state import current_state

#: As many as the service gives on one page.
MOST = 1000
#: Stands for one who may be there or not.
UNSEEN: ActiveUser = ActiveUser(visitor_id="")


class _Found:
    """What this request has asked already: many macros, few questions."""

    def __init__(self) -> None:
        self.users: dict[str, ActiveUser | None] = {}
        self.everyone: Listing | None = None
        self.trouble: ServiceError | None = None


def find(query: str) -> ActiveUser | None:
    """Find one user; :data:`UNSEEN` where only the browser will know.

    :raises ServiceError: one of its subclasses, for trouble with the service.
    """
    found: _Found = request.environ.setdefault("flask_chatvisor.found", _Found())
    if found.trouble is not None:
        # One wait for a service that does not answer is enough for a page.
        raise found.trouble
    try:
        if query not in found.users:
            found.users[query] = _ask(query, found)
    except ServiceError as trouble:
        found.trouble = trouble
        raise
    return found.users[query]


def _ask(query: str, found: _Found) -> ActiveUser | None:
    directory = current_state().directory
    if not found.users:
        return directory.status(query)
    # A page about several users: one request for all that follow.
    if found.everyone is None:
        found.everyone = directory.active_users(page_size=MOST)
    everyone = found.everyone
    if everyone.trouble is not None:
        # A list may be an old one that says so; a single user's state may not.
        raise everyone.trouble
    user = meant(query, everyone.users)
    if user is not None or everyone.total <= len(everyone.users):
        return user
    # The list is too long: the browser asks for all that are left at once.
    return UNSEEN
