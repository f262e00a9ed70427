"""A page's links and assets."""

from __future__ import annotations

import typing as t
from urllib.parse import urlencode

from markupsafe import Markup

from ..assets import asset_url
from ..assets import data_block
from ..assets import first_time
from ..assets import modules_url
from ..assets import script
from ..assets import stylesheet
from ..assets import url_of
from ..current import current_state
from ..directory import Listing
from ..identity import Agent
from .language import language
from .lookups import agent
from .script_texts import script_texts
from .states import FILTERS

_KEYS = (*FILTERS, "sort", "page", "page_size")
_USUAL_SIZE = 50


class ListLinks:
    """URLs of a list with other filters, or on another page.

    URLs for the agent's own users say "me", so other agents who open them see theirs.

    :ivar filters: q, label, assigned, waiting, in_call, sort, page_size.
    :ivar column: the sort key of the list.
    :ivar direction: ``ascending`` or ``descending``.
    """

    def __init__(self, filters: t.Mapping[str, t.Any]) -> None:
        self.filters = filters
        sort = filters.get("sort") or "name"
        self.column: str = sort.lstrip("-")
        self.direction = "descending" if sort.startswith("-") else "ascending"
        self._asked = {key: filters.get(key) for key in _KEYS}
        self._query = dict.fromkeys(_KEYS) | _set(self._asked) | {"page": None}
        if filters.get("page_size") == _USUAL_SIZE:
            self._query["page_size"] = None
        me = agent() if filters.get("assigned") else None
        if me is not None and filters["assigned"] == me.email:
            self._query["assigned"] = "me"

    def to(self, **changes: t.Any) -> str:
        """Build the URL with some changes; ``None`` removes a parameter."""
        return url_of("chatvisor.users", **self._query | changes)

    def sorted_by(self, column: str) -> str:
        """Build the URL of the list in this order, or reversed if it is sorted so."""
        again = column == self.column and self.direction == "ascending"
        return self.to(sort=f"-{column}" if again else column)

    def query(self, listing: Listing | None) -> str:
        """Build the query string that the browser uses to refresh this list."""
        query = self._asked
        if listing is not None:
            query = query | {"page": listing.page, "page_size": listing.page_size}
        return urlencode(_set(query))


def profile_url(visitor_id: str) -> str:
    """Build the URL of a user's page; ``{visitorId}`` stays as it is."""
    return _keep_braces(url_of("chatvisor.user", query=visitor_id))


def assets() -> Markup:
    """Write the elements of an agent's page, once per request."""
    if not first_time("assets"):
        return Markup()
    return (
        stylesheet()
        + data_block("chatvisor-agent", _for_scripts(agent()))
        + script(modules_url("main.js"), Markup('type="module"'))
        + script(current_state().settings.script_url, Markup("async"))
    )


def help_assets() -> Markup:
    """Write the elements for a customer's help button, once per request."""
    if not first_time("help"):
        return Markup()
    return stylesheet() + script(asset_url("help-button.js"), Markup("defer"))


def _set(query: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Leave out parameters that are not set, and write flags as in URLs."""
    return {key: str(int(v) if v is True else v) for key, v in query.items() if v}


def _for_scripts(agent: Agent | None) -> dict[str, t.Any]:
    settings = current_state().settings
    return {
        "users": url_of("chatvisor.users_json"),
        "user": _keep_braces(url_of("chatvisor.user_json", query="{query}")),
        "calls": url_of("chatvisor.start_call"),
        "token": url_of("chatvisor.token"),
        "directory": settings.directory,
        "auth": settings.auth_arguments,
        "email": agent.email if agent else "",
        "language": language(),
        "texts": script_texts(language()),
    }


def _keep_braces(url: str) -> str:
    return url.replace("%7B", "{").replace("%7D", "}")
