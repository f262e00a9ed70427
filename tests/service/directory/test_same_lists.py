"""The index lists the same as filtering and sorting, whatever happened before."""

from __future__ import annotations

import random
import typing as t

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service.directory import orders
from flask_chatvisor.service.directory import search
from flask_chatvisor.service.directory.index import Directory
from flask_chatvisor.service.directory.rows import SORT_KEYS

from .rows import PlainDirectory
from .rows import make_row

VISITORS = st.sampled_from([f"{letter}{n}" for letter in "aB" for n in range(8)])
#: Few letters: words whose parts are all there, but not in this order, are frequent.
TEXTS = st.one_of(
    st.text("abA", max_size=7),
    st.text("ab ß\u0130@", max_size=7),
    st.sampled_from(["", "none", "abcabd bcab", "a@b"]),
)
MOMENTS = st.integers(0, 3).map(float)
PAGES = st.builds(Page, title=TEXTS, path=TEXTS)
CALL: InCall[str] = InCall(AgentRef("Mary", "mary@example.com"))
TAGS: dict[str, st.SearchStrategy[t.Any]] = {
    "id": TEXTS,
    "email": TEXTS,
    "firstname": TEXTS,
    "lastname": TEXTS,
    "labels": st.lists(TEXTS, max_size=2),
    "assignedUser": TEXTS,
    "additionalTaggingData": st.dictionaries(TEXTS, TEXTS, max_size=1),
}
REST: dict[str, st.SearchStrategy[t.Any]] = {
    "verified": st.booleans(),
    "visible": st.booleans(),
    "location": st.none() | PAGES,
    "since": MOMENTS,
    "last_seen": MOMENTS,
    "in_call": st.sampled_from([None, None, CALL]),
    "waiting_since": st.none() | st.none() | MOMENTS,
}
CHANGES: st.SearchStrategy[t.Any] = st.one_of(
    st.tuples(
        st.just("put"), VISITORS, st.fixed_dictionaries({}, optional=TAGS | REST)
    ),
    st.tuples(st.just("tag"), VISITORS, st.fixed_dictionaries({}, optional=TAGS)),
    st.tuples(st.just("page"), VISITORS, st.fixed_dictionaries({"location": PAGES})),
    st.tuples(st.just("drop"), VISITORS, st.just({})),
)
SELECTIONS = st.builds(
    Selection,
    queries=st.just(()) | st.lists(TEXTS | VISITORS, max_size=3).map(tuple),
    q=st.just("") | TEXTS | st.lists(TEXTS, max_size=12).map(" ".join),
    label=st.just("") | TEXTS,
    assigned=st.just("") | TEXTS,
    waiting=st.booleans(),
    in_call=st.booleans(),
    sort=st.sampled_from([sign + sort for sort in SORT_KEYS for sign in ("", "-")]),
    page=st.integers(1, 3),
    page_size=st.sampled_from([1, 3, 50]),
)
STEPS = st.lists(st.tuples(CHANGES, st.lists(SELECTIONS, max_size=2)), max_size=30)


class Both:
    """The index and the plain one, with the same rows."""

    def __init__(self) -> None:
        self.index = Directory()
        self.plain = PlainDirectory()
        self.fields: dict[str, dict[str, t.Any]] = {}

    def change(self, kind: str, visitor_id: str, fields: dict[str, t.Any]) -> None:
        if kind == "drop":
            self.fields.pop(visitor_id, None)
            self.index.drop(visitor_id)
            self.plain.drop(visitor_id)
            return
        kept = {} if kind == "put" else self.fields.get(visitor_id, {})
        self.fields[visitor_id] = kept | fields
        row = make_row(visitor_id, **self.fields[visitor_id])
        self.index.put(row)
        self.plain.put(row)


@pytest.fixture(params=["as it is", "as if there were many"])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few users take the ways that are meant for many, too."""
    if request.param == "as if there were many":
        monkeypatch.setattr(search, "MANY", 1)
        monkeypatch.setattr(search, "REMEMBERED", 3)
        monkeypatch.setattr(orders, "LONGEST", 4)
        monkeypatch.setattr(orders, "SPARSE", 1)


@pytest.mark.usefixtures("sizes")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_the_index_lists_the_same(steps: list[t.Any]) -> None:
    both = Both()
    for change, selections in steps:
        both.change(*change)
        for selection in selections:
            assert both.index.select(selection) == both.plain.select(selection)
    assert len(both.index) == len(both.plain.users)


@given(st.lists(CHANGES, max_size=20), st.lists(TEXTS | VISITORS, max_size=3))
@settings(deadline=None)
def test_the_index_names_the_same(changes: list[t.Any], queries: list[str]) -> None:
    both = Both()
    for change in changes:
        both.change(*change)
    named = sorted(row.visitor_id for row in both.index.named(queries))
    assert named == sorted(row.visitor_id for row in both.plain.named(queries))


@given(st.lists(CHANGES, max_size=20))
@settings(deadline=None)
def test_nothing_is_left_of_those_who_went(changes: list[t.Any]) -> None:
    both = Both()
    for change in changes:
        both.change(*change)
    for visitor_id in both.fields:
        both.index.drop(visitor_id)
    index, words = both.index, both.index._search
    left: list[t.Any] = [index._number_of, index._entries, index._all, words._page_of]
    left += [words._page_number, words._users_on]
    left += [one._users for one in (index._facets, index._names)]
    left += [one._having for one in (words._tags, words._pages)]
    left += [one._stretches for one in index._orders.values()]
    left += [one._place_of for one in index._orders.values()]
    assert len(index) == 0
    assert [one for one in left if one] == []


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("seed", range(6))
def test_the_index_lists_the_same_after_a_long_time(seed: int) -> None:
    """Many users, most of them found: stretches and remembered words matter."""
    chance, both = random.Random(seed), Both()
    words = ["ab", "abca", "bcab", "cabcab", "straße", "none"]
    for _ in range(300):
        both.change(*_any_change(chance, words))
        selection = Selection(
            q=chance.choice(["", "", *words]),
            label=chance.choice(["", "", "", "ab"]),
            sort=chance.choice(["", "-"]) + chance.choice(list(SORT_KEYS)),
            page=chance.choice([1, 1, 2]),
            page_size=chance.choice([2, 9, 50]),
        )
        assert both.index.select(selection) == both.plain.select(selection)
    # Numbers are used again.
    assert max(both.index._entries) < 40
    assert max(both.index._search._users_on) < 40


def _any_change(chance: random.Random, words: list[str]) -> tuple[str, str, t.Any]:
    visitor_id = f"v{chance.randrange(40)}"
    page = Page(path="/" + chance.choice(words) + chance.choice(["", "c"]))
    fields: dict[str, t.Any] = {"location": page}
    kind = chance.choice(["page", "page", "put", "drop"])
    if kind == "put":
        fields |= {"firstname": "".join(chance.choices("abc", k=6)), "labels": ["ab"]}
        fields |= {"since": chance.choice([1.0, 2.0]), "lastname": chance.choice("ab")}
        fields |= {"waiting_since": chance.choice([None] * 5 + [1.0, 2.0])}
    return kind, visitor_id, fields
