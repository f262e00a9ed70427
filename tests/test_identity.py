"""Any user becomes a tag that fits, and the log lists the changes."""

from __future__ import annotations

import datetime as dt
import enum
import json
import logging
import typing as t
import uuid
from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_chatvisor.contract.tag import FIELDS
from flask_chatvisor.contract.tag import MAX_BYTES
from flask_chatvisor.contract.tag import MAX_LABELS
from flask_chatvisor.contract.tag import MAX_TEXT
from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.contract.tag import clean_tag
from flask_chatvisor.identity import Agent
from flask_chatvisor.identity import Visitor
from flask_chatvisor.identity import default_visitor


class Plan(enum.Enum):
    GOLD = "gold"


#: What a loader may give by mistake: fields of any type.
anything: st.SearchStrategy[t.Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=400)
    | st.binary(max_size=5)
    | st.builds(object),
    lambda inner: (
        st.lists(inner, max_size=40)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=40)
    ),
    max_leaves=60,
)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_tag_has_the_vendors_names_and_nothing_that_is_empty() -> None:
    visitor = Visitor(
        id="1",
        email="john@example.com",
        firstname="John",
        lastname="",
        gender="male",
        labels=["gold"],
        assigned_user="mary@example.com",
        additional_tagging_data={"contract": 4711},
    )
    assert visitor.tag() == {
        "id": "1",
        "email": "john@example.com",
        "firstname": "John",
        "gender": "male",
        "labels": ["gold"],
        "assignedUser": "mary@example.com",
        "additionalTaggingData": {"contract": 4711},
    }


def test_what_is_as_good_as_text_becomes_text(caplog: pytest.LogCaptureFixture) -> None:
    user_id = uuid.UUID(int=7)
    tag = Visitor(
        id=t.cast(str, user_id),
        firstname=t.cast(str, 4711),
        lastname=t.cast(str, dt.date(2026, 11, 22)),
        labels=t.cast("list[str]", [Plan.GOLD, Decimal("1.5")]),
    ).tag()
    assert tag == {
        "id": str(user_id),
        "firstname": "4711",
        "lastname": "2026-11-22",
        "labels": ["gold", "1.5"],
    }
    assert warnings(caplog) == []


def test_what_is_no_text_is_left_out_with_one_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tag = Visitor(
        id="1",
        email=t.cast(str, ["john@example.com"]),
        firstname=t.cast(str, b"John"),
        labels=t.cast("list[str]", [object(), "gold", None]),
    ).tag()
    assert tag == {"id": "1", "labels": ["gold"]}
    (line,) = warnings(caplog)
    assert line.startswith("Tag of '1': ")
    for part in ("email left out", "firstname left out", "a label left out"):
        assert part in line


def test_a_long_field_is_cut_with_one_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tag = Visitor(id="1", firstname="x" * 100_000).tag()
    assert tag["firstname"] == "x" * MAX_TEXT
    done = f"firstname cut to {MAX_TEXT} characters"
    assert warnings(caplog) == [f"Tag of '1': '{done}'."]
    assert caplog.records[0].levelno == logging.WARNING


def test_the_log_has_no_content_of_a_field(caplog: pytest.LogCaptureFixture) -> None:
    Visitor(id="1", firstname="Secret" * 100, gender="Secret").tag()
    assert "Secret" not in caplog.text


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("gold", ["gold"]),
        (("a", "b"), ["a", "b"]),
        ((label for label in "ab"), ["a", "b"]),
        ({"a": 1}, None),
        (b"gold", None),
        (5, None),
        (None, None),
        ([""], None),
        (["x" * 300], ["x" * MAX_TEXT]),
        ([str(n) for n in range(100)], [str(n) for n in range(MAX_LABELS)]),
    ],
)
def test_labels_are_a_list_of_texts(labels: t.Any, expected: list[str] | None) -> None:
    assert Visitor(id="1", labels=labels).tag().get("labels") == expected


@pytest.mark.parametrize("field", FIELDS)
def test_additional_data_does_not_repeat_a_field(field: str) -> None:
    visitor = Visitor(id="1", additional_tagging_data={field: "forged", "own": "kept"})
    assert visitor.tag() == {"id": "1", "additionalTaggingData": {"own": "kept"}}


def test_additional_data_keeps_what_json_can_say() -> None:
    data = {"null": None, "yes": True, "number": 1.5, "text": "x", 7: "key"}
    visitor = Visitor(additional_tagging_data=t.cast("dict[str, t.Any]", data))
    assert visitor.tag()["additionalTaggingData"] == {
        "null": None,
        "yes": True,
        "number": 1.5,
        "text": "x",
        "7": "key",
    }


def test_additional_numbers_survive_a_browser() -> None:
    data = {"big": 2**60, "nan": float("nan"), "endless": float("inf")}
    tag = Visitor(additional_tagging_data=data).tag()
    assert tag["additionalTaggingData"] == {
        "big": "1152921504606846976",
        "nan": "nan",
        "endless": "inf",
    }


def test_additional_data_that_is_no_plain_value_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = {"bytes": b"1", "kept": 1}
    assert Visitor(id="1", additional_tagging_data=data).tag() == {
        "id": "1",
        "additionalTaggingData": {"kept": 1},
    }
    assert "additional bytes left out, a bytes" in caplog.text


@pytest.mark.parametrize(
    ("gender", "expected"),
    [("female", "female"), ("Male", "male"), ("m", None), ("", None), (1, None)],
)
def test_gender_is_one_that_the_vendor_knows(gender: t.Any, expected: t.Any) -> None:
    assert Visitor(id="1", gender=gender).tag().get("gender") == expected


def test_a_token_of_ones_own_is_kept_whole_or_not_at_all() -> None:
    assert Visitor(external_token="a.b.c").tag() == {"externalToken": "a.b.c"}
    assert Visitor(external_token="x" * MAX_BYTES).tag() == {}


def test_a_token_is_in_no_repr() -> None:
    assert "secret" not in repr(Visitor(external_token="secret"))


def test_additional_data_may_be_nested() -> None:
    data = {"plan": {"seats": (1, Decimal("2.5"))}, "cities": ["Bern"]}
    assert Visitor(additional_tagging_data=data).tag()["additionalTaggingData"] == {
        "plan": {"seats": [1, "2.5"]},
        "cities": ["Bern"],
    }


# A busy machine draws slowly.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {
            name: anything
            for name in (
                "id",
                "email",
                "firstname",
                "lastname",
                "gender",
                "labels",
                "assigned_user",
                "additional_tagging_data",
                "external_token",
            )
        }
    )
)
def test_whatever_a_loader_gives_becomes_a_small_tag_of_texts(
    fields: dict[str, t.Any],
) -> None:
    tag = Visitor(**fields).tag()
    assert set(tag) <= set(FIELDS)
    text = json.dumps(tag, allow_nan=False, ensure_ascii=False)
    assert len(text.encode()) <= 3 * MAX_BYTES
    assert json.loads(text) == tag
    # The service keeps all of it as it is, but for null, which deletes.
    kept = {key: one for key, one in tag.items() if key != "externalToken"}
    data = kept.pop("additionalTaggingData", {})
    kept["additionalTaggingData"] = {k: v for k, v in data.items() if v is not None}
    assert clean_tag(tag) == msgspec.convert(kept, Tag)
    for name in {*tag} - {"labels", "additionalTaggingData"}:
        assert isinstance(tag[name], str)
    assert all(type(label) is str for label in tag.get("labels", []))


@given(st.text(min_size=1, max_size=400), st.integers(1, 60))
def test_additional_data_and_labels_give_way_to_the_size(text: str, count: int) -> None:
    tag = Visitor(
        id="1",
        labels=[text] * count,
        additional_tagging_data={f"{n}{text}": text for n in range(count)},
    ).tag()
    assert tag["id"] == "1"
    assert len(json.dumps(tag)) <= MAX_BYTES


# --- users without a loader -------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {"id": 1, "email": "j@example.com", "first_name": "J", "last_name": "D"},
            {"id": "1", "email": "j@example.com", "firstname": "J", "lastname": "D"},
        ),
        ({"user_id": "u1"}, {"id": "u1"}),
        ({"email_address": "j@example.com"}, {"email": "j@example.com"}),
        (
            {"id": 1, "name": "John Ronald Doe"},
            {"id": "1", "firstname": "John Ronald", "lastname": "Doe"},
        ),
        ({"id": 1, "name": "John"}, {"id": "1", "firstname": "John"}),
        (
            {"id": 1, "surname": "Doe", "name": "Not used"},
            {"id": "1", "lastname": "Doe"},
        ),
    ],
)
def test_common_attribute_names_describe_a_user(
    attributes: dict[str, t.Any], expected: dict[str, str]
) -> None:
    visitor = default_visitor(SimpleNamespace(**attributes))
    assert visitor is not None
    assert visitor.tag() == expected


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"id": None, "email": " "},
        {"id": True},
        {"id": lambda: "1", "email": ["j@example.com"]},
        {"get_id": lambda: "secret-of-the-session"},
        {"name": "John"},
    ],
)
def test_a_user_without_id_and_email_is_not_a_visitor(
    attributes: dict[str, t.Any],
) -> None:
    assert default_visitor(SimpleNamespace(**attributes)) is None


def test_get_id_is_never_asked() -> None:
    class User:
        id = 1

        def get_id(self) -> str:
            raise AssertionError("get_id may be a secret")

    visitor = default_visitor(User())
    assert visitor is not None
    assert visitor.id == "1"


def test_an_agent_without_a_name_is_called_by_the_email() -> None:
    assert Agent("mary@example.com").name == "mary@example.com"
    assert Agent(email="mary@example.com", name="Mary").name == "Mary"
