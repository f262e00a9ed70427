"""Tags, and permission to call, tested like in any application."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from flask_chatvisor.testing import AgentClient
from flask_chatvisor.testing import FakeService
from flask_chatvisor.testing import tag_of

from .conftest import SignIn


def test_a_customer_is_tagged_with_this_and_nothing_else(john: FlaskClient) -> None:
    assert tag_of(john.get("/")) == {
        "id": "1",
        "email": "john@example.com",
        "firstname": "John",
        "lastname": "Doe",
        "labels": ["team"],
        "assignedUser": "mary@example.com",
    }


def test_nobody_is_tagged_after_signing_out(john: FlaskClient) -> None:
    john.get("/logout")
    assert tag_of(john.get("/login")) is None


@pytest.mark.parametrize("name", ["mary", "adam"])
def test_agents_find_a_customer_and_call(
    sign_in: SignIn, service: FakeService, name: str
) -> None:
    john = service.add(id="1", email="john@example.com", firstname="John")
    agent = AgentClient(sign_in(name))
    assert [
        user["visitorId"] for user in agent.users(q="john").get_json()["users"]
    ] == [john]
    assert agent.user("john@example.com").get_json()["user"]["firstname"] == "John"
    call = agent.start_call(john)
    assert call.status_code == 200
    assert call.get_json()["visitorId"] == john


def test_customers_see_nobody_and_call_nobody(
    john: FlaskClient, service: FakeService
) -> None:
    jane = service.add(id="2", email="jane@example.com")
    customer = AgentClient(john)
    for answer in (customer.users(), customer.user("2"), customer.start_call(jane)):
        assert answer.status_code == 403
        assert jane not in answer.text
    assert service.requests == []


def test_a_call_to_who_has_left_is_refused(
    mary: FlaskClient, service: FakeService
) -> None:
    john = service.add(id="1")
    service.remove(john)
    assert AgentClient(mary).start_call(john).status_code == 404


def test_customers_do_not_notice_that_the_service_is_down(
    john: FlaskClient, service: FakeService
) -> None:
    service.fail(503)
    assert john.get("/invoices").status_code == 200
    assert service.requests == []
