"""Permissions: tokens, tickets, and secrets that are derived instead of stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass

from ...contract import tokens
from ...contract.tag import FIELDS
from ...contract.tag import Tag
from ...contract.tag import clean_tag
from ...contract.tag import clean_text
from ...contract.users import AgentRef
from ..protocol import Role
from ..settings import Settings
from .sessions import Sessions


class Refusal(Exception):
    """A client's request is refused.

    :ivar code: one of the stable codes of the service's problems.
    :ivar extra: further members of the problem.
    """

    def __init__(self, code: str, detail: str, **extra: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a REST request: the tenant, or one agent.

    :ivar grant: ``None`` for the API token, which allows everything except calls.
    """

    grant: tokens.UserGrant | None = None

    def require(self, scope: str) -> None:
        """Refuse a user token that lacks a scope.

        :raises Refusal: ``scope-missing``.
        """
        if self.grant is not None and scope not in self.grant.scope:
            raise Refusal("scope-missing", f"This token lacks the scope {scope!r}.")


@dataclass(frozen=True, slots=True)
class Vouched:
    """A clean tag, and what it is worth.

    :ivar until: when its proof ends, epoch seconds; ``None`` if it is not verified.
    """

    tag: Tag
    until: float | None = None

    @property
    def verified(self) -> bool:
        """Whether the application vouches for it."""
        return self.until is not None


class Access:
    """Issues and checks every credential of one service.

    :param random: returns an unguessable text.
    """

    def __init__(
        self, settings: Settings, *, random: Callable[[], str] = tokens.new_secret
    ) -> None:
        self._settings = settings
        self.new_id = random
        self.sessions: Sessions = Sessions(settings.api_tokens, random)
        self._call_keys = _derived(settings, "call")
        self._health_key = tokens.derive(settings.api_tokens[0], "health")

    # --- call windows

    def call_secret(self, call_id: str, role: Role, agent_email: str | None) -> str:
        """Derive the secret of one participant's call window."""
        return _mac(self._call_keys[0], _seat(call_id, role, agent_email))

    def role_in_call(
        self, call_id: str, secret: str, agent_email: str | None
    ) -> Role | None:
        """Return the role of the call window with this secret.

        :param agent_email: of the agent who has the call now; secrets of earlier
            agents are no longer valid.
        """
        if _matches(self._call_keys, _seat(call_id, "visitor", None), secret):
            return "visitor"
        if agent_email is not None:
            seat = _seat(call_id, "agent", agent_email)
            if _matches(self._call_keys, seat, secret):
                return "agent"
        return None

    @staticmethod
    def ticket_key(ticket: str) -> str:
        """Hash a ticket, because tickets themselves are never stored."""
        return hashlib.sha256(ticket.encode()).hexdigest()

    # --- REST and agents

    def caller(self, authorization: str | None, now: float) -> Caller:
        """Identify the sender of a REST request.

        :param authorization: the header.
        :raises Refusal: ``token-missing``, ``token-invalid``, ``token-expired``.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refusal("token-missing", "Send the header Authorization: Bearer.")
        if _is_one_of(token, self._settings.api_tokens):
            return Caller()
        return Caller(self.grant(token, now))

    def grant(self, token: str, now: float) -> tokens.UserGrant:
        """Check a user token.

        :raises Refusal: ``token-invalid`` or ``token-expired``.
        """
        try:
            return tokens.verify_user(token, self._settings.api_tokens, now=now)
        except tokens.TokenError as error:
            raise Refusal(error.code, error.detail) from None

    def mint(
        self,
        *,
        email: str,
        name: str,
        scope: Iterable[str],
        now: float,
        ttl: int,
        visitor_id: str | None,
        visitor_subject: str | None = None,
    ) -> str:
        """Mint a user token for one agent."""
        return tokens.sign_user(
            self._settings.api_tokens[0],
            email=email,
            name=name,
            scope=scope,
            now=now,
            ttl=ttl,
            visitor_id=visitor_id,
            visitor_subject=visitor_subject,
        )

    # --- identity

    @property
    def needed_fields(self) -> tuple[str, ...]:
        """The fields of a page's tag that :meth:`vouch` looks at."""
        # Where identity is required, all others come from the token.
        return ("externalToken",) if self._settings.require_identity else FIELDS

    @property
    def requires_identity(self) -> bool:
        """Whether tags must be proven."""
        return self._settings.require_identity

    def vouch(self, tag: object, now: float, *, known: bool = False) -> Vouched:
        """Decide what to trust for a tag: its token, or the page.

        With a valid identity token all fields come from it, and none from the page. An
        expired one is always refused, so that its page asks for another.

        :param known: whether this browser's user has been verified before. A token that
            is not good is no claim then.
        :raises Refusal: if identity is required but not proven, its proof has ended, or
            the tag is not an object.
        """
        token = tag.get("externalToken") if isinstance(tag, dict) else None
        try:
            identity = self._identity(token, now)
        except Refusal as refusal:
            claims = {"token-missing"} if known else {"token-missing", "token-invalid"}
            if self.requires_identity or refusal.code not in claims:
                raise
            return Vouched(_clean(tag))
        return Vouched(_clean(identity.tag), identity.expires_at + tokens.LEEWAY)

    def _identity(self, token: object, now: float) -> tokens.Identity:
        if not isinstance(token, str) or not token:
            raise Refusal("token-missing", "The tag has no identity token.")
        keys = self._settings.identity_keys
        try:
            return tokens.verify_identity(token, keys, now=now)
        except tokens.TokenError as error:
            raise Refusal(error.code, error.detail) from None

    # --- other proofs

    def health_proof(self, nonce: str) -> str:
        """Prove to a holder of the API token that this is the right service."""
        return _mac(self._health_key, nonce)


def _clean(tag: object) -> Tag:
    try:
        return clean_tag(tag)
    except TypeError as error:
        raise Refusal("bad-request", str(error)) from None


def agent_ref(grant: tokens.UserGrant) -> AgentRef:
    """Return the agent of a user token."""
    return AgentRef(name=clean_text(grant.name) or grant.email, email=grant.email)


def _seat(call_id: str, role: Role, agent_email: str | None) -> str:
    return f"{call_id}:{role}:{agent_email if role == 'agent' else ''}"


def _derived(settings: Settings, label: str) -> tuple[bytes, ...]:
    return tuple(tokens.derive(token, label) for token in settings.api_tokens)


def _mac(key: bytes, text: str) -> str:
    digest = hmac.digest(key, text.encode(), hashlib.sha256)[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _matches(keys: Iterable[bytes], text: str, secret: str) -> bool:
    return any(tokens.same(_mac(key, text), secret) for key in keys)


def _is_one_of(token: str, known: Iterable[str]) -> bool:
    # All are compared, so that the time reveals nothing.
    return sum(tokens.same(token, one) for one in known) > 0
