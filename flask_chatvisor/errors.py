"""Every exception of the extension, arranged by what the caller can do about it.

.. code-block:: text

    ChatvisorError
    ├── ConfigurationError (ValueError)   fix the configuration
    ├── SetupError (RuntimeError)         fix the wiring: called twice, not initialised
    ├── UserTokenUnavailable              501  register a user_token_loader
    └── ServiceError                      a problem with the service
        ├── ServiceUnavailable            503  not reachable: wait, or start it
        ├── ServiceTimeout                504  reached, but too slow
        ├── RateLimited                   503  wait ``retry_after`` seconds
        ├── ServiceRefused                502  the token or request was refused
        ├── BadAnswer                     502  the answer does not match the API
        ├── AskedRecently                 429  this visitor has just not accepted
        └── UnknownVisitor                404  this visitor is not active

An untrusted token raises :class:`~flask_chatvisor.TokenError`, which the service uses
too.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from collections.abc import Sequence


def say(text: str) -> str:
    """Mark a text for translation."""
    return text


class ChatvisorError(Exception):
    """The base class of all errors of the extension."""


class ConfigurationError(ChatvisorError, ValueError):
    """The configuration is invalid; lists every fault at once.

    :ivar faults: one sentence for each fault, with the key's name.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults: tuple[str, ...] = tuple(faults)
        lines = "\n".join(f"- {fault}" for fault in self.faults)
        super().__init__(f"Chatvisor cannot start with this configuration:\n{lines}")


class SetupError(ChatvisorError, RuntimeError):
    """The extension was set up incorrectly; the message says how to fix it."""


class UserTokenUnavailable(ChatvisorError):
    """There is no way to get a user token for this agent.

    The Chatvisor cloud publishes no operation to mint one.
    """

    http_status: t.ClassVar[int] = 501
    code: t.ClassVar[str] = "user-token-unavailable"
    message: str = say("No user token is available for this agent.")
    remedy: str = say(
        "Register a user_token_loader that returns the agent's own token, or set"
        " CHATVISOR_API_PATHS['user_token'] if your service mints them."
    )
    template: str = message
    values: t.ClassVar[Mapping[str, object]] = {}

    def __init__(self) -> None:
        super().__init__(f"{self.message} {self.remedy}")


class ServiceError(ChatvisorError):
    """A request to the service failed.

    :ivar message: what went wrong, in one sentence that agents may read.
    :ivar template: the translatable message, with ``%(name)s`` for each of ``values``.
    :ivar remedy: what to do about it, in one sentence.
    :ivar status: the HTTP status of the service's answer, if there was one.
    """

    #: The HTTP status with which the extension answers its own client.
    http_status: t.ClassVar[int] = 502
    #: The stable code in problem JSON.
    code: t.ClassVar[str] = "service-error"
    #: The default for ``remedy``.
    default_remedy: t.ClassVar[str] = say(
        "Try again. If the error persists, check the log."
    )

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        **values: object,
    ) -> None:
        self.template = message
        self.values: Mapping[str, object] = values
        self.message: str = message % values if values else message
        self.remedy: str = remedy or self.default_remedy
        self.status = status
        #: Seconds to wait, if the service said so.
        self.retry_after = retry_after
        super().__init__(f"{self.message} {self.remedy}")


class ServiceUnavailable(ServiceError):
    """The service cannot be reached or is temporarily unavailable."""

    http_status = 503
    code = "service-unavailable"
    default_remedy: t.ClassVar[str] = say(
        "Check that it is running and that CHATVISOR_API_URL is its address."
    )


class ServiceTimeout(ServiceError):
    """The service was reached but did not answer in time."""

    http_status = 504
    code = "service-timeout"
    default_remedy: t.ClassVar[str] = say("Try again, or raise CHATVISOR_TIMEOUT.")


class RateLimited(ServiceError):
    """The service received too many requests (429)."""

    http_status = 503
    code = "rate-limited"
    default_remedy: t.ClassVar[str] = say(
        "Wait a moment; the request is retried automatically."
    )


class ServiceRefused(ServiceError):
    """The service refused the request, usually because of the token."""

    http_status = 502
    code = "service-refused"
    default_remedy: t.ClassVar[str] = say("Check CHATVISOR_API_TOKEN.")


class BadAnswer(ServiceError):
    """The service's answer does not match its API."""

    http_status = 502
    code = "bad-answer"
    default_remedy: t.ClassVar[str] = say(
        "Check that CHATVISOR_API_URL and CHATVISOR_API_PATHS are right."
    )


#: The message of every AskedRecently.
NOT_ACCEPTED: str = say("This user did not accept a moment ago.")


class AskedRecently(ServiceError):
    """The visitor has just not accepted: wait ``retry_after`` seconds."""

    http_status = 429
    code = "asked-recently"
    default_remedy: t.ClassVar[str] = say("Wait a little before you ask again.")


#: The message of every UnknownVisitor.
GONE: str = say("This user is no longer active.")


class UnknownVisitor(ServiceError):
    """The visitor is not active, or this agent may not see them."""

    http_status = 404
    code = "visitor-gone"
    default_remedy: t.ClassVar[str] = say(
        "Wait until the user opens a page of the application again."
    )
