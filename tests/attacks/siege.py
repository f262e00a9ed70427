"""Runs an attack in turns, and compares what an ordinary customer notices."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect

from .wire import ORIGIN

API_TOKEN = "api-token-of-the-attacks-which-is-long"
#: Seconds after which an answer will not come.
PATIENCE = 30.0
#: Tabs of the customer, and messages of each in a second: less than it may send.
TABS = 8
PER_SECOND = 20
#: How often it is tried to see that the customer notices nothing: on a machine with
#: other work to do, one try says little.
TRIES = 6
#: The customer's p99 may be so many times what it is without the attack …
MOST = 2.0
#: … or so many seconds: one turn of the scheduler, which no customer notices.
FLOOR = 0.005
#: Files of a service that is to run out of them, and the attacks that see to it.
FEW_FILES = 300
NEEDS_FEW_FILES = {"floods_of_connections"}
#: Bytes that the service may grow by, and that it may log.
MOST_MEMORY = 48 * 1024 * 1024
MOST_LOG = 4096


@dataclass
class Service:
    """A service in a process of its own."""

    port: int
    pid: int
    log: t.IO[bytes]

    def memory(self) -> int:
        """The bytes that it has in memory; 0 where the system does not tell."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def logged(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def user_token(self) -> str:
        answer = requests.post(
            f"http://127.0.0.1:{self.port}/rest/v1/usertoken",
            json={"email": "mary@example.com", "name": "Mary", "ttl": 3600},
            headers={"Authorization": f"Bearer {API_TOKEN}"},
            timeout=PATIENCE,
        )
        return str(answer.json()["token"])


@contextmanager
def service(*, files: int | None = None) -> Iterator[Service]:
    """Run a service.

    :param files: how many files it may open.
    """
    environ = {
        "CHATVISOR_SERVICE_API_TOKEN": API_TOKEN,
        "CHATVISOR_SERVICE_BIND": "127.0.0.1:0",
    }
    limit = f"ulimit -n {files}; " if files else ""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [
                "sh",
                "-c",
                f'{limit}exec "$0" -m flask_chatvisor.service',
                sys.executable,
            ],
            env=os.environ | environ,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[3].decode()
            yield Service(int(url.rpartition(":")[2]), process.pid, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


class Attacker:
    """A process that attacks between :meth:`go` and :meth:`stop`."""

    def __init__(self, name: str, target: Service) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.attackers", name],
            env=os.environ | {"PORT": str(target.port), "TOKEN": target.user_token()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stop()

    def go(self) -> None:
        self._say("go")

    def stop(self) -> None:
        self._say("stop")

    def close(self) -> None:
        self._process.communicate()

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert json.loads(self._process.stdout.readline()) == word


class Customer:
    """An ordinary customer with a few tabs, which ask whether an agent is there."""

    def __init__(self, tabs: list[ClientConnection]) -> None:
        self._tabs = tabs

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, target: Service) -> t.AsyncIterator[Customer]:
        async with contextlib.AsyncExitStack() as stack:
            tabs = []
            for _ in range(TABS):
                opening = connect(
                    f"ws://127.0.0.1:{target.port}/ws",
                    origin=ORIGIN,  # type: ignore[arg-type]
                    compression=None,
                    proxy=None,
                )
                tab = await stack.enter_async_context(opening)
                page = {"title": "Home", "path": "/"}
                await _say(tab, "hello-visitor", page=page, visible=True)
                await _hear(tab, "welcome")
                tabs.append(tab)
            yield cls(tabs)

    async def p99(self, seconds: float) -> float:
        """Go on for so long; return the 99th percentile of the answers' seconds."""
        gc.collect()
        gc.disable()
        try:
            taken = await asyncio.gather(
                *(
                    _ask(tab, seconds, number / TABS / PER_SECOND)
                    for number, tab in enumerate(self._tabs)
                )
            )
        finally:
            gc.enable()
        waits = sorted(wait for one in taken for wait in one)
        return waits[int(len(waits) * 0.99)]

    async def recover(self, usual: float) -> None:
        """Wait until answers come as usual: what an attack has left is not quiet."""
        for _ in range(10):
            if await self.p99(0.1) <= max(FLOOR, usual):
                return


async def _ask(tab: ClientConnection, seconds: float, offset: float) -> list[float]:
    waits: list[float] = []
    end = time.perf_counter() + seconds
    await asyncio.sleep(offset)
    while time.perf_counter() < end:
        asked = time.perf_counter()
        await _say(tab, "agents", requestId=len(waits))
        await _hear(tab, "agents")
        waits.append(time.perf_counter() - asked)
        await asyncio.sleep(max(0.0, 1 / PER_SECOND - waits[-1]))
    return waits


async def _say(tab: ClientConnection, kind: str, **fields: t.Any) -> None:
    await tab.send(json.dumps({"type": kind, **fields}))


async def _hear(tab: ClientConnection, kind: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while json.loads(await tab.recv())["type"] != kind:
            pass


@dataclass
class Verdict:
    """What the customer noticed, in the best of the tries, and what the service paid.

    :ivar before: seconds of the 99th percentile without the attack.
    :ivar beside: the same beside it.
    :ivar grown: bytes.
    """

    before: float
    beside: float
    grown: int
    log: str

    @property
    def is_unnoticed(self) -> bool:
        return self.beside <= max(FLOOR, MOST * self.before)

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong, a line each."""
        faults = []
        if not self.is_unnoticed:
            faults.append(f"p99 {_ms(self.before)} became {_ms(self.beside)}")
        if self.grown > MOST_MEMORY:
            faults.append(f"the service grew by {self.grown:,} bytes")
        if len(self.log) > MOST_LOG or "Traceback" in self.log:
            faults.append(f"it logged {len(self.log):,} bytes: {self.log[:1000]}")
        return faults

    def __str__(self) -> str:
        return (
            f"p99 {_ms(self.before)}, beside it {_ms(self.beside)};"
            f" {self.grown / 1e6:+.1f} MB; {len(self.log)} bytes of log"
        )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


async def besiege(name: str, target: Service, seconds: float) -> Verdict:
    """Attack a service in turns with quiet, so long each, until nobody notices it."""
    async with Customer.of(target) as customer:
        with contextlib.closing(Attacker(name, target)) as attacker:
            # What is loaded once is no attack's.
            usual = await customer.p99(seconds)
            memory, best = target.memory(), None
            for _ in range(TRIES):
                await customer.recover(usual)
                before = await customer.p99(seconds)
                attacker.go()
                beside = await customer.p99(seconds)
                grown = target.memory() - memory
                attacker.stop()
                verdict = Verdict(before, beside, grown, target.logged())
                if best is None or beside / before < best.beside / best.before:
                    best = verdict
                if verdict.is_unnoticed:
                    return verdict
            assert best is not None
            return best
