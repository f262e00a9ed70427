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
from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service.presence import Visitor
from flask_chatvisor.service.store import MemoryStore
from flask_chatvisor.templating import Helpers
from flask_chatvisor.testing import FakeService

from . import rules

FLAGS = ("waiting", "in_call")
NUMBERS = ("page", "page_size")


def store_of(users: t.Iterable[dict[str, t.Any]]) -> MemoryStore:
    store = MemoryStore()
    for user in users:
        store.save_visitor(visitor(user))
    return store


def visitor(user: dict[str, t.Any]) -> Visitor:
    """A user of the cases as the service remembers it."""
    call = user["inCall"]
    return Visitor(
        id=user["visitorId"],
        since=seconds(user["since"]),
        last_seen=seconds(user["lastSeen"]),
        tag=Tag(
            id=user["id"],
            email=user["email"],
            firstname=user["firstname"],
            lastname=user["lastname"],
            gender=user["gender"] or "",
            labels=tuple(user["labels"]),
            assigned_user=user["assignedUser"] or "",
            additional_tagging_data=user["additionalTaggingData"],
        ),
        verified=user["verified"],
        location=Page(**user["location"]) if user["location"] else None,
        visible=user["visible"],
        in_call=call and InCall(AgentRef(**call["agent"]), call["since"]),
        waiting_since=user["waitingSince"] and seconds(user["waitingSince"]),
    )


def seconds(moment: str) -> float:
    return dt.datetime.fromisoformat(moment).timestamp()


def selection(query: str) -> Selection:
    given: dict[str, t.Any] = dict(parse_qsl(query))
    given |= {key: True for key in FLAGS if key in given}
    given |= {key: int(given[key]) for key in NUMBERS if key in given}
    return Selection(**given)


@pytest.mark.parametrize(("query", "expected"), rules.LISTS)
def test_the_service_lists_by_the_rules(query: str, expected: list[str]) -> None:
    _, found = store_of(rules.USERS).select_users(selection(query))
    assert [one.id for one in found] == expected


@pytest.mark.parametrize(("query", "expected"), rules.LISTS)
def test_the_extension_lists_by_the_rules(query: str, expected: list[str]) -> None:
    _, users = select(map(ActiveUser.from_json, rules.USERS), selection(query))
    assert [user.visitor_id for user in users] == expected


@pytest.mark.parametrize(("visitors", "best"), rules.best_cases())
def test_both_choose_among_one_users_visitors_by_the_rules(
    visitors: list[dict[str, t.Any]], best: str
) -> None:
    found = store_of(visitors).find_user("JOHN@example.com")
    chosen = matching.meant("JOHN@example.com", map(ActiveUser.from_json, visitors))
    assert found is not None
    assert chosen is not None
    assert (found.id, chosen.visitor_id) == (best, best)


@pytest.mark.parametrize(("why", "users", "query", "meant"), rules.meant_cases())
def test_all_find_whom_a_query_means_by_the_rules(
    why: str, users: list[dict[str, t.Any]], query: str, meant: str | None
) -> None:
    found = store_of(users).find_user(query)
    assert (found and found.id) == meant, why
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
        assert Helpers().elapsed(since, now, style) == said
