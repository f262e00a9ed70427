"""Runs the service alone: ``python -m flask_chatvisor.service``."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections.abc import Mapping

try:
    from ..contract.urls import base_url
    from .application import create_service
    from .running.files import fit
    from .running.files import raise_file_limit
    from .running.server import calm_the_collector
    from .running.server import listen
    from .running.server import make_server
    from .settings import Settings
    from .settings import SettingsError
    from .settings import from_environ
except ImportError as _error:
    if __name__ != "__main__":
        raise
    sys.exit(
        f"The service needs the package {_error.name!r}. Install it with its extra:"
        " pip install 'flask-chatvisor[service]'"
    )


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    try:
        settings = from_environ(environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    return serve(settings)


def serve(settings: Settings) -> int:
    """Run a service in this process's main thread; return the exit code."""
    where = base_url(settings.host, settings.port)
    try:
        bound = listen(settings.host, settings.port)
    except OSError as error:
        print(
            f"The service cannot listen on {where}: {error.strerror}. Stop the program"
            " that listens there, or set CHATVISOR_SERVICE_BIND to another address.",
            file=sys.stderr,
        )
        return 1
    if settings.port == 0:
        settings = _with_port(settings, bound.getsockname()[1])
    limits = fit(settings.limits, raise_file_limit())
    settings = dataclasses.replace(settings, limits=limits)
    server = make_server(create_service(settings), on_start=lambda: _started(settings))
    # Uvicorn raises the signal again after shutting down; it is already handled here.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[bound])
    return 0


def _with_port(settings: Settings, port: int) -> Settings:
    url = settings.url
    if url == base_url(settings.host, 0):
        url = base_url(settings.host, port)
    return dataclasses.replace(settings, port=port, url=url)


def _started(settings: Settings) -> None:
    calm_the_collector()
    most = settings.limits.all_connections
    print(
        f"Chatvisor service at {settings.url} for up to {most:,} connections"
        " (press Ctrl-C to stop)",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
