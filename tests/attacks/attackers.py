"""The attacks, in a process of their own: python -m tests.attacks.attackers NAME.

Each is bounded in what it sends, so that it is the service that is tested and not the
machine. They begin with each line ``go`` on the standard input and end with ``stop``.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
import typing as t
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .wire import CONTINUATION
from .wire import HELLO
from .wire import PING
from .wire import TEXT
from .wire import Wire
from .wire import frame
from .wire import message

LIST = "/rest/v1/customerstatus"
TOKEN_LENGTH = 64
#: Seconds until somebody who was hung up on is there again.
PAUSE = 0.1


@dataclass
class Target:
    """The service, and what an attacker may have: a user token of an agent.

    :ivar address: where the attack comes from; the service limits it.
    """

    port: int
    token: str
    address: str

    @asynccontextmanager
    async def wire(
        self, address: str = "", *, deaf: bool = False
    ) -> AsyncIterator[Wire]:
        wire = await Wire.dial(self.port, address or self.address, deaf=deaf)
        try:
            yield wire
        finally:
            wire.cut()

    @asynccontextmanager
    async def tab(
        self, address: str = "", *, deaf: bool = False
    ) -> AsyncIterator[Wire]:
        async with self.wire(address, deaf=deaf) as wire:
            await wire.upgrade()
            await wire.send(HELLO)
            if not deaf:
                await wire.hear("welcome")
            yield wire


Attack = Callable[[Target], Awaitable[None]]
ATTACKS: dict[str, Attack] = {}


def attack(work: Attack) -> Attack:
    ATTACKS[work.__name__] = work
    return work


async def swarm(
    count: int, work: Callable[[int], Awaitable[None]], *, pause: float = PAUSE
) -> None:
    """Let so many attackers do their work; whoever is hung up on comes back.

    They come one after another, all within a pause.
    """

    async def one(number: int) -> None:
        await asyncio.sleep(pause * number / count)
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                await work(number)
            await asyncio.sleep(pause)

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))


async def pace(per_second: float) -> AsyncIterator[int]:
    """Count evenly; what was missed is not made up for."""
    due = time.monotonic()
    for number in itertools.count():
        yield number
        due = max(due + 1 / per_second, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


async def repeat(
    target: Target, count: int, data: bytes, per_second: float, **options: t.Any
) -> None:
    """So many tabs send the same again and again."""

    async def one(number: int) -> None:
        async with target.tab(**options) as tab:
            if not options.get("deaf"):
                tab.read_on()
            async for _ in pace(per_second):
                await tab.send(data)

    await swarm(count, one)


# --- frames


@attack
async def fat_frames(target: Target) -> None:
    """The largest frames there are, with next to nothing in them."""
    await repeat(target, 4, message("tag", tag={"more": "x" * 60_000}), 5)


@attack
async def pings(target: Target) -> None:
    await repeat(target, 10, frame(PING, b"x" * 125) * 100, 10)


@attack
async def pings_of_the_deaf(target: Target) -> None:
    """Who pings and never reads makes the answers wait."""
    await repeat(target, 10, frame(PING, b"x" * 125) * 100, 10, deaf=True)


@attack
async def pings_at_once(target: Target) -> None:
    """As many as fit into what the service reads at a time."""
    await repeat(target, 2, frame(PING, b"") * 40_000, 2)


@attack
async def empty_continuations(target: Target) -> None:
    """A message that never ends, in fragments of nothing."""
    begun = frame(TEXT, b"", fin=False)
    piece = frame(CONTINUATION, b"", fin=False)

    async def one(number: int) -> None:
        async with target.tab() as tab:
            tab.read_on()
            await tab.send(begun)
            async for _ in pace(10):
                await tab.send(piece * 50)

    await swarm(10, one)


@attack
async def unread_answers(target: Target) -> None:
    """Ask, and never read."""
    await repeat(target, 20, message("agents", requestId=1), 25, deaf=True)


@attack
async def invalid_text(target: Target) -> None:
    await repeat(target, 10, frame(TEXT, b"\xff\xfe"), 10)


# --- connections


@attack
async def floods_of_connections(target: Target) -> None:
    """More connections than there are files, from everywhere, half of them silent."""

    async def one(number: int) -> None:
        address = f"9.9.{number % 200}.9"
        if number % 2:
            async with target.wire(address) as wire:
                await wire.read()
        else:
            async with target.tab(address) as tab:
                await tab.read()

    await swarm(400, one)


@attack
async def silence(target: Target) -> None:
    async def one(number: int) -> None:
        async with target.wire() as wire:
            await wire.read()

    await swarm(300, one)


@attack
async def dripping_headers(target: Target) -> None:
    async def one(number: int) -> None:
        async with target.wire() as wire:
            await wire.send(wire.head("GET", "/health"))
            async for _ in pace(2):
                await wire.send(b"X: y\r\n")

    await swarm(200, one)


@attack
async def slow_posts(target: Target) -> None:
    async def one(number: int) -> None:
        async with target.wire() as wire:
            wire.read_on()
            head = wire.head("POST", "/rest/v1/call")
            bearer = f"Authorization: Bearer {target.token}\r\n".encode()
            await wire.send(head + bearer + b"Content-Length: 60000\r\n\r\n")
            async for _ in pace(2):
                await wire.send(b" ")

    await swarm(200, one)


@attack
async def many_tabs(target: Target) -> None:
    """One visitor, in more tabs than it may have, each on another page each time."""
    async with target.tab() as first:
        await first.send(message("reset"))
        known = await first.hear("welcome")
        hello = message(
            "hello-visitor",
            page={"title": "Home", "path": "/"},
            visible=True,
            visitorId=known["visitorId"],
            secret=known["secret"],
        )

        async def one(number: int) -> None:
            async with target.wire() as tab:
                await tab.upgrade()
                await tab.send(hello)
                tab.read_on()
                async for count in pace(1):
                    page = {"title": str(count), "path": f"/{number}/{count}"}
                    await tab.send(message("page", page=page, visible=True))

        await swarm(120, one, pause=0.5)


# --- what is asked for


@attack
async def bad_tokens(target: Target) -> None:
    """Guessed tokens, over REST and over sockets."""

    async def one(number: int) -> None:
        async with target.wire() as wire:
            if number % 2:
                await wire.upgrade()
                await wire.send(message("hello-agent", token="x" * TOKEN_LENGTH))
                await wire.read()
                return
            wire.read_on()
            bearer = f"Authorization: Bearer {'x' * TOKEN_LENGTH}\r\n\r\n".encode()
            async for _ in pace(20):
                await wire.send(wire.head("GET", LIST) + bearer)

    await swarm(10, one)


@attack
async def help_and_end(target: Target) -> None:
    """Ask for help, come, and end it, again and again."""

    async def one(number: int) -> None:
        async with target.tab() as tab:
            await tab.send(message("tag", tag={"id": f"help-{number}"}))
            async for count in pace(4):
                await tab.send(message("conference-start", requestId=count))
                conference = await tab.hear("conference")
                ticket = conference["url"].partition("#")[2]
                call_id = conference["callId"]
                async with target.wire() as window:
                    await window.upgrade(f"http://127.0.0.1:{target.port}")
                    hello = message("hello-call", callId=call_id, ticket=ticket)
                    await window.send(hello)
                    await window.hear("call-welcome")
                    await window.send(message("end", reason="visitor-ended"))
                    await window.read()

    await swarm(8, one)


@attack
async def queue_polls(target: Target) -> None:
    """A queue, and its members, who ask for their places all the time."""

    async def one(number: int) -> None:
        async with target.tab() as tab:
            uid = f"queue-{number}"
            await tab.send(message("tag", tag={"id": uid}))
            await tab.send(message("conference-join", requestId=0, uid=uid))
            tab.read_on()
            async for count in pace(10):
                await tab.send(message("queue-status", requestId=count, uid=uid))

    await swarm(40, one)


# --- what is hard to decode, to keep and to search


@attack
async def floats(target: Target) -> None:
    """Numbers that take long to read, in the largest frames."""
    numbers = ",".join(["1e308"] * 10_000)
    await repeat(
        target, 2, frame(TEXT, f'{{"type":"tag","tag":[{numbers}]}}'.encode()), 5
    )


@attack
async def fat_tags(target: Target) -> None:
    """As much as fits into a tag, of many visitors, again and again."""
    labels = ["\N{GRINNING FACE}" * 240 + str(number) for number in range(32)]
    more = {f"key-{number}": "x" * 250 for number in range(32)}

    async def one(number: int) -> None:
        tag = {"id": f"fat-{number}", "labels": labels, "additionalTaggingData": more}
        async with target.tab() as tab:
            tab.read_on()
            async for count in pace(1):
                await tab.send(message("tag", tag={**tag, "firstname": str(count)}))

    await swarm(40, one, pause=0.5)


@attack
async def long_searches(target: Target) -> None:
    """An agent who searches for a novel, among a few customers."""

    async def customer(number: int) -> None:
        async with target.tab() as tab:
            name = "a" * 200 + str(number)
            await tab.send(message("tag", tag={"id": str(number), "firstname": name}))
            await tab.read()

    async def agent(_: int) -> None:
        async with target.wire() as wire:
            wire.read_on()
            novel = "+".join(["aaaaaaaaaaaaaaaaaaaaz"] * 2600)
            bearer = f"Authorization: Bearer {target.token}\r\n\r\n".encode()
            async for _ in pace(2):
                await wire.send(wire.head("GET", f"{LIST}?q={novel}") + bearer)

    async with asyncio.TaskGroup() as group:
        group.create_task(swarm(100, customer, pause=0.5))
        group.create_task(swarm(2, agent))


async def main(name: str) -> None:
    os.nice(10)  # the service and its customer go first
    address = f"9.9.8.{[*ATTACKS].index(name)}"
    target = Target(int(os.environ["PORT"]), os.environ["TOKEN"], address)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    running: asyncio.Task[None] | None = None
    while line := await lines.readline():
        if running is not None:
            running.cancel()
            # Whatever else has ended it is a fault of the attack.
            with contextlib.suppress(asyncio.CancelledError):
                await running
        if line == b"go\n":
            running = asyncio.create_task(swarm(1, lambda _: ATTACKS[name](target)))
        print(json.dumps(line.decode().strip()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
