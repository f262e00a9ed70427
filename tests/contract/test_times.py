"""Times on the wire."""

from __future__ import annotations

import pytest

from flask_chatvisor.contract.times import timestamp


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.123456, "2023-11-14T22:13:20.123Z"),
    ],
)
def test_times_are_utc_with_milliseconds(seconds: float, text: str) -> None:
    assert timestamp(seconds) == text
