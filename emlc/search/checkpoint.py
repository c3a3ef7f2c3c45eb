"""What a search has settled, in a file: enough to go on, since tables are built again alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emlc.errors import ArgumentError
from emlc.lower.cache import checkpoint, writable
from emlc.search.result import SearchResult


class Checkpoint:
    """The file of one search; without a path it remembers nothing."""

    def __init__(self, path: str | None, result: SearchResult) -> None:
        self.path = None if path is None else writable(path)
        self.settled = 0
        self._search: dict[str, Any] = {
            "target": result.target,
            "domain": result.domain,
            "mode": result.mode,
        }
        if result.operator != "eml":
            self._search["operator"] = result.operator
        if self.path is None or not self.path.exists():
            return
        kept = _read(self.path)
        if kept["search"] != self._search:
            raise ArgumentError(
                f"{path} belongs to another search: {kept['search']}", hint="give another file"
            )
        self.settled = kept["settled"]
        result.lower_bound = self.settled + 2
        result.undecided = kept["undecided"]

    def save(self, settled: int, result: SearchResult) -> None:
        """Write that no tree of up to `settled` nodes is right, whole or not at all."""
        if self.path is None:
            return
        self.settled = settled
        kept = {
            "schema": 1,
            "search": self._search,
            "settled": settled,
            "undecided": result.undecided,
            "terms": result.terms,
        }
        checkpoint(self.path, json.dumps(kept).encode())


def _read(path: Path) -> dict[str, Any]:
    problem = f"{path} is not a checkpoint of a search"
    hint = "name another file, or delete it to begin anew"
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(problem, hint=hint) from error
    if not isinstance(kept, dict) or kept.get("schema") != 1 or "search" not in kept:
        raise ArgumentError(problem, hint=hint)
    if not isinstance(kept.get("settled"), int) or not isinstance(kept.get("undecided"), int):
        raise ArgumentError(problem, hint=hint)
    return kept
