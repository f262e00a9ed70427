"""Every token of the project: how it is signed, verified and rotated.

To rotate keys, list several: the first one signs, all of them verify. Each kind of
token has its own audience or derived key, so that one kind never passes for another.

================  ==========================================  ====================
token             key                                         claims
================  ==========================================  ====================
identity          identity key                                aud sub iat exp jti tag
user              ``derive(api_token, "user")``               aud sub name scope
                                                              visitorId?
                                                              visitorSubject?
                                                              iat exp jti
event signature   ``derive(api_token, "events")``             header ``t=…,v1=…``
tagged cookie     ``derive(secret_key, "tagged")``            hash of a user's id
agent cookie      ``derive(secret_key, "agent")``             an agent's e-mail
================  ==========================================  ====================
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jwt

from .api import SCOPES

IDENTITY_AUDIENCE = "chatvisor:identity"
USER_AUDIENCE = "chatvisor:user"

#: Characters of a token; longer ones are refused unread.
MAX_TOKEN = 16 * 1024
#: Seconds by which the clocks of two machines may differ. User tokens get none at their
#: end, because the service itself mints them.
LEEWAY = 30
#: The latest time of a token that can be written as a date, in epoch seconds.
_LATEST = 253_402_300_799
#: Seconds after which a signed event is refused.
EVENT_MAX_AGE = 300
#: Seconds for which a browser's last agent is remembered: longer than a call.
AGENT_MAX_AGE = 24 * 3600

_ALGORITHM = "HS256"


class TokenError(ValueError):
    """A token cannot be trusted.

    :ivar code: ``"token-invalid"`` or ``"token-expired"``.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Identity:
    """The content of a verified identity token."""

    subject: str
    tag: dict[str, t.Any]
    expires_at: int


@dataclass(frozen=True, slots=True)
class UserGrant:
    """The content of a verified user token: an agent and what they may do.

    :ivar visitor_id: the visitor to call; ``None`` for any.
    :ivar visitor_subject: the user that this visitor must still be, as
        :attr:`.Tag.subject`; ``None`` for any.
    :ivar issued_at: epoch seconds, with a fraction.
    """

    email: str
    name: str
    scope: frozenset[str]
    visitor_id: str | None
    visitor_subject: str | None
    issued_at: float
    expires_at: int
    jti: str


@lru_cache(maxsize=64)
def derive(secret: str, label: str) -> bytes:
    """Derive a separate key for one purpose, 32 bytes."""
    return hmac.digest(secret.encode(), label.encode(), hashlib.sha256)


def new_secret() -> str:
    """Return 128 random bits as URL-safe text."""
    return secrets.token_urlsafe(16)


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def sign_identity(
    tag: Mapping[str, t.Any], key: str, *, now: float, max_age: int
) -> str:
    """Sign a tag.

    :param tag: the tag as JSON data, without ``externalToken``.
    :param now: epoch seconds.
    :param max_age: life in seconds.
    """
    subject = str(tag.get("id") or tag.get("email") or "")
    return seal_identity(_encode(tag), subject, key, now=now, max_age=max_age)


def seal_identity(tag: str, subject: str, key: str, *, now: float, max_age: int) -> str:
    """Sign a tag that is already JSON text. Every tagged page waits for this."""
    issued_at = int(now)
    claims = (
        f'{{"aud":"{IDENTITY_AUDIENCE}","sub":{_encode(subject)},"iat":{issued_at},'
        f'"exp":{issued_at + max_age},"jti":"{new_secret()}","tag":{tag}}}'
    )
    return _sign(claims, key.encode())


def verify_identity(token: str, keys: Sequence[str], *, now: float) -> Identity:
    """Verify and read an identity token.

    :raises TokenError: if it is forged, expired, foreign or malformed.
    """
    claims = _verify(token, (key.encode() for key in keys), IDENTITY_AUDIENCE, now)
    tag = claims.get("tag")
    if not isinstance(tag, dict):
        raise TokenError("token-invalid", "The identity token carries no tag.")
    return Identity(str(claims["sub"]), tag, int(claims["exp"]))


def sign_user(
    api_token: str,
    *,
    email: str,
    name: str,
    scope: Iterable[str],
    now: float,
    ttl: int,
    visitor_id: str | None = None,
    visitor_subject: str | None = None,
) -> str:
    """Mint a user token for one agent.

    :param scope: of :data:`.SCOPES`.
    :param ttl: life in seconds.
    :param visitor_id: bind it to this visitor, for one call only.
    :param visitor_subject: and to this user, as :attr:`.Tag.subject`.
    """
    claims: dict[str, t.Any] = {
        "aud": USER_AUDIENCE,
        "sub": email,
        "name": name,
        "scope": sorted(scope),
        # Exact, because an agent may be revoked and return within one second.
        "iat": round(now, 3),
        "exp": int(now) + ttl,
        "jti": new_secret(),
    }
    if visitor_id is not None:
        claims["visitorId"] = visitor_id
    if visitor_subject is not None:
        claims["visitorSubject"] = visitor_subject
    return _sign(_encode(claims), derive(api_token, "user"))


def verify_user(token: str, api_tokens: Sequence[str], *, now: float) -> UserGrant:
    """Verify and read a user token.

    :raises TokenError: if it is forged, expired, foreign or malformed.
    """
    keys = (derive(api_token, "user") for api_token in api_tokens)
    claims = _verify(token, keys, USER_AUDIENCE, now, leeway=0)
    scope = claims.get("scope")
    visitor_id, subject = claims.get("visitorId"), claims.get("visitorSubject")
    texts = isinstance(visitor_id, str | None) and isinstance(subject, str | None)
    if not isinstance(scope, list) or not texts:
        raise TokenError("token-invalid", "The user token's claims are malformed.")
    return UserGrant(
        email=str(claims["sub"]),
        name=str(claims.get("name") or claims["sub"]),
        scope=frozenset(map(str, scope)).intersection(SCOPES),
        visitor_id=visitor_id,
        visitor_subject=subject,
        issued_at=float(claims["iat"]),
        expires_at=int(claims["exp"]),
        jti=str(claims["jti"]),
    )


def sign_event(body: bytes, api_token: str, *, now: float) -> str:
    """Sign a call event: the value of the header ``X-Chatvisor-Signature``."""
    stamp = str(int(now))
    return f"t={stamp},v1={_event_digest(body, api_token, stamp)}"


def verify_event(
    body: bytes, header: str, api_tokens: Sequence[str], *, now: float
) -> None:
    """Verify a signed call event, which may be at most five minutes old.

    :raises TokenError: if the signature does not match or the event is old.
    """
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12 or not given:
        raise TokenError("token-invalid", "The event's signature is malformed.")
    if not any(same(given, _event_digest(body, key, stamp)) for key in api_tokens):
        raise TokenError("token-invalid", "The event's signature does not match.")
    if abs(now - int(stamp)) > EVENT_MAX_AGE:
        raise TokenError("token-expired", "The event is older than five minutes.")


def tagged_hash(user_id: str, secret_key: str) -> str:
    """Hash a user's id for the cookie that remembers who was tagged."""
    key = derive(secret_key, "tagged")
    return hashlib.blake2s(user_id.encode(), key=key, digest_size=16).hexdigest()


def sign_agent(email: str, secret_key: str, *, now: float) -> str:
    """Write the cookie that remembers which agent a browser has acted as."""
    said = f"{int(now)}.{_base64(email.encode()).decode()}"
    return f"{said}.{_agent_digest(said, secret_key)}"


def verify_agent(cookie: str, secret_key: str, *, now: float) -> str | None:
    """Read the cookie of :func:`sign_agent`; ``None`` if it is not genuine, or old."""
    said, _, digest = cookie.rpartition(".")
    if not same(digest, _agent_digest(said, secret_key)):
        return None
    issued, _, text = said.partition(".")
    if now > int(issued) + AGENT_MAX_AGE:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def _agent_digest(said: str, secret_key: str) -> str:
    key = derive(secret_key, "agent")
    return hashlib.blake2s(said.encode(), key=key, digest_size=16).hexdigest()


def _event_digest(body: bytes, api_token: str, stamp: str) -> str:
    message = stamp.encode() + b"." + body
    return hmac.new(derive(api_token, "events"), message, hashlib.sha256).hexdigest()


def _sign(claims: str, key: bytes) -> str:
    # Every tagged page waits for this, and PyJWT takes four times as long.
    message = _HEADER + b"." + _base64(claims.encode())
    signature = hmac.digest(key, message, "sha256")
    return (message + b"." + _base64(signature)).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


_encode = json.JSONEncoder(separators=(",", ":")).encode
_HEADER = _base64(_encode({"alg": _ALGORITHM, "typ": "JWT"}).encode())


def _verify(
    token: str,
    keys: Iterable[bytes],
    audience: str,
    now: float,
    leeway: float = LEEWAY,
) -> dict[str, t.Any]:
    if len(token) > MAX_TOKEN:
        detail = f"A token has at most {MAX_TOKEN} characters."
        raise TokenError("token-invalid", detail)
    for key in keys:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=audience,
                # The clock is a parameter, so the times are checked below.
                options={
                    "require": ["aud", "sub", "iat", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, RecursionError) as error:
            raise TokenError("token-invalid", f"Not a usable token: {error}") from None
        _check_times(claims, now, leeway)
        return claims
    raise TokenError("token-invalid", "The token's signature does not match.")


def _check_times(claims: Mapping[str, t.Any], now: float, leeway: float) -> None:
    times = [claims["iat"], claims["exp"], claims.get("nbf", 0)]
    # A comparison with NaN is false.
    if not all(type(one) in (int, float) and 0 <= one <= _LATEST for one in times):
        raise TokenError("token-invalid", "The token's times are not usable numbers.")
    issued, expires, begins = times
    if now > expires + leeway:
        raise TokenError("token-expired", "The token has expired.")
    if max(issued, begins) > now + LEEWAY:
        raise TokenError("token-invalid", "The token is of the future.")
