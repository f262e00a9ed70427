"""A small customer portal that shows flask-chatvisor in use.

Customers see their plan and invoices and change their settings. The support team looks
up customers, sees who is on the portal and asks to see their screens.

    python -m example_app
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import typing as t
from pathlib import Path

from flask import Flask
from flask import Response
from flask import render_template
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from sqlalchemy import NullPool
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from . import seed
from .models import User
from .models import db
from .support import chatvisor
from .views import account
from .views import customers
from .views import portal

# There are no migrations: increase the number when the models or the seed change.
DATABASE = "sqlite:///portal-2.sqlite3"

csrf = CSRFProtect()


def create_app(config: t.Mapping[str, t.Any] | None = None) -> Flask:
    """Build the portal, with its database created and filled.

    Any key can be set from the environment with ``FLASK_`` in front; for instance,
    ``FLASK_CHATVISOR_SCRIPT_ID`` uses the cloud in place of the embedded service.

    :param config: overrides the defaults and the environment.
    """
    app = Flask(__name__)
    _configure(app, config or {})
    db.init_app(app)
    csrf.init_app(app)
    account.login_manager.init_app(app)
    chatvisor.init_app(app)
    for module in (account, portal, customers):
        app.register_blueprint(module.bp)
    app.add_template_filter(_money, "money")
    app.add_template_filter(_day, "day")
    app.register_error_handler(HTTPException, _error_page)
    app.after_request(_security_headers)
    with app.app_context():
        _fill_database()
    return app


def _configure(app: Flask, config: t.Mapping[str, t.Any]) -> None:
    service_port = os.environ.get("SERVICE_PORT", "5081")
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=DATABASE,
        # A file is opened fast, and nothing is left open when the portal ends.
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},
        # Cookies do not know ports: another application on localhost has its own.
        SESSION_COOKIE_NAME="portal_session",
        SESSION_COOKIE_SAMESITE="Lax",
        CHATVISOR_EMBEDDED_BIND=f"127.0.0.1:{service_port}",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    other = app.config.keys() & {"CHATVISOR_SCRIPT_ID", "CHATVISOR_SCRIPT_URL"}
    app.config.setdefault("CHATVISOR_EMBEDDED", not other)
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _kept_secret(app)


def _kept_secret(app: Flask) -> str:
    """A random key that outlives the process, so that users stay signed in."""
    path = Path(app.instance_path, "secret_key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex())
    return path.read_text()


def _fill_database() -> None:
    db.create_all()
    if db.session.scalar(select(User.id).limit(1)) is None:
        seed.seed(dt.date.today())


def _money(cents: int) -> str:
    return f"€{cents / 100:,.2f}"


def _day(date: dt.date) -> str:
    return f"{date.day} {date:%b %Y}"


def _error_page(error: HTTPException) -> ResponseReturnValue:
    # The error's own response has headers such as Allow.
    response = Response.force_type(error.get_response())
    response.set_data(render_template("error.html", error=error))
    return response


def _security_headers(response: Response) -> Response:
    policy = {
        "default-src": ["'none'"],
        "img-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        **chatvisor.csp(),
    }
    directives = (" ".join([name, *sources]) for name, sources in policy.items())
    response.headers["Content-Security-Policy"] = "; ".join(directives)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
