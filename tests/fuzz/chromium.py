"""What pages mean, by a real browser's parser: the same with the tag as without it."""

from __future__ import annotations

import base64
import typing as t
from collections.abc import Sequence

from playwright.sync_api import Page as Tab

from ..doubles.splice import insert
from .pages import FOREIGN
from .pages import Page
from .trees import OURS
from .trees import TAG
from .trees import is_swallowed

#: Each page is written into a frame whose policy lets no script run. Not by DOMParser,
#: which reads <noscript> as browsers without scripts do.
_JUDGE = """([pairs, ours]) => {
  const frame = document.body.appendChild(document.createElement("iframe"));
  const isOurs = (node) => node.localName === "script" &&
    ours.includes(node.getAttribute("id") ?? node.getAttribute("src"));
  const parse = (bytes, charset) => {
    const text = new TextDecoder(charset).decode(
      Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0)));
    const parsed = frame.contentDocument;
    parsed.open();
    parsed.write(text);
    parsed.close();
    return parsed;
  };
  const read = (node) => {
    node.normalize();
    const attributes = Array.from(node.attributes ?? [], (one) => [one.name,
                                                                   one.value]);
    const inner = node.localName === "template" ? (node.content ?? node) : node;
    return [node.nodeName, node.namespaceURI, node.nodeValue, attributes,
            Array.from(inner.childNodes, read)];
  };
  const judge = ({ before, after, charset, isSound }) => {
    const meant = JSON.stringify(read(parse(before, charset)));
    const page = parse(after, charset);
    const tags = [...page.querySelectorAll("script")].filter(isOurs);
    const html = tags.filter((tag) => tag.namespaceURI.endsWith("xhtml"));
    const inBody = tags.every((tag) => tag.parentNode === page.body);
    const hasFrames = page.body?.localName === "frameset";
    for (const tag of tags) tag.remove();
    if (JSON.stringify(read(page)) !== meant)
      return "The page means something else with the tag.";
    if (html.length !== 3 && !hasFrames) return "The tag is not three HTML elements.";
    if (isSound && !inBody) return "The tag is not a child of the body.";
    return null;
  };
  const faults = pairs.map(judge);
  frame.remove();
  return faults;
}"""
#: TextDecoder names them so.
_LABELS = {"utf-16": "utf-16le"}


def open_judge(tab: Tab) -> None:
    """Load an empty page that lets no script of others run."""
    policy = {"Content-Security-Policy": "default-src 'none'; frame-src 'self'"}
    tab.route(
        "http://judge.invalid/",
        lambda route: route.fulfill(
            headers=policy, body="<!doctype html><body>", content_type="text/html"
        ),
    )
    tab.goto("http://judge.invalid/")


def faults_of(tab: Tab, pages: Sequence[Page]) -> list[str | None]:
    """Say of each page what is wrong with the tag in it, as this browser reads it."""
    found: list[str | None] = [None] * len(pages)
    pairs = {i: pair for i, page in enumerate(pages) if (pair := _pair(page))}
    faults = tab.evaluate(_JUDGE, [[*pairs.values()], [*OURS]])
    for i, fault in zip(pairs, faults, strict=True):
        found[i] = fault
    return found


def _pair(page: Page) -> dict[str, t.Any] | None:
    spliced = insert(page.body, TAG)
    if spliced is None or page.charset in FOREIGN or is_swallowed(page.body):
        return None
    return {
        "before": base64.b64encode(page.body).decode(),
        "after": base64.b64encode(spliced).decode(),
        "charset": _LABELS.get(page.charset, page.charset),
        "isSound": page.is_sound,
    }
