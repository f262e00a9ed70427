"""STUN and TURN servers for a call, with credentials that are good for a while."""

from __future__ import annotations

import base64
import hmac
import typing as t

from ..settings import Settings
from ..settings import is_turn


def ice_servers(settings: Settings, name: str, until: float) -> list[dict[str, t.Any]]:
    """List the servers.

    :param name: whom the credentials are for, for the TURN server's log.
    :param until: when they end, epoch seconds.
    """
    servers = settings.ice_servers
    return [_ice_server(settings, dict(one), name, until) for one in servers]


def _ice_server(
    settings: Settings, server: dict[str, t.Any], name: str, until: float
) -> dict[str, t.Any]:
    secret = settings.turn_secret
    if secret is None or not is_turn(server):
        return server
    username = f"{int(until)}:{name}"
    # The TURN servers' convention prescribes SHA-1.
    digest = hmac.digest(secret.encode(), username.encode(), "sha1")
    credential = base64.b64encode(digest).decode()
    return {**server, "username": username, "credential": credential}
