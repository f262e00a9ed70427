"""Whom the hub believes about a tag."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.service import protocol as p

from ..harness import IDENTITY_KEY
from ..harness import JOHN
from ..harness import World
from ..harness import john


def vouched(world: World, tag: dict[str, t.Any], **changes: t.Any) -> str:
    values: dict[str, t.Any] = {"key": IDENTITY_KEY, "now": world.now, "max_age": 60}
    return tokens.sign_identity(tag, **values | changes)


@pytest.fixture
def strict() -> World:
    return World(identity_keys=(IDENTITY_KEY,), require_identity=True)


@pytest.fixture
def lenient() -> World:
    return World(identity_keys=(IDENTITY_KEY,))


def test_a_vouched_tag_is_verified(strict: World) -> None:
    strict.tab({"externalToken": vouched(strict, JOHN)})
    assert john(strict).verified


def test_every_field_comes_from_the_identity_token(strict: World) -> None:
    claimed = {
        "email": "boss@example.com",
        "labels": ["admin"],
        "additionalTaggingData": {"role": "boss"},
        "externalToken": vouched(strict, JOHN),
    }
    strict.tab(claimed)
    (user,) = strict.users()
    assert (user.email, user.labels) == ("john@example.com", ())
    assert user.additional_tagging_data == {}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda w: None, "token-missing"),
        (lambda w: 7, "token-missing"),
        (lambda w: "x.y.z", "token-invalid"),
        (lambda w: vouched(w, JOHN, key="another"), "token-invalid"),
        (lambda w: vouched(w, JOHN, now=w.now - 999), "token-expired"),
        (lambda w: vouched(w, JOHN, now=w.now + 999), "token-invalid"),
        (lambda w: w.user_token(), "token-invalid"),
    ],
    ids=["none", "number", "garbage", "forged", "expired", "future", "user token"],
)
def test_an_unproven_tag_creates_nothing_where_proof_is_required(
    strict: World, make: t.Callable[[World], t.Any], code: str
) -> None:
    tab = strict.tab({**JOHN, "externalToken": make(strict)})
    assert tab.last(p.Refused).code == code
    assert strict.users() == []


def test_where_identity_is_required_only_the_token_is_decoded(strict: World) -> None:
    tab = strict.tab()
    token = vouched(strict, JOHN)
    digits = "9" * 5000  # a number that no reader takes
    frame = f'{{"type":"tag","tag":{{"id":{digits},"externalToken":"{token}"}}}}'
    strict.run(strict.core.clients.receive(tab.address, p.decode(frame)))
    assert john(strict).verified
    assert tab.closed is None


def test_a_tag_that_no_reader_takes_closes_its_connection(world: World) -> None:
    tab = world.tab()
    frame = '{"type":"tag","tag":{"id":' + "9" * 5000 + "}}"
    world.run(world.core.clients.receive(tab.address, p.decode(frame)))
    assert tab.closed is p.Close.BAD_MESSAGE


def test_a_refused_tag_does_not_change_a_verified_one(strict: World) -> None:
    tab = strict.tab({"externalToken": vouched(strict, JOHN)})
    tab.say(p.Tag({"email": "boss@example.com"}))
    (user,) = strict.users()
    assert (user.email, user.verified) == ("john@example.com", True)


@pytest.mark.parametrize("token", [None, "x.y.z"])
def test_an_unproven_tag_is_marked_where_proof_is_not_required(
    lenient: World, token: object
) -> None:
    lenient.tab({**JOHN, "externalToken": token})
    assert not john(lenient).verified


def test_a_page_cannot_call_itself_verified(world: World) -> None:
    world.tab({**JOHN, "verified": True, "visitorId": "x"})
    (user,) = world.users()
    assert not user.verified
    assert user.visitor_id != "x"


def test_an_unproven_tag_over_a_verified_one_is_marked(lenient: World) -> None:
    tab = lenient.tab({"externalToken": vouched(lenient, JOHN)})
    tab.say(p.Tag(JOHN))
    assert not john(lenient).verified


@pytest.mark.parametrize("message", [p.ConferenceJoin(1, "u"), p.ConferenceStart(1)])
def test_nobody_asks_for_help_unproven_where_proof_is_required(
    strict: World, message: p.ClientMessage
) -> None:
    tab = strict.tab()
    tab.say(message)
    assert tab.last(p.Refused).code == "token-missing"
    assert strict.users() == []


def test_a_queued_customer_cannot_change_what_was_vouched_for(strict: World) -> None:
    tab = strict.tab({"externalToken": vouched(strict, JOHN)})
    tab.say(p.ConferenceJoin(1, "u", p.QueueProps(email="boss@example.com")))
    assert tab.got(p.Joined)
    (user,) = strict.users()
    assert (user.email, user.verified) == ("john@example.com", True)
