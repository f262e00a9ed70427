"""Speed and memory, each figure beside a peer's of the same run.

``python -m tests.benchmarks`` measures all but the long list, which takes nine minutes;
``python -m tests.benchmarks list`` measures one part. A missed aim is printed, and is
no failure: machines differ and have other work to do. What cannot be measured at all is
a failure.
"""

from __future__ import annotations

import argparse
import sys
import time

from . import directory
from . import first_frame
from . import injection
from . import list as long_list
from . import presence
from .table import Row
from .table import machine
from .table import render

PARTS = {
    "injection": injection.measure,
    "presence": presence.measure,
    "directory": directory.measure,
    "first-frame": first_frame.measure,
    "list": long_list.measure,
}
UNLESS_NAMED = [name for name in PARTS if name != "list"]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__
    )
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="part",
        help=f"of {', '.join(PARTS)}; default: all but list",
    )
    chosen = parser.parse_args(arguments).parts or UNLESS_NAMED
    for name in chosen:
        if name not in PARTS:
            parser.error(f"{name} is not a part; there are {', '.join(PARTS)}")
    measured = [_measured(name) for name in chosen]
    rows = [row for part in measured for row in part or []]
    print(f"\n{machine()}\n\n{render(rows)}")
    if None in measured:
        raise SystemExit(1)


def _measured(name: str) -> list[Row] | None:
    """Measure one part; ``None``, after its reason, if that is not possible here."""
    started = time.monotonic()
    print(f"{name} …", end=" ", file=sys.stderr, flush=True)
    try:
        rows = PARTS[name]()
    except RuntimeError as error:
        print(error, file=sys.stderr, flush=True)
        return None
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
