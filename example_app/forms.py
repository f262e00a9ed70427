"""The portal's two forms."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms import EmailField
from wtforms import PasswordField
from wtforms import StringField
from wtforms import TelField
from wtforms.validators import InputRequired
from wtforms.validators import Length
from wtforms.validators import Regexp


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


class SignInForm(FlaskForm):
    """E-mail address and password."""

    email = EmailField(
        "E-mail address",
        filters=[_strip],
        validators=[InputRequired("Enter your e-mail address.")],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        "Password",
        validators=[InputRequired("Enter your password.")],
        render_kw={"autocomplete": "current-password"},
    )


class SettingsForm(FlaskForm):
    """The details that users may change; the e-mail address is fixed."""

    first_name = StringField(
        "First name",
        filters=[_strip],
        validators=[InputRequired("Enter your first name."), Length(max=60)],
        render_kw={"autocomplete": "given-name"},
    )
    last_name = StringField(
        "Last name",
        filters=[_strip],
        validators=[InputRequired("Enter your last name."), Length(max=60)],
        render_kw={"autocomplete": "family-name"},
    )
    company = StringField(
        "Company",
        filters=[_strip],
        validators=[Length(max=80)],
        render_kw={"autocomplete": "organization"},
    )
    phone = TelField(
        "Telephone",
        filters=[_strip],
        validators=[
            Length(max=30),
            Regexp(r"^[-+()./ 0-9]*$", message="Digits, spaces and + - ( ) . / only."),
        ],
        render_kw={"autocomplete": "tel"},
    )
    email_invoices = BooleanField("Send invoices by e-mail")
    newsletter = BooleanField("Send the monthly newsletter")
