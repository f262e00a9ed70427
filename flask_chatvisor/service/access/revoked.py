"""Revoked agents: their tokens from before are refused."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable

from ...contract.api import MAX_TTL
from ...contract.matching import fold_email
from ...contract.tokens import UserGrant
from .credentials import Refusal

#: Seconds for which a revocation is remembered: as long as a token may live.
REMEMBERED = MAX_TTL

#: Returns when the newest of these revocations was, in epoch seconds.
RevokedAt = Callable[[Iterable[str]], Awaitable[float | None]]


def revocation(email: str, visitor_id: str | None) -> str:
    """Name the revocation of an agent, for one visitor or altogether."""
    return f"{visitor_id or ''} {fold_email(email)}"


async def refuse_revoked(
    grant: UserGrant, revoked_at: RevokedAt, visitor_id: str | None = None
) -> None:
    """Refuse a token from before its agent was revoked.

    :param visitor_id: the visitor to call, if the token is for that.
    :raises Refusal: ``token-revoked``.
    """
    concerned = {None, grant.visitor_id, visitor_id}
    at = await revoked_at(revocation(grant.email, one) for one in concerned)
    if at is not None and grant.issued_at <= at:
        raise Refusal("token-revoked", "The token was revoked; ask for a new one.")
