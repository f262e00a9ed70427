"""``flask chatvisor``: what it prints, and how it exits."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import typing as t
from email.utils import format_datetime
from pathlib import Path

import pytest
from flask import Flask
from flask import Response
from flask import redirect
from flask import render_template_string
from flask.testing import FlaskCliRunner

import flask_chatvisor
from flask_chatvisor.cli import checks
from flask_chatvisor.cli.checks import clock_difference
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.state import state_of
from flask_chatvisor.tag.announcement import Reason
from flask_chatvisor.tag.csp import needed_sources
from flask_chatvisor.testing import FakeService
from tests.conftest import JOHN
from tests.conftest import MARY
from tests.conftest import load_agent
from tests.conftest import load_visitor
from tests.conftest import make_application
from tests.doubles.upstream import Upstream
from tests.doubles.upstream import answer
from tests.doubles.upstream import answer_json

PACKAGE_IS_IN = Path(flask_chatvisor.__file__).parents[1]
NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
SCRIPT = answer(200, b"'use strict';", kind="text/javascript")
EMPTY = {"page": 1, "total": 0, "results": []}


def runner(chatvisor: Chatvisor | None = None, /, **keys: t.Any) -> FlaskCliRunner:
    keys = {key.removeprefix("CHATVISOR_"): value for key, value in keys.items()}
    app, _ = make_application(chatvisor, **keys)
    return app.test_cli_runner()


def run(commands: FlaskCliRunner, *arguments: str) -> tuple[int, str]:
    result = commands.invoke(args=["chatvisor", *arguments])
    return result.exit_code, result.output


# --- check


def test_check_says_that_all_is_well(service: FakeService) -> None:
    code, output = run(runner(**service.config()), "check")
    assert code == 0
    assert "ok      script: 13 bytes of JavaScript" in output
    assert "ok      API token: accepted; the clocks are" in output
    assert "failed" not in output


def test_check_shows_the_configuration_without_secrets(service: FakeService) -> None:
    keys = service.config() | {
        "IDENTITY_KEY": ["key-one-secret" * 3, "key-two-secret" * 3]
    }
    _, output = run(runner(**keys), "check")
    assert service.url in output
    assert "2 key(s)" in output
    assert service.api_token not in output
    assert "secret" not in output


def test_check_tells_whether_there_is_a_consent_loader(service: FakeService) -> None:
    chatvisor = Chatvisor()
    _, output = run(runner(chatvisor, **service.config()), "check")
    assert re.search(r"^consent loader +no$", output, re.M)
    chatvisor.consent_loader(lambda user: True)
    _, output = run(runner(chatvisor, **service.config()), "check")
    assert re.search(r"^consent loader +yes$", output, re.M)


def test_check_says_that_nobody_is_an_agent(service: FakeService) -> None:
    _, output = run(runner(Chatvisor(), **service.config()), "check")
    assert "no agents" in output


def test_check_fails_where_the_token_is_refused(service: FakeService) -> None:
    keys = service.config() | {"CHATVISOR_API_TOKEN": "another-token" * 3}
    code, output = run(runner(**keys), "check")
    assert code == 1
    assert "failed  API token" in output
    assert "CHATVISOR_API_TOKEN" in output
    assert "ok      script" in output


def test_check_fails_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    keys = {"SCRIPT_URL": f"{url}/x.js", "API_URL": url, "API_TOKEN": "api-token" * 4}
    code, output = run(runner(**keys), "check")
    assert code == 1
    assert "CHATVISOR_SCRIPT_URL" in output
    assert "CHATVISOR_API_URL" in output


def test_check_fails_where_the_script_is_a_page() -> None:
    with Upstream(answer(200, b"<html>", kind="text/html")) as upstream:
        keys = {"SCRIPT_URL": f"{upstream.url}/x.js", "API_URL": upstream.url}
        code, output = run(runner(**keys), "check")
    assert code == 1
    assert "text/html, not JavaScript" in output


def test_check_does_not_send_the_token_to_the_scripts_host(
    service: FakeService,
) -> None:
    with Upstream(SCRIPT) as cdn:
        keys = service.config() | {"CHATVISOR_SCRIPT_URL": f"{cdn.url}/x.js"}
        run(runner(**keys), "check")
    (request,) = cdn.requests
    assert "Authorization" not in request.headers


def test_check_fails_where_the_clocks_differ() -> None:
    then = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    body = json.dumps(EMPTY).encode()
    late = answer(200, body, Date=format_datetime(then, usegmt=True))
    with Upstream(SCRIPT, late) as upstream:
        keys = {"SCRIPT_URL": f"{upstream.url}/x.js", "API_URL": upstream.url}
        code, output = run(runner(**keys, API_TOKEN="api-token" * 4), "check")
    assert code == 1
    assert "s ahead of the service's" in output


def test_check_takes_a_service_without_a_clock() -> None:
    with Upstream(SCRIPT, answer_json(EMPTY)) as upstream:
        keys = {"SCRIPT_URL": f"{upstream.url}/x.js", "API_URL": upstream.url}
        code, output = run(runner(**keys, API_TOKEN="api-token" * 4), "check")
    assert code == 0
    assert "the service's clock is unknown" in output


def test_the_difference_of_clocks_has_a_sign() -> None:
    headers = {"Date": format_datetime(NOON, usegmt=True)}
    assert clock_difference(headers, NOON.timestamp() + 40) == 40
    assert clock_difference(headers, NOON.timestamp() - 40) == -40
    assert clock_difference({"Date": "noon"}, 0) is None
    assert clock_difference({}, 0) is None


def test_check_of_the_browsers_directory_asks_the_script_alone(
    service: FakeService,
) -> None:
    keys = service.config() | {"CHATVISOR_DIRECTORY": "browser"}
    code, output = run(runner(**keys), "check")
    assert code == 0
    assert "not used, because" in output
    assert service.requests == [("GET", "/cdn/js/fake.js")]


def test_check_of_what_is_off_tries_nothing(service: FakeService) -> None:
    code, output = run(runner(**service.config(), ENABLED=False), "check")
    assert code == 0
    assert "CHATVISOR_ENABLED is False" in output
    assert service.requests == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_check_starts_the_embedded_service_and_stops_it() -> None:
    port = free_port()
    commands = runner(EMBEDDED=True, EMBEDDED_BIND=f"127.0.0.1:{port}")
    code, output = run(commands, "check")
    assert code == 0, output
    assert "ok      embedded: running" in output
    assert "ok      API token: accepted" in output
    with socket.create_server(("127.0.0.1", port)):
        pass  # The address is free again.


def test_check_fails_where_something_else_has_the_embedded_services_address(
    service: FakeService,
) -> None:
    bind = service.url.removeprefix("http://")
    code, output = run(runner(EMBEDDED=True, EMBEDDED_BIND=bind), "check")
    assert code == 1
    assert "CHATVISOR_EMBEDDED_BIND" in output


# --- check --url


def with_pages(service: FakeService, policy: str = "") -> Flask:
    """An application with all kinds of pages, and this policy."""
    config = service.config() | {"CHATVISOR_IDENTITY_KEY": "signing-key" * 3}
    keys = {key.removeprefix("CHATVISOR_"): value for key, value in config.items()}
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(load_visitor)
    chatvisor.agent_loader(load_agent)
    app, _ = make_application(chatvisor, **keys)
    html = "<body>Hello</body>"
    app.add_url_rule("/exempt", view_func=chatvisor.exempt(lambda: html))
    app.add_url_rule("/json", "json", lambda: {"a": 1})
    app.add_url_rule("/moved", "moved", lambda: redirect("/elsewhere"))
    app.add_url_rule("/stream", "stream", lambda: iter([html]))
    app.add_url_rule("/fragment", "fragment", lambda: "<li>one</li>")
    by_hand = "<body>{{ chatvisor_tag() }}</body>"
    app.add_url_rule("/hand", "hand", lambda: render_template_string(by_hand))

    @app.after_request
    def protect(response: Response) -> Response:
        if policy:
            response.headers["Content-Security-Policy"] = policy
        return response

    return app


def look(app: Flask, url: str, user: str = "") -> tuple[int, list[str]]:
    """Check one page: the exit code, and what is said of it."""
    options = ["--url", url, *(["--user", user] if user else [])]
    code, output = run(app.test_cli_runner(), "check", *options)
    heads = f" page {url}: ", f" policy of {url}: "
    lines = output.splitlines()
    return code, [line for line in lines if any(head in line for head in heads)]


def test_check_tells_who_would_be_tagged(service: FakeService) -> None:
    code, (page, policy) = look(with_pages(service), "/", JOHN.id)
    assert code == 0
    assert page.startswith("ok      page /: tagged: {")
    assert json.loads(page.partition("tagged: ")[2]) == {
        "id": "1",
        "email": "john@example.com",
        "firstname": "John",
        "lastname": "Doe",
    }
    assert policy == "ok      policy of /: no policy, so nothing is blocked"


@pytest.mark.parametrize(
    ("url", "user", "code", "said"),
    [
        ("/", "", 0, "not tagged: anonymous (nobody is signed in; name a user with"),
        ("/", MARY.id, 0, "not tagged: agent"),
        ("/exempt", JOHN.id, 0, "not tagged: exempt"),
        ("/json", JOHN.id, 0, "not tagged: not-html"),
        ("/hand", JOHN.id, 0, 'tagged: {"id": "1"'),
        ("/hand", "", 0, "not tagged: manual"),
        ("/stream", JOHN.id, 1, "not tagged: streamed"),
        ("/fragment", JOHN.id, 1, "not tagged: no-body"),
        ("/nowhere", JOHN.id, 1, "It answered 404."),
        ("/moved", JOHN.id, 1, "It answered 302, to http://localhost/elsewhere."),
    ],
)
def test_check_tells_why_nobody_is_tagged(
    service: FakeService, url: str, user: str, code: int, said: str
) -> None:
    exit_code, lines = look(with_pages(service), url, user)
    assert exit_code == code
    assert lines[0].startswith("ok" if code == 0 else "failed")
    assert said in lines[0]


def test_check_knows_a_remedy_for_every_reason() -> None:
    assert set(checks._WHY) == set(Reason)


def test_check_says_that_there_is_no_such_user(service: FakeService) -> None:
    code, (page,) = look(with_pages(service), "/", "99")
    assert code == 1
    assert "user_loader found no user '99'" in page


def test_check_of_a_user_wants_a_page(service: FakeService) -> None:
    code, output = run(runner(**service.config()), "check", "--user", "1")
    assert code == 2
    assert "--user needs --url" in output


def test_check_leaves_the_application_as_it_was(service: FakeService) -> None:
    app = with_pages(service)
    look(app, "/", JOHN.id)
    assert "X-Chatvisor" not in app.test_client().get("/").headers


def test_check_names_what_a_policy_lacks(service: FakeService) -> None:
    socket_origin = service.url.replace("http", "ws")
    app = with_pages(service, f"default-src 'self'; connect-src {service.url}")
    code, (_, policy) = look(app, "/", JOHN.id)
    assert code == 1
    assert policy.startswith("failed  policy of /: ")
    assert f"script-src lacks {service.url}; connect-src lacks 'self'" in policy
    assert f"connect-src lacks {socket_origin}" in policy
    assert f"connect-src lacks {service.url}" not in policy
    assert "chatvisor.csp()" in policy


def test_check_is_content_with_what_csp_names(service: FakeService) -> None:
    app = with_pages(service)
    with app.app_context():
        named = needed_sources(state_of(app).settings.browser_origins)
    policy = "; ".join(f"{one} {' '.join(sources)}" for one, sources in named.items())
    code, (_, said) = look(with_pages(service, policy), "/", JOHN.id)
    assert code == 0
    assert "allows all required sources" in said


def test_check_knows_the_pages_nonce(service: FakeService) -> None:
    policy = "script-src 'nonce-abc' 'strict-dynamic'"
    app = with_pages(service, policy)
    app.jinja_env.globals["csp_nonce"] = "abc"
    assert look(app, "/", JOHN.id)[0] == 0
    assert look(app, "/")[0] == 0
    app.jinja_env.globals["csp_nonce"] = "another"
    assert look(app, "/", JOHN.id)[0] == 1


def test_check_fetches_a_page_of_a_running_application(service: FakeService) -> None:
    headers = {"X_Chatvisor": "anonymous", "Content_Security_Policy": "script-src *"}
    page = answer(200, b"<body></body>", kind="text/html", **headers)
    with Upstream(page) as upstream:
        code, lines = look(with_pages(service), f"{upstream.url}/login/?next=1")
    assert code == 0
    assert "not tagged: anonymous" in lines[0]
    assert "allows all required sources" in lines[1]
    (request,) = upstream.requests
    assert request.target == "/login/?next=1"
    assert request.headers["Accept"] == "text/html"
    assert "Authorization" not in request.headers


def test_check_says_what_it_cannot_tell_of_a_running_application(
    service: FakeService,
) -> None:
    with Upstream(answer(200, b"<body></body>", kind="text/html")) as upstream:
        code, lines = look(with_pages(service), upstream.url)
    assert code == 0
    assert "CHATVISOR_DEBUG_HEADER" in lines[0]


def test_check_fails_for_a_page_that_is_not_there(service: FakeService) -> None:
    with Upstream(answer(404)) as upstream:
        code, (page,) = look(with_pages(service), f"{upstream.url}/x")
    assert code == 1
    assert page.endswith("/x answered 404.")


def test_check_looks_at_several_pages(service: FakeService) -> None:
    commands = with_pages(service).test_cli_runner()
    code, output = run(commands, "check", "--url", "/", "--url", "/nowhere")
    assert code == 1
    assert "ok      page /: " in output
    assert "failed  page /nowhere: " in output


# --- users


def test_users_are_a_table(service: FakeService) -> None:
    service.add(
        firstname="John",
        lastname="Doe",
        email="john@example.com",
        location=Page("Invoices", "/invoices"),
    )
    service.add(firstname="Anna", visible=False)
    service.add(firstname="Bert", in_call=InCall(AgentRef("Mary", "mary@example.com")))
    service.add(firstname="Zoe", waiting_since=NOON)
    code, output = run(runner(**service.config()), "users")
    assert code == 0
    head, *rows = output.splitlines()
    assert head.split() == ["NAME", "E-MAIL", "PAGE", "SINCE", "STATE", "VISITOR"]
    assert [row.split()[0] for row in rows] == ["Zoe", "Anna", "Bert", "John"]
    assert "waiting" in rows[0]
    assert "in background" in rows[1]
    assert "in a call with Mary" in rows[2]
    assert "/invoices" in rows[3]
    assert len({row.index("visitor-") for row in rows}) == 1


def test_users_are_json(service: FakeService) -> None:
    john = service.add(firstname="John")
    code, output = run(runner(**service.config()), "users", "--json")
    assert code == 0
    data = json.loads(output)
    assert data["total"] == 1
    assert data["users"][0]["visitorId"] == john


def test_users_are_filtered_and_sorted(service: FakeService) -> None:
    service.add(firstname="Anna", labels=["gold"])
    service.add(firstname="Bert", labels=["gold"], assigned_user="mary@example.com")
    service.add(firstname="Cleo")
    commands = runner(**service.config())

    def names(*options: str) -> list[str]:
        data = json.loads(run(commands, "users", "--json", *options)[1])
        return [user["firstname"] for user in data["users"]]

    assert names("--label", "gold", "--sort", "-name") == ["Bert", "Anna"]
    assert names("--assigned", "mary@example.com") == ["Bert"]
    assert names("--assigned", "nobody") == ["Anna", "Cleo"]
    assert names("--q", "cle") == ["Cleo"]


def test_users_are_everybody_whatever_a_policy_says(service: FakeService) -> None:
    chatvisor = Chatvisor()
    chatvisor.agent_loader(load_agent)
    chatvisor.policy(lambda agent, user: False)
    service.add(firstname="Anna")
    _, output = run(runner(chatvisor, **service.config()), "users")
    assert "Anna" in output


def test_users_of_an_embedded_service_that_does_not_run_say_how_to_start_it() -> None:
    commands = runner(EMBEDDED=True, EMBEDDED_BIND=f"127.0.0.1:{free_port()}")
    code, output = run(commands, "users")
    assert code == 1
    assert "Start the application" in output
    assert "CHATVISOR_EMBEDDED_BIND" in output
    assert "CHATVISOR_API_URL" not in output


def test_a_name_does_not_steer_the_terminal(service: FakeService) -> None:
    service.add(firstname="\x1b[2J\x07John\r\n\u202e")
    _, output = run(runner(**service.config()), "users")
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert len(output.splitlines()) == 2


def test_an_empty_list_says_so(service: FakeService) -> None:
    code, output = run(runner(**service.config()), "users")
    assert (code, output) == (0, "Nobody is active.\n")
    code, output = run(runner(**service.config()), "users", "--q", "anna")
    assert (code, output) == (0, "No active users match.\n")


def test_trouble_is_one_line_and_an_exit_code(service: FakeService) -> None:
    service.fail(500)
    code, output = run(runner(**service.config()), "users")
    assert code == 1
    assert output.startswith("Error: The service at")
    assert len(output.splitlines()) == 1


def test_the_browsers_directory_cannot_be_listed_here(service: FakeService) -> None:
    keys = service.config() | {"CHATVISOR_DIRECTORY": "browser"}
    code, output = run(runner(**keys), "users")
    assert code == 1
    assert "CV.user.list" in output


# --- serve


PORTAL = """
from flask import Flask
from flask_chatvisor import Chatvisor

app = Flask("portal")
app.config["CHATVISOR_SCRIPT_URL"] = "https://help.example.com/x.js"
Chatvisor(app)
"""


def serve(tmp_path: Path, portal: str, **settings: str) -> subprocess.Popen[str]:
    """``flask chatvisor serve``, as one types it."""
    (tmp_path / "portal.py").write_text(textwrap.dedent(portal))
    variables = {f"CHATVISOR_SERVICE_{key}": value for key, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "portal", "chatvisor", "serve"],
        env={**os.environ, "PYTHONPATH": f"{PACKAGE_IS_IN}:{tmp_path}", **variables},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_serve_runs_the_service_until_it_is_told_to_stop(tmp_path: Path) -> None:
    settings = {"API_TOKEN": "api-token" * 4, "BIND": "127.0.0.1:0"}
    with serve(tmp_path, PORTAL, **settings) as process:
        assert process.stdout is not None
        assert "Chatvisor service at http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_serve_names_every_faulty_setting(tmp_path: Path) -> None:
    with serve(tmp_path, PORTAL, BIND="nowhere") as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "CHATVISOR_SERVICE_API_TOKEN" in errors
    assert "CHATVISOR_SERVICE_BIND" in errors
    assert "Traceback" not in errors


def test_serve_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    missing = "import sys\nsys.modules['starlette'] = None\n"
    with serve(tmp_path, missing + PORTAL) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert 'pip install "flask-chatvisor[service]"' in errors
    assert "Traceback" not in errors


def test_the_commands_are_the_applications_own(service: FakeService) -> None:
    assert "chatvisor" not in Flask("other").cli.commands
    code, output = run(runner(**service.config()), "--help")
    assert code == 0
    assert all(name in output for name in ("check", "serve", "users"))
