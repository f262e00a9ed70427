"""Who somebody is: the application's user as a visitor to tag, or as an agent.

A tag is never refused for its content. What does not fit is made to fit or left out,
and one log line says what was done.
"""

from __future__ import annotations

import datetime as dt
import enum
import itertools
import json
import logging
import math
import typing as t
import uuid
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal

#: Characters of one field, and of a label or the name of an additional key.
MAX_TEXT = 256
MAX_NAME = 64
#: Labels, and additional keys.
MAX_ITEMS = 32
#: Bytes of JSON above which additional keys and labels are left out.
MAX_BYTES = 8 * 1024

#: The vendor's names of a tag's fields.
TAG_FIELDS = (
    "id",
    "email",
    "firstname",
    "lastname",
    "gender",
    "labels",
    "assignedUser",
    "additionalTaggingData",
    "externalToken",
)
GENDERS = frozenset({"male", "female", "other", "none"})

# What says the same as its text does; no containers, no bytes, no proxies.
_PLAIN = (str, int, float, Decimal, uuid.UUID, dt.date, dt.time)
# Beyond this JavaScript rounds a whole number.
_MAX_SAFE_INTEGER = 2**53 - 1
# So few characters fit, even if each of them takes 12 bytes in JSON.
_SURELY_FITS = 400

_T = t.TypeVar("_T")
logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """The data about a signed-in user that an agent may see.

    :ivar id: the application's own id of the user.
    :ivar gender: ``male``, ``female``, ``other`` or ``none``.
    :ivar labels: what agents filter by, such as a plan or a group.
    :ivar assigned_user: the e-mail of the agent who looks after this user.
    :ivar additional_tagging_data: more keys and values; ``None`` deletes a key.
    :ivar external_token: a token of your own, for external systems; with a
        ``CHATVISOR_IDENTITY_KEY`` the identity token takes its place.
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
        """Make the tag: the vendor's names, clean, and nothing that is empty."""
        return _Cleaning().tag(self)


@dataclass(frozen=True)
class Agent:
    """A user of the application who may see active users and call them.

    :ivar name: what a customer reads when the agent calls; the e-mail if left out.
    """

    email: str
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.email)


def default_visitor(user: t.Any) -> Visitor | None:
    """Describe a user by common attribute names; ``None`` if there are none.

    Never by ``get_id()``: applications put secrets of the session into it.
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


class _Cleaning:
    """Cleans one visitor's fields, and collects what it had to do."""

    def __init__(self) -> None:
        self._remarks: list[str] = []
        self._characters = 0

    def tag(self, visitor: Visitor) -> dict[str, t.Any]:
        fields = {
            "id": self._text("id", visitor.id),
            "email": self._text("email", visitor.email),
            "firstname": self._text("firstname", visitor.firstname),
            "lastname": self._text("lastname", visitor.lastname),
            "gender": self._gender(visitor.gender),
            "labels": self._labels(visitor.labels),
            "assignedUser": self._text("assigned_user", visitor.assigned_user),
            "additionalTaggingData": self._additional(visitor.additional_tagging_data),
            "externalToken": self._token(visitor.external_token),
        }
        tag = {name: value for name, value in fields.items() if value}
        if self._characters > _SURELY_FITS:
            self._shrink(tag)
        if self._remarks:
            done = "; ".join(dict.fromkeys(self._remarks))
            who = tag.get("id", tag.get("email"))
            event = {"event": "chatvisor.tag.cleaned"}
            logger.warning("Tag of %r: %s.", who, done, extra=event)
        return tag

    def _text(self, name: str, value: t.Any, most: int = MAX_TEXT) -> str | None:
        if value is None:
            return None
        if type(value) is str and len(value) <= most and value.isascii():
            self._characters += len(value)
            return value
        if isinstance(value, enum.Enum):
            value = value.value
        if not isinstance(value, _PLAIN):
            self._remarks.append(f"{name} left out, a {type(value).__name__}")
            return None
        text = str(value)
        if len(text) > most:
            self._remarks.append(f"{name} cut to {most} characters")
            text = text[:most]
        if not text.isascii():
            text = _without_surrogates(text)
        self._characters += len(text)
        return text

    def _gender(self, value: t.Any) -> str | None:
        text = self._text("gender", value)
        if not text or text.lower() in GENDERS:
            return text and text.lower()
        self._remarks.append(f"gender left out, none of {', '.join(sorted(GENDERS))}")
        return None

    def _labels(self, value: t.Any) -> list[str]:
        if isinstance(value, str):
            value = [value]
        if value is None or value == ():
            return []
        if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
            self._remarks.append(f"labels left out, a {type(value).__name__}")
            return []
        texts = (self._text("a label", one, MAX_NAME) for one in value)
        return self._first("labels", filter(None, texts))

    def _additional(self, value: t.Any) -> dict[str, t.Any]:
        if not value:
            return {}
        if not isinstance(value, Mapping):
            name = type(value).__name__
            self._remarks.append(f"additional_tagging_data left out, a {name}")
            return {}
        return dict(self._first("additional keys", self._items(value)))

    def _items(self, data: Mapping[t.Any, t.Any]) -> Iterator[tuple[str, t.Any]]:
        for key, value in data.items():
            name = self._text("an additional key", key, MAX_NAME)
            if name in TAG_FIELDS:
                self._remarks.append(f"additional {name} left out, it is a field")
            elif name:
                cleaned = self._scalar(f"additional {name}", value)
                if cleaned is not None or value is None:
                    yield name, cleaned

    def _scalar(self, name: str, value: t.Any) -> str | int | float | None:
        if isinstance(value, bool):
            return value
        if type(value) is float and math.isfinite(value):
            return value
        if type(value) is int and abs(value) <= _MAX_SAFE_INTEGER:
            return value
        return self._text(name, value)

    def _first(self, what: str, items: Iterable[_T]) -> list[_T]:
        items = iter(items)
        first = list(itertools.islice(items, MAX_ITEMS))
        if next(items, None) is not None:
            self._remarks.append(f"only {MAX_ITEMS} {what} kept")
        return first

    def _token(self, value: t.Any) -> str | None:
        if not value:
            return None
        # A token that is cut is no token.
        if not isinstance(value, str) or len(value) > MAX_BYTES // 2:
            self._remarks.append("external_token left out, too long or no text")
            return None
        return value

    def _shrink(self, tag: dict[str, t.Any]) -> None:
        data = tag.get("additionalTaggingData", {})
        labels = tag.get("labels", [])
        while len(json.dumps(tag)) > MAX_BYTES and (data or labels):
            what = "additional keys" if data else "labels"
            self._remarks.append(f"some {what} left out, {MAX_BYTES} bytes in all")
            data.popitem() if data else labels.pop()


def _without_surrogates(text: str) -> str:
    # Half a character cannot be sent as UTF-8.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
