"""Pages for customers: the dashboard and the invoices."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_login import login_required

from example_app.models import Invoice
from example_app.models import db
from example_app.models import invoices_of

bp = Blueprint("portal", __name__)


@bp.get("/")
@login_required
def dashboard() -> ResponseReturnValue:
    """The customer's front page; agents start at the list of customers."""
    if current_user.is_support:
        return redirect(url_for("customers.index"))
    invoices = db.session.scalars(invoices_of(current_user)).all()
    return render_template(
        "dashboard.html",
        recent=invoices[:4],
        unpaid=[invoice for invoice in invoices if not invoice.is_paid],
    )


@bp.get("/invoices")
@login_required
def invoices() -> ResponseReturnValue:
    """All invoices of the customer, a page at a time."""
    page = db.paginate(invoices_of(current_user), per_page=12, max_per_page=12)
    return render_template("invoices.html", page=page)


@bp.get("/invoices/<number>")
@login_required
def invoice(number: str) -> ResponseReturnValue:
    """One invoice; 404 for another customer's."""
    query = invoices_of(current_user).where(Invoice.number == number)
    return render_template("invoice.html", invoice=db.one_or_404(query))
