"""What pages load: the URLs of static files, and elements for them."""

from __future__ import annotations

import hashlib
import logging
import re
import typing as t
from functools import cache
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from flask import Request
from flask import request
from flask import url_for
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from .current import these_globals
from .current import this_app

STATIC = Path(__file__).parent / "static"
#: The scripts of the agents' pages, which import each other.
AGENT = STATIC / "agent"

_NONCE = re.compile(r"[A-Za-z0-9+/_-]{1,256}={0,2}")

logger: logging.Logger = logging.getLogger(__name__)


@lru_cache(maxsize=64)
def quoted(path: str) -> str:
    """Write a mount point as the path of a URL of this site.

    It may come from a header that a proxy passes on unread, and a path that begins with
    two slashes or a backslash would name another host.
    """
    path = path.lstrip("/")
    return "/" + quote(path, safe="/:@!$&'()*+,;=~") if path else ""


def url_of(endpoint: str, **values: t.Any) -> str:
    """Build the URL of a route of the extension: a path of this site in a request."""
    url = url_for(endpoint, **values)
    root = request.script_root
    return quoted(root) + url.removeprefix(root) if url.startswith(f"{root}/") else url


def asset_url(filename: str) -> str:
    """Build the URL of a static file; it changes when the file's content does."""
    return url_of(
        "chatvisor_public.static", filename=filename, v=content_hash(filename)
    )


def emitted(request: Request) -> set[str]:
    """Return what this request's page already has, such as ``assets``."""
    # Not in g, which outlives the request if a context was pushed by hand.
    names: set[str] = request.environ.setdefault("flask_chatvisor.emitted", set())
    return names


def modules_url(entry: str) -> str:
    """Build the URL of a script of the agents' pages, which imports its siblings.

    The hash is in the path, so that relative imports keep it.
    """
    return url_of("chatvisor_public.module", version=modules_hash(), filename=entry)


@cache
def modules_hash() -> str:
    """Hash everything that the agents' pages may import."""
    scripts = sorted(AGENT.glob("*.js"))
    content = b"".join(script.read_bytes() for script in scripts)
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def content_hash(filename: str) -> str:
    """Hash a static file's content."""
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:12]


def first_time(what: str) -> bool:
    """Return whether this is the first call in this request."""
    known = emitted(request)
    if what in known:
        return False
    known.add(what)
    return True


def stylesheet() -> Markup:
    """Write the link to the styles, once."""
    if not first_time("stylesheet"):
        return Markup()
    link = Markup('<link rel="stylesheet" href="{}"{}>')
    return link.format(asset_url("chatvisor.css"), _sealed())


def script(url: str, how: Markup) -> Markup:
    """Write a script element; ``how`` holds further attributes."""
    element = Markup('<script src="{}" {}{}></script>')
    return element.format(url, how, _sealed())


def data_block(name: str, data: dict[str, t.Any]) -> Markup:
    """Write data for scripts to read."""
    element = Markup('<script type="application/json" id="{}"{}>{}</script>')
    return element.format(name, _sealed(), htmlsafe_json_dumps(data))


def _sealed() -> Markup:
    nonce = nonce_of(request)
    return Markup(' nonce="{}"').format(nonce) if nonce else Markup()


def nonce_of(request: Request) -> str | None:
    """Find the nonce of the page's Content-Security-Policy.

    It may be in ``request.csp_nonce`` (Flask-Talisman), ``g.csp_nonce`` or the Jinja
    global ``csp_nonce``, each a text or a callable that returns one.
    """
    nonce = (
        getattr(request, "csp_nonce", None)
        or these_globals().get("csp_nonce")
        or this_app().jinja_env.globals.get("csp_nonce")
    )
    if callable(nonce):
        nonce = nonce()
    if not nonce:
        return None
    if isinstance(nonce, str) and _NONCE.fullmatch(nonce):
        return nonce
    logger.warning(
        "The page's csp_nonce is not a valid nonce and is ignored.",
        extra={"event": "chatvisor.nonce.refused"},
    )
    return None
