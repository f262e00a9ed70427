"""Puts the tag into a page, on bytes, and into a copy of the response."""

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

F = t.TypeVar("F", bound=Callable[..., t.Any])

# They tell of a body that is not the one which is sent.
_DIGESTS = frozenset({"content-md5", "digest", "content-digest", "repr-digest"})
#: The key in a request's environment that says why its page was not tagged, if so.
WHY_NOT = "flask_chatvisor.why_not"

logger: logging.Logger = logging.getLogger(__name__)


def exempt(view: F) -> F:
    """Mark a view whose pages are never tagged."""
    setattr(view, EXEMPT, True)
    return view


def chatvisor_tag() -> Markup:
    """Place the tag here, and not before the end of the body.

    What it writes is the same for everyone, so a cache of templates or a stream may
    hold it. On the page's way out the user's own tag is put there, if that is possible;
    else ``tag.js`` fetches it.
    """
    page = Page(this_request(), Response())
    if not page.settings.enabled or page.is_exempt():
        return Markup()
    return t.cast(
        Markup,
        page.request.environ.setdefault(PLACED, _elements(page, announcement.NOTHING)),
    )


def tag_page(response: Response) -> Response:
    """Tag a page, or leave it as it is."""
    page = Page(this_request(), response)
    try:
        tagged, reason = _tagged(page)
    except Exception:
        # Whatever goes wrong in here or in a loader, the page itself is good.
        event = {"event": "chatvisor.tag.failed"}
        logger.exception("%s was not tagged.", page.request.path, extra=event)
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
    """Put the user's own tag, or nothing, in place of the one for everyone."""
    if page.why_not_this() is not None or page.is_for_everyone():
        return page.response
    placed = page.request.environ[PLACED].encode()
    begin = page.response.get_data().find(placed)
    if begin < 0:
        return page.response
    who = announcement.announce(page.request)
    return _with(page, who, begin, begin + len(placed))


def _with(page: Page, who: Announcement, begin: int, end: int) -> Response:
    """Copy the response, with the tag in place of ``begin`` to ``end``."""
    tag = b"" if who.silent and begin < end else _elements(page, who).encode("ascii")
    body = memoryview(page.response.get_data())
    # The application may keep the response, and send it again to somebody else.
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
    """Write the elements; the service's script only where it is not yet."""
    request, settings = page.request, page.settings
    path = f"{settings.url_prefix}/static/tag.js?v={content_hash('tag.js')}"
    has_script = "assets" in emitted(request)
    return markup.render(
        announcement.block(request, settings, who),
        tag_js=announcement.quoted(request.script_root) + path,
        script=None if has_script else settings.script_url,
        nonce=nonce_of(request),
    )


def _copied(response: Response) -> Response:
    # As copy.copy does, in a quarter of the time.
    page = object.__new__(type(response))
    page.__dict__ |= response.__dict__
    return page
