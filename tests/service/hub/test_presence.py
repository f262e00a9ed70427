"""Who is here, on which page, and when somebody has gone."""

from __future__ import annotations

import pytest

from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.contract.users import Page
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.protocol import Close
from flask_chatvisor.service.protocol import PageRef
from flask_chatvisor.service.records.visit import MAX_VISITED
from flask_chatvisor.service.settings import Limits

from ..harness import ADAM
from ..harness import HOME
from ..harness import JANE
from ..harness import JOHN
from ..harness import World
from ..harness import john


def test_a_new_visitor_gets_an_id_and_its_secret(world: World) -> None:
    tab = world.tab()
    assert tab.visitor_id
    assert world.access.sessions.resume(tab.visitor_id, tab.secret, world.now)


def test_a_visitor_comes_back_as_the_same(world: World) -> None:
    first = world.tab()
    assert world.tab(like=first).visitor_id == first.visitor_id


def test_a_visitor_comes_back_even_after_the_service_was_restarted(
    world: World,
) -> None:
    before = world.tab()
    after = World().tab(like=before)
    assert after.visitor_id == before.visitor_id


def test_a_wrong_secret_makes_a_new_visitor(world: World) -> None:
    mine, other = world.tab(), world.tab()
    mine.secret = other.secret
    stranger = world.tab(like=mine)
    assert stranger.visitor_id not in (mine.visitor_id, other.visitor_id)


def test_only_a_tagged_visitor_is_active(world: World) -> None:
    tab = world.tab()
    assert world.users() == []
    tab.say(p.Tag(JOHN))
    assert [user.email for user in world.users()] == ["john@example.com"]


def test_the_last_tag_counts_as_a_whole(world: World) -> None:
    tab = world.tab({**JOHN, "labels": ["gold"]})
    tab.say(p.Tag({"id": "1", "email": "new@example.com"}))
    (user,) = world.users()
    assert (user.email, user.firstname, user.labels) == ("new@example.com", "", ())


@pytest.mark.parametrize("tag", [None, "x", 7, []])
def test_a_tag_that_is_no_object_is_refused_and_changes_nothing(
    world: World, tag: object
) -> None:
    tab = world.tab(JOHN)
    tab.say(p.Tag(tag))
    assert tab.last(p.Refused).code == "bad-request"
    assert john(world).email == "john@example.com"


def test_an_active_user_shows_the_page_it_is_on(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.PageMessage(PageRef(title="Bill", path="/bill?no=1"), visible=False))
    assert john(world).location == Page(title="Bill", path="/bill")
    assert not john(world).visible


def test_one_user_comes_with_all_tabs_and_the_pages_of_the_visit(
    world: World,
) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    bill = PageRef(title="Bill", path="/bill?no=1")
    first.say(p.PageMessage(bill, visible=False))
    second.say(p.PageMessage(PageRef(title="Help", path="/help"), visible=True))
    profile = world.find("john@example.com")
    assert profile is not None
    assert [(tab.path, tab.visible) for tab in profile.tabs] == (
        [("/help", True), ("/bill", False)]
    )
    assert [page.path for page in profile.pages][:2] == ["/help", "/bill"]
    first.say(p.PageMessage(bill, visible=True))
    assert john(world).pages == profile.pages, "showing a tab opens no page"
    assert not hasattr(world.users()[0], "pages")


def test_the_pages_of_a_visit_are_bounded_and_a_later_title_counts(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    for number in range(MAX_VISITED + 5):
        tab.say(p.PageMessage(PageRef(title="…", path=f"/{number}"), visible=True))
    tab.say(p.PageMessage(PageRef(title="Ready", path="/24"), visible=True))
    pages = john(world).pages
    assert len(pages) == MAX_VISITED
    assert (pages[0].path, pages[0].title) == ("/24", "Ready")


def test_pages_of_one_user_are_not_shown_as_the_next_ones(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.PageMessage(PageRef(title="Secret", path="/secret"), visible=True))
    tab.say(p.PageMessage(PageRef(title="Home", path="/"), visible=True))
    tab.say(p.Tag({"id": "2", "email": "jane@example.com"}))
    jane = world.find("jane@example.com")
    assert jane is not None
    assert [page.path for page in jane.pages] == ["/"]


def test_a_visitor_stays_while_any_tab_is_open(world: World) -> None:
    first = world.tab(JOHN)
    world.tab(like=first)
    first.leave()
    world.wait(60)
    assert john(world)


def test_a_visitor_stays_for_a_moment_after_the_last_tab(world: World) -> None:
    world.tab(JOHN).leave()
    world.wait(7.9)
    assert john(world).location == Page("Home", "/")
    world.wait(0.2)
    assert world.users() == []


def test_a_page_load_does_not_make_a_visitor_leave(world: World) -> None:
    tab = world.tab(JOHN)
    for _ in range(5):
        tab.leave()
        world.wait(5)
        tab = world.tab(like=tab)
    world.wait(20)
    assert john(world)


def test_since_is_when_the_visit_began(world: World) -> None:
    tab = world.tab(JOHN)
    began = john(world).since
    world.wait(100)
    tab.say(p.PageMessage(HOME, visible=True))
    assert john(world).since == began
    assert john(world).last_seen == timestamp(world.now)


def test_who_left_is_not_tagged_when_it_comes_back(world: World) -> None:
    tab = world.tab(JOHN)
    tab.leave()
    world.wait(9)
    world.tab(like=tab)
    assert world.users() == []


def test_a_reset_forgets_tag_and_visitor(world: World) -> None:
    tab = world.tab(JOHN)
    before = tab.visitor_id
    tab.say(p.Reset())
    assert tab.visitor_id != before
    assert world.users() == []


def test_after_a_reset_the_tab_can_be_somebody_else(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.Reset())
    tab.say(p.Tag(JANE))
    (user,) = world.users()
    assert (user.visitor_id, user.email) == (tab.visitor_id, "jane@example.com")


def test_a_reset_in_one_tab_ends_being_active_in_all(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    first.say(p.Reset())
    assert world.users() == []
    second.say(p.PageMessage(HOME, visible=True))
    assert world.users() == []


def test_a_visitor_has_a_bounded_number_of_tabs() -> None:
    world = World(limits=Limits(tabs=3))
    first = world.tab()
    for _ in range(2):
        world.tab(like=first)
    fourth = world.client()
    fourth.say(p.HelloVisitor(HOME, True, first.visitor_id, first.secret))
    assert fourth.closed is Close.TOO_MANY


def test_an_agent_has_a_bounded_number_of_pages() -> None:
    world = World(limits=Limits(tabs=2))
    pages = [world.agent() for _ in range(3)]
    assert [page.closed for page in pages] == [None, None, Close.TOO_MANY]
    assert world.agent(ADAM).closed is None


def test_a_connection_must_introduce_itself_first(world: World) -> None:
    client = world.client()
    client.say(p.Tag(JOHN))
    assert client.closed is Close.BAD_MESSAGE


def test_nobody_introduces_itself_twice(world: World) -> None:
    tab = world.tab()
    tab.say(p.HelloVisitor(HOME))
    assert tab.closed is Close.NOT_ALLOWED


def test_who_closes_everything_during_a_call_leaves_the_list_as_soon(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    _, window = world.accepted(tab)
    tab.leave()
    window.leave()
    world.wait(7.9)
    assert john(world)
    world.wait(0.2)
    assert world.users() == []


def test_an_acknowledgement_is_no_introduction(world: World) -> None:
    client = world.client()
    client.say(p.Ack(1))
    assert client.closed is Close.BAD_MESSAGE


def test_no_text_turns_the_words_around_it(world: World) -> None:
    turned = "\u202enhoJ\u202c"
    page = PageRef(title=turned, path=f"/{turned}")
    world.tab({**JOHN, "firstname": turned, "labels": [turned]}, page=page)
    (user,) = world.users()
    assert (user.firstname, user.labels) == ("nhoJ", ("nhoJ",))
    assert user.location == Page("nhoJ", "/ nhoJ")
