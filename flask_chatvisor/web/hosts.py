"""Blueprints that answer on every host of an application, not only on its main host.

With ``host_matching`` or ``subdomain_matching`` a route belongs to one host. Pages are
tagged on all of them, and what a tagged page asks for has to be where the page is.
Three of Flask's classes are extended for it, because Flask decides on a rule's host
while it registers the blueprint, and offers no setting there.
"""

from __future__ import annotations

import typing as t

import flask
from flask import request
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from werkzeug.routing import BaseConverter

_HERE = "chatvisor_host"


class Blueprint(flask.Blueprint):
    """A blueprint whose routes exist on every host."""

    def make_setup_state(
        self, app: App, options: dict[str, t.Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        if not (app.url_map.host_matching or app.subdomain_matching):
            return super().make_setup_state(app, options, first_registration)
        app.url_map.converters[_HERE] = _AnyHost
        app.url_value_preprocessors[self.name].append(_forget_where)
        app.url_default_functions[self.name].append(_be_here)
        return _OnEachHost(self, app, options, first_registration)


class _OnEachHost(BlueprintSetupState):
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: t.Callable[..., t.Any] | None = None,
        **options: t.Any,
    ) -> None:
        # For the main host by name, too: otherwise its catch-all routes come first.
        super().add_url_rule(rule, endpoint, view_func, **options)
        part = "host" if self.app.url_map.host_matching else "subdomain"
        options[part] = f"<{_HERE}:{_HERE}>"
        super().add_url_rule(rule, endpoint, view_func, **options)


class _AnyHost(BaseConverter):
    # The main host has no subdomain; an unknown one is "<invalid>".
    regex = "[^<]*"
    weight = 0  # before the application's own variable hosts, with all their paths

    def to_url(self, value: str) -> str:
        return value


def _forget_where(_: str | None, values: dict[str, t.Any] | None) -> None:
    if values is not None:
        values.pop(_HERE, None)


def _be_here(_: str, values: dict[str, t.Any]) -> None:
    app = flask.current_app
    adapter = app.create_url_adapter(request if flask.has_request_context() else None)
    if adapter is None:
        values.setdefault(_HERE, "")
    elif app.url_map.host_matching:
        values.setdefault(_HERE, adapter.server_name)
    else:
        values.setdefault(_HERE, adapter.subdomain or "")
