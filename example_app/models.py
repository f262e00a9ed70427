"""The portal's database: users (customers and agents) and their invoices."""

from __future__ import annotations

import datetime as dt
import typing as t

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey
from sqlalchemy import Select
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship


class Model(DeclarativeBase):
    """The declarative base that Flask-SQLAlchemy builds on."""


db = SQLAlchemy(model_class=Model)


class Plan(t.NamedTuple):
    """What a customer pays for. Prices are in cents, space is in gigabytes."""

    name: str
    price: int
    storage: int
    sites: int


PLANS = {
    "basic": Plan("Basic", price=900, storage=20, sites=1),
    "team": Plan("Team", price=2900, storage=100, sites=5),
    "business": Plan("Business", price=7900, storage=500, sites=25),
}


class User(UserMixin, db.Model):  # type: ignore[name-defined]
    """Someone who can sign in: a customer, or an agent of the support team."""

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str] = mapped_column(index=True)
    company: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    plan: Mapped[str] = mapped_column(default="basic")
    is_support: Mapped[bool] = mapped_column(default=False)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    joined: Mapped[dt.date]
    storage_used: Mapped[int] = mapped_column(default=0)
    sites_used: Mapped[int] = mapped_column(default=0)
    email_invoices: Mapped[bool] = mapped_column(default=True)
    newsletter: Mapped[bool] = mapped_column(default=False)

    invoices: Mapped[list[Invoice]] = relationship(back_populates="customer")
    agent: Mapped[User | None] = relationship(remote_side=[id])

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def plan_details(self) -> Plan:
        """The plan's price and limits."""
        return PLANS[self.plan]


class Invoice(db.Model):  # type: ignore[name-defined]
    """A month's bill of one customer."""

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    issued: Mapped[dt.date]
    due: Mapped[dt.date]
    status: Mapped[str]

    customer: Mapped[User] = relationship(back_populates="invoices")
    lines: Mapped[list[InvoiceLine]] = relationship(
        lazy="selectin", order_by="InvoiceLine.id"
    )

    @property
    def total(self) -> int:
        """The amount due, in cents."""
        return sum(line.amount for line in self.lines)

    @property
    def is_paid(self) -> bool:
        """Whether it is paid."""
        return self.status == "paid"


class InvoiceLine(db.Model):  # type: ignore[name-defined]
    """One position of an invoice; the unit price is in cents."""

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    description: Mapped[str]
    quantity: Mapped[int] = mapped_column(default=1)
    unit_price: Mapped[int]

    @property
    def amount(self) -> int:
        """Quantity times unit price, in cents."""
        return self.quantity * self.unit_price


def invoices_of(customer: User) -> Select[t.Any]:
    """The customer's invoices, latest first."""
    return (
        select(Invoice)
        .where(Invoice.customer_id == customer.id)
        .order_by(Invoice.issued.desc(), Invoice.number.desc())
    )


def customers_matching(text: str) -> Select[t.Any]:
    """Customers by name that match every word of `text`."""
    query = select(User).where(User.is_support.is_(False))
    for word in text.split():
        columns = (User.first_name, User.last_name, User.email, User.company)
        matches = [column.icontains(word, autoescape=True) for column in columns]
        query = query.where(db.or_(*matches))
    return query.order_by(User.last_name, User.first_name, User.id)
