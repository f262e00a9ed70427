"""The extension's state for one application, used by every request."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask import Flask

from .config import Settings
from .directory import Directory
from .errors import SetupError
from .identity import Loaders
from .rest.client import Client
from .rest.revocations import Revocations

KEY = "chatvisor"


class EmbeddedService(t.Protocol):
    """The service that runs inside this process."""

    def ensure(self) -> None:
        """Start it, unless it is already running here or in a sibling process.

        :raises RuntimeError: if another program uses its address.
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
    revocations: Revocations
    embedded: EmbeddedService | None = None


def state_of(app: Flask) -> State:
    """Find the state of an application.

    :raises SetupError: if ``init_app`` was not called for it.
    """
    try:
        return t.cast(State, app.extensions[KEY])
    except KeyError:
        raise SetupError(
            "This application has no Chatvisor. Call Chatvisor(app), or"
            " chatvisor.init_app(app) in the application factory."
        ) from None
