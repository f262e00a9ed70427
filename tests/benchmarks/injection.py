"""How long a whole request takes through the WSGI application, without a socket.

The same page is served by a bare application, by one with the cheapest hand-written
splice, by ours and by one with Flask-DebugToolbar. In a process of its own they take
turns, a batch of requests each, so that what disturbs the machine disturbs all of them;
a ratio is the median of such turns' ratios. All figures are medians of a few processes.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable
from statistics import median

from .applications import NEW_TOKEN
from .applications import make_requests
from .table import Aim
from .table import Row

PROCESSES = 3
ROUNDS = 41
#: Seconds that one batch takes, about.
BATCH = 0.02

#: Requests before a batch, for the processor to forget the batch of another.
UNTIMED = 10

#: Memory of this size glibc gets from the system and gives back at each request, until
#: its threshold has grown; that costs more than everything that is to be measured.
PINNED = {
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_TOP_PAD_": "67108864",
}

#: Microseconds of each batch, by variant; batches with the same index are neighbours.
Times = dict[str, list[float]]


def measure() -> list[Row]:
    """Measure a small page and a large one."""
    return [
        *_rows("50 kB", _runs(50, {})),
        *_rows("500 kB", _runs(500, PINNED)),
    ]


def _rows(page: str, runs: list[Times]) -> list[Row]:
    def row(who: str, peer: str, aim: Aim | None = None) -> Row:
        pairs = [(run[f"ours, {who}"], run[f"{peer}, {who}"]) for run in runs]
        return Row(
            figure=f"request, {who}, {page}",
            unit="µs",
            ours=median(median(ours) for ours, _ in pairs),
            peer=peer,
            theirs=median(median(theirs) for _, theirs in pairs),
            aim=aim,
            paired=median(median(_ratios(*pair)) for pair in pairs),
        )

    return [
        row("stranger", "bare application"),
        row("stranger", "hand-written splice", Aim(1.1)),
        row("tagged user", "bare application"),
        row("tagged user", "hand-written splice", Aim(1.5)),
        row(NEW_TOKEN, "hand-written splice", Aim(1.5)),
        row("tagged user", "Flask-DebugToolbar", Aim(1)),
    ]


def _ratios(ours: list[float], theirs: list[float]) -> list[float]:
    return [own / other for own, other in zip(ours, theirs, strict=True)]


def _runs(size: int, environ: dict[str, str]) -> list[Times]:
    """Measure in fresh processes: how memory happens to lie differs between them."""
    command = [sys.executable, "-m", __name__, str(size)]
    runs = []
    for _ in range(PROCESSES):
        run = subprocess.run(
            command, env=os.environ | environ, check=True, stdout=subprocess.PIPE
        )
        runs.append(t.cast(Times, json.loads(run.stdout)))
    return runs


def _take_turns(requests: dict[str, Callable[[], None]]) -> Times:
    counts = {name: _count(request) for name, request in requests.items()}
    # As a server would: what is there for good is not looked at again and again, but
    # the garbage that a request makes is part of its cost.
    gc.collect()
    gc.freeze()
    times: Times = {name: [] for name in requests}
    for _ in range(ROUNDS):
        for name, request in requests.items():
            _batch(request, UNTIMED)
            times[name].append(_batch(request, counts[name]) * 1e6)
    return times


def _count(request: Callable[[], None]) -> int:
    """Warm up, and find out how many requests make a batch."""
    _batch(request, 200)
    return max(10, round(BATCH / _batch(request, 100)))


def _batch(request: Callable[[], None], count: int) -> float:
    # Of the processor alone: nothing here waits, but for what else the machine does.
    started = time.process_time()
    for _ in range(count):
        request()
    return (time.process_time() - started) / count


if __name__ == "__main__":
    print(json.dumps(_take_turns(make_requests(int(sys.argv[1])))))
