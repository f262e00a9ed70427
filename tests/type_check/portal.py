"""An application as one writes it, for the type checkers: it is never run.

``make lint`` checks it with all the strictness there is. Each ``type: ignore`` stands
where a checker must complain; one that does not would be an error itself.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask

from flask_chatvisor import ActiveUser
from flask_chatvisor import Agent
from flask_chatvisor import Chatvisor
from flask_chatvisor import ServiceError
from flask_chatvisor import Visitor
from flask_chatvisor import call_ended
from flask_chatvisor.directory import Directory
from flask_chatvisor.directory import Listing
from flask_chatvisor.testing import AgentClient
from flask_chatvisor.testing import FakeService
from flask_chatvisor.testing import tag_of


@dataclass
class User:
    id: int
    email: str
    is_support: bool


chatvisor = Chatvisor()


@chatvisor.visitor_loader
def visitor(user: User) -> Visitor | None:
    return Visitor(id=str(user.id), email=user.email, labels=["gold"])


@chatvisor.agent_loader
def agent(user: User) -> Agent | None:
    return Agent(user.email) if user.is_support else None


@chatvisor.policy
def may_see(agent: Agent, user: ActiveUser) -> bool:
    return user.assigned_user in (None, agent.email)


@chatvisor.consent_loader
def consented(user: User) -> bool:
    return user.id > 0


@chatvisor.user_token_loader
def token(agent: Agent) -> str:
    return agent.email


app = Flask(__name__)
chatvisor.init_app(app)


@app.get("/support")
@chatvisor.agent_required
def support() -> dict[str, list[str]]:
    directory: Directory = chatvisor.directory
    try:
        listing: Listing = directory.active_users(q="john", page=2)
    except ServiceError as error:
        return {error.code: [error.message, error.remedy]}
    found: ActiveUser | None = directory.status("1", agent=Agent("mary@example.com"))
    waits: dt.datetime | None = found.waiting_since if found else None
    called = listing.users[0].in_call
    name: str | None = called.agent.name if called else None
    return {user.name: list(user.labels) for user in listing.users} | {
        "as of": [str(listing.as_of), str(listing.trouble), str(waits), str(name)]
    }


@app.get("/free")
@chatvisor.exempt
def free() -> str:
    return str(chatvisor.csp()["script-src"])


# A decorated function is still the function that it was.
number: int = len(free())
seen: bool = may_see(Agent("mary@example.com"), ActiveUser(visitor_id="v"))


@call_ended.connect
def note(sender: Flask, event: Mapping[str, t.Any]) -> None:
    sender.logger.info("%s", event["reason"])


def test_portal() -> None:
    with FakeService() as service:
        john: str = service.add(id="1")
        client = app.test_client()
        tag: dict[str, t.Any] | None = tag_of(client.get("/"))
        assert tag == {"id": "1"}
        assert AgentClient(client).start_call(john).status_code == 200


def wrong(user: ActiveUser) -> None:
    Visitor(id=7)  # type: ignore[arg-type]
    Visitor("7")  # type: ignore[call-arg]
    Agent()  # type: ignore[call-arg]
    user.visitor_id = "v"  # type: ignore[misc]
    chatvisor.directory.active_users(page="2")  # type: ignore[arg-type]
    chatvisor.init_app("portal")  # type: ignore[arg-type]
