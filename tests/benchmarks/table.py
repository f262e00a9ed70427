"""The one table that all parts fill, and the line that says where it was made."""

from __future__ import annotations

import math
import os
import platform
import typing as t
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

HEADINGS = ("figure", "ours", "peer", "peer's", "ratio", "aim", "")
PACKAGES = ("flask", "flask-login", "starlette", "uvicorn", "websockets", "uvloop")


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should be at most, measured by its peer's.

    :param limit: so many times the peer's figure, so much more than it, or so much
        whatever the peer's is.
    """

    limit: float
    kind: t.Literal["times", "more", "most"] = "times"

    def met(self, row: Row) -> bool:
        if self.kind == "times":
            return round(row.ratio, 2) <= self.limit  # as it is printed
        if self.kind == "most":
            return row.ours <= self.limit
        return row.ours - row.theirs <= self.limit

    def describe(self, unit: str) -> str:
        if self.kind == "times":
            return f"at most {self.limit:g} times"
        if self.kind == "most":
            return f"at most {self.limit:g} {unit}"
        return f"at most {self.limit:g} {unit} more"


@dataclass(frozen=True, slots=True)
class Row:
    """One of our figures beside a peer's from the same run.

    :param paired: the ratio, where it was taken pair by pair instead of from the
        two figures.
    """

    figure: str
    unit: str
    ours: float
    peer: str
    theirs: float
    aim: Aim | None = None
    paired: float | None = None

    @property
    def ratio(self) -> float:
        if self.paired is not None:
            return self.paired
        return self.ours / self.theirs if self.theirs else math.nan

    def cells(self) -> tuple[str, ...]:
        return (
            self.figure,
            f"{_rounded(self.ours)} {self.unit}",
            self.peer,
            f"{_rounded(self.theirs)} {self.unit}",
            "" if math.isnan(self.ratio) else f"{self.ratio:.2f}",
            self.aim.describe(self.unit) if self.aim else "",
            ("met" if self.aim.met(self) else "MISSED") if self.aim else "",
        )


def render(rows: Iterable[Row]) -> str:
    """Lay the rows out as a simple table of reStructuredText."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("=" * max(width, 1) for width in widths)
    head, *body = (_line(line, widths) for line in cells)
    return "\n".join([rule, head, rule, *body, rule])


def machine() -> str:
    """Say what the figures were measured on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return f"{os.cpu_count()} cores ({_processor()}), {python}\n{versions}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    figures = {1, 3, 4}
    return "  ".join(
        cell.rjust(width) if column in figures else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def _rounded(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()
