"""What the REST API answers, as typed records.

Reading is strict about types and tolerant about keys: one that is missing has a
default, one that is unknown is left out. Times are aware datetimes.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from ..errors import BadAnswer
from ..errors import say
from .reader import Reader as Reader


@dataclass(frozen=True, slots=True)
class Location:
    """The page that a visitor is on; no query string."""

    title: str
    path: str | None = None

    @classmethod
    def from_json(cls, data: t.Any) -> Location:
        """Read it from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        reader = Reader(data, "location")
        return cls(reader.text("title") or "", reader.text("path"))

    def to_json(self) -> dict[str, t.Any]:
        """Write it as the API does."""
        return {"title": self.title, "path": self.path}


@dataclass(frozen=True, slots=True)
class OpenTab:
    """An open tab of a visitor.

    :ivar since: when it came to this page, or was hidden or shown there.
    """

    title: str
    path: str | None = None
    visible: bool = True
    since: dt.datetime | None = None

    @classmethod
    def from_json(cls, data: t.Any) -> OpenTab:
        """Read it from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        reader = Reader(data, "tab")
        visible = reader.flag("visible", default=True)
        page = Location.from_json(data)
        return cls(page.title, page.path, visible, reader.time("since"))

    def to_json(self) -> dict[str, t.Any]:
        """Write it as the API does."""
        page = {"title": self.title, "path": self.path, "visible": self.visible}
        return {**page, "since": timestamp(self.since)}


@dataclass(frozen=True, slots=True)
class VisitedPage:
    """A page of a visitor's visit, and when it was opened."""

    title: str
    path: str | None = None
    at: dt.datetime | None = None

    @classmethod
    def from_json(cls, data: t.Any) -> VisitedPage:
        """Read it from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        page = Location.from_json(data)
        return cls(page.title, page.path, Reader(data, "page").time("at"))

    def to_json(self) -> dict[str, t.Any]:
        """Write it as the API does."""
        return {"title": self.title, "path": self.path, "at": timestamp(self.at)}


@dataclass(frozen=True, slots=True)
class CallAgent:
    """The agent in a call."""

    name: str
    email: str

    @classmethod
    def from_json(cls, data: t.Any) -> CallAgent:
        """Read it from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        reader = Reader(data, "agent")
        return cls(reader.text("name") or "", reader.text("email") or "")

    def to_json(self) -> dict[str, t.Any]:
        """Write it as the API does."""
        return {"name": self.name, "email": self.email}


@dataclass(frozen=True, slots=True)
class InCall:
    """A call that an active user is in.

    :ivar since: when the picture appeared; ``None`` as long as it has not.
    """

    agent: CallAgent
    since: dt.datetime | None = None

    @classmethod
    def from_json(cls, data: t.Any) -> InCall:
        """Read it from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        reader = Reader(data, "inCall")
        agent = reader.nested("agent", CallAgent.from_json)
        return cls(agent or CallAgent("", ""), reader.time("since"))

    def to_json(self) -> dict[str, t.Any]:
        """Write it as the API does."""
        return {"agent": self.agent.to_json(), "since": timestamp(self.since)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveUser:
    """A tagged visitor that is here now.

    All fields of the tag are a claim of the visitor's page unless ``verified``.

    :ivar tabs: all that are open; only where one user was asked for, as ``pages``.
    :ivar pages: the last ones of this visit, the latest first.
    """

    visitor_id: str
    id: str | None = None
    email: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    gender: str | None = None
    labels: tuple[str, ...] = ()
    assigned_user: str | None = None
    additional_tagging_data: Mapping[str, t.Any] = field(default_factory=dict)
    verified: bool = False
    location: Location | None = None
    since: dt.datetime | None = None
    last_seen: dt.datetime | None = None
    visible: bool = True
    in_call: InCall | None = None
    waiting_since: dt.datetime | None = None
    tabs: tuple[OpenTab, ...] = ()
    pages: tuple[VisitedPage, ...] = ()

    @property
    def name(self) -> str:
        """What to call this user: the name, else the e-mail, the id, or nothing."""
        parts = (self.firstname, self.lastname)
        full = " ".join(part for part in parts if part)
        return full or self.email or self.id or ""

    @classmethod
    def from_json(cls, data: t.Any) -> ActiveUser:
        """Read one user from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        reader = Reader(data, "user")
        visitor_id = reader.text("visitorId")
        if not visitor_id:
            raise BadAnswer(say("The service's answer has a user without a visitorId."))
        return cls(
            visitor_id=visitor_id,
            id=reader.text("id"),
            email=reader.text("email"),
            firstname=reader.text("firstname"),
            lastname=reader.text("lastname"),
            gender=reader.text("gender"),
            labels=reader.texts("labels"),
            assigned_user=reader.text("assignedUser"),
            additional_tagging_data=reader.mapping("additionalTaggingData"),
            verified=reader.flag("verified", default=False),
            location=reader.nested("location", Location.from_json),
            since=reader.time("since"),
            last_seen=reader.time("lastSeen"),
            visible=reader.flag("visible", default=True),
            in_call=reader.nested("inCall", InCall.from_json),
            waiting_since=reader.time("waitingSince"),
            tabs=reader.each("tabs", OpenTab.from_json),
            pages=reader.each("pages", VisitedPage.from_json),
        )

    def to_json(self) -> dict[str, t.Any]:
        """Write the user as the API does; there is never an ``externalToken``."""
        return {
            "visitorId": self.visitor_id,
            "id": self.id,
            "email": self.email,
            "firstname": self.firstname,
            "lastname": self.lastname,
            "gender": self.gender,
            "labels": list(self.labels),
            "assignedUser": self.assigned_user,
            "additionalTaggingData": dict(self.additional_tagging_data),
            "verified": self.verified,
            "location": self.location and self.location.to_json(),
            "since": timestamp(self.since),
            "lastSeen": timestamp(self.last_seen),
            "visible": self.visible,
            "inCall": self.in_call and self.in_call.to_json(),
            "waitingSince": timestamp(self.waiting_since),
        }

    def profile(self) -> dict[str, t.Any]:
        """Write the user with tabs and pages, as the API does for one user."""
        return {
            **self.to_json(),
            "tabs": [tab.to_json() for tab in self.tabs],
            "pages": [page.to_json() for page in self.pages],
        }


@dataclass(frozen=True, slots=True)
class UserPage:
    """One page of active users.

    :ivar total: how many there are on all pages together.
    :ivar page: counts from 1.
    :ivar queries: what it was limited to, if it was asked for that and understood it.
    """

    total: int
    page: int
    results: tuple[ActiveUser, ...]
    queries: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: t.Any) -> UserPage:
        """Read a page from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        reader = Reader(data, "list")
        results = reader.of("results", list, "a list")
        if results is None:
            raise BadAnswer(say("The service's answer has no list of results."))
        users = tuple(ActiveUser.from_json(one) for one in results)
        total, page = reader.count("total", len(users)), reader.count("page", 1)
        return cls(total, page, users, reader.texts("queries"))


@dataclass(frozen=True, slots=True)
class UserToken:
    """A user token that the service minted."""

    token: str = field(repr=False)
    expires_at: dt.datetime | None

    @classmethod
    def from_json(cls, data: t.Any) -> UserToken:
        """Read a token from decoded JSON.

        :raises BadAnswer: if something has a type that it must not have.
        """
        reader = Reader(data, "token")
        token = reader.text("token")
        if not token:
            raise BadAnswer(say("The service's answer has no user token."))
        return cls(token, reader.time("expiresAt"))


def timestamp(moment: dt.datetime | None) -> str | None:
    """Write a time as RFC 3339 UTC with milliseconds."""
    if moment is None:
        return None
    text = moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
