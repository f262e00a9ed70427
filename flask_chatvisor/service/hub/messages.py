"""Every message after the first: who may send it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

from ..protocol import Answer
from ..protocol import Candidate
from ..protocol import ConferenceJoin
from ..protocol import ConferenceStart
from ..protocol import Decline
from ..protocol import End
from ..protocol import LiveMessage
from ..protocol import Offer
from ..protocol import PageMessage
from ..protocol import QueueStatus
from ..protocol import Restart
from ..protocol import Role
from ..protocol import Share
from ..protocol import Stop
from . import presence
from . import queue
from .calls import ending
from .calls import help
from .calls import signalling

#: What tabs may say.
TAB_RULES: Mapping[type, Callable[..., None]] = {
    PageMessage: presence.change_page,
    Decline: ending.decline,
    Stop: ending.stop,
    ConferenceStart: help.start,
    ConferenceJoin: queue.join,
    QueueStatus: queue.poll,
}
#: What the participants' call windows may say.
WINDOW_RULES: Mapping[Role, Mapping[type, Callable[..., None]]] = {
    "visitor": {
        Share: signalling.share,
        Offer: signalling.relay,
        Candidate: signalling.relay,
        End: ending.say_end,
    },
    "agent": {
        LiveMessage: signalling.go_live,
        Answer: signalling.relay,
        Restart: signalling.relay,
        Candidate: signalling.relay,
        End: ending.say_end,
    },
}
