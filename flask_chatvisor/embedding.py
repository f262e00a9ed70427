"""The embedded service, as the extension starts it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from . import signals
from .config import Settings
from .errors import ServiceUnavailable
from .errors import SetupError
from .state import EmbeddedService


class EmbeddedStart:
    """Starts the embedded service on a request, and remembers why it could not.

    :ivar service: ``None`` if the extension is disabled.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._told = ""
        self.service: EmbeddedService | None = None
        if settings.enabled:
            self.service = _embedded(app, settings)

    def fault(self) -> ServiceUnavailable | None:
        """Return why the service must not be asked: another program has its address."""
        if not self._told:
            return None
        return ServiceUnavailable(self._told, remedy="Then reload this page.")

    def start(self) -> None:
        """Start it unless it is running; log an error once."""
        fault = ""
        try:
            if self.service is not None:
                self.service.ensure()
        except RuntimeError as error:
            fault = str(error)
        if fault and fault != self._told:
            event = {"event": "chatvisor.embedded.failed"}
            self._app.logger.error("The service does not run: %r.", fault, extra=event)
        self._told = fault


def name_of_application(app: Flask) -> str:
    """Name an application, the same in all of its processes and commands.

    A module that is run as the main program has another name than one that is imported.
    """
    module = app.name.rpartition(".")[2]
    return str(Path(app.root_path).resolve() / module)


def _embedded(app: Flask, settings: Settings) -> EmbeddedService:
    try:
        # Lazily, because it needs the extra.
        from .service.running.embedded import Embedded
    except ImportError as error:
        raise SetupError(
            f"CHATVISOR_EMBEDDED needs the package {error.name!r}. Install the service"
            ' with: pip install "flask-chatvisor[service]"'
        ) from error

    def send(event: Mapping[str, t.Any]) -> None:
        with app.app_context():
            signals.send_event(app, event)

    return Embedded(
        bind=settings.embedded_bind,
        api_token=t.cast(str, settings.api_token),
        identity_key=settings.identity_keys[0],
        show_agent_email=settings.embedded_show_agent_email,
        on_event=send,
    )
