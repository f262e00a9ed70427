"""What pages load: the URLs of static files, and the elements that name them."""

from __future__ import annotations

import hashlib
import logging
import re
import typing as t
from functools import cache
from pathlib import Path

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


def asset_url(filename: str) -> str:
    """Build the URL of a static file; it changes when the file's content does."""
    return url_for(
        "chatvisor_public.static", filename=filename, v=content_hash(filename)
    )


def emitted(request: Request) -> set[str]:
    """Name what this request's page has got already, such as ``assets``."""
    # Not in g, which outlives the request where a context was pushed by hand.
    names: set[str] = request.environ.setdefault("flask_chatvisor.emitted", set())
    return names


def modules_url(entry: str) -> str:
    """Build the URL of a script of the agents' pages, which imports its siblings.

    The hash stands in the path: relative imports take it with them.
    """
    return url_for("chatvisor_public.module", version=modules_hash(), filename=entry)


@cache
def modules_hash() -> str:
    """Hash everything that the agents' pages may import."""
    scripts = sorted(AGENT.glob("*.js"))
    content = b"".join(script.read_bytes() for script in scripts)
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def content_hash(filename: str) -> str:
    """Hash a static file's content: another hash, another URL."""
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:12]


def first_time(what: str) -> bool:
    """Tell whether this is the first call in this request."""
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
    """Write the element of a script; ``how`` is its further attributes."""
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
    """Find the nonce that the page's Content-Security-Policy wants.

    Looked for as ``request.csp_nonce`` (Flask-Talisman), ``g.csp_nonce`` and the Jinja
    global ``csp_nonce``; each may be a text or a callable that returns one.
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
        "The page's csp_nonce is not one, so it is not used.",
        extra={"event": "chatvisor.nonce.refused"},
    )
    return None
