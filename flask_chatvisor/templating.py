"""What templates use: the Jinja globals behind the macros.

Imported macros see Jinja's globals and no context processors, so all that they need
hangs off one global, ``_chatvisor``.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlencode

from flask import Flask
from flask import request
from flask import url_for
from markupsafe import Markup

from .asking import UNSEEN
from .asking import find
from .assets import STATIC
from .assets import asset_url
from .assets import data_block
from .assets import first_time
from .assets import modules_url
from .assets import script
from .assets import stylesheet
from .directory import Listing
from .errors import ServiceError
from .i18n import gettext as _
from .i18n import language
from .i18n import ngettext
from .i18n import script_texts
from .i18n import told
from .identity import Agent
from .identity import default_visitor
from .rest.models import ActiveUser
from .rest.models import InCall
from .rest.models import timestamp
from .state import current_state
from .tagging import announce
from .tagging import is_nobody
from .views.guard import current_agent

#: What a list is filtered by; agent/users.js has the same.
FILTERS = ("q", "label", "assigned", "waiting", "in_call")
_PAGE = {"page": 1, "page_size": 50}

logger: logging.Logger = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Add the globals to an application's Jinja environment."""
    app.jinja_env.globals["_chatvisor"] = Helpers()


@dataclass(frozen=True)
class Status:
    """One user, for the macros: the user if active, else why there is none.

    :ivar state: ``visible``, ``background``, ``offline``, ``checking`` (the browser
        will find out) or ``unknown`` (the service did not say).
    """

    user: ActiveUser | None
    state: str
    as_of: dt.datetime

    @property
    def text(self) -> str:
        """The state, in words."""
        return _presence_text(self.state)


@dataclass(frozen=True)
class ListView:
    """What the list is drawn from."""

    listing: Listing | None
    filters: dict[str, str]
    trouble: ServiceError | None = None


P = t.ParamSpec("P")
R = t.TypeVar("R")


def harmless(
    otherwise: Callable[[], R],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a loader or a policy raises away from the page that asked.

    :param otherwise: makes what the page gets instead.
    """

    def decorate(ask: Callable[P, R]) -> Callable[P, R]:
        @wraps(ask)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return ask(*args, **kwargs)
            except Exception:
                # The page is the application's: it is good without our part of it.
                if first_time("fault"):
                    event = {"event": "chatvisor.macro.failed"}
                    logger.exception(
                        "A macro on %s shows nothing.", request.path, extra=event
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
        _("The list could not be made."),
        remedy=_("The application's log says why."),
    )
    return ListView(None, filters, trouble)


class Helpers:
    """What the extension's own templates ask of Python."""

    gettext: staticmethod[..., str] = staticmethod(_)
    language: staticmethod[[], str] = staticmethod(language)
    told: staticmethod[[ServiceError], tuple[str, str]] = staticmethod(told)

    @harmless(_nobody)
    def agent(self) -> Agent | None:
        """Find the signed-in agent."""
        return current_agent() if current_state().settings.enabled else None

    def assets(self) -> Markup:
        """Write the elements of an agent's page; nothing the second time."""
        if not first_time("assets"):
            return Markup()
        return (
            stylesheet()
            + data_block("chatvisor-agent", _agent_config(self.agent()))
            + script(modules_url("main.js"), Markup('type="module"'))
            + script(current_state().settings.script_url, Markup("async"))
        )

    def help_assets(self) -> Markup:
        """Write the elements for a customer's help button, once."""
        if not first_time("help"):
            return Markup()
        return stylesheet() + script(asset_url("help-button.js"), Markup("defer"))

    @harmless(lambda: False)
    def customer(self) -> bool:
        """Tell whether this request's user is one whom pages tag."""
        if not current_state().settings.enabled or is_nobody(request):
            return False
        return announce(request).tag is not None

    @harmless(_no_status)
    def status(self, query: t.Any) -> Status:
        """Find one user; trouble is a state, not an error: a page is more than us."""
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
        return Status(user, self.presence(user), as_of)

    @harmless(_no_list)
    def listing(
        self, q: str, label: str, assigned: str, sort: str, page_size: int
    ) -> ListView:
        """Load a list for the table's macro."""
        agent = self.agent()
        if assigned == "me" and agent is not None:
            assigned = agent.email
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

    @harmless(_nothing)
    def query_of(self, user: t.Any) -> str | None:
        """Find out how one of the application's users is asked for, if at all."""
        visitor = (current_state().loaders.visitor or default_visitor)(user)
        return None if visitor is None else visitor.id or visitor.email

    def list_state(
        self,
        listing: Listing | None,
        filters: t.Mapping[str, str],
        trouble: ServiceError | None,
    ) -> str:
        """Name the state of a list; the page's script has the same names."""
        if listing is None:
            return "loading" if trouble is None else "trouble"
        if listing.users:
            return "ready"
        if listing.total:
            return "beyond"
        filtered = any(filters.get(key) for key in FILTERS)
        return "nothing" if filtered else "empty"

    def user_state(self, user: ActiveUser | None, trouble: ServiceError | None) -> str:
        """Name the state of a user's own page."""
        if trouble is not None:
            return "unknown"
        if user is None and current_state().settings.directory == "browser":
            return "checking"
        return self.presence(user)

    def list_query(
        self, listing: Listing | None, filters: t.Mapping[str, t.Any]
    ) -> str:
        """Write the query string with which the browser asks for this list again."""
        query = {key: filters.get(key) for key in (*FILTERS, "sort", *_PAGE)}
        if listing is not None:
            query |= {"page": listing.page, "page_size": listing.page_size}
        return urlencode(_set(query))

    def list_url(self, filters: t.Mapping[str, t.Any], **changes: t.Any) -> str:
        """Build the address of a list with other filters; its first page.

        The agent's own list is everybody's own: whom the address is given to sees
        theirs.
        """
        query = {key: filters.get(key) for key in (*FILTERS, "sort", *_PAGE)}
        agent = self.agent()
        if agent is not None and query["assigned"] == agent.email:
            query["assigned"] = "me"
        query |= {"page": None} | changes
        usual = _PAGE.items()
        said = dict(item for item in query.items() if item not in usual)
        return url_for("chatvisor.users", **_set(said))

    def presence(self, user: ActiveUser | None) -> str:
        """Name the state of a user."""
        if user is None:
            return "offline"
        return "visible" if user.visible else "background"

    def presence_text(self, state: str) -> str:
        """Say a state in words."""
        return _presence_text(state)

    def asking(self, in_call: InCall) -> str:
        """Say who asks for a call that is not live yet; the page's script says the same."""
        name = in_call.agent.name or in_call.agent.email
        if not name:
            return _("Another agent is asking …")
        return _("%(agent)s is asking …", agent=name)

    def profile_url(self, visitor_id: str) -> str:
        """Build the URL of a user's page; ``{visitorId}`` stays as it is."""
        return _keep_braces(url_for("chatvisor.user", query=visitor_id))

    def summary(self, listing: Listing | None) -> str:
        """Count, in words; the page's script has the same words."""
        if listing is None:
            return ""
        waiting = sum(1 for u in listing.users if u.waiting_since and not u.in_call)
        total = listing.total
        users = ngettext("%(number)s active user", "%(number)s active users", total)
        if not waiting:
            return users
        counts = {"users": users, "waiting": waiting}
        return _("%(users)s, %(waiting)s waiting for help", **counts)

    def range(self, listing: Listing) -> str:
        """Say which part of the list a page is."""
        first = (listing.page - 1) * listing.page_size + 1
        last = first + len(listing.users) - 1
        if not listing.users:
            return ""
        part = {"first": first, "last": last, "total": listing.total}
        return _("%(first)s–%(last)s of %(total)s", **part)  # noqa: RUF001

    def stale(self, listing: Listing | None, trouble: ServiceError | None) -> str:
        """Say how old a list is that is not current, and why."""
        if listing is None or trouble is None:
            return ""
        now = current_state().directory.now()
        when = self.elapsed(listing.as_of, now, "ago")
        return _("From %(when)s.", when=when) + f" {told(trouble)[0]}"

    def labels(self, listing: Listing | None) -> list[str]:
        """Collect the labels of a list, to choose from."""
        users: Iterable[ActiveUser] = listing.users if listing else ()
        return sorted({label for user in users for label in user.labels})

    def value(self, value: t.Any) -> str:
        """Show a value of the additional data."""
        if isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False)

    def iso(self, moment: dt.datetime) -> str | None:
        """Write a time for a ``datetime`` attribute."""
        return timestamp(moment)

    def elapsed(
        self, since: dt.datetime | None, as_of: dt.datetime | None, style: str
    ) -> str:
        """Say how long ago; the page's script says it the same way.

        :param style: ``ago`` ("3 min ago"), ``active`` ("active 3 min ago"),
            ``lasting`` ("for 3 min") or ``for`` ("3 min").
        """
        if since is None or as_of is None:
            return ""
        seconds = max(0, int((as_of - since).total_seconds()))
        span = _span(seconds)
        if style == "active":
            return (
                _("active now") if seconds < 10 else _("active %(span)s ago", span=span)
            )
        if style == "ago":
            return _("just now") if seconds < 10 else _("%(span)s ago", span=span)
        return _("for %(span)s", span=span) if style == "lasting" else span


def _presence_text(state: str) -> str:
    texts = {
        "visible": _("Online"),
        "background": _("In background"),
        "offline": _("Offline"),
        "checking": _("Checking …"),
        "unknown": _("Status unknown"),
    }
    return texts[state]


def _set(query: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Leave out what is not set, and write flags as addresses have them."""
    return {key: str(int(v) if v is True else v) for key, v in query.items() if v}


def _span(seconds: int) -> str:
    minutes = seconds // 60
    hours = minutes // 60
    if not minutes:
        # Tens of seconds: a number that changes each second draws the eye.
        return _("%(number)s s", number=seconds - seconds % 10 or seconds)
    if not hours:
        return _("%(number)s min", number=minutes)
    if hours < 24 and minutes % 60:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes % 60)
    if hours < 24:
        return _("%(number)s h", number=hours)
    return ngettext("%(number)s day", "%(number)s days", hours // 24)


def _agent_config(agent: Agent | None) -> dict[str, t.Any]:
    settings = current_state().settings
    return {
        "users": url_for("chatvisor.users_json"),
        "user": _keep_braces(url_for("chatvisor.user_json", query="{query}")),
        "calls": url_for("chatvisor.start_call"),
        "token": url_for("chatvisor.token"),
        "directory": settings.directory,
        "auth": settings.auth_arguments,
        "email": agent.email if agent else "",
        "language": language(),
        "texts": script_texts(STATIC / "agent" / "texts.js"),
    }


def _keep_braces(url: str) -> str:
    return url.replace("%7B", "{").replace("%7D", "}")
