"""The service's settings: read from the environment, checked, frozen."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from urllib.parse import urlsplit

from ..contract.bucket import Rate
from ..contract.settings import Reader
from ..contract.settings import bind
from ..contract.settings import http_url
from ..contract.settings import secure_url
from ..contract.settings import strong
from ..contract.urls import LOOPBACK_HOSTS
from ..contract.urls import base_url
from ..contract.urls import origin_of

PREFIX = "CHATVISOR_SERVICE_"

_LOOPBACK_ORIGIN = re.compile(
    r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.ASCII
)
_ICE_URL = re.compile(r"(stun|stuns|turn|turns):[^\s,]+", re.ASCII)


class SettingsError(ValueError):
    """The settings are invalid; lists every fault at once.

    :ivar faults: one sentence for each fault, with the variable's name.
    """

    def __init__(self, faults: list[str]) -> None:
        self.faults: tuple[str, ...] = tuple(faults)
        lines = "\n".join(f"- {fault}" for fault in faults)
        super().__init__(f"The service cannot start with these settings:\n{lines}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long things take, in seconds; tests shorten them."""

    #: How long a visitor stays present after the last tab has gone.
    presence_grace: float = 8
    #: Ringing.
    ring: float = 45
    #: An unacknowledged message is sent again.
    resend: float = 2
    #: A call window that closed may come back: it was reloaded.
    closed_grace: float = 5
    #: A call window that vanished may come back: the network failed.
    lost_grace: float = 30
    #: A call window that has heard nothing for so long asks for an answer. If none
    #: comes in twice that time, its connection counts as lost.
    heartbeat: float = 5
    #: An agent's or a help seeker's call window must connect.
    window: float = 20
    #: A queued customer must poll.
    poll: float = 5
    #: The shortest time between two ticks.
    tick: float = 0.25
    #: A client must complete a request, from its connection or its first byte.
    request: float = 10
    #: A connection must introduce itself.
    hello: float = 10
    #: A client must take what the network was ready to bring it.
    taking: float = 30
    #: A ticket may be used.
    ticket: float = 60
    #: After a first "no", until the same agent may ask again; it doubles each time.
    rest: float = 30
    longest_rest: float = 300
    #: An ended call still tells how it ended.
    ended_kept: float = 300
    #: A connection that is being closed may still take what waits for it.
    close: float = 5
    #: TURN credentials are good; a call's windows get new ones at half of that.
    turn: float = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the service accepts from one client."""

    #: Bytes of a REST request's body.
    body: int = 64 * 1024
    #: Messages, and their characters, that wait for a slow client.
    waiting_messages: int = 256
    waiting_characters: int = 1024 * 1024
    #: Messages of one client, and their bytes.
    messages: Rate = Rate(30, 240)
    bytes: Rate = Rate(64 * 1024, 1024 * 1024)
    #: Frames of one client: messages, their fragments, pings and pongs.
    frames: Rate = Rate(60, 480)
    #: Tabs of one visitor, and pages of one agent.
    tabs: int = 100
    #: Visitors of one verified user.
    visitors: int = 10
    #: Unverified visitors with one public address, and their places in the queue.
    unverified: int = 200
    unverified_places: int = 20
    #: An agent's REST requests; a page fetches its list once a second at most.
    agents: Rate = Rate(50, 500)
    #: An agent's calls.
    calls: Rate = Rate(0.5, 30)
    #: REST requests from one public address without a valid token.
    strangers: Rate = Rate(10, 200)
    #: New and open connections from one public address, enough for an office.
    connections: Rate = Rate(50, 2000)
    open_connections: int = 5000
    #: Open connections of everybody, with and without a request.
    all_connections: int = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is configurable about a service.

    :param api_tokens: the first one signs, all of them verify.
    :param identity_keys: the first one signs, all verify; empty: nothing is verified.
    :param url: the base URL as browsers see it, without a slash at the end.
    :param show_agent_email: whether customers see the e-mail address of their agent.
    :param origins: their pages may tag and call; ``None`` for any port of loopback.
    :param ice_policy: ``relay``: participants meet at a TURN server only.
    """

    api_tokens: tuple[str, ...] = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5081
    url: str = "http://127.0.0.1:5081"
    identity_keys: tuple[str, ...] = field(default=(), repr=False)
    require_identity: bool = False
    origins: frozenset[str] | None = None
    ice_servers: tuple[Mapping[str, t.Any], ...] = field(default=(), repr=False)
    turn_secret: str | None = field(default=None, repr=False)
    ice_policy: t.Literal["all", "relay"] = "all"
    show_agent_email: bool = True
    events_url: str | None = None
    timings: Timings = Timings()
    limits: Limits = Limits()

    def allows(self, origin: str) -> bool:
        """Return whether pages of this origin may tag and call."""
        origin, allowed = origin.lower(), self.allowed_origins
        if allowed is None:
            return _LOOPBACK_ORIGIN.fullmatch(origin) is not None
        return origin in allowed

    @property
    def allowed_origins(self) -> tuple[str, ...] | None:
        """The origins of ``allows``, sorted; ``None`` for any port of loopback."""
        if self.origins is None:
            return None
        return tuple(sorted(self.origins | {origin_of(self.url)}))


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a service that runs on its own.

    :param environ: ``os.environ``, or any mapping.
    :raises SettingsError: if there are faults; it lists them all.
    """
    reader = _Reader(environ)
    host, port = reader.get("BIND", bind, "127.0.0.1:5081") or ("127.0.0.1", 0)
    url = _url_setting(reader, host, port)
    keys = reader.get("IDENTITY_KEY", _secrets, "") or ()
    values: dict[str, t.Any] = {
        "host": host,
        "port": port,
        "url": url,
        "api_tokens": _api_tokens(reader),
        "identity_keys": keys,
        "require_identity": _require_identity(reader, keys),
        "origins": _origins_setting(reader, host, url),
        "show_agent_email": reader.get("SHOW_AGENT_EMAIL", _boolean, "true"),
        "events_url": reader.get("EVENTS_URL", _events_url, "") or None,
        **_ice(reader),
    }
    secrets = {"API_TOKEN": values["api_tokens"], "IDENTITY_KEY": keys}
    reader.refuse_shared(secrets | {"TURN_SECRET": _one(values["turn_secret"])})
    reader.refuse_unknown()
    if reader.faults:
        raise SettingsError(reader.faults)
    return Settings(**values)


_T = t.TypeVar("_T")


class _Reader(Reader):
    """Looks up variables and collects their faults."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ, PREFIX)

    def text(self, name: str) -> str:
        return (self.value(name) or "").strip()

    def get(self, name: str, check: t.Callable[[str], _T], default: str) -> _T | None:
        """Check one variable; ``check`` raises ``ValueError`` with "it must …"."""
        value = self.text(name) or default
        return self.checked(name, value, check, "is not usable: {error}.")

    def refuse_unknown(self) -> None:
        for key in sorted(self.values):
            if key.startswith(PREFIX) and key not in self.known:
                names = ", ".join(sorted(self.known))
                self.faults.append(f"{key} is not a setting. Settings are: {names}.")


def _api_tokens(reader: _Reader) -> tuple[str, ...]:
    tokens = reader.get("API_TOKEN", _secrets, "")
    if tokens == ():
        reader.fault(
            "API_TOKEN",
            "is not set. Generate one, for example with: python -c"
            ' "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return tokens or ()


def _require_identity(reader: _Reader, keys: tuple[str, ...]) -> bool:
    given = reader.get("REQUIRE_IDENTITY", _boolean, str(bool(keys)).lower())
    if given and not keys and not any("IDENTITY_KEY" in one for one in reader.faults):
        reader.fault("REQUIRE_IDENTITY", f"is true without {PREFIX}IDENTITY_KEY.")
    return bool(given)


def _url_setting(reader: _Reader, host: str, port: int) -> str:
    url = reader.get("URL", _public_url, base_url(host, port))
    return url or base_url(host, port)


def _origins_setting(reader: _Reader, host: str, url: str) -> frozenset[str] | None:
    origins = reader.get("ORIGINS", _origins, "")
    if origins == frozenset():
        public = {host, urlsplit(url).hostname} - LOOPBACK_HOSTS
        if public:
            reader.fault(
                "ORIGINS",
                f"is not set, but {min(map(str, public))} is not loopback: list the"
                " origins whose pages may tag and call, like https://app.example.com.",
            )
        return None
    return origins


def _ice(reader: _Reader) -> dict[str, t.Any]:
    servers = reader.get("ICE_SERVERS", _ice_servers, "") or ()
    secret = reader.get("TURN_SECRET", _turn_secret, "") or None
    if secret and not any(is_turn(one) for one in servers):
        reader.fault("TURN_SECRET", f"needs a turn: URL in {PREFIX}ICE_SERVERS.")
    policy = reader.get("ICE_POLICY", _ice_policy, "all")
    if policy == "relay" and not any(is_turn(one) for one in servers):
        reader.fault("ICE_POLICY", f"relay needs a turn: URL in {PREFIX}ICE_SERVERS.")
    return {"ice_servers": servers, "turn_secret": secret, "ice_policy": policy}


def is_turn(server: Mapping[str, t.Any]) -> bool:
    """Return whether an ICE server is a TURN server, which needs credentials."""
    urls = server["urls"]
    listed = [urls] if isinstance(urls, str) else urls
    return any(str(url).startswith(("turn:", "turns:")) for url in listed)


# --- checks: each returns the value, or raises ValueError with "it must …" --------


def _boolean(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True}
    words |= {"false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("it must be true or false")
    return words[text.lower()]


def _strings(text: str) -> tuple[str, ...]:
    if not text.startswith("["):
        return tuple(text.replace(",", " ").split())
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise ValueError("a value that starts with [ must be a JSON list of strings")
    return tuple(values)


def _secrets(text: str) -> tuple[str, ...]:
    values = _strings(text)
    if not all(values):
        raise ValueError("it must not contain an empty string")
    return strong(values)


def _turn_secret(text: str) -> str:
    strong(_one(text))
    return text


def _one(secret: str | None) -> tuple[str, ...]:
    return (secret,) if secret else ()


def _public_url(text: str) -> str:
    parts = http_url(text)
    if parts.path.strip("/"):
        raise ValueError("it must be an origin without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError(
            "outside loopback it must be https://, because browsers share screens"
            " only on secure pages"
        )
    return text.rstrip("/")


def _events_url(text: str) -> str:
    if not text:
        return ""
    secure_url(text)
    return text


def _origins(text: str) -> frozenset[str]:
    return frozenset(_origin(one) for one in _strings(text))


def _origin(text: str) -> str:
    if "*" in text:
        raise ValueError(f"{text!r} has a *: list every origin")
    if http_url(text).path not in ("", "/"):
        raise ValueError(f"{text!r} must be an origin without a path")
    return origin_of(text.rstrip("/"))


def _ice_servers(text: str) -> tuple[Mapping[str, t.Any], ...]:
    if not text.startswith("["):
        return tuple({"urls": _ice_url(one)} for one in _strings(text))
    try:
        servers = json.loads(text)
    except ValueError:
        raise ValueError("a value that starts with [ must be a JSON list") from None
    return tuple(_ice_server(one) for one in servers)


def _ice_server(server: t.Any) -> Mapping[str, t.Any]:
    if isinstance(server, str):
        return {"urls": _ice_url(server)}
    urls = server.get("urls") if isinstance(server, dict) else None
    if not urls or not isinstance(urls, str | list):
        raise ValueError('each server must be a URL, or an object with "urls"')
    for url in [urls] if isinstance(urls, str) else urls:
        _ice_url(url)
    return t.cast(Mapping[str, t.Any], server)


def _ice_policy(text: str) -> str:
    if text not in ("all", "relay"):
        raise ValueError("it must be all or relay")
    return text


def _ice_url(url: t.Any) -> str:
    if not isinstance(url, str) or not _ICE_URL.fullmatch(url):
        raise ValueError("its URLs must start with stun:, stuns:, turn: or turns:")
    return url
