"""Credentials for TURN servers."""

from __future__ import annotations

import base64
import hmac
import typing as t

from flask_chatvisor.service.access.turn import ice_servers
from flask_chatvisor.service.settings import Settings

NOW = 1_700_000_000


def servers(name: str, **settings: t.Any) -> list[dict[str, t.Any]]:
    return ice_servers(Settings(api_tokens=("x",), **settings), name, NOW + 3600)


def test_turn_credentials_are_what_turn_servers_expect() -> None:
    turn, stun = servers(
        "c1-agent",
        ice_servers=({"urls": ["turn:t.example.com"]}, {"urls": "stun:s.example.com"}),
        turn_secret="hush",
    )
    assert stun == {"urls": "stun:s.example.com"}
    expiry, _, name = turn["username"].partition(":")
    assert name == "c1-agent"
    assert int(expiry) == NOW + 3600
    digest = hmac.digest(b"hush", turn["username"].encode(), "sha1")
    assert turn["credential"] == base64.b64encode(digest).decode()


def test_a_server_with_urls_of_both_kinds_gets_credentials() -> None:
    both = {"urls": ["stun:t.example.com", "turn:t.example.com"]}
    (server,) = servers("x", ice_servers=(both,), turn_secret="hush")
    assert "credential" in server


def test_without_a_secret_ice_servers_are_passed_on_as_they_are() -> None:
    server = {"urls": "turn:t", "username": "u", "credential": "c"}
    assert servers("x", ice_servers=(server,)) == [server]
