"""The tag on every page and on none that must not have it: decision and hooks.

Two hooks at the two ends of a response's way out. The first splices the tag in, before
compressors run; the last makes sure that, whatever other hooks did, a page with
somebody's data is kept by no cache but that person's browser.
"""

from __future__ import annotations

import copy
import logging
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask
from flask import Request
from flask import Response
from flask import current_app
from flask import g
from flask import request as current_request
from markupsafe import Markup

from . import snippet
from . import tagging
from .splice import body_end
from .splice import insert as insert
from .state import current_state
from .state import state_of
from .tagging import Announcement
from .tagging import Reason as Reason
from .templating import content_hash

F = t.TypeVar("F", bound=Callable[..., t.Any])

_EXEMPT = "_chatvisor_exempt"
_PLACED = "flask_chatvisor.placed"
_PRIVATE = "flask_chatvisor.private"
# Statuses of pages that a view meant to show; on an error, loading a user may be what
# failed.
_GOOD = frozenset({200, 201, 202, 203})
# By these, too, a page is offered to caches that people share.
_FOR_CDN = frozenset({"cdn-cache-control", "surrogate-control"})
# They tell of a body that is not the one which is sent.
_DIGESTS = frozenset({"content-md5", "digest", "content-digest", "repr-digest"})
_VALIDATORS = frozenset({"etag", "last-modified"})
_COMPRESSORS = ("flask_compress",)

logger = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Add the hooks and the template function to an application."""
    app.jinja_env.globals["chatvisor_tag"] = chatvisor_tag
    app.after_request(_tag_page)
    # In front, so that it runs last.
    app.after_request_funcs[None].insert(0, _keep_private)
    settled = False

    @app.before_request
    def settle() -> None:
        nonlocal settled
        if not settled:
            settled = True
            _settle(app)


def exempt(view: F) -> F:
    """Mark a view whose pages are never tagged."""
    setattr(view, _EXEMPT, True)
    return view


def chatvisor_tag() -> Markup:
    """Place the tag here, and not before the end of the body.

    What it writes is the same for everyone, so a cache of templates or a stream may
    hold it. On the page's way out the user's own tag is put there, if that is possible;
    else ``tag.js`` fetches it.
    """
    request = _request()
    if not current_state().settings.enabled or _is_exempt(request):
        return Markup()
    if _PLACED not in request.environ:
        request.environ[_PLACED] = _snippet(request, tagging.block(request))
    return t.cast(Markup, request.environ[_PLACED])


def why_not(request: Request, response: Response) -> Reason | None:
    """Say why a page is not tagged; ``None`` if it is.

    Cheap conditions come first, then the page's body, the user last.
    """
    plan = _plan(request, response)
    if isinstance(plan, Reason):
        return plan
    return plan.who.reason if plan.who else None


def _tag_page(response: Response) -> Response:
    try:
        page, reason = _tagged(_request(), response)
    except Exception:
        # Whatever goes wrong in here or in a loader, the page itself is good.
        logger.exception("%s was not tagged.", current_request.path)
        page, reason = response, Reason.ERROR
    if state_of(current_app).settings.debug_header:
        page.headers["X-Chatvisor"] = reason.value if reason else "tagged"
    return page


def _tagged(request: Request, response: Response) -> tuple[Response, Reason | None]:
    plan = _plan(request, response)
    if plan is Reason.MANUAL:
        return _filled(request, response), plan
    if isinstance(plan, Reason):
        return response, plan
    if plan.who is None:
        tag = _snippet(request, tagging.block(request))
        return _with_tag(response, tag, plan.at, plan.at), None
    page = _personal(request, response, plan.who, plan.at, plan.at)
    return page, plan.who.reason


@dataclass(frozen=True)
class _Plan:
    """Where to put the tag, and whose; ``None``: the same one for everyone."""

    at: int
    who: Announcement | None


def _plan(request: Request, response: Response) -> _Plan | Reason:
    reason = _why_not_here(request) or _why_not_this(request, response)
    if reason is not None:
        return reason
    for_everyone = _is_for_everyone(request, response)
    if not for_everyone and tagging.is_nobody(request):
        return Reason.ANONYMOUS
    body = response.get_data()
    # From the end, which is faster.
    if body.rfind(snippet.MARK) >= 0:
        return Reason.ALREADY_TAGGED
    at = body_end(body)
    if at is None:
        return Reason.NO_BODY
    who = None if for_everyone else tagging.announce(request)
    if who is not None and who.reason is not None and not who.reset:
        return who.reason
    return _Plan(at, who)


def _why_not_here(request: Request) -> Reason | None:
    settings = current_state().settings
    if not settings.enabled:
        return Reason.DISABLED
    if _PLACED in request.environ:
        return Reason.MANUAL
    if not settings.auto_inject:
        return Reason.AUTO_OFF
    return Reason.EXEMPT if _is_exempt(request) else None


def _why_not_this(request: Request, response: Response) -> Reason | None:
    if response.status_code not in _GOOD:
        return Reason.STATUS
    if response.mimetype != "text/html":
        return Reason.NOT_HTML
    if response.is_streamed or response.direct_passthrough:
        return Reason.STREAMED
    headers = _lowered(response)
    if "content-encoding" in headers:
        return Reason.ENCODED
    if headers.get("content-disposition", "").lower().startswith("attachment"):
        return Reason.ATTACHMENT
    return None if _is_document(request) else Reason.NOT_A_DOCUMENT


def _is_exempt(request: Request) -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, _EXEMPT, False)


def _is_document(request: Request) -> bool:
    environ = request.environ
    if "HTTP_HX_REQUEST" in environ or environ.get("HTTP_UPGRADE") == "websocket":
        return False
    destination = environ.get("HTTP_SEC_FETCH_DEST")
    if destination is not None:
        return bool(destination == "document")
    return "HTTP_X_REQUESTED_WITH" not in environ


def _is_for_everyone(request: Request, response: Response) -> bool:
    """Tell whether this page may get to others, or never be shown at all."""
    if current_state().settings.identity_delivery == "fetch":
        return True
    # A page that is loaded ahead must not use up the news that a reset is due.
    if "prefetch" in request.environ.get("HTTP_SEC_PURPOSE", ""):
        return True
    headers = _lowered(response)
    cached = headers.get("cache-control", "").lower()
    return (
        "public" in cached or "s-maxage" in cached or not _FOR_CDN.isdisjoint(headers)
    )


def _lowered(response: Response) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers}


def _snippet(request: Request, block: Mapping[str, t.Any]) -> Markup:
    settings = current_state().settings
    prefix = f"{tagging.root(request)}{settings.url_prefix}"
    # An agent's page has the service's script already, for its own purposes.
    has_script = g.get("_chatvisor_assets") is request
    return snippet.render(
        block,
        tag_js=f"{prefix}/static/tag.js?v={content_hash('tag.js')}",
        script=None if has_script else settings.script_url,
        nonce=snippet.nonce_of(request),
    )


def _filled(request: Request, response: Response) -> Response:
    """Put the user's own tag, or nothing, in place of the one for everyone."""
    if _why_not_this(request, response) or _is_for_everyone(request, response):
        return response
    placed = request.environ[_PLACED].encode()
    at = response.get_data().find(placed)
    if at < 0:
        return response
    who = tagging.announce(request)
    end = at + len(placed)
    if who.tag is None and not who.reset:
        return _with_tag(response, Markup(), at, end)
    return _personal(request, response, who, at, end)


def _personal(
    request: Request, response: Response, who: Announcement, begin: int, end: int
) -> Response:
    page = _with_tag(response, _snippet(request, who.block(request)), begin, end)
    who.remember(request, page)
    request.environ[_PRIVATE] = True
    return _keep_private(page)


def _with_tag(response: Response, tag: Markup, begin: int, end: int) -> Response:
    # A response may be kept by the application and sent again, to somebody else.
    page = copy.copy(response)
    page.headers = response.headers.copy()
    body = memoryview(response.get_data())
    page.set_data(b"".join((body[:begin], tag.encode("ascii"), body[end:])))
    _remove(page, _DIGESTS)
    return page


def _keep_private(response: Response) -> Response:
    if _PRIVATE not in current_request.environ:
        return response
    headers = _lowered(response)
    if "no-store" not in headers.get("cache-control", "").lower():
        response.headers["Cache-Control"] = "private, no-cache"
    if "cookie" not in headers.get("vary", "").lower():
        response.vary.add("Cookie")
    _remove(response, _VALIDATORS | _FOR_CDN)
    return response


def _remove(response: Response, names: frozenset[str]) -> None:
    for name in names.intersection(_lowered(response)):
        response.headers.remove(name)


def _settle(app: Flask) -> None:
    """See to what only the first request can know: all hooks, the LoginManager."""
    if state_of(app).settings.enabled and not hasattr(app, "login_manager"):
        logger.error(
            "There is no LoginManager, so no page is tagged. Initialise Flask-Login:"
            " LoginManager(app)."
        )
    hooks = app.after_request_funcs[None]
    ours = hooks.index(_tag_page)
    behind = [i for i, hook in enumerate(hooks) if i > ours and _compresses(hook)]
    if behind:
        last = behind[-1] + 1
        app.after_request_funcs[None] = [
            *hooks[:ours],
            *hooks[ours + 1 : last],
            _tag_page,
            *hooks[last:],
        ]


def _compresses(hook: t.Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith(_COMPRESSORS)


def _request() -> Request:
    return current_request._get_current_object()  # type: ignore[attr-defined, no-any-return]
