"""The portal on a database of its own, and people who use it."""

from __future__ import annotations

import re
import shutil
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import create_app
from example_app.models import db
from flask_chatvisor.testing import FakeService

MakePortal = Callable[..., Flask]
SignIn = Callable[..., FlaskClient]


def csrf_token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found is not None, "there is no CSRF token on the page"
    return found[1]


def submit(client: FlaskClient, url: str, **fields: str) -> TestResponse:
    """Fill in the form that is at `url`, and send it."""
    token = csrf_token(client.get(url))
    return client.post(url, data={"csrf_token": token, **fields})


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it is after the first start."""
    path = tmp_path_factory.mktemp("seeded") / "portal.sqlite3"
    portal = create_app(
        {
            "SECRET_KEY": "secret-of-the-tests",
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{path}",
        }
    )
    with portal.app_context():
        db.engine.dispose()
    return path


@pytest.fixture
def make_portal(service: FakeService) -> Iterator[MakePortal]:
    """``make_portal(database, **config)``: a portal on that file."""
    portals: list[Flask] = []

    def make_portal(database: Path, **config: t.Any) -> Flask:
        defaults = {
            "TESTING": True,
            "SECRET_KEY": "secret-of-the-tests",
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{database}",
        }
        portals.append(create_app(defaults | service.config() | config))
        return portals[-1]

    yield make_portal
    for portal in portals:
        with portal.app_context():
            db.engine.dispose()


@pytest.fixture
def database(seeded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(seeded, tmp_path))


@pytest.fixture
def portal(make_portal: MakePortal, database: Path) -> Flask:
    return make_portal(database)


@pytest.fixture
def client(portal: Flask) -> FlaskClient:
    """A browser without a signed-in user."""
    return portal.test_client()


@pytest.fixture
def sign_in(portal: Flask) -> SignIn:
    """``sign_in(name)``: a browser in which <name>@example.com is signed in."""

    def sign_in(name: str) -> FlaskClient:
        client = portal.test_client()
        email = f"{name}@example.com"
        answer = submit(client, "/login", email=email, password="demo")
        assert answer.status_code == 302
        return client

    return sign_in


@pytest.fixture
def john(sign_in: SignIn) -> FlaskClient:
    return sign_in("john")


@pytest.fixture
def mary(sign_in: SignIn) -> FlaskClient:
    return sign_in("mary")
