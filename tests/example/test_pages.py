"""What customers and agents see, and what every page keeps to."""

from __future__ import annotations

import datetime as dt
import html.parser
import re
import typing as t
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func
from sqlalchemy import select

import example_app
from example_app.models import Invoice
from example_app.models import User
from example_app.models import db
from example_app.models import invoices_of
from example_app.seed import seed
from flask_chatvisor.testing import FakeService
from flask_chatvisor.testing import tag_of

from .conftest import MakePortal
from .conftest import SignIn
from .conftest import submit

CUSTOMER_PAGES = ["/", "/invoices", "/invoices?page=2", "/invoices/37001", "/settings"]
AGENT_PAGES = ["/customers", "/customers?q=doe", "/customers/1", "/chatvisor/users"]


class Inline(html.parser.HTMLParser):
    """Collects what a strict Content-Security-Policy forbids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        data = values.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in values and not data):
            self.found.append(tag)
        self.found += [n for n in values if n == "style" or n.startswith("on")]


# --- customers ---------------------------------------------------------------------


@pytest.mark.parametrize("path", CUSTOMER_PAGES)
def test_customer_pages_are_tagged_and_link_to_each_other(
    john: FlaskClient, path: str
) -> None:
    page = john.get(path).text
    tag = tag_of(john.get(path)) or {}
    assert (tag["id"], tag["email"]) == ("1", "john@example.com")
    assert (tag["firstname"], tag["lastname"]) == ("John", "Doe")
    assert tag["labels"] == ["team"]
    for link in ("/", "/invoices", "/settings", "/logout"):
        assert f'href="{link}"' in page


@pytest.mark.parametrize("path", CUSTOMER_PAGES)
def test_customers_can_ask_for_help_on_every_page(john: FlaskClient, path: str) -> None:
    assert "data-chatvisor-conference" in john.get(path).text


def test_no_template_mentions_the_tag() -> None:
    folder = Path(example_app.__file__).parent / "templates"
    texts = [path.read_text() for path in folder.rglob("*.html")]
    assert texts
    assert not any(re.search("chatvisor.tag|tag\\.js|cdn/js", text) for text in texts)


def test_the_sign_in_page_has_no_tag(client: FlaskClient) -> None:
    assert tag_of(client.get("/login")) is None


def test_a_changed_name_is_in_the_next_tag(john: FlaskClient) -> None:
    submit(john, "/settings", first_name="Johnny", last_name="Doe")
    assert (tag_of(john.get("/")) or {})["firstname"] == "Johnny"


def test_the_dashboard_sums_up_what_is_unpaid(sign_in: SignIn, portal: Flask) -> None:
    with portal.app_context():
        jane = db.session.get_one(User, 2)
        unpaid = (
            select(Invoice).filter_by(customer=jane).where(Invoice.status != "paid")
        )
        due = sum(invoice.total for invoice in db.session.scalars(unpaid))
    page = sign_in("jane").get("/").text
    assert due > 0
    assert f"€{due / 100:.2f}" in page
    assert "2 invoices" in page


def test_invoices_come_from_the_database_latest_first(
    portal: Flask, john: FlaskClient
) -> None:
    with portal.app_context():
        query = invoices_of(db.session.get_one(User, 1))
        expected = [invoice.number for invoice in db.session.scalars(query)]
    shown: list[str] = []
    for number in (1, 2, 3):
        page = john.get(f"/invoices?page={number}").text
        shown += re.findall(r'href="/invoices/(\d+)"', page)
    assert shown == expected
    assert len(shown) > 24


def test_an_invoice_adds_up(portal: Flask, john: FlaskClient) -> None:
    with portal.app_context():
        invoice = db.session.scalars(select(Invoice).filter_by(number="36001")).one()
        amounts = [line.amount for line in invoice.lines]
    page = john.get("/invoices/36001").text
    assert len(amounts) > 1
    for amount in (*amounts, sum(amounts)):
        assert f"€{amount / 100:.2f}" in page


@pytest.mark.parametrize(
    "path",
    ["/invoices/37002", "/invoices/1", "/invoices?page=99", "/invoices?page=x", "/no"],
)
def test_what_is_not_the_customers_is_not_found(john: FlaskClient, path: str) -> None:
    answer = john.get(path)
    assert answer.status_code == 404
    assert "Go to the front page" in answer.text


# --- agents ------------------------------------------------------------------------


@pytest.mark.parametrize("path", AGENT_PAGES)
def test_agent_pages_are_for_agents_alone(
    client: FlaskClient, john: FlaskClient, mary: FlaskClient, path: str
) -> None:
    assert client.get(path).status_code == 302
    assert john.get(path).status_code == 403
    assert tag_of(mary.get(path)) is None


def test_agents_have_links_to_their_pages_and_no_help_button(mary: FlaskClient) -> None:
    page = mary.get("/customers").text
    assert 'href="/chatvisor/users"' in page
    assert "data-chatvisor-conference" not in page


def test_the_mounted_pages_stand_in_the_portals_frame(mary: FlaskClient) -> None:
    page = mary.get("/chatvisor/users").text
    assert 'href="/customers"' in page
    assert "data-chatvisor-users" in page


def test_all_customers_are_listed_once_and_agents_not_at_all(mary: FlaskClient) -> None:
    shown: list[str] = []
    for number in (1, 2, 3, 4):
        page = mary.get(f"/customers?page={number}").text
        shown += re.findall(r'href="/customers/(\d+)"', page)
    assert len(shown) == len(set(shown)) == 64
    assert not {"101", "102"} & set(shown)


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("doe", ["John Doe"]),
        ("DOE john", ["John Doe"]),
        ("jane@example", ["Jane Roe"]),
        ("bicycles", ["John Doe"]),
        ("mary hughes", []),
        ("%", []),
        ("_", []),
    ],
)
def test_customers_are_found_by_every_word(
    mary: FlaskClient, search: str, names: list[str]
) -> None:
    page = mary.get("/customers", query_string={"q": search}).text
    assert re.findall(r'href="/customers/\d+">([^<]+)<', page) == names


def test_the_search_stays_while_paging(mary: FlaskClient) -> None:
    page = mary.get("/customers?q=e%26x").text
    assert 'value="e&amp;x"' in page
    assert (
        "/customers?page=2&amp;q=example.com"
        in mary.get("/customers?q=example.com").text
    )


def test_agents_see_who_is_here_on_the_list_and_on_the_profile(
    mary: FlaskClient, service: FakeService
) -> None:
    visitor = service.add(id="1", email="john@example.com", visible=True)
    for path in ("/customers?q=doe", "/customers/1"):
        page = mary.get(path).text
        assert 'data-chatvisor-status="john@example.com"' in page
        assert "Online" in page
        assert f'data-chatvisor-start="{visitor}"' in page


def test_a_page_of_customers_costs_two_requests_at_most(
    mary: FlaskClient, service: FakeService
) -> None:
    assert mary.get("/customers").text.count("data-chatvisor-status=") == 20
    assert len(service.requests) <= 2


def test_a_profile_is_there_while_the_service_is_not(
    mary: FlaskClient, service: FakeService
) -> None:
    service.fail(500)
    page = mary.get("/customers/1").text
    assert "Doe Bicycles" in page
    assert "Status unknown" in page


@pytest.mark.parametrize("path", ["/customers/101", "/customers/999", "/customers/x"])
def test_there_are_profiles_of_customers_alone(mary: FlaskClient, path: str) -> None:
    assert mary.get(path).status_code == 404


# --- all ---------------------------------------------------------------------------


def test_the_policy_is_strict_and_lets_the_service_in(
    client: FlaskClient, service: FakeService
) -> None:
    policy = client.get("/login").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert f"script-src 'self' {service.url}" in policy
    assert service.url.replace("http", "ws") in policy


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *(("john", path) for path in CUSTOMER_PAGES),
        *(("mary", path) for path in AGENT_PAGES),
        ("john", "/no"),
    ],
)
def test_no_page_has_inline_styles_or_scripts(
    sign_in: SignIn, name: str, path: str
) -> None:
    assert Inline(sign_in(name).get(path).text).found == []


def test_a_wrong_method_keeps_its_allow_header(john: FlaskClient) -> None:
    answer = john.delete("/invoices")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


# --- the data ----------------------------------------------------------------------


def rows(portal: Flask) -> list[tuple[t.Any, ...]]:
    with portal.app_context():
        users = select(User.id, User.email, User.first_name, User.plan, User.joined)
        invoices = select(Invoice.number, Invoice.issued, Invoice.status)
        tables = [db.session.execute(query).all() for query in (users, invoices)]
        return [tuple(row) for table in tables for row in table]


def test_two_seeds_of_one_day_are_equal(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    first = make_portal(tmp_path / "first.sqlite3")
    assert rows(first) == rows(make_portal(tmp_path / "second.sqlite3"))


def test_the_seed_fits_any_day(portal: Flask) -> None:
    with portal.app_context():
        for today in (dt.date(2024, 2, 29), dt.date(2026, 1, 31)):
            db.drop_all()
            db.create_all()
            seed(today)
            latest = db.session.scalar(select(func.max(Invoice.issued)))
            assert latest == today.replace(day=1)


def test_a_filled_database_is_left_as_it_is(
    make_portal: MakePortal, database: Path, john: FlaskClient
) -> None:
    submit(john, "/settings", first_name="Johnny", last_name="Doe")
    with make_portal(database).app_context():
        assert db.session.get_one(User, 1).first_name == "Johnny"
