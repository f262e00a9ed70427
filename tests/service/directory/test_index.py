"""The directory of active users: who is found, who is listed, and in which order."""

from __future__ import annotations

import random
import typing as t

import msgspec
import pytest

from flask_chatvisor.contract.matching import MAX_QUERY
from flask_chatvisor.contract.matching import MAX_WORDS
from flask_chatvisor.contract.matching import SORTS
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.matching import words
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service.directory import search
from flask_chatvisor.service.directory.index import Directory
from flask_chatvisor.service.directory.rows import SORT_KEYS
from flask_chatvisor.service.directory.texts import Texts
from tests.doubles.cpu import seconds_of

from .rows import PlainDirectory
from .rows import make_row


@pytest.fixture
def directory() -> Directory:
    return Directory()


def add(directory: Directory, visitor_id: str, **fields: t.Any) -> None:
    directory.put(make_row(visitor_id, **fields))


def change(directory: Directory, visitor_id: str, **fields: t.Any) -> None:
    """Change fields of a row by their names in Python."""
    row = directory.find(visitor_id)
    assert row is not None
    directory.put(msgspec.structs.replace(row, **fields))


def listed(directory: Directory, **selection: t.Any) -> list[str]:
    return [row.visitor_id for row in directory.select(Selection(**selection))[1]]


def found(directory: Directory, query: str) -> str | None:
    row = directory.find(query)
    return row.visitor_id if row else None


# --- finding


@pytest.mark.parametrize("query", ["7", "JOHN@example.com", "john@EXAMPLE.com", "v1"])
def test_a_user_is_found_by_every_name(directory: Directory, query: str) -> None:
    add(directory, "v1", id="7", email="John@example.com")
    assert found(directory, query) == "v1"


def test_ids_keep_their_case(directory: Directory) -> None:
    add(directory, "aB", id="cD")
    assert [found(directory, one) for one in ("AB", "cd")] == [None, None]
    assert [found(directory, one) for one in ("aB", "cD")] == ["aB", "aB"]


@pytest.mark.parametrize("other", ["strasse@example.com", "STRASSE@example.com"])
def test_only_letters_of_ascii_have_no_case(directory: Directory, other: str) -> None:
    add(directory, "v1", email="straße@example.com")
    assert found(directory, other) is None
    assert found(directory, "STRAßE@example.com") == "v1"
    add(directory, "v2", email="Émile@example.com")
    assert found(directory, "émile@example.com") is None


@pytest.mark.parametrize("query", ["", "john", "8", "example.com"])
def test_a_part_of_a_name_finds_nobody(directory: Directory, query: str) -> None:
    add(directory, "v1", id="7", email="john@example.com")
    add(directory, "v2", firstname="John")
    assert found(directory, query) is None


def test_of_several_the_verified_then_visible_then_latest_is_found(
    directory: Directory,
) -> None:
    add(directory, "early", id="7", last_seen=8.0)
    add(directory, "late", id="7", last_seen=9.0)
    assert found(directory, "7") == "late"
    add(directory, "visible", id="7", visible=True)
    assert found(directory, "7") == "visible"
    add(directory, "verified", id="7", verified=True)
    assert found(directory, "7") == "verified"


def test_a_new_tag_is_found_and_the_old_one_is_not(directory: Directory) -> None:
    add(directory, "v1", id="7", email="a@example.com")
    change(directory, "v1", id="8", email="b@example.com")
    assert [found(directory, one) for one in ("7", "a@example.com")] == [None, None]
    assert [found(directory, one) for one in ("8", "b@example.com")] == ["v1", "v1"]


def test_who_was_dropped_is_not_found(directory: Directory) -> None:
    add(directory, "v1", id="7")
    add(directory, "v2", id="7")
    directory.drop("v1")
    assert (found(directory, "7"), len(directory)) == ("v2", 1)
    directory.drop("v2")
    directory.drop("v2")
    assert (found(directory, "7"), len(directory)) == (None, 0)


@pytest.mark.parametrize(
    ("query", "best"), [("x@example.com", "by email"), ("7", "by id"), ("8", "8")]
)
def test_a_query_is_what_it_looks_like_if_somebody_has_it(
    directory: Directory, query: str, best: str
) -> None:
    add(directory, "by email", email="X@example.com")
    add(directory, "by id", id="7")
    add(directory, "others", id="x@example.com", email="7", verified=True)
    add(directory, "8")
    add(directory, "named 8", id="8", verified=True)
    assert found(directory, query) == best


@pytest.mark.parametrize("query", ["x@example.com", "7"])
def test_a_query_is_what_it_does_not_look_like_if_nobody_else_has_it(
    directory: Directory, query: str
) -> None:
    add(directory, "others", id="x@example.com", email="7")
    assert found(directory, query) == "others"


# --- listing


@pytest.fixture
def crowd(directory: Directory) -> Directory:
    add(
        directory,
        "v1",
        id="1",
        email="c@example.com",
        firstname="Ann",
        lastname="Zorn",
        labels=["Gold", "North"],
        assignedUser="Mary@example.com",
        since=3.0,
        last_seen=1.0,
        location=Page(title="Your bill", path="/bill"),
    )
    add(
        directory,
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
        directory,
        "v3",
        id="3",
        email="A@example.com",
        firstname="Éric",
        since=2.0,
        last_seen=3.0,
        additionalTaggingData={"city": "Bern", "visits": 12},
    )
    return directory


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
        ("3", ["v3"]),
        ("annzorn", []),
        ("nobody", []),
    ],
)
def test_every_word_must_be_found_somewhere(
    crowd: Directory, q: str, ids: list[str]
) -> None:
    assert listed(crowd, q=q) == ids


def test_a_search_is_for_so_many_words_and_no_more(crowd: Directory) -> None:
    looked_for = words("John " * 2600 + "nobody-has-this")
    assert looked_for == ["john"] * MAX_WORDS
    assert words("x" * 60_000) == ["x" * MAX_QUERY]
    many = "example " * MAX_WORDS
    assert listed(crowd, q=many + "nobody-has-this") == listed(crowd, q=many) != []


@pytest.mark.parametrize("q", ["a", "k0 k1 k2 k3 k4 k5 k6 k7", "@ . \u4e00"])
def test_no_tags_make_a_search_slower_than_looking_at_each_user(q: str) -> None:
    chance, plain, index = random.Random(1), PlainDirectory(), Directory()
    letters = [chr(code) for code in range(0x4E00, 0x9F00)]
    for number in range(200):
        data = {f"k{n}": "".join(chance.choices(letters, k=160)) for n in range(8)}
        row = make_row(f"v{number}", additionalTaggingData=data)
        index.put(row)
        plain.put(row)
    selection = Selection(q=q)
    assert index.select(selection) == plain.select(selection)
    mine = seconds_of(lambda: index.select(selection))
    assert mine < 3 * seconds_of(lambda: plain.select(selection))


def test_the_parts_of_a_word_must_be_in_its_order(directory: Directory) -> None:
    add(directory, "v1", firstname="bcdabc")
    add(directory, "v2", location=Page(path="/bcdabc"))
    assert listed(directory, q="abcd") == []


def test_a_word_that_many_have_is_looked_for_once(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MANY", 2)
    for number in range(4):
        add(directory, f"v{number}", firstname="Schmidt")
    assert listed(directory, q="schmidt") == ["v0", "v1", "v2", "v3"]
    monkeypatch.delattr(Texts, "candidates")
    assert listed(directory, q="schmidt") == ["v0", "v1", "v2", "v3"]


def test_a_label_is_matched_as_a_whole(crowd: Directory) -> None:
    assert listed(crowd, label=" gold ") == ["v2", "v1"]
    assert listed(crowd, label="gol") == []


def test_those_who_wait_and_those_in_a_call_can_be_listed(
    directory: Directory,
) -> None:
    call: InCall[str] = InCall(AgentRef("Adam", "adam@example.com"))
    add(directory, "waits", id="1", waiting_since=5.0)
    add(directory, "joined", id="2", waiting_since=6.0, in_call=call)
    add(directory, "called", id="3", in_call=call)
    add(directory, "reads", id="4")
    assert listed(directory, waiting=True) == ["waits"]
    assert listed(directory, in_call=True) == ["joined", "called"]
    assert listed(directory, waiting=True, in_call=True) == []


@pytest.mark.parametrize(
    ("assigned", "ids"),
    [("mary@example.com", ["v1"]), ("none", ["v2", "v3"]), ("x@example.com", [])],
)
def test_users_are_listed_by_their_agent(
    crowd: Directory, assigned: str, ids: list[str]
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
def test_users_are_sorted(crowd: Directory, sort: str, ids: list[str]) -> None:
    assert listed(crowd, sort=sort) == ids
    assert listed(crowd, sort=f"-{sort}") == ids[::-1]


def test_there_is_an_order_for_every_sort() -> None:
    assert tuple(SORT_KEYS) == SORTS


@pytest.mark.parametrize("sort", ["name", "-name", "since", "-since"])
def test_pages_never_overlap_even_among_equals(directory: Directory, sort: str) -> None:
    for number in range(25):
        add(directory, f"v{number}", firstname="Same")
    pages = [listed(directory, sort=sort, page=n, page_size=10) for n in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [one for page in pages for one in page] == sorted(f"v{n}" for n in range(25))


def test_those_who_are_named_are_listed_once_each(directory: Directory) -> None:
    add(directory, "v1", id="7", email="John@example.com")
    add(directory, "v2", id="7", email="jane@example.com")
    add(directory, "v3", id="9")
    named = ("v1", "john@EXAMPLE.com", "7", "", "zzz")
    assert listed(directory, queries=named) == ["v2", "v1"]
    assert listed(directory, queries=named, q="john") == ["v1"]
    assert listed(directory, queries=("zzz",)) == []


def test_the_total_counts_all_pages(crowd: Directory) -> None:
    total, page = crowd.select(Selection(q="ann", page_size=1))
    assert (total, len(page)) == (2, 1)


def test_who_waits_longest_comes_first_in_any_order(crowd: Directory) -> None:
    change(crowd, "v3", waiting_since="2026-11-22T11:05:00.000Z")
    change(crowd, "v1", waiting_since="2026-11-22T11:06:00.000Z")
    assert listed(crowd) == ["v3", "v1", "v2"]
    assert listed(crowd, sort="-since") == ["v3", "v1", "v2"]
    change(crowd, "v3", waiting_since=None)
    assert listed(crowd) == ["v1", "v2", "v3"]


# --- rows


def test_rows_are_listed_as_json(crowd: Directory) -> None:
    total, raw = crowd.select_raw(Selection(q="ann"))
    _, rows = crowd.select(Selection(q="ann"))
    assert (total, msgspec.json.encode(raw)) == (2, msgspec.json.encode(rows))
    change(crowd, "v1", id="changed")
    (changed,) = crowd.select_raw(Selection(queries=("v1",)))[1]
    assert msgspec.json.decode(changed)["id"] == "changed"


def test_changes_are_counted_and_repeats_are_not(directory: Directory) -> None:
    add(directory, "v1", id="7")
    add(directory, "v1", id="7")
    directory.drop("v2")
    assert directory.changes == 1
    add(directory, "v1", id="8")
    directory.drop("v1")
    assert directory.changes == 3
