"""A few of what ``make fuzz`` tries: pages, answers, and frames to a service."""

from __future__ import annotations

from random import Random

import pytest

from flask_chatvisor.contract.tag import Tag
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Access
from flask_chatvisor.service.access.credentials import Vouched
from flask_chatvisor.service.access.sessions import Sessions
from flask_chatvisor.service.sockets.queue_places import Places
from tests.fuzz import answers
from tests.fuzz import frames as hostile
from tests.fuzz import trees
from tests.fuzz.__main__ import frames
from tests.fuzz.__main__ import pages
from tests.fuzz.__main__ import responses
from tests.fuzz.__main__ import run
from tests.fuzz.exchanges import SETUPS
from tests.fuzz.exchanges import Exchange
from tests.fuzz.pages import Page
from tests.fuzz.pages import make_page
from tests.fuzz.portals import open_portals
from tests.service.harness import API_TOKEN
from tests.service.test_hub_random import FITTING

#: What was found so, and mended.
FOUND = [
    Page("⼼潢祤㸠</body> ".encode("utf-16-le"), "utf-16-le"),
    Page(b'<body><script type="a: ">x</script><p>y</p></body>'),
    Page(b"<body><title \xe2\x80\xa8</title></head><p>x</p></body>"),
    Page(b"<body><math><mi>x</mi></mascript><math><mi>x</mi></math></body>"),
    Page(b"<body><template><tem</template><p>x</p></body>"),
    Page(b"<body><svg><style>a {}</><svg><style>b {}</style></svg></body><p>"),
]


@pytest.mark.parametrize("page", FOUND)
def test_what_was_found_once_stays_mended(page: Page) -> None:
    assert trees.fault_of(page) is None


def test_generated_pages_are_not_broken() -> None:
    assert run("pages", pages("the suite", 400))


def test_generated_answers_are_not_broken() -> None:
    assert run("responses", responses("the suite", 400))


def test_a_seed_makes_the_same_pages_again() -> None:
    made = [[make_page(Random(f"x:{i}")) for i in range(50)] for _ in range(2)]
    assert made[0] == made[1]
    assert len({page.body for page in made[0]}) > 40


def test_a_page_that_is_broken_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    page = Page(b"<p>no end", is_sound=True)
    fault = trees.fault_of(page)
    assert not run("pages", [(page, fault)])
    assert f"A sound page has no tag.\n{page!r}" in capsys.readouterr().out


@pytest.mark.parametrize("setup", SETUPS)
def test_each_application_answers_as_it_does_without_the_extension(setup: str) -> None:
    portals = open_portals()[setup]
    for user in ("", "1", "3"):
        exchange = Exchange(setup=setup, user=user, body=b"<body>Hello</body>")
        assert answers.fault_of(exchange, portals) is None


# --- frames to a service


def test_hostile_frames_harm_nobody() -> None:
    assert frames("the suite", 6000)


def test_calls_get_far_among_hostile_frames() -> None:
    kinds = set[str]()
    for number in range(30):
        episode, _ = hostile.fault_of(f"far:{number}")
        kinds |= {*episode.kinds()}
    assert kinds == {"requested", "started", "ended"}


def test_a_seed_makes_the_same_frames_again() -> None:
    (one, _), (other, _) = hostile.fault_of("x", 200), hostile.fault_of("x", 200)
    assert [type(what) for what in one.events] == [type(what) for what in other.events]
    assert one.known["call"] == other.known["call"]
    assert one.known["id"] == other.known["id"]


def test_a_message_of_the_wrong_kind_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(FITTING, "tab", p.Tick)
    assert not frames("wrong", 400)
    assert "A tab got" in capsys.readouterr().out


def test_a_token_that_is_told_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Sessions, "secret", lambda self, session: API_TOKEN)
    assert not frames("told", 400)
    assert "A token is told" in capsys.readouterr().out


def test_something_that_is_left_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Places, "forget", lambda self, address: None)
    assert not frames("left", 4000)
    assert "Something is left" in capsys.readouterr().out


def test_somebody_unverified_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def believe(self: Access, tag: object, now: float, *, known: bool) -> Vouched:
        return Vouched(Tag(id="1"))

    monkeypatch.setattr(Access, "vouch", believe)
    assert not frames("anybody", 4000)
    assert "not verified" in capsys.readouterr().out
