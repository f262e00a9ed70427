"""What the extension knows of one application: the record behind every request."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from .config import Settings
from .context import this_app
from .contract.users import ActiveUser
from .errors import SetupError
from .identity import Agent
from .identity import Visitor
from .rest.client import Client

if t.TYPE_CHECKING:
    from .directory import Directory

KEY = "chatvisor"


@dataclass
class Loaders:
    """The application's own code: filled by decorators, at any time."""

    visitor: Callable[[t.Any], Visitor | None] | None = None
    agent: Callable[[t.Any], Agent | None] | None = None
    policy: Callable[[Agent, ActiveUser], bool] | None = None
    consent: Callable[[t.Any], bool] | None = None
    user_token: Callable[[Agent], str] | None = None
    #: Set once an application lists in the browser, where no policy can hold.
    policy_forbidden: bool = False


class EmbeddedService(t.Protocol):
    """The service that runs inside this process."""

    def ensure(self) -> None:
        """Start it, unless it or a sibling process's runs already.

        :raises RuntimeError: if something else has its address.
        """

    def stop(self) -> None:
        """Stop it, if this process started it."""


@dataclass(frozen=True)
class State:
    """One application's settings, loaders and connections."""

    settings: Settings
    loaders: Loaders
    client: Client
    directory: Directory
    embedded: EmbeddedService | None = None


def state_of(app: Flask) -> State:
    """Find the state of an application.

    :raises SetupError: if ``init_app`` was not called with it.
    """
    try:
        return t.cast(State, app.extensions[KEY])
    except KeyError:
        raise SetupError(
            "This application has no Chatvisor. Call Chatvisor(app), or"
            " chatvisor.init_app(app) in the application factory."
        ) from None


def current_state() -> State:
    """Find the state of the application that handles this request."""
    return state_of(this_app())
