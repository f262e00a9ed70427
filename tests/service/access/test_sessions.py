"""The secrets of visitors' sessions: whose they are, and until when."""

from __future__ import annotations

import itertools

import pytest

from flask_chatvisor.service.access.sessions import MAX_AGE
from flask_chatvisor.service.access.sessions import Session
from flask_chatvisor.service.access.sessions import Sessions

NOW = 1_700_000_000.0


def sessions(*api_tokens: str) -> Sessions:
    numbers = itertools.count(1)
    return Sessions(api_tokens or ("a",), lambda: f"id{next(numbers)}")


SESSIONS = [
    sessions().start(NOW),
    sessions().start(NOW, "claimed", "id:1"),
    sessions().start(NOW, "verified", "id:1"),
]


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.kind)
def test_a_secret_resumes_its_session_even_after_a_restart(session: Session) -> None:
    secret = sessions().secret(session)
    assert sessions().resume("id1", secret, NOW) == session


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.kind)
def test_a_secret_ends_after_a_week(session: Session) -> None:
    secret = sessions().secret(session)
    assert sessions().resume("id1", secret, NOW + MAX_AGE)
    assert sessions().resume("id1", secret, NOW + MAX_AGE + 1) is None


def test_a_secret_is_of_one_visitor_and_one_service() -> None:
    secret = sessions().secret(SESSIONS[0])
    assert sessions().resume("id2", secret, NOW) is None
    assert sessions("b").resume("id1", secret, NOW) is None


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.kind)
def test_no_part_of_a_secret_can_be_changed(session: Session) -> None:
    secret = sessions().secret(session)
    letter, mark, issued, signature = secret.split(".")
    other = sessions().secret(sessions().start(NOW, "verified", "id:2")).split(".")
    forged = [
        f"{new}.{mark}.{issued}.{signature}" for new in "acvx" if new != letter
    ] + [
        f"{letter}.{other[1]}.{issued}.{signature}",
        f"{letter}.{mark}.{int(NOW) + 1:x}.{signature}",
        f"{letter}.{mark}.{issued}.{other[3]}",
        f"{letter}.{mark}.{issued}",
        f"{secret}.",
        f"{secret}x",
        secret.upper(),
    ]
    for secret in (*forged, "", "...", "é", "a", "a.b.c.d.e"):
        assert sessions().resume("id1", secret, NOW) is None, secret


def test_a_secret_survives_a_rotation_of_the_api_token() -> None:
    session = sessions("a").start(NOW, "verified", "id:1")
    old = sessions("a").secret(session)
    between = sessions("b", "a")
    assert between.resume("id1", old, NOW) == session
    assert between.is_of(session, "verified", "id:1")
    assert sessions("b").resume("id1", between.secret(session), NOW)
    assert sessions("b").resume("id1", old, NOW) is None


def test_a_session_is_of_one_user_and_one_kind() -> None:
    made = sessions().start(NOW, "verified", "id:1")
    assert sessions().is_of(made, "verified", "id:1")
    assert not sessions().is_of(made, "claimed", "id:1")
    assert not sessions().is_of(made, "verified", "id:2")
    assert not sessions().is_of(SESSIONS[0], "claimed", "")


def test_a_secret_does_not_show_whose_it_is() -> None:
    several = sessions()
    first, second = (several.start(NOW, "verified", "id:1") for _ in range(2))
    assert first.visitor_id != second.visitor_id
    assert first.mark != second.mark
    assert first.mark not in repr(first)
    assert "id:1" not in several.secret(first)
