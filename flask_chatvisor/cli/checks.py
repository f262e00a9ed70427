"""The checks of ``flask chatvisor check``: the service, and pages of the application.

Each returns one line about the result, or raises an error that says what is wrong and
what to do.
"""

from __future__ import annotations

import functools
import json
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from flask import Flask
from flask import g
from flask import request

from ..assets import nonce_of
from ..contract.tokens import LEEWAY
from ..contract.urls import origin_of
from ..errors import ServiceError
from ..errors import SetupError
from ..rest.transport import Answer
from ..rest.transport import Transport
from ..state import EmbeddedService
from ..state import State
from ..state import state_of
from ..tag.announcement import Reason
from ..tag.csp import missing_sources
from ..tag.csp import needed_sources
from ..tag.insertion import WHY_NOT
from .page import Page

#: A name, and a function that runs the check and returns its result.
Trial = tuple[str, Callable[[], str]]

_WHY: Mapping[str, str] = {
    Reason.DISABLED: "CHATVISOR_ENABLED is False",
    Reason.AUTO_OFF: "CHATVISOR_AUTO_INJECT is False; place {{ chatvisor_tag() }}",
    Reason.MANUAL: "its template places chatvisor_tag()",
    Reason.EXEMPT: "its view is exempt",
    Reason.ANONYMOUS: "nobody is signed in; name a user with --user",
    Reason.NOT_A_VISITOR: "the visitor_loader returned nothing for this user",
    Reason.AGENT: "this user is an agent",
    Reason.NO_CONSENT: "the consent_loader returned False for this user",
    Reason.NOT_HTML: "it is not text/html",
    Reason.STATUS: "only pages with a status of 200 to 203 are tagged",
    Reason.STREAMED: "it is streamed; place {{ chatvisor_tag() }} in its template",
    Reason.ENCODED: "it is already compressed; call init_app after the compressor's",
    Reason.ATTACHMENT: "it is a download",
    Reason.NOT_A_DOCUMENT: "it was not requested as a document",
    Reason.NO_BODY: "no </body> certainly ends it; place {{ chatvisor_tag() }}",
    Reason.ALREADY_TAGGED: "its view adds its own tag",
    Reason.ERROR: "an error was logged",
}
#: These mean that something is wrong; the others are decisions.
_FAULTS = {Reason.STATUS, Reason.STREAMED, Reason.ENCODED, Reason.NO_BODY, Reason.ERROR}
_UNTOLD = "reason unknown; set CHATVISOR_DEBUG_HEADER = True there"


def of_service(state: State) -> Iterator[Trial]:
    """Check everything in the configuration."""
    settings = state.settings
    if state.embedded is not None:
        yield "embedded", functools.partial(_embedded_runs, state.embedded)
    yield "script", lambda: _script_is_there(settings.script_url, settings.timeout)
    if settings.directory == "browser":
        yield "API", lambda: "not used, because CHATVISOR_DIRECTORY is 'browser'"
    else:
        yield "API token", lambda: _token_is_accepted(state.client.probe())


def of_page(app: Flask, url: str, user_id: str | None) -> Iterator[Trial]:
    """Fetch a page; check its tag and its policy.

    :param url: a path of this application, or a URL of a running one.
    :param user_id: the signed-in user, by the id that the ``user_loader`` takes.
    """
    seen: list[_Seen] = []

    def look() -> str:
        seen.append(_fetched(app, url) if "://" in url else _made(app, url, user_id))
        return _tagging(seen[0])

    yield f"page {url}", look
    if seen:
        yield f"policy of {url}", lambda: _policy_allows(state_of(app), seen[0])


class _Seen(t.NamedTuple):
    """A page as a browser gets it.

    :ivar location: where it redirects to.
    :ivar told: the header X-Chatvisor.
    """

    url: str
    status: int
    location: str
    policies: list[str]
    page: Page
    nonce: str
    told: str


def _made(app: Flask, path: str, user_id: str | None) -> _Seen:
    """Render a page of the application in this process."""
    headers = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
    with app.test_request_context(path, headers=headers):
        if user_id is not None:
            g._login_user = _user(app, user_id)
        response = app.full_dispatch_request()
        streamed = response.is_streamed or response.direct_passthrough
        page = Page("" if streamed else response.get_data(as_text=True))
        response.close()
        return _Seen(
            request.url,
            response.status_code,
            response.location or "",
            response.headers.getlist("Content-Security-Policy") + page.policies,
            page,
            page.nonce or nonce_of(request) or "",
            request.environ[WHY_NOT] or "tagged",
        )


def _user(app: Flask, user_id: str) -> t.Any:
    manager = getattr(app, "login_manager", None)
    load = getattr(manager, "_user_callback", None)
    user = load(user_id) if load is not None else None
    if user is None:
        raise SetupError(f"The application's user_loader found no user {user_id!r}.")
    return user


def _fetched(app: Flask, url: str) -> _Seen:
    """Fetch a page from a running application, without a session."""
    try:
        answer = _get(url, state_of(app).settings.timeout, accept="text/html")
    except ServiceError as error:
        said = f"answered {error.status}" if error.status else "cannot be reached"
        raise SetupError(f"{url} {said}.") from error
    page = Page(answer.body.decode(errors="replace"))
    policy = answer.headers.get("Content-Security-Policy")
    policies = [*([policy] if policy else []), *page.policies]
    told = answer.headers.get("X-Chatvisor", "")
    return _Seen(url, answer.status, "", policies, page, page.nonce, told)


def _tagging(seen: _Seen) -> str:
    """Describe who is tagged on a page, or why nobody is."""
    block = seen.page.block
    if block and block["tag"]:
        block["tag"].pop("externalToken", None)
        return f"tagged: {json.dumps(block['tag'])}"
    if block:
        return f"has a tag for any user, who is looked up at {block['refresh']}"
    why = f"not tagged: {seen.told or 'no tag'} ({_WHY.get(seen.told, _UNTOLD)})"
    if seen.told in _FAULTS:
        raise SetupError(f"{why}{_answered(seen)}")
    return why


def _answered(seen: _Seen) -> str:
    if seen.told != Reason.STATUS:
        return "."
    leads = f", to {urljoin(seen.url, seen.location)}" if seen.location else ""
    return f". It answered {seen.status}{leads}."


def _policy_allows(state: State, seen: _Seen) -> str:
    if not seen.policies:
        return "no policy, so nothing is blocked"
    wanted = needed_sources(state.settings.browser_origins)
    missing = missing_sources(
        seen.policies, wanted, page_url=seen.url, nonce=seen.nonce
    )
    if missing:
        lacks = "; ".join(f"{name} lacks {source}" for name, source in missing)
        raise SetupError(f"{lacks}. chatvisor.csp() lists all required sources.")
    return "Content-Security-Policy allows all required sources"


def _embedded_runs(embedded: EmbeddedService) -> str:
    try:
        embedded.ensure()
    except RuntimeError as error:
        raise SetupError(str(error)) from error
    return "running"


def _script_is_there(url: str, timeout: tuple[float, float]) -> str:
    try:
        answer = _get(url, timeout, accept="text/javascript")
    except ServiceError as error:
        raise SetupError(
            f"{error.message} Check CHATVISOR_SCRIPT_ID or CHATVISOR_SCRIPT_URL."
        ) from error
    kind = answer.headers.get("Content-Type", "")
    if "javascript" not in kind:
        raise SetupError(f"{url} has {kind or 'no content type'}, not JavaScript.")
    return f"{len(answer.body)} bytes of JavaScript"


def _get(url: str, timeout: tuple[float, float], *, accept: str) -> Answer:
    # Without the token, because public files may be on another host.
    host = origin_of(url)
    transport = Transport(host, None, timeout)
    try:
        return transport.get(url.removeprefix(host), accept=accept)
    finally:
        transport.close()


def _token_is_accepted(answer: Answer) -> str:
    difference = clock_difference(answer.headers, time.time())
    if difference is None:
        return "accepted; the service's clock is unknown"
    if abs(difference) > LEEWAY:
        raise SetupError(
            f"accepted, but this clock is {abs(difference):.0f} s"
            f" {'ahead of' if difference > 0 else 'behind'} the service's. Tokens allow"
            f" {LEEWAY} s: synchronize both with NTP."
        )
    return f"accepted; the clocks are {abs(difference):.0f} s apart"


def clock_difference(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds by which a clock is ahead of the one that wrote the ``Date`` header."""
    try:
        return now - parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None
