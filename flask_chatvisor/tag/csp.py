"""Content-Security-Policies: required sources, and missing ones."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from urllib.parse import urljoin
from urllib.parse import urlsplit

#: The directive that a browser uses next if a policy lacks one.
_FALLBACKS: Mapping[str, Sequence[str]] = {
    "script-src": ("script-src-elem", "script-src", "default-src"),
    "style-src": ("style-src-elem", "style-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
}
#: Other schemes that a source with this scheme allows.
_UPGRADES: Mapping[str, Sequence[str]] = {
    "http": ("https",),
    "ws": ("wss", "http", "https"),
    "wss": ("https",),
}
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_NETWORK = frozenset(_PORTS)


def needed_sources(origins: Sequence[str]) -> dict[str, list[str]]:
    """List the sources that a Content-Security-Policy must allow, by directive.

    :param origins: the origins that browsers connect to, the script's first.
    """
    return {
        "script-src": ["'self'", *origins[:1]],
        "style-src": ["'self'"],
        "connect-src": ["'self'", *origins],
    }


def missing_sources(
    policies: Iterable[str],
    wanted: Mapping[str, Iterable[str]],
    *,
    page_url: str,
    nonce: str = "",
) -> list[tuple[str, str]]:
    """Find sources that Content-Security-Policies do not allow, with their directives.

    :param policies: all must allow a source; one header may have several.
    :param wanted: sources by directive, as :func:`needed_sources` lists them.
    :param nonce: of the script elements.
    """
    parsed = [_parse(one) for policy in policies for one in policy.split(",")]
    return [
        (directive, source)
        for directive, sources in wanted.items()
        for source in sources
        if not all(_lets(p, directive, source, page_url, nonce) for p in parsed)
    ]


def _parse(policy: str) -> dict[str, list[str]]:
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        # If a directive is repeated, the first one counts.
        directives.setdefault(name.lower(), sources)
    return directives


def _lets(
    policy: Mapping[str, Sequence[str]],
    directive: str,
    wanted: str,
    page_url: str,
    nonce: str,
) -> bool:
    named = next((one for one in _FALLBACKS[directive] if one in policy), None)
    if named is None:
        return True
    sources = policy[named]
    if directive == "script-src":
        if nonce and f"'nonce-{nonce}'" in sources:
            return True
        if "'strict-dynamic'" in sources:
            return False
    url = page_url if wanted == "'self'" else wanted
    return any(_matches(source, url, page_url) for source in sources)


def _matches(source: str, url: str, page_url: str) -> bool:
    """Return whether a source expression covers an origin."""
    wanted = urlsplit(url)
    if source == "'self'":
        source = urljoin(page_url, "/")
    if source.startswith("'"):
        return False
    if source == "*":
        return wanted.scheme in _NETWORK
    if source.endswith(":"):
        return _scheme_fits(source[:-1].lower(), wanted.scheme)
    if "://" not in source:
        source = f"{urlsplit(page_url).scheme}://{source}"
    # urlsplit() does not accept the port "*".
    any_port = source.split("/")[2].endswith(":*")
    allowed = urlsplit(source.replace(":*", "", 1) if any_port else source)
    if not _scheme_fits(allowed.scheme, wanted.scheme):
        return False
    if not _host_fits(allowed.hostname or "", wanted.hostname or ""):
        return False
    default = _PORTS[wanted.scheme] if allowed.port is None else allowed.port
    return any_port or default == (wanted.port or _PORTS[wanted.scheme])


def _scheme_fits(allowed: str, wanted: str) -> bool:
    return wanted == allowed or wanted in _UPGRADES.get(allowed, ())


def _host_fits(allowed: str, wanted: str) -> bool:
    if allowed.startswith("*."):
        return wanted.endswith(allowed[1:])
    return allowed == wanted
