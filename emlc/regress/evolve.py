"""Evolution of formulas with fitted constants, one population after another, and what it kept.

A population is bred until it stops improving; the next one starts afresh, with another bound on the
length of its formulas. The best formula of every cost is kept across populations.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emlc.lower.jit import Array
from emlc.regress import machine
from emlc.tables.primitives import Primitive

PEOPLE = 400
_LENGTHS = (12, 20, 30, 16, 40, 25)
_PATIENCE = 14
_STEP = 2
_ITERATIONS = 5


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula of the archive: a + b times postfix codes with their numbers."""

    code: Array
    const: Array
    a: float
    b: float
    error: float
    cost: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is fitted: x (variables, points), y and w (points,), with the operators allowed."""

    x: Array
    y: Array
    w: Array
    operators: tuple[str, ...]
    max_size: int
    free: bool = True

    @property
    def rows(self) -> tuple[Primitive, ...]:
        """All rows that the engine knows; codes are places in it."""
        return machine.table(machine.rows(self.operators))


class Island:
    """One sequence of populations with its archive.

    `halt` is the error at which there is nothing to improve.
    """

    def __init__(self, task: Task, seed: int, halt: float = 0.0) -> None:
        self.task, self.seed, self.halt = task, seed, halt
        rows = task.rows
        self.engine: Any = machine.engine(rows)
        self.arity = np.array([len(row.params) for row in rows], dtype=np.int64)
        allowed = machine.rows(task.operators)
        self.chance = np.array(
            [machine.DEFAULT.get(r.name, 0.5) if r in allowed else 0.0 for r in rows]
        )
        self.price = np.ones(len(rows), dtype=np.int64)
        self.most = task.max_size
        kinds = 2 * task.max_size + 2
        self.best = np.full(kinds, 1e299)
        self.best_code = np.zeros((kinds, self.most), dtype=np.int64)
        self.best_const = np.ones((kinds, self.most))
        self.best_length = np.zeros(kinds, dtype=np.int64)
        self.best_scale = np.zeros((kinds, 2))
        self.round = 0
        self.tried = 0
        self.seeds = starters(task)

    def run(self, until: float, most: int | None = None) -> None:
        """Breed until the time comes, so many formulas are fitted or none can be better."""
        while not self._done(until, most):
            self._population(until, most)

    def _done(self, until: float, most: int | None) -> bool:
        spent = most is not None and self.tried >= most
        return spent or time.monotonic() >= until or self.finished

    @property
    def finished(self) -> bool:
        """Whether a formula is exact that costs little enough to be no interpolation."""
        few = max(3, len(self.task.y) // 3)
        return bool(self.best[:few].min() <= self.halt)

    def constant(self) -> None:
        """Put the constant formula into the archive, and nothing else."""
        y, w = self.task.y, self.task.w
        mean = float(np.sum(w * y) / np.sum(w))
        self.best[2], self.best_length[2], self.best_code[2, 0] = 0.0, 1, -1
        self.best_const[2, 0], self.best_scale[2] = mean, (0.0, 1.0)
        self.best[2] = float(np.sum(w * (y - mean) ** 2))

    def _population(self, until: float, limit: int | None) -> None:
        self.engine.seed_random(self.seed * 1000 + self.round)
        most = min(self.most, _LENGTHS[self.round % len(_LENGTHS)])
        code, const, lengths = self._first(most)
        score = np.zeros(PEOPLE)
        fresh, idle, low = True, 0, np.inf
        while idle < _PATIENCE and not self._done(until, limit):
            self.tried += self.engine.generations(
                _STEP, code, const, lengths, score, fresh, self.task.x, self.task.y, self.task.w,
                self.task.free, self.arity, self.chance, self.price, _ITERATIONS, self.best,
                self.best_code, self.best_const, self.best_length, self.best_scale,
                self.halt if len(self.task.y) >= 3 * len(self.best) else -1.0,
            )  # fmt: skip
            fresh = False
            idle = 0 if score.min() < low - 0.1 else idle + _STEP
            low = min(low, score.min())
        self.round += 1

    def _first(self, most: int) -> tuple[Array, Array, Array]:
        """Random formulas, and among them what earlier populations and seeds give."""
        code = np.zeros((PEOPLE, most), dtype=np.int64)
        const = np.ones((PEOPLE, most))
        lengths = np.zeros(PEOPLE, dtype=np.int64)
        variables = len(self.task.x)
        for i in range(PEOPLE):
            lengths[i] = self.engine.grow(
                code[i], const[i], min(most - 2, 2 + i % 10), variables, self.arity, self.chance
            )
        given = [(c, k) for c, k in self.seeds if len(c) <= most]
        if self.round % 3:
            given = []
        if self.round % 3 == 2:
            given += [(list(f.code), list(f.const)) for f in self.front() if len(f.code) <= most]
        for i, (c, k) in enumerate(given[: PEOPLE // 3]):
            code[i, : len(c)], const[i, : len(c)], lengths[i] = c, k, len(c)
        return code, const, lengths

    def front(self) -> list[Formula]:
        """The formulas that no cheaper one beats, cheapest first."""
        found: list[Formula] = []
        low = np.inf
        for cost in np.flatnonzero(self.best < 1e298):
            if self.best[cost] < low * 0.999:
                low = self.best[cost]
                n = self.best_length[cost]
                a, b = self.best_scale[cost]
                found.append(
                    Formula(
                        self.best_code[cost, :n].copy(),
                        self.best_const[cost, :n].copy(),
                        float(a),
                        float(b),
                        float(low),
                        int(cost),
                    )
                )
        return found

    def state(self) -> dict[str, Array]:
        """What a later run needs to go on."""
        return {
            "best": self.best, "best_code": self.best_code, "best_const": self.best_const,
            "best_length": self.best_length, "best_scale": self.best_scale,
            "counters": np.array([self.round, self.tried]),
        }  # fmt: skip

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from a state of the same task."""
        self.best[:] = state["best"]
        self.best_code[:], self.best_const[:] = state["best_code"], state["best_const"]
        self.best_length[:], self.best_scale[:] = state["best_length"], state["best_scale"]
        self.round, self.tried = (int(n) for n in state["counters"])


def starters(task: Task) -> list[tuple[list[int], list[float]]]:
    """Formulas that laws often are: every function of every scaled variable, and a power law."""
    names = [row.name for row in task.rows]
    size = 2.0 / (np.abs(task.x).max(axis=1) + 1e-300)
    found: list[tuple[list[int], list[float]]] = []
    for o, row in enumerate(task.rows):
        if row.name in task.operators and len(row.params) == 1:
            for v in range(len(task.x)):
                found += [([-3 - 2 * v, o], [c * size[v], 1.0]) for c in (1.0, -1.0, -4.0)]
    if "pow" in task.operators and "mul" in task.operators and (task.x > 0).all():
        code: list[int] = []
        for v in range(len(task.x)):
            code += [-2 - 2 * v, -1, names.index("pow")] + [names.index("mul")] * (v > 0)
        found.insert(0, (code, [1.0] * len(code)))
    return found


def chosen(count: int, most: int, seed: int) -> Sequence[int]:
    """Rows that stand for all in the search."""
    if count <= most:
        return range(count)
    return sorted(np.random.default_rng(seed).choice(count, most, replace=False).tolist())
