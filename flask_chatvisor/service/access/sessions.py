"""Sessions of visitors: an id and a secret, made for one user, that end with time.

A browser keeps both and shows them on each connection. They prove which browser it is,
and not who uses it: a session that was made for a verified user needs a new proof of
identity on each connection. Nothing is stored here; the secret contains what must be
known of the session.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field

from ...contract import tokens

#: Seconds until a session ends, unless its user is tagged again before.
MAX_AGE = 7 * 24 * 3600
#: Seconds after which a tag prolongs the session.
RENEWED_AFTER = 24 * 3600

#: Of no user yet; of a user whom the page merely claims; of a verified user.
Kind = t.Literal["anonymous", "claimed", "verified"]
_HEX = re.compile("[0-9a-f]{1,12}")
_LETTERS: t.Mapping[str, Kind] = {"a": "anonymous", "c": "claimed", "v": "verified"}


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser is to the service.

    :ivar since: when its user was tagged last, whole epoch seconds.
    :ivar mark: a keyed hash of the user; empty if anonymous.
    """

    visitor_id: str
    since: int
    kind: Kind = "anonymous"
    mark: str = field(default="", repr=False)


class Sessions:
    """Makes sessions and checks their secrets.

    :param api_tokens: the first one signs, all verify.
    :param random: returns an unguessable text.
    """

    def __init__(self, api_tokens: Iterable[str], random: Callable[[], str]) -> None:
        self._keys = tuple(tokens.derive(token, "visitor") for token in api_tokens)
        self._random = random

    def start(self, now: float, kind: Kind = "anonymous", subject: str = "") -> Session:
        """Start a session, with a new visitor ID.

        :param now: epoch seconds.
        :param subject: the user, as :attr:`.Tag.subject`.
        """
        visitor_id = self._random()
        anonymous = kind == "anonymous"
        mark = "" if anonymous else _mark(self._keys[0], visitor_id, subject)
        return Session(visitor_id, int(now), kind, mark)

    @staticmethod
    def prolonged(session: Session, now: float) -> Session:
        """Return a session as of its user's last tag; the same within a day."""
        if now - session.since <= RENEWED_AFTER:
            return session
        return dataclasses.replace(session, since=int(now))

    def secret(self, session: Session) -> str:
        """Write the secret of a session."""
        return self._sign(self._keys[0], session)

    def resume(self, visitor_id: str, secret: str, now: float) -> Session | None:
        """Find the session of a browser; ``None`` if it is forged or has ended."""
        letter, mark, since, _ = (*secret.split("."), "", "", "")[:4]
        kind = _LETTERS.get(letter)
        if kind is None or _HEX.fullmatch(since) is None:
            return None
        session = Session(visitor_id, int(since, 16), kind, mark)
        signed = (self._sign(key, session) for key in self._keys)
        if not any([tokens.same(one, secret) for one in signed]):
            return None
        return session if now - session.since <= MAX_AGE else None

    def is_of(self, session: Session, kind: Kind, subject: str) -> bool:
        """Return whether a session was made for this user."""
        if session.kind != kind:
            return False
        marks = (_mark(key, session.visitor_id, subject) for key in self._keys)
        return any([tokens.same(one, session.mark) for one in marks])

    @staticmethod
    def _sign(key: bytes, session: Session) -> str:
        head = f"{session.kind[0]}.{session.mark}.{session.since:x}"
        return f"{head}.{_mac(key, f'{head}.{session.visitor_id}')}"


def _mark(key: bytes, visitor_id: str, subject: str) -> str:
    # With the visitor ID, so that two sessions of one user have nothing in common.
    return _mac(key, f"user.{visitor_id}.{subject}")


def _mac(key: bytes, text: str) -> str:
    digest = hmac.digest(key, text.encode(), hashlib.sha256)[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
