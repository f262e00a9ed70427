"""Visitors and active users: the records, and what becomes of a page's tag."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

import msgspec

from .access import Refusal
from .protocol import AgentRef
from .protocol import Page
from .protocol import QueueProps
from .protocol import timestamp

#: Characters of a field of a tag.
MAX_TEXT = 256
MAX_LABELS = 32
#: The most additional data: keys and depth, characters of a text, bytes of JSON.
MAX_EXTRA_KEYS = 64
MAX_EXTRA_DEPTH = 3
MAX_EXTRA_TEXT = 1024
MAX_EXTRA_BYTES = 8 * 1024
#: The largest whole number that JavaScript keeps exactly.
MAX_NUMBER = 2**53
#: Characters of a page's title and path that are kept.
MAX_PAGE = 256
#: Pages of a visit that are kept, the newest.
MAX_VISITED = 20

_TEXT_FIELDS = ("id", "email", "firstname", "lastname", "gender", "assignedUser")
_OTHER_FIELDS = ("labels", "additionalTaggingData", "externalToken", "visitorId")
_FIELDS = frozenset(_TEXT_FIELDS + _OTHER_FIELDS)
#: Controls, and lone surrogates, which cannot be written as UTF-8.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_GENDERS = frozenset({"male", "female", "other", "none"})


class UserTag(msgspec.Struct, frozen=True, rename="camel"):
    """A tag of which every field has the right type and a bounded size."""

    id: str = ""
    email: str = ""
    firstname: str = ""
    lastname: str = ""
    gender: str = ""
    labels: tuple[str, ...] = ()
    assigned_user: str = ""
    additional_tagging_data: dict[str, t.Any] = {}

    @property
    def name(self) -> str:
        """What to call this user."""
        full = f"{self.firstname} {self.lastname}".strip()
        return full or self.email or self.id


class InCall(msgspec.Struct, frozen=True):
    """The call that an active user is in, for the list."""

    agent: AgentRef
    since: str | None = None


class ActiveUser(msgspec.Struct, frozen=True, rename="camel"):
    """A tagged visitor that is here now, as the REST API shows it."""

    id: str
    email: str
    firstname: str
    lastname: str
    gender: str
    labels: tuple[str, ...]
    assigned_user: str
    additional_tagging_data: dict[str, t.Any]
    visitor_id: str
    verified: bool
    location: Page | None
    since: str
    last_seen: str
    visible: bool
    in_call: InCall | None
    waiting_since: str | None


class OpenTab(msgspec.Struct, frozen=True):
    """An open tab, for the profile.

    :ivar since: when it came to this page, or was hidden or shown there.
    """

    title: str
    path: str
    visible: bool
    since: str


class VisitedPage(msgspec.Struct, frozen=True):
    """A page of this visit, for the profile."""

    title: str
    path: str
    at: str


class Profile(ActiveUser, frozen=True, rename="camel"):
    """An active user with everything that is known, the latest first."""

    tabs: tuple[OpenTab, ...]
    pages: tuple[VisitedPage, ...]


class Tab:
    """One open tab of a visitor."""

    __slots__ = ("page", "seen", "visible")

    def __init__(self, page: Page, visible: bool, seen: float) -> None:
        self.page: Page = page
        self.visible: bool = visible
        self.seen: float = seen


@dataclass(slots=True, eq=False)
class Visitor:
    """A browser that is on the application. Times are epoch seconds.

    :ivar tabs: by the address of their connection.
    :ivar pages: of this visit, with the time at which each was opened.
    :ivar windows: addresses of call windows, which count as presence too.
    :ivar leaves_at: when it is taken for gone, while nothing of it is open.
    :ivar queue_uid: the id by which it stands in the queue.
    :ivar polled_until: when it leaves the queue unless it polls.
    """

    id: str
    since: float
    last_seen: float
    tag: UserTag | None = None
    verified: bool = False
    tabs: dict[int, Tab] = field(default_factory=dict)
    pages: list[tuple[float, Page]] = field(default_factory=list)
    windows: set[int] | None = None
    location: Page | None = None
    visible: bool = False
    leaves_at: float | None = None
    call_id: str | None = None
    in_call: InCall | None = None
    waiting_since: float | None = None
    queue_uid: str | None = None
    polled_until: float | None = None

    @property
    def here(self) -> bool:
        """Whether anything of it is open."""
        return bool(self.tabs or self.windows)

    def visit(self, now: float, page: Page) -> None:
        """Note that a page was opened; another title of the last one is not another."""
        if self.pages and self.pages[-1][1].path == page.path:
            self.pages[-1] = (self.pages[-1][0], page)
        else:
            self.pages.append((now, page))
            del self.pages[:-MAX_VISITED]

    def look(self, now: float) -> None:
        """Work out where it is from the tabs that are open; with none, it stays."""
        self.last_seen = now
        if self.tabs:
            tab = max(self.tabs.values(), key=lambda tab: (tab.visible, tab.seen))
            self.location, self.visible = tab.page, tab.visible


def active_user(visitor: Visitor) -> ActiveUser:
    """Show a tagged visitor as the REST API does."""
    tag = visitor.tag or UserTag()
    waiting = visitor.waiting_since
    return ActiveUser(
        id=tag.id,
        email=tag.email,
        firstname=tag.firstname,
        lastname=tag.lastname,
        gender=tag.gender,
        labels=tag.labels,
        assigned_user=tag.assigned_user,
        additional_tagging_data=tag.additional_tagging_data,
        visitor_id=visitor.id,
        verified=visitor.verified,
        location=visitor.location,
        since=timestamp(visitor.since),
        last_seen=timestamp(visitor.last_seen),
        visible=visitor.visible,
        in_call=visitor.in_call,
        waiting_since=None if waiting is None else timestamp(waiting),
    )


def profile(visitor: Visitor) -> Profile:
    """Show a tagged visitor with all tabs and the pages of this visit."""
    tabs = sorted(visitor.tabs.values(), key=lambda tab: tab.seen, reverse=True)
    tabs.sort(key=lambda tab: not tab.visible)
    return Profile(
        **msgspec.structs.asdict(active_user(visitor)),
        tabs=tuple(
            OpenTab(tab.page.title, tab.page.path, tab.visible, timestamp(tab.seen))
            for tab in tabs
        ),
        pages=tuple(
            VisitedPage(page.title, page.path, timestamp(at))
            for at, page in reversed(visitor.pages)
        ),
    )


def rank(visitor: Visitor) -> tuple[bool, bool, float]:
    """Order several visitors of one user, the best last."""
    return (visitor.verified, visitor.visible, visitor.last_seen)


# --- cleaning -------------------------------------------------------------------


def clean_tag(raw: object) -> UserTag:
    """Take from a tag what has the right type, cut to a bounded size.

    :raises Refusal: if it is not an object at all.
    """
    if not isinstance(raw, Mapping):
        kind = "nothing" if raw is None else type(raw).__name__
        raise Refusal("bad-request", f"A tag must be an object, not {kind}.")
    texts = {name: clean_text(raw.get(name)) for name in _TEXT_FIELDS}
    gender = texts["gender"].lower()
    return UserTag(
        id=texts["id"],
        email=texts["email"],
        firstname=texts["firstname"],
        lastname=texts["lastname"],
        gender=gender if gender in _GENDERS else "",
        labels=_clean_labels(raw.get("labels")),
        assigned_user=texts["assignedUser"],
        additional_tagging_data=_clean_extra(raw.get("additionalTaggingData")),
    )


def queue_tag(uid: str, props: QueueProps) -> UserTag:
    """Make the tag of a customer who is known by joining the queue only."""
    return UserTag(
        id=clean_text(uid),
        email=clean_text(props.email),
        firstname=clean_text(props.first_name),
        lastname=clean_text(props.last_name),
    )


def clean_page(page: Page) -> Page:
    """Cut a page's title, and its path off its query string and fragment."""
    path = page.path.partition("#")[0].partition("?")[0]
    return Page(title=clean_text(page.title, MAX_PAGE), path=clean_text(path, MAX_PAGE))


def clean_text(value: object, limit: int = MAX_TEXT) -> str:
    """Make a text of a text or a number, and nothing of anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JavaScript has one kind of number
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value) if abs(value) <= MAX_NUMBER else ""
    if not isinstance(value, str):
        return ""
    return _UNFIT.sub(" ", value[:limit]).strip()


def _clean_labels(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return ()
    labels = (clean_text(one) for one in value[: 4 * MAX_LABELS])
    return tuple(dict.fromkeys(filter(None, labels)))[:MAX_LABELS]


def _clean_extra(value: object) -> dict[str, t.Any]:
    """Keep whole entries as long as they fit; ``null`` deletes, so it is left out."""
    kept: dict[str, t.Any] = {}
    if not isinstance(value, Mapping):
        return kept
    room = MAX_EXTRA_BYTES
    for key, raw in value.items():
        key, one = clean_text(key), _plain(raw, MAX_EXTRA_DEPTH)
        if one is None or not key or key in _FIELDS:
            continue
        room -= len(msgspec.json.encode({key: one}))
        if room < 0 or len(kept) == MAX_EXTRA_KEYS:
            break
        kept[key] = one
    return kept


def _plain(value: object, depth: int) -> t.Any:
    """Bound texts, numbers and depth: all who read it later must manage it."""
    if isinstance(value, str):
        return clean_text(value, MAX_EXTRA_TEXT)
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= MAX_NUMBER else None
    if isinstance(value, list) and depth:
        return [_plain(one, depth - 1) for one in value[:MAX_EXTRA_KEYS]]
    if isinstance(value, dict) and depth:
        items = [item for item in value.items() if item[0] != "externalToken"]
        some = items[:MAX_EXTRA_KEYS]
        return {clean_text(key): _plain(one, depth - 1) for key, one in some}
    return None
