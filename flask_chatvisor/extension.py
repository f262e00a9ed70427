"""The extension object: decorators for the application's code, and the wiring."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from flask import Flask
from flask import current_app

from . import config
from . import hooks
from .cli.commands import chatvisor as commands
from .current import current_state
from .directory import Directory
from .embedding import EmbeddedStart
from .embedding import name_of_application
from .errors import ConfigurationError
from .errors import SetupError
from .identity import Loaders
from .pages import helpers
from .rest.client import Client
from .rest.revocations import Revocations
from .rest.transport import Transport
from .signed_in import current_agent
from .state import KEY
from .state import State
from .state import state_of
from .tag.csp import needed_sources
from .tag.insertion import chatvisor_tag
from .tag.insertion import exempt
from .web import agents
from .web import guard
from .web import public

F = t.TypeVar("F", bound=Callable[..., t.Any])

_POLICY_IN_BROWSER = (
    "CHATVISOR_DIRECTORY is 'browser' (the default with CHATVISOR_SCRIPT_ID and no"
    " CHATVISOR_API_PATHS), but a policy is registered. The server cannot filter"
    " lists that the browser fetches. Remove the policy, or set"
    " CHATVISOR_DIRECTORY = 'server' and CHATVISOR_API_PATHS."
)


class Chatvisor:
    """Tag signed-in users, list them for agents, start screen-sharing calls.

    :param app: the application to initialise. With an application factory, leave it
        out and call :meth:`init_app` in the factory.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._loaders = Loaders()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Initialise an application.

        Call it after extensions that compress responses, so that pages are tagged
        before they are compressed.

        :raises ConfigurationError: if the configuration has faults; it lists them all.
        :raises SetupError: if the application already has a Chatvisor.
        """
        if KEY in app.extensions:
            raise SetupError(
                "Chatvisor is already initialised for this application. Remove the"
                " second Chatvisor(app) or chatvisor.init_app(app)."
            )
        settings = config.read(
            app.config, debug=app.debug, application=name_of_application(app)
        )
        self._check_policy(settings)
        embedded = EmbeddedStart(app, settings) if settings.embedded else None
        app.extensions[KEY] = _state(settings, self._loaders, embedded)
        app.jinja_env.globals["chatvisor_tag"] = chatvisor_tag
        helpers.register(app)
        hooks.register(app, embedded.start if embedded else None)
        app.register_blueprint(agents.blueprint(), url_prefix=settings.url_prefix)
        app.register_blueprint(public.blueprint(), url_prefix=settings.url_prefix)
        app.cli.add_command(commands)

    def start_service(self, app: Flask) -> None:
        """Start the embedded service now instead of on the first request.

        Does nothing if it is already running, here or in a sibling process.

        :raises SetupError: if ``CHATVISOR_EMBEDDED`` is not set, or another program
            uses the service's address.
        """
        embedded = state_of(app).embedded
        if embedded is None:
            raise SetupError(
                "There is no embedded service to start. Set CHATVISOR_EMBEDDED = True,"
                " and leave CHATVISOR_ENABLED on."
            )
        try:
            embedded.ensure()
        except RuntimeError as error:
            raise SetupError(str(error)) from error

    def visitor_loader(self, load: F) -> F:
        """Register ``load(user) -> Visitor | None``: how to tag a user, if at all."""
        self._loaders.visitor = load
        return load

    def agent_loader(self, load: F) -> F:
        """Register ``load(user) -> Agent | None``: which users are agents.

        Without it there are no agents. Agents are never tagged.
        """
        self._loaders.agent = load
        return load

    def policy(self, allows: F) -> F:
        """Register ``allows(agent, user) -> bool``: may this agent see and call them?

        :raises ConfigurationError: if an application uses the browser's directory.
        """
        if self._loaders.policy_forbidden:
            raise ConfigurationError([_POLICY_IN_BROWSER])
        self._loaders.policy = allows
        return allows

    def consent_loader(self, consented: F) -> F:
        """Register ``consented(user) -> bool``: tag only users who have consented."""
        self._loaders.consent = consented
        return consented

    def user_token_loader(self, load: F) -> F:
        """Register ``load(agent) -> str``: the agent's own user token (cloud)."""
        self._loaders.user_token = load
        return load

    def exempt(self, view: F) -> F:
        """Mark a view whose pages are never tagged."""
        return exempt(view)

    def agent_required(self, view: F) -> F:
        """Restrict a view of the application to agents."""
        return guard.agent_required(view)

    def revoke_agent(self, email: str, visitor_id: str | None = None) -> None:
        """End an agent's calls now, and refuse the tokens given to them so far.

        Signing out in a browser does this automatically. Call it when an agent loses
        the role, or may no longer see a customer, without a request of their browser.
        Does nothing in the cloud, whose API has no documented operation for it.

        :param visitor_id: only for this visitor.
        :raises ServiceError: a subclass, if the service cannot answer.
        """
        state = current_state()
        if state.settings.enabled and state.client.can("revoke"):
            state.directory.ask(lambda client: client.revoke(email, visitor_id))

    @property
    def directory(self) -> Directory:
        """The active users of the current application."""
        return current_state().directory

    def csp(self) -> dict[str, list[str]]:
        """List the sources that a Content-Security-Policy must allow.

        :return: sources by directive, ``{"script-src": ["'self'", …], …}``. Add them
            to the application's own policy.
        """
        return needed_sources(current_state().settings.browser_origins)

    def _check_policy(self, settings: config.Settings) -> None:
        if settings.directory != "browser":
            return
        if self._loaders.policy is not None:
            raise ConfigurationError([_POLICY_IN_BROWSER])
        self._loaders.policy_forbidden = True

    def __repr__(self) -> str:
        if not current_app or KEY not in current_app.extensions:
            return f"<{type(self).__name__}>"
        return f"<{type(self).__name__} {current_state().settings.script_url}>"


def _state(
    settings: config.Settings, loaders: Loaders, embedded: EmbeddedStart | None
) -> State:
    transport = Transport(
        settings.api_url,
        settings.api_token,
        settings.timeout,
        fault=embedded.fault if embedded else None,
    )
    client = Client(transport, settings.api_paths)
    revocations = Revocations(client)
    return State(
        settings=settings,
        loaders=loaders,
        client=client,
        directory=Directory(
            client,
            settings,
            loaders,
            who_asks=current_agent,
            revoke=revocations.soon,
        ),
        revocations=revocations,
        embedded=embedded.service if embedded else None,
    )
