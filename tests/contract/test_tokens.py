"""Tokens: what is accepted, and above all what is not."""

from __future__ import annotations

import base64
import json
import math
import typing as t

import jwt
import msgspec
import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.tag import FIELDS
from flask_chatvisor.contract.tag import MAX_TEXT
from flask_chatvisor.contract.tag import clean_tag
from flask_chatvisor.contract.tokens import TokenError

NOW = 1_800_000_000.0
API = "api-token-of-the-tests-32-bytes!!"
KEY = "identity-key-of-the-tests-32-bytes!"


def user_token(api_token: str = API, **changes: t.Any) -> str:
    values: dict[str, t.Any] = {
        "email": "mary@example.com",
        "name": "Mary",
        "scope": ["list"],
        "now": NOW,
        "ttl": 60,
    }
    return tokens.sign_user(api_token, **(values | changes))


def test_a_user_token_says_who_and_what_for() -> None:
    token = user_token(scope=["call"], visitor_id="v1")
    grant = tokens.verify_user(token, [API], now=NOW)
    assert (grant.email, grant.name) == ("mary@example.com", "Mary")
    assert (grant.scope, grant.visitor_id) == (frozenset({"call"}), "v1")
    assert grant.expires_at == NOW + 60


def test_each_user_token_has_an_id_of_its_own() -> None:
    ids = {tokens.verify_user(user_token(), [API], now=NOW).jti for _ in range(3)}
    assert len(ids) == 3


def test_any_key_of_the_list_verifies() -> None:
    grant = tokens.verify_user(user_token("old"), ["new", "old"], now=NOW)
    assert grant.email == "mary@example.com"


def test_an_unknown_scope_is_left_out() -> None:
    token = user_token(scope=["list", "everything"])
    assert tokens.verify_user(token, [API], now=NOW).scope == frozenset({"list"})


def refused(token: str, now: float = NOW) -> str:
    with pytest.raises(TokenError) as caught:
        tokens.verify_user(token, [API], now=now)
    return caught.value.code


def test_a_user_token_ends_on_time() -> None:
    token = user_token(ttl=60)
    assert tokens.verify_user(token, [API], now=NOW + 60).expires_at == NOW + 60
    assert refused(token, now=NOW + 60.5) == "token-expired"


def test_an_expired_identity_token_is_refused_but_clocks_may_differ() -> None:
    token = tokens.sign_identity({"id": "1"}, KEY, now=NOW, max_age=60)
    just_in = NOW + 60 + tokens.LEEWAY
    assert tokens.verify_identity(token, [KEY], now=just_in).expires_at == NOW + 60
    with pytest.raises(TokenError) as caught:
        tokens.verify_identity(token, [KEY], now=just_in + 1)
    assert caught.value.code == "token-expired"


def test_a_user_token_from_the_future_is_refused() -> None:
    assert refused(user_token(now=NOW + 3600)) == "token-invalid"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "é",
        user_token("another tenant's"),
        user_token() + "x",
        tokens.sign_identity({"id": "1"}, API, now=NOW, max_age=60),
        # Signed by the right key for users, but meant for another audience.
        jwt.encode(
            {
                "aud": tokens.IDENTITY_AUDIENCE,
                "sub": "a",
                "iat": NOW,
                "exp": NOW + 9,
                "jti": "j",
            },
            tokens.derive(API, "user"),
        ),
        jwt.encode({"aud": tokens.USER_AUDIENCE}, tokens.derive(API, "user")),
    ],
)
def test_forged_and_foreign_user_tokens_are_refused(token: str) -> None:
    assert refused(token) == "token-invalid"


def test_an_unsigned_token_is_refused() -> None:
    _, payload, _ = user_token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode()
    assert refused(f"{head.rstrip('=')}.{payload}.") == "token-invalid"


def foreign_token(**claims: t.Any) -> str:
    """A token that other software signed with the right key."""
    values = {"aud": tokens.IDENTITY_AUDIENCE, "sub": "1", "jti": "j", "tag": {}}
    values |= {"iat": NOW, "exp": NOW + 60} | claims
    return jwt.encode(values, KEY + "-of-32-characters")


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
@pytest.mark.parametrize(
    "time",
    [math.nan, math.inf, -math.inf, 1e308, -1, "1800000000", None, True, [], 10**300],
    ids=repr,
)
def test_a_time_that_is_none_is_refused_even_if_well_signed(
    claim: str, time: object
) -> None:
    token = foreign_token(**{claim: time})
    with pytest.raises(TokenError) as caught:
        tokens.verify_identity(token, [KEY + "-of-32-characters"], now=NOW)
    assert caught.value.code == "token-invalid"


def test_a_token_is_not_good_before_its_time() -> None:
    keys = [KEY + "-of-32-characters"]
    with pytest.raises(TokenError) as caught:
        tokens.verify_identity(foreign_token(nbf=NOW + 31), keys, now=NOW)
    assert caught.value.code == "token-invalid"
    good = foreign_token(nbf=NOW + 30)
    assert tokens.verify_identity(good, keys, now=NOW).subject == "1"


def encoded(part: str) -> str:
    return base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "head",
    ["[" * 11_000, '{"a":' * 2_000, '{"alg":' + "9" * 5000 + "}", "[1e999]", "\x00"],
    ids=["lists", "objects", "digits", "infinite", "control"],
)
def test_whatever_is_in_a_tokens_head_it_is_refused(head: str) -> None:
    assert refused(f"{encoded(head)}.e30.AAAA") == "token-invalid"
    signed = jwt.encode({"x": 1}, tokens.derive(API, "user")).split(".")
    assert refused(f"{signed[0]}.{encoded(head)}.{signed[2]}") == "token-invalid"


def test_a_head_too_deep_for_the_reader_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decode(*_: object, **__: object) -> t.NoReturn:
        raise RecursionError("as PyJWT 2.10 to 2.13")

    monkeypatch.setattr(jwt, "decode", decode)
    assert refused(user_token()) == "token-invalid"


def test_a_token_that_is_too_long_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jwt, "decode", None)
    assert refused("x" * (tokens.MAX_TOKEN + 1)) == "token-invalid"


def test_the_fullest_tag_fits_into_a_token() -> None:
    full: dict[str, t.Any] = {name: "\U0001f600" * MAX_TEXT for name in FIELDS}
    full |= {"labels": [f"{n}" * 99 for n in range(99)]}
    data = json.loads(msgspec.json.encode(clean_tag(full)))
    token = tokens.sign_identity(data, KEY, now=NOW, max_age=60)
    assert tokens.verify_identity(token, [KEY], now=NOW).tag == data


def test_an_identity_token_vouches_for_the_whole_tag() -> None:
    tag = {"id": "1", "email": "john@example.com", "labels": ["gold"]}
    token = tokens.sign_identity(tag, KEY, now=NOW, max_age=60)
    identity = tokens.verify_identity(token, [KEY], now=NOW)
    assert (identity.subject, identity.tag) == ("1", tag)


def test_a_user_token_is_no_identity_token() -> None:
    with pytest.raises(TokenError):
        tokens.verify_identity(user_token(KEY), [KEY], now=NOW)


def test_a_signed_event_is_accepted_for_five_minutes() -> None:
    header = tokens.sign_event(b"{}", API, now=NOW)
    tokens.verify_event(b"{}", header, ["other", API], now=NOW + 299)
    with pytest.raises(TokenError) as caught:
        tokens.verify_event(b"{}", header, [API], now=NOW + 301)
    assert caught.value.code == "token-expired"


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=1", "v1=aa", "t=²,v1=a", "x"])
def test_a_malformed_event_signature_is_refused(header: str) -> None:
    with pytest.raises(TokenError):
        tokens.verify_event(b"{}", header, [API], now=NOW)


def test_an_event_with_another_body_is_refused() -> None:
    header = tokens.sign_event(b'{"a": 1}', API, now=NOW)
    with pytest.raises(TokenError):
        tokens.verify_event(b'{"a": 2}', header, [API], now=NOW)


def test_the_cookie_hash_depends_on_user_and_key_and_shows_neither() -> None:
    one = tokens.tagged_hash("john", "secret")
    assert one == tokens.tagged_hash("john", "secret")
    assert len({one, tokens.tagged_hash("jane", "secret")}) == 2
    assert len({one, tokens.tagged_hash("john", "other")}) == 2
    assert "john" not in one


@pytest.mark.parametrize("email", ["mary@example.com", "märy@example.com", ""])
def test_the_agents_cookie_is_good_for_a_day(email: str) -> None:
    cookie = tokens.sign_agent(email, "secret", now=NOW)
    assert cookie.isascii()
    day = tokens.AGENT_MAX_AGE
    assert tokens.verify_agent(cookie, "secret", now=NOW + day) == email
    assert tokens.verify_agent(cookie, "secret", now=NOW + day + 1) is None
    assert tokens.verify_agent(cookie, "other", now=NOW) is None


def test_nothing_of_the_agents_cookie_can_be_changed() -> None:
    cookie = tokens.sign_agent("mary@example.com", "secret", now=NOW)
    issued, text, digest = cookie.split(".")
    later = f"{int(issued) + 9}.{text}.{digest}"
    for forged in ("", ".", "..", cookie[:-1], later, f"{issued}.x.{digest}", "é.é.é"):
        assert tokens.verify_agent(forged, "secret", now=NOW) is None


def test_secrets_have_128_bits_and_no_character_that_needs_escaping() -> None:
    secret = tokens.new_secret()
    assert len(base64.urlsafe_b64decode(secret + "==")) == 16
    assert secret != tokens.new_secret()
