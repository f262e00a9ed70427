"""Settings come from the environment; all faults are reported at once."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from flask_chatvisor.contract.urls import base_url
from flask_chatvisor.contract.urls import origin_of
from flask_chatvisor.service.settings import Settings
from flask_chatvisor.service.settings import SettingsError
from flask_chatvisor.service.settings import from_environ

PUBLIC = {
    "BIND": "0.0.0.0:5081",
    "URL": "https://help.example.com",
    "ORIGINS": "https://app.example.com",
}


TOKEN = "token-of-the-tests-with-32-letters"
KEY = "key-of-the-tests-with-32-characters"
A, B, C = "abcdefgh" * 4, "ijklmnop" * 4, "qrstuvwx" * 4


def read(**values: str) -> Settings:
    given = {"API_TOKEN": TOKEN, **values}
    return from_environ(
        {f"CHATVISOR_SERVICE_{name}": value for name, value in given.items()}
    )


def faults(**values: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(**values)
    return caught.value.faults


def test_an_api_token_is_enough() -> None:
    assert read() == Settings(api_tokens=(TOKEN,))


def test_the_defaults_are_the_documented_ones() -> None:
    settings = read()
    assert (settings.host, settings.port) == ("127.0.0.1", 5081)
    assert settings.url == "http://127.0.0.1:5081"
    assert not settings.require_identity
    assert settings.events_url is None


def test_without_an_api_token_it_is_said_how_to_make_one() -> None:
    (fault,) = faults(API_TOKEN="")
    assert "CHATVISOR_SERVICE_API_TOKEN is not set" in fault
    assert "token_urlsafe" in fault


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        from_environ(
            {
                "CHATVISOR_SERVICE_BIND": "x",
                "CHATVISOR_SERVICE_URL": "ftp://x",
                "CHATVISOR_SERVICE_REQUIRE_IDENTITY": "perhaps",
                "CHATVISOR_SERVICE_ORIGINS": "*",
                "CHATVISOR_SERVICE_EVENTS_URL": "x",
                "CHATVISOR_SERVICE_ICE_SERVERS": "http://x",
                "CHATVISOR_SERVICE_TURN_SECRET": "s",
                "CHATVISOR_SERVICE_TYPO": "1",
            }
        )
    assert len(caught.value.faults) == 9
    for fault in caught.value.faults:
        assert fault.startswith("CHATVISOR_SERVICE_")
        assert f"- {fault}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (A, (A,)),
        (f"{A},{B} {C}", (A, B, C)),
        (f'["{A}, {B}", "{C}"]', (f"{A}, {B}", C)),
    ],
)
def test_several_tokens_rotate(text: str, tokens: tuple[str, ...]) -> None:
    assert read(API_TOKEN=text).api_tokens == tokens
    assert read(IDENTITY_KEY=text).identity_keys == tokens


@pytest.mark.parametrize("text", ["[", "[1]", '{"a": 1', '[""]', '["a", null]'])
def test_a_broken_list_of_tokens_is_a_fault(text: str) -> None:
    if text.startswith("["):
        assert len(faults(API_TOKEN=text)) == 1


@pytest.mark.parametrize(
    ("text", "host", "port", "url"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80, "http://127.0.0.1:80"),
        ("localhost:1", "localhost", 1, "http://localhost:1"),
        ("[::1]:5081", "::1", 5081, "http://[::1]:5081"),
        ("127.0.0.1:0", "127.0.0.1", 0, "http://127.0.0.1:0"),
    ],
)
def test_the_url_is_made_of_the_bind(text: str, host: str, port: int, url: str) -> None:
    settings = read(BIND=text)
    assert (settings.host, settings.port, settings.url) == (host, port, url)
    assert base_url(host, port) == url


@pytest.mark.parametrize(
    "text", ["x", ":5081", "5081", "127.0.0.1:", "127.0.0.1:x", "::1:5081", "h:65536"]
)
def test_a_bad_bind_is_a_fault(text: str) -> None:
    assert any("BIND" in fault for fault in faults(BIND=text))


def test_a_public_service_needs_https_and_origins() -> None:
    url, origins = faults(BIND="0.0.0.0:5081")
    assert "CHATVISOR_SERVICE_URL" in url
    assert "https://" in url
    assert "CHATVISOR_SERVICE_ORIGINS is not set" in origins
    assert read(**PUBLIC).url == "https://help.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://help.example.com",
        "help.example.com",
        "https://",
        "https://user@help.example.com",
        "https://help.example.com/path",
        "https://help.example.com?x=1",
        "https://help.example.com#x",
        "https://help.example.com:x",
        "https://[",
    ],
)
def test_a_bad_public_url_is_a_fault(url: str) -> None:
    (fault,) = faults(**PUBLIC | {"URL": url})
    assert fault.startswith("CHATVISOR_SERVICE_URL is not usable: ")


def test_a_slash_at_the_end_of_the_url_does_not_matter() -> None:
    settings = read(**PUBLIC | {"URL": "https://help.example.com/"})
    assert settings.url == "https://help.example.com"


def test_a_service_behind_a_proxy_needs_origins_too() -> None:
    (fault,) = faults(URL="https://help.example.com")
    assert "help.example.com is not loopback" in fault


# --- origins --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost", True),
        ("http://localhost:5080", True),
        ("https://localhost:5080", True),
        ("http://127.0.0.1:1", True),
        ("http://[::1]:65535", True),
        ("HTTP://LOCALHOST:5080", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://127.0.0.2", False),
        ("http://localhost:5080.example.com", False),
        ("http://localhost:", False),
        ("http://localhost:5080/", False),
        ("http://user@localhost", False),
        ("http://localhost\n", False),
        ("ftp://localhost", False),
        ("null", False),
        ("", False),
        ("*", False),
        ("https://example.com", False),
    ],
)
def test_without_origins_loopback_is_allowed(origin: str, allowed: bool) -> None:
    assert read().allows(origin) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example.com", True),
        ("https://APP.example.com", True),
        ("https://help.example.com", True),
        ("http://app.example.com", False),
        ("https://app.example.com:444", False),
        ("https://evil.app.example.com", False),
        ("https://app.example.com.evil.com", False),
        ("http://localhost:5080", False),
        ("null", False),
    ],
)
def test_named_origins_and_its_own_are_allowed(origin: str, allowed: bool) -> None:
    assert read(**PUBLIC).allows(origin) is allowed


def test_the_allowed_origins_are_told_with_its_own() -> None:
    own, named = "https://help.example.com", "https://app.example.com"
    assert read(**PUBLIC).allowed_origins == (named, own)
    assert read().allowed_origins is None


def test_several_origins_are_named() -> None:
    text = "https://a.example.com, https://B.example.com:443/ http://localhost:5080"
    settings = read(ORIGINS=text)
    assert sorted(settings.origins or ()) == [
        "http://localhost:5080",
        "https://a.example.com",
        "https://b.example.com",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://*.example.com",
        "app.example.com",
        "https://a.example.com/x",
        "null",
    ],
)
def test_a_bad_origin_is_a_fault(text: str) -> None:
    (fault,) = faults(ORIGINS=text)
    assert fault.startswith("CHATVISOR_SERVICE_ORIGINS is not usable: ")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://h.example.com:443/x?y", "https://h.example.com"),
        ("http://h.example.com:80", "http://h.example.com"),
        ("http://h.example.com:443", "http://h.example.com:443"),
        ("https://H.example.com:8443", "https://h.example.com:8443"),
    ],
)
def test_an_origin_has_no_default_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


# --- identity, ICE, events ------------------------------------------------------


def test_a_key_means_that_identity_is_required() -> None:
    assert read(IDENTITY_KEY=KEY).require_identity
    assert not read(IDENTITY_KEY=KEY, REQUIRE_IDENTITY="false").require_identity


def test_identity_without_a_key_is_a_fault() -> None:
    (fault,) = faults(REQUIRE_IDENTITY="true")
    assert fault.startswith("CHATVISOR_SERVICE_REQUIRE_IDENTITY is true without")


def test_customers_see_the_agents_email_unless_it_is_said() -> None:
    assert read().show_agent_email
    assert not read(SHOW_AGENT_EMAIL="false").show_agent_email


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("1", True), ("YES", True), ("off", False), ("0", False)],
)
def test_truth_has_several_words(word: str, value: bool) -> None:
    settings = read(IDENTITY_KEY=KEY, REQUIRE_IDENTITY=word)
    assert settings.require_identity is value


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        (
            "stun:a.example.com, turn:b.example.com:3478?transport=udp",
            (
                {"urls": "stun:a.example.com"},
                {"urls": "turn:b.example.com:3478?transport=udp"},
            ),
        ),
        (
            '[{"urls": ["turn:a"], "username": "u", "credential": "c"}, "stun:b"]',
            (
                {"urls": ["turn:a"], "username": "u", "credential": "c"},
                {"urls": "stun:b"},
            ),
        ),
    ],
)
def test_ice_servers_are_urls_or_json(text: str, servers: t.Any) -> None:
    assert read(ICE_SERVERS=text).ice_servers == servers


@pytest.mark.parametrize(
    "text", ["http://x", "[", "[1]", "[{}]", '[{"urls": 1}]', '[{"urls": ["x"]}]']
)
def test_bad_ice_servers_are_a_fault(text: str) -> None:
    (fault,) = faults(ICE_SERVERS=text)
    assert fault.startswith("CHATVISOR_SERVICE_ICE_SERVERS is not usable: ")


def test_a_turn_secret_needs_a_turn_server() -> None:
    (fault,) = faults(TURN_SECRET=KEY, ICE_SERVERS="stun:a")
    assert "CHATVISOR_SERVICE_TURN_SECRET needs a turn: URL" in fault
    assert read(TURN_SECRET=KEY, ICE_SERVERS="turns:a").turn_secret == KEY


def test_a_relay_policy_needs_a_turn_server() -> None:
    (fault,) = faults(ICE_POLICY="relay", ICE_SERVERS="stun:a")
    assert fault.startswith("CHATVISOR_SERVICE_ICE_POLICY relay needs a turn: URL")
    assert read(ICE_POLICY="relay", ICE_SERVERS="turn:a").ice_policy == "relay"
    assert read(ICE_SERVERS="turn:a").ice_policy == "all"
    (fault,) = faults(ICE_POLICY="none")
    assert fault.startswith("CHATVISOR_SERVICE_ICE_POLICY is not usable: ")


@pytest.mark.parametrize(
    "url", ["http://localhost:5080/chatvisor/events", "https://app.example.com/e"]
)
def test_events_go_to_a_url(url: str) -> None:
    assert read(EVENTS_URL=url).events_url == url


@pytest.mark.parametrize("url", ["http://app.example.com/e", "x", "https://u:p@x/"])
def test_a_bad_events_url_is_a_fault(url: str) -> None:
    (fault,) = faults(EVENTS_URL=url)
    assert fault.startswith("CHATVISOR_SERVICE_EVENTS_URL is not usable: ")


# --- secrets --------------------------------------------------------------------


def test_settings_do_not_show_secrets() -> None:
    settings = read(
        API_TOKEN="hush1-abc" * 4,
        IDENTITY_KEY="hush2-abc" * 4,
        TURN_SECRET="hush3-abc" * 4,
        ICE_SERVERS='[{"urls": "turn:a", "credential": "hush4"}]',
    )
    assert "hush" not in repr(settings)
    assert settings.turn_secret == "hush3-abc" * 4


@pytest.mark.parametrize("name", ["API_TOKEN", "IDENTITY_KEY", "TURN_SECRET"])
@pytest.mark.parametrize("weak", ["k", "x" * 31, "x" * 32, "abcdefg" * 9])
def test_a_secret_that_can_be_guessed_is_a_fault(name: str, weak: str) -> None:
    (fault,) = faults(**{"ICE_SERVERS": "turn:a", name: weak})
    assert fault.startswith(
        f"CHATVISOR_SERVICE_{name} is not usable: it must have at least 32 characters,"
        " 8 of them different"
    )
    assert "token_urlsafe(32)" in fault
    assert len(weak) == 1 or weak not in fault


@pytest.mark.parametrize("name", ["API_TOKEN", "IDENTITY_KEY"])
def test_so_is_one_of_several_and_the_same_twice(name: str) -> None:
    assert len(faults(**{name: f"{A},short"})) == 1
    assert "must not contain a secret twice" in faults(**{name: f"{KEY} {KEY}"})[0]


def test_no_two_settings_have_the_same_secret() -> None:
    told = faults(
        API_TOKEN=f"{KEY} {TOKEN}",
        IDENTITY_KEY=KEY,
        ICE_SERVERS="turn:a",
        TURN_SECRET=TOKEN,
    )
    assert told == (
        "CHATVISOR_SERVICE_IDENTITY_KEY must differ from CHATVISOR_SERVICE_API_TOKEN.",
        "CHATVISOR_SERVICE_TURN_SECRET must differ from CHATVISOR_SERVICE_API_TOKEN.",
    )


def test_faults_do_not_show_secrets() -> None:
    told = faults(API_TOKEN='["hush1", 1', IDENTITY_KEY='["hush2"', TURN_SECRET="hush3")
    assert "hush" not in " ".join(told)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().port = 1  # type: ignore[misc]
