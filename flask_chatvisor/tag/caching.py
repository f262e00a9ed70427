"""Prevents caches from serving a tagged page to another person, or too late."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response
from flask import request
from werkzeug.datastructures import Headers

from ..current import current_state
from ..current import this_request
from .announcement import is_nobody

#: The key in a request's environment for the headers that make its page private.
PRIVATE = "flask_chatvisor.private"
#: Likewise for what only agents may see, such as the list of active users.
FOR_AGENTS = "flask_chatvisor.for_agents"

# These headers, too, offer a page to shared caches; for nginx the last one overrides
# Cache-Control.
_FOR_CDN = frozenset(
    {
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "edge-control",
        "surrogate-control",
        "x-accel-expires",
    }
)
_FOR_OTHERS = _FOR_CDN | {"etag", "last-modified"}
_OWN_CACHE = "private, no-cache"
_NO_CACHE = "private, no-store"
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")


def is_for_shared_caches(headers: Mapping[str, str]) -> bool:
    """Return whether a page is offered to shared caches.

    :param headers: by names in lower case.
    """
    cached = headers.get("cache-control", "").lower()
    shared = "public" in cached or "s-maxage" in cached
    return shared or not _FOR_CDN.isdisjoint(headers)


def keep_private(response: Response) -> Response:
    """Make sure that a page with personal data stays in that person's browser."""
    environ = this_request().environ
    private = environ.get(PRIVATE)
    if FOR_AGENTS in environ:
        response.headers = Headers(kept_private(response.headers, _NO_CACHE))
    elif private is not None and private != [*response.headers]:
        response.headers = Headers(kept_private(response.headers))
    return response


def kept_private(headers: Headers, cached: str = _OWN_CACHE) -> list[tuple[str, str]]:
    """Rewrite headers so that only the person's own browser stores the page.

    :param cached: the ``Cache-Control`` of a page that may be stored.
    """
    kept, vary = [], []
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


def ask_for_the_page() -> None:
    """Drop the conditions of a visitor's request, so that the answer is the page.

    A browser that has cached a page from before its user signed in or out may ask
    whether it is still valid. A view that answers 304 considers only its own content;
    the browser would neither announce the present user nor forget the previous one.
    """
    environ = request.environ
    if not any(name in environ for name in _CONDITIONS) or not _may_be_tagged():
        return
    for name in _CONDITIONS:
        environ.pop(name, None)


def _may_be_tagged() -> bool:
    settings = current_state().settings
    return (
        settings.enabled
        and settings.identity_delivery == "page"
        and request.method in {"GET", "HEAD"}
        # Only navigation requests ask for HTML by name.
        and "text/html" in request.headers.get("Accept", "")
        and not is_nobody(request)
    )
