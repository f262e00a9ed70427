"""Active users as the REST API shows them: the service writes, the extension reads.

The fields are listed once; only ``Time`` differs. The service writes times as
formatted text, because msgspec has no milliseconds; readers get aware datetimes.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import typing as t
from collections.abc import Mapping

import msgspec

from .times import timestamp

Time = t.TypeVar("Time")
Aware = t.Annotated[dt.datetime, msgspec.Meta(tz=True)]
Count = t.Annotated[int, msgspec.Meta(ge=0)]
Some = t.Annotated[str, msgspec.Meta(min_length=1)]
_Read = t.TypeVar("_Read", bound=msgspec.Struct)


class Page(msgspec.Struct, frozen=True):
    """The page that a visitor is on, without query string and fragment."""

    title: str = ""
    path: str = ""


class AgentRef(msgspec.Struct, frozen=True):
    """An agent, as a visitor may see it."""

    name: str = ""
    email: str = ""


class InCall(msgspec.Struct, t.Generic[Time], frozen=True):
    """A call that an active user is in.

    :ivar since: when the picture appeared; ``None`` before that.
    """

    agent: AgentRef = AgentRef()
    since: Time | None = None


class OpenTab(msgspec.Struct, t.Generic[Time], frozen=True):
    """An open tab of a visitor.

    :ivar since: when it opened this page, or was last hidden or shown there.
    """

    title: str = ""
    path: str = ""
    visible: bool = True
    since: Time | None = None


class VisitedPage(msgspec.Struct, t.Generic[Time], frozen=True):
    """A page of a visit, and when it was opened."""

    title: str = ""
    path: str = ""
    at: Time | None = None


class UserFields(
    msgspec.Struct, t.Generic[Time], frozen=True, kw_only=True, rename="camel"
):
    """The fields of a tagged visitor who is here now."""

    id: str | None = None
    email: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    gender: str | None = None
    labels: tuple[str, ...] = ()
    assigned_user: str | None = None
    additional_tagging_data: Mapping[str, t.Any] = msgspec.field(default_factory=dict)
    visitor_id: Some
    verified: bool = False
    location: Page | None = None
    since: Time | None = None
    last_seen: Time | None = None
    visible: bool = True
    in_call: InCall[Time] | None = None
    waiting_since: Time | None = None


class UserRow(UserFields[str], frozen=True):
    """An active user, for writing."""


class Profile(UserRow, frozen=True, kw_only=True):
    """An active user with all details, for writing.

    :ivar tabs: all open tabs, visible ones first.
    :ivar pages: the last pages of this visit, latest first.
    """

    tabs: tuple[OpenTab[str], ...] = ()
    pages: tuple[VisitedPage[str], ...] = ()


class ActiveUser(UserFields[Aware], frozen=True, kw_only=True):
    """A tagged visitor who is here now.

    Unless ``verified``, the visitor's page merely claims the fields of the tag.

    :ivar tabs: all open tabs. Like ``pages``, empty in lists of users.
    :ivar pages: the last pages of this visit, latest first.
    """

    tabs: tuple[OpenTab[Aware], ...] = ()
    pages: tuple[VisitedPage[Aware], ...] = ()

    def __post_init__(self) -> None:
        # On the wire, an empty text means that there is none.
        for name in _TEXTS:
            if getattr(self, name) == "":
                msgspec.structs.force_setattr(self, name, None)

    @property
    def name(self) -> str:
        """The name, else the e-mail, else the id, else an empty text."""
        return name_of(self)

    @classmethod
    def from_json(cls, data: t.Any) -> ActiveUser:
        """Read one user from decoded JSON.

        :raises msgspec.ValidationError: if a value has the wrong type.
        """
        return convert(data, cls)

    def to_json(self) -> dict[str, t.Any]:
        """Return the user as the API's JSON, always without ``externalToken``."""
        written = self.profile()
        del written["tabs"], written["pages"]
        return written

    def profile(self) -> dict[str, t.Any]:
        """Return the user with tabs and pages, like the API's JSON for one user."""
        data = msgspec.to_builtins(self, builtin_types=(dt.datetime,))
        data["labels"] = list(self.labels)
        extra = data.pop("additionalTaggingData")
        return {**_written(data), "additionalTaggingData": extra}


_TEXTS = ("id", "email", "firstname", "lastname", "gender", "assigned_user")


class UserPage(msgspec.Struct, frozen=True):
    """One page of active users, for reading.

    :ivar total: the number of users on all pages.
    :ivar page: counts from 1.
    :ivar queries: the queries that limited it, if the backend supports them.
    """

    results: tuple[ActiveUser, ...]
    total: Count = -1
    page: Count = 1
    queries: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.total < 0:
            msgspec.structs.force_setattr(self, "total", len(self.results))


class UserToken(msgspec.Struct, frozen=True, rename="camel"):
    """A user token that the service minted, for reading."""

    token: Some
    expires_at: Aware | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} until {self.expires_at}>"


class Named(t.Protocol):
    """Something with a user's names; empty ones count as missing."""

    @property
    def id(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def firstname(self) -> str | None: ...
    @property
    def lastname(self) -> str | None: ...


def name_of(user: Named) -> str:
    """Return the name, else the e-mail, else the id, else an empty text."""
    parts = (user.firstname, user.lastname)
    full = " ".join(part for part in parts if part)
    return full or user.email or user.id or ""


def decode(body: bytes, kind: type[_Read]) -> _Read:
    """Read JSON: strict about types, tolerant of missing and unknown keys.

    :raises msgspec.ValidationError: names the place and type, but no value.
    :raises msgspec.DecodeError: if it is not JSON.
    """
    try:
        return t.cast(_Read, _decoder(kind).decode(body))
    except msgspec.ValidationError:
        # The vendor's own examples have numbers as ids, and null for missing values.
        return convert(_decoder(t.Any).decode(body), kind)


@functools.cache
def _decoder(kind: t.Any) -> msgspec.json.Decoder[t.Any]:
    # msgspec itself takes 100 times as long as Python for a float like 1e-308.
    return msgspec.json.Decoder(kind, float_hook=_number)


def _number(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError("Number out of range")
    return number


def convert(data: t.Any, kind: type[_Read]) -> _Read:
    """Read decoded JSON as :func:`decode` does.

    :raises msgspec.ValidationError: names the place and type, but no value.
    """
    return msgspec.convert(_tolerant(data), kind)


def _tolerant(data: t.Any) -> t.Any:
    """Drop nulls, which mean the same as missing keys, and make ids text."""
    if isinstance(data, list):
        return [_tolerant(one) for one in data]
    if not isinstance(data, Mapping):
        return data
    kept = {key: one for key, one in data.items() if one is not None}
    if type(kept.get("id")) is int:
        kept["id"] = str(kept["id"])
    return {
        key: one if key == "additionalTaggingData" else _tolerant(one)
        for key, one in kept.items()
    }


def _written(value: t.Any) -> t.Any:
    """Write times as the API does, and pages without a path as null."""
    if isinstance(value, dt.datetime):
        return timestamp(value.timestamp())
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    if isinstance(value, dict):
        given = {key: _written(one) for key, one in value.items()}
        return given | ({"path": None} if given.get("path") == "" else {})
    return value
