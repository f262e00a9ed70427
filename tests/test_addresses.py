"""Which addresses scripts follow, and what of a page they believe: the sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "flask_chatvisor"
#: The scripts that run in applications' pages, beside markup of others.
IN_PAGES = (
    *sorted((PACKAGE / "static").rglob("*.js")),
    *sorted((PACKAGE / "service/static/cv").glob("*.js")),
    *sorted((PACKAGE / "service/static/shared").glob("*.js")),
)
#: And the call window's, which are alone in their page.
ALL = (*IN_PAGES, *sorted((PACKAGE / "service/static/call").glob("*.js")))

#: Whatever requests, opens, loads or links an address, or writes markup.
SINK = re.compile(
    r"""\bfetch\( | \bimport\( | \bsendBeacon\( | \bwindow\.open\(
    | \bnew\ (?:WebSocket|EventSource|Worker|SharedWorker|Request|XMLHttpRequest)\b
    | \blocation(?:\.\w+)?\ =[^=] | \blocation\.(?:assign|replace)\(
    | \.(?:push|replace)State\(
    | \.(?:href|src|srcdoc|action|formAction)\ =[^=]
    | setAttribute\(.*"(?:href|src|action)" | (?:^|\{\ )(?:href|src|action)[,:]
    | \b(?:inner|outer|insertAdjacent)HTML\b | \bsetHTML | \bdocument\.write
    | \bDOMParser\b | \beval\( | \bFunction\(
    """,
    re.VERBOSE,
)
#: ``inLanguage`` adds to what ``address`` gives, ``linkTo`` is this page.
CHECK = re.compile(r"\b(?:address|inLanguage|linkTo)\(")
#: Lines where nothing is left to check.
CHECKED_ELSEWHERE = {
    # Blank windows; they are led to an address by go().
    'const opened = window.open("", name);',
    'const opened = window.open("", `chatvisor-agent-${visitorId}`);',
    # What inLanguage() gave.
    "opened.location.replace(href);",
    'void notify("notice.blocked", {}, { href, target: name });',
    "href,",
    # A Socket is given address("ws"), or is the call window's.
    "const wire = new WebSocket(this.address);",
    # In a folder from address(), or beside the call window's modules.
    "const { texts } = await inTime(import(new URL(`${file}.js`, folder).href));",
    # This page again.
    "link.href = location.href;",
    'history.pushState(null, "", link.href);',
    'history.replaceState(null, "", window.location.pathname + '
    "window.location.search);",
}


def lines(path: Path) -> list[str]:
    """The lines of a script without its comments."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("//")]


def test_every_address_that_is_followed_has_been_checked() -> None:
    followed = {line for path in ALL for line in lines(path) if SINK.search(line)}
    assert {line for line in followed if not CHECK.search(line)} == CHECKED_ELSEWHERE


def function(path: Path) -> str:
    """The function ``address`` of a script, without its indentation."""
    text = re.search(
        r"^( *)(?:export )?(function address\(.*?^\1\})", path.read_text(), re.M | re.S
    )
    assert text
    return re.sub(r"\s+", " ", text[2])


def test_each_side_has_one_check() -> None:
    checks = [path for path in ALL if "function address(" in path.read_text("utf-8")]
    names = [path.relative_to(PACKAGE).as_posix() for path in checks]
    assert names == [
        "static/agent/config.js",
        "static/tag.js",
        "service/static/cv/service.js",
    ]
    # tag.js is no module and cannot import the agents' one.
    assert function(checks[0]) == function(checks[1])


@pytest.mark.parametrize("path", IN_PAGES, ids=lambda path: path.name)
def test_the_document_is_asked_only_for_its_own_properties(path: Path) -> None:
    found = [line for line in lines(path) if re.search(r"(?<!\.)\bdocument\.", line)]
    assert found == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_who_listens_to_other_windows_asks_where_a_message_is_from(path: Path) -> None:
    code = "\n".join(lines(path))
    listens = re.search(r'"message"|onmessage = |BroadcastChannel', code)
    if listens and "wire.onmessage" not in code:  # a WebSocket has one other end
        assert ".origin" in code
