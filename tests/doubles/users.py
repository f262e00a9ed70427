"""The users of the test application, in browsers of their own."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient


def signed_in(app: Flask, user_id: str = "1") -> FlaskClient:
    client = app.test_client()
    client.get(f"/sign-in/{user_id}")
    return client
