"""Languages that nobody speaks: they show what is cut off, stuck, or not translated.

Every letter of the English text is another one, so that what is left in plain letters
has not been translated; its vowels are doubled, which makes it about as long as the
longest languages. The second one runs from right to left as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import Route

from ..texts import texts

LONG = "en-XA"
MIRRORED = "ar-XB"

#: Texts that are not wholly inside the window and the boxes that they are in. Not those
#: for screen readers alone, nor that of the page where the customer is: it may be long,
#: and its title has it all.
CUT_OFF = """() => {
  const SKIPPED = "title, script, option, .page";
  const BOXES = "p, li, h1, h2, button, a, td, th, dialog, div";
  const forReaders = (element) => element !== null &&
    (getComputedStyle(element).clipPath === "inset(50%)" ||
      forReaders(element.parentElement));
  const roots = [document, ...[...document.querySelectorAll("*")]
    .map((element) => element.shadowRoot).filter(Boolean)];
  const found = [];
  for (const root of roots) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement, textContent } = walker.currentNode;
      if (!textContent.trim() || !parentElement?.checkVisibility()) continue;
      if (parentElement.closest(SKIPPED) || forReaders(parentElement)) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      const box = parentElement.closest(BOXES);
      const outer = box.getBoundingClientRect();
      for (const inner of range.getClientRects()) {
        const inside = inner.left >= Math.max(0, outer.left) - 1 &&
          inner.right <= Math.min(innerWidth, outer.right) + 1 &&
          inner.top >= outer.top - 2 && inner.bottom <= outer.bottom + 2;
        if (!inside) found.push(textContent);
      }
    }
  }
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) found.push(`the page is ${scrollWidth} px wide`);
  return found;
}"""

_WALK = """const kind = NodeFilter.SHOW_TEXT;
  const walker = document.createTreeWalker(document.body, kind);
  const nodes = [];
  while (walker.nextNode()) {
    const { currentNode } = walker;
    const read = !currentNode.parentElement.closest("script, style, template");
    if (read && currentNode.data.trim()) nodes.push(currentNode);
  }"""

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OTHER = "àƀçđéƒĝĥíĵķļɱñóþǫŕšţúṽŵẋýžÀƁÇĐÉƑĜĤÍĴĶĻṀÑÓÞǪŔŠŢÚṼŴẊÝŽ"
_LETTERS = str.maketrans(_PLAIN, _OTHER)
_OVERRIDE, _POP = "\u202e", "\u202c"
#: Where both scripts begin to list their languages.
_LIST = "const LANGUAGES = ["


def pseudo(text: str, *, mirrored: bool = False) -> str:
    """Turn an English text into one of a pseudo-language; ``{name}`` stays."""
    pieces = re.split(r"(\{\w+\})", text)
    return "".join(
        piece if piece.startswith("{") else _translate(piece, mirrored)
        for piece in pieces
    )


def _translate(piece: str, mirrored: bool) -> str:
    longer = re.sub("([aeiou])", r"\1\1", piece).translate(_LETTERS)
    if not mirrored:
        return longer
    return re.sub(r"\w+", rf"{_OVERRIDE}\g<0>{_POP}", longer)


def speak_pseudo(context: BrowserContext) -> None:
    """Let a service's script and call window know the pseudo-languages too."""
    for source in ("**/cdn/js/*.js", "**/shared/texts.js"):
        context.route(source, _list_pseudo)
    for language in (LONG, MIRRORED):
        context.route(f"**/texts/{language.lower()}.js", _serve(language))


def _list_pseudo(route: Route) -> None:
    original = route.fetch()
    source = original.text()
    assert source.count(_LIST) == 1
    listed = f'{_LIST}"{LONG.lower()}", "{MIRRORED.lower()}", '
    route.fulfill(response=original, body=source.replace(_LIST, listed))


def _serve(language: str) -> Callable[[Route], None]:
    mirrored = language == MIRRORED
    table = {key: pseudo(text, mirrored=mirrored) for key, text in texts("en").items()}
    table["direction"] = "rtl" if mirrored else "ltr"
    body = f"export const texts = {json.dumps(table)};"
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
    return lambda route: route.fulfill(headers=headers, body=body)


def mirror(page: Page) -> None:
    """Turn a page, as it stands, into the language that runs from right to left."""
    texts = page.evaluate(f"() => {{ {_WALK} return nodes.map(({{data}}) => data); }}")
    page.evaluate(
        f"""texts => {{
          {_WALK}
          nodes.forEach((node, index) => {{ node.data = texts[index]; }});
          document.documentElement.dir = "rtl";
        }}""",
        [pseudo(text, mirrored=True) for text in texts],
    )
