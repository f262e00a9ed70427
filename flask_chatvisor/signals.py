"""Signals that the extension sends; the sender is always the application."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from blinker import NamedSignal
from blinker import Namespace
from flask import Flask

_namespace = Namespace()

#: An agent was allowed to call a visitor: ``agent``, ``visitor_id``.
call_requested: NamedSignal = _namespace.signal("chatvisor-call-requested")
#: The agent sees the visitor's screen: ``event``, the call event as a dict.
call_started: NamedSignal = _namespace.signal("chatvisor-call-started")
#: The call has ended: ``event``, the call event as a dict, with its ``reason``.
call_ended: NamedSignal = _namespace.signal("chatvisor-call-ended")
#: A user who is not an agent requested an agent's route: ``user``, ``path``.
agent_denied: NamedSignal = _namespace.signal("chatvisor-agent-denied")


def send_event(app: Flask, event: Mapping[str, t.Any]) -> None:
    """Send the signal that belongs to a call event of the service."""
    if event["type"] == "call.started":
        call_started.send(app, event=event)
    elif event["type"] == "call.ended":
        call_ended.send(app, event=event)
