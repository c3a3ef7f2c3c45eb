"""What a search would cost, before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from emlc.search.goal import goal
from emlc.search.run import NEED_BYTES, SEED_SIZE, Limits, prepare_round
from emlc.search.table import BYTES, GROW_NS, Table, grow
from emlc.search.work import WIDEN_NS, ways

_PROBE = 200_000


@dataclass(frozen=True, slots=True)
class Step:
    """One size: the values and needs held then, bytes for them, seconds for this size alone.

    `way` is "table" when all values of that size are kept, "meet" when trees of it are met.
    """

    size: int
    way: str
    values: int
    needs: int
    bytes: int
    seconds: float

    def on(self, workers: int) -> float:
        """Seconds on so many workers: tables are built by each, meetings are shared."""
        return self.seconds / (workers if self.way == "meet" else 1)

    def to_json(self) -> dict[str, Any]:
        """The step as a JSON row."""
        return {
            "size": self.size,
            "way": self.way,
            "values": self.values,
            "needs": self.needs,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }


def plan(
    target: Any, *, domain: Mapping[str, str] | None = None, mode: str = "exact",
    max_size: int = 41, memory: float = 4e9,
) -> list[Step]:  # fmt: skip
    """The steps of a search up to `max_size`, forecast from a small table built now.

    >>> from emlc.parse import parse
    >>> steps = plan(parse("x^2").root, max_size=17, memory=2e8)
    >>> steps[0].way, steps[-1].way, steps[-1].size
    ('table', 'meet', 17)
    """
    made = goal(target, domain, mode)
    r = prepare_round(made, [made.first_point()] if made.names else [{}], Limits(memory=memory))
    while r.table.start[-1] < _PROBE and r.table.size < 25 and grow(r.table, r.table.size + 2):
        pass
    counts = _forecast_counts(r.table, max_size)
    return _steps(r.table, counts, max_size)


def _forecast_counts(t: Table, max_size: int) -> list[float]:
    counts = [float(c) for c in np.diff(t.start)]
    rate = counts[-1] / counts[-2]
    while 2 * len(counts) - 1 < max_size:
        counts.append(counts[-1] * rate)
    return counts


def _steps(t: Table, counts: list[float], max_size: int) -> list[Step]:
    """Play the search: grow the table while that is cheaper than meeting, else meet."""
    out: list[Step] = []
    top, held = 1, counts[0]
    for size in range(1, max_size + 1, 2):
        seconds = 0.0
        met, needs = np.inf, 0.0
        while top < size:
            s = top // 2 + 1
            growing = sum(counts[i] * counts[s - 1 - i] for i in range(s)) * GROW_NS * 1e-9
            if top >= SEED_SIZE and size <= 2 * top + 3:
                needs, met = _meeting(t, counts, top, size)
            if held + counts[s] > len(t.left) or met <= growing:
                break
            held, top, seconds = held + counts[s], top + 2, seconds + growing
        used = int(held * BYTES + (needs * NEED_BYTES if top < size else 0))
        if top >= size:
            out.append(Step(size, "table", int(held), 0, used, seconds))
        else:
            out.append(Step(size, "meet", int(held), int(needs), used, seconds + float(met)))
    return out


def _meeting(t: Table, counts: list[float], top: int, size: int) -> tuple[float, float]:
    """Needs and seconds of a meeting of this size against a table up to `top`."""
    needs = [1.0]
    rate = 1.5 * counts[-1] / counts[-2]
    seconds = 0.0
    for s in range((size - top - 2) // 2 + 1):
        if s == len(needs):
            needs.append(2.0 * t.count(1) if s == 1 else needs[-1] * rate)
        found = ways(size - 2 * s, needs[s], lambda f: counts[f // 2], top, top)
        seconds += sum(w.seconds for w in found)
    return sum(needs), seconds + needs[-1] * WIDEN_NS * 1e-9
