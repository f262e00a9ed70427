"""Inserts the tag into the bytes of a page, in a copy of the response."""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable

from flask import Response
from markupsafe import Markup
from werkzeug.datastructures import Headers

from ..assets import content_hash
from ..assets import emitted
from ..assets import nonce_of
from ..assets import quoted
from ..current import this_request
from . import announcement
from . import markup
from .announcement import Announcement
from .announcement import Reason
from .caching import PRIVATE
from .caching import kept_private
from .decision import EXEMPT
from .decision import PLACED
from .decision import Page
from .place import script_at

F = t.TypeVar("F", bound=Callable[..., t.Any])

# They describe the body before the tag was inserted.
_DIGESTS = frozenset({"content-md5", "digest", "content-digest", "repr-digest"})
#: The key in a request's environment for the reason why its page was not tagged.
WHY_NOT = "flask_chatvisor.why_not"

logger: logging.Logger = logging.getLogger(__name__)


def exempt(view: F) -> F:
    """Mark a view whose pages are never tagged."""
    setattr(view, EXEMPT, True)
    return view


def chatvisor_tag() -> Markup:
    """Place the tag here instead of at the end of the body.

    The output is the same for everyone, so template caches and streams may contain it.
    When the page is sent, the user's own tag is inserted there if possible; otherwise
    ``tag.js`` fetches it.
    """
    page = Page(this_request(), Response())
    if not page.settings.enabled or page.is_exempt():
        return Markup()
    return t.cast(
        Markup,
        page.request.environ.setdefault(PLACED, _elements(page, announcement.NOTHING)),
    )


def tag_page(response: Response) -> Response:
    """Tag a page, or leave it unchanged."""
    page = Page(this_request(), response)
    try:
        tagged, reason = _tagged(page)
    except Exception:
        # Whatever goes wrong here or in a loader, the page itself is fine.
        event = {"event": "chatvisor.tag.failed"}
        logger.exception("%r was not tagged.", page.request.path, extra=event)
        tagged, reason = response, Reason.ERROR
    page.request.environ[WHY_NOT] = reason
    if page.settings.debug_header:
        tagged.headers["X-Chatvisor"] = reason.value if reason else "tagged"
    return tagged


def _tagged(page: Page) -> tuple[Response, Reason | None]:
    plan = page.plan()
    if plan is Reason.MANUAL:
        return _filled(page), plan
    if isinstance(plan, Reason):
        return page.response, plan
    return _with(page, plan.who, plan.at, plan.at), plan.who.reason


def _filled(page: Page) -> Response:
    """Replace the tag for everyone by the user's own tag, or by nothing."""
    if page.why_not_this() is not None or page.is_for_everyone():
        return page.response
    placed = page.request.environ[PLACED].encode()
    begin = script_at(page.response.get_data(), placed)
    if begin is None:
        return page.response
    who = announcement.announce(page.request)
    return _with(page, who, begin, begin + len(placed))


def _with(page: Page, who: Announcement, begin: int, end: int) -> Response:
    """Copy the response, with the bytes ``begin`` to ``end`` replaced by the tag."""
    tag = b"" if who.silent and begin < end else _elements(page, who).encode("ascii")
    body = memoryview(page.response.get_data())
    # The application may cache the response and send it to another user.
    tagged = _copied(page.response)
    headers = page.response.headers
    tagged.headers = Headers(headers if who.silent else kept_private(headers))
    tagged.set_data(b"".join((body[:begin], tag, body[end:])))
    for name in _DIGESTS.intersection(page.headers):
        tagged.headers.remove(name)
    if not who.silent:
        who.remember(page.request, tagged)
        page.request.environ[PRIVATE] = [*tagged.headers]
    return tagged


def _elements(page: Page, who: Announcement) -> Markup:
    """Write the elements; the service's script only if the page lacks it."""
    request, settings = page.request, page.settings
    path = f"{settings.url_prefix}/static/tag.js?v={content_hash('tag.js')}"
    has_script = "assets" in emitted(request)
    return markup.render(
        announcement.block(request, settings, who),
        tag_js=quoted(request.script_root) + path,
        script=None if has_script else settings.script_url,
        nonce=nonce_of(request),
    )


def _copied(response: Response) -> Response:
    # Like copy.copy, in a quarter of the time.
    page = object.__new__(type(response))
    page.__dict__ |= response.__dict__
    return page
