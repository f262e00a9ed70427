"""A browser's own parser reads hard pages with the tag as it reads them without."""

from __future__ import annotations

from random import Random

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tests.fuzz.chromium import faults_of
from tests.fuzz.chromium import open_judge
from tests.fuzz.pages import Page
from tests.fuzz.pages import make_page


@pytest.fixture
def tab(browser: Browser) -> Tab:
    tab = browser.new_page()
    open_judge(tab)
    return tab


def test_a_browser_parses_the_tag_as_a_child_of_the_body(tab: Tab) -> None:
    pages = [make_page(Random(f"the suite:{i}")) for i in range(400)]
    assert sum(page.is_sound for page in pages) > 50
    found = zip(pages, faults_of(tab, pages), strict=True)
    assert [(page, fault) for page, fault in found if fault] == []
    tab.close()


def test_the_browser_finds_a_tag_that_is_no_child_of_the_body(tab: Tab) -> None:
    (fault,) = faults_of(tab, [Page(b"<body><p>open</body>", is_sound=True)])
    assert fault == "The tag is not a child of the body."
    tab.close()
