"""Configuration: keys, defaults, and one validator that reports all faults at once.

Deployment values come from ``app.config`` only; they are read once, by
:meth:`~flask_chatvisor.Chatvisor.init_app`, into a frozen :class:`Settings`.
"""

from __future__ import annotations

import difflib
import re
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from .contract import tokens
from .contract.api import PATHS
from .contract.settings import Reader
from .contract.settings import bind
from .contract.settings import secure_url
from .contract.settings import strong
from .contract.urls import LOOPBACK_HOSTS
from .contract.urls import base_url
from .contract.urls import origin_of
from .errors import ConfigurationError

CLOUD_SCRIPT = "https://cdn.chatvisor.com/cdn/js/{id}.js"
CLOUD_API = "https://api.chatvisor.com"

#: Every key with its default.
DEFAULTS: Mapping[str, t.Any] = {
    "CHATVISOR_ENABLED": True,
    "CHATVISOR_SCRIPT_ID": None,
    "CHATVISOR_SCRIPT_URL": None,
    "CHATVISOR_API_URL": CLOUD_API,
    "CHATVISOR_API_TOKEN": None,
    "CHATVISOR_API_PATHS": None,
    "CHATVISOR_DIRECTORY": None,
    "CHATVISOR_EMBEDDED": False,
    "CHATVISOR_EMBEDDED_BIND": "127.0.0.1:5081",
    "CHATVISOR_EMBEDDED_SHOW_AGENT_EMAIL": True,
    "CHATVISOR_IDENTITY_KEY": None,
    "CHATVISOR_IDENTITY_MAX_AGE": 3600,
    "CHATVISOR_IDENTITY_DELIVERY": "page",
    "CHATVISOR_AUTH_ARGUMENTS": "token",
    "CHATVISOR_AUTO_INJECT": True,
    "CHATVISOR_URL_PREFIX": "/chatvisor",
    "CHATVISOR_TIMEOUT": (3.05, 10),
    "CHATVISOR_CACHE_SECONDS": 0.3,
    "CHATVISOR_DEBUG_HEADER": None,
}

_REQUIRED_START = (
    "No Chatvisor script is configured. Set CHATVISOR_EMBEDDED = True to try it"
    " without an account, CHATVISOR_SCRIPT_ID to use the cloud, or"
    " CHATVISOR_SCRIPT_URL to use your own service."
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The configuration of one application: checked, complete and frozen.

    :ivar script_url: empty if none is configured, which only a disabled extension
        allows.
    """

    enabled: bool
    script_url: str
    api_url: str
    api_token: str | None = field(repr=False)
    api_paths: Mapping[str, str]
    directory: t.Literal["browser", "server"]
    embedded: bool
    embedded_bind: tuple[str, int]
    embedded_show_agent_email: bool
    identity_keys: tuple[str, ...] = field(repr=False)
    identity_max_age: int
    identity_delivery: t.Literal["page", "fetch"]
    auth_arguments: t.Literal["token", "email-token"]
    auto_inject: bool
    url_prefix: str
    timeout: tuple[float, float]
    cache_seconds: float
    debug_header: bool

    @property
    def browser_origins(self) -> tuple[str, ...]:
        """The origins that a visitor's browser connects to, including WebSockets.

        The script's origin comes first. Without a script there are none.
        """
        if not self.script_url:
            return ()
        origins = dict.fromkeys([origin_of(self.script_url), origin_of(self.api_url)])
        return (*origins, "ws" + origin_of(self.script_url).removeprefix("http"))


def read(
    config: Mapping[str, t.Any], *, debug: bool = False, application: str = ""
) -> Settings:
    """Read and check the configuration of an application.

    :param config: ``app.config``.
    :param debug: ``app.debug``, the default of ``CHATVISOR_DEBUG_HEADER``.
    :param application: tells applications with the same ``SECRET_KEY`` apart.
    :raises ConfigurationError: if there are faults; it lists them all.
    """
    reader = _Reader(config)
    _refuse_unknown_keys(reader)
    values = _single_values(reader)
    values["debug_header"] = reader.get("DEBUG_HEADER", _boolean, default=debug)
    values |= _script_and_api(reader, enabled=values["enabled"])
    values["directory"] = _directory(reader)
    if values["embedded"]:
        values |= _embedded(reader, values["embedded_bind"], application)
    else:
        token = values["api_token"]
        secrets = {"API_TOKEN": (token,) if token else ()}
        reader.refuse_shared(secrets | {"IDENTITY_KEY": values["identity_keys"]})
    if reader.faults:
        raise ConfigurationError(reader.faults)
    return Settings(**values)


class _Reader(Reader):
    """Looks up keys and collects their faults."""

    def __init__(self, config: Mapping[str, t.Any]) -> None:
        super().__init__(config, "CHATVISOR_")

    def given(self, name: str) -> bool:
        return self.value(name) is not None

    def get(
        self, name: str, check: Callable[[t.Any], t.Any], *, default: t.Any = None
    ) -> t.Any:
        """Look one key up; ``check`` returns the value or raises ``ValueError``."""
        key = f"CHATVISOR_{name}"
        value = self.value(name)
        if value is None:
            value = DEFAULTS[key] if default is None else default
        if value is None:
            return None
        return self.checked(
            name, value, check, f"is {_shown(key, value)}, but {{error}}."
        )


def _shown(key: str, value: t.Any) -> str:
    # Error messages end up in logs; secrets must not, nor passwords in URLs.
    url_with_user = isinstance(value, str) and "@" in value
    secret = key.endswith(("_TOKEN", "_KEY")) or url_with_user
    return f"a {type(value).__name__} (not shown)" if secret else repr(value)


def _refuse_unknown_keys(reader: _Reader) -> None:
    for key in reader.values:
        if key.startswith("CHATVISOR_") and key not in DEFAULTS:
            close = difflib.get_close_matches(key, DEFAULTS, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            reader.faults.append(f"{key} is not a key of flask-chatvisor{hint}")


def _single_values(reader: _Reader) -> dict[str, t.Any]:
    return {
        "enabled": reader.get("ENABLED", _boolean),
        "api_token": reader.get("API_TOKEN", _api_token(reader)),
        "embedded": reader.get("EMBEDDED", _boolean),
        "embedded_bind": reader.get("EMBEDDED_BIND", _loopback_bind),
        "embedded_show_agent_email": reader.get("EMBEDDED_SHOW_AGENT_EMAIL", _boolean),
        "identity_keys": reader.get("IDENTITY_KEY", _keys) or (),
        "identity_max_age": reader.get("IDENTITY_MAX_AGE", _whole_seconds),
        "identity_delivery": reader.get("IDENTITY_DELIVERY", _one_of("page", "fetch")),
        "auth_arguments": reader.get("AUTH_ARGUMENTS", _one_of("token", "email-token")),
        "auto_inject": reader.get("AUTO_INJECT", _boolean),
        "url_prefix": reader.get("URL_PREFIX", _url_prefix),
        "timeout": reader.get("TIMEOUT", _timeout),
        "cache_seconds": reader.get("CACHE_SECONDS", _seconds),
    }


def _api_token(reader: _Reader) -> Callable[[t.Any], str]:
    # The vendor's tokens are as long as the vendor makes them. Where the script comes
    # from tells nothing: the default paths are those of the bundled service alone.
    vendors = reader.given("SCRIPT_ID") or reader.given("API_PATHS")
    return _text if vendors else _own_token


def _script_and_api(reader: _Reader, *, enabled: bool | None) -> dict[str, t.Any]:
    sources = [
        f"CHATVISOR_{name}"
        for name in ("SCRIPT_ID", "SCRIPT_URL", "EMBEDDED")
        if reader.values.get(f"CHATVISOR_{name}")
    ]
    if len(sources) > 1:
        reader.faults.append(f"Set only one of {', '.join(sources)}.")
    if not sources and enabled:
        reader.faults.append(_REQUIRED_START)
    script_id = reader.get("SCRIPT_ID", _script_id)
    given = reader.get("SCRIPT_URL", _script_url) or ""
    paths = reader.get("API_PATHS", _paths) or {}
    return {
        "script_url": CLOUD_SCRIPT.format(id=script_id) if script_id else given,
        # The service that serves the script serves the API, too; never the cloud.
        "api_url": reader.get("API_URL", _url, default=origin_of(given) or None),
        "api_paths": paths if script_id else {**PATHS, **paths},
    }


def _directory(reader: _Reader) -> t.Any:
    cloud = reader.given("SCRIPT_ID") and not reader.given("API_PATHS")
    return reader.get(
        "DIRECTORY",
        _one_of("browser", "server"),
        default="browser" if cloud else "server",
    )


def _embedded(
    reader: _Reader, bind: tuple[str, int] | None, application: str
) -> dict[str, t.Any]:
    secret = reader.values.get("SECRET_KEY")
    if isinstance(secret, bytes):
        secret = secret.decode("latin-1")
    if not isinstance(secret, str) or not secret:
        reader.faults.append(
            "CHATVISOR_EMBEDDED needs SECRET_KEY: all processes of the application"
            " derive the embedded service's keys from it."
        )
    fixed = ("API_URL", "API_TOKEN", "API_PATHS", "IDENTITY_KEY")
    for name in filter(reader.given, fixed):
        reader.faults.append(
            f"CHATVISOR_{name} must not be set: CHATVISOR_EMBEDDED sets it."
        )
    if reader.faults or bind is None:
        return {}
    host, port = bind
    base = base_url(host, port)
    api_token, identity_key = embedded_keys(t.cast(str, secret), application)
    return {
        "script_url": f"{base}/cdn/js/embedded.js",
        "api_url": base,
        "api_token": api_token,
        "identity_keys": (identity_key,),
    }


def embedded_keys(secret_key: str, application: str) -> tuple[str, str]:
    """Derive the embedded service's API token and identity key.

    :param application: because ``SECRET_KEY`` is often ``"dev"``, and two applications
        at one address must not share a service.
    """
    return (
        tokens.derive(secret_key, f"chatvisor:api-token:{application}").hex(),
        tokens.derive(secret_key, f"chatvisor:identity-key:{application}").hex(),
    )


# --- checks: each returns the value, or raises ValueError with "it must …" --------


def _boolean(value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it must be True or False")
    return value


def _text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it must be a string (put numbers in quotes)")
    if not value.strip() or value != value.strip():
        raise ValueError("it must not be empty, or start or end with white space")
    return value


def _secret(value: t.Any) -> str:
    (secret,) = strong((_text(value),))
    return secret


def _own_token(value: t.Any) -> str:
    token = _text(value)
    try:
        return _secret(token)
    except ValueError as error:
        raise ValueError(
            f"{error}. If it is the vendor's token, set CHATVISOR_API_PATHS, too"
        ) from None


def _keys(value: t.Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_secret(value),)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("it must be a string or a list of strings")
    return strong(tuple(_text(key) for key in value))


def _one_of(*allowed: str) -> Callable[[t.Any], str]:
    def check(value: t.Any) -> str:
        if value not in allowed:
            raise ValueError(f"it must be one of {', '.join(map(repr, allowed))}")
        return str(value)

    return check


def _number(value: t.Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("it must be a number of seconds")
    return float(value)


def _seconds(value: t.Any) -> float:
    if not 0 <= _number(value) <= 60:
        raise ValueError("it must be between 0 and 60 seconds")
    return float(value)


def _whole_seconds(value: t.Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 60:
        raise ValueError("it must be a whole number of seconds, at least 60")
    return value


def _timeout(value: t.Any) -> tuple[float, float]:
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if len(pair) != 2 or not all(0 < _number(one) <= 300 for one in pair):
        raise ValueError("it must be seconds, or (connect, read) seconds, each above 0")
    return float(pair[0]), float(pair[1])


def _url(value: t.Any) -> str:
    secure_url(_text(value))
    return t.cast(str, value).rstrip("/")


def _script_url(value: t.Any) -> str:
    _url(value)
    return t.cast(str, value)


def _script_id(value: t.Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", _text(value)):
        raise ValueError("it must be the ID alone: letters, digits, '-' and '_'")
    return t.cast(str, value)


def _url_prefix(value: t.Any) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_.~-]+)+", _text(value)):
        raise ValueError("it must look like '/chatvisor', without a slash at the end")
    return t.cast(str, value)


def _paths(value: t.Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= set(PATHS):
        names = ", ".join(map(repr, PATHS))
        raise ValueError(f"it must be a dict with keys of {names}")
    for name, path in value.items():
        if not _text(path).startswith("/"):
            raise ValueError(f"the path {name!r} must start with '/'")
        if name == "status" and "{query}" not in path:
            raise ValueError("the path 'status' must contain '{query}'")
    return dict(value)


def _loopback_bind(value: t.Any) -> tuple[str, int]:
    host, port = bind(_text(value), lowest=1)
    if host not in LOOPBACK_HOSTS:
        raise ValueError("it must be a loopback address, like 127.0.0.1:5081")
    return host, port
