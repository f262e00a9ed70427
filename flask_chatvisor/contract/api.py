"""The service's REST API: paths, scopes, sizes, codes and headers."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

#: Paths by the names of ``CHATVISOR_API_PATHS``; the vendor does not publish its own.
PATHS: Mapping[str, str] = {
    "list": "/rest/v1/customerstatus",
    "status": "/rest/v1/customerstatus/{query}",
    "user_token": "/rest/v1/usertoken",
    "revoke": "/rest/v1/revoke",
}
CALL_PATH = "/rest/v1/call"

#: What user tokens may allow.
Scope = t.Literal["list", "call", "presence"]
SCOPES: tuple[Scope, ...] = t.get_args(Scope)

#: Users on the longest page of a list, and users that one request may name.
MAX_PAGE_SIZE = 1000
MAX_QUERIES = 100
#: Maximum seconds that a user token is valid.
MAX_TTL = 3600

#: Carries the signature of a call event.
SIGNATURE_HEADER = "X-Chatvisor-Signature"

#: The stable codes of problems, each with its status and title.
PROBLEMS: Mapping[str, tuple[int, str]] = {
    "token-missing": (401, "Authentication is needed"),
    "token-invalid": (401, "The token is not valid"),
    "token-expired": (401, "The token has expired"),
    "token-revoked": (401, "The token was revoked"),
    "token-used": (401, "The token was used already"),
    "scope-missing": (403, "The token is not good for this"),
    "wrong-visitor": (403, "The token is for another visitor"),
    "origin-refused": (403, "This origin is not allowed"),
    "not-found": (404, "Not found"),
    "visitor-gone": (404, "The visitor has gone"),
    "method-not-allowed": (405, "Method not allowed"),
    "busy": (409, "The visitor is in a call"),
    "too-large": (413, "The request is too large"),
    "bad-request": (400, "The request is not understood"),
    "asked-recently": (429, "The visitor did not accept a moment ago"),
    "rate-limited": (429, "Too many requests"),
}
