"""What a page carries: three elements from which nothing breaks out."""

from __future__ import annotations

import json
import logging
import typing as t
from xml.etree.ElementTree import Element

import html5lib
import pytest
from flask import Flask
from flask import g
from flask import request
from hypothesis import given
from hypothesis import strategies as st

from flask_chatvisor.assets import nonce_of
from flask_chatvisor.tag.markup import dump
from flask_chatvisor.tag.markup import render

TAG_JS = "/chatvisor/static/tag.js?v=1"
SCRIPT = "https://help.example.com/cdn/js/x.js"

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def elements(html: str) -> list[Element]:
    """Parse a page with this in its body; everything in that body."""
    page = f"<!doctype html><body>{html}</body>"
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return [*tree.find("body")]


def test_the_snippet_is_three_elements_without_white_space_between() -> None:
    html = render("{}", tag_js=TAG_JS, script=SCRIPT)
    assert str(html) == (
        '<script type="application/json" id="chatvisor-tag">{}</script>'
        f'<script src="{TAG_JS}" defer></script>'
        f'<script src="{SCRIPT}" async></script>'
    )


def test_a_page_that_has_the_script_gets_two_elements() -> None:
    html = render("{}", tag_js=TAG_JS, script=None)
    assert html.count("<script") == 2
    assert SCRIPT not in html


def test_a_nonce_is_on_every_element() -> None:
    html = render("{}", tag_js=TAG_JS, script=SCRIPT, nonce="abc")
    assert [one.get("nonce") for one in elements(html)] == ["abc", "abc", "abc"]


@pytest.mark.parametrize(
    "url",
    [
        "https://help.example.com/x.js?a=1&b=2",
        'https://help.example.com/"><script>alert(1)</script>',
        "https://help.example.com/grüße.js",
        "https://help.example.com/'x' onload='alert(1)",
    ],
)
def test_a_url_stays_in_its_attribute_and_in_ascii(url: str) -> None:
    html = render("{}", tag_js=TAG_JS, script=url)
    assert html.isascii()
    script = elements(html)[2]
    assert script.get("src") == url
    assert set(script.keys()) == {"src", "async"}


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "]]>",
        "\u2028\u2029",
        "\"'&amp;\\",
        "\U0001f600",
        "\x00\x1b",
    ],
)
def test_nothing_breaks_out_of_the_data(text: str) -> None:
    data = {"tag": {"firstname": text}}
    written = dump(data)
    assert written.isascii()
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == data


@given(json_data)
def test_a_browser_reads_the_very_data(data: t.Any) -> None:
    block, *scripts = elements(render(dump(data), tag_js=TAG_JS, script=SCRIPT))
    assert json.loads(block.text or "") == data
    assert [script.tag for script in scripts] == ["script", "script"]
    assert [script.text for script in scripts] == [None, None]


# --- nonces -----------------------------------------------------------------------


@pytest.fixture
def app() -> Flask:
    return Flask("portal")


def test_a_page_without_a_policy_has_no_nonce(app: Flask) -> None:
    with app.test_request_context():
        assert nonce_of(request) is None


@pytest.mark.parametrize("nonce", ["abc", "Zm9v-_+/==", lambda: "abc"])
def test_a_nonce_is_found_in_all_its_places(app: Flask, nonce: t.Any) -> None:
    expected = nonce() if callable(nonce) else nonce
    with app.test_request_context():
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        assert nonce_of(request) == expected
    with app.test_request_context():
        g.csp_nonce = nonce
        assert nonce_of(request) == expected
    app.jinja_env.globals["csp_nonce"] = nonce
    with app.test_request_context():
        assert nonce_of(request) == expected


@pytest.mark.parametrize(
    "nonce", ['"><script>', "a b", "a\n", "=", "ä", 5, "x" * 300, lambda: ["abc"]]
)
def test_what_is_no_nonce_is_not_used(
    app: Flask, nonce: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    app.jinja_env.globals["csp_nonce"] = nonce
    with app.test_request_context(), caplog.at_level(logging.WARNING):
        assert nonce_of(request) is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize("nonce", ["", None, lambda: ""])
def test_no_nonce_for_this_page_is_no_fault(
    app: Flask, nonce: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    app.jinja_env.globals["csp_nonce"] = nonce
    with app.test_request_context():
        assert nonce_of(request) is None
    assert caplog.records == []
