"""Look for what breaks a page, an answer or the service: python -m tests.fuzz

It ends with 1 if it found something, and says what it takes to make a test of it. The
same seed makes the same pages and frames.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import secrets
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from random import Random

from playwright.sync_api import sync_playwright

from flask_chatvisor.tag.place import body_end
from tests.browser.chromium import find_chromium

from . import answers
from . import chromium
from . import trees
from .exchanges import Exchange
from .exchanges import make_exchange
from .frames import fault_of
from .pages import Page
from .pages import make_page
from .portals import open_portals

Case = Page | Exchange
#: A case, and what is wrong with it.
Judged = tuple[Case, str | None]

ENOUGH = 10
BATCH = 100


def pages(seed: str, count: int) -> Iterator[Judged]:
    """Pages, read by html5lib."""
    for page in (make_page(Random(f"{seed}:{i}")) for i in range(count)):
        yield page, _judged(trees.fault_of, page)


def in_browser(seed: str, count: int) -> Iterator[Judged]:
    """Pages, read by Chromium."""
    made = (make_page(Random(f"{seed}:browser:{i}")) for i in range(count))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox"]
        )
        tab = browser.new_page()
        chromium.open_judge(tab)
        while batch := [*itertools.islice(made, BATCH)]:
            yield from zip(batch, chromium.faults_of(tab, batch), strict=True)
        browser.close()


def responses(seed: str, count: int) -> Iterator[Judged]:
    """Requests to applications, and their responses."""
    portals = open_portals()

    def fault_in(exchange: Exchange) -> str | None:
        return answers.fault_of(exchange, portals[exchange.setup])

    for exchange in (make_exchange(Random(f"{seed}:{i}")) for i in range(count)):
        yield exchange, _judged(fault_in, exchange)


def run(kind: str, judged: Iterable[Judged]) -> bool:
    """Judge cases until there are enough faults; tell whether there are none."""
    begun, seen, faults = time.monotonic(), Counter[str](), 0
    for case, fault in judged:
        seen["all"] += 1
        seen["with an end of the body"] += body_end(case.body) is not None
        if fault is not None:
            faults += 1
            print(f"\n{kind}, number {seen['all'] - 1}: {fault}\n{case!r}\n")
        if faults == ENOUGH:
            break
    seconds = time.monotonic() - begun
    print(
        f"{kind}: {seen['all']:,}, {seen['with an end of the body']:,} of them with an"
        f" end of the body; {faults} faults; {seconds:.0f} s",
        flush=True,
    )
    return faults == 0


def frames(seed: str, count: int) -> bool:
    """Send a service hostile frames; tell whether it did nothing wrong."""
    begun, sent, faults = time.monotonic(), 0, 0
    for number in itertools.count():
        if sent >= count or faults == ENOUGH:
            break
        episode, error = fault_of(f"{seed}:{number}")
        sent += episode.sent
        if error is not None:
            faults += 1
            said = "".join(traceback.format_exception(error))
            last = "\n".join(episode.last)
            print(f"\nframes, episode {seed}:{number}: {said}\nBefore:\n{last}\n")
    seconds = time.monotonic() - begun
    print(f"frames: {sent:,}; {faults} faults; {seconds:.0f} s", flush=True)
    return faults == 0


def _judged(fault_of: Callable[..., str | None], case: Case) -> str | None:
    try:
        return fault_of(case)
    except Exception:  # whatever it is, it is what we look for
        return traceback.format_exc()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--responses", type=int, default=100_000)
    parser.add_argument("--browser", type=int, default=10_000, help="pages in Chromium")
    parser.add_argument("--frames", type=int, default=1_000_000, help="to a service")
    parser.add_argument("--seed", default=None)
    chosen = parser.parse_args(arguments)
    seed = chosen.seed or secrets.token_hex(4)
    print(f"--seed {seed}", flush=True)
    logging.disable()  # loaders fail on purpose
    fine = [
        run("pages", pages(seed, chosen.pages)),
        run("pages in Chromium", in_browser(seed, chosen.browser)),
        run("responses", responses(seed, chosen.responses)),
        frames(seed, chosen.frames),
    ]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
