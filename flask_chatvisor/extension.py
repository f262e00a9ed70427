"""The extension object: decorators for the application's code, and the wiring."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping

from flask import Flask
from flask import current_app

from . import cli
from . import config
from . import injection
from . import revalidation
from . import signals
from .directory import Directory
from .errors import ConfigurationError
from .errors import ServiceUnavailable
from .errors import SetupError
from .inspection import needed_sources
from .pages import helpers
from .rest.client import Client
from .rest.transport import Transport
from .state import KEY
from .state import EmbeddedService
from .state import Loaders
from .state import State
from .state import current_state
from .views import agent
from .views import guard
from .views import public

F = t.TypeVar("F", bound=Callable[..., t.Any])

_POLICY_IN_BROWSER = (
    "CHATVISOR_DIRECTORY is 'browser' (the default with CHATVISOR_SCRIPT_ID and no"
    " CHATVISOR_API_PATHS), but a policy is registered: lists that the browser"
    " fetches itself cannot be filtered by the server. Remove the policy, or set"
    " CHATVISOR_DIRECTORY = 'server' and CHATVISOR_API_PATHS."
)


class Chatvisor:
    """Tag signed-in users, list them for agents, start screen-sharing calls.

    :param app: initialise this application at once; leave it out where there is
        an application factory, and call :meth:`init_app` there.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._loaders = Loaders()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Register everything with an application.

        Call it after extensions that compress responses, so that pages are tagged
        before they are compressed.

        :raises ConfigurationError: with every fault of the configuration.
        :raises SetupError: if the application has a Chatvisor already.
        """
        if KEY in app.extensions:
            raise SetupError(
                "Chatvisor is initialised for this application already. Remove the"
                " second Chatvisor(app) or chatvisor.init_app(app)."
            )
        settings = config.read(app.config, debug=app.debug)
        self._check_policy(settings)
        app.extensions[KEY] = _state(app, settings, self._loaders)
        helpers.register(app)
        injection.register(app)
        revalidation.register(app)
        guard.register(app)
        app.register_blueprint(agent.blueprint(), url_prefix=settings.url_prefix)
        app.register_blueprint(public.blueprint(), url_prefix=settings.url_prefix)
        app.cli.add_command(cli.chatvisor)

    def visitor_loader(self, load: F) -> F:
        """Register ``load(user) -> Visitor | None``: who is tagged, and as what."""
        self._loaders.visitor = load
        return load

    def agent_loader(self, load: F) -> F:
        """Register ``load(user) -> Agent | None``: who is an agent.

        Without it nobody is. An agent is never tagged.
        """
        self._loaders.agent = load
        return load

    def policy(self, allows: F) -> F:
        """Register ``allows(agent, active_user) -> bool``: who may see and call whom.

        :raises ConfigurationError: if an application lists in the browser.
        """
        if self._loaders.policy_forbidden:
            raise ConfigurationError([_POLICY_IN_BROWSER])
        self._loaders.policy = allows
        return allows

    def consent_loader(self, consented: F) -> F:
        """Register ``consented(user) -> bool``: tag only where it is true."""
        self._loaders.consent = consented
        return consented

    def user_token_loader(self, load: F) -> F:
        """Register ``load(agent) -> str``: the agent's own user token (cloud)."""
        self._loaders.user_token = load
        return load

    def exempt(self, view: F) -> F:
        """Mark a view whose pages are never tagged."""
        return injection.exempt(view)

    def agent_required(self, view: F) -> F:
        """Guard a view of the application like the agents' own pages."""
        return guard.agent_required(view)

    @property
    def directory(self) -> Directory:
        """The active users of the current application."""
        return current_state().directory

    def csp(self) -> dict[str, list[str]]:
        """Name what a Content-Security-Policy has to allow.

        :return: sources by directive, ``{"script-src": ["'self'", …], …}``, to be
            added to the application's own.
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


def _state(app: Flask, settings: config.Settings, loaders: Loaders) -> State:
    start = _EmbeddedStart(app, settings) if settings.embedded else None
    transport = Transport(
        settings.api_url,
        settings.api_token,
        settings.timeout,
        fault=start.fault if start else None,
    )
    client = Client(transport, settings.api_paths)
    return State(
        settings=settings,
        loaders=loaders,
        client=client,
        directory=Directory(client, settings, loaders),
        embedded=start.service if start else None,
    )


class _EmbeddedStart:
    """Starts the embedded service by the first request, and knows what is wrong.

    :ivar service: ``None`` where the extension is off.
    """

    def __init__(self, app: Flask, settings: config.Settings) -> None:
        self._app = app
        self._told = ""
        self.service: EmbeddedService | None = None
        if settings.enabled:
            self.service = _embedded(app, settings)
            # Never here: `flask routes` must not start servers.
            app.before_request(self._start)

    def fault(self) -> ServiceUnavailable | None:
        """Say why the service is not to be asked: somebody else has its address."""
        if not self._told:
            return None
        return ServiceUnavailable(self._told, remedy="Then load this page again.")

    def _start(self) -> None:
        fault = ""
        try:
            if self.service is not None:
                self.service.ensure()
        except RuntimeError as error:
            fault = str(error)
        # Once, and not by every request.
        if fault and fault != self._told:
            event = {"event": "chatvisor.embedded.failed"}
            self._app.logger.error("%s", fault, extra=event)
        self._told = fault


def _embedded(app: Flask, settings: config.Settings) -> EmbeddedService:
    try:
        # Lazily: it needs the extra, and only those who embed it have that.
        from .service.running.embedded import Embedded
    except ImportError as error:
        raise SetupError(
            f"CHATVISOR_EMBEDDED needs the package {error.name!r}. Install the"
            ' service with: pip install "flask-chatvisor[service]"'
        ) from error

    def send(event: Mapping[str, t.Any]) -> None:
        with app.app_context():
            signals.send_event(app, event)

    return Embedded(
        bind=settings.embedded_bind,
        api_token=t.cast(str, settings.api_token),
        identity_key=settings.identity_keys[0],
        on_event=send,
    )
