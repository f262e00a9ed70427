"""Who may do what: secrets, tokens, identity and proofs."""

from __future__ import annotations

import hashlib
import typing as t

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.service.access.credentials import Access
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.access.credentials import Vouched
from flask_chatvisor.service.access.credentials import agent_ref
from flask_chatvisor.service.access.sessions import Session
from flask_chatvisor.service.settings import Settings

NOW = 1_700_000_000.0


def access(*api_tokens: str, **settings: t.Any) -> Access:
    return Access(Settings(api_tokens=api_tokens or ("a",), **settings))


def user_token(key: str = "a", **claims: t.Any) -> str:
    values: dict[str, t.Any] = {"email": "mary@example.com", "name": "Mary"}
    values |= {"scope": ["list"], "now": NOW, "ttl": 60} | claims
    return tokens.sign_user(key, **values)


# --- derived secrets


def test_a_call_secret_tells_the_role() -> None:
    one = access()
    mary = "mary@example.com"
    visitor = one.call_secret("c1", "visitor", mary)
    agent = one.call_secret("c1", "agent", mary)
    assert one.role_in_call("c1", visitor, mary) == "visitor"
    assert one.role_in_call("c1", agent, mary) == "agent"
    assert one.role_in_call("c2", agent, mary) is None
    assert one.role_in_call("c1", "", mary) is None


def test_a_call_secret_of_another_agent_is_worth_nothing() -> None:
    one = access()
    secret = one.call_secret("c1", "agent", "mary@example.com")
    assert one.role_in_call("c1", secret, "adam@example.com") is None
    assert one.role_in_call("c1", secret, None) is None


def test_a_visitors_call_secret_does_not_depend_on_the_agent() -> None:
    one = access()
    secret = one.call_secret("c1", "visitor", None)
    assert one.role_in_call("c1", secret, "mary@example.com") == "visitor"


def test_no_secret_is_good_for_something_else() -> None:
    one = access()
    session = Session("x", int(NOW))
    secrets = {
        one.sessions.secret(session).rpartition(".")[2],
        one.call_secret("x", "visitor", None),
        one.call_secret("x", "agent", ""),
        one.health_proof("x"),
    }
    assert len(secrets) == 4


def test_a_ticket_is_remembered_by_its_hash() -> None:
    key = Access.ticket_key("ticket")
    assert "ticket" not in key
    assert key == hashlib.sha256(b"ticket").hexdigest()


def test_new_ids_are_not_guessed() -> None:
    one = access()
    made = {one.new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert min(map(len, made)) == 22


# --- callers of the REST API


def test_the_api_token_is_the_tenant() -> None:
    assert access().caller("Bearer a", NOW).grant is None
    assert access().caller("bearer  a ", NOW).grant is None


def test_every_api_token_of_a_rotation_is_good() -> None:
    one = access("new", "old")
    for token in ("new", "old"):
        assert one.caller(f"Bearer {token}", NOW).grant is None


def test_a_user_token_is_an_agent() -> None:
    grant = access().caller(f"Bearer {user_token()}", NOW).grant
    assert grant is not None
    assert (grant.email, grant.name) == ("mary@example.com", "Mary")
    assert agent_ref(grant).email == "mary@example.com"


def test_an_agents_name_is_fit_to_be_shown() -> None:
    one = access()
    for name, shown in (("\u202eyraM", "yraM"), ("\u202e", "mary@example.com")):
        grant = one.grant(user_token(name=name), NOW)
        assert agent_ref(grant).name == shown


def test_a_user_token_survives_a_rotation() -> None:
    assert access("b", "a").caller(f"Bearer {user_token('a')}", NOW).grant


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token-missing"),
        ("", "token-missing"),
        ("a", "token-missing"),
        ("Bearer", "token-missing"),
        ("Basic a", "token-missing"),
        ("Bearer b", "token-invalid"),
        ("Bearer é", "token-invalid"),
        (f"Bearer {user_token('b')}", "token-invalid"),
        (f"Bearer {user_token(now=NOW - 999)}", "token-expired"),
        (f"Bearer {user_token(now=NOW + 999)}", "token-invalid"),
    ],
)
def test_a_stranger_is_refused(header: str | None, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        access().caller(header, NOW)
    assert caught.value.code == code


def test_a_scope_is_required_of_agents_only() -> None:
    access().caller("Bearer a", NOW).require("call")
    agent = access().caller(f"Bearer {user_token()}", NOW)
    agent.require("list")
    with pytest.raises(Refusal, match="call") as caught:
        agent.require("call")
    assert caught.value.code == "scope-missing"


def test_minted_tokens_are_signed_with_the_first_key() -> None:
    token = access("new", "old").mint(
        email="m@example.com",
        name="M",
        scope=["call"],
        now=NOW,
        ttl=60,
        visitor_id="v1",
    )
    assert tokens.verify_user(token, ["new"], now=NOW).visitor_id == "v1"
    with pytest.raises(tokens.TokenError):
        tokens.verify_user(token, ["old"], now=NOW)


# --- identity

TAG = {"id": "1", "email": "john@example.com"}
CLEAN = Tag(id="1", email="john@example.com")


def identity(key: str = "k" * 32, **changes: t.Any) -> str:
    values: dict[str, t.Any] = {"now": NOW, "max_age": 60}
    return tokens.sign_identity(TAG, key, **values | changes)


def test_a_good_identity_token_speaks_for_the_tag() -> None:
    one = access(identity_keys=("k" * 32,), require_identity=True)
    raw = {"email": "boss@example.com", "externalToken": identity()}
    vouched = one.vouch(raw, NOW)
    assert vouched.tag == CLEAN
    assert vouched.until == NOW + 60 + tokens.LEEWAY


def test_identity_keys_rotate() -> None:
    one = access(identity_keys=("new" * 12, "old" * 12), require_identity=True)
    for key in ("new" * 12, "old" * 12):
        assert one.vouch({"externalToken": identity(key)}, NOW).verified


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "token-missing"),
        ("", "token-missing"),
        ({}, "token-missing"),
        ("x", "token-invalid"),
        (identity("other"), "token-invalid"),
        (identity(now=NOW - 999), "token-expired"),
        (user_token("k"), "token-invalid"),
    ],
)
def test_a_bad_identity_token_is_refused_or_marked(token: object, code: str) -> None:
    raw = {**TAG, "externalToken": token}
    with pytest.raises(Refusal) as caught:
        access(identity_keys=("k" * 32,), require_identity=True).vouch(raw, NOW)
    assert caught.value.code == code
    lenient = access(identity_keys=("k" * 32,))
    if code == "token-expired":
        with pytest.raises(Refusal, match="expired"):
            lenient.vouch(raw, NOW)
    else:
        assert lenient.vouch(raw, NOW) == Vouched(CLEAN)


def test_without_a_key_nothing_is_verified() -> None:
    assert not access().vouch({"externalToken": identity()}, NOW).verified


@pytest.mark.parametrize("tag", [None, 7, "x", []])
def test_what_is_no_tag_has_no_token(tag: object) -> None:
    with pytest.raises(Refusal):
        access(identity_keys=("k" * 32,), require_identity=True).vouch(tag, NOW)
    with pytest.raises(Refusal, match="must be an object"):
        access().vouch(tag, NOW)
