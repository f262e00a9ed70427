"""TURN credentials of call windows."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.protocol import Close
from flask_chatvisor.service.protocol import PageRef
from flask_chatvisor.service.records.visit import MAX_VISITED
from flask_chatvisor.service.settings import Limits

from ..harness import ADAM
from ..harness import HOME
from ..harness import IDENTITY_KEY
from ..harness import JANE
from ..harness import JOHN
from ..harness import MARY
from ..harness import Client
from ..harness import Tab
from ..harness import World
from ..harness import end_of
from ..harness import john
from ..harness import shown


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
