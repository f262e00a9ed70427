"""Active users as the server sees them: cache, one request in flight, policy."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest

from flask_chatvisor import config
from flask_chatvisor.contract.api import MAX_PAGE_SIZE
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.matching import best
from flask_chatvisor.contract.matching import in_order
from flask_chatvisor.contract.matching import is_meant
from flask_chatvisor.contract.users import ActiveUser
from flask_chatvisor.contract.users import Page
from flask_chatvisor.directory import Directory
from flask_chatvisor.directory.answers import PATIENCE
from flask_chatvisor.directory.answers import Cache
from flask_chatvisor.directory.outage import MOST_STALE
from flask_chatvisor.directory.paging import LONGEST_ADDRESS
from flask_chatvisor.directory.paging import batched
from flask_chatvisor.errors import BadAnswer
from flask_chatvisor.errors import ServiceTimeout
from flask_chatvisor.errors import ServiceUnavailable
from flask_chatvisor.errors import SetupError
from flask_chatvisor.identity import Agent
from flask_chatvisor.identity import Loaders
from flask_chatvisor.rest.client import Client
from flask_chatvisor.rest.transport import ATTEMPTS
from flask_chatvisor.rest.transport import Transport
from flask_chatvisor.testing import FakeService
from tests.doubles.clock import NOON
from tests.doubles.clock import Clock
from tests.doubles.upstream import Upstream
from tests.doubles.upstream import answer_json
from tests.doubles.upstream import flood
from tests.doubles.upstream import say_nothing

MARY = Agent("mary@example.com", "Mary")
ADAM = Agent("adam@example.com", "Adam")
MakeDirectory = Callable[..., Directory]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_directory(service: FakeService, clock: Clock) -> Iterator[MakeDirectory]:
    transports: list[Transport] = []

    def make_directory(
        *,
        policy: Callable[[Agent, ActiveUser], bool] | None = None,
        url: str = service.url,
        **more: t.Any,
    ) -> Directory:
        keys = {"CHATVISOR_CACHE_SECONDS": 0.3, **more}
        settings = config.read(service.config() | keys)
        transport = Transport(url, service.api_token, (5, 5), sleep=no_pause)
        transports.append(transport)
        client = Client(transport, settings.api_paths)
        return Directory(
            client,
            settings,
            Loaders(policy=policy),
            clock=lambda: clock.now + clock.set_by,
            monotonic=clock,
        )

    yield make_directory
    for transport in transports:
        transport.close()


def no_pause(_: float) -> None:
    """Do not sleep."""


def assigned_only(agent: Agent, user: ActiveUser) -> bool:
    return user.assigned_user == agent.email


def names(users: t.Iterable[ActiveUser]) -> list[str]:
    return [user.name for user in users]


# --- without a policy: the service filters and pages


def test_a_list_is_the_services(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    for name in ("Cleo", "Anna", "Bert"):
        service.add(firstname=name)
    listing = make_directory().active_users(page=1, page_size=2)
    assert names(listing.users) == ["Anna", "Bert"]
    assert (listing.total, listing.page, listing.page_size) == (3, 1, 2)
    assert service.requests == [("GET", "/rest/v1/customerstatus")]


def test_filters_are_passed_on(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(firstname="Anna", labels=["gold"], assigned_user=MARY.email)
    service.add(firstname="Bert", labels=["gold"])
    service.add(firstname="Cleo")
    directory = make_directory()
    assert names(directory.active_users(q="ber").users) == ["Bert"]
    assert names(directory.active_users(label="gold").users) == ["Anna", "Bert"]
    assert names(directory.active_users(assigned=MARY.email).users) == ["Anna"]
    assert names(directory.active_users(assigned="none").users) == ["Bert", "Cleo"]
    assert names(directory.active_users(sort="-name").users) == ["Cleo", "Bert", "Anna"]


def test_a_listing_is_written_as_json(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    john = service.add(firstname="John")
    data = make_directory().active_users(page_size=10).to_json()
    assert set(data) == {"users", "total", "page", "pageSize", "asOf"}
    assert data["users"][0]["visitorId"] == john
    assert data["pageSize"] == 10
    assert data["asOf"] == "2025-11-22T12:00:00.000Z"


# --- the cache


def test_an_answer_is_used_again_while_it_is_young(
    service: FakeService, make_directory: MakeDirectory, clock: Clock
) -> None:
    directory = make_directory()
    first = directory.active_users()
    service.add(firstname="John")
    clock.now += 0.29
    assert directory.active_users() == first
    clock.now += 0.02
    assert directory.active_users().total == 1
    assert len(service.requests) == 2


def test_as_of_is_when_the_service_was_asked(
    make_directory: MakeDirectory, clock: Clock
) -> None:
    directory = make_directory()
    directory.active_users()
    clock.now += 0.2
    as_of = directory.active_users().as_of
    assert as_of == dt.datetime.fromtimestamp(NOON, dt.UTC)


def test_each_question_is_remembered_for_itself(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    directory = make_directory()
    directory.active_users(q="a")
    directory.active_users(q="b")
    directory.active_users(page=2)
    directory.active_users(q="a")
    assert len(service.requests) == 3


def test_a_new_tick_is_a_new_question(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    directory = make_directory()
    directory.active_users(tick=1)
    service.add(firstname="John")
    assert directory.active_users(tick=1).total == 0
    assert directory.active_users(tick=2).total == 1
    assert len(service.requests) == 2


def test_nothing_is_remembered_with_zero_cache_seconds(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    directory = make_directory(CHATVISOR_CACHE_SECONDS=0)
    directory.active_users()
    directory.active_users()
    assert len(service.requests) == 2


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_was_set_keeps_no_answer_and_loses_none(
    service: FakeService, make_directory: MakeDirectory, clock: Clock, hours: int
) -> None:
    directory = make_directory()
    directory.active_users()
    clock.set_by = hours * 3600
    shown = directory.active_users()
    assert len(service.requests) == 1
    # As old as it was, by the time that the agent's clock shows now.
    assert directory.now() - shown.as_of == dt.timedelta(0)
    clock.now += 0.4
    directory.active_users()
    assert len(service.requests) == 2


def test_trouble_is_not_remembered(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    directory = make_directory()
    service.fail(500)
    with pytest.raises(ServiceUnavailable):
        directory.active_users()
    service.fail(None)
    assert directory.active_users().total == 0


def test_old_answers_do_not_pile_up(
    make_directory: MakeDirectory, clock: Clock
) -> None:
    directory = make_directory()
    for number in range(20):
        directory.active_users(q=str(number))
        clock.now += 1
    assert len(directory._cache._answers) == 1


# --- one request in flight


EMPTY = answer_json({"page": 1, "total": 0, "results": []})
FOLLOWERS = 16


def test_many_threads_that_ask_at_once_make_one_request(
    make_directory: MakeDirectory,
) -> None:
    asking = threading.Barrier(FOLLOWERS + 1)

    def answer_when_all_are_there(_: Upstream, connection: socket.socket) -> None:
        asking.wait()
        connection.sendall(EMPTY)

    with Upstream(answer_when_all_are_there, EMPTY) as upstream:
        directory = make_directory(url=upstream.url)

        def follow() -> int:
            asking.wait()
            return directory.active_users().total

        with ThreadPoolExecutor(FOLLOWERS + 1) as pool:
            asked = [pool.submit(follow) for _ in range(FOLLOWERS)]
            asked.append(pool.submit(lambda: directory.active_users().total))
            assert [one.result() for one in asked] == [0] * (FOLLOWERS + 1)
    assert len(upstream.requests) == 1


def test_different_questions_do_not_wait_for_each_other(
    make_directory: MakeDirectory,
) -> None:
    both_are_there = threading.Barrier(2)

    def answer_when_both_are_there(_: Upstream, connection: socket.socket) -> None:
        both_are_there.wait()
        connection.sendall(EMPTY)

    with Upstream(answer_when_both_are_there) as upstream:
        directory = make_directory(url=upstream.url)
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(directory.active_users, q=q) for q in ("a", "b")]
            assert [one.result().total for one in asked] == [0, 0]
    assert len(upstream.requests) == 2


def in_threads(ask: Callable[[], t.Any]) -> list[t.Any]:
    """Ask in many threads at once; each one's value or error."""
    start = threading.Barrier(FOLLOWERS)

    def attempt() -> t.Any:
        start.wait()
        try:
            return ask()
        except Exception as error:
            return error

    with ThreadPoolExecutor(FOLLOWERS) as pool:
        asked = [pool.submit(attempt) for _ in range(FOLLOWERS)]
        return [one.result() for one in asked]


def test_trouble_reaches_everyone_who_waits(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.fail(500)
    outcomes = in_threads(make_directory().active_users)
    assert {type(outcome) for outcome in outcomes} == {ServiceUnavailable}


def test_those_who_wait_go_on_where_the_one_who_asked_broke_down(
    clock: Clock,
) -> None:
    broken = iter([True])

    def load() -> str:
        if next(broken, False):
            raise ZeroDivisionError
        return "answer"

    cache = Cache(0.3, clock)
    outcomes = in_threads(lambda: cache.get("question", load).value)
    values = [outcome for outcome in outcomes if outcome == "answer"]
    errors = [outcome for outcome in outcomes if outcome != "answer"]
    assert len(values) == FOLLOWERS - 1
    assert [type(error) for error in errors] == [ZeroDivisionError]


# --- with a policy


def test_a_policy_filters_before_paging(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    for number in range(6):
        mine = number % 2 == 0
        owner = MARY.email if mine else ADAM.email
        service.add(firstname=f"User {number}", assigned_user=owner)
    directory = make_directory(policy=assigned_only)
    first = directory.active_users(agent=MARY, page=1, page_size=2)
    second = directory.active_users(agent=MARY, page=2, page_size=2)
    assert names(first.users) == ["User 0", "User 2"]
    assert names(second.users) == ["User 4"]
    assert first.total == second.total == 3


def test_agents_share_what_was_loaded_and_not_what_they_may_see(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(firstname="Anna", assigned_user=MARY.email)
    service.add(firstname="Bert", assigned_user=ADAM.email)
    directory = make_directory(policy=assigned_only)
    assert names(directory.active_users(agent=MARY).users) == ["Anna"]
    assert names(directory.active_users(agent=ADAM).users) == ["Bert"]
    assert len(service.requests) == 1


def test_a_policy_must_be_told_who_asks(make_directory: MakeDirectory) -> None:
    directory = make_directory(policy=assigned_only)
    with pytest.raises(SetupError, match="agent="):
        directory.active_users()
    with pytest.raises(SetupError, match="agent="):
        directory.status("1")


def test_a_policy_that_fails_lets_nobody_through(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    def policy(agent: Agent, user: ActiveUser) -> bool:
        raise ZeroDivisionError

    service.add(firstname="John")
    with pytest.raises(ZeroDivisionError):
        make_directory(policy=policy).active_users(agent=MARY)


def pages_of(total: int, *, repeat: bool = False) -> Callable[..., None]:
    """A service that gives a long list out in pages, or the first one for ever."""

    def reply(upstream: Upstream, connection: socket.socket) -> None:
        page = 1 if repeat else len(upstream.requests)
        first = (page - 1) * MAX_PAGE_SIZE
        ids = range(first, min(first + MAX_PAGE_SIZE, total))
        results = [{"visitorId": f"v-{one:04}", "id": str(one)} for one in ids]
        page_json = {"page": page, "total": total, "results": results}
        connection.sendall(answer_json(page_json))

    return reply


def test_the_whole_list_is_loaded_in_pages(make_directory: MakeDirectory) -> None:
    with Upstream(pages_of(2500)) as upstream:
        directory = make_directory(url=upstream.url, policy=lambda agent, user: True)
        listing = directory.active_users(agent=MARY, page=50, page_size=50)
    assert listing.total == 2500
    assert len(listing.users) == 50
    asked = [request.target.partition("?")[2] for request in upstream.requests]
    assert [query.split("&")[1] for query in asked] == [
        "pageNumber=1",
        "pageNumber=2",
        "pageNumber=3",
    ]


def test_a_service_that_knows_no_pages_is_not_asked_for_ever(
    make_directory: MakeDirectory,
) -> None:
    with Upstream(pages_of(2500, repeat=True)) as upstream:
        directory = make_directory(url=upstream.url, policy=lambda agent, user: True)
        assert directory.active_users(agent=MARY).total == MAX_PAGE_SIZE
    assert len(upstream.requests) == 2


class Crowd:
    """A service with so many active users, which counts what it hands out."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.requests: list[tuple[int, int]] = []

    @property
    def handed_out(self) -> int:
        return sum(
            min(size, max(0, self.total - (page - 1) * size))
            for page, size in self.requests
        )

    def __call__(self, upstream: Upstream, connection: socket.socket) -> None:
        query = parse_qs(urlsplit(upstream.requests[-1].target).query)
        page, size = int(query["pageNumber"][0]), int(query["pageSize"][0])
        self.requests.append((page, size))
        first = (page - 1) * size
        results = [
            {"visitorId": f"v-{one:05}", "firstname": f"{one:05}"}
            for one in range(first, min(first + size, self.total))
        ]
        data = {"page": page, "total": self.total, "results": results}
        connection.sendall(answer_json(data))


def test_a_page_of_ten_thousand_costs_one_page(make_directory: MakeDirectory) -> None:
    crowd = Crowd(10_000)
    with Upstream(crowd) as upstream:
        directory = make_directory(url=upstream.url)
        for page in (1, 2, 100, 200):
            listing = directory.active_users(page=page, page_size=50)
            assert listing.total == 10_000
            assert listing.users[0].firstname == f"{(page - 1) * 50:05}"
            assert len(listing.users) == 50
        assert directory.active_users(page=201, page_size=50).users == ()
    assert crowd.handed_out == 4 * 50


def test_with_a_policy_ten_thousand_are_loaded_once_for_all_agents_and_pages(
    make_directory: MakeDirectory, clock: Clock
) -> None:
    def even(agent: Agent, user: ActiveUser) -> bool:
        return int(user.firstname or "") % 2 == (agent == ADAM)

    crowd = Crowd(10_000)
    with Upstream(crowd) as upstream:
        directory = make_directory(url=upstream.url, policy=even)
        for agent, odd in ((MARY, 0), (ADAM, 1)):
            for page in (1, 2, 100):
                listing = directory.active_users(agent=agent, page=page)
                assert listing.total == 5_000
                assert listing.users[0].firstname == f"{(page - 1) * 100 + odd:05}"
            last = directory.active_users(agent=agent, sort="-name").users[0]
            assert last.firstname == f"{9_998 + odd:05}"
        assert crowd.handed_out == 10_000
        assert len(crowd.requests) == 10
        clock.now += 0.31
        directory.active_users(agent=MARY)
    assert crowd.handed_out == 20_000


class FatCrowd(Crowd):
    """One whose pages are too large for one answer, from so many users on."""

    def __init__(self, total: int, most: int) -> None:
        super().__init__(total)
        self.most = most

    def __call__(self, upstream: Upstream, connection: socket.socket) -> None:
        query = parse_qs(urlsplit(upstream.requests[-1].target).query)
        if int(query["pageSize"][0]) <= self.most:
            super().__call__(upstream, connection)
        else:
            flood(upstream, connection)


def test_a_list_too_large_for_one_answer_is_loaded_in_smaller_ones(
    make_directory: MakeDirectory,
) -> None:
    crowd = FatCrowd(1300, most=250)
    with Upstream(crowd) as upstream:
        directory = make_directory(url=upstream.url, policy=lambda agent, user: True)
        listing = directory.active_users(agent=MARY, page=26)
        assert listing.total == 1300
        assert [user.firstname for user in listing.users] == [
            f"{one:05}" for one in range(1250, 1300)
        ]
        # One page after the other, none left out, none twice.
        assert crowd.requests == [(page, 250) for page in range(1, 9)]
        assert len(directory.statuses(["v-00000"], agent=MARY).users) == 1
        one_page = make_directory(url=upstream.url)
        assert len(one_page.active_users(page=2, page_size=500).users) == 500


def test_a_service_that_sends_too_much_whatever_it_is_asked_is_given_up(
    make_directory: MakeDirectory,
) -> None:
    with Upstream(flood) as upstream:
        directory = make_directory(url=upstream.url, policy=lambda agent, user: True)
        with pytest.raises(BadAnswer, match="more than 8 MB"):
            directory.active_users(agent=MARY)
    assert len(upstream.requests) == 4


# --- while the service is down


def test_an_old_list_says_what_is_wrong_and_how_old_it_is(
    service: FakeService, make_directory: MakeDirectory, clock: Clock
) -> None:
    john = service.add(firstname="John")
    directory = make_directory()
    before = directory.active_users()
    clock.now += 40
    service.fail(500)
    listing = directory.active_users()
    assert [user.visitor_id for user in listing.users] == [john]
    assert listing.as_of == before.as_of
    assert isinstance(listing.trouble, ServiceUnavailable)
    assert listing.to_json()["trouble"] == {
        "code": "service-unavailable",
        "detail": listing.trouble.message,
        "remedy": listing.trouble.remedy,
    }
    assert "trouble" not in before.to_json()
    clock.now += 20
    with pytest.raises(ServiceUnavailable):
        directory.active_users()


def test_what_is_asked_about_single_users_leaves_the_last_list_alone(
    service: FakeService, make_directory: MakeDirectory, clock: Clock
) -> None:
    john = service.add(id="1")
    directory = make_directory()
    directory.active_users()
    for number in range(MOST_STALE):
        directory.status(f"stranger-{number}")
        directory.statuses(["1", f"stranger-{number}"])
    clock.now += 1
    service.fail(503)
    listing = directory.active_users()
    assert [user.visitor_id for user in listing.users] == [john]


def test_a_policy_holds_for_an_old_list(
    service: FakeService, make_directory: MakeDirectory, clock: Clock
) -> None:
    service.add(firstname="Anna", assigned_user=MARY.email)
    directory = make_directory(policy=assigned_only)
    directory.active_users(agent=MARY)
    clock.now += 1
    service.fail(500)
    assert names(directory.active_users(agent=MARY).users) == ["Anna"]
    adams = directory.active_users(agent=ADAM)
    assert (adams.users, adams.total) == ((), 0)
    assert adams.trouble is not None


def test_who_may_be_called_is_not_decided_by_old_news(
    service: FakeService, make_directory: MakeDirectory, clock: Clock
) -> None:
    john = service.add(id="1")
    directory = make_directory()
    assert directory.status(john) is not None
    clock.now += 1
    service.fail(500)
    with pytest.raises(ServiceUnavailable):
        directory.status(john)


def test_a_service_that_hangs_holds_one_thread(
    make_directory: MakeDirectory, clock: Clock
) -> None:
    asked = threading.Event()

    def hang(upstream: Upstream, connection: socket.socket) -> None:
        asked.set()
        say_nothing(upstream, connection)

    with ThreadPoolExecutor(1) as pool, Upstream(EMPTY, hang) as upstream:
        directory = make_directory(url=upstream.url)
        before = directory.active_users()
        clock.now += 1
        hanging = pool.submit(directory.active_users)
        asked.wait()
        clock.now += PATIENCE
        listings = in_threads(directory.active_users)
        statuses = in_threads(lambda: directory.status("1"))
        upstream.closing.set()
        hanging.result()
    assert {listing.as_of for listing in listings} == {before.as_of}
    assert {type(listing.trouble) for listing in listings} == {ServiceTimeout}
    assert {type(error) for error in statuses} == {ServiceTimeout}
    assert len(upstream.requests) <= 2 + ATTEMPTS


# --- one user


@pytest.mark.parametrize("query", ["1", "john@example.com", "JOHN@Example.COM", "v-1"])
def test_one_user_is_found(
    query: str, service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(visitor_id="v-1", id="1", email="John@example.com")
    service.add(visitor_id="v-2", id="2", email="jane@example.com")
    found = make_directory().status(query)
    assert found is not None
    assert found.visitor_id == "v-1"


@pytest.mark.parametrize("query", ["", "3", "john", "example.com", "V-1", ".."])
def test_one_who_is_not_active_is_none(
    query: str, service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(visitor_id="v-1", id="1", email="john@example.com")
    assert make_directory().status(query) is None


# The vendor's own service matches a query against all fields.
NAMESAKE = {"visitorId": "v-9", "id": "9", "firstname": "john@example.com"}


def test_a_service_that_answers_with_somebody_else_is_not_believed(
    make_directory: MakeDirectory,
) -> None:
    found = {"page": 1, "total": 1, "results": [NAMESAKE]}
    with Upstream(answer_json(NAMESAKE), answer_json(found)) as upstream:
        assert make_directory(url=upstream.url).status("john@example.com") is None


def test_somebody_else_does_not_hide_the_one_who_is_meant(
    make_directory: MakeDirectory,
) -> None:
    john = {"visitorId": "v-1", "email": "john@example.com"}
    found = {"page": 1, "total": 2, "results": [NAMESAKE, john]}
    with Upstream(answer_json(NAMESAKE), answer_json(found)) as upstream:
        user = make_directory(url=upstream.url).status("john@example.com")
    assert user is not None
    assert user.visitor_id == "v-1"


def test_a_user_whom_the_policy_forbids_is_as_good_as_not_active(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(id="1", assigned_user=ADAM.email)
    directory = make_directory(policy=assigned_only)
    assert directory.status("1", agent=MARY) is None
    assert directory.status("1", agent=ADAM) is not None


def test_a_visitor_that_is_forbidden_does_not_hide_one_that_is_allowed(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(id="1", verified=True, assigned_user=ADAM.email)
    mine = service.add(id="1", assigned_user=MARY.email)
    found = make_directory(policy=assigned_only).status("1", agent=MARY)
    assert found is not None
    assert found.visitor_id == mine


# --- several visitors of one user


def visitor(visitor_id: str, **fields: t.Any) -> ActiveUser:
    return ActiveUser(visitor_id=visitor_id, id="1", **fields)


def at(minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 22, 12, minute, tzinfo=dt.UTC)


def several(count: int) -> list[str]:
    return [f"user{n}@example.com" for n in range(count)]


def add_crowd(service: FakeService, count: int) -> None:
    for n in range(count):
        service.add(visitor_id=f"v-{n}", id=str(n), email=f"user{n}@example.com")


def test_several_users_are_found_in_one_request(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    add_crowd(service, 1200)
    asked = [*several(30), "v-1199", "42", "USER7@example.com", "nobody"]
    found = make_directory().statuses(asked)
    assert set(found.users) == set(asked)
    assert found.users["nobody"] is None
    for query, user in found.users.items():
        assert query == "nobody" or (user is not None and is_meant(query, user))
    assert len(service.requests) == 1


def test_nobody_is_asked_for_without_a_request(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    assert make_directory().statuses([]).users == {}
    assert service.requests == []


def test_so_many_that_no_address_holds_them_cost_a_few_requests(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    add_crowd(service, 250)
    found = make_directory().statuses(several(250))
    assert all(found.users.values())
    assert len(service.requests) == 3


@pytest.mark.parametrize("query", ["x" * 254, "ü" * 254, "a&b=c d"])
def test_each_request_for_several_has_a_short_address(query: str) -> None:
    asked = [f"{query}{n}" for n in range(60)]
    portions = list(batched(asked))
    assert [one for portion in portions for one in portion] == asked
    for portion in portions:
        pairs = [("query", one) for one in portion]
        assert len(portion) == 1 or len(urlencode(pairs)) <= LONGEST_ADDRESS


def test_a_policy_holds_for_several(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(visitor_id="v-1", id="1", assigned_user=ADAM.email, verified=True)
    service.add(visitor_id="v-2", id="1", assigned_user=MARY.email)
    service.add(visitor_id="v-3", id="3", assigned_user=ADAM.email)
    directory = make_directory(policy=assigned_only)
    of_mary = directory.statuses(["1", "3"], agent=MARY).users
    of_adam = directory.statuses(["1", "3"], agent=ADAM).users
    assert {q: u and u.visitor_id for q, u in of_mary.items()} == {
        "1": "v-2",
        "3": None,
    }
    assert {q: u and u.visitor_id for q, u in of_adam.items()} == {
        "1": "v-1",
        "3": "v-3",
    }
    assert len(service.requests) == 1
    with pytest.raises(SetupError):
        directory.statuses(["1"])


def test_several_are_remembered_whatever_their_order(
    service: FakeService, make_directory: MakeDirectory, clock: Clock
) -> None:
    directory = make_directory()
    directory.statuses(["1", "2"])
    directory.statuses(["2", "1", "2"])
    assert len(service.requests) == 1
    directory.statuses(["1", "2"], tick=5)
    clock.now += 0.4
    directory.statuses(["1", "2"])
    assert len(service.requests) == 3


def test_old_news_of_several_is_not_given(
    service: FakeService, make_directory: MakeDirectory, clock: Clock
) -> None:
    directory = make_directory()
    directory.statuses(["1", "2"])
    clock.now += 1
    service.fail(503)
    with pytest.raises(ServiceUnavailable):
        directory.statuses(["1", "2"])


@pytest.mark.parametrize(("active", "requests"), [(900, 1), (1200, 3)])
def test_where_several_cannot_be_found_the_whole_list_is_used(
    make_directory: MakeDirectory, active: int, requests: int
) -> None:
    crowd = Crowd(active)
    with Upstream(crowd) as upstream:
        asked = [f"v-{n:05}" for n in range(active - 30, active)]
        found = make_directory(url=upstream.url).statuses(asked)
    assert all(found.users.values())
    assert len(crowd.requests) == requests


def test_there_one_list_serves_all_who_ask_for_somebody(
    make_directory: MakeDirectory,
) -> None:
    crowd = Crowd(1200)
    with Upstream(crowd) as upstream:
        directory = make_directory(url=upstream.url)
        for number in range(3):
            asked = f"v-{number:05}"
            assert directory.statuses([asked]).users[asked] is not None
    of_all = 2
    assert len(crowd.requests) == of_all + 3


@pytest.mark.parametrize(
    "users",
    [
        [
            visitor("worse", verified=False, visible=True, last_seen=at(9)),
            visitor("best", verified=True, visible=False, last_seen=at(1)),
        ],
        [
            visitor("worse", verified=True, visible=False, last_seen=at(9)),
            visitor("best", verified=True, visible=True, last_seen=at(1)),
        ],
        [visitor("worse", last_seen=at(1)), visitor("best", last_seen=at(2))],
        [visitor("worse", since=at(1)), visitor("best", since=at(2))],
        [visitor("worse"), visitor("best", since=at(2))],
        [visitor("best")],
    ],
)
def test_verified_comes_first_then_visible_then_latest(
    users: list[ActiveUser],
) -> None:
    for order in (users, users[::-1]):
        chosen = best(order)
        assert chosen is not None
        assert chosen.visitor_id == "best"


def test_nobody_is_picked_out_of_nobody() -> None:
    assert best([]) is None


def test_a_name_is_no_query() -> None:
    user = ActiveUser(visitor_id="v-1", firstname="John")
    assert not is_meant("John", user)
    assert not is_meant("", user)


# --- order


ANNA = visitor("v-a", firstname="anna", email="z@x", since=at(2), last_seen=at(1))
BERT = visitor(
    "v-b",
    firstname="Bert",
    email="Y@x",
    since=at(1),
    last_seen=at(2),
    location=Page("Home", "/"),
)


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("name", ANNA),
        ("-name", BERT),
        ("email", BERT),
        ("-email", ANNA),
        ("since", BERT),
        ("-since", ANNA),
        ("lastSeen", ANNA),
        ("-lastSeen", BERT),
        ("page", ANNA),
        ("-page", BERT),
    ],
)
def test_users_are_sorted(sort: str, first: ActiveUser) -> None:
    assert in_order([ANNA, BERT], sort)[0] is first
    assert in_order([BERT, ANNA], sort)[0] is first


@pytest.mark.parametrize("sort", ["name", "-name", "lastSeen"])
def test_who_waits_comes_first_and_the_longest_wait_on_top(sort: str) -> None:
    long = visitor("v-x", firstname="Xaver", waiting_since=at(1))
    short = visitor("v-y", firstname="Yves", waiting_since=at(5))
    ordered = in_order([ANNA, short, BERT, long], sort)
    assert ordered[:2] == [long, short]


def test_equals_are_sorted_by_visitor_so_that_pages_do_not_overlap() -> None:
    twins = [visitor(f"v-{one}", firstname="John") for one in (3, 1, 2)]
    ordered = [user.visitor_id for user in in_order(twins, "name")]
    assert ordered == ["v-1", "v-2", "v-3"]


# --- where there is no list


def test_a_directory_of_the_browser_says_so(make_directory: MakeDirectory) -> None:
    directory = make_directory(CHATVISOR_DIRECTORY="browser")
    with pytest.raises(SetupError, match=r"CV\.user\.list"):
        directory.active_users()
    with pytest.raises(SetupError, match="'server'"):
        directory.status("1")
    with pytest.raises(SetupError):
        directory.unfiltered()


def test_a_directory_that_is_off_knows_nobody(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(id="1")
    directory = make_directory(CHATVISOR_ENABLED=False)
    assert directory.active_users().users == ()
    assert directory.status("1") is None
    assert directory.unfiltered() == ()
    assert service.requests == []


def test_those_who_run_the_application_see_everybody(
    service: FakeService, make_directory: MakeDirectory
) -> None:
    service.add(firstname="Anna", labels=["gold"])
    service.add(firstname="Bert")
    directory = make_directory(policy=assigned_only)
    assert names(directory.unfiltered()) == ["Anna", "Bert"]
    assert names(directory.unfiltered(Selection(label="gold"))) == ["Anna"]
