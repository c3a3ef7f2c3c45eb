"""The exact solver: the shortest pure tree that gives the data, and what is known below it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emlc.errors import ArgumentError
from emlc.ir.node import Node, from_tokens
from emlc.ir.tape import flatten
from emlc.lower.balls import evaluate
from emlc.lower.jit import Array
from emlc.regress.meet import meeting, spend
from emlc.regress.table import Table, begin, find, forecast, grow
from emlc.regress.trees import values
from emlc.regress.values import FINE

_PAIR_SECONDS = 5e-8
_ENTRY_BYTES = 140
_NEED_BYTES = 48
_LARGEST_TABLE = 21
_CONFIRMED = 12
_TOLERANCE = 2e-11


@dataclass(frozen=True, slots=True)
class Solution:
    """A pure tree that gives the data.

    rpn      its tokens, `k` of them
    below    no tree of fewer nodes than this gives the samples, under `terms`
    lossy    how many values met on the way no double could hold; the bound is conditional on them
    worst    largest relative difference from the data, by rigorous evaluation where doubles fail
    """

    rpn: list[str]
    below: int
    lossy: int
    worst: float
    seconds: float
    terms: str

    @property
    def k(self) -> int:
        """Nodes of the tree."""
        return len(self.rpn)

    @property
    def smallest(self) -> bool:
        """Whether no smaller tree gives the samples, under the terms."""
        return self.below >= self.k

    @property
    def tree(self) -> Node:
        """The tree."""
        return from_tokens(self.rpn)


TERMS = (
    "trees over {{eml, 1, {names}}} in the exact meaning whose subtrees a double can hold at "
    "{points}, no term absorbed by the other (1e-12), arguments of exp within pi of the real axis"
)


def solve(
    columns: Mapping[str, Sequence[float] | Array],
    target: Sequence[float] | Array,
    *,
    seconds: float = 10.0,
    memory: float = 2e9,
    prove: bool = True,
    max_size: int = 41,
) -> Solution | None:
    """The shortest pure tree found whose values are the target, to rounding; None when none is.

    Every value of the target, real or complex, must be a full double: data that were rounded or
    carry noise have no exact tree. With `prove`, time that is left goes into showing that no
    smaller tree fits.
    Raises ArgumentError for lengths that differ and values that are not finite.

    >>> x = np.linspace(0.3, 2.1, 9)
    >>> found = solve({"x": x}, np.log(x), seconds=5)
    >>> "".join(found.rpn), found.smallest
    ('11xE1EE', True)
    """
    data = {name: np.asarray(c, dtype=np.float64) for name, c in columns.items()}
    wanted = np.asarray(target, dtype=np.complex128)
    _check(data, wanted)
    _ready()
    return _Solver(data, wanted, seconds, memory, prove, max_size).run()


@lru_cache(maxsize=1)
def _ready() -> None:
    """Have the kernels compiled before any clock runs."""
    table = begin({"1": np.ones(2), "x": np.array([0.3, 0.7])}, 64)
    grow(table, math.inf)
    spend(meeting(table, np.array([0.123, 0.0]), 64), math.inf)
    values(["x", "1", "E"], ["x"], np.array([[0.3, 0.7]]))


def _check(data: Mapping[str, Array], wanted: Array) -> None:
    if wanted.ndim != 1 or not len(wanted):
        raise ArgumentError("the target is not a column of numbers")
    for name, column in data.items():
        if column.shape != wanted.shape:
            raise ArgumentError(f"{name} has {len(column)} values, the target {len(wanted)}")
        if not np.isfinite(column).all():
            raise ArgumentError(f"{name} has values that are not finite")
    if not np.isfinite(wanted).all():
        raise ArgumentError("the target has values that are not finite")


class _Solver:
    def __init__(
        self, data: Mapping[str, Array], wanted: Array, seconds: float, memory: float,
        prove: bool, max_size: int,
    ) -> None:  # fmt: skip
        self.begun = time.monotonic()
        self.until = self.begun + seconds
        self.seconds, self.prove, self.max_size = seconds, prove, max_size
        self.names = list(data)
        self.columns = np.array([data[n] for n in self.names])
        self.columns = self.columns.reshape(len(data), len(wanted))
        self.wanted = wanted
        self.halves = np.stack([wanted.real, wanted.imag / math.pi], axis=1)
        near = np.round(2 * self.halves[:, 1]) / 2
        snap = np.abs(self.halves[:, 1] - near) < 1e-14
        self.halves[snap, 1] = near[snap] + 0.0
        self.rows = pivots(self.columns, wanted)
        self.points = self.rows[:2]
        self.capacity = int(min(13_500_000, 0.8 * memory / _ENTRY_BYTES))
        self.need_capacity = int(min(4_500_000, 0.2 * memory / _NEED_BYTES))
        self.best: tuple[list[str], float] | None = None
        self.refused: set[tuple[str, ...]] = set()

    def run(self) -> Solution | None:
        """Tables as long as they are cheap, then needs, then larger tables."""
        small = min(self.capacity, 1_700_000)
        below, lossy = 1, 0
        # A value that happens to be near 0 at one row hides what is below it; at another it is not.
        for turn, capacity in enumerate((small, small, self.capacity)):
            if self.best is not None or (turn and time.monotonic() > self.until):
                break
            self.points = [self.rows[turn], self.rows[turn - 2]]
            table = self._table(capacity)
            if self._enumerate(table, 0.35 + 0.25 * turn):
                return self._solution(table.size, table.lossy)
            more, lost = self._meet(table)
            below, lossy = max(below, more), max(lossy, lost)
        return self._solution(below, lossy)

    def _table(self, capacity: int) -> Table:
        leaves = {"1": np.ones(len(self.points))}
        for name, column in zip(self.names, self.columns, strict=True):
            leaves[name] = column[self.points]
        return begin(leaves, capacity)

    def _enumerate(self, t: Table, share: float) -> bool:
        """Grow the table; True when the target stands in it."""
        v = self.halves[self.points]
        limit = self.begun + share * self.seconds
        while True:
            n = int(find(t.slots, t.value, v))
            if n >= 0 and self._keep(t.rpn(n)):
                return True
            room = t.start[-1] + 0.9 * forecast(t) / 11 < len(t.left)
            due = time.monotonic() + forecast(t) * _PAIR_SECONDS
            if t.size >= min(_LARGEST_TABLE, self.max_size) or due > limit or not room:
                return False
            if not grow(t, self.until):
                return False

    def _meet(self, t: Table) -> tuple[int, int]:
        """Spend nodes on contexts; the bound and the lossy ones."""
        m = meeting(t, self.halves[self.points[0]], self.need_capacity)
        below = t.size + 2
        while time.monotonic() < self.until:
            spent = 2 * len(m.blocks)
            least = spent + (t.size + 1) // 2
            if self.best is not None and (not self.prove or below >= len(self.best[0])):
                break
            if least > self.max_size or m.blocks[-1] == (0, 0):
                break
            done = spend(m, self.until)
            for rpn in sorted(m.hits, key=len):
                if self.best is not None and len(rpn) >= len(self.best[0]):
                    break
                self._keep(rpn)
            m.hits.clear()
            if not done:
                break
            below = max(below, _covered(spent, t.size) + 2)
        return below, t.lossy + m.lossy

    def _keep(self, rpn: list[str]) -> bool:
        """Take the tree as the best so far when it gives all the data."""
        if tuple(rpn) in self.refused:
            return False
        worst = misfit(rpn, self.names, self.columns, self.wanted)
        if worst > _TOLERANCE:
            self.refused.add(tuple(rpn))
            return False
        self.best = rpn, worst
        return True

    def _solution(self, below: int, lossy: int) -> Solution | None:
        if self.best is None:
            return None
        rpn, worst = self.best
        where = "; ".join(
            ", ".join(f"{n} = {c[p]!r}" for n, c in zip(self.names, self.columns, strict=True))
            for p in self.points
        )
        terms = TERMS.format(names=", ".join(self.names), points=where.replace("np.float64", ""))
        seconds = time.monotonic() - self.begun
        return Solution(rpn, min(below, len(rpn)), lossy, worst, seconds, terms)


def _covered(spent: int, table: int) -> int:
    """The largest size whose every tree has been met, by contexts of up to `spent` nodes.

    Walking to the larger child until it has at most `table` nodes leaves at least half of a subtree
    of table + 2 nodes.
    """
    least = (table + 1) // 2
    size = spent + (least if least % 2 else least + 1)
    return max(table, size)


def pivots(columns: Array, wanted: Array) -> list[int]:
    """Three rows whose numbers are far from each other, from 1 and from whole numbers."""
    rows = np.unique(np.linspace(0, len(wanted) - 1, min(len(wanted), 400)).astype(int))
    scored = sorted(rows.tolist(), key=lambda p: -_distinct(columns[:, p], abs(complex(wanted[p]))))
    found = scored[:1]
    for other in scored[1:]:
        if all(np.all(columns[:, other] != columns[:, p]) for p in found):
            found.append(other)
        if len(found) == 3:
            return found
    return (found + scored * 3)[:3]


def _distinct(values_: Array, y: float) -> float:
    numbers = [1.0, *(float(v) for v in values_)]
    score = math.inf
    for k, a in enumerate(numbers):
        score = min(score, 0.3 / (1e-3 + abs(math.log(abs(a)))) if a else 0.0)
        for b in numbers[:k]:
            score = min(score, 4 * abs(a - b) / (abs(a) + abs(b) + 1e-300))
        if k and abs(2 * a - round(2 * a)) < 1e-9:
            score *= 0.3
    return score / (1.0 + abs(math.log(abs(y)))) if y else 0.0


def misfit(rpn: Sequence[str], names: Sequence[str], columns: Array, wanted: Array) -> float:
    """The largest relative difference between a pure tree and the data; inf where it has none."""
    made, status = values(rpn, names, columns)
    scale = np.abs(wanted) + 1e-3 * float(np.abs(wanted).max()) + 1e-300
    wrong = np.abs(made[:, 0] + 1j * math.pi * made[:, 1] - wanted) / scale
    fine = status == FINE
    worst = float(wrong[fine].max(initial=0.0))
    if worst > 1e-6 or not fine.any():
        return worst if fine.any() else math.inf
    doubtful = np.flatnonzero(~fine | (wrong > 1e-12))[:_CONFIRMED]
    extra = np.linspace(0, len(wanted) - 1, 3).astype(int)
    checked = [*doubtful.tolist(), *extra.tolist()]
    return max(_exact_errors(rpn, names, columns, wanted, checked, scale))


def _exact_errors(
    rpn: Sequence[str], names: Sequence[str], columns: Array, wanted: Array,
    rows: Sequence[int], scale: Array,
) -> Iterator[float]:  # fmt: skip
    """The differences at some rows, by balls."""
    tape = flatten(from_tokens(rpn))
    for p in rows:
        point = {name: float(columns[k, p]) for k, name in enumerate(names)}
        ball = evaluate(tape, point, 17, 4096)
        if ball.kind != "finite":
            yield math.inf
            continue
        yield float(abs(complex(ball) - wanted[p]) / scale[p])
