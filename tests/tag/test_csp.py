"""What is found in a page, and which sources its policy keeps out."""

from __future__ import annotations

import pytest

from flask_chatvisor.cli.page import Page
from flask_chatvisor.tag.csp import missing_sources

SCRIPT = "https://help.example.com"
SOCKET = "wss://help.example.com"
PAGE = "https://portal.example.com/invoices"


@pytest.mark.parametrize(
    ("policy", "source", "allowed"),
    [
        ("script-src 'self'", "'self'", True),
        ("script-src 'none'", "'self'", False),
        ("script-src", "'self'", False),
        ("script-src https://portal.example.com", "'self'", True),
        ("script-src 'self'", SCRIPT, False),
        ("script-src https://help.example.com", SCRIPT, True),
        ("SCRIPT-SRC https://HELP.example.com", SCRIPT, True),
        ("script-src https://help.example.com/", SCRIPT, True),
        ("script-src http://help.example.com", SCRIPT, True),
        ("script-src help.example.com", SCRIPT, True),
        ("script-src *.example.com", SCRIPT, True),
        ("script-src *.help.example.com", SCRIPT, False),
        ("script-src https://example.com", SCRIPT, False),
        ("script-src https:", SCRIPT, True),
        ("script-src http:", SCRIPT, True),
        ("script-src *", SCRIPT, True),
        ("script-src help.example.com:8443", SCRIPT, False),
        ("script-src help.example.com:443", SCRIPT, True),
        ("script-src help.example.com:*", SCRIPT, True),
        ("script-src help.example.com:*", "https://help.example.com:8443", True),
        ("script-src https://help.example.com", "https://help.example.com:81", False),
        ("default-src https://help.example.com", SCRIPT, True),
        ("default-src https://help.example.com; script-src 'self'", SCRIPT, False),
        ("script-src https:; script-src-elem 'self'", SCRIPT, False),
        ("script-src 'self'; script-src https:", SCRIPT, False),
        ("img-src 'none'", SCRIPT, True),
        ("", SCRIPT, True),
        ("script-src 'strict-dynamic' https:", SCRIPT, False),
        ("script-src 'nonce-abc'", SCRIPT, True),
        ("script-src 'nonce-abc' 'strict-dynamic'", SCRIPT, True),
        ("script-src 'nonce-xyz'", SCRIPT, False),
        ("script-src https:, script-src 'self'", SCRIPT, False),
    ],
)
def test_which_scripts_a_policy_allows(policy: str, source: str, allowed: bool) -> None:
    wanted = {"script-src": [source]}
    missing = missing_sources([policy], wanted, page_url=PAGE, nonce="abc")
    assert missing == ([] if allowed else [("script-src", source)])


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("connect-src 'self'", False),
        ("connect-src wss://help.example.com", True),
        ("connect-src ws://help.example.com", True),
        ("connect-src wss:", True),
        ("connect-src https:", False),
        ("connect-src https://help.example.com", False),
        ("connect-src 'nonce-abc'", False),
        ("default-src https: wss:", True),
        ("connect-src *", True),
    ],
)
def test_which_sockets_a_policy_allows(policy: str, allowed: bool) -> None:
    wanted = {"connect-src": [SOCKET]}
    missing = missing_sources([policy], wanted, page_url=PAGE, nonce="abc")
    assert missing == ([] if allowed else [("connect-src", SOCKET)])


def test_all_policies_must_allow_it_and_all_that_is_missing_is_named() -> None:
    wanted = {"script-src": ["'self'", SCRIPT], "connect-src": [SCRIPT, SOCKET]}
    policies = ["default-src 'self'", f"connect-src {SCRIPT} {SOCKET}"]
    assert missing_sources(policies, wanted, page_url=PAGE) == [
        ("script-src", SCRIPT),
        ("connect-src", SCRIPT),
        ("connect-src", SOCKET),
    ]
    assert missing_sources([], wanted, page_url=PAGE) == []


def test_the_block_and_its_nonce_are_found_in_a_page() -> None:
    page = Page(
        '<script id="other">{"tag": 1}</script><script type="application/json"'
        ' id="chatvisor-tag" nonce="abc">{"tag": null}</script><p>after</p>'
    )
    assert page.block == {"tag": None}
    assert page.nonce == "abc"
    assert Page("<p>nothing</p>").block is None


def test_policies_of_the_page_itself_are_found() -> None:
    meta = '<META HTTP-EQUIV="content-security-policy" content="script-src \'self\'">'
    assert Page(meta).policies == ["script-src 'self'"]
