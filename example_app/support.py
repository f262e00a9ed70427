"""All that the portal says to Chatvisor: who is a visitor, and who is an agent."""

from __future__ import annotations

from flask_chatvisor import Agent
from flask_chatvisor import Chatvisor
from flask_chatvisor import Visitor

from .models import User

chatvisor = Chatvisor()


@chatvisor.visitor_loader
def visitor(user: User) -> Visitor:
    """Every customer is tagged with what the support team should see."""
    return Visitor(
        id=str(user.id),
        email=user.email,
        firstname=user.first_name,
        lastname=user.last_name,
        labels=[user.plan],
        assigned_user=user.agent.email if user.agent else None,
    )


@chatvisor.agent_loader
def agent(user: User) -> Agent | None:
    """The support team, and nobody else, sees active users and starts calls."""
    return Agent(email=user.email, name=user.name) if user.is_support else None
