"""The agents' scripts list, choose and tell by the rules of Python's halves."""

from __future__ import annotations

from playwright.sync_api import Page
from playwright.sync_api import expect

from tests import rules

from .desk import OpenDesk
from .desk import connection


def module(page: Page, name: str) -> str:
    """The address of one of the scripts that the page has loaded."""
    expect(connection(page)).to_have_text("Live")
    entry = page.locator("script[type=module]").get_attribute("src")
    assert entry is not None
    return entry.replace("main.js", f"{name}.js")


def test_the_scripts_list_by_the_rules(desk: OpenDesk) -> None:
    page = desk().page()
    found = page.evaluate(
        """async ([module, users, queries]) => {
          const { select } = await import(module);
          return queries.map((query) => select(users, new URLSearchParams(query))
            .users.map((user) => user.visitorId));
        }""",
        [module(page, "select"), rules.USERS, [q for q, _ in rules.LISTS]],
    )
    expected = [ids for _, ids in rules.LISTS]
    assert dict(zip(map(str, rules.LISTS), found, strict=True)) == dict(
        zip(map(str, rules.LISTS), expected, strict=True)
    )


def test_the_scripts_choose_among_one_users_visitors_by_the_rules(
    desk: OpenDesk,
) -> None:
    page = desk().page()
    cases = rules.best_cases()
    found = page.evaluate(
        """async ([module, cases]) => {
          const { best } = await import(module);
          return cases.map((users) => best(users, "JOHN@example.com").visitorId);
        }""",
        [module(page, "select"), [users for users, _ in cases]],
    )
    assert found == [best for _, best in cases]


def test_the_scripts_find_whom_a_query_means_by_the_rules(desk: OpenDesk) -> None:
    page = desk().page()
    cases = rules.meant_cases()
    found = page.evaluate(
        """async ([module, cases]) => {
          const { best } = await import(module);
          return cases.map(([users, query]) => best(users, query)?.visitorId ?? null);
        }""",
        [module(page, "select"), [case[1:3] for case in cases]],
    )
    assert dict(zip([case[0] for case in cases], found, strict=True)) == {
        why: meant for why, _, _, meant in cases
    }


def test_the_scripts_tell_spans_by_the_rules(desk: OpenDesk) -> None:
    page = desk().page()
    found = page.evaluate(
        """async ([module, spans]) => {
          const { said } = await import(module);
          return spans.map(([seconds, style]) => said(seconds, style));
        }""",
        [module(page, "time"), rules.SPANS],
    )
    assert found == [said for _, _, said in rules.SPANS]
