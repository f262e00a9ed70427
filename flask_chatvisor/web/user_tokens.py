"""Gets the user tokens of agents' pages: minted, or the agent's own."""

from __future__ import annotations

import datetime as dt
import logging

from ..current import current_state
from ..errors import UserTokenUnavailable
from ..identity import Agent

#: Seconds within which a call must be started.
CALL_TTL = 60
#: Seconds for which an agent's page may listen before it needs a new token.
TOKEN_TTL = 600

logger: logging.Logger = logging.getLogger(__name__)


def call_token(agent: Agent, visitor_id: str) -> tuple[str, dt.datetime | None]:
    """Get a token to call one visitor, and its expiry if known.

    :raises UserTokenUnavailable: if there is no way to get one.
    """
    state = current_state()
    mints, filtered = state.client.can("user_token"), state.loaders.policy is not None
    # The agent's own token allows more than this call, even what a policy forbids.
    if state.loaders.user_token is not None and not (mints and filtered):
        return _loaded_token(agent), None
    if not mints:
        raise UserTokenUnavailable()
    minted = state.directory.ask(
        lambda client: client.user_token(
            agent.email,
            agent.name,
            ttl=CALL_TTL,
            visitor_id=visitor_id,
            scope=("call",),
        )
    )
    return minted.token, minted.expires_at


def page_token(agent: Agent, scope: list[str]) -> tuple[str, dt.datetime | None]:
    """Get a token for an agent's page, and its expiry if known.

    :raises UserTokenUnavailable: if there is no way to get one.
    """
    state = current_state()
    filtered = state.loaders.policy is not None
    scope = ["presence"] if filtered else scope
    mints = state.client.can("user_token")
    # The agent's own token allows everything, so a minted one is better for less.
    suits = not filtered and not (mints and set(scope) == {"presence"})
    if state.loaders.user_token is not None and suits:
        return _loaded_token(agent), None
    if not mints:
        raise UserTokenUnavailable()
    minted = state.directory.ask(
        lambda client: client.user_token(
            agent.email, agent.name, ttl=TOKEN_TTL, scope=scope
        )
    )
    return minted.token, minted.expires_at


def _loaded_token(agent: Agent) -> str:
    load = current_state().loaders.user_token
    loaded = load(agent) if load is not None else None
    if not isinstance(loaded, str) or not loaded:
        event = {"event": "chatvisor.user-token.missing"}
        logger.error(
            "The user_token_loader returned no token for %r.", agent.email, extra=event
        )
        raise UserTokenUnavailable()
    return loaded
