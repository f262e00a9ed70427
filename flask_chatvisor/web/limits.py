"""How often an agent may start a call, or get a token."""

from __future__ import annotations

import functools
import logging
import math
import time
import typing as t
from collections.abc import Callable

from flask import Response
from flask import request
from flask.typing import ResponseReturnValue

from ..contract.bucket import Buckets
from ..contract.bucket import Rate
from ..identity import Agent
from ..pages.language import gettext as _
from ..pages.language import ngettext
from ..signed_in import current_agent
from .answers import problem

#: How often one agent may start a call, and get a token for a page: a burst, then one
#: more every so many seconds. Each page with a list takes a token.
CALLS = Rate(1 / 3, 20)
TOKENS = Rate(1, 60)
#: How often an agent's pages may ask for a list that is newer than a tick. Beyond that
#: they get the list that is in the cache.
TICKS = Rate(20, 60)

logger: logging.Logger = logging.getLogger(__name__)


def limited(
    view: Callable[[], ResponseReturnValue], buckets: Buckets
) -> Callable[[], ResponseReturnValue]:
    """Have each agent do this so often and no more."""

    @functools.wraps(view)
    def answer() -> ResponseReturnValue:
        # The guard has let the request in, so there is an agent.
        agent = t.cast(Agent, current_agent())
        wait = buckets.take(agent.email, time.monotonic())
        return _too_often(agent, math.ceil(wait)) if wait else view()

    return answer


def try_again_in(seconds: int) -> str:
    """Say to the agent how long to wait."""
    return ngettext(
        "Try again in %(number)s second.", "Try again in %(number)s seconds.", seconds
    )


def _too_often(agent: Agent, wait: int) -> Response:
    event = {"event": "chatvisor.agent.rate-limited"}
    logger.warning("%r asks %r too often.", agent.email, request.path, extra=event)
    detail = _("You sent too many requests in a short time.")
    remedy = try_again_in(wait)
    response = problem(429, "rate-limited", detail, remedy=remedy)
    response.headers["Retry-After"] = str(wait)
    return response
