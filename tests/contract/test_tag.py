"""A tag is cleaned: nothing is refused, everything is bounded."""

from __future__ import annotations

import json
import typing as t

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_chatvisor.contract.tag import MAX_BYTES
from flask_chatvisor.contract.tag import MAX_KEYS
from flask_chatvisor.contract.tag import MAX_TEXT
from flask_chatvisor.contract.tag import Cleaning
from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.contract.tag import clean_page
from flask_chatvisor.contract.tag import clean_tag
from flask_chatvisor.contract.users import Page

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    "id email firstname lastname gender labels assignedUser additionalTaggingData"
    " externalToken visitorId other".split()
)


def test_a_full_tag_is_kept() -> None:
    tag = clean_tag(
        {
            "id": "7",
            "email": "john@example.com",
            "firstname": "John",
            "lastname": "Doe",
            "gender": "male",
            "labels": ["gold", "north"],
            "assignedUser": "mary@example.com",
            "additionalTaggingData": {"plan": "x"},
            "externalToken": "secret",
        }
    )
    assert tag == Tag(
        id="7",
        email="john@example.com",
        firstname="John",
        lastname="Doe",
        gender="male",
        labels=("gold", "north"),
        assigned_user="mary@example.com",
        additional_tagging_data={"plan": "x"},
    )


def test_an_empty_tag_is_a_tag() -> None:
    assert clean_tag({}) == Tag()


@pytest.mark.parametrize("raw", [None, "john", 7, ["john"], True])
def test_what_is_not_an_object_is_refused(raw: object) -> None:
    with pytest.raises(TypeError, match="must be an object"):
        clean_tag(raw)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (True, ""),
        (None, ""),
        ([], ""),
        ({}, ""),
        (10**400, ""),
        (float("inf"), ""),
        (float("nan"), ""),
        ("  x ", "x"),
        ("a\x00\x1fb\nc", "a b c"),
        ("a\ud800b", "a b"),
        ("\u202emoc.elpmaxe@nhoj\u202c", "moc.elpmaxe@nhoj"),
        ("a\u2066b\u2067\u2069c", "a b c"),
        ("\u202a\u202b\u202d\u2068", ""),
        ("דנה\u200f", "דנה\u200f"),
        ("👩‍💻", "👩‍💻"),
    ],
)
def test_an_id_is_text_or_made_of_a_number(value: object, text: str) -> None:
    assert clean_tag({"id": value}).id == text


def test_a_long_text_is_cut() -> None:
    assert clean_tag({"firstname": "x" * 1000}).firstname == "x" * MAX_TEXT


@pytest.mark.parametrize("gender", ["male", "FEMALE", "other", "none"])
def test_a_known_gender_is_kept(gender: str) -> None:
    assert clean_tag({"gender": gender}).gender == gender.lower()


def test_an_unknown_gender_is_left_out() -> None:
    assert clean_tag({"gender": "x"}).gender == ""


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ("gold", ("gold",)),
        (["a", 1, None, {}, "", "a"], ("a", "1")),
        ({"a": 1}, ()),
        ([str(n) for n in range(99)], tuple(str(n) for n in range(32))),
    ],
)
def test_labels_are_a_bounded_list_of_texts(labels: t.Any, kept: t.Any) -> None:
    assert clean_tag({"labels": labels}).labels == kept


def extra(**data: t.Any) -> dict[str, t.Any]:
    return clean_tag({"additionalTaggingData": data}).additional_tagging_data


def test_additional_data_never_stands_for_a_field() -> None:
    assert extra(email="x", externalToken="x", labels=[], plan="gold") == {
        "plan": "gold"
    }


def test_additional_data_that_is_null_is_deleted() -> None:
    assert extra(plan=None, city="Bern") == {"city": "Bern"}


def test_additional_data_has_a_bounded_depth() -> None:
    deep: t.Any = "deep"
    for _ in range(500):
        deep = [deep]
    assert extra(nested=deep) == {"nested": [[[None]]]}


def test_a_nested_token_is_left_out() -> None:
    assert extra(a={"externalToken": "x", "b": 1}) == {"a": {"b": 1}}


def test_additional_data_has_a_bounded_size() -> None:
    kept = extra(**{f"k{n}": "x" * 1000 for n in range(100)})
    assert 5 <= len(kept) < 9


def test_additional_data_has_bounded_numbers() -> None:
    assert extra(big=10**300, small=3, real=2.5) == {"small": 3, "real": 2.5}


def test_additional_data_can_always_be_written_as_json() -> None:
    data = {"a\ud800": {"b\udfff": "c\ud801"}, "\x00": 1, "n": float("nan")}
    assert extra(**data) == {"a": {"b": "c"}}


def test_additional_data_that_is_no_object_is_left_out() -> None:
    assert clean_tag({"additionalTaggingData": "x"}).additional_tagging_data == {}


def size_of(tag: Tag) -> int:
    return len(json.dumps(msgspec.to_builtins(tag)))


@pytest.mark.parametrize("letter", ["x", "\U0001f600", '"', "\u00e9"])
def test_the_fullest_tag_is_bounded_as_a_whole(letter: str) -> None:
    names = ("id", "email", "firstname", "lastname", "assignedUser")
    texts = dict.fromkeys(names, f"{letter * 127} {letter * 999}")
    labels = [f"{n}{letter * 999}" for n in range(99)]
    data = {f"k{n}": [letter * 999] * 99 for n in range(99)}
    raw = {**texts, "labels": labels, "additionalTaggingData": data}
    tag = clean_tag(raw)
    assert size_of(tag) <= MAX_BYTES
    assert min(map(len, (tag.id, tag.email, tag.assigned_user))) >= 127
    assert clean_tag(msgspec.to_builtins(tag)) == tag


@given(st.dictionaries(FIELDS, JSON))
def test_any_tag_becomes_a_small_clean_one(raw: dict[str, t.Any]) -> None:
    tag = clean_tag(raw)
    encoded = msgspec.json.encode(tag)
    assert msgspec.json.decode(encoded, type=Tag) == tag
    assert size_of(tag) <= MAX_BYTES
    assert clean_tag(msgspec.json.decode(encoded)) == tag


def test_what_was_done_is_noted_without_content() -> None:
    cleaning = Cleaning()
    data = {f"k{n}": n for n in range(MAX_KEYS + 1)}
    raw = {"firstname": "Secret" * 50, "labels": 7, "additionalTaggingData": data}
    cleaning.tag(raw)
    assert cleaning.notes == [
        "firstname cut to 256 characters",
        "labels left out, a int",
        "only 64 additional keys kept",
    ]


def test_labels_stay_longer_than_additional_data() -> None:
    labels, data = ["x" * 250] * 1, {f"k{n}": "ä" * 1000 for n in range(9)}
    tag = clean_tag({"labels": labels, "additionalTaggingData": data})
    assert tag.labels == tuple(labels)
    assert list(tag.additional_tagging_data) == ["k0"]


def test_a_page_is_cut_off_its_query_string() -> None:
    page = clean_page(Page(title=" Pay\n", path="/pay?card=4111#top"))
    assert page == Page(title="Pay", path="/pay")


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (Tag(firstname="John", lastname="Doe", email="e"), "John Doe"),
        (Tag(lastname="Doe"), "Doe"),
        (Tag(email="e", id="7"), "e"),
        (Tag(id="7"), "7"),
    ],
)
def test_a_user_has_the_best_name_there_is(tag: Tag, name: str) -> None:
    assert tag.name == name
