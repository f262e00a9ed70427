"""Pages and macros in the language of the request, and the catalogues behind them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import html5lib
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask import render_template_string
from flask_babel import Babel
from flask_babel import force_locale

from flask_chatvisor.assets import AGENT
from flask_chatvisor.pages.language import DOMAIN
from flask_chatvisor.pages.language import FOLDER
from flask_chatvisor.pages.script_texts import MESSAGES
from flask_chatvisor.pages.script_texts import PLURALS

from ..conftest import make_application
from ..doubles.service import FakeService
from ..doubles.service import active_user
from ..doubles.service import ago

ROOT = Path(__file__).parents[2]
CATALOGUES = sorted(FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
BUTTON = (
    '{% from "chatvisor/macros.html" import conference_button %}'
    "{{ conference_button() }}"
)
#: Like in German, or not the product's to translate.
SAME = {"Name", "Offline", "Online", "Chatvisor", "ltr"}
DATA = {"John Doe", "Jane Roe", "Mary", "Adam", "Home", "premium", "plan", "gold"}
#: Attributes that people read or hear.
READ = {"aria-label", "alt", "data-label", "placeholder", "title"}


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    call = {"agent": {"name": "Adam", "email": "adam@example.com"}}
    service.users = [
        active_user("v-1", "John Doe", inCall={**call, "since": ago(hours=30)}),
        active_user("v-2", "Jane Roe", waitingSince=ago(minutes=75), visible=False),
        active_user(
            "v-3", "", labels=["premium"], additionalTaggingData={"plan": "gold"}
        ),
    ]
    yield service
    service.close()


@pytest.fixture
def app(service: FakeService) -> Flask:
    app, _ = make_application(
        SCRIPT_URL=f"{service.url}/cdn/js/x.js",
        API_URL=service.url,
        API_TOKEN="secret-api-token-of-the-tests-32b!",
        CACHE_SECONDS=0,
    )
    app.add_url_rule("/help", "help", lambda: render_template_string(BUTTON))
    return app


def get(app: Flask, path: str, languages: str, user_id: str = "3") -> str:
    client = app.test_client()
    client.get(f"/sign-in/{user_id}")
    return client.get(path, headers={"Accept-Language": languages}).text


def words_of(html: str) -> list[str]:
    """What a page says: its texts and the attributes that people read or hear."""
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    found: list[str] = []
    for element in tree.iter():
        found += [element.tail or ""]
        if element.tag not in ("script", "style"):
            found += [element.text or ""]
        found += [value for name, value in element.items() if name in READ]
    return [word.strip() for word in found if re.search(r"[^\W\d]{2}", word)]


# --- the catalogues -----------------------------------------------------------------


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name, domain=DOMAIN)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """All that the sources say."""
    path = tmp_path_factory.mktemp("messages") / "chatvisor.pot"
    extract = ["extract", "-F", "pyproject.toml", "-k", "say", "-k", "sayMany:1,2"]
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", *extract]
    subprocess.run([*command, "-o", path, "."], cwd=ROOT, check=True)
    with path.open("rb") as file:
        return read_po(file)


def test_german_is_there() -> None:
    assert "de" in [path.parents[1].name for path in CATALOGUES]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[1].name)
def test_a_catalogue_has_every_message(path: Path, template: Catalog) -> None:
    catalogue = read(path)
    assert {message.id for message in catalogue} == {message.id for message in template}
    for message in catalogue:
        assert message.string, message.id
        assert all(message.string), message.id
        assert not message.fuzzy, message.id
        assert list(message.check(catalogue)) == [], message.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[1].name)
def test_what_is_used_is_the_catalogue_compiled(path: Path) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, read(path))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue()


# --- what a page says ---------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/chatvisor/users",
        "/chatvisor/users?q=v-nobody&assigned=none&waiting=1",
        "/chatvisor/users?page=9",
        "/chatvisor/users/v-1",
        "/chatvisor/users/v-3",
        "/chatvisor/users/v-9",
        "/chatvisor/start",
    ],
)
def test_nothing_on_an_agents_page_stays_english(app: Flask, path: str) -> None:
    english = set(words_of(get(app, path, "en")))
    german = set(words_of(get(app, path, "de")))
    assert english - german - SAME - DATA
    untranslated = english & german - SAME - DATA
    assert {
        word for word in untranslated if "@" not in word and "v-" not in word
    } == set()


def test_times_and_counts_are_in_the_language(app: Flask) -> None:
    html = get(app, "/chatvisor/users", "de")
    assert "3 aktive Personen, davon 1 mit Bitte um Hilfe" in html
    assert "1 Std. 15 Min." in html
    assert "seit 1 Tg." in html


def test_the_script_gets_its_texts_in_the_language(app: Flask) -> None:
    html = get(app, "/chatvisor/users", "de")
    (block,) = re.findall(r'id="chatvisor-agent">(.*?)</script>', html)
    data = json.loads(block)
    assert data["language"] == "de"
    assert data["texts"]["No name"] == ["Ohne Namen"]
    forms = ["%(number)s aktive Person", "%(number)s aktive Personen"]
    assert data["texts"]["%(number)s active user"] == forms
    assert "Skip to content" not in data["texts"]


def test_the_script_gets_each_text_that_it_says() -> None:
    keywords: dict[str, tuple[int, ...] | None] = {"say": None, "sayMany": (1, 2)}
    found = extract_from_file("javascript", AGENT / "texts.js", keywords)
    assert {message for _, message, _, _ in found} == {*MESSAGES, *PLURALS}


def test_a_customer_reads_the_help_button_in_the_language(app: Flask) -> None:
    assert ">Um Hilfe bitten<" in get(app, "/help", "de", "1")
    assert ">Ask for help<" in get(app, "/help", "en", "1")


# --- which language -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("fr,de;q=0.8,en;q=0.5", "de"),
        ("en,de;q=0.9", "en"),
        ("de-AT", "de"),
        ("de;q=0", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        ("../../etc", "en"),
    ],
)
def test_a_page_is_in_the_language_that_the_browser_wants(
    app: Flask, accepted: str, language: str
) -> None:
    assert f'<html lang="{language}" dir="ltr"' in get(
        app, "/chatvisor/users", accepted
    )


def test_caches_keep_the_languages_apart(app: Flask) -> None:
    client = app.test_client()
    client.get("/sign-in/1")
    assert "Accept-Language" in client.get("/help").vary


@pytest.mark.parametrize(
    ("locale", "language"), [("de", "de"), ("de_AT", "de"), ("fr", "en"), ("en", "en")]
)
def test_flask_babels_locale_counts_where_it_is(
    app: Flask, locale: str, language: str
) -> None:
    Babel(app, locale_selector=lambda: locale)
    assert f'<html lang="{language}" dir="ltr"' in get(
        app, "/chatvisor/users", "en" if language == "de" else "de"
    )


def test_a_locale_that_is_forced_counts_at_once(app: Flask) -> None:
    Babel(app, default_locale="en")

    @app.get("/both")
    def both() -> str:
        here = render_template_string(BUTTON)
        with force_locale("de"):
            return here + render_template_string(BUTTON)

    html = get(app, "/both", "en", "1")
    assert html.index("Ask for help") < html.index("Um Hilfe bitten")
