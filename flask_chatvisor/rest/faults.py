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
from ..errors import say

#: Bytes of the largest answer that is read.
MAX_BYTES = 8 * 1024 * 1024


class Fault(t.NamedTuple):
    """What a failure is to the caller, and whether trying again may help."""

    error: type[ServiceError]
    message: str
    retry: bool = False
    remedy: str | None = None


UNREACHABLE = Fault(
    ServiceUnavailable,
    say("The service at %(url)s cannot be reached%(answered)s."),
    retry=True,
)
BROKEN = Fault(
    ServiceUnavailable,
    say("The service at %(url)s broke the connection off%(answered)s."),
    retry=True,
)
# Not tried again: a person is waiting, and it was too slow once.
SLOW = Fault(
    ServiceTimeout, say("The service at %(url)s did not answer in time%(answered)s.")
)
SLOW_CONNECT = Fault(
    ServiceTimeout,
    say("The service at %(url)s did not accept a connection in time%(answered)s."),
)
GARBLED = Fault(
    BadAnswer,
    say(
        "The service at %(url)s answered something that cannot be decoded%(answered)s."
    ),
)
REDIRECTED = Fault(
    BadAnswer,
    say(
        "The service at %(url)s answered with a redirect, which is not"
        " followed%(answered)s."
    ),
)
CERTIFICATE = Fault(
    ServiceUnavailable,
    say("The service at %(url)s has no certificate that can be trusted%(answered)s."),
    remedy=say(
        "Check its certificate; REQUESTS_CA_BUNDLE names an authority of your own."
    ),
)
PROXY = Fault(
    ServiceUnavailable,
    say("The service at %(url)s cannot be reached through the proxy%(answered)s."),
    retry=True,
    remedy=say("Check HTTPS_PROXY and NO_PROXY in the environment."),
)
ADDRESS = Fault(
    ServiceUnavailable,
    say("The service at %(url)s has an address that cannot be used%(answered)s."),
    remedy=say("Check CHATVISOR_API_URL."),
)
HEADER = Fault(
    ServiceRefused,
    say(
        "The service at %(url)s cannot be sent this token: it is no valid header"
        " value%(answered)s."
    ),
)
UNSENT = Fault(
    ServiceError,
    say("The service at %(url)s could not be sent the request%(answered)s."),
)
TOO_LARGE = Fault(
    BadAnswer, say("The service at %(url)s answered more than 8 MB%(answered)s.")
)

_TOKEN_REFUSED = Fault(
    ServiceRefused, say("The service at %(url)s refused the token%(answered)s.")
)
_NO_SUCH_PATH = Fault(
    BadAnswer, say("The service at %(url)s has no such operation%(answered)s.")
)
_FAILED = Fault(
    ServiceUnavailable,
    say("The service at %(url)s failed to carry the request out%(answered)s."),
)
_BUSY = Fault(
    ServiceUnavailable,
    say("The service at %(url)s says that it cannot serve now%(answered)s."),
    retry=True,
)
_BY_STATUS: Mapping[int, Fault] = {
    401: _TOKEN_REFUSED,
    403: Fault(
        ServiceRefused,
        say("The service at %(url)s does not allow this token to do that%(answered)s."),
    ),
    404: _NO_SUCH_PATH,
    405: _NO_SUCH_PATH,
    408: SLOW,
    410: _NO_SUCH_PATH,
    429: Fault(
        RateLimited,
        say("The service at %(url)s wants fewer requests%(answered)s."),
        retry=True,
    ),
    502: _BUSY,
    503: _BUSY,
    504: Fault(
        ServiceTimeout,
        say(
            "The service at %(url)s did not get an answer behind it in"
            " time%(answered)s."
        ),
        retry=True,
    ),
}


def of_status(status: int) -> Fault:
    """Find what a status other than a success means."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 300 <= status < 400:
        return REDIRECTED
    if 400 <= status < 500:
        return Fault(
            ServiceRefused,
            say("The service at %(url)s refused the request%(answered)s."),
            remedy=say("See its log."),
        )
    return _FAILED
