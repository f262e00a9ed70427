"""A visitor is where its tabs are."""

from __future__ import annotations

import typing as t

import msgspec

from flask_chatvisor.contract.matching import rank
from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service.presence import Tab
from flask_chatvisor.service.presence import Visitor
from flask_chatvisor.service.presence import active_user
from flask_chatvisor.service.presence import queue_tag
from flask_chatvisor.service.protocol import QueueProps


def test_a_queued_customer_is_tagged_by_what_it_says() -> None:
    props = QueueProps(first_name="Jane", last_name="Roe", email="jane@example.com")
    assert queue_tag("u1", props) == Tag(
        id="u1", email="jane@example.com", firstname="Jane", lastname="Roe"
    )


# --- where a visitor is


def a_visitor(**fields: t.Any) -> Visitor:
    values: dict[str, t.Any] = {"id": "v", "since": 1.0, "last_seen": 1.0}
    return Visitor(**values | fields)


def test_a_visitor_is_where_its_visible_tab_is() -> None:
    hidden = Tab(Page(path="/later"), False, 20.0)
    shown = Tab(Page(path="/shown"), True, 10.0)
    visitor = a_visitor(tabs={1: shown, 2: hidden})
    visitor.look(30.0)
    assert visitor.location == Page(path="/shown")
    assert visitor.visible
    assert visitor.last_seen == 30.0


def test_of_two_hidden_tabs_the_latest_counts() -> None:
    first, second = (Tab(Page(path=f"/{n}"), False, n) for n in (1.0, 2.0))
    visitor = a_visitor(tabs={1: first, 2: second})
    visitor.look(3.0)
    assert visitor.location == Page(path="/2.0")
    assert not visitor.visible


def test_without_a_tab_a_visitor_stays_where_it_was() -> None:
    visitor = a_visitor(location=Page(path="/last"), visible=True)
    visitor.look(9.0)
    assert visitor.location == Page(path="/last")


def test_an_active_user_has_every_documented_key_and_no_token() -> None:
    visitor = a_visitor(tag=Tag(id="7"), waiting_since=1_700_000_000.5)
    assert msgspec.to_builtins(active_user(visitor)) == {
        "id": "7",
        "email": "",
        "firstname": "",
        "lastname": "",
        "gender": "",
        "labels": (),
        "assignedUser": "",
        "additionalTaggingData": {},
        "visitorId": "v",
        "verified": False,
        "location": None,
        "since": "1970-01-01T00:00:01.000Z",
        "lastSeen": "1970-01-01T00:00:01.000Z",
        "visible": False,
        "inCall": None,
        "waitingSince": "2023-11-14T22:13:20.500Z",
    }


def test_verified_counts_more_than_visible_and_that_more_than_latest() -> None:
    best = a_visitor(verified=True)
    good = a_visitor(visible=True)
    late = a_visitor(last_seen=99.0)
    assert sorted([best, late, good], key=rank) == [late, good, best]
