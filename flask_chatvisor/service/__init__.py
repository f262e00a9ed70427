"""The self-hostable service: presence, active users and screen-sharing calls.

An ASGI application, created by :func:`create_service`. It does not know Flask.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .application import Service
    from .application import create_service
    from .settings import Settings
    from .settings import SettingsError

__all__ = ["Service", "Settings", "SettingsError", "create_service"]


def __getattr__(name: str) -> t.Any:
    # Imported on demand, so that __main__ can report a missing extra.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import application

    return getattr(application, name)
