"""The tag: its fields, their limits, and how it is cleaned.

Content is never refused. Values that do not fit are adapted or left out, and the
extension logs the changes. Cleaning a clean tag changes nothing.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

import msgspec

from .matching import fold_email
from .users import Page
from .users import name_of

#: Characters of a field, a label, or the name of an additional key.
MAX_TEXT = 256
MAX_LABELS = 32
#: Additional data: keys, depth, and characters of a text.
MAX_KEYS = 64
MAX_DEPTH = 3
MAX_VALUE = 1024
#: Bytes of JSON, escaped to ASCII; above it, additional keys are dropped, then labels,
#: then texts are cut once more. The service and the extension apply the same rule.
MAX_BYTES = 8 * 1024
#: Bytes of JSON in which an untrusted tag's lists and objects must be; those that go
#: beyond are left out unread.
MAX_READ = 2 * MAX_BYTES
#: The largest whole number that JavaScript represents exactly.
MAX_NUMBER = 2**53 - 1
#: Characters of a page's title and path.
MAX_PAGE = 256

GENDERS = frozenset({"male", "female", "other", "none"})
#: Control characters, lone surrogates, which UTF-8 cannot encode, and what turns the
#: order of the characters after it, also beyond the text itself.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


class Tag(msgspec.Struct, frozen=True, rename="camel"):
    """A tag whose fields all have the right type and a limited size."""

    id: str = ""
    email: str = ""
    firstname: str = ""
    lastname: str = ""
    gender: str = ""
    labels: tuple[str, ...] = ()
    assigned_user: str = ""
    additional_tagging_data: dict[str, t.Any] = {}

    @property
    def subject(self) -> str:
        """The user whom it is about: the id, else the e-mail, else an empty text."""
        return subject_of(self.id, self.email)

    @property
    def name(self) -> str:
        """The name, else the e-mail, else the id, else an empty text."""
        return name_of(self)


_TEXTS = ("id", "email", "firstname", "lastname", "gender", "assignedUser")
_ATTRIBUTES = ("id", "email", "firstname", "lastname", "assigned_user")
#: The vendor's names of a tag's fields.
FIELDS = (*Tag.__struct_encode_fields__, "externalToken")
_NOT_ADDITIONAL = frozenset({*FIELDS, "visitorId"})


def subject_of(user_id: str, email: str) -> str:
    """Tell users apart: by the id, else by the e-mail without case, else not at all."""
    if user_id:
        return f"id:{user_id}"
    return f"email:{fold_email(email)}" if email else ""


def clean_tag(raw: object) -> Tag:
    """Keep the values of a tag that have the right type, cut to a limited size.

    :param raw: decoded JSON from an untrusted source.
    :raises TypeError: if it is not an object.
    """
    if not isinstance(raw, Mapping):
        kind = "nothing" if raw is None else type(raw).__name__
        raise TypeError(f"A tag must be an object, not {kind}.")
    tag = Cleaning().tag(raw)
    data = tag.additional_tagging_data
    if None not in data.values():
        return tag
    # In a page's tag, null means: delete this key.
    kept = {key: value for key, value in data.items() if value is not None}
    return msgspec.structs.replace(tag, additional_tagging_data=kept)


def clean_text(value: object, limit: int = MAX_TEXT) -> str:
    """Convert a text or a number to a text, anything else to nothing."""
    return Cleaning().text("", value, limit)


def clean_page(page: Page) -> Page:
    """Shorten a page's title and path; drop the query string and the fragment."""
    path = page.path.partition("#")[0].partition("?")[0]
    return Page(clean_text(page.title, MAX_PAGE), clean_text(path, MAX_PAGE))


class Cleaning:
    """Cleans one tag.

    :ivar notes: the changes, without any content.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []

    def tag(self, raw: Mapping[str, t.Any]) -> Tag:
        """Clean a whole tag; additional data may have ``None``, which deletes a key."""
        texts = {name: self.text(name, raw.get(name)) for name in _TEXTS}
        tag = Tag(
            id=texts["id"],
            email=texts["email"],
            firstname=texts["firstname"],
            lastname=texts["lastname"],
            gender=self._gender(texts["gender"]),
            labels=self._labels(raw.get("labels")),
            assigned_user=texts["assignedUser"],
            additional_tagging_data=self._additional(raw.get("additionalTaggingData")),
        )
        # Escaping to ASCII makes UTF-8 at most three times as long.
        small = 3 * len(msgspec.json.encode(tag)) <= MAX_BYTES
        return tag if small or _size(tag) <= MAX_BYTES else self._shrunk(tag)

    def text(self, name: str, value: object, limit: int = MAX_TEXT) -> str:
        """Make a text of a text or a number, and nothing of anything else."""
        if value is None or value == "":
            return ""
        if type(value) is not str:
            value = self._as_text(name, value)
        if len(value) > limit:
            self.notes.append(f"{name} cut to {limit} characters")
            value = value[:limit]
        if value.isprintable():
            return value.strip()
        return _UNFIT.sub(" ", value).strip()

    def _as_text(self, name: str, value: object) -> str:
        if isinstance(value, str):
            return str(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JavaScript has one kind of number
        if isinstance(value, int | float) and not isinstance(value, bool):
            if abs(value) <= MAX_NUMBER:
                return str(value)
        if value is not None:
            self._leave_out(name, value)
        return ""

    def _leave_out(self, name: str, value: object) -> None:
        self.notes.append(f"{name} left out, a {type(value).__name__}")

    def _gender(self, text: str) -> str:
        lower = text.lower()
        if not text or lower in GENDERS:
            return lower
        self.notes.append(f"gender left out, none of {', '.join(sorted(GENDERS))}")
        return ""

    def _labels(self, value: object) -> tuple[str, ...]:
        if not value and value != 0:
            return ()
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple):
            self._leave_out("labels", value)
            return ()
        some = value[: 4 * MAX_LABELS]
        labels = dict.fromkeys(filter(None, (self.text("a label", o) for o in some)))
        if len(labels) > MAX_LABELS or len(value) > len(some):
            self.notes.append(f"only {MAX_LABELS} labels kept")
        return tuple(labels)[:MAX_LABELS]

    def _additional(self, value: object) -> dict[str, t.Any]:
        kept: dict[str, t.Any] = {}
        if not value:
            return kept
        if not isinstance(value, Mapping):
            self._leave_out("additionalTaggingData", value)
            return kept
        for key, one in self._entries(value.items()):
            if len(kept) == MAX_KEYS and key not in kept:
                self.notes.append(f"only {MAX_KEYS} additional keys kept")
                break
            kept[key] = one
        return kept

    def _entries(
        self, items: Iterable[tuple[t.Any, t.Any]]
    ) -> Iterator[tuple[str, t.Any]]:
        for raw, value in items:
            key = self.text("an additional key", raw)
            if key in _NOT_ADDITIONAL:
                self.notes.append(f"additional {key} left out, it is a field")
            elif key:
                one = self._plain(f"additional {key}", value, MAX_DEPTH)
                if one is not None or value is None:
                    yield key, one

    def _plain(self, name: str, value: t.Any, depth: int) -> t.Any:
        """Limit texts, numbers and depth, so that every reader can handle them."""
        if isinstance(value, str):
            return self.text(name, value, MAX_VALUE)
        if isinstance(value, bool | None):
            return value
        if isinstance(value, int | float) and abs(value) <= MAX_NUMBER:
            return value
        if isinstance(value, list | tuple) and depth:
            return [self._plain(name, one, depth - 1) for one in value[:MAX_KEYS]]
        if isinstance(value, Mapping) and depth:
            return self._object(name, value, depth - 1)
        self._leave_out(name, value)
        return None

    def _object(
        self, name: str, value: Mapping[t.Any, t.Any], depth: int
    ) -> dict[str, t.Any]:
        some = list(value.items())[:MAX_KEYS]
        named = ((self.text("an additional key", key), one) for key, one in some)
        return {
            key: self._plain(name, one, depth)
            for key, one in named
            if key != "externalToken"
        }

    def _shrunk(self, tag: Tag) -> Tag:
        """Keep labels, then additional keys, while there is room."""
        bare = msgspec.structs.replace(tag, labels=(), additional_tagging_data={})
        if _size(bare) > MAX_BYTES:
            half = MAX_TEXT // 2
            cut = {name: getattr(bare, name)[:half].strip() for name in _ATTRIBUTES}
            bare = msgspec.structs.replace(bare, **cut)
            self.notes.append(f"texts cut to {half} characters")
        room = MAX_BYTES - _size(bare)
        labels: list[str] = []
        for label in tag.labels:
            room -= _size(label) + 2
            if room < 0:
                break
            labels.append(label)
        kept: dict[str, t.Any] = {}
        for key, value in tag.additional_tagging_data.items():
            room -= _size({key: value})
            if room < 0:
                break
            kept[key] = value
        if len(labels) < len(tag.labels):
            self.notes.append(f"some labels left out, {MAX_BYTES} bytes in all")
        elif len(kept) < len(tag.additional_tagging_data):
            self.notes.append(
                f"some additional keys left out, {MAX_BYTES} bytes in all"
            )
        return msgspec.structs.replace(
            bare, labels=tuple(labels), additional_tagging_data=kept
        )


def _size(value: t.Any) -> int:
    return len(json.dumps(msgspec.to_builtins(value)))
