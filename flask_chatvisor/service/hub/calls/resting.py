"""How long an agent must not ask a visitor again who did not accept."""

from __future__ import annotations

import math

from ....contract.matching import fold_email
from ...access.credentials import Refusal
from ...protocol import EndReason
from ...records.call import Call
from ...records.visit import Rest
from ...records.visit import Visit
from ..context import Turn

#: Agents of one visitor whose rests are kept, the newest.
MOST_RESTS = 50
#: Seconds after which a rest that is over counts no more.
FORGOTTEN_AFTER = 3600


def refuse_if_resting(visit: Visit, email: str, now: float) -> None:
    """Refuse an agent's request that would ring too soon.

    A visitor who waits for an agent may always be joined.

    :raises Refusal: ``asked-recently``.
    """
    rest = visit.rests.get(fold_email(email))
    waits = visit.waiting_since is not None
    if rest is None or rest.until <= now or waits or visit.call is not None:
        return
    wait = str(math.ceil(rest.until - now))
    detail = "This visitor did not accept a moment ago."
    raise Refusal("asked-recently", detail, retryAfter=wait)


def note_end(turn: Turn, call: Call, reason: EndReason) -> None:
    """Let the agent rest whose request has ended without a yes.

    A first request that nobody answered may be repeated at once. After that, and after
    each "no", the rest is twice as long as the one before.
    """
    if call.agent is None or not call.rings or reason is EndReason.VISITOR_GONE:
        return
    rests, agent = turn.visit.rests, fold_email(call.agent.email)
    before = rests.pop(agent, None)
    if before is not None and before.until + FORGOTTEN_AFTER <= turn.now:
        before = None
    if before is not None:
        steps = before.steps + 1
    else:
        steps = 1 if reason is EndReason.DECLINED else 0
    rests[agent] = Rest(steps, turn.now + _pause(turn, steps))
    for oldest in list(rests)[:-MOST_RESTS]:
        del rests[oldest]


def note_yes(turn: Turn, call: Call) -> None:
    """Forget the rest of an agent whom the visitor has accepted."""
    if call.agent is not None:
        turn.visit.rests.pop(fold_email(call.agent.email), None)


def _pause(turn: Turn, steps: int) -> float:
    timings = turn.timings
    # Bounded first: a large power is no float.
    doubled = timings.rest * 2.0 ** min(steps - 1, 10)
    return min(timings.longest_rest, doubled) if steps else 0.0
