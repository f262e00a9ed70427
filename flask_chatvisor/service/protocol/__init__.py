"""All WebSocket messages, by sender.

Times are epoch seconds internally and RFC 3339 UTC in JSON. A server message with a
``kind`` is resent until the client answers ``ack``; the client handles each ``ack_id``
once.
"""

from .agent import AgentWelcome as AgentWelcome
from .agent import HelloAgent as HelloAgent
from .agent import Tick as Tick
from .call import Answer as Answer
from .call import CallState as CallState
from .call import CallStateMessage as CallStateMessage
from .call import CallWelcome as CallWelcome
from .call import Candidate as Candidate
from .call import End as End
from .call import EndReason as EndReason
from .call import HelloCall as HelloCall
from .call import LiveMessage as LiveMessage
from .call import Offer as Offer
from .call import Peer as Peer
from .call import Ping as Ping
from .call import Pong as Pong
from .call import Restart as Restart
from .call import Role as Role
from .call import Share as Share
from .call import Signal as Signal
from .call import VisitorPage as VisitorPage
from .codec import MAX_FRAME as MAX_FRAME
from .codec import ClientMessage as ClientMessage
from .codec import Hello as Hello
from .codec import ServerMessage as ServerMessage
from .codec import decode as decode
from .codec import encode as encode
from .message import Ack as Ack
from .message import Close as Close
from .message import Confidential as Confidential
from .message import Kind as Kind
from .message import Message as Message
from .message import ProtocolError as ProtocolError
from .visitor import AgentsMessage as AgentsMessage
from .visitor import AgentsOnline as AgentsOnline
from .visitor import Conference as Conference
from .visitor import ConferenceJoin as ConferenceJoin
from .visitor import ConferenceStart as ConferenceStart
from .visitor import Decline as Decline
from .visitor import HelloVisitor as HelloVisitor
from .visitor import Joined as Joined
from .visitor import OwnCall as OwnCall
from .visitor import OwnCallMessage as OwnCallMessage
from .visitor import PageMessage as PageMessage
from .visitor import PageRef as PageRef
from .visitor import Queue as Queue
from .visitor import QueueProps as QueueProps
from .visitor import QueueStatus as QueueStatus
from .visitor import Refused as Refused
from .visitor import Reset as Reset
from .visitor import Ring as Ring
from .visitor import Stop as Stop
from .visitor import Tag as Tag
from .visitor import Unring as Unring
from .visitor import Welcome as Welcome
