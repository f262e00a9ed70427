"""Messages that are resent until acknowledged.

Only the newest message of each kind is kept, so that a late repetition never returns a
client to an outdated state.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec

from ..protocol import Kind
from ..protocol import ServerMessage
from ..protocol import encode
from ..runner.deadlines import Deadlines

#: How often a message is sent again. A client that has not answered until then learns
#: where things stand when it connects the next time.
MOST_REPEATS = 15


class _Unacked:
    """A message that is repeated until it is acknowledged."""

    __slots__ = ("ack_id", "due", "left", "text")

    def __init__(self, ack_id: int, text: str, due: float) -> None:
        self.ack_id = ack_id
        self.text = text
        self.due = due
        self.left = MOST_REPEATS


class Repeats:
    """Keeps what the connections of this process have not acknowledged.

    :param every: seconds until a message is sent again.
    :param push: sends a text to an address.
    """

    def __init__(
        self,
        deadlines: Deadlines,
        clock: Callable[[], float],
        every: float,
        push: Callable[[str, str], None],
    ) -> None:
        self._deadlines = deadlines
        self._clock = clock
        self._every = every
        self._push = push
        self._ack_ids = itertools.count(1)
        self._kept: dict[str, dict[Kind, _Unacked]] = {}
        self._watched: set[str] = set()

    def keep(self, address: str, kind: Kind, message: ServerMessage) -> str:
        """Number a message and keep it; what is to be sent is returned."""
        ack_id = next(self._ack_ids)
        numbered = msgspec.structs.replace(message, ack_id=ack_id)
        text = encode(numbered).decode()
        unacked = _Unacked(ack_id, text, self._clock() + self._every)
        self._kept.setdefault(address, {})[kind] = unacked
        self._watch(address)
        return text

    def acknowledge(self, address: str, ack_id: int) -> None:
        """Stop repeating a message."""
        kept = self._kept.get(address)
        if kept is None:
            return
        self._kept[address] = {
            kind: one for kind, one in kept.items() if one.ack_id != ack_id
        }

    def forget(self, address: str) -> None:
        """Repeat nothing to this connection any more."""
        self._kept.pop(address, None)

    def _watch(self, address: str) -> None:
        kept = self._kept.get(address)
        if kept and address not in self._watched:
            self._watched.add(address)
            due = min(one.due for one in kept.values())
            self._deadlines.at(due, self._repeat, address)

    async def _repeat(self, address: str) -> None:
        self._watched.discard(address)
        now = self._clock()
        for one in list(self._kept.get(address, {}).values()):
            if one.due <= now:
                one.due, one.left = now + self._every, one.left - 1
                if one.left == 0:
                    self.acknowledge(address, one.ack_id)
                self._push(address, one.text)
        self._watch(address)
