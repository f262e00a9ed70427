"""TURN credentials of call windows."""

from __future__ import annotations

from flask_chatvisor.service import protocol as p

from ..harness import JOHN
from ..harness import World


def test_call_windows_get_turn_credentials() -> None:
    world = World(
        ice_servers=({"urls": "stun:s.example.com"}, {"urls": ["turn:t.example.com"]}),
        turn_secret="turn-secret",
    )
    agent, visitor = world.accepted(world.tab(JOHN))
    for window in (agent, visitor):
        stun, turn = window.last(p.CallWelcome).ice_servers
        assert stun == {"urls": "stun:s.example.com"}
        assert float(turn["username"].partition(":")[0]) > world.now + 3600
        assert turn["credential"]
        assert "turn-secret" not in str(turn)
