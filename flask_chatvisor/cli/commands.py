"""``flask chatvisor check | users | serve``."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import click
from flask.cli import AppGroup

from ..contract.matching import SORTS
from ..contract.matching import Selection
from ..contract.users import ActiveUser
from ..current import current_state
from ..current import this_app
from ..errors import ServiceError
from ..errors import ServiceUnavailable
from ..errors import SetupError
from ..state import State
from . import checks

INSTALL = (
    'The service is an extra. To install it: pip install "flask-chatvisor[service]"'
)

chatvisor: AppGroup = AppGroup(
    "chatvisor", help="Active users and screen-sharing calls: check, list, serve."
)


@chatvisor.command()
@click.option("--url", "urls", multiple=True, help="A page to check; repeatable.")
@click.option("--user", "user_id", help="The id of the user who views the pages.")
def check(urls: tuple[str, ...], user_id: str | None) -> None:
    """Show the configuration and check that everything in it works.

    A --url with a path is rendered by this application, in this process. The check
    shows who is tagged on the page or why nobody is, and what the page's
    Content-Security-Policy lacks. A full URL is fetched instead.

    Exits with 1 if a check fails. Secrets are not shown.
    """
    if user_id is not None and not urls:
        raise click.UsageError("--user needs --url: it says who views that page.")
    state = current_state()
    _show_settings(state)
    if not state.settings.enabled:
        click.echo("\nNothing to check: CHATVISOR_ENABLED is False.")
        return
    try:
        failed = _count_failures(_trials(state, urls, user_id))
    finally:
        if state.embedded is not None:
            state.embedded.stop()
    if failed:
        raise click.exceptions.Exit(1)


@chatvisor.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
@click.option("--q", default="", help="Text to find in the name, e-mail or id.")
@click.option("--label", default="", help="Only users with this label.")
@click.option("--assigned", default="", help="An agent's e-mail, or 'nobody'.")
@click.option(
    "--sort",
    default="name",
    type=click.Choice([*SORTS, *(f"-{name}" for name in SORTS)]),
    help="A - in front means descending.",
)
def users(as_json: bool, q: str, label: str, assigned: str, sort: str) -> None:
    """List all active users, regardless of the policy."""
    query = Selection(
        q=q,
        label=label,
        assigned="none" if assigned == "nobody" else assigned,
        sort=sort,
    )
    try:
        found = current_state().directory.unfiltered(query)
    except (ServiceError, SetupError) as error:
        raise click.ClickException(_told(error)) from error
    if as_json:
        listed = {"users": [user.to_json() for user in found], "total": len(found)}
        click.echo(json.dumps(listed, indent=2))
    elif found:
        click.echo(_table(_COLUMNS, map(_row, found)))
    else:
        wanted = q or label or assigned
        click.echo("No active users match." if wanted else "Nobody is active.")


def _told(error: ServiceError | SetupError) -> str:
    state = current_state()
    if not isinstance(error, ServiceUnavailable) or not state.settings.embedded:
        return str(error)
    return (
        f"{error.message} The embedded service starts with the application's first"
        " request and runs as long as the application. Start the application with"
        " this CHATVISOR_EMBEDDED_BIND."
    )


@chatvisor.command()
def serve() -> None:
    """Run the service. Configure it with CHATVISOR_SERVICE_* in the environment."""
    try:
        from ..service.__main__ import main
    except ImportError as error:
        raise click.ClickException(
            f"{error.name!r} is not installed. {INSTALL}"
        ) from error
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
    yield "consent loader", _yes(loaders.consent)
    yield "agent loader", _yes(loaders.agent) if loaders.agent else "no: no agents"
    yield "policy", _yes(loaders.policy)
    yield "token loader", _yes(loaders.user_token)


def _yes(value: t.Any) -> str:
    return "yes" if value else "no"


def _trials(
    state: State, urls: Iterable[str], user_id: str | None
) -> Iterator[checks.Trial]:
    app = this_app()
    yield from checks.of_service(state)
    for url in urls:
        yield from checks.of_page(app, url, user_id)


def _count_failures(trials: Iterable[checks.Trial]) -> int:
    click.echo()
    failed = 0
    for name, trial in trials:
        try:
            click.echo(f"ok      {name}: {trial()}")
        except (ServiceError, SetupError) as error:
            failed += 1
            click.echo(f"failed  {name}: {error}")
    return failed


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
        return "waiting"
    return "visible" if user.visible else "in background"


def _printable(text: str) -> str:
    # Visitors choose their names, which must not control the terminal.
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
