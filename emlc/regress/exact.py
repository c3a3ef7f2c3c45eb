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
from emlc.regress.order import Kind
from emlc.regress.sets import Sets, needless
from emlc.regress.trees import values
from emlc.regress.values import FINE

_CONFIRMED = 12
_SMALL, _FIRST = 12, 0.85
# Seconds for shorter trees, at least, once one is found and nothing is to be proved.
_SHORTER = 1.0
TOLERANCE = 1e-13
_ROUNDINGS = 30.0


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
    made = Solver(columns, target, seconds, memory, prove, max_size)
    made.run()
    return made.found()


@lru_cache(maxsize=1)
def _ready() -> None:
    """Have the kernels compiled before any clock runs."""
    sets = Sets({"1": np.ones(2), "x": np.array([0.3, 0.7])}, np.array([[0.123, 0.0]] * 2), 1e6)
    for kind in sets.plan(5):
        for _ in sets.join(kind, math.inf):
            pass
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


class Solver:
    """A run of `solve` that knows at any moment what it has found, and below what there is none."""

    def __init__(
        self, columns: Mapping[str, Sequence[float] | Array], target: Sequence[float] | Array,
        seconds: float, memory: float, prove: bool, max_size: int,
    ) -> None:  # fmt: skip
        data = {name: np.asarray(c, dtype=np.float64) for name, c in columns.items()}
        wanted = np.asarray(target, dtype=np.complex128)
        _check(data, wanted)
        _ready()
        self.begun = time.monotonic()
        self.until = self.begun + seconds
        self.seconds, self.prove, self.most = seconds, prove, (max_size - 1) // 2
        self.memory = memory
        self.names = list(data)
        self.columns = np.array([data[n] for n in self.names])
        self.columns = self.columns.reshape(len(data), len(wanted))
        self.wanted = wanted
        self.halves = np.stack([wanted.real, wanted.imag / math.pi], axis=1)
        near = np.round(2 * self.halves[:, 1]) / 2
        snap = np.abs(self.halves[:, 1] - near) < 1e-14
        self.halves[snap, 1] = near[snap] + 0.0
        self.points = pivots(self.columns, wanted)
        self.best: tuple[list[str], float] | None = None
        self.refused: set[tuple[str, ...]] = set()
        self.sets = self._sets(self.points[0], memory)

    def run(self) -> None:
        """Most of the time with the first pair of rows, some for small trees with the second.

        A value that happens to be near 0 or 1 at one row hides what is below it; at another it is
        not.
        """
        self._join_all(self.sets, self.most, self.begun + _FIRST * self.seconds)
        if self.best is None:
            others = self._sets(self.points[1], self.memory / 8)
            self._join_all(others, min(_SMALL, self.most), self.until)
        self._join_all(self.sets, self.most, self.until)
        if self.best is not None:
            self._join_rest(self.sets)

    def _sets(self, points: list[int], memory: float) -> Sets:
        leaves = {"1": np.ones(len(points))}
        for name, column in zip(self.names, self.columns, strict=True):
            leaves[name] = column[points]
        made = Sets(leaves, self.halves[points], memory)
        for n in range(made.table.start[1]):
            self._keep(made.table.rpn(n))
        return made

    def _join_all(self, sets: Sets, most: int, until: float) -> None:
        for kind in sets.plan(most):
            if time.monotonic() > min(until, self.until) or (self.best and not self.prove):
                return
            if sum(kind) + 1 < self._size() and not needless(kind, sets.done):
                self._join(sets, kind)

    def _join_rest(self, sets: Sets) -> None:
        """Cuts that others stand for: shorter trees hide where inverting loses digits."""
        for kind in sorted(sets.plan(self.most), key=sum):
            if time.monotonic() > self.until or sum(kind) + 1 >= self._size():
                return
            if kind not in sets.done:
                self._join(sets, kind)

    def _size(self) -> float:
        """Gates of the best tree."""
        return (len(self.best[0]) - 1) / 2 if self.best else math.inf

    def _join(self, sets: Sets, kind: Kind) -> None:
        for rpn in sets.join(kind, self.until):
            if self._keep(rpn):
                if not self.prove:
                    now = time.monotonic()
                    self.until = min(self.until, now + max(_SHORTER, now - self.begun))
                return

    def _keep(self, rpn: list[str]) -> bool:
        """Take the tree as the best so far when it gives all the data."""
        if tuple(rpn) in self.refused:
            return False
        worst = misfit(rpn, self.names, self.columns, self.wanted)
        if worst > TOLERANCE:
            self.refused.add(tuple(rpn))
            return False
        self.best = rpn, worst
        return True

    def below(self) -> int:
        """No tree of fewer nodes gives the samples."""
        below = self.sets.below()
        return below if self.best is None else min(below, len(self.best[0]))

    def terms(self) -> str:
        """What that means, in words."""
        where = "; ".join(
            ", ".join(f"{n} = {c[p]!r}" for n, c in zip(self.names, self.columns, strict=True))
            for p in self.points[0]
        )
        return TERMS.format(names=", ".join(self.names), points=where.replace("np.float64", ""))

    def found(self) -> Solution | None:
        """The shortest tree so far, if there is any."""
        if self.best is None:
            return None
        rpn, worst = self.best
        seconds = time.monotonic() - self.begun
        return Solution(rpn, self.below(), self.sets.lossy, worst, seconds, self.terms())


def pivots(columns: Array, wanted: Array) -> list[list[int]]:
    """Two pairs of rows whose numbers are far from each other, from 1 and from whole numbers.

    Where the target is real, most of what is below it is: that is where to start. What is complex
    elsewhere is told apart there.
    """
    rows = np.unique(np.linspace(0, len(wanted) - 1, min(len(wanted), 400)).astype(int)).tolist()
    score = {p: _distinct(columns[:, p], complex(wanted[p])) for p in rows}
    far = 0.2 * np.ptp(columns, axis=1)
    pairs: list[list[int]] = []
    while len(pairs) < 2:
        first = max(rows, key=lambda p: score[p] * (0.1 if wanted[p].imag else 1.0))
        apart = [p for p in rows if np.all(columns[:, p] != columns[:, first])] or rows
        pairs.append([first, max(apart, key=lambda p: score[p] * (1.0 if wanted[p].imag else 0.1))])
        rows = [p for p in rows if np.all(abs(columns[:, p] - columns[:, first]) > far)] or rows
    return pairs


def _distinct(values_: Array, y: complex) -> float:
    numbers = [1.0, *(float(v) for v in values_)]
    score = math.inf
    for k, a in enumerate(numbers):
        score = min(score, 0.3 / (1e-3 + abs(math.log(abs(a)))) if a else 0.0)
        for b in numbers[:k]:
            score = min(score, 4 * abs(a - b) / (abs(a) + abs(b) + 1e-300))
        if k and abs(2 * a - round(2 * a)) < 1e-9:
            score *= 0.3
    if not y:
        return 0.0
    return score / (1.0 + abs(math.log(abs(y))))


def misfit(rpn: Sequence[str], names: Sequence[str], columns: Array, wanted: Array) -> float:
    """The largest relative difference between a pure tree and the data; inf where it has none.

    A difference that is as large as the tree's own rounding errors does not count.
    """
    size = np.abs(wanted)
    scale = size + 1e-3 * float(np.median(size)) + 1e-300
    few = np.linspace(0, len(wanted) - 1, 7).astype(int)
    for rows in (few, np.arange(len(wanted))):
        made, status = values(rpn, names, columns[:, rows])
        with np.errstate(over="ignore"):
            wrong = np.abs(made[:, 0] + 1j * math.pi * made[:, 1] - wanted[rows]) / scale[rows]
        fine = status == FINE
        worst = float(wrong[fine].max(initial=0.0))
        if worst > 1e-6:
            return worst
    if not fine.any():
        return math.inf
    doubtful = np.argsort(np.where(fine, -wrong, -math.inf), kind="stable")[:_CONFIRMED]
    checked = [p for p in doubtful.tolist() if not fine[p] or wrong[p] > 1e-12]
    exact = exact_values(rpn, names, columns, [*checked, *few[::3].tolist()])
    errors = [worst if not checked else 0.0]
    for p, value in exact:
        gap = abs(value - wanted[p]) / scale[p]
        own = abs(value - complex(made[p, 0], math.pi * made[p, 1])) / scale[p] if fine[p] else 0.0
        errors.append(gap if gap > _ROUNDINGS * own else min(gap, own, TOLERANCE))
    return max(errors)


def exact_values(
    rpn: Sequence[str], names: Sequence[str], columns: Array, rows: Sequence[int]
) -> Iterator[tuple[int, complex]]:
    """The values at some rows, by balls; inf where there is none."""
    tape = flatten(from_tokens(rpn))
    for p in rows:
        point = {name: float(columns[k, p]) for k, name in enumerate(names)}
        ball = evaluate(tape, point, 17, 4096)
        yield p, complex(ball) if ball.kind == "finite" else complex(math.inf)
