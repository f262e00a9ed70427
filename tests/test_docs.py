"""The manual and the README say what the code does, and their examples run."""

from __future__ import annotations

import ast
import dataclasses
import re
import socket
import textwrap
import typing as t
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path

import jinja2
import pytest
from flask import Flask
from flask import render_template_string
from flask.testing import FlaskClient
from flask_login import LoginManager
from flask_login import login_user
from jinja2 import nodes

import flask_chatvisor
from flask_chatvisor import Chatvisor
from flask_chatvisor import config
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.service import settings
from flask_chatvisor.service.protocol import EndReason
from flask_chatvisor.tag.announcement import Reason
from flask_chatvisor.testing import AgentClient
from flask_chatvisor.testing import FakeService
from flask_chatvisor.testing import tag_of

from .conftest import HTML
from .conftest import SCRIPT
from .conftest import USERS
from .conftest import make_application

ROOT = Path(__file__).parent.parent
PACKAGE = Path(flask_chatvisor.__file__).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.rst"))]
SETS_IT_UP_ITSELF = {"README.md", "quickstart.rst", "cloud.rst"}

MARKDOWN_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
RST_BLOCK = re.compile(r"^( *)\.\. code-block:: python\n\n((?:\1 +.*\n|\n)+)", re.M)
JINJA_BLOCK = re.compile(r"^\.\. code-block:: html\+jinja\n\n((?: +.*\n|\n)+)", re.M)
HOOKS = {
    "start_button": "data-chatvisor-start",
    "user_status": "data-chatvisor-status",
    "active_users": "data-chatvisor-query",
    "conference_button": "data-chatvisor-unavailable",
}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def page(name: str) -> str:
    return read(ROOT / "docs" / name)


def blocks(path: Path) -> list[str]:
    """The Python examples of a page, each after as many lines as are before it."""
    pattern, group = (MARKDOWN_BLOCK, 1) if path.suffix == ".md" else (RST_BLOCK, 2)
    text = read(path)
    return [
        "\n" * text.count("\n", 0, match.start(group))
        + textwrap.dedent(match.group(group))
        for match in pattern.finditer(text)
    ]


def portal() -> Flask:
    """An application as the manual's readers have one."""
    app = Flask("portal")
    app.config.update(
        SECRET_KEY="secret-of-the-tests",
        TESTING=True,
        CHATVISOR_EMBEDDED_BIND=f"127.0.0.1:{unused_port()}",
    )
    LoginManager(app).user_loader(USERS.get)
    app.add_url_rule("/", "home", lambda: HTML)
    app.add_url_rule(
        "/sign-in/<user_id>", "sign_in", lambda user_id: str(login_user(USERS[user_id]))
    )
    return app


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def create(more: Mapping[str, t.Any]) -> tuple[Flask, Chatvisor]:
    keys = {name.removeprefix("CHATVISOR_"): value for name, value in more.items()}
    return make_application(**keys)


def create_app(more: Mapping[str, t.Any]) -> Flask:
    return create(more)[0]


def sign_in(client: FlaskClient, email: str) -> None:
    (user_id,) = (user.id for user in USERS.values() if user.email == email)
    client.get(f"/sign-in/{user_id}")


def run(path: Path, app: Flask) -> dict[str, t.Any]:
    """Run the examples of a page one after the other, and the tests that they define.

    :param app: what the page calls ``app``.
    :return: what the examples define.
    """
    names: dict[str, t.Any] = {"__name__": "example", "app": app}
    names |= {"create_app": create_app, "sign_in": sign_in}
    names["chatvisor"] = chatvisor = Chatvisor()
    if path.name not in SETS_IT_UP_ITSELF:
        app.config.setdefault("CHATVISOR_SCRIPT_URL", SCRIPT)
        chatvisor.init_app(app)
    for block in blocks(path):
        exec(compile(block, path, "exec"), names)  # noqa: S102 - our own manual
    for name in [name for name in names if name.startswith("test_")]:
        names[name]()
    return names


@pytest.mark.parametrize(
    "path", [path for path in PAGES if blocks(path)], ids=lambda path: path.name
)
def test_the_examples_of_a_page_run(path: Path) -> None:
    run(path, portal())


def test_the_example_of_agents_who_leave_ends_their_calls(service: FakeService) -> None:
    app = portal()
    del app.config["CHATVISOR_EMBEDDED_BIND"]
    app.config.update(service.config())
    retire = run(ROOT / "docs" / "agents.rst", app)["retire"]
    mary = dataclasses.replace(next(one for one in USERS.values() if one.is_support))
    john = service.add(in_call=InCall(AgentRef(email=mary.email)))
    with app.app_context():
        retire(mary)
    assert not mary.is_support
    assert service._users[john].in_call is None


@pytest.fixture
def readme_app() -> Iterator[Flask]:
    app = portal()
    run(ROOT / "README.md", app)
    yield app
    app.extensions["chatvisor"].embedded.stop()


def test_the_readmes_example_tags_customers_and_lists_them_for_agents(
    readme_app: Flask,
) -> None:
    customer, agent = readme_app.test_client(), readme_app.test_client()
    sign_in(customer, "john@example.com")
    sign_in(agent, "mary@example.com")
    tag = tag_of(customer.get("/"))
    assert tag is not None
    assert tag["email"] == "john@example.com"
    assert tag_of(agent.get("/")) is None
    assert AgentClient(agent).users().get_json()["users"] == []
    assert AgentClient(customer).users().status_code == 403


def test_the_readme_is_short() -> None:
    assert len(read(ROOT / "README.md").splitlines()) <= 80


def documented(name: str, directive: str) -> Iterator[tuple[str, str | None]]:
    """Each name that a page has an entry for, with its value."""
    entry = re.compile(rf"^\.\. {directive}:: (\w+)\n(?: +:value: (.+)\n)?", re.M)
    for match in entry.finditer(page(name)):
        yield match[1], match[2]


def test_each_key_is_written_once_in_the_code_and_once_in_the_manual() -> None:
    (defaults,) = (
        node.value
        for node in ast.parse(read(PACKAGE / "config.py")).body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "DEFAULTS"
    )
    assert isinstance(defaults, ast.Dict)
    keys = [ast.literal_eval(key) for key in defaults.keys if key]
    assert len(keys) == len(set(keys))
    assert sorted(keys) == sorted(n for n, _ in documented("configuration.rst", "data"))


def test_the_manual_gives_each_keys_default() -> None:
    values = {
        name: ast.literal_eval(value) if value else None
        for name, value in documented("configuration.rst", "data")
    }
    assert values == config.DEFAULTS


def test_each_variable_of_the_service_is_in_the_manual_once() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.from_environ({"CHATVISOR_SERVICE_NO_SUCH": "x"})
    (fault,) = (one for one in caught.value.faults if "NO_SUCH" in one)
    known = re.findall(r"CHATVISOR_SERVICE_\w+", fault.partition("Settings are:")[2])
    assert sorted(known) == sorted(n for n, _ in documented("service.rst", "envvar"))


def test_each_public_name_is_in_the_manual() -> None:
    entry = re.compile(
        r"^\.\. (?:autoclass|autoexception|data):: (\w+)(?:\(\))?$", re.M
    )
    entries = entry.findall(page("api.rst"))
    assert sorted(entries) == sorted(flask_chatvisor.__all__)


def test_each_macro_is_in_the_manual_with_its_arguments() -> None:
    macros = read(PACKAGE / "templates" / "chatvisor" / "macros.html")
    signatures = re.findall(r"{%-? macro (.+?\)) -?%}", macros)
    assert len(signatures) >= 4
    assert [s for s in signatures if f"``{s}``" not in page("macros.rst")] == []


def jinja(template: str) -> nodes.Template:
    return jinja2.Environment(autoescape=True).parse(template)


def macro_calls(template: str) -> list[tuple[str, set[str]]]:
    """The macros that a template calls, each with the options that it gives."""
    return [
        (call.node.name, {option.key for option in call.kwargs})
        for call in jinja(template).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in HOOKS
    ]


def macro_examples() -> list[str]:
    found = map(textwrap.dedent, JINJA_BLOCK.findall(page("macros.rst")))
    return [template for template in found if macro_calls(template)]


def test_each_option_of_each_macro_has_an_example() -> None:
    source = read(PACKAGE / "templates" / "chatvisor" / "macros.html")
    macros = jinja(source).find_all(nodes.Macro)
    shown: dict[str, set[str]] = {}
    for template in macro_examples():
        for name, options in macro_calls(template):
            shown.setdefault(name, set()).update(options)
    assert shown == {macro.name: {one.name for one in macro.args} for macro in macros}


@pytest.mark.parametrize("template", macro_examples())
def test_each_example_of_a_macro_renders(template: str) -> None:
    called = [name for name, _ in macro_calls(template)]
    customer = "conference_button" in called
    imports = "{% from 'chatvisor/macros.html' import " + ", ".join(HOOKS) + " %}"
    with FakeService() as service:
        service.add(id="1", email="john@example.com")
        app, chatvisor = create(service.config())

        @app.get("/example")
        def example() -> str:
            listing = None if customer else chatvisor.directory.active_users()
            names = {"customer": USERS["1"], "listing": listing}
            return render_template_string(imports + template, **names)

        client = app.test_client()
        sign_in(client, "john@example.com" if customer else "mary@example.com")
        html = client.get("/example").text
    assert [name for name in called if f"{HOOKS[name]}=" not in html] == []


def test_each_picture_has_an_alternative_text() -> None:
    text = "\n".join(map(read, (ROOT / "docs").glob("*.rst")))
    pictures = re.findall(r"\.\. (?:image|figure):: (.+)\n((?: +:.*\n)*)", text)
    assert len(pictures) > 50
    assert [name for name, options in pictures if ":alt: " not in options] == []


def listed(name: str) -> list[str]:
    """The words in the first column of a page's tables."""
    return [
        word
        for row in re.findall(
            r"^ +\* - (``[a-z-]+``(?:, ``[a-z-]+``)*)$", page(name), re.M
        )
        for word in re.findall(r"[a-z-]+", row)
    ]


def test_each_end_of_a_call_is_in_the_manual_once() -> None:
    assert sorted(listed("agents.rst")) == sorted(EndReason)


def test_each_reason_against_a_tag_is_in_the_manual_once() -> None:
    assert sorted(listed("security.rst")) == sorted(Reason)


@pytest.mark.parametrize("name", ["hard-pages.rst", "security.rst"])
def test_each_test_that_the_manual_names_is_there(name: str) -> None:
    named = re.findall(r"``(tests/[\w/]+\.py)::(test_\w+)``", page(name))
    assert len(named) > 30
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"^def {name}\(", read(ROOT / path), re.M)
    ]
    assert missing == []
