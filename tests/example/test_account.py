"""Signing in and out, and one's own settings."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.security import check_password_hash

from example_app.models import User
from example_app.models import db
from example_app.views import account

from .conftest import SignIn
from .conftest import csrf_token
from .conftest import submit

SETTINGS = {"first_name": "John", "last_name": "Doe", "company": "Doe", "phone": "1"}


def stored(portal: Flask, email: str) -> User:
    with portal.app_context():
        return db.session.scalars(select(User).filter_by(email=email)).one()


def test_a_customer_signs_in_and_lands_on_the_dashboard(client: FlaskClient) -> None:
    answer = submit(client, "/login", email="john@example.com", password="demo")
    assert answer.location == "/"
    assert "Hello, John" in client.get("/").text


def test_an_agent_lands_on_the_customers(client: FlaskClient) -> None:
    submit(client, "/login", email="mary@example.com", password="demo")
    assert client.get("/").location == "/customers"


def test_case_and_white_space_of_the_address_do_not_matter(client: FlaskClient) -> None:
    answer = submit(client, "/login", email=" John@Example.com ", password="demo")
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [("john@example.com", "wrong"), ("nobody@example.com", "demo")],
)
def test_a_wrong_password_and_an_unknown_address_get_the_same_error(
    client: FlaskClient, email: str, password: str
) -> None:
    answer = submit(client, "/login", email=email, password=password)
    assert answer.status_code == 401
    assert "The e-mail address or the password is wrong." in answer.text
    assert client.get("/").status_code == 302


def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def check(known: str, password: str) -> bool:
        checked.append(known.partition("$")[0])
        return check_password_hash(known, password)

    monkeypatch.setattr(account, "check_password_hash", check)
    for email in ("john@example.com", "nobody@example.com"):
        submit(client, "/login", email=email, password="wrong")
    known, unknown = checked
    assert known == unknown


def test_empty_fields_are_named(client: FlaskClient) -> None:
    page = submit(client, "/login", email="", password="").text
    assert "Enter your e-mail address." in page
    assert "Enter your password." in page


def test_signing_in_needs_the_csrf_token(client: FlaskClient) -> None:
    fields = {"email": "john@example.com", "password": "demo"}
    answer = client.post("/login", data=fields)
    assert answer.status_code == 400
    assert "The CSRF token is missing." in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/invoices", "/invoices/37001", "/settings", "/customers"]
)
def test_a_stranger_is_sent_to_the_sign_in_page_and_back(
    client: FlaskClient, path: str
) -> None:
    to_login = client.get(path)
    assert to_login.status_code == 302
    fields = {"email": "john@example.com", "password": "demo"}
    assert submit(client, to_login.location, **fields).location == path


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "/\t/elsewhere.example/",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "//[",
        " //elsewhere.example",
        "",
    ],
)
def test_no_target_leads_away_from_the_site(client: FlaskClient, target: str) -> None:
    page = client.get("/login", query_string={"next": target})
    fields = {"email": "john@example.com", "password": "demo"}
    answer = client.post(
        "/login",
        query_string={"next": target},
        data={"csrf_token": csrf_token(page), **fields},
    )
    assert answer.location == "/"


def test_who_is_signed_in_need_not_sign_in_again(john: FlaskClient) -> None:
    assert john.get("/login?next=/invoices").location == "/invoices"


def test_signing_out_takes_a_plain_link(john: FlaskClient) -> None:
    page = john.get("/logout", follow_redirects=True)
    assert "You are signed out." in page.text
    assert john.get("/invoices").status_code == 302


def test_settings_are_saved(portal: Flask, john: FlaskClient) -> None:
    changed = {**SETTINGS, "first_name": " Jon ", "newsletter": "y"}
    answer = submit(john, "/settings", **changed)
    assert answer.location == "/settings"
    assert "Your settings are saved." in john.get("/settings").text
    user = stored(portal, "john@example.com")
    assert (user.first_name, user.newsletter, user.email_invoices) == (
        "Jon",
        True,
        False,
    )


def test_wrong_settings_are_explained_and_nothing_is_saved(
    portal: Flask, john: FlaskClient
) -> None:
    wrong = {**SETTINGS, "first_name": "", "company": "Other", "phone": "call me"}
    answer = submit(john, "/settings", **wrong)
    assert answer.status_code == 422
    assert "Enter your first name." in answer.text
    assert "Digits, spaces and + - ( ) . / only." in answer.text
    user = stored(portal, "john@example.com")
    assert (user.first_name, user.company) == ("John", "Doe Bicycles")


def test_nobody_makes_themselves_an_agent(portal: Flask, john: FlaskClient) -> None:
    submit(john, "/settings", **SETTINGS, is_support="y", email="x@example.com")
    assert not stored(portal, "john@example.com").is_support


def test_everybody_has_their_own_session(sign_in: SignIn) -> None:
    john, jane = sign_in("john"), sign_in("jane")
    assert "Hello, John" in john.get("/").text
    assert "Hello, Jane" in jane.get("/").text
