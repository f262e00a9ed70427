"""The portal's integration of Chatvisor: which users are visitors and agents."""

from __future__ import annotations

from flask_chatvisor import Agent
from flask_chatvisor import Chatvisor
from flask_chatvisor import Visitor

from .models import User

chatvisor = Chatvisor()


@chatvisor.visitor_loader
def visitor(user: User) -> Visitor:
    """Tag every customer with the data that the support team should see."""
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
    """Only the support team sees active users and starts calls."""
    return Agent(email=user.email, name=user.name) if user.is_support else None
