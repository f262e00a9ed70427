"""Encoding and decoding of messages.

Each text frame has one JSON object, identified by its ``type``. Clients' messages are
decoded strictly: an unknown type, an unknown field or a wrong value is a
:class:`ProtocolError`, and the connection is closed with its code.
"""

from __future__ import annotations

import msgspec

from . import agent
from . import call
from . import visitor
from .message import Ack
from .message import Close
from .message import ProtocolError

#: Maximum bytes of a client's frame.
MAX_FRAME = 64 * 1024

Hello = visitor.HelloVisitor | agent.HelloAgent | call.HelloCall
ClientMessage = (
    Hello
    | call.Signal
    | Ack
    | visitor.Tag
    | visitor.Reset
    | visitor.PageMessage
    | visitor.Decline
    | visitor.Stop
    | visitor.ConferenceStart
    | visitor.ConferenceJoin
    | visitor.QueueStatus
    | visitor.AgentsMessage
    | call.Share
    | call.LiveMessage
    | call.End
    | call.Ping
)
ServerMessage = (
    call.Signal
    | visitor.Welcome
    | visitor.Ring
    | visitor.Unring
    | visitor.OwnCallMessage
    | visitor.Conference
    | visitor.Joined
    | visitor.Queue
    | visitor.AgentsOnline
    | visitor.Refused
    | agent.AgentWelcome
    | agent.Tick
    | call.CallWelcome
    | call.CallStateMessage
    | call.Pong
    | call.Peer
    | call.VisitorPage
)

_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()


def decode(frame: bytes | str) -> ClientMessage:
    """Decode a client's frame.

    :raises ProtocolError: if it is too large or not a known message.
    """
    if len(frame) > MAX_FRAME:
        raise ProtocolError(Close.TOO_LARGE, f"A frame has at most {MAX_FRAME} bytes.")
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolError(Close.BAD_MESSAGE, str(error)) from None


def encode(message: ServerMessage) -> bytes:
    """Encode a frame for a client."""
    return _encoder.encode(message)
