"""What pages mean, by html5lib: the same with the tag as without it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib

from flask_chatvisor.tag.markup import render
from flask_chatvisor.tag.place import body_end

from ..doubles.splice import insert
from .pages import Page

TAG = render('{"tag":null}', tag_js="/tag.js", script="https://x.example/x.js").encode()
OURS = frozenset({"chatvisor-tag", "/tag.js", "https://x.example/x.js"})


def fault_of(page: Page) -> str | None:
    """Say what is wrong with the tag in this page; ``None`` if nothing is."""
    spliced = insert(page.body, TAG)
    if spliced is None:
        return "A sound page has no tag." if page.is_sound else None
    if spliced.count(TAG) != 1 or spliced.replace(TAG, b"", 1) != page.body:
        return "The page lost or gained bytes."
    if is_swallowed(page.body):
        return None
    before, after = (parse(one, page.charset) for one in (page.body, spliced))
    if nodes(before) != nodes(after):
        return "The page means something else with the tag."
    body = after.find("body")
    # Frames have no scripts: what is not parsed does no harm.
    if body is not None and len([*_ours_in(after)]) != 3:
        return "The tag is not three HTML elements."
    if page.is_sound and [one for one in body or () if is_ours(one)] == []:
        return "The tag is not a child of the body."
    return None


def is_swallowed(body: bytes) -> bool:
    """Tell whether an element was left open so far up that only a reader of the whole
    page finds it: most of the page is inside it, as the tag will be.
    """
    # With something after the end, the whole page is read.
    return len(body) > 2048 and body_end(body + b"<p>") != body_end(body)


def parse(page: bytes, charset: str = "latin-1") -> Element:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page.decode(charset, "replace"), scripting=True)
    return t.cast(Element, tree)


def is_ours(element: Element) -> bool:
    return (element.get("id") or element.get("src")) in OURS


def nodes(root: Element) -> list[tuple[str, ...]]:
    """A tree without our elements as a list, with neighbouring texts made one."""
    found: list[tuple[str, ...]] = []
    for node in _walk(root):
        if node[0] == "text" and found and found[-1][0] == "text":
            found[-1] = ("text", found[-1][1] + node[1])
        else:
            found.append(node)
    return found


def _ours_in(tree: Element) -> Iterator[Element]:
    return (element for element in tree.iter("script") if is_ours(element))


def _walk(element: Element) -> Iterator[tuple[str, ...]]:
    tag: t.Any = element.tag  # a comment's is a function
    if not isinstance(tag, str):
        yield ("comment", element.text or "")
    elif not (tag.endswith("script") and is_ours(element)):
        attributes = sorted(f"{name}={value}" for name, value in element.items())
        yield ("start", tag, *attributes)
        if element.text:
            yield ("text", element.text)
        for child in element:
            yield from _walk(child)
        yield ("end",)
    if element.tail:
        yield ("text", element.tail)
