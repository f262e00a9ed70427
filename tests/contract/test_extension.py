"""An application and a backend together: what an agent does, over both."""

from __future__ import annotations

import typing as t

from flask.testing import FlaskClient

from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.testing import AgentClient
from tests.conftest import MARY
from tests.conftest import load_agent
from tests.conftest import make_application
from tests.contract.conftest import Backend
from tests.contract.conftest import Visits
from tests.contract.test_rest import unique


def agent_of(backend: Backend, chatvisor: Chatvisor | None = None) -> AgentClient:
    """Mary, an agent, in an application that uses this backend."""
    chatvisor = chatvisor or Chatvisor()
    chatvisor.agent_loader(load_agent)
    app, _ = make_application(
        chatvisor,
        SCRIPT_URL=f"{backend.url}/cdn/js/x.js",
        API_URL=backend.url,
        API_TOKEN=backend.token,
        CACHE_SECONDS=0,
    )
    client: FlaskClient = app.test_client()
    client.get(f"/sign-in/{MARY.id}")
    return AgentClient(client)


def ids(response: t.Any) -> list[str]:
    return [user["visitorId"] for user in response.get_json()["users"]]


def test_an_agent_sees_who_is_there(
    backend: Backend, visit: Visits, label: str
) -> None:
    agent = agent_of(backend)
    assert ids(agent.users(label=label)) == []
    tab = visit(id=unique(), firstname="John", labels=[label], path="/invoices")
    (user,) = agent.users(label=label).get_json()["users"]
    assert user["since"] == backend.users(label=label)[0]["since"]
    assert (user["firstname"], user["lastname"]) == ("John", None)
    assert agent.user(user["id"]).get_json()["user"]["visitorId"] == tab.visitor_id


def test_an_agent_calls_with_a_token_that_is_good_once(
    backend: Backend, visit: Visits
) -> None:
    agent = agent_of(backend)
    tab, other = visit(id=unique()), visit(id=unique())
    token = agent.start_call(tab.visitor_id).get_json()["token"]
    for path in ("", "/" + tab.visitor_id):
        listed = backend.get(f"/rest/v1/customerstatus{path}", token)
        assert listed.problem() == (403, "scope-missing")
    to_other = {"visitorId": other.visitor_id, "kind": "screen"}
    refused = backend.post("/rest/v1/call", to_other, token)
    assert refused.problem() == (403, "wrong-visitor")
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    call = backend.post("/rest/v1/call", wanted, token)
    assert call.status == 201
    visit.call_window(call.json["url"])
    assert tab.until("ring")["agent"] == {"name": "Mary", "email": "mary@example.com"}
    again = backend.post("/rest/v1/call", wanted, token)
    assert again.problem() == (401, "token-used")


def test_after_a_no_the_agent_reads_how_long_to_wait(
    backend: Backend, visit: Visits
) -> None:
    agent = agent_of(backend)
    tab = visit(id=unique())
    token = agent.start_call(tab.visitor_id).get_json()["token"]
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    visit.call_window(backend.post("/rest/v1/call", wanted, token).json["url"])
    tab.send({"type": "decline", "callId": tab.until("ring")["callId"]})
    tab.settle()
    response = agent.start_call(tab.visitor_id)
    assert response.status_code == 429
    problem = response.get_json()
    assert problem["code"] == "asked-recently"
    assert problem["detail"] == "This user did not accept a moment ago."
    wait = response.headers["Retry-After"]
    assert problem["remedy"] == f"Try again in {wait} seconds."
    german = {"X-Chatvisor-Request": "1", "Accept-Language": "de"}
    body = {"visitorId": tab.visitor_id}
    response = agent._client.post("/chatvisor/calls", json=body, headers=german)
    problem = response.get_json()
    assert problem["detail"] == "Diese Person hat eben nicht angenommen."
    assert problem["remedy"].startswith("Versuchen Sie es in ")
    # It is no outage: everything else goes on.
    assert agent.users().status_code == 200


def test_an_agent_who_signs_out_is_out_of_the_call(
    backend: Backend, visit: Visits
) -> None:
    agent = agent_of(backend)
    tab, other = visit(id=unique()), visit(id=unique())
    token = agent.start_call(tab.visitor_id).get_json()["token"]
    unused = agent.start_call(other.visitor_id).get_json()["token"]
    page = agent.token().get_json()["token"]
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    call = backend.post("/rest/v1/call", wanted, token)
    window = visit.call_window(call.json["url"])
    tab.until("ring")
    agent._client.get("/sign-out")
    assert window.until("call-state")["reason"] == "agent-ended"
    assert tab.until("unring")["reason"] == "agent-ended"
    wanted["visitorId"] = other.visitor_id
    refused = backend.post("/rest/v1/call", wanted, unused)
    assert refused.problem() == (401, "token-revoked")
    refused = backend.get("/rest/v1/customerstatus", page)
    assert refused.problem() == (401, "token-revoked")


def test_who_is_being_called_is_busy_to_the_next_agent(
    backend: Backend, visit: Visits
) -> None:
    agent = agent_of(backend)
    tab = visit(id=unique())
    token = agent.start_call(tab.visitor_id).get_json()["token"]
    wanted = {"visitorId": tab.visitor_id, "kind": "screen"}
    backend.post("/rest/v1/call", wanted, token)
    response = agent.start_call(tab.visitor_id)
    assert response.status_code == 409
    assert response.get_json()["agent"] == "Mary"


def test_who_has_left_is_gone(backend: Backend, visit: Visits) -> None:
    agent = agent_of(backend)
    tab = visit(id=unique())
    tab.send({"type": "reset"})
    tab.until("welcome")
    response = agent.start_call(tab.visitor_id)
    assert response.status_code == 404
    assert response.get_json()["code"] == "visitor-gone"


def test_an_agents_page_is_told_of_changes(
    backend: Backend, visit: Visits, label: str
) -> None:
    agent = agent_of(backend)
    token = agent.token().get_json()["token"]
    ticks = visit.agent(token)
    before = ticks.until("tick")["n"]
    tab = visit(id=unique(), labels=[label])
    tick = ticks.until("tick")["n"]
    assert tick > before
    listed: list[str] = []
    while not listed:
        listed = ids(agent.users(label=label, tick=tick))
        tick = tick if listed else ticks.until("tick")["n"]
    assert listed == [tab.visitor_id]


def test_with_a_policy_the_page_token_lists_nobody(
    backend: Backend, visit: Visits, label: str
) -> None:
    chatvisor = Chatvisor()
    chatvisor.policy(lambda agent, user: user.assigned_user == agent.email)
    agent = agent_of(backend, chatvisor)
    mine = visit(id=unique(), labels=[label], assignedUser="mary@example.com")
    other = visit(id=unique(), labels=[label])
    assert ids(agent.users(label=label)) == [mine.visitor_id]
    assert agent.start_call(other.visitor_id).status_code == 404
    token = agent.token().get_json()["token"]
    listed = backend.get("/rest/v1/customerstatus", token)
    assert listed.problem() == (403, "scope-missing")
    assert visit.agent(token).until("tick")


def test_the_manuals_policy_shows_whom_nobody_looks_after(
    backend: Backend, visit: Visits, label: str
) -> None:
    chatvisor = Chatvisor()
    chatvisor.policy(lambda agent, user: user.assigned_user in (None, agent.email))
    agent = agent_of(backend, chatvisor)
    adams = visit(id=unique(), labels=[label], assignedUser="adam@example.com")
    nobodys = visit(id=unique(), labels=[label])
    assert ids(agent.users(label=label)) == [nobodys.visitor_id]
    assert agent.start_call(adams.visitor_id).status_code == 404
