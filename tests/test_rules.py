"""The service and the extension list, choose and tell by the rules of both halves."""

from __future__ import annotations

import datetime as dt
import typing as t
from urllib.parse import parse_qsl

import msgspec
import pytest
from flask import Flask

from flask_chatvisor import Chatvisor
from flask_chatvisor.contract import matching
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.matching import select
from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.contract.users import UserRow
from flask_chatvisor.pages.words import elapsed
from flask_chatvisor.service.directory import Directory
from flask_chatvisor.testing import FakeService

from . import rules

FLAGS = ("waiting", "in_call")
NUMBERS = ("page", "page_size")


def listed(users: t.Iterable[dict[str, t.Any]]) -> Directory:
    """The users of the cases, as the service lists them."""
    directory = Directory()
    for user in users:
        directory.put(msgspec.convert(user, UserRow))
    return directory


def selection(query: str) -> Selection:
    given: dict[str, t.Any] = dict(parse_qsl(query))
    given |= {key: True for key in FLAGS if key in given}
    given |= {key: int(given[key]) for key in NUMBERS if key in given}
    return Selection(**given)


@pytest.mark.parametrize(("query", "expected"), rules.LISTS)
def test_the_service_lists_by_the_rules(query: str, expected: list[str]) -> None:
    _, found = listed(rules.USERS).select(selection(query))
    assert [one.visitor_id for one in found] == expected


@pytest.mark.parametrize(("query", "expected"), rules.LISTS)
def test_the_extension_lists_by_the_rules(query: str, expected: list[str]) -> None:
    _, users = select(map(ActiveUser.from_json, rules.USERS), selection(query))
    assert [user.visitor_id for user in users] == expected


@pytest.mark.parametrize(("visitors", "best"), rules.best_cases())
def test_both_choose_among_one_users_visitors_by_the_rules(
    visitors: list[dict[str, t.Any]], best: str
) -> None:
    found = listed(visitors).find("JOHN@example.com")
    chosen = matching.meant("JOHN@example.com", map(ActiveUser.from_json, visitors))
    assert found is not None
    assert chosen is not None
    assert (found.visitor_id, chosen.visitor_id) == (best, best)


@pytest.mark.parametrize(("why", "users", "query", "meant"), rules.meant_cases())
def test_all_find_whom_a_query_means_by_the_rules(
    why: str, users: list[dict[str, t.Any]], query: str, meant: str | None
) -> None:
    found = listed(users).find(query)
    assert (found and found.visitor_id) == meant, why
    named = matching.meant(query, map(ActiveUser.from_json, users))
    assert (named and named.visitor_id) == meant, why


@pytest.mark.parametrize(("why", "users", "query", "meant"), rules.meant_cases())
def test_a_directory_finds_whom_a_query_means_by_the_rules(
    why: str, users: list[dict[str, t.Any]], query: str, meant: str | None
) -> None:
    with FakeService() as service:
        for user in map(ActiveUser.from_json, users):
            service.add(**msgspec.structs.asdict(user))
        app = Flask(__name__)
        app.config.update(service.config())
        chatvisor = Chatvisor(app)
        with app.app_context():
            one = chatvisor.directory.status(query)
            several = chatvisor.directory.statuses([query]).users
        assert (one and one.visitor_id) == meant, why
        assert several == {query: one}


@pytest.mark.parametrize(("seconds", "style", "said"), rules.SPANS)
def test_the_templates_tell_spans_by_the_rules(
    app: Flask, seconds: int, style: str, said: str
) -> None:
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    since = now - dt.timedelta(seconds=seconds)
    with app.test_request_context():
        assert elapsed(since, now, style) == said
