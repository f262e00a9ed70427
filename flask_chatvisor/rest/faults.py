"""What can go wrong with a request, and what that is to the caller."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..errors import BadAnswer
from ..errors import RateLimited
from ..errors import ServiceError
from ..errors import ServiceRefused
from ..errors import ServiceTimeout
from ..errors import ServiceUnavailable

#: Bytes of the largest answer that is read.
MAX_BYTES = 8 * 1024 * 1024


class Fault(t.NamedTuple):
    """What a failure is to the caller, and whether trying again may help."""

    error: type[ServiceError]
    message: str
    retry: bool = False
    remedy: str | None = None


UNREACHABLE = Fault(ServiceUnavailable, "cannot be reached", retry=True)
BROKEN = Fault(ServiceUnavailable, "broke the connection off", retry=True)
# Not tried again: a person is waiting, and it was too slow once.
SLOW = Fault(ServiceTimeout, "did not answer in time")
SLOW_CONNECT = Fault(ServiceTimeout, "did not accept a connection in time")
GARBLED = Fault(BadAnswer, "answered something that cannot be decoded")
REDIRECTED = Fault(BadAnswer, "answered with a redirect, which is not followed")
CERTIFICATE = Fault(
    ServiceUnavailable,
    "has no certificate that can be trusted",
    remedy="Check its certificate; REQUESTS_CA_BUNDLE names an authority of your own.",
)
PROXY = Fault(
    ServiceUnavailable,
    "cannot be reached through the proxy",
    retry=True,
    remedy="Check HTTPS_PROXY and NO_PROXY in the environment.",
)
ADDRESS = Fault(
    ServiceUnavailable,
    "has an address that cannot be used",
    remedy="Check CHATVISOR_API_URL.",
)
HEADER = Fault(ServiceRefused, "cannot be sent this token: it is no valid header value")
UNSENT = Fault(ServiceError, "could not be sent the request")
TOO_LARGE = Fault(BadAnswer, f"answered more than {MAX_BYTES // 1024**2} MB")

_TOKEN_REFUSED = Fault(ServiceRefused, "refused the token")
_NO_SUCH_PATH = Fault(BadAnswer, "has no such operation")
_FAILED = Fault(ServiceUnavailable, "failed to carry the request out")
_BUSY = Fault(ServiceUnavailable, "says that it cannot serve now", retry=True)
_BY_STATUS: Mapping[int, Fault] = {
    401: _TOKEN_REFUSED,
    403: Fault(ServiceRefused, "does not allow this token to do that"),
    404: _NO_SUCH_PATH,
    405: _NO_SUCH_PATH,
    408: SLOW,
    410: _NO_SUCH_PATH,
    429: Fault(RateLimited, "wants fewer requests", retry=True),
    502: _BUSY,
    503: _BUSY,
    504: Fault(ServiceTimeout, "did not get an answer behind it in time", retry=True),
}


def of_status(status: int) -> Fault:
    """Find what a status other than a success means."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 300 <= status < 400:
        return REDIRECTED
    if 400 <= status < 500:
        return Fault(ServiceRefused, "refused the request", remedy="See its log.")
    return _FAILED
