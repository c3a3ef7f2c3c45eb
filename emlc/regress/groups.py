"""Groups of populations, in one process or several, and the archive that they share."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from emlc.errors import MissingError
from emlc.lower.threads import processors
from emlc.regress.archive import Archive, archive
from emlc.regress.evolve import PEOPLE, Population, Task, rated
from emlc.regress.forms import Coded
from emlc.regress.keep import State, alike, are_formulas
from emlc.tables.primitives import Primitive

_GROUP = 6
_MOST_COUNTED = 1e15
_WARM: set[tuple[Primitive, ...]] = set()


class Groups:
    """Populations in groups, each group starting from what the ones before it kept.

    The members of a group know nothing of each other: with up to six processes the result does not
    depend on how many they are. A group ends early with its first exact member.
    """

    def __init__(self, task: Task, seed: int, jobs: int = 1) -> None:
        self.task, self.seed = task, seed
        self.jobs = jobs if jobs > 0 else max(1, processors() + 1 + jobs)
        self.kept = archive(task.max_size)
        self.before = 0
        self._next(0)

    def begin(self, coded: Sequence[Coded]) -> None:
        """Start with what such formulas are worth, their numbers fitted."""
        self.before += rated(self.task, coded, self.kept)
        self._next(0)

    def _next(self, number: int) -> None:
        count, given = max(_GROUP, self.jobs), self.kept.front()
        self.members = [Population(self.task, self.seed, number + k, given) for k in range(count)]
        self.number = number

    @property
    def tried(self) -> int:
        """How many formulas were fitted."""
        return self.before + sum(member.tried for member in self.members)

    @property
    def exact(self) -> bool:
        """Whether there is nothing to improve."""
        return self.task.exact(self.kept)

    def over(self, most: float) -> bool:
        """Whether it has ended, if about so many formulas may be fitted."""
        return self.exact or self.before >= most

    def run(self, until: float, most: float = np.inf) -> None:
        """Breed until the time comes or it has ended, once at the least."""
        while not self.over(most) and (not self.tried or time.monotonic() < until):
            count = self._counted(most)
            if count:
                self._close(count)
            else:
                self._advance(until, most - self.before)

    def _counted(self, most: float) -> int:
        """How many members count: up to the first that is exact or reaches the limit; 0 if some of
        them are not done."""
        tried = self.before
        for k, member in enumerate(self.members):
            if not member.done(most - self.before):
                return 0
            tried += member.tried
            if member.exact or tried >= most:
                return k + 1
        return len(self.members)

    def _close(self, count: int) -> None:
        for member in self.members[:count]:
            self.kept.merge(member.kept)
            self.before += member.tried
        self._next(self.number + count)

    def _advance(self, until: float, most: float) -> None:
        """Run members that are not done, as many at once as there are processes."""
        due = []
        for member in self.members:
            if member.exact:
                break
            if not member.done(most):
                due.append(member)
        if self.jobs == 1 or len(due) == 1:
            due[0].run(until, most)
            return
        joblib = _joblib()
        seconds = until - time.monotonic()
        jobs = [joblib.delayed(_advanced)(m, seconds, most) for m in due[: self.jobs]]
        for member in joblib.Parallel(n_jobs=self.jobs)(jobs):
            self.members[member.number - self.number] = member

    def view(self) -> Archive:
        """What is known, of members that are not done as well."""
        found = archive(self.task.max_size)
        for kept in (self.kept, *(member.kept for member in self.members)):
            found.merge(kept)
        return found

    def state(self) -> State:
        """What a later run needs to go on."""
        counters = [self.number, self.before, len(self.members)]
        held = {"seed": np.array(self.seed), "counters": np.array(counters)}
        held |= {f"kept.{name}": a for name, a in self.kept._asdict().items()}
        for k, member in enumerate(self.members):
            held |= {f"{k}.{name}": a for name, a in member.state().items()}
        return held

    def restore(self, state: State) -> bool:
        """Go on from a state of the same task; False for one that no run has, which is not used."""
        counters = state.get("counters", np.zeros(0))
        if counters.shape != (3,) or counters.min() < 0 or counters.max() > _MOST_COUNTED:
            return False
        self.number, self.before, count = (int(n) for n in counters)
        if count > len(state) or not _is_archive(state, "kept.", self.task):
            return False
        self.kept.merge(Archive(*(state[f"kept.{name}"] for name in Archive._fields)))
        given = self.kept.front()
        self.members = [
            Population(self.task, self.seed, self.number + k, given) for k in range(count)
        ]
        return alike(state, self.state()) and all(
            _is_archive(state, f"{k}.kept.", self.task) and member.restore(state, f"{k}.")
            for k, member in enumerate(self.members)
        )


def _is_archive(state: State, head: str, task: Task) -> bool:
    """Whether a state has, under names with such a head, formulas of the task in their kinds."""
    empty = archive(task.max_size)
    found = {name: a for name in Archive._fields if (a := state.get(f"{head}{name}")) is not None}
    if not alike(found, empty._asdict()):
        return False
    kept = Archive(**found)
    used = kept.used
    return are_formulas(kept.code[used], kept.length[used], task.arity, len(task.x))


def _advanced(member: Population, seconds: float, most: float) -> Population:
    """A population some time later, in a process of its own."""
    warm(member.task)
    member.run(time.monotonic() + seconds, most)
    return member


def warm(task: Task) -> None:
    """Run the engine for a moment on three rows."""
    if task.rows in _WARM:
        return
    x, y = np.array([[0.3, 0.5, 0.7]]), np.array([0.3, 0.7, 0.4])
    small = replace(task, x=x, y=y, w=np.full(3, 1 / 3), max_size=12)
    Population(small, 0, 0).run(math.inf, 5 * PEOPLE)
    _WARM.add(task.rows)


def _joblib() -> Any:
    try:
        import joblib
    except ImportError:
        raise MissingError(
            "several processes need joblib", hint='pip install "emlc[regress]"'
        ) from None
    return joblib
