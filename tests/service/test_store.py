"""The memory store: finding, listing, and what is good once."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor.contract.matching import SORTS
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.tag import clean_tag
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service.calls import Call
from flask_chatvisor.service.presence import Visitor
from flask_chatvisor.service.protocol import CallState
from flask_chatvisor.service.store import MemoryStore
from flask_chatvisor.service.store import Ticket


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def add(store: MemoryStore, visitor_id: str, **fields: t.Any) -> Visitor:
    """Save a visitor: tag fields by their JSON names, others as they are."""
    own = {"verified", "visible", "location", "since", "last_seen", "waiting_since"}
    own |= {"in_call"}
    tag = {key: value for key, value in fields.items() if key not in own}
    rest = {key: value for key, value in fields.items() if key in own}
    values: dict[str, t.Any] = {"id": visitor_id, "since": 0.0, "last_seen": 0.0} | rest
    visitor = Visitor(**values, tag=clean_tag(tag) if tag else None)
    store.save_visitor(visitor)
    return visitor


def listed(store: MemoryStore, **selection: t.Any) -> list[str]:
    return [one.id for one in store.select_users(Selection(**selection))[1]]


def found(store: MemoryStore, query: str) -> str | None:
    visitor = store.find_user(query)
    return visitor.id if visitor else None


# --- finding


@pytest.mark.parametrize("query", ["7", "JOHN@example.com", "john@EXAMPLE.com", "v1"])
def test_a_user_is_found_by_every_name(store: MemoryStore, query: str) -> None:
    add(store, "v1", id="7", email="John@example.com")
    assert found(store, query) == "v1"


def test_a_visitors_id_keeps_its_case(store: MemoryStore) -> None:
    add(store, "aB", id="1")
    assert found(store, "AB") is None


@pytest.mark.parametrize("query", ["", "john", "8", "example.com"])
def test_a_part_of_a_name_finds_nobody(store: MemoryStore, query: str) -> None:
    add(store, "v1", id="7", email="john@example.com")
    add(store, "v2", firstname="John")
    assert found(store, query) is None


def test_who_is_not_tagged_is_not_found(store: MemoryStore) -> None:
    add(store, "v1")
    assert store.visitor("v1") is not None
    assert found(store, "v1") is None
    assert listed(store) == []


def test_of_several_the_verified_then_visible_then_latest_is_found(
    store: MemoryStore,
) -> None:
    add(store, "late", id="7", last_seen=9.0)
    assert found(store, "7") == "late"
    add(store, "visible", id="7", visible=True)
    assert found(store, "7") == "visible"
    add(store, "verified", id="7", verified=True)
    assert found(store, "7") == "verified"


def test_a_new_tag_is_found_and_the_old_one_is_not(store: MemoryStore) -> None:
    visitor = add(store, "v1", id="7", email="a@example.com")
    visitor.tag = clean_tag({"id": "8", "email": "b@example.com"})
    store.save_visitor(visitor)
    assert [found(store, one) for one in ("7", "a@example.com")] == [None, None]
    assert [found(store, one) for one in ("8", "b@example.com")] == ["v1", "v1"]


def test_who_was_dropped_is_not_found(store: MemoryStore) -> None:
    add(store, "v1", id="7")
    add(store, "v2", id="7")
    store.drop_visitor("v1")
    assert found(store, "7") == "v2"
    store.drop_visitor("v2")
    store.drop_visitor("v2")
    assert found(store, "7") is None


def test_an_id_that_is_somebody_elses_email_finds_both(store: MemoryStore) -> None:
    add(store, "v1", id="x@example.com", email="x@example.com")
    add(store, "v2", id="2", email="X@example.com", verified=True)
    assert found(store, "x@example.com") == "v2"


# --- listing


@pytest.fixture
def crowd(store: MemoryStore) -> MemoryStore:
    page = {"title": "Your bill", "path": "/bill"}
    add(
        store,
        "v1",
        id="1",
        email="c@example.com",
        firstname="Ann",
        lastname="Zorn",
        labels=["Gold", "North"],
        assignedUser="Mary@example.com",
        since=3.0,
        last_seen=1.0,
        location=Page(**page),
    )
    add(
        store,
        "v2",
        id="2",
        email="b@example.com",
        firstname="ann",
        lastname="Abel",
        labels=["gold"],
        since=1.0,
        last_seen=2.0,
        location=Page(path="/account"),
    )
    add(
        store,
        "v3",
        id="3",
        email="A@example.com",
        firstname="Éric",
        since=2.0,
        last_seen=3.0,
        additionalTaggingData={"city": "Bern", "visits": 12},
    )
    return store


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        ("", ["v2", "v1", "v3"]),
        ("ANN", ["v2", "v1"]),
        ("ann zorn", ["v1"]),
        ("zorn ann", ["v1"]),
        ("  ann   gold  ", ["v2", "v1"]),
        ("b@example", ["v2"]),
        ("éric", ["v3"]),
        ("bern", ["v3"]),
        ("12", ["v3"]),
        ("bill", ["v1"]),
        ("/ACCOUNT", ["v2"]),
        ("mary@", ["v1"]),
        ("v3", ["v3"]),
        ("nobody", []),
    ],
)
def test_every_word_must_be_found_somewhere(
    crowd: MemoryStore, q: str, ids: list[str]
) -> None:
    assert listed(crowd, q=q) == ids


def test_a_label_is_matched_as_a_whole(crowd: MemoryStore) -> None:
    assert listed(crowd, label="gold") == ["v2", "v1"]
    assert listed(crowd, label="gol") == []


def test_those_who_wait_and_those_in_a_call_can_be_listed(store: MemoryStore) -> None:
    call: InCall[str] = InCall(AgentRef("Adam", "adam@example.com"))
    add(store, "waits", id="1", waiting_since=5.0)
    add(store, "joined", id="2", waiting_since=6.0, in_call=call)
    add(store, "called", id="3", in_call=call)
    add(store, "reads", id="4")
    assert listed(store, waiting=True) == ["waits"]
    assert listed(store, in_call=True) == ["joined", "called"]
    assert listed(store, waiting=True, in_call=True) == []


@pytest.mark.parametrize(
    ("assigned", "ids"),
    [("mary@example.com", ["v1"]), ("none", ["v2", "v3"]), ("x@example.com", [])],
)
def test_users_are_listed_by_their_agent(
    crowd: MemoryStore, assigned: str, ids: list[str]
) -> None:
    assert listed(crowd, assigned=assigned) == ids


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("name", ["v2", "v1", "v3"]),
        ("email", ["v3", "v2", "v1"]),
        ("since", ["v2", "v3", "v1"]),
        ("lastSeen", ["v1", "v2", "v3"]),
        ("page", ["v3", "v2", "v1"]),
    ],
)
def test_users_are_sorted(crowd: MemoryStore, sort: str, ids: list[str]) -> None:
    assert listed(crowd, sort=sort) == ids
    assert listed(crowd, sort=f"-{sort}") == ids[::-1]


def test_every_sort_is_tested() -> None:
    assert set(SORTS) == {"name", "email", "since", "lastSeen", "page"}


@pytest.mark.parametrize("sort", ["name", "-name", "since", "-since"])
def test_pages_never_overlap_even_among_equals(store: MemoryStore, sort: str) -> None:
    for number in range(25):
        add(store, f"v{number}", firstname="Same")
    pages = [listed(store, sort=sort, page=n, page_size=10) for n in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert len({one for page in pages for one in page}) == 25


def test_those_who_are_named_are_listed_once_each(store: MemoryStore) -> None:
    add(store, "v1", id="7", email="John@example.com")
    add(store, "v2", id="7", email="jane@example.com")
    add(store, "v3", id="9")
    named = ("v1", "john@EXAMPLE.com", "7", "", "zzz")
    assert listed(store, queries=named) == ["v2", "v1"]
    assert listed(store, queries=named, q="john") == ["v1"]
    assert listed(store, queries=("zzz",)) == []


def test_the_total_counts_all_pages(crowd: MemoryStore) -> None:
    total, page = crowd.select_users(Selection(q="ann", page_size=1))
    assert (total, len(page)) == (2, 1)


def test_who_waits_longest_comes_first_in_any_order(crowd: MemoryStore) -> None:
    for visitor_id, since in (("v3", 5.0), ("v1", 6.0)):
        visitor = crowd.visitor(visitor_id)
        assert visitor is not None
        visitor.waiting_since = since
        crowd.save_visitor(visitor)
    assert listed(crowd) == ["v3", "v1", "v2"]
    assert listed(crowd, sort="-since") == ["v3", "v1", "v2"]
    assert [one.id for one in crowd.waiting()] == ["v3", "v1"]


def test_who_stops_waiting_goes_back_into_order(crowd: MemoryStore) -> None:
    visitor = crowd.visitor("v3")
    assert visitor is not None
    visitor.waiting_since = 1.0
    crowd.save_visitor(visitor)
    visitor.waiting_since = None
    crowd.save_visitor(visitor)
    assert crowd.waiting() == []
    assert listed(crowd) == ["v2", "v1", "v3"]


def test_who_was_dropped_waits_no_more(crowd: MemoryStore) -> None:
    visitor = crowd.visitor("v3")
    assert visitor is not None
    visitor.waiting_since = 1.0
    crowd.save_visitor(visitor)
    crowd.drop_visitor("v3")
    assert crowd.waiting() == []


# --- calls


def test_a_call_is_remembered_until_it_is_dropped(store: MemoryStore) -> None:
    call = Call(id="c", visitor_id="v", state=CallState.RINGING, user={})
    store.save_call(call)
    assert store.call("c") is call
    store.drop_call("c")
    store.drop_call("c")
    assert store.call("c") is None


# --- what is good once

TICKET = Ticket("c", "agent")


def test_a_ticket_is_given_out_once(store: MemoryStore) -> None:
    store.put_ticket("k", TICKET, until=60.0, now=0.0)
    assert store.take_ticket("k", 59.0) == TICKET
    assert store.take_ticket("k", 59.0) is None


def test_an_old_ticket_is_not_given_out(store: MemoryStore) -> None:
    store.put_ticket("k", TICKET, until=60.0, now=0.0)
    assert store.take_ticket("k", 60.0) is None


def test_an_unknown_ticket_is_none(store: MemoryStore) -> None:
    assert store.take_ticket("k", 0.0) is None


def test_what_happens_once_happens_once(store: MemoryStore) -> None:
    assert store.take_once("j", until=60.0, now=0.0)
    assert not store.take_once("j", until=60.0, now=1.0)
    assert not store.take_once("j", until=999.0, now=59.0)
    assert store.take_once("other", until=60.0, now=1.0)


def test_what_was_used_is_forgotten_when_nobody_can_use_it(store: MemoryStore) -> None:
    for number in range(1000):
        store.take_once(f"j{number}", until=number + 10.0, now=float(number))
    assert len(store._used._values) <= 10


def test_an_old_entry_does_not_end_a_new_one(store: MemoryStore) -> None:
    store.put_ticket("k", TICKET, until=10.0, now=0.0)
    store.take_ticket("k", 1.0)
    store.put_ticket("k", TICKET, until=60.0, now=2.0)
    assert store.take_ticket("k", 20.0) == TICKET
