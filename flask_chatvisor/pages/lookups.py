"""Who views a page, and which users are active: many macros, few requests."""

from __future__ import annotations

import datetime as dt
import logging
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from flask import request

from ..assets import first_time
from ..contract.matching import meant
from ..contract.users import ActiveUser
from ..current import current_state
from ..directory import Listing
from ..errors import ServiceError
from ..identity import Agent
from ..identity import default_visitor
from ..signed_in import current_agent
from ..tag.announcement import announce
from ..tag.announcement import is_nobody
from ..tag.caching import FOR_AGENTS
from .language import gettext as _
from .states import presence

#: The service's longest page.
MOST = 1000
#: A placeholder for a user who may be active or not.
UNSEEN: ActiveUser = ActiveUser(visitor_id="")

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """One user for the macros: the active user, or why there is none.

    :ivar state: ``visible``, ``background``, ``offline``, ``checking`` (the browser
        will find out) or ``unknown`` (the service did not answer).
    """

    user: ActiveUser | None
    state: str
    as_of: dt.datetime


@dataclass(frozen=True)
class ListView:
    """The data of a rendered list."""

    listing: Listing | None
    filters: dict[str, str]
    trouble: ServiceError | None = None


P = t.ParamSpec("P")
R = t.TypeVar("R")


def harmless(
    otherwise: Callable[[], R],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep errors of loaders and policies from breaking the page.

    :param otherwise: makes the value that the page gets instead.
    """

    def decorate(ask: Callable[P, R]) -> Callable[P, R]:
        @wraps(ask)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return ask(*args, **kwargs)
            except Exception:
                # The page is the application's and works without this part.
                if first_time("fault"):
                    event = {"event": "chatvisor.macro.failed"}
                    logger.exception(
                        "A macro on %r shows nothing.", request.path, extra=event
                    )
                return otherwise()

        return asked

    return decorate


def _nobody() -> Agent | None:
    return None


def _nothing() -> str | None:
    return None


def _no_status() -> Status:
    return Status(None, "unknown", current_state().directory.now())


def _no_list() -> ListView:
    filters: dict[str, str] = dict.fromkeys(("q", "label", "assigned", "sort"), "")
    trouble = ServiceError(
        _("The list could not be loaded."),
        remedy=_("The application's log has the details."),
    )
    return ListView(None, filters, trouble)


@harmless(_nobody)
def agent() -> Agent | None:
    """Find the signed-in agent, whose page no cache may keep from then on."""
    found = current_agent() if current_state().settings.enabled else None
    if found is not None:
        request.environ[FOR_AGENTS] = True
    return found


@harmless(lambda: False)
def customer() -> bool:
    """Return whether this request's user is tagged on pages."""
    if not current_state().settings.enabled or is_nobody(request):
        return False
    return announce(request).tag is not None


@harmless(_nothing)
def query_of(user: t.Any) -> str | None:
    """Return the query for one of the application's users, if there is one."""
    visitor = (current_state().loaders.visitor or default_visitor)(user)
    return None if visitor is None else visitor.id or visitor.email


@harmless(_no_status)
def status(query: t.Any) -> Status:
    """Find one user. Trouble is a state, not an error, to keep the page working."""
    state = current_state()
    as_of = state.directory.now()
    if state.settings.directory == "browser":
        return Status(None, "checking", as_of)
    try:
        user = find(str(query))
    except ServiceError:
        return Status(None, "unknown", as_of)
    if user is UNSEEN:
        return Status(None, "checking", as_of)
    return Status(user, presence(user), as_of)


@harmless(_no_list)
def listing(q: str, label: str, assigned: str, sort: str, page_size: int) -> ListView:
    """Load a list for the table's macro."""
    me = agent()
    if assigned == "me" and me is not None:
        assigned = me.email
    filters = {"q": q, "label": label, "assigned": assigned, "sort": sort}
    state = current_state()
    if state.settings.directory == "browser":
        return ListView(None, filters | {"page_size": str(page_size)})
    try:
        listing = state.directory.active_users(
            q=q,
            label=label,
            assigned=assigned,
            sort=sort or "name",
            page_size=page_size,
        )
    except ServiceError as trouble:
        return ListView(None, filters, trouble)
    return ListView(listing, filters, listing.trouble)


class _Found:
    """The users that this request has already asked for."""

    def __init__(self) -> None:
        self.users: dict[str, ActiveUser | None] = {}
        self.everyone: Listing | None = None
        self.trouble: ServiceError | None = None


def find(query: str) -> ActiveUser | None:
    """Find one user; :data:`UNSEEN` if only the browser can find out.

    :raises ServiceError: a subclass, if the service cannot answer.
    """
    found: _Found = request.environ.setdefault("flask_chatvisor.found", _Found())
    if found.trouble is not None:
        # Waiting once for a silent service is enough for a page.
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
    # A page about several users: one request for all the others.
    if found.everyone is None:
        found.everyone = directory.active_users(page_size=MOST)
    everyone = found.everyone
    if everyone.trouble is not None:
        # A list may be out of date and say so; a single user's state may not.
        raise everyone.trouble
    user = meant(query, everyone.users)
    if user is not None or everyone.total <= len(everyone.users):
        return user
    # The list is too long; the browser asks for the remaining users at once.
    return UNSEEN
