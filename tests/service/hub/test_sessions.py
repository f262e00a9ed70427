"""A visitor is a session: who may resume it, who takes it over, and when it ends."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor.contract import tokens
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.access.sessions import MAX_AGE

from ..harness import HOME
from ..harness import IDENTITY_KEY
from ..harness import JANE
from ..harness import JOHN
from ..harness import Tab
from ..harness import World
from ..harness import end_of
from ..harness import john
from ..harness import shown

#: Whether the service requires proof.
STRICT: dict[str, t.Any] = {"identity_keys": (IDENTITY_KEY,), "require_identity": True}
LENIENT: dict[str, t.Any] = {}


@pytest.fixture
def strict() -> World:
    return World(**STRICT)


@pytest.fixture(params=[STRICT, LENIENT], ids=["strict", "lenient"])
def either(request: pytest.FixtureRequest) -> World:
    return World(**request.param)


def signed(
    world: World, tag: dict[str, t.Any], max_age: int = 3600
) -> dict[str, t.Any]:
    """A tag as the application's page has it."""
    if not world.settings.identity_keys:
        return tag
    token = tokens.sign_identity(tag, IDENTITY_KEY, now=world.now, max_age=max_age)
    return {**tag, "externalToken": token}


def same_browser(world: World, tab: Tab, tag: dict[str, t.Any]) -> Tab:
    """The next page of the same browser, with a user of its own."""
    return world.tab(signed(world, tag), like=tab)


# --- somebody has kept the id and secret of a browser, from before or from a leak


def test_who_had_the_browser_before_is_not_the_next_customer(either: World) -> None:
    left = either.tab()
    kept = either.tab(like=left)
    jane = same_browser(either, left, JANE)
    evil = either.tab(like=kept)
    assert jane.visitor_id not in (left.visitor_id, evil.visitor_id)
    either.ringing(jane)
    for tab in (kept, evil):
        tab.say(p.ConferenceStart(1, uid="x"))
        assert tab.got(p.Ring) == []
        for message in tab.got(p.Conference):
            window = either.window(message.url)
            assert window.last(p.CallWelcome).visitor["email"] != "jane@example.com"


def test_a_stolen_secret_of_a_verified_visitor_tells_and_does_nothing(
    strict: World,
) -> None:
    tab = strict.tab(signed(strict, JOHN))
    agent, window = strict.live(tab)
    evil = strict.tab(like=tab)
    welcome = evil.last(p.Welcome)
    assert (welcome.needs_tag, welcome.call) == (True, None)
    call_id = window.last(p.CallWelcome).call_id
    for message in (
        p.PageMessage(p.PageRef(title="Evil", path="/evil"), True),
        p.Stop(call_id),
        p.Decline(call_id),
        p.ConferenceStart(1),
        p.ConferenceJoin(2, "uid"),
        p.QueueStatus(3, "uid"),
    ):
        evil.say(message)
    refused = evil.got(p.Refused)
    assert [one.request_id for one in refused] == [1, 2, 3]
    assert {one.code for one in refused} == {"token-missing"}
    assert evil.inbox == [welcome]
    assert (end_of(agent), end_of(window)) == (None, None)
    (user,) = strict.users()
    assert (user.location.path, len(john(strict).tabs)) == ("/", 1)  # type: ignore[union-attr]


def test_a_stolen_secret_does_not_keep_a_visitor_here(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN))
    strict.tab(like=tab)
    tab.leave()
    strict.wait(8.1)
    assert strict.users() == []


def test_a_stolen_secret_with_another_users_proof_is_another_visitor(
    strict: World,
) -> None:
    tab = strict.tab(signed(strict, JOHN))
    thief = same_browser(strict, tab, JANE)
    assert thief.visitor_id != tab.visitor_id
    strict.ringing(thief)
    assert tab.got(p.Ring) == []


def test_after_a_reset_the_old_secret_is_worth_nothing(either: World) -> None:
    tab = either.tab(signed(either, JOHN))
    old_id, old_secret = tab.visitor_id, tab.secret
    tab.say(p.Reset())
    tab.say(p.Tag(signed(either, JOHN)))
    assert john(either).visitor_id == tab.visitor_id != old_id
    evil = either.client()
    evil.say(p.HelloVisitor(HOME, True, old_id, old_secret))
    agent, window = either.live(tab)
    evil.say(p.Stop(window.last(p.CallWelcome).call_id))
    evil.say(p.Reset())
    assert (end_of(agent), end_of(window)) == (None, None)
    assert {type(one) for one in evil.inbox} == {p.Welcome}
    assert len(john(either).tabs) == 1


def test_a_secret_is_not_replayed_after_days(either: World) -> None:
    tab = either.tab(signed(either, JOHN))
    tab.leave()
    either.wait(MAX_AGE + 1)
    assert either.tab(like=tab).visitor_id != tab.visitor_id


def test_a_stolen_secret_is_not_kept_alive_by_using_it(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN))
    stolen = Tab(strict)
    stolen.visitor_id, stolen.secret = tab.visitor_id, tab.secret
    for _ in range(3):
        strict.wait(MAX_AGE / 2)
        stolen = strict.tab(like=stolen)
        stolen.leave()
    assert stolen.visitor_id != tab.visitor_id


def test_a_browser_that_is_used_every_other_day_keeps_its_session(
    either: World,
) -> None:
    tab = either.tab(signed(either, JOHN))
    visitor_id = tab.visitor_id
    for _ in range(5):
        tab.leave()
        either.wait(2 * 24 * 3600)
        tab = same_browser(either, tab, JOHN)
    assert tab.visitor_id == visitor_id


def test_a_page_that_stays_open_for_weeks_keeps_its_session(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN))
    call = strict.help(tab)
    for _ in range(20 * 24):
        strict.wait(3000)
        tab.say(p.Tag(signed(strict, JOHN)))
    assert len(tab.got(p.Welcome)) < 20, "a day apart"
    again = strict.tab(like=tab)
    assert again.visitor_id == tab.visitor_id
    assert shown(tab).call_id == call.last(p.CallWelcome).call_id


# --- the same browser, the same user


def test_the_next_page_of_a_verified_user_is_the_same_visitor(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN))
    _, window = strict.live(tab)
    again = strict.tab(like=tab)
    assert again.shown is None
    again.say(p.Tag(signed(strict, JOHN)))
    assert again.visitor_id == tab.visitor_id
    again.say(p.Stop(shown(again).call_id))
    assert end_of(window) == "visitor-ended"


def test_a_guest_becomes_a_tab_on_the_page_that_it_shows_by_then(
    strict: World,
) -> None:
    tab = strict.tab(signed(strict, JOHN))
    guest = strict.tab(like=tab)
    guest.say(p.PageMessage(p.PageRef(title="Bill", path="/bill"), True))
    guest.say(p.Tag(signed(strict, JOHN)))
    assert {one.path for one in john(strict).tabs} == {"/bill", "/"}


def test_a_guest_that_leaves_takes_nobody_along(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN))
    strict.tab(like=tab).leave()
    strict.wait(60)
    assert john(strict)


def test_another_spelling_of_an_email_address_is_the_same_user(either: World) -> None:
    tab = either.tab(signed(either, {"email": "john@example.com"}))
    either.live(tab)
    again = same_browser(either, tab, {"email": "John@Example.com"})
    assert again.visitor_id == tab.visitor_id


# --- the same browser, another user


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (JOHN, JANE),
        ({"email": "john@example.com"}, {"email": "jane@example.com"}),
        ({"email": "john@example.com"}, {"id": "john@example.com"}),
        (JOHN, {"firstname": "Nobody"}),
        ({"firstname": "Nobody"}, JOHN),
    ],
)
@pytest.mark.parametrize("by", ["tag", "page"])
def test_another_user_of_the_browser_inherits_nothing(
    either: World, before: dict[str, t.Any], after: dict[str, t.Any], by: str
) -> None:
    tab = either.tab(signed(either, before))
    old_id = tab.visitor_id
    agent, window = either.live(tab)
    if by == "page":
        tab.leave()
        tab = same_browser(either, tab, after)
    else:
        tab.say(p.Tag(signed(either, after)))
    assert tab.visitor_id != old_id
    assert tab.shown is None
    assert end_of(agent) == end_of(window) == "visitor-gone"
    (user,) = either.users()
    assert user.visitor_id == tab.visitor_id
    assert len(either.find(user.visitor_id).pages) == 1  # type: ignore[union-attr]


def test_signing_in_ends_a_call_of_the_signed_out_browser(world: World) -> None:
    tab = world.tab()
    tab.say(p.ConferenceStart(1, uid="guest"))
    window = world.window(tab.last(p.Conference).url)
    tab.say(p.Tag(JOHN))
    assert end_of(window) == "visitor-gone"


def test_asking_for_help_by_an_id_makes_another_visitor(world: World) -> None:
    left = world.tab()
    kept = world.tab(like=left)
    left.say(p.ConferenceJoin(1, "jane", p.QueueProps(email="jane@example.com")))
    assert left.got(p.Joined)
    (user,) = world.users()
    assert user.visitor_id == left.visitor_id != kept.visitor_id
    kept.say(p.ConferenceStart(1))
    assert kept.got(p.Conference) == []
    left.say(p.Tag({"id": "jane", "email": "jane@example.com"}))
    assert left.visitor_id == user.visitor_id, "it is the same user"


def test_a_token_that_is_not_good_takes_nothing_from_a_verified_user() -> None:
    lenient = World(identity_keys=(IDENTITY_KEY,))
    tab = lenient.tab(signed(lenient, JOHN))
    _, window = lenient.live(tab)
    token = tokens.sign_identity(JOHN, "k" * 32, now=lenient.now, max_age=60)
    other = lenient.tab({**JOHN, "externalToken": token}, like=tab)
    assert other.last(p.Refused).code == "token-invalid"
    assert end_of(window) is None


def test_a_page_that_joins_never_takes_the_browser_over(either: World) -> None:
    tab = either.tab(signed(either, JOHN))
    other = either.tab(like=tab)
    other.say(p.Tag(signed(either, JANE), joins=True))
    assert other.last(p.Refused).code == "other-user"
    assert john(either).visitor_id == tab.visitor_id
    other.say(p.Tag(signed(either, JOHN), joins=True))
    assert other.got(p.Refused)[1:] == []
    assert len(john(either).tabs) == 2


# --- proof ends


def test_verified_ends_with_its_token(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN, max_age=60))
    strict.wait(60 + tokens.LEEWAY - 1)
    assert john(strict).verified
    strict.wait(2)
    assert strict.users() == []
    assert tab.closed is p.Close.PROOF_ENDED


def test_a_page_that_asks_again_stays_verified(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN, max_age=60))
    for _ in range(10):
        strict.wait(48)
        tab.say(p.Tag(signed(strict, JOHN, max_age=60)))
    assert john(strict).verified
    assert tab.closed is None


def test_the_newest_proof_of_several_tabs_counts(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN, max_age=600))
    newest = same_browser(strict, tab, JOHN)
    last = strict.tab(signed(strict, JOHN, max_age=60), like=tab)
    strict.wait(1800)
    assert john(strict).verified
    assert (tab.closed, last.closed) == (p.Close.PROOF_ENDED,) * 2
    assert newest.closed is None


def test_a_new_proof_brings_the_user_back(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN, max_age=60))
    strict.wait(100)
    again = same_browser(strict, tab, JOHN)
    assert john(strict).visitor_id == again.visitor_id == tab.visitor_id


def test_each_tab_needs_a_proof_that_is_still_good(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN))
    evil = strict.tab(signed(strict, JOHN, max_age=60), like=tab)
    strict.wait(100)
    assert evil.closed is p.Close.PROOF_ENDED
    again = strict.tab(like=evil)
    strict.ringing(tab)
    assert tab.got(p.Ring)
    assert evil.got(p.Ring) == again.got(p.Ring) == []


def test_a_tab_that_changes_its_page_keeps_its_proof(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN, max_age=60))
    tab.say(p.PageMessage(p.PageRef(title="Bill", path="/bill"), True))
    strict.wait(100)
    assert tab.closed is p.Close.PROOF_ENDED


def test_a_call_goes_on_when_proof_ends_but_a_request_does_not(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN, max_age=60))
    agent, window = strict.live(tab)
    strict.wait(100)
    assert (end_of(agent), end_of(window)) == (None, None)
    waiting = strict.help(strict.tab(signed(strict, JANE, max_age=60)))
    strict.wait(100)
    assert end_of(waiting) == "visitor-gone"


def test_a_visitor_whose_proof_has_ended_is_not_called(strict: World) -> None:
    tab = strict.tab(signed(strict, JOHN, max_age=60))
    strict.wait(100)
    with pytest.raises(Refusal, match="has left"):
        strict.call(tab)
    again = strict.tab(like=tab)
    again.say(p.ConferenceStart(1))
    assert again.got(p.Conference) == []


def test_an_expired_token_is_never_taken_for_a_claim() -> None:
    lenient = World(identity_keys=(IDENTITY_KEY,))
    tag = signed(lenient, JOHN, max_age=60)
    tab = lenient.tab(tag)
    _, window = lenient.live(tab)
    lenient.wait(100)
    again = lenient.tab(tag, like=tab)
    assert again.last(p.Refused).code == "token-expired"
    assert end_of(window) is None
