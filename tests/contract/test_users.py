"""Records read from JSON: strict about types, tolerant about keys."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.contract.users import UserPage
from flask_chatvisor.contract.users import UserToken
from flask_chatvisor.contract.users import convert
from flask_chatvisor.contract.users import decode
from tests.doubles.cpu import seconds_of

JOHN: dict[str, t.Any] = {
    "visitorId": "v-1",
    "id": "1",
    "email": "john@example.com",
    "firstname": "John",
    "lastname": "Doe",
    "gender": "male",
    "labels": ["gold"],
    "assignedUser": "mary@example.com",
    "additionalTaggingData": {"plan": {"seats": 3}},
    "verified": True,
    "location": {"title": "Invoices", "path": "/invoices"},
    "since": "2026-11-22T21:45:04.123Z",
    "lastSeen": "2026-11-22T21:46:04.000Z",
    "visible": False,
    "inCall": {
        "agent": {"name": "Mary", "email": "mary@example.com"},
        "since": "2026-11-22T21:45:30.000Z",
    },
    "waitingSince": "2026-11-22T21:45:10.000Z",
}


def test_a_full_user_is_read() -> None:
    user = ActiveUser.from_json(JOHN)
    since = dt.datetime(2026, 11, 22, 21, 45, 4, 123000, dt.UTC)
    assert user.since == since
    assert user.location == Page("Invoices", "/invoices")
    assert user.in_call is not None
    assert user.in_call.agent == AgentRef("Mary", "mary@example.com")
    assert user.labels == ("gold",)
    assert user.name == "John Doe"


def test_a_full_user_is_written_as_it_was_read() -> None:
    assert ActiveUser.from_json(JOHN).to_json() == JOHN


def test_what_is_empty_is_not_there() -> None:
    user = ActiveUser.from_json({"visitorId": "v-1", "id": "", "assignedUser": ""})
    assert user == ActiveUser(visitor_id="v-1")
    assert user.assigned_user is None


def test_tabs_and_pages_are_read_and_belong_to_one_users_profile_only() -> None:
    at = "2026-11-22T21:45:04.123Z"
    tabs = [{"title": "Home", "path": "/", "visible": True, "since": at}]
    pages = [{"title": "Bill", "path": "/bill", "at": at}]
    user = ActiveUser.from_json({**JOHN, "tabs": tabs, "pages": pages})
    assert user.tabs[0].path == "/"
    assert user.profile() == {**JOHN, "tabs": tabs, "pages": pages}
    assert user.to_json() == JOHN


def test_a_user_needs_no_more_than_a_visitor_id() -> None:
    user = ActiveUser.from_json({"visitorId": "v-1"})
    assert user == ActiveUser(visitor_id="v-1")
    assert user.name == ""
    assert not user.verified


def test_unknown_keys_and_the_external_token_are_left_out() -> None:
    user = ActiveUser.from_json({**JOHN, "externalToken": "secret", "rank": 7})
    assert user.to_json() == JOHN


@pytest.mark.parametrize("visitor_id", [None, ""])
def test_a_user_without_a_visitor_id_is_no_active_user(visitor_id: str | None) -> None:
    with pytest.raises(msgspec.ValidationError, match="visitorId"):
        ActiveUser.from_json({**JOHN, "visitorId": visitor_id})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("visitorId", 7),
        ("email", 7),
        ("id", True),
        ("id", 1.5),
        ("firstname", ["John"]),
        ("labels", "gold"),
        ("labels", [1]),
        ("labels", [None]),
        ("additionalTaggingData", []),
        ("verified", 1),
        ("verified", "true"),
        ("visible", "no"),
        ("since", 1763847904),
        ("since", "yesterday"),
        ("since", "2026-11-22T21:45:04"),
        ("location", "/invoices"),
        ("location", {"title": 7}),
        ("inCall", True),
        ("inCall", {"agent": "Mary"}),
    ],
)
def test_a_wrong_type_is_refused_and_named(key: str, value: t.Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"at `\$\.{key}"):
        ActiveUser.from_json({**JOHN, key: value})


def test_a_refused_value_is_not_repeated() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        ActiveUser.from_json({**JOHN, "labels": ["gold", {"iban": "AT61 1904"}]})
    assert "1904" not in str(caught.value)


def test_a_numeric_id_becomes_text() -> None:
    assert ActiveUser.from_json({**JOHN, "id": 12}).id == "12"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"firstname": "John", "lastname": "Doe", "email": "j@x"}, "John Doe"),
        ({"lastname": "Doe", "email": "j@x"}, "Doe"),
        ({"email": "j@x", "id": "1"}, "j@x"),
        ({"id": "1"}, "1"),
        ({}, ""),
    ],
)
def test_a_user_has_the_best_name_there_is(fields: dict[str, str], name: str) -> None:
    assert ActiveUser(visitor_id="v-1", **fields).name == name  # type: ignore[arg-type]


def test_a_call_that_is_not_live_has_no_since() -> None:
    in_call = {"agent": {"name": "Mary", "email": ""}, "since": None}
    user = ActiveUser.from_json({**JOHN, "inCall": in_call})
    assert user.in_call == InCall(AgentRef("Mary"))
    assert user.to_json()["inCall"] == in_call


def test_a_page_is_read() -> None:
    page = convert({"page": 2, "total": 51, "results": [JOHN]}, UserPage)
    assert (page.page, page.total) == (2, 51)
    assert page.results[0].email == "john@example.com"


def test_a_page_without_numbers_is_the_whole_list() -> None:
    page = convert({"results": [JOHN]}, UserPage)
    assert (page.page, page.total) == (1, 1)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "results",
        {},
        {"results": None},
        {"results": {}},
        {"results": [None]},
        {"results": [], "total": "many"},
        {"results": [], "total": True},
        {"results": [], "total": -1},
    ],
)
def test_what_is_no_page_is_refused(data: t.Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        convert(data, UserPage)


def test_a_token_is_read_and_never_shown() -> None:
    data = {"token": "very-secret", "expiresAt": "2026-11-22T21:45:04.123Z"}
    token = convert(data, UserToken)
    assert token.token == "very-secret"
    assert "very-secret" not in repr(token)


@pytest.mark.parametrize("data", [{}, {"token": ""}, {"token": 7}, []])
def test_what_is_no_token_is_refused(data: t.Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        convert(data, UserToken)


texts = st.none() | st.text(min_size=1)
moments = st.none() | st.datetimes(
    min_value=dt.datetime(1970, 1, 1),
    max_value=dt.datetime(2100, 1, 1),
    timezones=st.integers(-12, 14).map(lambda h: dt.timezone(dt.timedelta(hours=h))),
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
users = st.builds(
    ActiveUser,
    visitor_id=st.text(min_size=1),
    id=texts,
    email=texts,
    firstname=texts,
    lastname=texts,
    gender=texts,
    labels=st.lists(st.text()).map(tuple),
    assigned_user=texts,
    additional_tagging_data=st.dictionaries(st.text(), st.integers()),
    location=st.none() | st.builds(Page, title=st.text(), path=st.text()),
    since=moments,
    last_seen=moments,
    in_call=st.none()
    | st.builds(
        InCall,
        agent=st.builds(AgentRef, name=st.text(), email=st.text()),
        since=moments,
    ),
    waiting_since=moments,
)


@given(users)
def test_whatever_is_written_is_read_back_the_same(user: ActiveUser) -> None:
    assert ActiveUser.from_json(user.to_json()) == user


def test_numbers_of_hostile_users_cost_no_more_than_others() -> None:
    data = {"x": [1e-308] * 64, "y": [1e-308] * 64}
    row = {"visitorId": "v-1", "additionalTaggingData": data}
    body = json.dumps({"results": [row] * 100}).encode()
    mine = seconds_of(lambda: decode(body, UserPage))
    assert mine < 5 * seconds_of(lambda: json.loads(body))


def test_a_number_beyond_all_bounds_is_no_json() -> None:
    body = b'{"visitorId":"v","additionalTaggingData":{"x":1e999}}'
    with pytest.raises(msgspec.DecodeError):
        decode(body, ActiveUser)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(list(JOHN)), json_values))
def test_any_json_is_read_or_refused(changes: dict[str, t.Any]) -> None:
    try:
        user = ActiveUser.from_json({**JOHN, **changes})
    except msgspec.ValidationError:
        return
    assert ActiveUser.from_json(user.to_json()) == user
