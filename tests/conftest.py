"""The application that most tests are about, and its users."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask_login import LoginManager
from flask_login import UserMixin
from flask_login import login_user
from flask_login import logout_user
from hypothesis import HealthCheck
from hypothesis import settings

from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import Agent
from flask_chatvisor.identity import Visitor
from flask_chatvisor.testing import FakeService

# A busy machine is slow, which is no fault of the code.
settings.register_profile(
    "quick",
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "quick")

SCRIPT = "https://help.example.com/cdn/js/x.js"
HTML = "<!doctype html><title>Home</title><body><h1>Home</h1></body></html>"


@dataclass
class User(UserMixin):
    """A user of the test application."""

    id: str
    email: str
    first_name: str = ""
    last_name: str = ""
    is_support: bool = False


JOHN = User("1", "john@example.com", "John", "Doe")
JANE = User("2", "jane@example.com", "Jane", "Roe")
MARY = User("3", "mary@example.com", "Mary", "Major", is_support=True)
USERS = {user.id: user for user in (JOHN, JANE, MARY)}

MakeApp = Callable[..., Flask]


def load_visitor(user: User) -> Visitor:
    return Visitor(
        id=user.id,
        email=user.email,
        firstname=user.first_name,
        lastname=user.last_name,
    )


def load_agent(user: User) -> Agent | None:
    if not user.is_support:
        return None
    return Agent(email=user.email, name=user.first_name)


def make_application(
    chatvisor: Chatvisor | None = None, **config: t.Any
) -> tuple[Flask, Chatvisor]:
    """An application with Flask-Login, two pages and these ``CHATVISOR_*`` keys.

    ``/`` is a page, ``/sign-in/<id>`` and ``/sign-out`` do as they say.
    """
    app = Flask("portal")
    app.config.update(
        SECRET_KEY="secret-of-the-tests",
        TESTING=True,
        **{f"CHATVISOR_{name}": value for name, value in config.items()},
    )
    if not any(name in config for name in ("SCRIPT_ID", "EMBEDDED")):
        app.config.setdefault("CHATVISOR_SCRIPT_URL", SCRIPT)
    login = LoginManager(app)
    login.login_view = "sign_in"
    login.user_loader(USERS.get)
    _add_views(app)
    if chatvisor is None:
        chatvisor = Chatvisor()
        chatvisor.visitor_loader(load_visitor)
        chatvisor.agent_loader(load_agent)
    chatvisor.init_app(app)
    return app, chatvisor


def _add_views(app: Flask) -> None:
    @app.get("/")
    def home() -> str:
        return HTML

    @app.get("/sign-in/", defaults={"user_id": ""})
    @app.get("/sign-in/<user_id>")
    def sign_in(user_id: str) -> str:
        if user_id:
            login_user(USERS[user_id])
        return "signed in"

    @app.get("/sign-out")
    def sign_out() -> str:
        logout_user()
        return "signed out"


@pytest.fixture
def service() -> Iterator[FakeService]:
    with FakeService() as service:
        yield service


@pytest.fixture
def make_app() -> MakeApp:
    """``make_app(**keys)``: the test application with these ``CHATVISOR_*`` keys."""

    def make_app(**config: t.Any) -> Flask:
        return make_application(**config)[0]

    return make_app


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()
