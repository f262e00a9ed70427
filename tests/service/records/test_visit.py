"""A visit's record: where its visitor is, and how the REST API shows it."""

from __future__ import annotations

import typing as t

import msgspec

from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service.records.active_user import active_user
from flask_chatvisor.service.records.visit import Tab
from flask_chatvisor.service.records.visit import Visit
from flask_chatvisor.service.records.visit import Visitor


def a_visitor(**fields: t.Any) -> Visitor:
    values: dict[str, t.Any] = {"since": 1.0, "last_seen": 1.0}
    return Visitor(**values | fields)


def test_a_visitor_is_where_its_visible_tab_is() -> None:
    hidden = Tab(Page(path="/later"), False, 20.0)
    shown = Tab(Page(path="/shown"), True, 10.0)
    visitor = a_visitor(tabs={"1": shown, "2": hidden})
    visitor.look(30.0)
    assert visitor.location == Page(path="/shown")
    assert visitor.visible
    assert visitor.last_seen == 30.0


def test_of_two_hidden_tabs_the_latest_counts() -> None:
    first, second = (Tab(Page(path=f"/{n}"), False, n) for n in (1.0, 2.0))
    visitor = a_visitor(tabs={"1": first, "2": second})
    visitor.look(3.0)
    assert visitor.location == Page(path="/2.0")
    assert not visitor.visible


def test_without_a_tab_a_visitor_stays_where_it_was() -> None:
    visitor = a_visitor(location=Page(path="/last"), visible=True)
    visitor.look(9.0)
    assert visitor.location == Page(path="/last")


def test_an_active_user_has_every_documented_key_and_no_token() -> None:
    visitor = a_visitor(tag=Tag(id="7"), waiting_since=1_700_000_000.5)
    assert msgspec.to_builtins(active_user(Visit(id="v", visitor=visitor))) == {
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


def test_nobody_is_an_active_user_without_a_tag_or_after_leaving() -> None:
    assert active_user(Visit(id="v")) is None
    assert active_user(Visit(id="v", visitor=a_visitor())) is None


def test_a_visit_survives_being_written_and_read() -> None:
    page = Page("Home", "/")
    visitor = a_visitor(tag=Tag(id="7"), tabs={"p:1": Tab(page, True, 2.0)})
    visitor.open_page(2.0, page)
    visit = Visit(id="v", version=3, visitor=visitor)
    written = msgspec.json.encode(visit)
    assert msgspec.json.decode(written, type=Visit) == visit
