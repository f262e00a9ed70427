"""Due work: what happens when nothing was done in time."""

from __future__ import annotations

from . import presence
from . import queue
from . import user_changes
from .calls import relays
from .calls import ringing
from .calls import windows
from .context import Turn


def advance(turn: Turn) -> None:
    """Do everything that is due for a visit."""
    for call in list(turn.visit.calls.values()):
        if call.kept_until is not None and call.kept_until <= turn.now:
            del turn.visit.calls[call.id]
            continue
        ringing.end_if_unanswered(turn, call)
        relays.renew_if_due(turn, call)
        for role in call.windows:
            windows.end_if_missed(turn, call, role)
    user_changes.expire_if_due(turn)
    queue.leave_if_due(turn)
    presence.leave_if_due(turn)
