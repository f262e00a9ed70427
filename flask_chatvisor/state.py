"""What the extension knows of one application: the record behind every request."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask import Flask

from .config import Settings
from .directory import Directory
from .errors import SetupError
from .identity import Loaders
from .rest.client import Client

KEY = "chatvisor"


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
