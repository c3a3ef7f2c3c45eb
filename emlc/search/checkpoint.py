"""What a search has settled, in a file: enough to go on, since tables are built again alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from emlc import files
from emlc.search.result import SearchResult

_SCHEMA = 2
_COUNTS = ("settled", "undecided", "passed")


class Checkpoint:
    """The file of one search; without a path it remembers nothing.

    `settled` is the largest size without a tree, `passed` the values left undecided at sizes whose
    trees are not looked for again.
    """

    def __init__(
        self, path: str | None, result: SearchResult, leaves: Sequence[str] = ("1",)
    ) -> None:
        self.settled = self.passed = 0
        self._search: dict[str, Any] = {
            "target": result.target,
            "domain": result.domain,
            "mode": result.mode,
        }
        if result.operator != "eml":
            self._search |= {"operator": result.operator, "leaves": list(leaves)}
        self._file = None if path is None else files.Checkpoint(path, "a search")
        data = self._file.read() if self._file else None
        if self._file is None or data is None:
            return
        kept = _counts(data)
        if kept is None:
            raise self._file.refusal()
        if kept["search"] != self._search:
            raise self._file.refusal(f"belongs to another search: {kept['search']}")
        self.settled, self.passed = kept["settled"], kept["passed"]
        result.lower_bound = self.settled + 2
        result.undecided = kept["undecided"]

    def save(self, settled: int, passed: int, result: SearchResult) -> None:
        """Write that no tree of up to `settled` nodes is right, whole or not at all."""
        self.settled, self.passed = settled, passed
        if self._file is None:
            return
        kept = {
            "schema": _SCHEMA,
            "search": self._search,
            "settled": settled,
            "undecided": result.undecided,
            "passed": passed,
            "terms": result.terms,
        }
        self._file.save(json.dumps(kept).encode())


def _counts(data: bytes) -> dict[str, Any] | None:
    """What a checkpoint holds; None for what no search writes."""
    try:
        kept = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(kept, dict) or kept.get("schema") != _SCHEMA or "search" not in kept:
        return None
    counts = [kept.get(name) for name in _COUNTS]
    return kept if all(type(n) is int and n >= 0 for n in counts) else None
