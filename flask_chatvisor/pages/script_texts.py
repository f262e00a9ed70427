"""The texts of agent/texts.js, in the language of the request."""

from __future__ import annotations

from functools import cache

from .language import Catalogue
from .language import catalogue

MESSAGES = (
    "No name",
    "Online",
    "In background",
    "In front",
    "Offline",
    "Checking …",
    "Status unknown",
    "Join",
    "just now",
    "%(span)s ago",
    "active now",
    "active %(span)s ago",
    "for %(span)s",
    "%(number)s s",
    "%(number)s min",
    "%(hours)s h %(minutes)s min",
    "%(number)s h",
    "%(users)s, %(waiting)s waiting for help",
    "%(first)s–%(last)s of %(total)s",  # noqa: RUF001
    "%(name)s is asking for help.",
    "This browser does not allow notifications here."
    " Allow them in its settings for this site.",
    "This user has left.",
    "Connecting …",
    "Live",
    "Updated every 5 seconds",
    "Reconnecting; updated every 5 seconds",
    "Out of date since %(time)s.",
    "Retrying …",
    "Starting the call …",
    "You are signed out.",
    "Sign in again",
    "You may not see active users.",
    "You may not call this user.",
    "This user is no longer active.",
    "Already in a call with %(name)s.",
    "Already in a call.",
    "%(agent)s is asking …",
    "Another agent is asking …",
    "%(agent)s is already asking this user.",
    "Another agent is already asking this user.",
    "Verified by the application",
    "Not verified",
    "not verified",
    "This application has no call token for you.",
    "The application cannot be reached.",
    "Check your connection.",
    "The application did not answer in time.",
    "The application's answer could not be read.",
    "The application answered with error %(status)s.",
    "The Chatvisor script has not loaded.",
    "Check that nothing blocks it, then reload this page.",
    "Chatvisor does not answer.",
    "The call could not be started.",
)
#: Messages about a number: singular and plural.
PLURALS = (
    ("%(number)s day", "%(number)s days"),
    ("%(number)s active user", "%(number)s active users"),
)


@cache
def script_texts(language: str) -> dict[str, list[str]]:
    """Collect the script's texts; none in English, which the script contains.

    :returns: for each message, all plural forms of its translation.
    """
    texts = catalogue(language)
    if not isinstance(texts, Catalogue):
        return {}
    said = {message: [texts.gettext(message)] for message in MESSAGES}
    return said | {one: texts.forms(one, many) for one, many in PLURALS}
