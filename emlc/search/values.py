"""Compositions of what a bootstrap has reached, by level, with their values at sample points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from emlc.ir.node import Node
from emlc.search.general import splits
from emlc.search.goal import Goal
from emlc.search.members import (
    SHIFTS,
    VARIABLES,
    Member,
    Sample,
    clean,
    close,
    goals,
    native,
    operate,
    target_of,
)
from emlc.search.other import Trees
from emlc.search.program import Program, inverse
from emlc.search.progress import Pulse
from emlc.search.table import Array
from emlc.tables.operators import Operator
from emlc.tables.primitives import ROWS

Expr = tuple[Any, ...]  # (token,) or (name, Expr, ...); the operator's name is OP
Solver = tuple[str, int, Callable[[Array, Array], Array]]
Peeled = tuple[Callable[[Expr], Expr], Array]
OP = ""
_MOST, _PRODUCT, _CANDIDATES, _OPERANDS = 1_200, 400_000, 20, 4_000
_FEW, _PAIRS = 500, 400


class Known:
    """What has been reached over an operator, as functions of arrays."""

    def __init__(self, operator: Operator, pulse: Pulse) -> None:
        self.operator, self.pulse = operator, pulse
        self.trees = Trees(operator, 40)
        self.goals = goals()
        self.members: dict[str, Member] = {}
        self._solvers: dict[int, list[Solver]] = {}

    def right_pairs(
        self, function: str, rows: Array, values: Array, t: Array
    ) -> list[tuple[int, int]]:
        """Those pairs of rows of values whose function of two, or operator, has these values."""
        if not len(rows):
            return []
        pair = (values[rows[:, 0]], values[rows[:, 1]])
        member = self.members.get(function)
        made = _apply(self, member, pair) if member else operate(self.trees.program, pair)
        right = (np.abs(made - t) <= 1e-10 * (1.0 + np.abs(t))).all(axis=1)
        return [(int(i), int(j)) for i, j in rows[right][:_CANDIDATES]]

    def preimages(self, m: Member, target: Array) -> Iterator[Array]:
        """Values that a function of one makes the target of, by inverses among all functions."""
        rows = [row for row in ROWS if row.paper and len(row.params) == 1]
        tried = [native(self.goals[r.name].reference.root, {"x": target}) for r in rows]
        constants = [c for c in self.members.values() if not c.params]
        for _, _, solve in self.solvers():
            for c in constants:
                at = np.full(target.shape, complex(self.goals[c.name].value({})))
                tried.append(solve(target, at))
        for t in tried:
            root = self.goals[m.name].reference.root
            if not (np.isfinite(t).all() and close(native(root, {"x": clean(t)}), target)):
                continue
            if close(_apply(self, m, (clean(t),)), target):
                yield clean(t)
                return

    def solvers(self) -> list[Solver]:
        """For functions of two: (name, place of the operand sought, its value by the other's)."""
        key = len(self.members)
        if key not in self._solvers:
            made = [
                s for m in self.members.values() if len(m.params) == 2 for s in _inverses(self, m)
            ]
            self._solvers = {key: [*made, *_undone(self.trees.program)]}
        return self._solvers[key]

    def raw(self, m: Member, operands: Sequence[Array]) -> Array:
        """The tree of a member on arrays, in doubles."""
        given = dict(zip(m.params, operands, strict=False))
        made: list[Array] = []
        for entry in m.tape:
            if isinstance(entry, tuple):
                made.append(operate(self.trees.program, [made[k] for k in entry]))
            elif entry in given:
                made.append(given[entry])
            else:
                a, b = self.trees.leaves[entry]
                made.append(np.full_like(operands[0], complex(float(a), float(b) * np.pi)))
        return made[-1]


class Values:
    """Compositions by level with their values at the points of a group, shape (n, points)."""

    def __init__(self, run: Known, group: tuple[Sample, ...], names: tuple[str, ...]) -> None:
        self.run, self.group, self.names = run, group, names
        self.exprs: list[list[Expr]] = [[]]
        self.values: list[Array] = [np.empty((0, len(SHIFTS)), dtype=complex)]
        self.seen: set[bytes] = set()

    @property
    def full(self) -> bool:
        """Whether no further level is kept."""
        return sum(map(len, self.exprs)) > _MOST

    def extend(self, wanted: dict[str, Goal]) -> dict[str, list[Expr]]:
        """Keep the compositions of one level more, unless full: what gives the targets."""
        if self.full:
            return {}
        exprs: list[Expr] = []
        parts: list[Array] = [self.values[0]]
        for e, v in self._made(len(self.exprs)):
            new = self._new(v)
            exprs += [e(k) for k in new]
            parts.append(v[new])
        made = np.concatenate(parts)
        self.exprs.append(exprs)
        self.values.append(made)
        targets = self._targets(wanted)
        return {n: [exprs[k] for k in _giving(made, t)] for n, t in targets.items()}

    def _targets(self, wanted: dict[str, Goal]) -> dict[str, Array]:
        return {n: target_of(g, self.group) for n, g in wanted.items()}

    def met(self, wanted: dict[str, Goal]) -> dict[str, list[Expr]]:
        """Two kept values under a function of two, under one of one perhaps, that give a target."""
        return self._meet(wanted, _OPERANDS, self._peeled)

    def met_wide(self, wanted: dict[str, Goal]) -> dict[str, list[Expr]]:
        """Fewer values, under a function of two whose other operand is a constant."""
        return self._meet(wanted, _FEW, self._beside_constants)

    def _meet(
        self, wanted: dict[str, Goal], most: int, peel: Callable[[Array], Iterator[Peeled]]
    ) -> dict[str, list[Expr]]:
        values = np.concatenate(self.values)[:most]
        useful = np.flatnonzero(((np.abs(values) > 1e-9) & np.isfinite(values)).all(axis=1))
        values = values[useful]
        all_exprs = [e for level in self.exprs for e in level]
        exprs = [all_exprs[k] for k in useful.tolist()]
        at_one = values[:, :1]  # the first point finds pairs, all of them confirm
        mixed = _mixed(at_one)
        order = np.argsort(mixed)
        keys = mixed[order]
        found: dict[str, list[Expr]] = {}
        for name, target in self._targets(wanted).items():
            out = found.setdefault(name, [])
            for wrapped, t in peel(target):
                self.run.pulse()
                for function, place, solve in self.run.solvers():
                    matches = _matches(solve(t[:1], at_one), keys, order)
                    rows = np.array([(i, j) if place == 1 else (j, i) for i, j in matches])
                    for i, j in self.run.right_pairs(function, rows, values, t):
                        out.append(wrapped((function, exprs[i], exprs[j])))
        return found

    def _beside_constants(self, target: Array) -> Iterator[Peeled]:
        """What a target is of under a function of two with a constant."""
        for function, place, solve in self.run.solvers():
            for c in self.run.members.values():
                if c.params:
                    continue
                at = np.full(target.shape, complex(self.run.goals[c.name].value({})))
                t = clean(solve(target, at))
                if np.isfinite(t).all():

                    def wrapped(
                        e: Expr, f: str = function, c: str = c.name, p: int = place
                    ) -> Expr:
                        return (f, (c,), e) if p == 1 else (f, e, (c,))

                    yield wrapped, t

    def _peeled(self, target: Array) -> Iterator[Peeled]:
        """The target, and what a known function of one makes it of."""
        yield (lambda e: e), target
        for m in self.run.members.values():
            if len(m.params) != 1 or m.name in VARIABLES:
                continue
            for t in self.run.preimages(m, target):
                yield (lambda e, m=m: (m.name, e)), t  # type: ignore[misc]

    def _made(self, level: int) -> Iterator[tuple[Callable[[int], Expr], Array]]:
        """Blocks of values with the expression of each row."""
        if level == 1:
            for token, v in self._leaves():
                yield (lambda k, token=token: (token,)), v[None, :]  # type: ignore[misc]
            return
        functions = [m for m in self.run.members.values() if m.params and m.name not in VARIABLES]
        below = self.exprs[level - 1]
        for m in functions:
            if len(m.params) == 1:
                made = _apply(self.run, m, (self.values[level - 1],))
                yield (lambda k, m=m, b=below: (m.name, b[k])), made  # type: ignore[misc]
        for shares in _shares(level - 1, len(self.run.operator.params)):
            yield from self._operated(shares, None)
        for m in functions:
            if len(m.params) == 2:
                for shares in _shares(level - 1, 2):
                    yield from self._operated(shares, m)

    def _operated(
        self, shares: tuple[int, ...], m: Member | None
    ) -> Iterator[tuple[Callable[[int], Expr], Array]]:
        """The operator, or a member, on all operands of some levels."""
        sizes = [len(self.exprs[s]) for s in shares]
        if not 0 < math.prod(sizes) <= _PRODUCT:
            return
        chosen = np.unravel_index(np.arange(math.prod(sizes)), sizes)
        operands = tuple(self.values[s][c] for s, c in zip(shares, chosen, strict=True))
        name = OP if m is None else m.name

        def expr(k: int) -> Expr:
            return (name, *(self.exprs[s][c[k]] for s, c in zip(shares, chosen, strict=True)))

        if m is None:
            yield expr, operate(self.run.trees.program, operands)
        else:
            yield expr, _apply(self.run, m, operands)

    def _leaves(self) -> Iterator[tuple[str, Array]]:
        points = len(SHIFTS)
        shifted = [self.group[1][k] for k in SHIFTS]
        for name, at in zip(VARIABLES, (self.group[0], shifted), strict=True):
            if name in self.names:
                yield name, np.array(at, dtype=complex)
        for leaf in self.run.operator.leaves:
            a, b = self.run.trees.leaves[leaf]
            yield leaf, np.full(points, complex(float(a), float(b) * np.pi))
        for name, m in self.run.members.items():
            if not m.params and name not in self.run.operator.leaves:
                z = complex(self.run.goals[name].value({}))
                yield name, np.full(points, z)

    def _new(self, v: Array) -> list[int]:
        """The rows that are defined and have not been seen."""
        out: list[int] = []
        good = np.isfinite(v).all(axis=1) & (np.abs(v) < 1e6).all(axis=1)
        good |= (v.shape[0] == 1) & ~np.isnan(v).any(axis=1)
        with np.errstate(over="ignore"):  # of values that are large or not good
            keys = np.round(v, 9) + (0.0 + 0.0j)
        for k in np.flatnonzero(good).tolist():
            key = keys[k].tobytes()
            if key not in self.seen:
                self.seen.add(key)
                out.append(k)
        return out


def _giving(v: Array, want: Array) -> list[int]:
    """The rows of values that are the target's."""
    near = np.flatnonzero(np.abs(v[:, 0] - want[0]) <= 1e-9 * max(1.0, abs(want[0])))
    close = np.abs(v[near] - want) <= 1e-9 * np.maximum(1.0, np.abs(want))
    return [int(k) for k in near[close.all(axis=1)]]


def _shares(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to share levels among operands, one at least for each."""
    return (tuple(n + 1 for n in share) for share in splits(total - parts, parts))


@np.errstate(all="ignore")
def _apply(run: Known, m: Member, operands: tuple[Array, ...]) -> Array:
    """The value of a member's tree on arrays: the member's where they are known to agree."""
    goal_ = run.goals[m.name]
    values = dict(zip(m.params, operands, strict=True))
    made = clean(native(goal_.reference.root, values))
    real = np.logical_and.reduce([z.imag == 0 for z in operands])
    strip = np.logical_and.reduce([np.abs(z.imag) < np.pi * (1 - 1e-9) for z in operands])
    natural = real & (made.imag == 0)
    kinds = np.where(natural, 0, np.where(real, 1, np.where(strip, 2, 3)))
    wrong = ~np.array(m.right)[kinds]
    if wrong.any():  # there the tree means something else: what, it says itself
        made[wrong] = run.raw(m, [np.broadcast_to(z, made.shape)[wrong] for z in operands])
    return made


def _inverses(run: Known, m: Member) -> Iterator[Solver]:
    """How a function of two is undone by one of two, tried on numbers."""
    a, b = np.array([1.7 + 0j, 0.6 + 0j]), np.array([0.8 + 0j, 2.3 + 0j])
    t = _apply(run, m, (a, b))
    for row in ROWS:
        if not row.paper or len(row.params) != 2:
            continue
        root = run.goals[row.name].reference.root
        for place, (known, sought) in ((1, (a, b)), (0, (b, a))):
            for first in (True, False):

                def solve(t: Array, c: Array, root: Node = root, first: bool = first) -> Array:
                    x, y = (t + 0 * c, c) if first else (c, t + 0 * c)
                    return native(root, {"x": x, "y": y})

                if close(solve(t, known), sought):
                    yield m.name, place, solve
                    break


def _undone(program: Program) -> Iterator[Solver]:
    """How an operator of two is undone."""
    for param in range(program.inputs if program.inputs == 2 else 0):
        back = inverse(program, param)
        if back is None:
            continue

        def solve(t: Array, c: Array, back: Program = back) -> Array:
            return operate(back, (t + 0 * c, c, c))

        yield OP, param, solve


def _mixed(v: Array) -> Array:
    """One number for the values at all points."""
    weights = np.cos(1.0 + np.arange(v.shape[1]))
    return np.asarray((v.real + 0.7364201193 * v.imag) @ weights)


def _matches(need: Array, keys: Array, order: Array) -> Iterator[tuple[int, int]]:
    """Pairs (i, j) such that row i of what is needed has the j-th of the sorted keys."""
    good: Array = np.asarray(np.isfinite(need).all(axis=1))
    known = np.where(good[:, None], need, 0.0)
    mixed = np.where(good, _mixed(known), np.inf)
    width = 1e-9 * np.maximum(1.0, np.max(np.abs(known), axis=1))
    first: Array = np.asarray(keys.searchsorted(mixed - width))
    last = mixed + width
    some = np.flatnonzero(good & (keys[np.minimum(first, len(keys) - 1)] <= last))
    for i in some[:_PAIRS].tolist():
        for k in range(int(first[i]), len(keys)):
            if keys[k] > last[i]:
                break
            yield i, int(order[k])
