"""Configuration: what it becomes, and that every fault is reported at once."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor import config
from flask_chatvisor.config import Settings
from flask_chatvisor.contract.api import PATHS
from flask_chatvisor.errors import ConfigurationError

EMBEDDED = {"CHATVISOR_EMBEDDED": True, "SECRET_KEY": "secret-of-the-tests"}
CLOUD = {"CHATVISOR_SCRIPT_ID": "abc123"}
OWN = {
    "CHATVISOR_SCRIPT_URL": "https://help.example.com/cdn/js/x.js",
    "CHATVISOR_API_URL": "https://help.example.com/",
    "CHATVISOR_API_TOKEN": "api-token-of-the-tests-32-bytes!!",
}
#: No more different characters than a secret must have.
STRONG = "abcdefgh" * 4


def read(base: dict[str, t.Any], **keys: t.Any) -> Settings:
    changes = {f"CHATVISOR_{name}": value for name, value in keys.items()}
    return config.read({**base, **changes})


def faults(base: dict[str, t.Any], **keys: t.Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(base, **keys)
    return caught.value.faults


def test_the_cloud_needs_its_script_id_only() -> None:
    settings = read(CLOUD)
    assert settings.script_url == "https://cdn.chatvisor.com/cdn/js/abc123.js"
    assert settings.api_url == "https://api.chatvisor.com"
    assert settings.directory == "browser"


def test_the_cloud_with_paths_lists_on_the_server_and_knows_no_other_path() -> None:
    settings = read(CLOUD, API_TOKEN="token", API_PATHS={"list": "/rest/v1/active"})
    assert settings.directory == "server"
    assert settings.api_paths == {"list": "/rest/v1/active"}


def test_an_own_service_has_our_paths() -> None:
    settings = read(OWN)
    assert settings.api_url == "https://help.example.com"
    assert settings.directory == "server"
    assert settings.api_paths == PATHS


def test_the_embedded_service_sets_script_url_token_and_key() -> None:
    settings = read(EMBEDDED, EMBEDDED_BIND="127.0.0.1:5999")
    assert settings.script_url == "http://127.0.0.1:5999/cdn/js/embedded.js"
    assert settings.api_url == "http://127.0.0.1:5999"
    assert settings.api_token
    assert settings.identity_keys
    assert settings.browser_origins == (
        "http://127.0.0.1:5999",
        "ws://127.0.0.1:5999",
    )


def test_embedded_keys_are_the_same_in_every_process_and_differ_by_secret() -> None:
    assert config.embedded_keys("a", "shop") == config.embedded_keys("a", "shop")
    for others in (
        config.embedded_keys("b", "shop"),
        config.embedded_keys("a", "bank"),
    ):
        assert set(config.embedded_keys("a", "shop")).isdisjoint(others)


def test_the_browser_may_need_secure_sockets_too() -> None:
    assert "wss://help.example.com" in read(OWN).browser_origins


def test_nothing_set_says_how_to_get_going() -> None:
    (fault,) = faults({})
    for key in ("CHATVISOR_EMBEDDED", "CHATVISOR_SCRIPT_ID", "CHATVISOR_SCRIPT_URL"):
        assert key in fault


def test_disabled_needs_nothing() -> None:
    assert read({}, ENABLED=False).enabled is False


def test_every_fault_is_reported_at_once() -> None:
    found = faults(
        CLOUD,
        TIMEOUT="soon",
        CACHE_SECONDS=-1,
        URL_PREFIX="chatvisor/",
        IDENTITY_DELIVERY="mail",
        AUTO_INJECT="yes",
    )
    assert len(found) == 5
    for key in ("TIMEOUT", "CACHE_SECONDS", "URL_PREFIX", "DELIVERY", "AUTO_INJECT"):
        assert sum(key in fault.split(" is ")[0] for fault in found) == 1


def test_a_misspelt_key_is_reported_with_the_right_one() -> None:
    (fault,) = faults(CLOUD, AUTOINJECT=False)
    assert "did you mean CHATVISOR_AUTO_INJECT?" in fault


def test_a_fault_names_key_value_and_what_is_allowed() -> None:
    (fault,) = faults(CLOUD, IDENTITY_MAX_AGE=5)
    assert fault == (
        "CHATVISOR_IDENTITY_MAX_AGE is 5, but it must be a whole number of seconds,"
        " at least 60."
    )


def test_switched_off_no_browser_talks_to_anybody() -> None:
    assert read({}, ENABLED=False).browser_origins == ()
    assert read({}, ENABLED=False).script_url == ""


@pytest.mark.parametrize("name", ["API_URL", "SCRIPT_URL"])
def test_a_password_in_a_url_is_never_shown(name: str) -> None:
    url = "https://mary:hidden-value@help.example.com/x.js"
    assert "hidden-value" not in " ".join(faults(OWN, **{name: url}))


@pytest.mark.parametrize("name", ["API_TOKEN", "IDENTITY_KEY"])
def test_a_secret_is_never_shown(name: str) -> None:
    (fault,) = faults(CLOUD, **{name: 31337})
    assert "31337" not in fault
    settings = read(CLOUD, **{name: "hidden-value" * 3})
    assert "hidden-value" not in repr(settings)


@pytest.mark.parametrize(
    ("base", "keys", "word"),
    [
        (CLOUD, {"SCRIPT_URL": "https://x.example.com/a.js"}, "only one"),
        (EMBEDDED, {"SCRIPT_ID": "a"}, "only one"),
        ({"CHATVISOR_EMBEDDED": True}, {}, "SECRET_KEY"),
        (EMBEDDED, {"API_TOKEN": "x"}, "CHATVISOR_API_TOKEN must not be set"),
        (EMBEDDED, {"EMBEDDED_BIND": "0.0.0.0:5081"}, "loopback"),
        (EMBEDDED, {"EMBEDDED_BIND": "127.0.0.1:none"}, "port"),
        ({}, {"SCRIPT_URL": "http://x.example.com/a.js"}, "https://"),
        ({}, {"SCRIPT_ID": "a/../b"}, "the ID alone"),
        (CLOUD, {"API_URL": "ftp://x"}, "https://"),
        (OWN, {"API_URL": "http://help.internal.example"}, "https://"),
        (OWN, {"API_URL": "http://10.0.0.5:5081"}, "https://"),
        (CLOUD, {"API_URL": "https://user@x"}, "no user"),
        (CLOUD, {"API_PATHS": {"nope": "/x"}}, "'list'"),
        (CLOUD, {"API_PATHS": {"status": "/x"}}, "{query}"),
        (CLOUD, {"TIMEOUT": (0, 1)}, "above 0"),
    ],
)
def test_impossible_values_are_refused(
    base: dict[str, t.Any], keys: dict[str, t.Any], word: str
) -> None:
    assert any(word in fault for fault in faults(base, **keys))


@pytest.mark.parametrize(
    "weak",
    ["k", "x" * 31, "x" * 32, "abcdefg" * 9, [STRONG, "k"], [STRONG, "y" * 64]],
)
def test_a_secret_that_can_be_guessed_is_refused(weak: t.Any) -> None:
    names = ["IDENTITY_KEY", "API_TOKEN"] if isinstance(weak, str) else ["IDENTITY_KEY"]
    for name in names:
        (fault,) = faults(OWN, **{name: weak})
        assert fault.startswith(f"CHATVISOR_{name} is a ")
        assert "it must have at least 32 characters, 8 of them different" in fault
        assert "token_urlsafe(32)" in fault


def test_eight_different_characters_are_enough() -> None:
    assert read(OWN, IDENTITY_KEY=STRONG).identity_keys == (STRONG,)


def test_secrets_differ() -> None:
    token = OWN["CHATVISOR_API_TOKEN"]
    assert faults(OWN, IDENTITY_KEY=[STRONG, token]) == (
        "CHATVISOR_IDENTITY_KEY must differ from CHATVISOR_API_TOKEN.",
    )
    (fault,) = faults(OWN, IDENTITY_KEY=[STRONG, STRONG])
    assert "must not contain a secret twice" in fault


def test_how_long_the_vendors_tokens_are_is_up_to_the_vendor() -> None:
    assert read(CLOUD, API_TOKEN="short").api_token == "short"
    paths = {"list": "/rest/v1/active"}
    assert read(OWN, API_TOKEN="short", API_PATHS=paths).api_token == "short"


def test_on_another_host_the_vendors_token_needs_the_vendors_paths() -> None:
    (fault,) = faults(OWN, API_TOKEN="short")
    assert fault.startswith("CHATVISOR_API_TOKEN is a str (not shown), but it must")
    assert "If it is the vendor's token, set CHATVISOR_API_PATHS, too." in fault
    (fault,) = faults(OWN, IDENTITY_KEY="short")
    assert "CHATVISOR_API_PATHS" not in fault


def test_development_needs_no_long_secret() -> None:
    settings = read(EMBEDDED | {"SECRET_KEY": "dev"})
    assert all(len(key) >= 32 for key in settings.identity_keys)


def test_within_this_machine_the_api_may_be_plain() -> None:
    url = "http://127.0.0.1:5081"
    assert read(OWN, API_URL=url).api_url == url


def test_a_token_is_not_sent_to_the_cloud_because_an_address_was_forgotten() -> None:
    base = {key: OWN[key] for key in OWN if not key.endswith("API_URL")}
    assert read(base).api_url == "https://help.example.com"


def test_one_timeout_serves_for_both() -> None:
    assert read(CLOUD, TIMEOUT=2).timeout == (2.0, 2.0)


def test_the_debug_header_follows_debug_unless_it_is_set() -> None:
    assert config.read(CLOUD, debug=True).debug_header is True
    assert config.read(CLOUD | {"CHATVISOR_DEBUG_HEADER": False}, debug=True) != (
        config.read(CLOUD, debug=True)
    )
