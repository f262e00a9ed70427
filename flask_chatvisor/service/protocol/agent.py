"""Messages between an agent's page, which only listens, and the service."""

# mypy: disable-error-code="misc"
# pyright: reportGeneralTypeIssues=false

from __future__ import annotations

from .message import Confidential
from .message import Message
from .message import Token


class HelloAgent(Confidential):
    """An agent's page subscribes to ticks."""

    token: Token


class AgentWelcome(Message):
    """Ticks will come until the token expires."""

    expires_at: str


class Tick(Message):
    """Something changed; fetch it through the application."""

    n: int
