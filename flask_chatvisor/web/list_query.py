"""Reads the parameters of agents' requests."""

from __future__ import annotations

import typing as t

from flask import request
from werkzeug.exceptions import BadRequest

from ..contract.api import MAX_PAGE_SIZE
from ..contract.matching import MAX_QUERY
from ..contract.matching import SORTS
from ..identity import Agent

_LAST_PAGE = 1_000_000


class Parameters:
    """Reads the query string of a list and collects its faults."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._faults: list[str] = []

    def read(self) -> dict[str, t.Any]:
        """Read everything: filters, sort, page and page_size.

        :raises BadRequest: if there are faults; it lists them all.
        """
        filters = {
            "q": self._text("q"),
            "label": self._text("label"),
            "assigned": self._assigned(),
            "waiting": self._flag("waiting"),
            "in_call": self._flag("in_call"),
            "sort": self._sort(),
            "page": self._number("page", 1, _LAST_PAGE),
            "page_size": self._number("page_size", 50, MAX_PAGE_SIZE),
        }
        if self._faults:
            raise BadRequest(" ".join(self._faults))
        return filters

    def _text(self, name: str) -> str:
        text = request.args.get(name, "").strip()
        if len(text) > MAX_QUERY:
            self._faults.append(f"{name} has at most {MAX_QUERY} characters.")
        return text

    def _assigned(self) -> str:
        text = self._text("assigned")
        if text == "me":
            return str(self._agent.email)
        if text in ("nobody", "none"):
            return "none"
        if text and "@" not in text:
            self._faults.append("assigned must be me, nobody or an agent's e-mail.")
        return text

    def _flag(self, name: str) -> bool:
        text = request.args.get(name, "")
        if text not in ("", "0", "1"):
            self._faults.append(f"{name} must be 1 or 0.")
        return text == "1"

    def _sort(self) -> str:
        text = self._text("sort")
        if text and text.removeprefix("-") not in SORTS:
            known = ", ".join(SORTS)
            self._faults.append(
                f"sort must be one of {known}, optionally with - in front."
            )
        return text

    def _number(self, name: str, default: int, largest: int) -> int:
        text = request.args.get(name, "")
        if not text:
            return default
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        if not 1 <= number <= largest:
            self._faults.append(f"{name} must be a whole number from 1 to {largest}.")
        return number
