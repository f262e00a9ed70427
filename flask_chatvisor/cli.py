"""``flask chatvisor check | users | serve``."""

from __future__ import annotations

import functools
import json
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

import click
from flask.cli import AppGroup

from .directory import SORTS
from .directory import Query
from .errors import ServiceError
from .errors import SetupError
from .rest.models import ActiveUser
from .rest.transport import Answer
from .rest.transport import Transport
from .state import EmbeddedService
from .state import State
from .state import current_state
from .tokens import LEEWAY

INSTALL = 'The service is an extra. Install it: pip install "flask-chatvisor[service]"'

chatvisor = AppGroup(
    "chatvisor", help="Active users and screen-sharing calls: check, list, serve."
)


@chatvisor.command()
def check() -> None:
    """Show the configuration and try everything that it needs.

    Exits with 1 if something does not work. Secrets are not shown.
    """
    state = current_state()
    _show_settings(state)
    if not state.settings.enabled:
        click.echo("\nNothing to try: CHATVISOR_ENABLED is False.")
        return
    try:
        failed = _count_failures(_trials(state))
    finally:
        if state.embedded is not None:
            state.embedded.stop()
    if failed:
        raise click.exceptions.Exit(1)


@chatvisor.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
@click.option("--q", default="", help="Text that name, e-mail or id contain.")
@click.option("--label", default="", help="Only users with this label.")
@click.option("--assigned", default="", help="An agent's e-mail, or none.")
@click.option(
    "--sort",
    default="name",
    type=click.Choice([*SORTS, *(f"-{name}" for name in SORTS)]),
    help="With - in front: descending.",
)
def users(as_json: bool, q: str, label: str, assigned: str, sort: str) -> None:
    """List the active users, whatever a policy says."""
    query = Query(q, label, assigned, sort)
    try:
        found = current_state().directory.unfiltered(query)
    except (ServiceError, SetupError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        listed = {"users": [user.to_json() for user in found], "total": len(found)}
        click.echo(json.dumps(listed, indent=2))
    elif found:
        click.echo(_table(_COLUMNS, map(_row, found)))
    else:
        click.echo("Nobody is active.")


@chatvisor.command()
def serve() -> None:
    """Run the service; it is set up by CHATVISOR_SERVICE_* in the environment."""
    try:
        from .service.__main__ import main
    except ImportError as error:
        raise click.ClickException(f"No package {error.name!r}. {INSTALL}") from error
    raise click.exceptions.Exit(main())


def _show_settings(state: State) -> None:
    for name, value in _settings(state):
        click.echo(f"{name:<16} {value}")


def _settings(state: State) -> Iterator[tuple[str, str]]:
    settings, loaders = state.settings, state.loaders
    connect, read = settings.timeout
    keys = len(settings.identity_keys)
    yield "enabled", _yes(settings.enabled)
    yield "script", settings.script_url or "none"
    yield "API", settings.api_url
    yield "API token", "set" if settings.api_token else "none"
    yield "directory", settings.directory
    yield "embedded", _yes(settings.embedded)
    yield "identity", f"signed, {keys} key(s)" if keys else "not signed"
    yield "time-outs", f"{connect:g} s to connect, {read:g} s to read"
    yield "routes", settings.url_prefix
    yield "visitor loader", _yes(loaders.visitor)
    yield "agent loader", _yes(loaders.agent) if loaders.agent else "no: no agents"
    yield "policy", _yes(loaders.policy)
    yield "token loader", _yes(loaders.user_token)


def _yes(value: t.Any) -> str:
    return "yes" if value else "no"


def _trials(state: State) -> Iterator[tuple[str, Callable[[], str]]]:
    """Everything to be tried: a name, and a function that says how it went."""
    settings = state.settings
    if state.embedded is not None:
        yield "embedded", functools.partial(_embedded_runs, state.embedded)
    yield "script", lambda: _script_is_there(settings.script_url, settings.timeout)
    if settings.directory == "browser":
        yield "API", lambda: "not used by the server: the directory is the browser's"
    else:
        yield "API token", lambda: _token_is_accepted(state.client.probe())


def _count_failures(trials: Iterable[tuple[str, Callable[[], str]]]) -> int:
    click.echo()
    failed = 0
    for name, trial in trials:
        try:
            click.echo(f"ok      {name}: {trial()}")
        except (ServiceError, SetupError) as error:
            failed += 1
            click.echo(f"failed  {name}: {error}")
    return failed


def _embedded_runs(embedded: EmbeddedService) -> str:
    try:
        embedded.ensure()
    except RuntimeError as error:
        raise SetupError(str(error)) from error
    return "runs"


def _script_is_there(url: str, timeout: tuple[float, float]) -> str:
    # Without the token: the script is public, and may be another host's.
    transport = Transport(url, None, timeout)
    try:
        answer = transport.get("")
    except ServiceError as error:
        raise SetupError(
            f"{error.message} Check CHATVISOR_SCRIPT_ID or CHATVISOR_SCRIPT_URL."
        ) from error
    finally:
        transport.close()
    kind = answer.headers.get("Content-Type", "")
    if "javascript" not in kind:
        raise SetupError(f"{url} is {kind or 'of no type'}, not JavaScript.")
    return f"{len(answer.body)} bytes of JavaScript"


def _token_is_accepted(answer: Answer) -> str:
    difference = clock_difference(answer.headers, time.time())
    if difference is None:
        return "accepted; the service does not tell its time"
    if abs(difference) > LEEWAY:
        raise SetupError(
            f"accepted, but this clock is {abs(difference):.0f} s"
            f" {'ahead of' if difference > 0 else 'behind'} the service's. Tokens allow"
            f" {LEEWAY} s: set both by NTP."
        )
    return f"accepted; the clocks are {abs(difference):.0f} s apart"


def clock_difference(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds by which a clock is ahead of the one that wrote the ``Date`` header."""
    try:
        return now - parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None


_COLUMNS = ("NAME", "E-MAIL", "PAGE", "SINCE", "STATE", "VISITOR")


def _row(user: ActiveUser) -> tuple[str, ...]:
    since = user.since.astimezone().strftime("%H:%M:%S") if user.since else ""
    page = user.location.path or user.location.title if user.location else ""
    cells = (user.name, user.email, page, since, _state_of(user), user.visitor_id)
    return tuple(_printable(cell or "") for cell in cells)


def _state_of(user: ActiveUser) -> str:
    if user.in_call is not None:
        return f"in a call with {user.in_call.agent.name or user.in_call.agent.email}"
    if user.waiting_since is not None:
        return "waits"
    return "visible" if user.visible else "in background"


def _printable(text: str) -> str:
    # A name is the visitor's to choose; it must not steer the terminal.
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
