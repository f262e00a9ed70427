"""Users of the application: as visitors to tag, and as agents.

A tag is never refused for its content. Values that do not fit are adapted or left out,
and one log line lists the changes.
"""

from __future__ import annotations

import datetime as dt
import enum
import itertools
import logging
import typing as t
import uuid
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal

import msgspec

from .contract.tag import MAX_BYTES
from .contract.tag import MAX_DEPTH
from .contract.tag import MAX_KEYS
from .contract.tag import MAX_LABELS
from .contract.tag import MAX_NUMBER
from .contract.tag import Cleaning
from .contract.users import ActiveUser

# Types whose text says the same; no containers, no bytes, no proxies.
_AS_TEXT = (Decimal, uuid.UUID, dt.date, dt.time)

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """The data about a signed-in user that an agent may see.

    :ivar id: the application's own id of the user.
    :ivar gender: ``male``, ``female``, ``other`` or ``none``.
    :ivar labels: agents can filter by these, for example a plan or a group.
    :ivar assigned_user: e-mail of the agent who looks after this user.
    :ivar additional_tagging_data: more keys and values; ``None`` deletes a key.
    :ivar external_token: your own token for external systems. The identity token
        replaces it if ``CHATVISOR_IDENTITY_KEY`` is set.
    """

    id: str | None = None
    email: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    gender: str | None = None
    labels: Iterable[str] = ()
    assigned_user: str | None = None
    additional_tagging_data: Mapping[str, t.Any] = field(default_factory=dict)
    external_token: str | None = field(default=None, repr=False)

    def tag(self) -> dict[str, t.Any]:
        """Build the tag: cleaned, with the vendor's names, without empty fields."""
        return _tag(self)


@dataclass(frozen=True)
class Agent:
    """A user of the application who may see active users and call them.

    :ivar name: shown to customers when the agent calls; defaults to the e-mail.
    """

    email: str
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.email)


@dataclass
class Loaders:
    """The application's own functions. Decorators can set them at any time."""

    visitor: Callable[[t.Any], Visitor | None] | None = None
    agent: Callable[[t.Any], Agent | None] | None = None
    policy: Callable[[Agent, ActiveUser], bool] | None = None
    consent: Callable[[t.Any], bool] | None = None
    user_token: Callable[[Agent], str] | None = None
    #: Set once an application uses the browser's directory, which ignores policies.
    policy_forbidden: bool = False


def default_visitor(user: t.Any) -> Visitor | None:
    """Read a user's data from common attribute names; ``None`` if there are none.

    Does not use ``get_id()``, because applications put session secrets into it.
    """
    user_id = _first_text(user, "id", "user_id", "uid", "uuid", "pk")
    email = _first_text(user, "email", "email_address", "mail")
    if user_id is None and email is None:
        return None
    firstname = _first_text(user, "firstname", "first_name", "given_name")
    lastname = _first_text(user, "lastname", "last_name", "family_name", "surname")
    if firstname is None and lastname is None:
        firstname, lastname = _split(_first_text(user, "full_name", "name") or "")
    return Visitor(id=user_id, email=email, firstname=firstname, lastname=lastname)


def _first_text(user: t.Any, *attributes: str) -> str | None:
    for attribute in attributes:
        value = getattr(user, attribute, None)
        if isinstance(value, str | int | uuid.UUID) and not isinstance(value, bool):
            if text := str(value).strip():
                return text
    return None


def _split(name: str) -> tuple[str, str]:
    first, _, last = name.rpartition(" ")
    return (first, last) if first else (last, "")


def _tag(visitor: Visitor) -> dict[str, t.Any]:
    cleaning = Cleaning()
    cleaned = cleaning.tag(
        {
            "id": _plain(visitor.id),
            "email": _plain(visitor.email),
            "firstname": _plain(visitor.firstname),
            "lastname": _plain(visitor.lastname),
            "gender": _plain(visitor.gender),
            "labels": _labels(visitor.labels),
            "assignedUser": _plain(visitor.assigned_user),
            "additionalTaggingData": _plain(visitor.additional_tagging_data),
        }
    )
    tag = {name: one for name, one in msgspec.to_builtins(cleaned).items() if one}
    if cleaned.labels:
        tag["labels"] = list(cleaned.labels)
    if token := _token(visitor.external_token, cleaning.notes):
        tag["externalToken"] = token
    if cleaning.notes:
        done = "; ".join(dict.fromkeys(cleaning.notes))
        who = tag.get("id", tag.get("email"))
        event = {"event": "chatvisor.tag.cleaned"}
        logger.warning("Tag of %r: %r.", who, done, extra=event)
    return tag


def _plain(value: t.Any, depth: int = MAX_DEPTH + 1) -> t.Any:
    """Convert text-like values to JSON types; the cleaning handles the rest."""
    if value is None or type(value) is str or type(value) is bool:
        return value
    if type(value) is int and abs(value) <= MAX_NUMBER:
        return value
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, _AS_TEXT) or _is_inexact(value):
        return str(value)
    if isinstance(value, dict | Mapping) and depth:
        return {_plain(key, 0): _plain(one, depth - 1) for key, one in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [_plain(one, depth - 1) for one in value[:MAX_KEYS]]
    return value


def _is_inexact(value: t.Any) -> bool:
    """Whether a number is exact in Python but would not be in a browser."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not abs(value) <= MAX_NUMBER


def _labels(value: t.Any) -> t.Any:
    if isinstance(value, str):
        value = [value]
    if type(value) not in (list, tuple) and (
        not isinstance(value, Iterable) or isinstance(value, bytes | Mapping)
    ):
        return value
    return [_plain(label) for label in itertools.islice(value, 4 * MAX_LABELS + 1)]


def _token(value: t.Any, notes: list[str]) -> str | None:
    if not value:
        return None
    # A truncated token is useless.
    if not isinstance(value, str) or len(value) > MAX_BYTES // 2:
        notes.append("external_token left out, too long or not text")
        return None
    return value
