"""What the first page of a list costs the service, and what keeping the index does.

The peer filters and sorts all users for each list, with everything worked out before
that can be. Both have the same users, answer the same questions with the same rows, and
take turns in one process for each number of users.
"""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable
from itertools import cycle
from statistics import median

import msgspec
import psutil

from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.users import Page
from flask_chatvisor.contract.users import UserRow
from flask_chatvisor.service.directory.index import Directory

from ..service.directory.rows import PlainDirectory
from ..service.directory.rows import make_row
from .table import Aim
from .table import Row

SIZES = (1_000, 10_000, 100_000)
#: One in so many waits.
WAITING = 200
ROUNDS = 7
UPDATES = 1_000
#: 500 lists a second on one core.
LIST = Aim(2_000, "most")
PEER = "filter and sort"

LISTS = {
    "all": Selection(),
    "page 20": Selection(page=20),
    "latest first": Selection(sort="-lastSeen"),
    "waiting": Selection(waiting=True),
    "label": Selection(label="vip"),
    "label and schmidt": Selection(label="vip", q="schmidt"),
    "schmidt": Selection(q="schmidt"),
    "berlin anna": Selection(q="berlin anna"),
    "example.com, which all have": Selection(q="example.com"),
    "an": Selection(q="an"),
    "zzzqqq, which nobody has": Selection(q="zzzqqq"),
    "zander, whom the order has last": Selection(q="zander"),
}
FIRSTNAMES = (
    "Anna Ben Clara David Emma Finn Greta Hans Ida Jonas Klara Leon Maria".split()
)
LASTNAMES = "Schmidt Müller Weber Fischer Wagner Becker Hoffmann Koch Richter".split()
LASTNAMES += (
    "Klein Wolf Neumann Schwarz Braun Hofmann Lange Krause Werner Zander".split()
)
CITIES = "Berlin Hamburg Bremen Dresden Leipzig Hannover Mainz Potsdam".split()
PAGES = [Page(f"Page {n} of the portal", f"/portal/page/{n}") for n in range(300)]


class Measured(msgspec.Struct):
    """Figures for one number of users, ours and the peer's, in µs or kB."""

    lists: dict[str, tuple[float, float]]
    updates: dict[str, tuple[float, float]]
    memory: tuple[float, float]


def measure() -> list[Row]:
    """Measure lists and updates with few users and with many."""
    return [row for size in SIZES for row in _rows(size, _run(size))]


def _run(size: int) -> Measured:
    """Measure in a fresh process, whose memory has nothing else in it."""
    command = [sys.executable, "-m", __name__, str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Measured)


def _rows(size: int, measured: Measured) -> list[Row]:
    def row(name: str, unit: str, pair: tuple[float, float], aim: Aim | None) -> Row:
        ours, theirs = pair
        return Row(f"{size:,} users, {name}", unit, ours, PEER, theirs, aim)

    return [
        *(row(f"list: {name}", "µs", p, LIST) for name, p in measured.lists.items()),
        *(row(name, "µs", pair, None) for name, pair in measured.updates.items()),
        row("memory of each", "kB", measured.memory, None),
    ]


# --- in a process of its own ----------------------------------------------------


def _measure(size: int) -> Measured:
    users = _users(size)
    theirs, peak = PlainDirectory(), _memory()
    added_theirs = _time_each(theirs.put, users)
    ours, between = Directory(), _memory()
    added_ours = _time_each(ours.put, users)
    memory = ((_memory() - between) / size, (between - peak) / size)
    gc.collect()
    gc.freeze()
    return Measured(
        {name: pair for name, pair in _lists(ours, theirs)},
        {
            "a new user": (added_ours, added_theirs),
            "another page": _update(ours, theirs, [_moved(user) for user in users]),
            "another tag": _update(ours, theirs, [_tagged(user) for user in users]),
        },
        memory,
    )


def _lists(
    ours: Directory, theirs: PlainDirectory
) -> t.Iterator[tuple[str, tuple[float, float]]]:
    for name, selection in LISTS.items():
        if ours.select(selection) != theirs.select(selection):
            raise RuntimeError(f"The two do not list the same: {name}.")
        yield name, _turns(_ask_index(ours, selection), _ask(theirs, selection))
        if selection.q:
            first = _ask_index(ours, selection, first=True)
            yield f"{name}, first time", _turns(first, _ask(theirs, selection))


def _ask_index(
    directory: Directory, selection: Selection, *, first: bool = False
) -> Callable[[], object]:
    """Ask as the REST API does, for the ``first`` time or once more."""

    def ask() -> object:
        if first:
            directory._search._remembered.clear()
        total, rows = directory.select_raw(selection)
        return msgspec.json.encode({"page": 1, "total": total, "results": rows})

    return ask


def _ask(directory: PlainDirectory, selection: Selection) -> Callable[[], object]:
    def ask() -> object:
        total, rows = directory.select(selection)
        return msgspec.json.encode({"page": 1, "total": total, "results": rows})

    return ask


def _turns(
    ours: Callable[[], object], theirs: Callable[[], object]
) -> tuple[float, float]:
    pairs = [(_time(ours), _time(theirs)) for _ in range(ROUNDS)]
    return median(own for own, _ in pairs), median(other for _, other in pairs)


def _update(
    ours: Directory, theirs: PlainDirectory, rows: list[UserRow]
) -> tuple[float, float]:
    changed = random.Random(7).sample(rows, UPDATES)
    return _time_each(ours.put, changed), _time_each(theirs.put, changed)


def _time(ask: Callable[[], object]) -> float:
    """Tell how many µs of the processor something takes; the short, many times."""
    started, count, passed = time.process_time(), 0, 0.0
    while passed < 0.005:
        ask()
        count, passed = count + 1, time.process_time() - started
    return passed * 1e6 / count


def _time_each(put: Callable[[UserRow], None], rows: list[UserRow]) -> float:
    started = time.process_time()
    for row in rows:
        put(row)
    return (time.process_time() - started) * 1e6 / len(rows)


def _memory() -> float:
    return t.cast(float, psutil.Process().memory_info().rss / 1024)


def _users(size: int) -> list[UserRow]:
    chance, pages = random.Random(1), cycle(PAGES)
    return [_user(n, next(pages), chance) for n in range(size)]


def _user(number: int, page: Page, chance: random.Random) -> UserRow:
    first, last = chance.choice(FIRSTNAMES), chance.choice(LASTNAMES)
    return make_row(
        f"{chance.getrandbits(128):032x}",
        id=str(100_000 + number),
        email=f"{first}.{last}{number}@example.com",
        firstname=first,
        lastname=last,
        labels=chance.sample(["vip", "trial", "gold", "north"], 1),
        assignedUser="mary@example.org" if number % 5 == 0 else "",
        additionalTaggingData={"city": chance.choice(CITIES), "plan": "basic"},
        since=1e9 + number,
        last_seen=1e9 + chance.random() * 1e6,
        location=page,
        waiting_since=1e9 + number if number % WAITING == 0 else None,
    )


def _moved(user: UserRow) -> UserRow:
    """A page message: the next page, and seen just now."""
    page, now = PAGES[int(user.id or 0) % len(PAGES)], "2026-11-22T11:01:00.000Z"
    return msgspec.structs.replace(user, location=page, last_seen=now)


def _tagged(user: UserRow) -> UserRow:
    """A tag of a page after the user has changed the name."""
    return msgspec.structs.replace(user, firstname="Another", lastname="Name")


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_measure(int(sys.argv[1]))))
