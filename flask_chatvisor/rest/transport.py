"""HTTP to the service: time-outs, retries and one clear error for each fault.

The only module that imports requests. All its errors are subclasses of
:class:`~flask_chatvisor.errors.ServiceError`, and none contains the token or the body
of an answer.
"""

from __future__ import annotations

import ipaddress
import os
import random as random_module
import time
import typing as t
import weakref
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import msgspec
import requests
from requests import exceptions as rq
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import exceptions as u3

from ..contract.users import decode
from ..errors import GONE
from ..errors import NOT_ACCEPTED
from ..errors import AskedRecently
from ..errors import BadAnswer
from ..errors import RateLimited
from ..errors import ServiceError
from ..errors import ServiceRefused
from ..errors import ServiceTimeout
from ..errors import ServiceUnavailable
from ..errors import UnknownVisitor
from ..errors import say

#: Maximum attempts for a request that may be repeated.
ATTEMPTS = 3
#: Seconds of the first pause; each later one is twice as long.
FIRST_PAUSE = 0.1
#: Seconds of the longest pause; if the service asks for more, there is no retry.
LONGEST_PAUSE = 2.0

#: Maximum bytes of an answer.
MAX_BYTES = 8 * 1024 * 1024

_CHUNK = 64 * 1024
_Read = t.TypeVar("_Read", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer of the service."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def read(self, kind: type[_Read]) -> _Read:
        """Decode the body as a record.

        :raises BadAnswer: if that is not possible.
        """
        try:
            return decode(self.body, kind)
        except msgspec.ValidationError as error:
            # The error names place and type, not the value, which may be personal.
            what = say("The service's answer does not match its API: %(why)s.")
            raise BadAnswer(what, why=error, status=self.status) from None
        except (msgspec.DecodeError, ValueError, RecursionError):
            kept = self.headers.get("Content-Type", "no content type")[:60]
            what = say("The service's answer is not JSON (%(kind)s).")
            raise BadAnswer(what, kind=kept, status=self.status) from None


# --- faults ----------------------------------------------------------------------


class Fault(t.NamedTuple):
    """The error that the caller gets, and whether a retry may help."""

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
    say("The service at %(url)s closed the connection unexpectedly%(answered)s."),
    retry=True,
)
# No retry: a person is waiting, and it was too slow once.
SLOW = Fault(
    ServiceTimeout, say("The service at %(url)s did not answer in time%(answered)s.")
)
SLOW_CONNECT = Fault(
    ServiceTimeout,
    say("The service at %(url)s did not accept a connection in time%(answered)s."),
)
GARBLED = Fault(
    BadAnswer,
    say("The service at %(url)s sent an answer that cannot be decoded%(answered)s."),
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
    say("The certificate of the service at %(url)s is not trusted%(answered)s."),
    remedy=say("If you use your own certificate authority, set REQUESTS_CA_BUNDLE."),
)
PROXY = Fault(
    ServiceUnavailable,
    say("The service at %(url)s cannot be reached through the proxy%(answered)s."),
    retry=True,
    remedy=say("Check HTTPS_PROXY and NO_PROXY in the environment."),
)
ADDRESS = Fault(
    ServiceUnavailable,
    say("The service's address %(url)s cannot be used%(answered)s."),
    remedy=say("Check CHATVISOR_API_URL."),
)
HEADER = Fault(
    ServiceRefused,
    say(
        "This token cannot be sent to the service at %(url)s: it is not a valid"
        " header value%(answered)s."
    ),
)
UNSENT = Fault(
    ServiceError,
    say("The request could not be sent to the service at %(url)s%(answered)s."),
)
TOO_LARGE = Fault(
    BadAnswer, say("The service at %(url)s sent more than 8 MB%(answered)s.")
)

_TOKEN_REFUSED = Fault(
    ServiceRefused, say("The service at %(url)s refused the token%(answered)s.")
)
_NO_SUCH_PATH = Fault(
    BadAnswer, say("The service at %(url)s has no such operation%(answered)s.")
)
_FAILED = Fault(
    ServiceUnavailable,
    say("The service at %(url)s failed to process the request%(answered)s."),
)
_BUSY = Fault(
    ServiceUnavailable,
    say("The service at %(url)s is temporarily unavailable%(answered)s."),
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
        say("The service at %(url)s received too many requests%(answered)s."),
        retry=True,
    ),
    502: _BUSY,
    503: _BUSY,
    504: Fault(
        ServiceTimeout,
        say(
            "The service at %(url)s got no answer from its upstream in"
            " time%(answered)s."
        ),
        retry=True,
    ),
}


def of_status(status: int) -> Fault:
    """Find the fault for an unsuccessful status."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 300 <= status < 400:
        return REDIRECTED
    if 400 <= status < 500:
        return Fault(
            ServiceRefused,
            say("The service at %(url)s refused the request%(answered)s."),
            remedy=say("Check its log."),
        )
    return _FAILED


#: All exceptions of requests, and the base classes of urllib3's, which it sometimes
#: lets through. An exception's own class decides, then its nearest base.
FAULTS: Mapping[type[Exception], Fault] = {
    rq.RequestException: UNREACHABLE,
    rq.InvalidJSONError: UNSENT,
    rq.JSONDecodeError: GARBLED,
    rq.HTTPError: GARBLED,
    rq.ConnectionError: UNREACHABLE,
    rq.ProxyError: PROXY,
    rq.SSLError: CERTIFICATE,
    rq.Timeout: SLOW,
    rq.ConnectTimeout: SLOW_CONNECT,
    rq.ReadTimeout: SLOW,
    rq.URLRequired: ADDRESS,
    rq.TooManyRedirects: REDIRECTED,
    rq.MissingSchema: ADDRESS,
    rq.InvalidSchema: ADDRESS,
    rq.InvalidURL: ADDRESS,
    rq.InvalidHeader: HEADER,
    rq.InvalidProxyURL: PROXY,
    rq.ChunkedEncodingError: BROKEN,
    rq.ContentDecodingError: GARBLED,
    rq.StreamConsumedError: UNSENT,
    rq.RetryError: UNREACHABLE,
    rq.UnrewindableBodyError: UNSENT,
    u3.HTTPError: BROKEN,
    u3.DecodeError: GARBLED,
    u3.LocationValueError: ADDRESS,
    u3.SSLError: CERTIFICATE,
    u3.TimeoutError: SLOW,
}


class Transport:
    """Sends requests to one base URL with one token.

    :param base_url: of the service; paths are appended to it.
    :param token: sent as ``Authorization: Bearer``, only to this base URL.
    :param timeout: seconds to connect, and seconds for each read and for the body.
    :param sleep: waits between two attempts; takes seconds.
    :param random: returns a number from 0 to 1 for the jitter.
    :param clock: monotonic seconds.
    :param fault: returns a known error, if there is one; then nothing is sent.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        timeout: tuple[float, float],
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
        clock: Callable[[], float] = time.monotonic,
        fault: Callable[[], ServiceError | None] | None = None,
    ) -> None:
        self.base_url: str = base_url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._auth = _Bearer(token)
        self._proxies = _proxies(self.base_url)
        self._sleep = sleep
        self._random = random
        self._clock = clock
        self._fault = fault
        _instances.add(self)

    def get(
        self,
        path: str,
        params: Mapping[str, t.Any] | None = None,
        *,
        accept: str = "application/json, */*;q=0.1",
    ) -> Answer:
        """Send a GET request, with retries if they may help.

        :raises ServiceError: a subclass, if anything goes wrong.
        """
        return self._request("GET", path, params=params, headers={"Accept": accept})

    def post(self, path: str, json: Mapping[str, t.Any], *, repeatable: bool) -> Answer:
        """Send a POST request.

        :param repeatable: sending it twice does no harm, so it may be retried.
        :raises ServiceError: a subclass, if anything goes wrong.
        """
        headers = {"Accept": "application/json"}
        return self._request(
            "POST", path, json=json, repeatable=repeatable, headers=headers
        )

    def close(self) -> None:
        """Close all kept connections."""
        self._session.close()

    def forget_connections(self) -> None:
        """Leave the kept connections to another process."""
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter())

    def _request(
        self, method: str, path: str, *, repeatable: bool = True, **options: t.Any
    ) -> Answer:
        known = self._fault() if self._fault is not None else None
        if known is not None:
            raise known
        attempt = 1
        while True:
            try:
                return self._send(method, path, options)
            except _Failure as failure:
                pause = self._pause(failure, attempt) if repeatable else None
                if pause is None:
                    raise failure.error from failure.__cause__
            self._sleep(pause)
            attempt += 1

    def _send(self, method: str, path: str, options: Mapping[str, t.Any]) -> Answer:
        try:
            response = self._session.request(
                method,
                self.base_url + path,
                auth=self._auth,
                timeout=self._timeout,
                proxies=self._proxies,
                # A redirect would pass the token on, or lose the method.
                allow_redirects=False,
                stream=True,
                **options,
            )
        except (rq.RequestException, u3.HTTPError) as error:
            raise self._failure(fault_of(error)) from error
        with response:
            body = self._read(response)
            if 200 <= response.status_code < 300:
                return Answer(response.status_code, response.headers, body)
            raise self._refusal(response, body)

    def _read(self, response: requests.Response) -> bytes:
        deadline = self._clock() + self._timeout[1]
        body = bytearray()
        try:
            # Available bytes, not a full chunk: a slow body would block us.
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise self._failure(TOO_LARGE, response)
                if self._clock() > deadline:
                    raise self._failure(SLOW, response)
        except u3.HTTPError as error:
            raise self._failure(fault_of(error), response) from error
        return bytes(body)

    def _refusal(self, response: requests.Response, body: bytes) -> _Failure:
        status = response.status_code
        if status == 404 and _problem_code(body) == "visitor-gone":
            gone = UnknownVisitor(GONE, status=status)
            return _Failure(gone, retry=False)
        if status == 429 and _problem_code(body) == "asked-recently":
            wait = retry_after(response.headers)
            asked = AskedRecently(NOT_ACCEPTED, status=status, retry_after=wait)
            return _Failure(asked, retry=False)
        return self._failure(of_status(status), response)

    def _failure(
        self, fault: Fault, response: requests.Response | None = None
    ) -> _Failure:
        status = None if response is None else response.status_code
        answered = f" (HTTP {status})" if status else ""
        error = fault.error(
            fault.message,
            url=self.base_url,
            answered=answered,
            remedy=fault.remedy,
            status=status,
            retry_after=None if response is None else retry_after(response.headers),
        )
        return _Failure(error, retry=fault.retry)

    def _pause(self, failure: _Failure, attempt: int) -> float | None:
        """Return seconds until the next attempt; ``None`` if there is none."""
        if not failure.retry or attempt >= ATTEMPTS:
            return None
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * float(2 ** (attempt - 1)))
        jittered = longest * (0.5 + self._random() / 2)
        asked = failure.error.retry_after
        if asked is None:
            return jittered
        return None if asked > LONGEST_PAUSE else max(asked, jittered)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"


_instances: weakref.WeakSet[Transport] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    # Two processes that share a connection get each other's answers.
    for transport in _instances:
        transport.forget_connections()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


class _Failure(Exception):
    """One attempt failed."""

    def __init__(self, error: ServiceError, *, retry: bool) -> None:
        super().__init__(error)
        self.error = error
        self.retry = retry


class _Bearer(AuthBase):
    # As `auth`, so that a .netrc cannot replace the header.
    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            if not self._token.isprintable():
                raise rq.InvalidHeader("The token has control characters.")
            # Bytes: http.client can write text only if it is Latin-1.
            header: t.Any = f"Bearer {self._token}".encode()
            request.headers["Authorization"] = header
        return request


def fault_of(error: Exception) -> Fault:
    """Find the fault of an exception, by its class or its nearest base."""
    return next(FAULTS[kind] for kind in type(error).__mro__ if kind in FAULTS)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After``: seconds, or a date compared with the answer's own."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers["Date"])
        return max(0.0, wait.total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


class _Problem(msgspec.Struct):
    code: str | None = None


def _problem_code(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=_Problem).code
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _proxies(base_url: str) -> dict[str, str]:
    """Bypass the environment's proxy for this machine's own addresses."""
    try:
        host = urlsplit(base_url).hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return {}
    return {"no_proxy": host} if local else {}
