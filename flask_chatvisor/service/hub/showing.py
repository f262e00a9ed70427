"""What a visit shows: in its tabs, in its call windows, and to the application.

The difference between before and after a turn is what has to be sent. Sent messages
need not be remembered: they are what the visit showed before.
"""

from __future__ import annotations

import typing as t

from ...contract.times import timestamp
from ...contract.users import Page
from ..protocol import CallState
from ..protocol import CallStateMessage
from ..protocol import OwnCall
from ..protocol import Ring
from ..records.call import Call
from ..records.visit import Visit


class WindowShows(t.NamedTuple):
    """What one connected call window shows.

    :ivar peer: the address of the other participant's window; a different address
        means a different window.
    :ivar page: the visitor's page, for the agent.
    :ivar relays_due: changes when there are new TURN credentials.
    """

    state: CallStateMessage
    waits: bool
    peer: str | None
    page: Page | None
    relays_due: float | None = None


class Stage(t.NamedTuple):
    """What the application knows of a call."""

    announced: bool
    started: bool
    ended: bool


class Showing(t.NamedTuple):
    """Everything that a visit shows.

    :ivar own: the call in the visitor's pages, which all show the same.
    :ivar waits: since when the visitor is waiting in the queue.
    :ivar windows: by address.
    :ivar stages: of the calls, by id.
    """

    own: OwnCall | None = None
    ring: Ring | None = None
    waits: float | None = None
    windows: t.Mapping[str, WindowShows] = {}
    stages: t.Mapping[str, Stage] = {}


_NOTHING = Showing()


def showing(visit: Visit) -> Showing:
    """Compute what a visit shows."""
    if not visit.calls:
        waits = visit.waiting_since
        return _NOTHING if waits is None else Showing(waits=waits)
    call = visit.call
    return Showing(
        own=own_call(visit, call),
        ring=_ring(call),
        waits=visit.waiting_since,
        windows={
            window.address: _window_shows(visit, one, window.address)
            for one in visit.calls.values()
            for window in one.windows.values()
            if window.address is not None
        },
        stages={
            one.id: Stage(one.announced, one.live_at is not None, one.ended)
            for one in visit.calls.values()
        },
    )


def own_call(visit: Visit, call: Call | None) -> OwnCall | None:
    """Return the call for the visitor's pages, if there is something to show."""
    if call is None or not (call.relays or is_queued(visit, call)):
        return None
    seated = call.is_seated("visitor")
    return OwnCall(call.id, call.state, call.agent, None, seated)


def is_queued(visit: Visit, call: Call) -> bool:
    """Say whether a call has a place in the queue: once its window has come."""
    waits = call.state is CallState.WAITING and call.announced
    return waits and visit.waiting_since is not None


def since(call: Call) -> str | None:
    """Return since when the agent has seen a picture."""
    return None if call.live_at is None else timestamp(call.live_at)


def _ring(call: Call | None) -> Ring | None:
    if call is None or not call.rings or call.agent is None:
        return None
    until = timestamp(t.cast(float, call.rings_until))
    return Ring(call.id, call.agent, call.visitor_url, until)


def _window_shows(visit: Visit, call: Call, address: str) -> WindowShows:
    is_agent = call.windows["agent"].address == address
    state = CallStateMessage(
        state=call.state, reason=call.reason, since=since(call), agent=call.agent
    )
    if call.ended:
        return WindowShows(state, waits=False, peer=None, page=None)
    here = visit.visitor if is_agent else None
    return WindowShows(
        state,
        waits=is_queued(visit, call),
        peer=call.windows["visitor" if is_agent else "agent"].address,
        page=here.location if here else None,
        relays_due=call.relays_due,
    )
