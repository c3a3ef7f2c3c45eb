"""Evolution of formulas with fitted constants, one population after another, and what it kept.

A population is bred until it stops improving; the next ones start afresh, with another bound on the
length of their formulas. Populations come in groups: those of a group know nothing of each other,
so that the result is the same whether they run one after the other or at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emlc.lower.jit import Array
from emlc.regress import machine
from emlc.regress.archive import MOST_FITTED, Archive, Data, Formula, People, archive, people
from emlc.regress.forms import Coded, Forms
from emlc.regress.keep import State, are_formulas
from emlc.regress.vary import breed, grow, seed_random
from emlc.tables.primitives import Primitive

PEOPLE = 400
_LENGTHS = (12, 20, 30, 16, 40, 25)
_PATIENCE = 14
_ITERATIONS = 5
_ROUNDS = 6
_LOST = 688.0
_DRAWN, _REFINED_ITERATIONS = 900, 40
_SETTLERS = PEOPLE // 4


@dataclass(frozen=True, slots=True)
class Task:
    """What is fitted: x (variables, points), y and w (points,), with the operators allowed.

    `halt` is the error at which there is nothing to improve.
    """

    x: Array
    y: Array
    w: Array
    operators: tuple[str, ...]
    max_size: int
    halt: float = 0.0

    @property
    def rows(self) -> tuple[Primitive, ...]:
        """All rows that the engine knows; codes are places in it."""
        return machine.table(machine.rows(self.operators))

    @property
    def arity(self) -> Array:
        """Operands of each row."""
        return np.array([len(row.params) for row in self.rows], dtype=np.int64)

    @property
    def data(self) -> Data:
        """What the engine is given; an offset is fitted."""
        return Data(self.x, self.y, self.w, True)

    def work(self) -> tuple[Array, Array, Array]:
        """Room for the values of a formula's parts, and for two kinds of derivatives."""
        rows = (self.max_size, self.max_size, MOST_FITTED)
        first, second, third = (np.empty((count, len(self.y))) for count in rows)
        return first, second, third

    @property
    def engine(self) -> Any:
        """The compiled loops."""
        return machine.engine(self.rows)

    def exact(self, kept: Archive) -> bool:
        """Whether a formula is exact that costs little enough to be no interpolation."""
        few = max(3, len(self.y) // 3)
        return kept.least(few) <= self.halt


class Population:
    """One population: a pure function of the task, its seed and what it is given to start with."""

    def __init__(self, task: Task, seed: int, number: int, given: Sequence[Formula] = ()) -> None:
        self.task, self.seed, self.number = task, seed, number
        self.given = given if number % 3 == 2 else ()
        self.most = min(task.max_size, _LENGTHS[number % len(_LENGTHS)])
        self.kept = archive(task.max_size)
        self.people = people(0, self.most)
        self.step = self.idle = self.tried = 0
        self.low = np.inf

    @property
    def exact(self) -> bool:
        """Whether there is nothing to improve."""
        return self.task.exact(self.kept)

    def done(self, most: float) -> bool:
        """Whether it has ended, if so many formulas may be fitted."""
        return self.idle >= _PATIENCE or self.exact or self.tried >= most

    def run(self, until: float, most: float = np.inf) -> None:
        """Breed until the time comes or it has ended, once at the least."""
        task, rows = self.task, self.task.rows
        allowed = machine.rows(task.operators)
        chance = np.array([machine.DEFAULT.get(r.name, 0.5) if r in allowed else 0.0 for r in rows])
        data, work = task.data, task.work()
        while not self.done(most) and (not self.step or time.monotonic() < until):
            seed_random((self.seed * 7919 + self.number * 1009 + self.step) % 2**32)
            if not self.step:
                self._settle(data, chance, work)
            else:
                self._replace(data, chance, work)
            self._refine(data, work)
            self.step += 1
            low = float(self.people.score.min())
            self.idle += 1
            if low < self.low - 0.1:
                self.idle, self.low = 0, low

    def _settle(self, data: Data, chance: Array, work: Any) -> None:
        """The first people: the best of the forms drawn, what was given, and random formulas."""
        task, engine = self.task, self.task.engine
        rng = np.random.default_rng([self.seed, self.number])
        forms = Forms(task.x, task.rows, task.operators)
        coded = [forms.draw(rng) for _ in range(_DRAWN)] if forms.shapes else []
        law = forms.power_law()
        coded += [law] if law else []
        coded += [(f.code.tolist(), f.const.tolist()) for f in self.given]
        drawn = _filled(coded, self.most)
        engine.rate(drawn, 0, data, task.arity, _ITERATIONS, work, self.kept)
        best = np.argsort(drawn.score, kind="stable")[:_SETTLERS]
        settlers = People(*(column[best] for column in drawn))
        engine.rate(settlers, 0, data, task.arity, _REFINED_ITERATIONS, work, self.kept)
        made = people(PEOPLE, self.most)
        for k in range(len(best), PEOPLE):
            made.length[k] = grow(
                made.code[k], made.const[k], min(self.most - 2, 2 + k % 10), len(task.x),
                task.arity, chance,
            )  # fmt: skip
        for mine, theirs in zip(made, settlers, strict=True):
            mine[: len(best)] = theirs
        engine.rate(made, 0, data, task.arity, _ITERATIONS, work, self.kept)
        self.people = made
        self.tried += len(drawn.score) + len(best) + PEOPLE

    def _replace(self, data: Data, chance: Array, work: Any) -> None:
        """Children in the place of the people, of whom the best one stays.

        Of children with equal errors one stays, as long as there are others.
        """
        task, new = self.task, people(PEOPLE, self.most)
        best = int(np.argmin(self.people.score))
        for mine, theirs in zip(new, self.people, strict=True):
            mine[0] = theirs[best]
        count = 1
        for _ in range(_ROUNDS):
            breed(self.people, new, count, len(task.x), task.arity, chance)
            task.engine.rate(new, count, data, task.arity, _ITERATIONS, work, self.kept)
            self.tried += PEOPLE - count
            count = _sifted(new, count)
            if count == PEOPLE or self.exact:
                break
        self.people = new

    def _refine(self, data: Data, work: Any) -> None:
        """Fit the best one until there is no gain: what is exact must not wait for its numbers."""
        best = int(np.argmin(self.people.score))
        one = People(*(column[best : best + 1] for column in self.people))
        self.task.engine.rate(one, 0, data, self.task.arity, _REFINED_ITERATIONS, work, self.kept)

    def state(self) -> State:
        """What a later run needs to go on."""
        counters = np.array([self.step, self.idle, self.tried])
        held = {"counters": counters, "low": np.array(self.low)}
        held |= {f"people.{k}": a for k, a in self.people._asdict().items()}
        return held | {f"kept.{k}": a for k, a in self.kept._asdict().items()}

    def restore(self, state: State, head: str) -> bool:
        """Go on from a state of the same task, whose names have such a head; False for no state."""
        self.step, self.idle, self.tried = (int(n) for n in state[f"{head}counters"])
        self.low = float(state[f"{head}low"])
        self.people = People(*(state[f"{head}people.{k}"].copy() for k in People._fields))
        self.kept = Archive(*(state[f"{head}kept.{k}"].copy() for k in Archive._fields))
        code, _, length, _ = self.people
        count = PEOPLE if self.step else 0
        return {len(column) for column in self.people} == {count} and are_formulas(
            code, length, self.task.arity, len(self.task.x)
        )


def rated(task: Task, coded: Sequence[Coded], kept: Archive) -> int:
    """Fit formulas and keep the best of every kind: how many there were."""
    made = _filled(coded, task.max_size)
    task.engine.rate(made, 0, task.data, task.arity, _REFINED_ITERATIONS, task.work(), kept)
    return len(made.score)


def _filled(coded: Sequence[Coded], most: int) -> People:
    """Those that are no longer than that."""
    short = [c for c in coded if len(c[0]) <= most]
    made = people(len(short), most)
    for k, (code, const) in enumerate(short):
        made.code[k, : len(code)], made.const[k, : len(code)] = code, const
        made.length[k] = len(code)
    return made


def _sifted(made: People, first: int) -> int:
    """Move the rows that are worth keeping to the front, of those from the first on: how many.

    They have a value, and no error that another one has.
    """
    marks = (made.score * 1e7).astype(np.int64)
    _, once = np.unique(marks, return_index=True)
    worth = np.sort(once[(once >= first) & (made.score[once] < _LOST)])
    count = first + len(worth)
    for column in made:
        column[first:count] = column[worth]
    return count
