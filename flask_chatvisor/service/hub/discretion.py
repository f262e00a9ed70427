"""Keeps agents' e-mail addresses from customers, if the settings say so.

Messages of tabs and call windows pass here when they are sent, whatever they are about.
"""

from __future__ import annotations

import typing as t

import msgspec

from ...contract.users import AgentRef
from ..protocol import CallWelcome
from ..protocol import ServerMessage

M = t.TypeVar("M", bound=msgspec.Struct)


def without_email(message: ServerMessage) -> ServerMessage:
    """Leave the agent's e-mail address out of a message."""
    call = getattr(message, "call", None)
    if call is not None:
        message = msgspec.structs.replace(message, call=_discreet(call))
    if isinstance(message, CallWelcome):
        alone = message.visitor | {"inCall": None}
        message = msgspec.structs.replace(message, visitor=alone)
    return _discreet(message)


def _discreet(about: M) -> M:
    agent: AgentRef | None = getattr(about, "agent", None)
    if agent is None:
        return about
    # An agent without a name goes by the address.
    name = "" if agent.name == agent.email else agent.name
    return msgspec.structs.replace(about, agent=AgentRef(name=name))
