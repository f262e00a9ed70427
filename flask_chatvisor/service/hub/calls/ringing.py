"""An agent asks to see a screen: the call is created, rings, or is not answered."""

from __future__ import annotations

from ....contract.users import AgentRef
from ...access.credentials import Refusal
from ...protocol import CallState
from ...protocol import EndReason
from ...records.call import Call
from .. import queue
from ..context import Turn
from ..effects import Invitation
from . import ending
from . import opening
from . import resting


def request(turn: Turn, agent: AgentRef, subject: str | None = None) -> Invitation:
    """An agent asks to see a visitor's screen, or joins a waiting visitor.

    The agent who already has the call enters it again.

    :param subject: the user who is meant; ``None`` for whoever the visitor is.
    :raises Refusal: ``visitor-gone``, ``asked-recently`` or ``busy``.
    """
    visitor = turn.visit.visitor
    if visitor is None or visitor.tag is None:
        raise Refusal("visitor-gone", "This visitor has left.")
    if subject is not None and turn.visit.subject != subject:
        raise Refusal("visitor-gone", "This visitor is another user by now.")
    resting.refuse_if_resting(turn.visit, agent.email, turn.now)
    call = turn.visit.call
    if call is None:
        call = _call(turn, agent)
    elif call.agent is None:
        call.agent = agent
    elif call.agent.email != agent.email:
        name = call.agent.name
        raise Refusal("busy", f"This visitor is in a call with {name}.", agent=name)
    if not call.is_seated("agent"):
        opening.expect(turn, call, "agent", turn.timings.window)
    return opening.invite(turn, call, "agent")


def _call(turn: Turn, agent: AgentRef) -> Call:
    quiet = queue.take(turn)
    call = opening.open_call(turn, CallState.RINGING, agent)
    call.quiet = quiet
    call.announced = True
    return call


def ring(turn: Turn, call: Call) -> None:
    """Ask the visitor, now that the agent's window is connected."""
    call.visitor_url = opening.invite(turn, call, "visitor").url
    call.rings_until = turn.now + turn.timings.ring


def end_if_unanswered(turn: Turn, call: Call) -> None:
    """End a call that has rung for long enough."""
    if call.rings_until is not None and call.rings_until <= turn.now:
        ending.end(turn, call, EndReason.NO_ANSWER)
