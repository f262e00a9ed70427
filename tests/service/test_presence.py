"""Tags are cleaned, and a visitor is where its tabs are."""

from __future__ import annotations

import typing as t

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_chatvisor.service import presence
from flask_chatvisor.service.access import Refusal
from flask_chatvisor.service.presence import Tab
from flask_chatvisor.service.presence import UserTag
from flask_chatvisor.service.presence import Visitor
from flask_chatvisor.service.presence import active_user
from flask_chatvisor.service.presence import clean_page
from flask_chatvisor.service.presence import clean_tag
from flask_chatvisor.service.presence import queue_tag
from flask_chatvisor.service.presence import rank
from flask_chatvisor.service.protocol import Page
from flask_chatvisor.service.protocol import QueueProps

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
    assert tag == UserTag(
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
    assert clean_tag({}) == UserTag()


@pytest.mark.parametrize("raw", [None, "john", 7, ["john"], True])
def test_what_is_not_an_object_is_refused(raw: object) -> None:
    with pytest.raises(Refusal, match="must be an object") as caught:
        clean_tag(raw)
    assert caught.value.code == "bad-request"


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
        ("👩‍💻", "👩‍💻"),
    ],
)
def test_an_id_is_text_or_made_of_a_number(value: object, text: str) -> None:
    assert clean_tag({"id": value}).id == text


def test_a_long_text_is_cut() -> None:
    assert clean_tag({"firstname": "x" * 1000}).firstname == "x" * presence.MAX_TEXT


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


@given(st.dictionaries(FIELDS, JSON))
def test_any_tag_becomes_a_small_clean_one(raw: dict[str, t.Any]) -> None:
    tag = clean_tag(raw)
    encoded = msgspec.json.encode(tag)
    assert msgspec.json.decode(encoded, type=UserTag) == tag
    assert len(encoded) < 150_000
    assert clean_tag(msgspec.json.decode(encoded)) == tag


def test_a_queued_customer_is_tagged_by_what_it_says() -> None:
    props = QueueProps(first_name="Jane", last_name="Roe", email="jane@example.com")
    assert queue_tag("u1", props) == UserTag(
        id="u1", email="jane@example.com", firstname="Jane", lastname="Roe"
    )


def test_a_page_is_cut_off_its_query_string() -> None:
    page = clean_page(Page(title=" Pay\n", path="/pay?card=4111#top"))
    assert page == Page(title="Pay", path="/pay")


# --- where a visitor is


def a_visitor(**fields: t.Any) -> Visitor:
    values: dict[str, t.Any] = {"id": "v", "since": 1.0, "last_seen": 1.0}
    return Visitor(**values | fields)


def test_a_visitor_is_where_its_visible_tab_is() -> None:
    hidden = Tab(Page(path="/later"), False, 20.0)
    shown = Tab(Page(path="/shown"), True, 10.0)
    visitor = a_visitor(tabs={1: shown, 2: hidden})
    visitor.look(30.0)
    assert visitor.location == Page(path="/shown")
    assert visitor.visible
    assert visitor.last_seen == 30.0


def test_of_two_hidden_tabs_the_latest_counts() -> None:
    first, second = (Tab(Page(path=f"/{n}"), False, n) for n in (1.0, 2.0))
    visitor = a_visitor(tabs={1: first, 2: second})
    visitor.look(3.0)
    assert visitor.location == Page(path="/2.0")
    assert not visitor.visible


def test_without_a_tab_a_visitor_stays_where_it_was() -> None:
    visitor = a_visitor(location=Page(path="/last"), visible=True)
    visitor.look(9.0)
    assert visitor.location == Page(path="/last")


def test_an_active_user_has_every_documented_key_and_no_token() -> None:
    visitor = a_visitor(tag=UserTag(id="7"), waiting_since=1_700_000_000.5)
    assert msgspec.to_builtins(active_user(visitor)) == {
        "id": "7",
        "email": "",
        "firstname": "",
        "lastname": "",
        "gender": "",
        "labels": (),
        "assignedUser": "",
        "additionalTaggingData": {},
        "visitorId": "v",
        "verified": False,
        "location": None,
        "since": "1970-01-01T00:00:01.000Z",
        "lastSeen": "1970-01-01T00:00:01.000Z",
        "visible": False,
        "inCall": None,
        "waitingSince": "2023-11-14T22:13:20.500Z",
    }


def test_verified_counts_more_than_visible_and_that_more_than_latest() -> None:
    best = a_visitor(verified=True)
    good = a_visitor(visible=True)
    late = a_visitor(last_seen=99.0)
    assert sorted([best, late, good], key=rank) == [late, good, best]


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (UserTag(firstname="John", lastname="Doe", email="e"), "John Doe"),
        (UserTag(lastname="Doe"), "Doe"),
        (UserTag(email="e", id="7"), "e"),
        (UserTag(id="7"), "7"),
    ],
)
def test_a_user_has_the_best_name_there_is(tag: UserTag, name: str) -> None:
    assert tag.name == name
