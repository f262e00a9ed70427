"""The user that a page announces: a tag, or the reason why there is none.

A page for no user, or for another one than the browser announced last, makes the
browser reset. So signing out, expiry and a change of user are noticed across any
redirects.
"""

from __future__ import annotations

import enum
import time
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask
from flask import Request
from flask import Response
from flask_login import current_user

from .. import acting
from ..assets import quoted
from ..config import Settings
from ..contract import tokens
from ..contract.tag import subject_of
from ..current import these_globals
from ..current import this_app
from ..errors import SetupError
from ..identity import Visitor
from ..identity import default_visitor
from ..signed_in import agent_of
from ..signed_in import may_be_signed_in
from ..state import State
from ..state import state_of
from . import last_user
from .markup import dump


class Reason(enum.StrEnum):
    """Why a page is not tagged: the closed list."""

    DISABLED = "disabled"
    AUTO_OFF = "auto-off"
    MANUAL = "manual"
    EXEMPT = "exempt"
    ANONYMOUS = "anonymous"
    NOT_A_VISITOR = "not-a-visitor"
    AGENT = "agent"
    NO_CONSENT = "no-consent"
    NOT_HTML = "not-html"
    STATUS = "status"
    STREAMED = "streamed"
    ENCODED = "encoded"
    ATTACHMENT = "attachment"
    NOT_A_DOCUMENT = "not-a-document"
    NO_BODY = "no-body"
    ALREADY_TAGGED = "already-tagged"
    ERROR = "error"


@dataclass(slots=True)
class Announcement:
    """What a page announces to the browser.

    :ivar tag: the signed tag, written by :func:`~.markup.dump`, or ``None``.
    :ivar reason: why there is no tag.
    :ivar known: what :mod:`.last_user` remembers, ``""`` if nothing.
    :ivar digest: the hash of the user announced now.
    :ivar acknowledged: whether the browser has made the reset that was due.
    :ivar agent_left: whether the browser still has the tokens of an agent who has left.
    """

    tag: str | None
    reason: Reason | None
    known: str
    digest: str
    acknowledged: bool = False
    agent_left: bool = False

    @property
    def reset(self) -> bool:
        """Whether the browser must forget the user or agent of before."""
        due = self.known not in ("", self.digest) and not self.acknowledged
        return due or self.agent_left

    @property
    def silent(self) -> bool:
        """Whether there is nothing to announce or reset."""
        return self.tag is None and not self.reset

    def remember(self, request: Request, response: Response) -> None:
        """Set or delete the cookie, if the announcement has changed."""
        if self.agent_left:
            acting.forget(request, response)
        value = last_user.DUE if self.reset else self.digest
        if value != self.known:
            last_user.remember(value, request, response)


#: The announcement on a page that is the same for everyone: ask again.
NOTHING = Announcement(None, None, "", "")


def announce(
    request: Request,
    *,
    acknowledged: bool = False,
    now: Callable[[], float] = time.time,
) -> Announcement:
    """Find the user that this request's browser must announce; loads the user.

    :param acknowledged: whether the browser has made the reset that was due.
    :param now: the clock, epoch seconds.
    """
    app = this_app()
    state = state_of(app)
    found = _tag_or_reason(app, state)
    if found is Reason.ERROR:
        return Announcement(None, found, "", "")
    known, left = last_user.last_user(request), acting.has_left(request)
    if isinstance(found, Reason):
        return Announcement(None, found, known, "", acknowledged, left)
    subject = found.get("id") or found.get("email") or ""
    who = subject_of(found.get("id") or "", found.get("email") or "")
    digest = last_user.hashed(who or dump(found))
    tag = _signed(found, subject, state.settings, now())
    return Announcement(tag, None, known, digest, acknowledged, left)


def is_nobody(request: Request) -> bool:
    """Whether there is nobody to announce or reset; does not load the user."""
    if last_user.is_known(request) or acting.COOKIE in request.cookies:
        return False
    user = these_globals().get("_login_user")
    if user is not None:
        return not user.is_authenticated
    return not may_be_signed_in(request)


def block(request: Request, settings: Settings, who: Announcement) -> str:
    """Write the data for ``tag.js``; without a tag it asks ``refresh`` for one."""
    refresh = _refresh(request.script_root + settings.url_prefix)
    reset = "true" if who.reset else "false"
    return f'{{"tag":{who.tag or "null"},"reset":{reset},"refresh":{refresh}}}'


@lru_cache(maxsize=64)
def _refresh(prefix: str) -> str:
    return dump(f"{quoted(prefix)}/me")


def _tag_or_reason(app: Flask, state: State) -> dict[str, t.Any] | Reason:
    if not state.settings.enabled:
        return Reason.DISABLED
    if not hasattr(app, "login_manager"):
        return Reason.ERROR
    user = current_user._get_current_object()
    if user is None or not user.is_authenticated:
        return Reason.ANONYMOUS
    if agent_of(user) is not None:
        return Reason.AGENT
    consented = state.loaders.consent
    if consented is not None and not consented(user):
        return Reason.NO_CONSENT
    visitor = (state.loaders.visitor or default_visitor)(user)
    if visitor is None:
        return Reason.NOT_A_VISITOR
    if isinstance(visitor, Visitor):
        return visitor.tag() or Reason.NOT_A_VISITOR
    raise SetupError(
        f"The visitor_loader returned {type(visitor).__name__}. Return a Visitor, or"
        " None for a user who must not be tagged."
    )


def _signed(tag: dict[str, t.Any], subject: str, settings: Settings, now: float) -> str:
    if not settings.identity_keys:
        return dump(tag)
    tag.pop("externalToken", None)
    max_age = settings.identity_max_age
    # For so long a user gets the same token again: to sign takes longer than the rest.
    step = max_age // 10
    issued_at = int(now) // step * step
    return _sealed(dump(tag), subject, settings.identity_keys[0], issued_at, max_age)


@lru_cache(maxsize=512)
def _sealed(tag: str, subject: str, key: str, issued_at: int, max_age: int) -> str:
    token = tokens.seal_identity(tag, subject, key, now=issued_at, max_age=max_age)
    return f'{tag[:-1]},"externalToken":"{token}"}}'
