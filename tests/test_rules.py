"""The service and the extension list, choose and tell by the rules of both halves."""

from __future__ import annotations

import datetime as dt
import typing as t
from urllib.parse import parse_qsl

import pytest
from flask import Flask

from flask_chatvisor.pages.words import elapsed
from flask_chatvisor.ranking import pick
from flask_chatvisor.ranking import sort_users
from flask_chatvisor.rest.models import ActiveUser
from flask_chatvisor.service.presence import InCall
from flask_chatvisor.service.presence import UserTag
from flask_chatvisor.service.presence import Visitor
from flask_chatvisor.service.protocol import AgentRef
from flask_chatvisor.service.protocol import Page
from flask_chatvisor.service.store import MemoryStore
from flask_chatvisor.service.store import Selection

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
        tag=UserTag(
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


@pytest.mark.parametrize(
    ("query", "expected"),
    [(q, e) for q, e in rules.LISTS if not q or q.startswith("sort")],
)
def test_the_extension_sorts_by_the_rules(query: str, expected: list[str]) -> None:
    users = map(ActiveUser.from_json, rules.USERS)
    ordered = sort_users(users, dict(parse_qsl(query)).get("sort", "name"))
    assert [user.visitor_id for user in ordered] == expected


@pytest.mark.parametrize(("visitors", "best"), rules.best_cases())
def test_both_choose_among_one_users_visitors_by_the_rules(
    visitors: list[dict[str, t.Any]], best: str
) -> None:
    found = store_of(visitors).find_user("JOHN@example.com")
    chosen = pick(map(ActiveUser.from_json, visitors))
    assert found is not None
    assert chosen is not None
    assert (found.id, chosen.visitor_id) == (best, best)


@pytest.mark.parametrize(("seconds", "style", "said"), rules.SPANS)
def test_the_templates_tell_spans_by_the_rules(
    app: Flask, seconds: int, style: str, said: str
) -> None:
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    since = now - dt.timedelta(seconds=seconds)
    with app.test_request_context():
        assert elapsed(since, now, style) == said
