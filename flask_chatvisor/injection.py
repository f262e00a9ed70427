"""The tag on every page and on none that must not have it: decision and hooks.

Two hooks at the two ends of a response's way out. The first splices the tag in, before
compressors run; the last makes sure that, whatever other hooks did, a page with
somebody's data is kept by no cache but that person's browser.
"""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from flask import Request
from flask import Response
from markupsafe import Markup
from werkzeug.datastructures import Headers

from . import snippet
from . import tagging
from .assets import content_hash
from .assets import emitted
from .config import Settings
from .context import this_app
from .context import this_request
from .splice import body_end
from .splice import insert as insert
from .state import state_of
from .tagging import Announcement
from .tagging import Reason as Reason

F = t.TypeVar("F", bound=Callable[..., t.Any])

_EXEMPT = "_chatvisor_exempt"
_PLACED = "flask_chatvisor.placed"
_PRIVATE = "flask_chatvisor.private"
# Statuses of pages that a view meant to show; on an error, loading a user may be what
# failed.
_GOOD = frozenset({200, 201, 202, 203})
# By these, too, a page is offered to caches that people share; for nginx the last one
# counts more than Cache-Control.
_FOR_CDN = frozenset(
    {
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "edge-control",
        "surrogate-control",
        "x-accel-expires",
    }
)
# They tell of a body that is not the one which is sent.
_DIGESTS = frozenset({"content-md5", "digest", "content-digest", "repr-digest"})
_FOR_OTHERS = _FOR_CDN | {"etag", "last-modified"}
_OWN_CACHE = "private, no-cache"
_COMPRESSORS = ("flask_compress",)

logger: logging.Logger = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Add the hooks and the template function to an application."""
    app.jinja_env.globals["chatvisor_tag"] = chatvisor_tag
    app.after_request(_tag_page)
    # In front, so that it runs last.
    app.after_request_funcs[None].insert(0, _keep_private)

    @app.before_request
    def settle() -> None:
        hooks = app.before_request_funcs[None]
        app.before_request_funcs[None] = [hook for hook in hooks if hook is not settle]
        # Not twice, if two requests are the first.
        if settle in hooks:
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
    page = _Page(this_request(), Response())
    if not page.settings.enabled or page.is_exempt():
        return Markup()
    return t.cast(
        Markup,
        page.request.environ.setdefault(_PLACED, page.snippet(tagging.NOTHING)),
    )


def why_not(request: Request, response: Response) -> Reason | None:
    """Say why a page is not tagged; ``None`` if it is.

    Cheap conditions come first, then the page's body, the user last.
    """
    plan = _Page(request, response).plan()
    return plan if isinstance(plan, Reason) else plan.who.reason


def _tag_page(response: Response) -> Response:
    page = _Page(this_request(), response)
    try:
        tagged, reason = page.tagged()
    except Exception:
        # Whatever goes wrong in here or in a loader, the page itself is good.
        event = {"event": "chatvisor.tag.failed"}
        logger.exception("%s was not tagged.", page.request.path, extra=event)
        tagged, reason = response, Reason.ERROR
    if page.settings.debug_header:
        tagged.headers["X-Chatvisor"] = reason.value if reason else "tagged"
    return tagged


@dataclass(slots=True)
class _Plan:
    """Where to put the tag, and what it says."""

    at: int
    who: Announcement


class _Page:
    """One response on its way out."""

    def __init__(self, request: Request, response: Response) -> None:
        self.request = request
        self.response = response
        self._app = this_app()
        self.settings: Settings = state_of(self._app).settings
        self._headers = {name.lower(): value for name, value in response.headers}

    def tagged(self) -> tuple[Response, Reason | None]:
        plan = self.plan()
        if plan is Reason.MANUAL:
            return self._filled(), plan
        if isinstance(plan, Reason):
            return self.response, plan
        return self._with(plan.who, plan.at, plan.at), plan.who.reason

    def plan(self) -> _Plan | Reason:
        reason = self._why_not_here() or self._why_not_this()
        if reason is not None:
            return reason
        for_everyone = self._is_for_everyone()
        if not for_everyone and tagging.is_nobody(self.request):
            return Reason.ANONYMOUS
        body = self.response.get_data()
        # From the end, which is faster.
        if body.rfind(snippet.MARK) >= 0:
            return Reason.ALREADY_TAGGED
        at = body_end(body)
        if at is None:
            return Reason.NO_BODY
        if for_everyone:
            return _Plan(at, tagging.NOTHING)
        who = tagging.announce(self.request)
        return who.reason if who.reason and who.silent else _Plan(at, who)

    def _why_not_here(self) -> Reason | None:
        if not self.settings.enabled:
            return Reason.DISABLED
        if _PLACED in self.request.environ:
            return Reason.MANUAL
        if not self.settings.auto_inject:
            return Reason.AUTO_OFF
        return Reason.EXEMPT if self.is_exempt() else None

    def is_exempt(self) -> bool:
        view = self._app.view_functions.get(self.request.endpoint or "")
        return getattr(view, _EXEMPT, False)

    def _why_not_this(self) -> Reason | None:
        response = self.response
        if response.status_code not in _GOOD:
            return Reason.STATUS
        if response.mimetype != "text/html":
            return Reason.NOT_HTML
        if response.is_streamed or response.direct_passthrough:
            return Reason.STREAMED
        if "content-encoding" in self._headers:
            return Reason.ENCODED
        disposition = self._headers.get("content-disposition", "")
        if disposition.lower().startswith("attachment"):
            return Reason.ATTACHMENT
        return None if _is_document(self.request) else Reason.NOT_A_DOCUMENT

    def _is_for_everyone(self) -> bool:
        """Tell whether this page may get to others, or never be shown at all."""
        if self.settings.identity_delivery == "fetch":
            return True
        # A page that is loaded ahead must not use up the news that a reset is due.
        if "prefetch" in self.request.environ.get("HTTP_SEC_PURPOSE", ""):
            return True
        cached = self._headers.get("cache-control", "").lower()
        shared = "public" in cached or "s-maxage" in cached
        return shared or not _FOR_CDN.isdisjoint(self._headers)

    def _filled(self) -> Response:
        """Put the user's own tag, or nothing, in place of the one for everyone."""
        if self._why_not_this() is not None or self._is_for_everyone():
            return self.response
        placed = self.request.environ[_PLACED].encode()
        begin = self.response.get_data().find(placed)
        if begin < 0:
            return self.response
        who = tagging.announce(self.request)
        return self._with(who, begin, begin + len(placed))

    def _with(self, who: Announcement, begin: int, end: int) -> Response:
        """Copy the response, with the tag in place of ``begin`` to ``end``."""
        tag = b"" if who.silent and begin < end else self.snippet(who).encode("ascii")
        body = memoryview(self.response.get_data())
        # The application may keep the response, and send it again to somebody else.
        page = _copied(self.response)
        headers = self.response.headers
        page.headers = Headers(headers if who.silent else _kept_private(headers))
        page.set_data(b"".join((body[:begin], tag, body[end:])))
        for name in _DIGESTS.intersection(self._headers):
            page.headers.remove(name)
        if not who.silent:
            who.remember(self.request, page)
            self.request.environ[_PRIVATE] = [*page.headers]
        return page

    def snippet(self, who: Announcement) -> Markup:
        """Write the elements; the service's script only where it is not yet."""
        path = f"{self.settings.url_prefix}/static/tag.js?v={content_hash('tag.js')}"
        has_script = "assets" in emitted(self.request)
        return snippet.render(
            tagging.block(self.request, self.settings, who),
            tag_js=tagging.quoted(self.request.script_root) + path,
            script=None if has_script else self.settings.script_url,
            nonce=snippet.nonce_of(self.request),
        )


def _keep_private(response: Response) -> Response:
    """See that a page with somebody's data stays in that person's browser."""
    private = this_request().environ.get(_PRIVATE)
    if private is not None and private != [*response.headers]:
        response.headers = Headers(_kept_private(response.headers))
    return response


def _copied(response: Response) -> Response:
    # As copy.copy does, in a quarter of the time.
    page = object.__new__(type(response))
    page.__dict__ |= response.__dict__
    return page


def _kept_private(headers: Headers) -> list[tuple[str, str]]:
    kept, cached, vary = [], _OWN_CACHE, []
    for name, value in headers:
        lowered = name.lower()
        if lowered == "vary":
            vary.append(value)
        elif lowered == "cache-control":
            cached = value if "no-store" in value.lower() else cached
        elif lowered not in _FOR_OTHERS:
            kept.append((name, value))
    if "cookie" not in ", ".join(vary).lower():
        vary.append("Cookie")
    return [*kept, ("Cache-Control", cached), ("Vary", ", ".join(vary))]


def _is_document(request: Request) -> bool:
    environ = request.environ
    upgrade = environ.get("HTTP_UPGRADE", "").lower()
    if "HTTP_HX_REQUEST" in environ or upgrade == "websocket":
        return False
    destination = environ.get("HTTP_SEC_FETCH_DEST")
    if destination is not None:
        return bool(destination == "document")
    return "HTTP_X_REQUESTED_WITH" not in environ


def _settle(app: Flask) -> None:
    """See to what only the first request can know: all hooks, the LoginManager."""
    if state_of(app).settings.enabled and not hasattr(app, "login_manager"):
        logger.error(
            "There is no LoginManager, so no page is tagged. Initialise Flask-Login:"
            " LoginManager(app).",
            extra={"event": "chatvisor.setup.no-login-manager"},
        )
    hooks = app.after_request_funcs[None]
    ours = hooks.index(_tag_page)
    compressors = [i for i, hook in enumerate(hooks) if _compresses(hook)]
    last = max([ours, *compressors])
    app.after_request_funcs[None] = [
        *hooks[:ours],
        *hooks[ours + 1 : last + 1],
        _tag_page,
        *hooks[last + 1 :],
    ]


def _compresses(hook: t.Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith(_COMPRESSORS)
