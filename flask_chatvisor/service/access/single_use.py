"""User tokens that are bound to one visitor: each is good for one call."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable

from ...contract.tokens import UserGrant
from .credentials import Refusal

#: Says whether this key comes for the first time; remembers it until then.
Once = Callable[[str, float, float], Awaitable[bool]]


async def use_up(grant: UserGrant, visitor_id: str, once: Once, now: float) -> None:
    """Use a token for a call; one that is not bound stays good.

    :param now: epoch seconds.
    :raises Refusal: ``wrong-visitor`` or ``token-used``.
    """
    if grant.visitor_id is None:
        return
    if grant.visitor_id != visitor_id:
        raise Refusal("wrong-visitor", "This token is for another visitor.")
    # A minute longer than it lives, for clocks that differ.
    if not await once(f"jti:{grant.jti}", grant.expires_at + 60, now):
        raise Refusal("token-used", "This token was used; it is good once.")
