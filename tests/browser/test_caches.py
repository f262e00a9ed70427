"""One browser, two users, and whatever keeps pages: nobody sees another's tag."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import Response
from flask import make_response
from flask import render_template_string
from flask import request
from flask import session
from flask import stream_template_string
from flask_caching import Cache
from flask_login import login_user
from playwright.sync_api import expect

from tests.conftest import HTML
from tests.conftest import USERS

from .conftest import OpenPage
from .tagged import JANE
from .tagged import JOHN
from .tagged import RESET
from .tagged import OpenPortal
from .tagged import Visit
from .tagged import expect_calls

BY_HAND = "<html><body>{{ chatvisor_tag() }}<p>Hello</p></body></html>"
FRAGMENT = """<html><body>
{% cache 600, "tag" %}{{ chatvisor_tag() }}{% endcache %}</body></html>"""
MACRO = """{% macro tag() %}{% cache 600 %}<i>{{ chatvisor_tag() }}</i>{% endcache %}
{% endmacro %}<html><body>{{ tag() }}<p>Hello</p></body></html>"""


def cached_view(cache: Cache) -> Callable[[], t.Any]:
    return t.cast("Callable[[], t.Any]", cache.cached()(lambda: HTML))


def cached_response(cache: Cache) -> Callable[[], t.Any]:
    view = cache.cached(key_prefix="response")(lambda: make_response(HTML))
    return t.cast("Callable[[], t.Any]", view)


def cached_view_with_the_tag(cache: Cache) -> Callable[[], t.Any]:
    view = cache.cached()(lambda: render_template_string(BY_HAND))
    return t.cast("Callable[[], t.Any]", view)


def memoized_page(cache: Cache) -> Callable[[], t.Any]:
    render = cache.memoize(600)(lambda: render_template_string(BY_HAND))
    return lambda: render()


def cached_fragment(cache: Cache) -> Callable[[], t.Any]:
    return lambda: render_template_string(FRAGMENT)


def cached_macro(cache: Cache) -> Callable[[], t.Any]:
    return lambda: render_template_string(MACRO)


def stream(cache: Cache) -> Callable[[], t.Any]:
    return lambda: Response(stream_template_string(BY_HAND))


def revalidated(cache: Cache) -> Callable[[], t.Any]:
    """A page of which the view says by its content that it is the same."""

    def view() -> Response:
        response = make_response(HTML)
        response.add_etag()
        response.headers["Cache-Control"] = "no-cache"
        response.last_modified = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        response.make_conditional(request)
        return response

    return view


@pytest.mark.parametrize(
    "make",
    [
        cached_view,
        cached_response,
        cached_view_with_the_tag,
        memoized_page,
        cached_fragment,
        cached_macro,
        stream,
        revalidated,
    ],
)
def test_who_looks_is_announced_whatever_was_kept(
    portal: OpenPortal,
    open_page: OpenPage,
    make: Callable[[Cache], Callable[[], t.Any]],
) -> None:
    running = portal()
    cache = Cache(running.app, config={"CACHE_TYPE": "SimpleCache"})
    running.app.add_url_rule("/kept", "kept", make(cache))
    url = f"{running.url}/kept"
    page = open_page(f"{running.url}/sign-in/1")
    page.goto(url)
    expect_calls(page, JOHN)
    running.sign_in(page, "2")
    page.goto(url)
    expect_calls(page, RESET, JANE)
    running.sign_out(page)
    page.goto(url)
    expect_calls(page, RESET)


def test_a_page_that_was_kept_before_signing_in_and_out_is_not_enough(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()
    running.app.add_url_rule("/kept", "kept", revalidated(Cache()))
    statuses: list[int] = []

    @running.app.after_request
    def note(response: Response) -> Response:
        if request.path == "/kept":
            statuses.append(response.status_code)
        return response

    url = f"{running.url}/kept"
    page = open_page(url)
    page.goto(url)
    expect(page.locator("h1")).to_have_text("Home")
    # A stranger's page stays good for a stranger.
    assert statuses == [200, 304]
    running.sign_in(page, "1")
    page.goto(url)
    expect_calls(page, JOHN)
    running.sign_out(page)
    page.goto(url)
    expect_calls(page, RESET)


# --- how a session ends -----------------------------------------------------------


def clear(app: Flask) -> None:
    @app.get("/end")
    def end() -> str:
        session.clear()
        return "Cleared"


def expire(app: Flask) -> None:
    @app.get("/end")
    def end() -> str:
        app.permanent_session_lifetime = dt.timedelta(seconds=-1)
        return "All sessions are too old now"


@pytest.mark.parametrize("end", [clear, expire])
def test_however_a_session_ends_the_next_page_resets(
    portal: OpenPortal, open_page: OpenPage, end: Callable[[Flask], None]
) -> None:
    running = portal()
    end(running.app)

    @running.app.get("/begin")
    def begin() -> str:
        session.permanent = True
        login_user(USERS["1"])
        return HTML

    page = open_page(f"{running.url}/begin")
    expect_calls(page, JOHN)
    page.goto(f"{running.url}/end")
    page.goto(f"{running.url}/other")
    expect_calls(page, RESET)


def test_a_remembered_user_is_announced_until_that_is_forgotten_too(
    portal: OpenPortal, open_page: OpenPage
) -> None:
    running = portal()

    @running.app.get("/remember")
    def remember() -> str:
        login_user(USERS["1"], remember=True)
        return HTML

    page = open_page(f"{running.url}/remember")
    expect_calls(page, JOHN)
    page.context.clear_cookies(name="session")
    page.goto(f"{running.url}/other")
    expect_calls(page, JOHN)
    page.context.clear_cookies(name="session")
    page.context.clear_cookies(name="remember_token")
    page.goto(running.url)
    expect_calls(page, RESET)


def test_of_two_tabs_the_first_to_load_a_page_resets_for_both(visit: Visit) -> None:
    running, one = visit()
    two = one.context.new_page()
    two.goto(f"{running.url}/other")
    expect_calls(two, JOHN)
    two.goto(f"{running.url}/sign-in/2")
    two.goto(running.url)
    expect_calls(two, RESET, JANE)
    one.goto(f"{running.url}/other")
    expect_calls(one, JANE)
