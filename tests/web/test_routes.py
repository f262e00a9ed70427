"""Every route of the extension, and everybody who may come: one table."""

from __future__ import annotations

import time
import typing as t

import pytest
from flask import Flask
from flask import render_template_string
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import Agent
from flask_chatvisor.testing import AgentClient
from flask_chatvisor.testing import FakeService
from flask_chatvisor.web.cross_site import REQUEST_HEADER
from tests.conftest import JANE
from tests.conftest import JOHN
from tests.conftest import MARY
from tests.conftest import User
from tests.conftest import load_visitor
from tests.conftest import make_application

#: Mary and Jane are agents, but the policy shows Jane nobody. The last two are Mary's
#: browser on somebody else's page.
PEOPLE = ["stranger", "customer", "agent", "other agent", "cross-site", "other origin"]

SIGN_IN = 302
TABLE: dict[tuple[str, str], list[int]] = {
    ("GET", "/chatvisor/users"): [SIGN_IN, 403, 200, 200, 200, 200],
    ("GET", "/chatvisor/users.json"): [401, 403, 200, 200, 200, 200],
    ("GET", "/chatvisor/users/<path:query>"): [SIGN_IN, 403, 200, 200, 200, 200],
    ("GET", "/chatvisor/users/<path:query>.json"): [401, 403, 200, 200, 200, 200],
    ("GET", "/chatvisor/start"): [SIGN_IN, 403, 200, 200, 200, 200],
    ("POST", "/chatvisor/calls"): [401, 403, 200, 404, 403, 403],
    ("POST", "/chatvisor/token"): [401, 403, 200, 200, 403, 403],
    ("GET", "/chatvisor/static/<filename>"): [200, 200, 200, 200, 200, 200],
    ("GET", "/chatvisor/static/<version>/<filename>"): [200, 200, 200, 200, 200, 200],
    ("GET", "/chatvisor/me"): [200, 200, 200, 200, 403, 200],
    ("POST", "/chatvisor/events"): [401, 401, 401, 401, 401, 401],
}


def load_agent(user: User) -> Agent | None:
    return Agent(user.email, user.first_name) if user in (MARY, JANE) else None


def marys_only(agent: Agent, user: ActiveUser) -> bool:
    return agent.email == MARY.email


@pytest.fixture
def john(service: FakeService) -> str:
    return service.add(
        id=JOHN.id, email=JOHN.email, firstname="Johnathan", labels=["gold"]
    )


@pytest.fixture
def app(service: FakeService) -> Flask:
    chatvisor = Chatvisor()
    chatvisor.visitor_loader(load_visitor)
    chatvisor.agent_loader(load_agent)
    chatvisor.policy(marys_only)
    config = service.config().items()
    keys = {key.removeprefix("CHATVISOR_"): value for key, value in config}
    return make_application(chatvisor, **keys)[0]


def browser_of(app: Flask, person: str) -> tuple[FlaskClient, dict[str, str]]:
    client = app.test_client()
    user = {"stranger": None, "customer": JOHN, "other agent": JANE}.get(person, MARY)
    if user is not None:
        client.get(f"/sign-in/{user.id}")
    headers = {REQUEST_HEADER: "1"}
    if person == "cross-site":
        headers["Sec-Fetch-Site"] = "cross-site"
    if person == "other origin":
        headers["Origin"] = "https://evil.example.com"
    return client, headers


def ask(app: Flask, person: str, method: str, rule: str, visitor: str) -> TestResponse:
    client, headers = browser_of(app, person)
    path = rule.replace("<path:query>", JOHN.email)
    path = path.replace("<version>/<filename>", "v/main.js")
    path = path.replace("<filename>", "tag.js")
    data = {"visitorId": visitor} if method == "POST" else None
    return client.open(path, method=method, headers=headers, json=data, buffered=True)


def test_the_table_has_every_route(app: Flask) -> None:
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in ("chatvisor", "chatvisor_public")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(TABLE)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(("method", "rule"), TABLE)
def test_each_route_lets_in_whom_it_should(
    app: Flask, john: str, method: str, rule: str, person: str
) -> None:
    response = ask(app, person, method, rule, john)
    assert response.status_code == TABLE[method, rule][PEOPLE.index(person)]
    if response.status_code == SIGN_IN:
        assert "/sign-in" in response.location
    if "origin" in person:
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("person", ["stranger", "customer", "other agent"])
@pytest.mark.parametrize(("method", "rule"), TABLE)
def test_no_route_shows_a_user_to_who_may_not_see_that_user(
    app: Flask, john: str, method: str, rule: str, person: str
) -> None:
    response = ask(app, person, method, rule, john)
    told = response.text + str(response.headers)
    assert john not in told
    assert "Johnathan" not in told


# --- a policy holds in all of them alike


def agents(app: Flask) -> tuple[AgentClient, AgentClient]:
    """Mary's client, and that of Jane, who may see nobody."""
    return tuple(  # type: ignore[return-value]
        AgentClient(browser_of(app, person)[0]) for person in ("agent", "other agent")
    )


@pytest.mark.parametrize(
    "filters", [{}, {"q": "john"}, {"label": "gold"}, {"sort": "-name"}, {"page": 2}]
)
def test_a_policy_holds_for_any_list(
    app: Flask, john: str, filters: dict[str, t.Any]
) -> None:
    mary, jane = agents(app)
    assert mary.users(**filters).get_json()["total"] == 1
    assert jane.users(**filters).get_json()["total"] == 0


@pytest.mark.parametrize("named", ["id", "email", "visitor id"])
def test_a_policy_holds_for_one_user(app: Flask, john: str, named: str) -> None:
    query = {"id": JOHN.id, "email": JOHN.email, "visitor id": john}[named]
    mary, jane = agents(app)
    assert mary.user(query).get_json()["user"]["visitorId"] == john
    assert jane.user(query).get_json()["user"] is None


def test_a_policy_holds_for_starting_and_for_joining(
    app: Flask, service: FakeService, john: str
) -> None:
    mary, jane = agents(app)
    assert mary.start_call(john).status_code == 200
    assert jane.start_call(john).status_code == 404
    now = ActiveUser.from_json(mary.user(john).get_json()["user"]).since
    service.change(john, waiting_since=now)
    assert mary.start_call(john).status_code == 200
    assert jane.start_call(john).status_code == 404


def test_with_a_policy_a_token_opens_no_list_and_no_call(
    app: Flask, service: FakeService, john: str
) -> None:
    for agent in agents(app):
        token = agent.token().get_json()["token"]
        grant = tokens.verify_user(token, [service.api_token], now=time.time())
        assert grant.scope == {"presence"}


def test_a_token_for_a_call_is_for_that_visitor_and_nothing_else(
    app: Flask, service: FakeService, john: str
) -> None:
    token = agents(app)[0].start_call(john).get_json()["token"]
    grant = tokens.verify_user(token, [service.api_token], now=time.time())
    assert grant.visitor_id == john
    assert grant.scope == {"call"}


@pytest.mark.parametrize(
    "macro",
    [
        "start_button(query='1')",
        "user_status('john@example.com')",
        "active_users()",
        "active_users(q='john', label='gold')",
    ],
)
def test_a_policy_holds_for_the_macros(app: Flask, john: str, macro: str) -> None:
    name = macro.partition("(")[0]
    page = f'{{% from "chatvisor/macros.html" import {name} %}}{{{{ {macro} }}}}'
    app.add_url_rule("/page", view_func=lambda: render_template_string(page))
    shown = "Online" if name == "user_status" else john
    told = {
        person: browser_of(app, person)[0].get("/page").text
        for person in ("agent", "other agent", "customer", "stranger")
    }
    assert shown in told["agent"]
    assert shown not in told["other agent"]
    assert john not in told["other agent"]
    assert told["customer"] == told["stranger"] == ""


def test_a_start_button_for_a_visitor_by_id_gives_no_right(
    app: Flask, john: str
) -> None:
    # The template's author has named the visitor; the call is refused all the same.
    page = (
        '{% from "chatvisor/macros.html" import start_button %}'
        f"{{{{ start_button(visitor_id={john!r}) }}}}"
    )
    app.add_url_rule("/page", view_func=lambda: render_template_string(page))
    client, _ = browser_of(app, "other agent")
    assert john in client.get("/page").text
    assert AgentClient(client).start_call(john).status_code == 404
