"""A few of what ``make fuzz`` tries: pages and answers that the tag must not break."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz import answers
from tests.fuzz import trees
from tests.fuzz.__main__ import pages
from tests.fuzz.__main__ import responses
from tests.fuzz.__main__ import run
from tests.fuzz.exchanges import SETUPS
from tests.fuzz.exchanges import Exchange
from tests.fuzz.pages import Page
from tests.fuzz.pages import make_page
from tests.fuzz.portals import open_portals

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
