"""What applications test with is itself true to the real thing."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Iterator

import pytest
import requests
from flask import Flask

from flask_chatvisor import testing
from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.api import PATHS
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.errors import BadAnswer
from flask_chatvisor.errors import ServiceError
from flask_chatvisor.errors import ServiceRefused
from flask_chatvisor.errors import ServiceUnavailable
from flask_chatvisor.rest.client import Client
from flask_chatvisor.rest.transport import Transport
from flask_chatvisor.testing import AgentClient
from flask_chatvisor.testing import FakeService
from flask_chatvisor.testing import block_of
from flask_chatvisor.testing import tag_of
from tests.conftest import JOHN
from tests.conftest import MARY
from tests.conftest import MakeApp


@pytest.fixture
def client(service: FakeService) -> Iterator[Client]:
    transport = Transport(service.url, service.api_token, (5, 5), sleep=no_pause)
    yield Client(transport, PATHS)
    transport.close()


def no_pause(_: float) -> None:
    """Do not sleep."""


# --- the tag of a page


def test_the_tag_of_a_page(app: Flask) -> None:
    browser = app.test_client()
    browser.get(f"/sign-in/{JOHN.id}")
    page = browser.get("/")
    tag = tag_of(page)
    assert tag is not None
    assert tag["email"] == "john@example.com"
    block = block_of(page)
    assert block is not None
    assert set(block) == {"tag", "reset", "refresh"}


@pytest.mark.parametrize("path", ["/", "/chatvisor/me", "/nowhere"])
def test_a_page_that_tags_nobody(app: Flask, path: str) -> None:
    assert tag_of(app.test_client().get(path)) is None


def test_another_data_block_is_not_the_tag(app: Flask) -> None:
    app.add_url_rule(
        "/other",
        view_func=lambda: '<script type="application/json" id="x">{"tag": 1}</script>',
    )
    assert block_of(app.test_client().get("/other")) is None


def test_a_tag_with_markup_in_it_is_read_whole(app: Flask) -> None:
    block = r'{"tag": {"firstname": "\u003c/script\u003e\u0026\u0022"}, "reset": true}'
    app.add_url_rule(
        "/hand-made",
        view_func=lambda: (
            '<script nonce="n" type="application/json" id="chatvisor-tag">'
            f"{block}</script><p>after</p>"
        ),
    )
    assert tag_of(app.test_client().get("/hand-made")) == {"firstname": '</script>&"'}


# --- the agent's client


def test_an_agent_lists_looks_and_calls(
    service: FakeService, make_app: MakeApp
) -> None:
    config = service.config()
    app = make_app(**{k.removeprefix("CHATVISOR_"): v for k, v in config.items()})
    john = service.add(id="1", email="john@example.com")
    browser = app.test_client()
    agent = AgentClient(browser)
    assert agent.users().status_code == 401
    browser.get(f"/sign-in/{MARY.id}")
    assert agent.users(q="john").get_json()["total"] == 1
    assert agent.user("john@example.com").get_json()["user"]["visitorId"] == john
    assert agent.start_call(john).get_json()["visitorId"] == john
    assert agent.token().get_json()["email"] == "mary@example.com"


def test_the_agents_client_finds_the_prefix(
    service: FakeService, make_app: MakeApp
) -> None:
    config = service.config() | {"CHATVISOR_URL_PREFIX": "/desk"}
    app = make_app(**{k.removeprefix("CHATVISOR_"): v for k, v in config.items()})
    browser = app.test_client()
    browser.get(f"/sign-in/{MARY.id}")
    assert AgentClient(browser).users().status_code == 200


# --- the service


def test_users_come_change_and_go(service: FakeService, client: Client) -> None:
    john = service.add(id="1", firstname="John", labels=["gold"])
    (user,) = client.active_users().results
    assert (user.visitor_id, user.firstname, user.labels) == (john, "John", ("gold",))
    service.change(john, firstname="Johnny", visible=False)
    found = client.status("1")
    assert found is not None
    assert (found.firstname, found.visible) == ("Johnny", False)
    service.remove(john)
    assert client.status("1") is None
    assert client.active_users().total == 0


def test_a_field_that_does_not_exist_is_refused(service: FakeService) -> None:
    with pytest.raises(TypeError, match="nickname"):
        service.add(nickname="Jo")


def test_the_list_is_paged(service: FakeService, client: Client) -> None:
    for name in "abc":
        service.add(firstname=name)
    second = client.active_users(Selection(page=2, page_size=2))
    assert [user.firstname for user in second.results] == ["c"]
    assert (second.total, second.page) == (3, 2)


def test_a_minted_token_is_a_real_one(service: FakeService, client: Client) -> None:
    minted = client.user_token("mary@example.com", "Mary", ttl=60, visitor_id="v-1")
    grant = tokens.verify_user(minted.token, [service.api_token], now=time.time())
    assert (grant.email, grant.name) == ("mary@example.com", "Mary")
    assert grant.visitor_id == "v-1"
    assert minted.expires_at is not None
    assert abs(minted.expires_at.timestamp() - grant.expires_at) < 1


@pytest.mark.parametrize("token", ["another", None])
def test_a_wrong_token_is_refused(service: FakeService, token: str | None) -> None:
    transport = Transport(service.url, token, (5, 5))
    with pytest.raises(ServiceRefused):
        Client(transport, PATHS).active_users()
    transport.close()


def test_user_tokens_open_what_their_scope_says(
    service: FakeService, client: Client
) -> None:
    def asking(scope: t.Sequence[str]) -> Client:
        minted = client.user_token("mary@example.com", "Mary", ttl=60, scope=scope)
        return Client(Transport(service.url, minted.token, (5, 5)), PATHS)

    lists, rings = asking(["list"]), asking(["presence"])
    assert lists.active_users().total == 0
    with pytest.raises(ServiceRefused):
        rings.active_users()
    with pytest.raises(ServiceRefused):
        lists.user_token("eve@example.com", "Eve", ttl=60)
    for one in (lists, rings):
        one.transport.close()


def test_it_fails_as_told_and_recovers(service: FakeService, client: Client) -> None:
    expected: dict[int, type[ServiceError]] = {
        401: ServiceRefused,
        404: BadAnswer,
        500: ServiceUnavailable,
        599: ServiceUnavailable,
    }
    for status, kind in expected.items():
        service.fail(status)
        with pytest.raises(kind):
            client.active_users()
    service.fail(None)
    assert client.active_users().total == 0


def test_requests_are_noted(service: FakeService, client: Client) -> None:
    client.active_users(Selection(q="john"))
    client.user_token("mary@example.com", "Mary", ttl=60)
    assert service.requests == [
        ("GET", "/rest/v1/customerstatus"),
        ("POST", "/rest/v1/usertoken"),
    ]


def test_it_has_a_script_and_nothing_else(service: FakeService) -> None:
    script = requests.get(service.config()["CHATVISOR_SCRIPT_URL"], timeout=5)
    assert script.status_code == 200
    assert script.headers["Content-Type"] == "text/javascript"
    headers = {"Authorization": f"Bearer {service.api_token}"}
    nothing = requests.get(f"{service.url}/nothing", headers=headers, timeout=5)
    assert nothing.status_code == 404
    assert nothing.json()["code"] == "not-found"


@pytest.mark.parametrize(
    "usual",
    [
        {"EMBEDDED": True},
        {"SCRIPT_ID": "abc", "API_TOKEN": "token"},
        {"SCRIPT_ID": "abc", "API_TOKEN": "token", "API_PATHS": {"list": "/x"}},
    ],
)
def test_its_configuration_takes_the_place_of_another_services(
    service: FakeService, make_app: MakeApp, usual: dict[str, t.Any]
) -> None:
    config = service.config()
    ours = {key.removeprefix("CHATVISOR_"): one for key, one in config.items()}
    app = make_app(**usual | ours)
    service.add(id="1")
    browser = app.test_client()
    browser.get(f"/sign-in/{MARY.id}")
    assert AgentClient(browser).users().get_json()["total"] == 1


def test_two_fakes_have_two_addresses() -> None:
    with FakeService() as one, FakeService() as other:
        assert one.url != other.url


def test_the_module_exports_what_it_documents() -> None:
    assert set(testing.__all__) == {"AgentClient", "FakeService", "block_of", "tag_of"}
