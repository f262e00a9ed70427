"""Signing in and out, and the user's own settings."""

from __future__ import annotations

import secrets
from functools import cache

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager
from flask_login import current_user
from flask_login import login_required
from flask_login import login_user
from flask_login import logout_user
from sqlalchemy import func
from sqlalchemy import select
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from example_app.forms import SettingsForm
from example_app.forms import SignInForm
from example_app.models import User
from example_app.models import db

bp = Blueprint("account", __name__)

login_manager = LoginManager()
login_manager.login_view = "account.login"
login_manager.login_message = "Please sign in to see this page."


@login_manager.user_loader
def load_user(user_id: str) -> User | None:
    """The session's user, if there still is one."""
    return db.session.get(User, int(user_id))


@bp.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in, then go where the user wanted to go."""
    target = safe_target(request.args.get("next", ""))
    if current_user.is_authenticated:
        return redirect(target)
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("login.html", form=form)
    user = _find(form.email.data)
    # How long this takes must not tell who is a customer.
    nobodys = _some_hash()
    known = nobodys if user is None else user.password_hash
    if not check_password_hash(known, form.password.data) or user is None:
        flash("The e-mail address or the password is wrong.", "error")
        return render_template("login.html", form=form), 401
    login_user(user)
    return redirect(target)


@bp.get("/logout")
def logout() -> ResponseReturnValue:
    """Sign out."""
    logout_user()
    flash("You are signed out.", "success")
    return redirect(url_for(".login"))


@bp.route("/settings", methods=["GET", "POST"])
@login_required
def settings() -> ResponseReturnValue:
    """Show and change the user's own details."""
    form = SettingsForm(obj=current_user)
    if not form.validate_on_submit():
        return render_template("settings.html", form=form), 422 if form.errors else 200
    form.populate_obj(current_user)
    db.session.commit()
    flash("Your settings are saved.", "success")
    return redirect(url_for(".settings"))


def safe_target(url: str) -> str:
    """`url` if it is a path of this site, else the front page.

    Browsers read a backslash as a slash and skip tabs and line breaks, so neither is
    allowed: `/\\host` and `/<TAB>/host` lead to another site.
    """
    is_path = url.startswith("/") and not url.startswith("//")
    if is_path and "\\" not in url and url.isprintable():
        return url
    return url_for("portal.dashboard")


@cache
def _some_hash() -> str:
    return generate_password_hash(secrets.token_hex())


def _find(email: str) -> User | None:
    query = select(User).where(func.lower(User.email) == email.lower())
    return db.session.scalar(query)
