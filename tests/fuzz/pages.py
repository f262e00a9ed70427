"""Pages that are hard to read, made at random from a seed."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

#: What makes pages hard, in pieces that are put together at random.
PIECES = (
    b"<!-- --> --!> <!--> <!---> <script> </script> <SCRIPT\n> </Script\t> <style>"
    b" </style> <textarea> </textarea> <title> </title> <iframe> </iframe> <noscript>"
    b" </noscript> <xmp> </xmp> <plaintext> <noembed> </noembed> <noframes>"
    b" </noframes> <template> </template> <svg> </svg> <svg/> <math> </math> <title/>"
    b" <![CDATA[ ]]> <a\ttitle=\" <a\ttitle=' ' \" > < = x </body> </BODY\n> </body"
    b" </html> <body> <p> </p> <b> <table> <tr><td> </table> <select> </select>"
    b" <option> <!doctype\thtml> <?php </3 \xe4 / - ! <frameset> <head> </head> <html>"
    b" \n"
).split(b" ")
ENDS = (b"", b"</body>", b"</body></html>\n", b"</body></html><!-- x -->")
#: Longer than the part of a page that is looked at first.
LONG = b"<p>Lorem <b class='x'>ipsum</b> dolor</p>\n" * 200

#: Charsets that browsers know, with words in each.
WORDS = {
    "utf-8": "Grüße 日本 🎉 \u2028",
    "windows-1252": "Grüße œuvre €",
    "iso-8859-2": "žluťoučký kůň",
    "iso-8859-8": "שלום",
    "windows-1251": "Привет",
    "koi8-r": "Привет",
    "windows-1256": "مرحبا",
    "iso-8859-15": "Grüße €",
    "macintosh": "Grüße Ω",
    "shift_jis": "ソ能表 日本語ﾊﾟ",
    "euc-jp": "日本語 表示",
    "gb18030": "你好 表 \u20ac \U0002a6d6",
    "gbk": "你好 表",
    "big5": "功許蓋 你好",
    "euc-kr": "한국어 안녕",
    "iso-2022-jp": "日本語",
    "utf-16-le": "⼼潢祤㸠",  # its bytes are "</body> "
    "utf-16-be": "㰯扯摹㸠",
    "utf-16": "Grüße",
}
#: In these a tag has other bytes, or may have: such pages are left alone.
FOREIGN = frozenset({"iso-2022-jp", "utf-16-le", "utf-16-be", "utf-16"})

_DOCTYPES = (
    "<!doctype html>",
    "<!DOCTYPE HTML>\n",
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"'
    ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">',
    "",
    "\n\n<!-- first --><!doctype html>",
)
_HEADS = (
    "<title>A </body> in a title</title>",
    "<meta charset='{charset}'><title>{words}</title>",
    "<style>a > b::after {{ content: '</body>' }}</style>",
    "<script>var end = '</body></html>';</script>",
    '<script type="application/json">{{"html": "<p></body>"}}</script>',
    "<noscript><link rel=x href='/x.css'></noscript>",
    "<link rel=icon href=/x?a=b/>",
    "<!--[if lt IE 9]><script src=x></script></body><![endif]-->",
    "<base target='>'>",
)
#: Whole in themselves: whatever is between them, the body goes on.
_BLOCKS = (
    "<p>{words}</p>",
    "<p>An open one, {words}",
    "<div CLASS=x data-a='>' data-b=\"</body>\"><p>{words}</p></DIV >",
    "<a href=/x?q=>1 < 2 & {words}</a>",
    "<a title=\"it's\" href='/'>{words}</a >",
    "<!-- </body></html> {words} -->",
    "<!--[if IE]></body><![endif]-->",
    "<!--><p>{words}</p><!-- -->",
    "<script>document.write('</body></html>')</script>",
    "<SCRIPT type=module>if (a</body>/.b) {{}}</Script >",
    "<script><!-- if (a < b) {{ x('</body>') }} //--></script>",
    '<script type="application/json">{{"a": "</body>", "b": "{words}"}}</script>',
    "<style>b {{ color: red }} /* </body> */</style>",
    "<textarea rows=2></body></html>{words}</TEXTAREA>",
    "<iframe src='about:blank'></body></iframe>",
    "<noscript><p></body></noscript>",
    "<xmp></body></xmp>",
    "<template><p>{words}</p></body></template>",
    "<template><template></template></body></template>",
    "<svg viewBox='0 0 1 1'><path d='M0 0'/><title>{words}</title></svg>",
    "<svg><style>a > b {{}}</style><g/></svg>",
    "<math><mi>x</mi></math>",
    "<table><tr><td>{words}</table>",
    "<ul><li>{words}<li><b>bold</b></ul>",
    "<form><select><option>{words}<option value='>'>b</select></form>",
    "<button type=button disabled>{words}</button>",
    "<img alt='</body>' src=data:,x/>",
    "<?php echo '</body>' ?>",
    "</3>",
    "<br/><hr><wbr>",
    "{words} &lt;/body&gt; &amp",
    "\n\n\t",
)
#: What leaves a doubt, or opens something for the rest of the page.
_DOUBTS = (
    "<svg><![CDATA[ </body> ]]></svg>",
    "<script><!-- <script></script> --> </script>",
    "<script><!-- <script> </script>",
    "<!-- --!> </body>",
    "<!doctype html><html><body>again</body></html>",
    "</body></html>",
    "</p></div></body>",
    "<textarea>",
    "<script>",
    "<!--",
    "<plaintext>",
    "<select><textarea>",
    "<frameset><frame></frameset>",
    "<svg><title><b></svg>",
    "<svg><desc><table></svg>",
    "<math><annotation-xml encoding='text/html'></body></math>",
    "<b><i><p></b></i>",
    "<table><b><tr></table>",
    "<template><table></template>",
    "<a title='",
    '<a title="> ',
    "<p x=' </p>",
    "<\0p>",
)
_FINE_ENDS = (
    "</body></html>",
    "</body>\n</html>\n",
    "</BODY></HTML>",
    "</Body\n\t>\n</html >",
    "</body>",
    "</body></html><!-- rendered in 3 ms -->\n",
    "</body><!-- > --></html><!-- </body> a - b -->",
    "</body><script>'</body>'</script></html>",
)
_OTHER_ENDS = ("", "</html>", "</body", "</body></html>\0", "</body></body>x</body>")


@dataclass(frozen=True)
class Page:
    """A page, and what is known of it.

    :ivar is_sound: nothing against a tag, as a child of the body.
    """

    body: bytes
    charset: str = "utf-8"
    is_sound: bool = False


def make_page(random: Random) -> Page:
    """Any page."""
    return _one(random, (_document, _document, _damaged, _soup, _noise))(random)


def _document(random: Random) -> Page:
    """A page as an application writes it, in any charset, with what makes it hard."""
    charset = _one(random, tuple(WORDS)) if random.random() < 0.5 else "utf-8"
    blocks = random.choices(_BLOCKS, k=random.randint(0, 8))
    end = _one(random, _FINE_ENDS)
    is_sound = charset not in FOREIGN
    if random.random() < 0.3:
        blocks.insert(random.randint(0, len(blocks)), _one(random, _DOUBTS))
        is_sound = False
    if random.random() < 0.15:
        end, is_sound = _one(random, _OTHER_ENDS), False
    if random.random() < 0.2:
        blocks.insert(random.randint(0, len(blocks)), LONG.decode())
    start = _one(random, ("<body>", "<BODY class='>'>", "</head><body\n>"))
    heads = "".join(random.choices(_HEADS, k=random.randint(0, 3)))
    text = _one(random, _DOCTYPES) + _one(random, ("", "<html lang=en>", "<head>"))
    text += (heads + start).format(charset=charset, words=WORDS[charset])
    for block in blocks:
        text += block if "{words}" not in block else _worded(random, block, charset)
    is_sound = is_sound and not any("An open one" in block for block in blocks)
    body = text.replace("{{", "{").replace("}}", "}") + end
    return Page(body.encode(charset, "xmlcharrefreplace"), charset, is_sound)


def _worded(random: Random, block: str, charset: str) -> str:
    words = list(WORDS[charset])
    random.shuffle(words)
    return block.format(words="".join(words))


def _damaged(random: Random) -> Page:
    """A page from which bytes are missing, or where they are twice."""
    whole = _document(random)
    body = bytearray(whole.body)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(body) + 1)
        piece = body[at : at + random.randint(1, 30)]
        way = random.randrange(4)
        if way == 0:
            del body[at : at + len(piece)]
        elif way == 1:
            body[at:at] = piece
        elif way == 2:
            body[at:at] = _one(random, PIECES)
        elif piece:
            body[at] = random.randrange(256)
    return Page(bytes(body), whole.charset)


def _soup(random: Random) -> Page:
    pieces = random.choices([*PIECES, b" "], k=random.randint(0, 14))
    long = LONG if random.random() < 0.05 else b""
    return Page(b"".join(pieces) + long + _one(random, ENDS), "iso-8859-15")


def _noise(random: Random) -> Page:
    body = random.randbytes(random.randint(0, 200))
    return Page(body + _one(random, ENDS), "windows-1252")


T = t.TypeVar("T", bound=str | bytes | Callable[..., t.Any])


def _one(random: Random, choices: Sequence[T]) -> T:
    return random.choice(choices)
