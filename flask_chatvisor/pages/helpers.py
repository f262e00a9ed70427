"""The Python side of the extension's templates.

Imported macros see Jinja's globals but no context processors, so everything that they
need is in one global, ``_chatvisor``.
"""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from types import SimpleNamespace

from flask import Flask

from ..assets import url_of
from ..contract.times import timestamp
from . import language
from . import links
from . import lookups
from . import states
from . import words


def register(app: Flask) -> None:
    """Add the helpers to an application's Jinja environment."""
    app.jinja_env.globals["_chatvisor"] = HELPERS


def value(value: t.Any) -> str:
    """Format a value of the additional data."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def iso(moment: dt.datetime) -> str:
    """Write a time for a ``datetime`` attribute."""
    return timestamp(moment.timestamp())


HELPERS = SimpleNamespace(
    # Who looks, and who is there.
    agent=lookups.agent,
    customer=lookups.customer,
    listing=lookups.listing,
    query_of=lookups.query_of,
    status=lookups.status,
    # What the page loads, and where it leads.
    assets=links.assets,
    help_assets=links.help_assets,
    list_links=links.ListLinks,
    profile_url=links.profile_url,
    url_of=url_of,
    # What it says.
    gettext=language.gettext,
    language=language.language,
    told=language.told,
    asking=words.asking,
    elapsed=words.elapsed,
    iso=iso,
    labels=words.labels,
    list_state=states.list_state,
    presence=states.presence,
    presence_text=words.presence_text,
    range=words.range_of,
    stale=words.stale,
    summary=words.summary,
    user_state=states.user_state,
    value=value,
)
