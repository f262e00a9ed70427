"""The hub without sockets: every journey, every end, every rule."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.tag import clean_page
from flask_chatvisor.contract.times import timestamp
from flask_chatvisor.contract.users import InCall
from flask_chatvisor.contract.users import Page
from flask_chatvisor.contract.users import Profile
from flask_chatvisor.contract.users import UserRow
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access import Refusal
from flask_chatvisor.service.presence import MAX_VISITED
from flask_chatvisor.service.protocol import Close
from flask_chatvisor.service.settings import Limits

from .harness import ADAM
from .harness import HOME
from .harness import IDENTITY_KEY
from .harness import JANE
from .harness import JOHN
from .harness import MARY
from .harness import Client
from .harness import Tab
from .harness import World


@pytest.fixture
def world() -> World:
    return World()


def users(world: World, **selection: t.Any) -> list[UserRow]:
    return world.hub.select_users(Selection(**selection))[1]


def john(world: World) -> Profile:
    user = world.hub.find_user("john@example.com")
    assert user is not None
    return user


def shown(tab: Client) -> p.OwnCall:
    """The call that a tab shows."""
    assert tab.shown is not None
    return tab.shown


def end_of(window: Client) -> str | None:
    """The reason that a call window was told last."""
    return window.last(p.CallStateMessage).reason


# --- presence -------------------------------------------------------------------


def test_a_new_visitor_gets_an_id_and_its_secret(world: World) -> None:
    tab = world.tab()
    assert tab.visitor_id
    assert world.access.is_visitor(tab.visitor_id, tab.secret)


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
    assert users(world) == []
    tab.say(p.Tag(JOHN))
    assert [user.email for user in users(world)] == ["john@example.com"]


def test_the_last_tag_counts_as_a_whole(world: World) -> None:
    tab = world.tab({**JOHN, "labels": ["gold"]})
    tab.say(p.Tag({"id": "1", "email": "new@example.com"}))
    (user,) = users(world)
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
    tab.say(p.PageMessage(p.Page(title="Bill", path="/bill?no=1"), visible=False))
    assert john(world).location == Page(title="Bill", path="/bill")
    assert not john(world).visible


def test_one_user_comes_with_all_tabs_and_the_pages_of_the_visit(
    world: World,
) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    bill = p.Page(title="Bill", path="/bill?no=1")
    first.say(p.PageMessage(bill, visible=False))
    second.say(p.PageMessage(p.Page(title="Help", path="/help"), visible=True))
    profile = world.hub.find_user("john@example.com")
    assert profile is not None
    assert [(tab.path, tab.visible) for tab in profile.tabs] == (
        [("/help", True), ("/bill", False)]
    )
    assert [page.path for page in profile.pages][:2] == ["/help", "/bill"]
    first.say(p.PageMessage(bill, visible=True))
    assert john(world).pages == profile.pages, "showing a tab opens no page"
    assert not hasattr(users(world)[0], "pages")


def test_the_pages_of_a_visit_are_bounded_and_a_later_title_counts(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    for number in range(MAX_VISITED + 5):
        tab.say(p.PageMessage(p.Page(title="…", path=f"/{number}"), visible=True))
    tab.say(p.PageMessage(p.Page(title="Ready", path="/24"), visible=True))
    pages = john(world).pages
    assert len(pages) == MAX_VISITED
    assert (pages[0].path, pages[0].title) == ("/24", "Ready")


def test_pages_of_one_user_are_not_shown_as_the_next_ones(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.PageMessage(p.Page(title="Secret", path="/secret"), visible=True))
    tab.say(p.PageMessage(p.Page(title="Home", path="/"), visible=True))
    tab.say(p.Tag({"id": "2", "email": "jane@example.com"}))
    jane = world.hub.find_user("jane@example.com")
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
    assert john(world).location == clean_page(HOME)
    world.wait(0.2)
    assert users(world) == []


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
    assert users(world) == []


def test_a_reset_forgets_tag_and_visitor(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.Reset())
    welcome = tab.last(p.Welcome)
    assert welcome.visitor_id != tab.visitor_id
    assert users(world) == []


def test_after_a_reset_the_tab_can_be_somebody_else(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.Reset())
    new_id = tab.last(p.Welcome).visitor_id
    tab.say(p.Tag(JANE))
    (user,) = users(world)
    assert (user.visitor_id, user.email) == (new_id, "jane@example.com")


def test_a_reset_in_one_tab_ends_being_active_in_all(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    first.say(p.Reset())
    assert users(world) == []
    second.say(p.PageMessage(HOME, visible=True))
    assert users(world) == []


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


# --- identity -------------------------------------------------------------------


def vouched(world: World, tag: dict[str, t.Any], **changes: t.Any) -> str:
    values: dict[str, t.Any] = {"key": IDENTITY_KEY, "now": world.now, "max_age": 60}
    return tokens.sign_identity(tag, **values | changes)


@pytest.fixture
def strict() -> World:
    return World(identity_keys=(IDENTITY_KEY,), require_identity=True)


@pytest.fixture
def lenient() -> World:
    return World(identity_keys=(IDENTITY_KEY,))


def test_a_vouched_tag_is_verified(strict: World) -> None:
    strict.tab({"externalToken": vouched(strict, JOHN)})
    assert john(strict).verified


def test_every_field_comes_from_the_identity_token(strict: World) -> None:
    claimed = {
        "email": "boss@example.com",
        "labels": ["admin"],
        "additionalTaggingData": {"role": "boss"},
        "externalToken": vouched(strict, JOHN),
    }
    strict.tab(claimed)
    (user,) = users(strict)
    assert (user.email, user.labels) == ("john@example.com", ())
    assert user.additional_tagging_data == {}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda w: None, "token-missing"),
        (lambda w: 7, "token-missing"),
        (lambda w: "x.y.z", "token-invalid"),
        (lambda w: vouched(w, JOHN, key="another"), "token-invalid"),
        (lambda w: vouched(w, JOHN, now=w.now - 999), "token-expired"),
        (lambda w: vouched(w, JOHN, now=w.now + 999), "token-invalid"),
        (lambda w: w.user_token(), "token-invalid"),
    ],
    ids=["none", "number", "garbage", "forged", "expired", "future", "user token"],
)
def test_an_unproven_tag_creates_nothing_where_proof_is_required(
    strict: World, make: t.Callable[[World], t.Any], code: str
) -> None:
    tab = strict.tab({**JOHN, "externalToken": make(strict)})
    assert tab.last(p.Refused).code == code
    assert users(strict) == []


def test_a_refused_tag_does_not_change_a_verified_one(strict: World) -> None:
    tab = strict.tab({"externalToken": vouched(strict, JOHN)})
    tab.say(p.Tag({"email": "boss@example.com"}))
    (user,) = users(strict)
    assert (user.email, user.verified) == ("john@example.com", True)


@pytest.mark.parametrize("token", [None, "x.y.z"])
def test_an_unproven_tag_is_marked_where_proof_is_not_required(
    lenient: World, token: object
) -> None:
    lenient.tab({**JOHN, "externalToken": token})
    assert not john(lenient).verified


def test_a_page_cannot_call_itself_verified(world: World) -> None:
    world.tab({**JOHN, "verified": True, "visitorId": "x"})
    (user,) = users(world)
    assert not user.verified
    assert user.visitor_id != "x"


def test_an_unproven_tag_over_a_verified_one_is_marked(lenient: World) -> None:
    tab = lenient.tab({"externalToken": vouched(lenient, JOHN)})
    tab.say(p.Tag(JOHN))
    assert not john(lenient).verified


@pytest.mark.parametrize("message", [p.ConferenceJoin(1, "u"), p.ConferenceStart(1)])
def test_nobody_asks_for_help_unproven_where_proof_is_required(
    strict: World, message: p.ClientMessage
) -> None:
    tab = strict.tab()
    tab.say(message)
    assert tab.last(p.Refused).code == "token-missing"
    assert users(strict) == []


def test_a_queued_customer_cannot_change_what_was_vouched_for(strict: World) -> None:
    tab = strict.tab({"externalToken": vouched(strict, JOHN)})
    tab.say(p.ConferenceJoin(1, "u", p.QueueProps(email="boss@example.com")))
    assert tab.got(p.Joined)
    (user,) = users(strict)
    assert (user.email, user.verified) == ("john@example.com", True)


# --- agents ---------------------------------------------------------------------


def test_an_agent_is_welcomed_until_the_token_expires(world: World) -> None:
    agent = world.agent(ttl=100)
    assert agent.last(p.AgentWelcome).expires_at == timestamp(world.now + 100)
    world.wait(99)
    assert agent.closed is None
    world.wait(1)
    assert agent.closed is Close.REFUSED


@pytest.mark.parametrize(
    "token",
    [
        lambda w: "x.y.z",
        lambda w: w.user_token(now=w.now - 9999),
        lambda w: tokens.sign_identity(JOHN, IDENTITY_KEY, now=w.now, max_age=60),
        lambda w: w.settings.api_tokens[0],
    ],
    ids=["garbage", "expired", "identity token", "api token"],
)
def test_an_agent_needs_a_good_user_token(
    world: World, token: t.Callable[[World], str]
) -> None:
    client = world.client()
    client.say(p.HelloAgent(token(world)))
    assert client.closed is Close.REFUSED


def test_an_agent_needs_the_presence_scope(world: World) -> None:
    client = world.client()
    client.say(p.HelloAgent(world.user_token(scope=["list", "call"])))
    assert client.closed is Close.NOT_ALLOWED


def ticks(agent: Client) -> list[int]:
    return [tick.n for tick in agent.got(p.Tick)]


def test_a_tick_comes_at_once_and_holds_a_number_only(world: World) -> None:
    agent = world.agent()
    ticks(agent)
    world.tab(JOHN)
    (tick,) = agent.got(p.Tick)
    assert p.encode(tick) == b'{"type":"tick","n":1}'


def test_many_changes_make_few_ticks_and_the_last_is_told(world: World) -> None:
    agent = world.agent()
    tab = world.tab(JOHN)
    world.wait(1)
    ticks(agent)
    for number in range(10):
        tab.say(p.PageMessage(p.Page(path=f"/{number}"), visible=True))
        world.wait(0.01)
    assert len(ticks(agent)) == 1
    world.wait(0.2)
    (last,) = ticks(agent)
    world.wait(10)
    assert ticks(agent) == []
    tab.say(p.PageMessage(HOME, visible=True))
    assert ticks(agent) == [last + 1]


def test_ticks_are_at_least_a_quarter_of_a_second_apart(world: World) -> None:
    agent = world.agent()
    tab = world.tab(JOHN)
    times = []
    for _ in range(400):
        tab.say(p.PageMessage(HOME, visible=True))
        world.wait(0.01)
        if ticks(agent):
            times.append(world.now)
    gaps = [later - one for one, later in itertools.pairwise(times)]
    assert 14 <= len(times) <= 17
    assert min(gaps) >= 0.24


def test_an_untagged_visitor_makes_no_tick(world: World) -> None:
    agent = world.agent()
    ticks(agent)
    world.tab().say(p.PageMessage(HOME, visible=False))
    world.wait(5)
    assert ticks(agent) == []


def test_an_agent_that_comes_back_is_ticked_for_what_it_missed(world: World) -> None:
    agent = world.agent()
    agent.leave()
    world.tab(JOHN)
    (tick,) = ticks(world.agent())
    assert tick >= 1


def test_who_comes_leaves_and_is_called_makes_ticks(world: World) -> None:
    agent = world.agent()
    tab = world.tab(JOHN)
    world.wait(1)
    ticks(agent)
    world.ringing(tab)
    world.wait(1)
    assert ticks(agent)
    tab.say(p.Decline(tab.last(p.Ring).call_id))
    world.wait(1)
    assert ticks(agent)
    tab.leave()
    world.wait(9)
    assert ticks(agent)


def test_whether_an_agent_is_online_is_told(world: World) -> None:
    tab = world.tab()
    tab.say(p.AgentsMessage(1))
    assert tab.last(p.AgentsOnline) == p.AgentsOnline(1, False)
    agent = world.agent()
    tab.say(p.AgentsMessage(2))
    assert tab.last(p.AgentsOnline) == p.AgentsOnline(2, True)
    agent.leave()
    tab.say(p.AgentsMessage(3))
    assert tab.last(p.AgentsOnline) == p.AgentsOnline(3, False)


# --- calling --------------------------------------------------------------------


def test_every_open_tab_rings_and_says_who_asks(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    call = world.call(first)
    world.window(call.url)
    for tab in (first, second):
        ring = tab.last(p.Ring)
        assert (ring.call_id, ring.agent) == (call.call_id, MARY)
        assert ring.expires_at == timestamp(world.now + 45)
    assert world.state(call.call_id) == "ringing"


def test_nobody_else_rings(world: World) -> None:
    tab, other, agent = world.tab(JOHN), world.tab(JANE), world.agent()
    world.ringing(tab)
    assert other.got(p.Ring) == []
    assert agent.got(p.Ring) == []


def test_a_tab_that_arrives_rings_too(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    assert world.tab(like=tab).got(p.Ring)


def test_nothing_rings_before_the_agents_window_is_there(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.wait(10)
    assert tab.got(p.Ring) == world.tab(like=tab).got(p.Ring) == []
    window = world.window(call.url)
    assert tab.last(p.Ring).expires_at == timestamp(world.now + 45)
    world.wait(40)
    assert world.state(call.call_id) == "ringing"
    world.wait(6)
    assert end_of(window) == "no-answer"


def test_a_reload_of_the_agents_window_rings_no_longer(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.window(call.url).leave()
    world.wait(3)
    world.window(world.call(tab).url)
    assert len(tab.got(p.Ring)) == 1
    world.wait(43)
    assert world.state(call.call_id) == "ended:no-answer"


def test_a_page_load_while_it_rings_does_not_end_it(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.window(call.url)
    tab.leave()
    world.wait(5)
    later = world.tab(like=tab)
    assert later.last(p.Ring).call_id == call.call_id


def test_the_visitors_window_accepts(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    agent = world.ringing(first)
    assert agent.last(p.CallWelcome).state == "ringing"
    window = world.window(first.last(p.Ring).url)
    assert window.last(p.CallWelcome).state == "accepted"
    assert agent.last(p.CallStateMessage).state == "accepted"
    for tab in (first, second):
        assert tab.last(p.Unring).reason == "accepted"


def test_a_window_is_told_all_it_shows(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.accepted(tab)
    seen = agent.last(p.CallWelcome)
    assert (seen.role, seen.agent) == ("agent", MARY)
    assert seen.visitor["email"] == "john@example.com"
    assert seen.visitor["location"] == {"title": "Home", "path": "/"}
    assert "externalToken" not in seen.visitor
    assert visitor.last(p.CallWelcome).role == "visitor"


def test_both_windows_hear_of_each_other(world: World) -> None:
    agent, visitor = world.accepted(world.tab(JOHN))
    assert agent.got(p.Peer) == [p.Peer(True)]
    assert visitor.got(p.Peer) == [p.Peer(True)]


def test_a_call_goes_live(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.accepted(tab)
    visitor.say(p.Share())
    assert agent.last(p.CallStateMessage).state == "connecting"
    agent.say(p.LiveMessage())
    for window in (agent, visitor):
        state = window.last(p.CallStateMessage)
        assert (state.state, state.since) == ("live", timestamp(world.now))
    assert shown(tab).state == "live"


def test_the_list_shows_who_is_in_a_call_with_whom(world: World) -> None:
    tab = world.tab(JOHN)
    assert john(world).in_call is None
    world.call(tab)
    assert john(world).in_call == InCall(MARY, None)
    agent, visitor = world.accepted(tab)
    shown = john(world).in_call
    assert shown is not None
    assert (shown.agent, shown.since) == (MARY, None)
    visitor.say(p.Share())
    agent.say(p.LiveMessage())
    live = john(world).in_call
    assert live is not None
    assert live.since == timestamp(world.now)
    agent.say(p.End("agent-ended"))
    assert john(world).in_call is None


@pytest.mark.parametrize(
    "over", ["declined", "unanswered", "cancelled", "closed", "never there", "left"]
)
def test_who_is_asked_is_shown_so_until_it_is_over(world: World, over: str) -> None:
    watching = world.agent(ADAM)
    tab = world.tab(JOHN)
    world.wait(1)
    ticks(watching)
    call = world.call(tab)
    window = world.window(call.url) if over != "never there" else None
    assert ticks(watching)
    assert john(world).in_call == InCall(MARY, None)
    with pytest.raises(Refusal) as caught:
        world.call(tab, ADAM)
    assert (caught.value.code, caught.value.extra) == ("busy", {"agent": MARY.name})
    world.wait(1)
    ticks(watching)
    if over == "declined":
        tab.say(p.Decline(call.call_id))
    elif over == "cancelled" and window:
        window.say(p.End("agent-ended"))
    elif over == "closed" and window:
        window.leave()
    elif over == "left":
        tab.leave()
    world.wait(46)
    assert ticks(watching)
    user = world.hub.find_user("john@example.com")
    assert (user is None) if over == "left" else (user and user.in_call is None)


def test_a_tab_that_arrives_in_a_live_call_knows_that_it_shares(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    later = world.tab(like=tab)
    assert later.last(p.Welcome).call == tab.shown
    assert shown(later).state == "live"
    agent.say(p.End("agent-ended"))
    assert later.shown is tab.shown is None


def test_a_tab_learns_that_the_call_window_was_closed_and_opened_again(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    _, window = world.live(tab)
    window.leave()
    assert (shown(tab).state, shown(tab).window) == ("live", False)
    tab.say(p.ConferenceStart(1))
    world.wait(10)
    world.window(tab.last(p.Conference).url)
    assert (shown(tab).state, shown(tab).window) == ("live", True)
    assert (shown(tab).agent, shown(tab).position) == (MARY, None)


def test_what_a_tab_shows_is_repeated_until_it_is_acknowledged(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    world.help(tab)
    (first,) = tab.got(p.OwnCallMessage)
    world.wait(2.1)
    assert tab.got(p.OwnCallMessage) == [first]


@pytest.mark.parametrize("stage", ["waiting", "accepted", "live"])
def test_a_visitor_stops_from_any_page(world: World, stage: str) -> None:
    tab = world.tab(JOHN)
    other = world.tab(like=tab)
    windows = [world.help(tab)] if stage == "waiting" else []
    if stage == "accepted":
        windows = [*world.accepted(tab)]
    elif stage == "live":
        windows = [*world.live(tab)]
    other.say(p.Stop(shown(other).call_id))
    assert {end_of(window) for window in windows} == {"visitor-ended"}
    assert tab.shown is other.shown is None
    assert john(world).waiting_since is None


def test_stopping_concerns_the_own_call_alone_and_none_that_rings(
    world: World,
) -> None:
    tab, other = world.tab(JOHN), world.tab(JANE)
    agent = world.ringing(tab)
    call_id = agent.last(p.CallWelcome).call_id
    for one in (tab, other):
        one.say(p.Stop(call_id))
    assert world.state(call_id) == "ringing"
    world.window(tab.last(p.Ring).url)
    other.say(p.Stop(call_id))
    assert world.state(call_id) == "accepted"


def test_the_agent_follows_the_visitors_pages(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    bill = p.Page(title="Bill", path="/bill")
    tab.say(p.PageMessage(bill, visible=True))
    assert agent.last(p.VisitorPage).page == clean_page(bill)
    world.wait(1)
    world.tab(like=tab, page=HOME)
    assert agent.last(p.VisitorPage).page == clean_page(HOME)
    assert visitor.got(p.VisitorPage) == []


def test_a_live_call_goes_on_without_a_tab(world: World) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    tab.leave()
    world.wait(600)
    assert world.state(agent.last(p.CallWelcome).call_id) == "live"
    assert john(world).in_call is not None
    visitor.say(p.End("visitor-ended"))
    world.wait(9)
    assert users(world) == []


SIGNALS: list[tuple[str, p.Signal]] = [
    ("visitor", p.Offer("o")),
    ("agent", p.Answer("a")),
    ("visitor", p.Candidate("c", "0", 0, "u")),
    ("agent", p.Candidate("")),
    ("agent", p.Restart()),
]


@pytest.mark.parametrize(("sender", "signal"), SIGNALS)
def test_signals_reach_the_other_one_alone(
    world: World, sender: str, signal: p.Signal
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    others = [*world.live(world.tab(JANE)), world.agent()]
    here, there = (agent, visitor) if sender == "agent" else (visitor, agent)
    here.say(signal)
    assert there.got(type(signal)) == [signal]
    assert here.got(type(signal)) == []
    assert all(other.got(type(signal)) == [] for other in others)


def test_a_signal_to_nobody_is_lost(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    agent.leave(1006)
    visitor.say(p.Offer("o"))
    assert visitor.closed is None


# --- how calls end --------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("visitor", "visitor-ended"),
        ("agent", "agent-ended"),
        ("visitor", "failed"),
        ("agent", "failed"),
    ],
)
def test_each_can_end_a_live_call_and_both_are_told(
    world: World, sender: str, reason: t.Any
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    (agent if sender == "agent" else visitor).say(p.End(reason))
    assert end_of(agent) == reason
    assert end_of(visitor) == reason
    assert tab.shown is None


def test_a_cancelled_picker_ends_an_accepted_call(world: World) -> None:
    agent, visitor = world.accepted(world.tab(JOHN))
    visitor.say(p.End("share-cancelled"))
    assert end_of(agent) == "share-cancelled"


def test_a_cancelled_picker_ends_a_connecting_call(world: World) -> None:
    agent, visitor = world.accepted(world.tab(JOHN))
    visitor.say(p.Share())
    visitor.say(p.End("share-cancelled"))
    assert end_of(agent) == "share-cancelled"


def test_what_was_live_was_not_cancelled_but_ended(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    visitor.say(p.End("share-cancelled"))
    assert end_of(agent) == "visitor-ended"


def test_a_declined_call_ends_in_every_tab(world: World) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    agent = world.ringing(first)
    first.say(p.Decline(first.last(p.Ring).call_id))
    assert end_of(agent) == "declined"
    assert second.last(p.Unring).reason == "declined"


def test_declining_too_late_does_nothing(world: World) -> None:
    tab = world.tab(JOHN)
    world.live(tab)
    call_id = tab.last(p.Ring).call_id
    tab.say(p.Decline(call_id))
    tab.say(p.Decline("unknown"))
    assert world.state(call_id) == "live"
    assert tab.closed is None


def test_nobody_declines_anothers_call(world: World) -> None:
    tab, other = world.tab(JOHN), world.tab(JANE)
    call = world.call(tab)
    other.say(p.Decline(call.call_id))
    assert world.state(call.call_id) == "ringing"


def test_nobody_answers(world: World) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    world.wait(44.9)
    assert tab.got(p.Unring) == []
    world.wait(0.2)
    assert tab.last(p.Unring).reason == "no-answer"
    assert end_of(agent) == "no-answer"


def test_the_visitor_leaves_while_it_rings(world: World) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    tab.leave()
    world.wait(8.1)
    assert end_of(agent) == "visitor-gone"


@pytest.mark.parametrize("state", ["ringing", "waiting"])
def test_a_reset_ends_what_was_only_asked_for(world: World, state: str) -> None:
    first = world.tab(JOHN)
    second = world.tab(like=first)
    window = world.ringing(first) if state == "ringing" else world.help(first)
    first.say(p.Reset())
    assert end_of(window) == "visitor-gone"
    if state == "ringing":
        assert second.last(p.Unring).reason == "visitor-gone"


def test_a_reset_ends_a_live_call_so_that_the_next_user_is_not_in_it(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    tab.say(p.Reset())
    assert end_of(agent) == end_of(visitor) == "visitor-gone"


@pytest.mark.parametrize("tag", [JANE, {}])
def test_a_tag_of_somebody_else_ends_the_call(
    world: World, tag: dict[str, t.Any]
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab)
    tab.say(p.Tag({**JOHN, "firstname": "Johnny"}))
    assert end_of(agent) is None
    tab.say(p.Tag(tag))
    assert end_of(agent) == end_of(visitor) == "visitor-gone"


def test_an_agents_window_that_never_connects(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.wait(21)
    assert tab.got(p.Ring) == []
    assert tab.got(p.Unring) == []
    assert world.state(call.call_id) == "ended:agent-closed"


def test_an_agents_window_that_closes_while_it_rings(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab).leave()
    world.wait(5.1)
    assert tab.last(p.Unring).reason == "agent-closed"


@pytest.mark.parametrize("stage", ["accepted", "live"])
@pytest.mark.parametrize(
    ("who", "code", "after", "reason"),
    [
        ("visitor", 1001, 5, "visitor-closed"),
        ("visitor", 1000, 5, "visitor-closed"),
        ("agent", 1001, 5, "agent-closed"),
        ("visitor", 1006, 30, "connection-lost"),
        ("agent", 1005, 30, "connection-lost"),
        ("agent", 4503, 30, "connection-lost"),
    ],
)
def test_a_window_that_goes_and_stays_away(
    world: World, stage: str, who: str, code: int, after: float, reason: str
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.live(tab) if stage == "live" else world.accepted(tab)
    here, there = (agent, visitor) if who == "agent" else (visitor, agent)
    there.inbox.clear()
    here.leave(code)
    assert there.got(p.Peer) == [p.Peer(False)]
    world.wait(after - 0.1)
    assert there.got(p.CallStateMessage) == []
    world.wait(0.2)
    assert end_of(there) == reason


@pytest.mark.parametrize("who", ["visitor", "agent"])
@pytest.mark.parametrize(("code", "away"), [(1001, 4.9), (1006, 29.9)])
def test_a_window_that_comes_back_in_time(
    world: World, who: str, code: int, away: float
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    here, there = (agent, visitor) if who == "agent" else (visitor, agent)
    welcome = here.last(p.CallWelcome)
    there.inbox.clear()
    here.leave(code)
    world.wait(away)
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert back.last(p.CallWelcome).state == "live"
    assert back.last(p.CallWelcome).role == who
    assert there.got(p.Peer) == [p.Peer(False), p.Peer(True)]
    assert back.got(p.Peer) == [p.Peer(True)]
    world.wait(100)
    assert world.state(welcome.call_id) == "live"


def test_after_an_outage_the_visitor_is_still_in_its_call(world: World) -> None:
    tab = world.tab(JOHN)
    _, visitor = world.live(tab)
    welcome = visitor.last(p.CallWelcome)
    tab.leave(1006)
    visitor.leave(1006)
    world.wait(20)
    assert john(world).in_call is not None
    with pytest.raises(Refusal, match="in a call with Mary"):
        world.call(tab, ADAM)
    world.client().say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    world.tab(like=tab)
    world.wait(100)
    assert world.state(welcome.call_id) == "live"


def test_when_the_call_is_lost_the_visitor_leaves_the_list(world: World) -> None:
    tab = world.tab(JOHN)
    _, visitor = world.live(tab)
    tab.leave(1006)
    visitor.leave(1006)
    world.wait(39)
    assert users(world) == []


def test_a_window_that_comes_too_late_is_told_how_it_ended(world: World) -> None:
    _, visitor = world.live(world.tab(JOHN))
    welcome = visitor.last(p.CallWelcome)
    visitor.leave(1001)
    world.wait(60)
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert back.last(p.CallWelcome).reason == "visitor-closed"


def test_a_call_is_forgotten_some_minutes_after_its_end(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    welcome = agent.last(p.CallWelcome)
    visitor.say(p.End("visitor-ended"))
    world.wait(301)
    back = world.client()
    back.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert back.closed is Close.UNKNOWN_CALL


@pytest.mark.parametrize(
    "message", [p.Share(), p.Offer("o"), p.End("visitor-ended"), p.Candidate("c")]
)
def test_what_crossed_the_end_on_its_way_is_no_fault(
    world: World, message: p.ClientMessage
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    agent.say(p.End("agent-ended"))
    visitor.inbox.clear()
    visitor.say(message)
    assert visitor.closed is None
    assert end_of(agent) == "agent-ended"
    assert visitor.got(p.CallStateMessage) == []


# --- who may call whom ----------------------------------------------------------


def test_nobody_is_called_who_is_not_here(world: World) -> None:
    tab = world.tab(JOHN)
    tab.leave()
    world.wait(9)
    with pytest.raises(Refusal) as caught:
        world.call(tab)
    assert caught.value.code == "visitor-gone"


def test_an_untagged_visitor_is_not_called(world: World) -> None:
    with pytest.raises(Refusal, match="not here") as caught:
        world.call(world.tab())
    assert caught.value.code == "visitor-gone"


@pytest.mark.parametrize("stage", ["call", "accepted", "live"])
def test_a_visitor_in_a_call_is_busy_for_other_agents(world: World, stage: str) -> None:
    tab = world.tab(JOHN)
    getattr(world, stage)(tab)
    with pytest.raises(Refusal) as caught:
        world.call(tab, ADAM)
    assert caught.value.code == "busy"
    assert caught.value.extra == {"agent": "Mary Major"}


def test_after_a_call_a_visitor_can_be_called_again(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    agent.say(p.End("agent-ended"))
    tab.inbox.clear()
    world.window(world.call(tab, ADAM).url)
    assert tab.last(p.Ring).agent == ADAM


def test_the_same_agent_gets_into_its_own_call_again(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    again = world.call(tab)
    window = world.window(again.url)
    assert agent.closed is Close.NOT_ALLOWED
    welcome = window.last(p.CallWelcome)
    assert (welcome.state, welcome.call_id) == ("live", again.call_id)
    world.wait(60)
    assert world.state(again.call_id) == "live"


def test_an_agent_who_asks_again_has_time_again(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    world.wait(15)
    world.call(tab)
    world.wait(15)
    assert world.state(call.call_id) == "ringing"
    world.wait(6)
    assert world.state(call.call_id) == "ended:agent-closed"


def test_a_double_click_rings_once(world: World) -> None:
    tab = world.tab(JOHN)
    first, second = world.call(tab), world.call(tab)
    assert first.call_id == second.call_id
    world.window(first.url)
    world.window(second.url)
    assert len(tab.got(p.Ring)) == 1


# --- tickets and secrets --------------------------------------------------------


def test_a_ticket_is_good_once(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    assert world.window(call.url).closed is None
    assert world.window(call.url).closed is Close.REFUSED


def test_a_ticket_is_good_for_a_minute(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.ConferenceStart(1))
    url = tab.last(p.Conference).url
    world.wait(59.9)
    tab.say(p.ConferenceStart(2))
    world.wait(0.2)
    assert world.window(url).closed is Close.REFUSED
    assert world.window(tab.last(p.Conference).url).closed is None


def test_a_ticket_is_good_for_its_own_call(world: World) -> None:
    first, second = world.call(world.tab(JOHN)), world.call(world.tab(JANE))
    ticket = first.url.partition("#")[2]
    client = world.client()
    client.say(p.HelloCall(second.call_id, ticket=ticket))
    assert client.closed is Close.REFUSED


def test_a_visitor_does_not_get_in_as_the_agent(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    window = world.window(tab.last(p.Ring).url)
    assert window.last(p.CallWelcome).role == "visitor"


@pytest.mark.parametrize("secret", [None, "", "x"])
def test_a_call_needs_a_secret(world: World, secret: str | None) -> None:
    call = world.call(world.tab(JOHN))
    client = world.client()
    client.say(p.HelloCall(call.call_id, secret=secret))
    assert client.closed is Close.REFUSED


def test_a_visitors_secret_opens_no_call(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    client = world.client()
    client.say(p.HelloCall(call.call_id, secret=tab.secret))
    assert client.closed is Close.REFUSED


def test_a_secret_is_good_for_its_own_call(world: World) -> None:
    agent, _ = world.live(world.tab(JOHN))
    other = world.call(world.tab(JANE))
    client = world.client()
    client.say(p.HelloCall(other.call_id, secret=agent.last(p.CallWelcome).secret))
    assert client.closed is Close.REFUSED


def test_an_unknown_call_is_unknown(world: World) -> None:
    client = world.client()
    client.say(p.HelloCall("nothing", ticket="x"))
    assert client.closed is Close.UNKNOWN_CALL


# --- roles ----------------------------------------------------------------------

CALL_MESSAGES: list[p.ClientMessage] = [
    p.Share(),
    p.LiveMessage(),
    p.Offer("o"),
    p.Answer("a"),
    p.Candidate("c"),
    p.Restart(),
    p.End("failed"),
]
TAB_MESSAGES: list[p.ClientMessage] = [
    p.Tag(JOHN),
    p.Reset(),
    p.PageMessage(HOME, True),
    p.Decline("c"),
    p.Stop("c"),
    p.ConferenceStart(1),
    p.ConferenceJoin(1, "u"),
    p.QueueStatus(1, "u"),
    p.AgentsMessage(1),
]
HELLOS: list[p.ClientMessage] = [
    p.HelloVisitor(HOME),
    p.HelloAgent("t"),
    p.HelloCall("c"),
]


def kind(message: p.ClientMessage) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", [*CALL_MESSAGES, *HELLOS], ids=kind)
def test_a_tab_says_nothing_that_is_not_for_it(
    world: World, message: p.ClientMessage
) -> None:
    tab = world.tab(JOHN)
    tab.say(message)
    assert tab.closed is Close.NOT_ALLOWED


@pytest.mark.parametrize("message", [*CALL_MESSAGES, *TAB_MESSAGES, *HELLOS], ids=kind)
def test_an_agents_page_only_listens(world: World, message: p.ClientMessage) -> None:
    agent = world.agent()
    agent.say(message)
    assert agent.closed is Close.NOT_ALLOWED


@pytest.mark.parametrize("who", ["visitor", "agent"])
@pytest.mark.parametrize("message", [*TAB_MESSAGES, *HELLOS], ids=kind)
def test_a_call_window_does_nothing_for_tabs(
    world: World, who: str, message: p.ClientMessage
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    window = agent if who == "agent" else visitor
    window.say(message)
    assert window.closed is Close.NOT_ALLOWED


@pytest.mark.parametrize(
    ("who", "message"),
    [
        ("visitor", p.LiveMessage()),
        ("visitor", p.Answer("a")),
        ("visitor", p.Restart()),
        ("visitor", p.End("agent-ended")),
        ("agent", p.Share()),
        ("agent", p.Offer("o")),
        ("agent", p.End("visitor-ended")),
        ("agent", p.End("share-cancelled")),
    ],
    ids=str,
)
def test_a_participant_does_not_speak_for_the_other(
    world: World, who: str, message: p.ClientMessage
) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    here, there = (agent, visitor) if who == "agent" else (visitor, agent)
    there.inbox.clear()
    here.say(message)
    assert here.closed is Close.NOT_ALLOWED
    assert there.got(type(message)) == []


def test_a_picture_before_anything_is_shared_is_refused(world: World) -> None:
    agent, _ = world.accepted(world.tab(JOHN))
    agent.say(p.LiveMessage())
    assert agent.closed is Close.NOT_ALLOWED


def test_sharing_while_waiting_is_refused(world: World) -> None:
    window = world.help(world.tab(JOHN))
    window.say(p.Share())
    assert window.closed is Close.NOT_ALLOWED


def test_sharing_again_and_seeing_again_change_nothing(world: World) -> None:
    agent, visitor = world.live(world.tab(JOHN))
    since = agent.last(p.CallStateMessage).since
    world.wait(10)
    agent.got(p.CallStateMessage)
    visitor.say(p.Share())
    agent.say(p.LiveMessage())
    assert agent.got(p.CallStateMessage) == []
    again = world.client()
    welcome = agent.last(p.CallWelcome)
    again.say(p.HelloCall(welcome.call_id, secret=welcome.secret))
    assert again.last(p.CallWelcome).since == since


def test_signals_before_the_call_is_accepted_go_nowhere(world: World) -> None:
    tab = world.tab(JOHN)
    agent = world.ringing(tab)
    agent.say(p.Restart())
    assert agent.closed is None


# --- acknowledging --------------------------------------------------------------


def test_what_is_not_acknowledged_is_sent_again(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    world.window(world.call(tab).url)
    (first,) = tab.got(p.Ring)
    world.wait(1.9)
    assert tab.got(p.Ring) == []
    world.wait(0.2)
    assert tab.got(p.Ring) == [first]
    world.wait(6)
    assert tab.got(p.Ring) == [first] * 3
    tab.say(p.Ack(first.ack_id))
    world.wait(20)
    assert tab.got(p.Ring) == []


def test_what_is_acknowledged_is_not_sent_again(world: World) -> None:
    tab = world.tab(JOHN)
    world.window(world.call(tab).url)
    tab.inbox.clear()
    world.wait(20)
    assert tab.got(p.Ring) == []


def test_a_ring_that_is_over_is_not_repeated(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    agent = world.ringing(tab)
    agent.say(p.End("agent-ended"))
    tab.inbox.clear()
    world.wait(10)
    assert tab.got(p.Ring) == []
    assert len(tab.got(p.Unring)) == 5


def test_only_the_newest_state_is_repeated(world: World) -> None:
    tab = world.tab(JOHN)
    call = world.call(tab)
    agent = world.window(call.url, acks=False)
    visitor = world.window(tab.last(p.Ring).url)
    visitor.say(p.Share())
    agent.inbox.clear()
    world.wait(2.1)
    assert [one.state for one in agent.got(p.CallStateMessage)] == ["connecting"]


def test_a_wrong_acknowledgement_does_not_count(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    world.window(world.call(tab).url)
    (ring,) = tab.got(p.Ring)
    tab.say(p.Ack(ring.ack_id + 1))
    world.wait(2.1)
    assert tab.got(p.Ring)


def test_nothing_is_repeated_to_who_has_gone(world: World) -> None:
    tab = world.tab(JOHN, acks=False)
    other = world.tab(like=tab)
    world.window(world.call(tab).url)
    tab.inbox.clear()
    tab.leave()
    world.wait(10)
    assert tab.inbox == []
    assert len(other.got(p.Ring)) == 1


# --- asking for help ------------------------------------------------------------


def test_a_customer_who_asks_for_help_waits(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    welcome = window.last(p.CallWelcome)
    assert (welcome.state, welcome.queue_position) == ("waiting", 0)
    assert welcome.agent is None
    assert john(world).waiting_since == timestamp(world.now)


def test_who_has_not_opened_the_window_does_not_wait_yet(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.ConferenceStart(1))
    assert john(world).waiting_since is None
    world.wait(61)
    assert world.state(tab.last(p.Conference).call_id) == "ended:visitor-closed"


def test_an_agent_joins_who_waits(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    call = world.call(tab)
    assert tab.got(p.Ring) == []
    assert window.last(p.CallStateMessage).agent == MARY
    assert world.state(call.call_id) == "waiting"
    agent = world.window(call.url)
    assert agent.last(p.CallWelcome).state == "accepted"
    assert window.last(p.CallStateMessage).state == "accepted"
    assert john(world).waiting_since is None
    assert john(world).in_call is not None
    window.say(p.Share())
    agent.say(p.LiveMessage())
    assert world.state(call.call_id) == "live"


def test_a_second_agent_finds_who_waited_busy(world: World) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    world.call(tab)
    with pytest.raises(Refusal, match="Mary"):
        world.call(tab, ADAM)


def test_an_agent_who_joins_and_does_not_come_gives_the_place_up(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    world.call(tab)
    world.wait(21)
    assert window.last(p.CallStateMessage).agent is None
    assert john(world).waiting_since is not None
    adam = world.window(world.call(tab, ADAM).url)
    assert adam.last(p.CallWelcome).agent == ADAM
    assert adam.last(p.CallWelcome).state == "accepted"


def test_a_late_agent_gets_in_if_nobody_else_has(world: World) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    call = world.call(tab)
    world.wait(30)
    late = world.window(call.url)
    assert late.last(p.CallWelcome).agent == MARY
    assert late.last(p.CallWelcome).state == "accepted"


def test_a_late_agent_is_shown_while_the_customers_window_reloads(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    late = world.call(tab)
    world.wait(21)
    assert john(world).in_call is None
    window.leave()
    world.window(late.url)
    assert john(world).in_call == InCall(MARY, None)


def test_a_late_agent_does_not_get_into_anothers_call(world: World) -> None:
    tab = world.tab(JOHN)
    world.help(tab)
    late = world.call(tab)
    world.wait(30)
    adam = world.window(world.call(tab, ADAM).url)
    assert world.window(late.url).closed is Close.REFUSED
    assert adam.closed is None


def test_help_that_is_closed_again(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    call_id = window.last(p.CallWelcome).call_id
    window.leave(1001)
    world.wait(4.9)
    assert john(world).waiting_since is not None
    world.wait(0.2)
    assert john(world).waiting_since is None
    assert world.state(call_id) == "ended:visitor-closed"


def test_help_that_is_cancelled(world: World) -> None:
    tab = world.tab(JOHN)
    window = world.help(tab)
    window.say(p.End("visitor-ended"))
    assert end_of(window) == "visitor-ended"
    assert john(world).waiting_since is None


def test_help_that_is_asked_for_twice_is_one_call(world: World) -> None:
    tab = world.tab(JOHN)
    first = world.help(tab)
    second = world.help(tab)
    assert first.closed is Close.NOT_ALLOWED
    assert second.last(p.CallWelcome).state == "waiting"
    assert len(users(world)) == 1


def test_help_needs_an_id(world: World) -> None:
    tab = world.tab({"email": "john@example.com"})
    tab.say(p.ConferenceStart(7))
    refused = tab.last(p.Refused)
    assert (refused.code, refused.request_id) == ("bad-request", 7)


def test_help_with_an_id_makes_a_stranger_known(world: World) -> None:
    tab = world.tab()
    tab.say(p.ConferenceStart(1, "u1"))
    world.window(tab.last(p.Conference).url)
    (user,) = users(world)
    assert (user.id, user.verified) == ("u1", False)


@pytest.mark.parametrize("stage", ["connecting", "live"])
def test_who_shares_does_not_lose_that_by_asking_for_help(
    world: World, stage: str
) -> None:
    tab = world.tab(JOHN)
    agent, visitor = world.accepted(tab)
    visitor.say(p.Share())
    if stage == "live":
        agent.say(p.LiveMessage())
    tab.say(p.ConferenceStart(1))
    assert tab.last(p.Refused).code == "busy"
    assert visitor.closed is None


def test_who_has_shared_nothing_yet_may_open_the_window_elsewhere(
    world: World,
) -> None:
    tab = world.tab(JOHN)
    _, first = world.accepted(tab)
    tab.say(p.ConferenceStart(1))
    second = world.window(tab.last(p.Conference).url)
    assert first.closed is Close.NOT_ALLOWED
    assert second.last(p.CallWelcome).state == "accepted"


def test_asking_for_help_while_it_rings_takes_the_call(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    window = world.help(tab)
    assert window.last(p.CallWelcome).state == "accepted"
    assert tab.last(p.Unring).reason == "accepted"


def test_places_move_up(world: World) -> None:
    first, second = world.tab(JOHN), world.tab(JANE)
    window = world.help(first)
    world.wait(1)
    behind = world.help(second)
    assert behind.last(p.CallWelcome).queue_position == 1
    assert (shown(second).state, shown(second).position) == ("waiting", 1)
    window.inbox.clear()
    window.say(p.End("visitor-ended"))
    assert behind.last(p.CallStateMessage).queue_position == 0
    assert shown(second).position == 0
    assert first.shown is None


def test_those_who_wait_come_first_and_the_longest_wait_is_at_the_top(
    world: World,
) -> None:
    world.tab({"id": "a", "firstname": "Ann"})
    for name in ("Zoe", "Yan"):
        world.help(world.tab({"id": name, "firstname": name}))
        world.wait(1)
    assert [user.firstname for user in users(world)] == ["Zoe", "Yan", "Ann"]
    backwards = [user.firstname for user in users(world, sort="-name")]
    assert backwards == ["Zoe", "Yan", "Ann"]


# --- the queue ------------------------------------------------------------------


def join(tab: Tab, uid: str = "u1", **props: t.Any) -> None:
    tab.say(p.ConferenceJoin(1, uid, p.QueueProps(**props)))
    assert tab.got(p.Joined) == [p.Joined(1)]


def poll(tab: Tab, uid: str = "u1") -> int | str:
    tab.say(p.QueueStatus(2, uid))
    refused = tab.got(p.Refused)
    return refused[0].code if refused else tab.last(p.Queue).position


def test_joining_makes_a_customer_and_puts_it_into_the_queue(world: World) -> None:
    tab = world.tab()
    join(tab, first_name="Jane", last_name="Roe", email="jane@example.com")
    (user,) = users(world)
    assert (user.id, user.firstname, user.email) == ("u1", "Jane", "jane@example.com")
    assert user.waiting_since == timestamp(world.now)
    assert poll(tab) == 0


def test_the_queue_is_served_in_order(world: World) -> None:
    tabs = [world.tab() for _ in range(3)]
    for number, tab in enumerate(tabs):
        join(tab, f"u{number}")
        world.wait(0.5)
    assert [poll(tab, f"u{n}") for n, tab in enumerate(tabs)] == [0, 1, 2]
    world.call(tabs[0])
    assert [poll(tab, f"u{n}") for n, tab in enumerate(tabs)] == [-1, 0, 1]


def test_who_does_not_poll_leaves_the_queue(world: World) -> None:
    tab = world.tab()
    join(tab)
    for _ in range(4):
        world.wait(4)
        assert poll(tab) == 0
    world.wait(5.1)
    assert poll(tab) == "not-found"
    assert users(world)[0].waiting_since is None


def test_a_queued_customer_is_taken_without_ringing(world: World) -> None:
    tab = world.tab()
    join(tab)
    call = world.call(tab)
    agent = world.window(call.url)
    assert tab.got(p.Ring) == []
    assert poll(tab) == -1
    tab.say(p.ConferenceStart(3, "u1"))
    window = world.window(tab.last(p.Conference).url)
    assert window.last(p.CallWelcome).call_id == call.call_id
    assert agent.last(p.CallStateMessage).state == "accepted"


def test_a_customer_who_was_taken_but_does_not_start(world: World) -> None:
    tab = world.tab()
    join(tab)
    agent = world.window(world.call(tab).url)
    world.wait(46)
    assert end_of(agent) == "no-answer"
    assert tab.got(p.Unring) == []
    assert poll(tab) == "not-found"


def test_nobody_asks_for_anothers_place(world: World) -> None:
    join(world.tab(), "u1")
    assert poll(world.tab(), "u1") == "not-found"


def test_joining_again_keeps_the_place(world: World) -> None:
    first, second = world.tab(), world.tab()
    join(first, "a")
    world.wait(1)
    join(second, "b")
    join(first, "a")
    assert poll(first, "a") == 0


def test_who_is_in_a_call_does_not_join(world: World) -> None:
    tab = world.tab(JOHN)
    world.live(tab)
    tab.say(p.ConferenceJoin(1, "u1"))
    assert tab.last(p.Refused).code == "busy"


def test_a_queued_customer_who_opens_the_window_keeps_the_place(
    world: World,
) -> None:
    first, second = world.tab(), world.tab()
    join(first, "a")
    world.wait(1)
    join(second, "b")
    first.say(p.ConferenceStart(2, "a"))
    window = world.window(first.last(p.Conference).url)
    assert window.last(p.CallWelcome).queue_position == 0
    for _ in range(3):
        world.wait(4)
        assert poll(second, "b") == 1


def test_who_leaves_the_application_leaves_the_queue(world: World) -> None:
    first, second = world.tab(), world.tab()
    join(first, "a")
    world.wait(1)
    join(second, "b")
    first.leave()
    for _ in range(3):
        world.wait(3)
        position = poll(second, "b")
    assert position == 0


# --- what the application is told -----------------------------------------------


def test_a_whole_call_is_told(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    world.wait(12.5)
    agent.say(p.End("agent-ended"))
    assert world.kinds() == ["requested", "started", "ended"]
    assert world.events[0] == {
        "type": "call.requested",
        "callId": tab.last(p.Ring).call_id,
        "visitorId": tab.visitor_id,
        "userId": "1",
        "agent": {"name": "Mary Major", "email": "mary@example.com"},
        "reason": None,
        "at": "2023-11-14T22:13:20.000Z",
        "duration": None,
    }
    assert world.events[2]["reason"] == "agent-ended"
    assert world.events[2]["duration"] == 12.5


def test_a_call_that_never_was_live_has_no_duration(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    tab.say(p.Decline(tab.last(p.Ring).call_id))
    assert world.kinds() == ["requested", "ended"]
    assert world.events[1]["duration"] is None


def test_help_is_told_when_it_waits(world: World) -> None:
    tab = world.tab({"id": "9"})
    tab.say(p.ConferenceStart(1))
    assert world.kinds() == []
    window = world.window(tab.last(p.Conference).url)
    assert world.kinds() == ["requested"]
    assert world.events[0]["agent"] is None
    assert world.events[0]["userId"] == "9"
    window.say(p.End("visitor-ended"))
    assert world.kinds() == ["requested", "ended"]


def test_help_that_never_waited_is_not_told(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.ConferenceStart(1))
    world.wait(61)
    assert world.kinds() == []


# --- TURN -----------------------------------------------------------------------


def test_call_windows_get_turn_credentials() -> None:
    world = World(
        ice_servers=({"urls": "stun:s.example.com"}, {"urls": ["turn:t.example.com"]}),
        turn_secret="turn-secret",
    )
    agent, visitor = world.accepted(world.tab(JOHN))
    for window in (agent, visitor):
        stun, turn = window.last(p.CallWelcome).ice_servers
        assert stun == {"urls": "stun:s.example.com"}
        assert float(turn["username"].partition(":")[0]) > world.now + 3600
        assert turn["credential"]
        assert "turn-secret" not in str(turn)
