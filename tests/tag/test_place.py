"""Where a body ends: the tag goes there, and nothing else of the page changes."""

from __future__ import annotations

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_chatvisor.tag.place import body_end

from ..doubles.splice import insert
from ..fuzz.pages import ENDS
from ..fuzz.pages import LONG
from ..fuzz.pages import PIECES
from ..fuzz.trees import TAG
from ..fuzz.trees import is_ours
from ..fuzz.trees import nodes
from ..fuzz.trees import parse

PAGE = b"<!doctype html><title>T</title><body><p>Hello</p>"
HERE = b"\0HERE\0"


def marked(page: bytes) -> tuple[bytes, bytes]:
    """Take the mark out of a page; the page, and the page with the tag there."""
    assert page.count(HERE) == 1
    return page.replace(HERE, b""), page.replace(HERE, TAG)


@pytest.mark.parametrize("filler", [b"", LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    "page",
    [
        b"%s</body></html>",
        b"%s</body>\n</html>\n",
        b"%s</BODY></HTML>",
        b"%s</body >",
        b"%s</body\n\t>\n</html  >",
        b"%s</body></html><!-- rendered in 3 ms -->\n",
        b"%s</body><!-- > --></html><!-- a - b -->",
        b"%s</body></html><!-- </body> -->",
        b"%s</body></html><!-- <!-- </body></html> -->",
        b"</body></html><!-->%s</body>-->",
        b"%s</body><script>'</body>'</script></html>",
        b"%s</body><script src='/late.js'></script>\n</html>",
        b"<p title='</body>'>%s</body>",
        b'<p title="</body>">%s</body>',
        b'<p title="a > b">%s</body>',
        b'<p title="a > </body>">x</p>%s</body>',
        b"<a href=/x?a=>%s</body>",
        b'<a href="/?q=">%s</body>',
        b'<script integrity="sha512-abc==" src=x></script>%s</body></html>',
        b"<!-- <body></body> -->%s</body>",
        b"<!--[if lt IE 9]><script>x</script></body><![endif]-->%s</body>",
        b"<script>document.write('</body></html>')</script>%s</body></html>",
        b"<script><!-- if (a < b) { x('</body>') } //--></script>%s</body>",
        b"<style>a::after { content: '</body>' }</style>%s</body>",
        b"<textarea></body></html></textarea>%s</body></html>",
        b"<TEXTAREA></body></Textarea >%s</body></html>",
        b"<noscript><iframe></body></noscript>%s</body>",
        b"<template><body></body></template>%s</body>",
        b"<svg><title>a</title><path d='M0'/></svg>%s</body>",
        b"<svg><style>a > b {}</style></svg>%s</body>",
        b"<svg/>%s</body>",
        b'She said "it\'s"%s</body>',
        b"1 < 2%s</body>",
        b"<p>unfinished %s</body>",
        b"</p>%s</body></p></html>",
        b"</body></html>%s</body>",
        b"<?php echo '</body>' ?>%s</body>",
        b"</3>%s</body>",
        "<p>Grüße".encode() + b"%s</body>",
        "<p>Grüße".encode("latin-1") + b"%s</body>",
        "<p>こんにちは".encode("shift_jis") + b"%s</body>",
        "<p>你好表".encode("gb18030") + b"%s</body>",
    ],
)
def test_the_tag_goes_before_the_last_real_end_of_the_body(
    page: bytes, filler: bytes
) -> None:
    body, expected = marked(PAGE + filler + page % HERE)
    assert insert(body, TAG) == expected


@pytest.mark.parametrize("filler", [b"", LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"no tags at all",
        b"</html>",
        b"<!-- </body></html> -->",
        b"<!-- </body></html>",
        b"<!-- </body></html> <!-- x -->",
        b"<!-- --!> </body>",
        b"<script>'</body>'</script>",
        b"<script>'</body></html>",
        b"<script><!-- <script></script> --> </body></html>",
        b"<script><!-- <script> </script></body></html>",
        b'<script type=\'application/json\'>{"html": "</body>"}</script>',
        b"<style></body>",
        b"<textarea></body></html>",
        b"<textarea></body></html></textarea>",
        b"<title></body>",
        b"<iframe src=/x></body></html>",
        b"<noscript><p></body></html>",
        b"<plaintext></body></html>",
        b'<p title="</body>">x</p>',
        b"<p title='> </body></html>",
        b'<p title="> </body></html>',
        b"<p class='x' </body></html>",
        b"<p </body></html>",
        b"<p title= </body></html>",
        b"</body",
        b"</body x",
        b"</bodyguard>",
        b"</ body>",
        b"<template></body></html>",
        b"<svg></body></html>",
        b"<svg><![CDATA[ </body></html> ]]></svg>",
        b"<svg><![CDATA[ </body></html>",
        b"<math></body></html>",
    ],
)
def test_a_page_without_a_real_end_of_the_body_is_left_alone(
    page: bytes, filler: bytes
) -> None:
    body = b"<!doctype html><title>T</title><body>" + filler + page
    assert insert(body, TAG) is None
    assert body_end(body) is None


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037"]
)
def test_a_charset_in_which_a_tag_has_other_bytes_is_left_alone(charset: str) -> None:
    assert insert("<body>Hello</body>".encode(charset), TAG) is None


def test_a_charset_that_shifts_what_bytes_mean_is_left_alone() -> None:
    page = "<body>こんにちは</body>".encode("iso-2022-jp")
    assert insert(page, TAG) is None


def test_utf_16_is_told_by_its_mark_even_around_ascii() -> None:
    assert insert(b"\xff\xfe<body></body>", TAG) is None


# --- any page ---------------------------------------------------------------------

pages = st.builds(
    lambda pieces, end: b"".join(pieces) + end,
    st.lists(st.sampled_from([*PIECES, b" "]), max_size=14),
    st.sampled_from(ENDS),
)


@settings(max_examples=600, deadline=None)
@given(pages)
@example(b"<script><!--<script></script>--></body></html>")
@example(b"<a title='</body>")
@example(b"<svg><?php </svg></body>")
def test_the_rest_of_any_page_means_what_it_meant(page: bytes) -> None:
    spliced = insert(page, TAG)
    if spliced is not None:
        assert spliced.replace(TAG, b"", 1) == page
        assert spliced.count(TAG) == 1
        assert nodes(parse(spliced)) == nodes(parse(page))


@given(st.lists(st.sampled_from([b"<p>", b"</p>", b"x", b"\n", b"<hr>", b"<b>"])))
def test_the_tag_is_in_the_body(pieces: list[bytes]) -> None:
    page = b"<!doctype html><title>T</title><body>" + b"".join(pieces) + b"</body>"
    spliced = insert(page, TAG)
    assert spliced is not None
    tree = parse(spliced)
    body = tree.find("body")
    assert body is not None
    scripts = [*body.iter("script")]
    assert len(scripts) == 3
    assert all(is_ours(script) for script in scripts)
    assert len([*tree.iter("script")]) == 3


@given(st.binary(max_size=200), st.sampled_from(ENDS))
def test_any_bytes_are_kept(body: bytes, end: bytes) -> None:
    spliced = insert(body + end, TAG)
    if spliced is not None:
        assert spliced.replace(TAG, b"", 1) == body + end


@pytest.mark.parametrize(
    ("piece", "is_found"),
    [
        (b"<!--", False),
        (b"<!-- -->", True),
        (b"<svg>", False),
        (b"<svg></svg>", True),
        (b"<a title='", False),
        (b"<script>", False),
        (b"<script><!--</script>", True),
        (b"<", True),
        (b"=", True),
    ],
)
def test_a_long_page_of_one_hard_thing_is_read_to_its_end(
    piece: bytes, is_found: bool
) -> None:
    page = piece * 50_000
    assert body_end(page + b"</body>") == (len(page) if is_found else None)
