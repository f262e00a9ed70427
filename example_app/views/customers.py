"""Pages for agents: all customers, and one customer's profile."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask.typing import ResponseReturnValue

from example_app.models import User
from example_app.models import customers_matching
from example_app.models import db
from example_app.models import invoices_of
from example_app.support import chatvisor

bp = Blueprint("customers", __name__, url_prefix="/customers")


@bp.get("")
@chatvisor.agent_required
def index() -> ResponseReturnValue:
    """The customers that match the search, by name."""
    search = request.args.get("q", "").strip()
    page = db.paginate(customers_matching(search), per_page=20, max_per_page=20)
    return render_template("customers.html", page=page, search=search)


@bp.get("/<int:customer_id>")
@chatvisor.agent_required
def profile(customer_id: int) -> ResponseReturnValue:
    """One customer: their details, whether they are active, and their invoices."""
    query = db.select(User).filter_by(id=customer_id, is_support=False)
    customer = db.one_or_404(query)
    recent = db.session.scalars(invoices_of(customer).limit(6)).all()
    return render_template("customer.html", customer=customer, recent=recent)
