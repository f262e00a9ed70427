"""Origins, base URLs and loopback addresses."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def base_url(host: str, port: int) -> str:
    """Write an address as a URL."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def origin_of(url: str) -> str:
    """Return a URL's origin without the default port; "" if it has none."""
    parts = urlsplit(url.lower())
    netloc = parts.netloc.rpartition("@")[2]
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    bare = netloc.removesuffix(default) if default else netloc
    return f"{parts.scheme}://{bare}" if bare else ""
