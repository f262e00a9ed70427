"""Screen-sharing support calls for Flask applications, in one click.

``Chatvisor(app)`` tags the signed-in user on every page, mounts the agents' pages and
gives templates Start buttons.
"""

from .contract.tokens import TokenError as TokenError
from .contract.users import ActiveUser as ActiveUser
from .errors import AskedRecently as AskedRecently
from .errors import BadAnswer as BadAnswer
from .errors import ChatvisorError as ChatvisorError
from .errors import ConfigurationError as ConfigurationError
from .errors import RateLimited as RateLimited
from .errors import ServiceError as ServiceError
from .errors import ServiceRefused as ServiceRefused
from .errors import ServiceTimeout as ServiceTimeout
from .errors import ServiceUnavailable as ServiceUnavailable
from .errors import SetupError as SetupError
from .errors import UnknownVisitor as UnknownVisitor
from .errors import UserTokenUnavailable as UserTokenUnavailable
from .extension import Chatvisor as Chatvisor
from .identity import Agent as Agent
from .identity import Visitor as Visitor
from .signals import agent_denied as agent_denied
from .signals import call_ended as call_ended
from .signals import call_requested as call_requested
from .signals import call_started as call_started

__all__ = [
    "ActiveUser",
    "Agent",
    "AskedRecently",
    "BadAnswer",
    "Chatvisor",
    "ChatvisorError",
    "ConfigurationError",
    "RateLimited",
    "ServiceError",
    "ServiceRefused",
    "ServiceTimeout",
    "ServiceUnavailable",
    "SetupError",
    "TokenError",
    "UnknownVisitor",
    "UserTokenUnavailable",
    "Visitor",
    "agent_denied",
    "call_ended",
    "call_requested",
    "call_started",
]
