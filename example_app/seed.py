"""The example's people and invoices: always the same ones, relative to a day."""

from __future__ import annotations

import datetime as dt
import typing as t
import unicodedata

from werkzeug.security import generate_password_hash

from .models import PLANS
from .models import Invoice
from .models import InvoiceLine
from .models import User
from .models import db

PASSWORD = "demo"  # noqa: S105 - everybody's, and no secret

FIRST_NAMES = (
    "Alice Ben Carla David Elena Felix Grace Hugo Iris Jonas Katrin Leo Maya Noah "
    "Olivia Paul Quinn Rosa Samuel Tara Umar Vera Walter Xenia Yusuf Zoë André "
    "Bianca Chen Daria Emil"
).split()
LAST_NAMES = (
    "Archer Baker Carver Dalton Ellis Fischer Garner Hale Iverson Jensen Keller "
    "Lindt Mercer Nolan O'Brien Parker Quist Rivers Sutter Thorne Ulmer Vance "
    "Weaver Yarrow Ziegler Novák Ashby Brook Cooper Drake Ekström"
).split()
TRADES = "Bakery Books Cycles Dental Design Florist Garage Joinery Law Studio".split()

# In months: John's.
LONGEST_HISTORY = 27
# The agents that customers are assigned to: none, Mary or Adam.
AGENTS = (None, 101, 102)


def seed(today: dt.date) -> None:
    """Fill the empty database: two agents, 64 customers, their invoices.

    :param today: the day the latest invoices are counted from.
    """
    # One hash for all: the function is slow on purpose, and the password is public.
    password_hash = generate_password_hash(PASSWORD)
    users = [_user(person, password_hash, today) for person in _people()]
    db.session.add_all(users)
    db.session.flush()
    for customer in users:
        if not customer.is_support:
            db.session.add_all(_invoices(customer, today))
    db.session.commit()


class Person(t.NamedTuple):
    """The data of a user that differs from other users'."""

    id: int
    first_name: str
    last_name: str
    email: str
    company: str
    plan: str
    is_support: bool = False


def _people() -> t.Iterator[Person]:
    yield Person(1, "John", "Doe", "john@example.com", "Doe Bicycles", "team")
    yield Person(2, "Jane", "Roe", "jane@example.com", "Roe Interiors", "business")
    for index, (first, last) in enumerate(_names(), start=3):
        company = f"{last} {TRADES[index % len(TRADES)]}"
        plan = tuple(PLANS)[(index + index // 3) % len(PLANS)]
        yield Person(index, first, last, _email(first, last), company, plan)
    yield Person(101, "Mary", "Hughes", "mary@example.com", "", "basic", True)
    yield Person(102, "Adam", "Lang", "adam@example.com", "", "basic", True)


def _names() -> t.Iterator[tuple[str, str]]:
    """Each first name twice, with two different last names."""
    yield from zip(FIRST_NAMES, LAST_NAMES, strict=True)
    shifted = LAST_NAMES[11:] + LAST_NAMES[:11]
    yield from zip(FIRST_NAMES, shifted, strict=True)


def _email(first: str, last: str) -> str:
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore")
    return plain.decode().replace("'", "").lower() + "@example.com"


def _user(person: Person, password_hash: str, today: dt.date) -> User:
    plan = PLANS[person.plan]
    return User(
        id=person.id,
        email=person.email,
        password_hash=password_hash,
        first_name=person.first_name,
        last_name=person.last_name,
        company=person.company,
        phone=f"+1 555 01{person.id % 100:02}",
        plan=person.plan,
        is_support=person.is_support,
        agent_id=None if person.is_support else AGENTS[person.id % 3],
        joined=_month(today, _history(person.id)),
        storage_used=plan.storage * (19 + person.id * 37 % 78) // 100,
        sites_used=1 + person.id % plan.sites,
        newsletter=person.id % 3 == 0,
    )


def _history(index: int) -> int:
    """For how many months this user has been a customer."""
    return LONGEST_HISTORY - (index - 1) * 5 % (LONGEST_HISTORY - 1)


def _invoices(customer: User, today: dt.date) -> t.Iterator[Invoice]:
    for months_ago in range(_history(customer.id), -1, -1):
        issued = _month(today, months_ago)
        yield Invoice(
            number=f"{LONGEST_HISTORY - months_ago + 10}{customer.id:03}",
            customer_id=customer.id,
            issued=issued,
            due=issued + dt.timedelta(days=30),
            status=_status(customer.id, months_ago),
            lines=list(_lines(customer, months_ago)),
        )


def _status(customer_id: int, months_ago: int) -> str:
    if months_ago == 0:
        return "open"
    return "overdue" if months_ago == 1 and customer_id % 7 == 2 else "paid"


def _lines(customer: User, months_ago: int) -> t.Iterator[InvoiceLine]:
    plan = customer.plan_details
    yield InvoiceLine(description=f"{plan.name} plan", unit_price=plan.price)
    if customer.sites_used > 1:
        extra = customer.sites_used - 1
        yield InvoiceLine(
            description="Managed certificates", quantity=extra, unit_price=150
        )
    if months_ago % 12 == customer.id % 12:
        yield InvoiceLine(description="Domain renewal, one year", unit_price=1490)
    if (months_ago + customer.id) % 5 == 0:
        yield InvoiceLine(
            description="Extra traffic, 100 GB", quantity=2, unit_price=400
        )


def _month(today: dt.date, months_ago: int) -> dt.date:
    """The first day of the month, this many months ago."""
    year, month = divmod(today.year * 12 + today.month - 1 - months_ago, 12)
    return dt.date(year, month + 1, 1)
