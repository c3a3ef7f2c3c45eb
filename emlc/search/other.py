"""The search for trees over any operator, and what such a tree is at a point."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from emlc.check import Verdict
from emlc.check.reference import Point, Reference
from emlc.errors import ArgumentError
from emlc.parse import parse
from emlc.search.exact import Half, TooLarge, Undefined, run_exact
from emlc.search.general import SECONDS, General, Meeting, begin, grow
from emlc.search.goal import GENERIC, Goal
from emlc.search.halfturn import FINE, LARGEST, PLAIN, RANGE
from emlc.search.program import Program, program
from emlc.search.progress import Pulse, Tell, TimeUp
from emlc.search.refine import split
from emlc.search.result import Found, SearchResult
from emlc.search.run import Limits, row
from emlc.search.table import Array, find, put
from emlc.show import show
from emlc.tables.operators import Operator

_MINUS_INFINITY = "-inf"
_BYTES = 48 + 12 + 22
_NEED_BYTES = 48 + 32 + 22
_MOST = 8
_ENOUGH = 50
_PRECISE = 120


class Trees:
    """Trees over an operator, evaluated in the exact meaning by mpmath."""

    def __init__(self, operator: Operator, digits: int = 60) -> None:
        from mpmath import MPContext

        self.mp: Any = MPContext()
        self.mp.dps = digits
        self.operator = operator
        self.program: Program = program(operator)
        self.constants = [
            (self.mp.mpf(c.numerator) / c.denominator, self.mp.mpf(0))
            for c in self.program.constants
        ]
        self.leaves = {leaf: self._leaf(leaf) for leaf in operator.leaves}

    def _leaf(self, text: str) -> Half:
        if text == _MINUS_INFINITY:
            return -self.mp.inf, self.mp.mpf(0)
        z = Reference(parse(text).root).at({}, self.mp.dps)
        if z is None:
            raise ArgumentError(f"the leaf {text} is no constant")
        return self.half(z)

    def half(self, z: Any) -> Half:
        """A number as the pair of its real part and its imaginary part in half-turns."""
        z = self.mp.mpc(z)
        return z.real, z.imag / self.mp.pi

    def apply(self, operands: Sequence[Half]) -> Half:
        """The operator's value; raises Undefined or TooLarge."""
        return run_exact(self.mp, self.program.steps, [*operands, *self.constants])

    def at(self, rpn: Sequence[str], point: Point) -> Any:
        """The value of a tree as an mpmath number, None where it has none."""
        mp, arity = self.mp, len(self.operator.params)
        values = {**self.leaves, **self._given(point)}
        stack: list[Half] = []
        known: dict[tuple[Half, ...], Half] = {}
        try:
            for token in rpn:
                if token != "E":
                    stack.append(values[token])
                    continue
                operands = tuple(stack[-arity:])
                del stack[-arity:]
                if operands not in known:
                    known[operands] = self.apply(operands)
                stack.append(known[operands])
        except (Undefined, TooLarge):
            return None
        a, b = stack.pop()
        return None if mp.isinf(a) else mp.mpc(a, b * mp.pi)

    def of_tape(self, tape: Sequence[Any], point: Point) -> Any:
        """The value of a tape of tokens and tuples of earlier entries, None where it has none.

        Raises TooLarge where the value of a part has an exponent that is too large.
        """
        values = {**self.leaves, **self._given(point)}
        made: list[Half] = []
        try:
            for entry in tape:
                known = not isinstance(entry, tuple)
                made.append(values[entry] if known else self.apply([made[k] for k in entry]))
        except Undefined:
            return None
        a, b = made[-1]
        return None if self.mp.isinf(a) else self.mp.mpc(a, b * self.mp.pi)

    def _given(self, point: Point) -> dict[str, Half]:
        mp = self.mp
        exact = {
            name: mp.mpc(
                mp.mpf(re.numerator) / re.denominator, mp.mpf(im.numerator) / im.denominator
            )
            for name, (re, im) in point.items()
        }
        return {name: self.half(z) for name, z in exact.items()}

    def compare(self, goal: Goal, rpn: Sequence[str], points: Sequence[Point]) -> Verdict:
        """Whether the tree has the formula's value at the points."""
        worst, compared = 0.0, 0
        for point in points:
            want = goal.reference.at(point, self.mp.dps)
            if want is None:
                continue
            got = self.at(rpn, point)
            error = math.inf if got is None else float(abs(got - want) / (abs(want) or 1))
            if error > 1e-20:
                at = {n: str(re) if not im else f"{re}+{im}i" for n, (re, im) in point.items()}
                tree = "undefined" if got is None else str(complex(got))
                witness = {"at": at, "formula": str(complex(want)), "tree": tree}
                where = ", ".join(f"{n} = {v}" for n, v in at.items())
                how = f"at {where or 'no variable'} the formula is {complex(want)}, the tree {tree}"
                return Verdict("refuted", how, compared, worst, witness)
            worst, compared = max(worst, error), compared + 1
        if compared < (_ENOUGH if goal.names else 1):
            return Verdict("unknown", f"only {compared} points could be compared", compared, worst)
        where = f"{compared} points of the domain" if goal.names else f"{self.mp.dps} digits"
        return Verdict("agrees", f"tree and formula agree at {where}", compared, worst)


def search_operator(goal: Goal, operator: Operator, limits: Limits, tell: Tell) -> SearchResult:
    """Search upwards in the number of operators until a right tree is found or a limit comes.

    When all trees that give the target at the sample point fail elsewhere, the search begins anew
    at a point where they do.
    """
    pulse = Pulse(tell, time.monotonic() + limits.seconds)
    result = SearchResult(show(goal.root), goal.ranges.domain(), goal.mode, operator=operator.name)
    result.arity = len(operator.params)
    candidates = 0
    try:
        point: Point | None = first_points(goal, operator)[0]
        while point is not None:
            run = _Run(goal, operator, limits, point)
            result.terms = result.terms or run.terms()
            point = run.climb(result, pulse)
            candidates += run.table.candidates
    except TimeUp:
        result.stopped, result.complete = "time", False
    except KeyboardInterrupt:
        result.stopped, result.complete = "interrupt", False
    result.found.sort(key=lambda f: (f.k, f.infinities, f.rpn))
    result.seconds = time.monotonic() - pulse.begun
    result.rate = candidates / max(1e-3, result.seconds)
    return result


def first_points(goal: Goal, operator: Operator) -> list[Point]:
    """Generic points to compare at; of the free variable where constants need one."""
    if goal.names:
        return [goal.first_point(), *itertools.islice(goal.generic_points(), 1, 40)]
    if operator.variable:
        return [{"x": (Fraction(g), Fraction(0))} for g in GENERIC if g > 0]
    return [{}]


class _Run:
    def __init__(self, goal: Goal, operator: Operator, limits: Limits, point: Point) -> None:
        self.goal, self.operator, self.limits, self.point = goal, operator, limits, point
        self.trees = Trees(operator)
        self.trial = goal.trial_points()
        leaves = {leaf: _row_of(self.trees, leaf) for leaf in operator.leaves}
        if not goal.names:
            self.trial = [{n: (re + k, re * 0) for n, (re, _) in point.items()}
                          for k in range(_ENOUGH if point else 1)]  # fmt: skip
        leaves |= {n: row(self.trees.mp.mpf(re.numerator) / re.denominator)
                   for n, (re, _) in point.items()}  # fmt: skip
        constants = np.array([row(a) for a, _ in self.trees.constants]).reshape(-1, 6)
        self.table: General = begin(
            self.trees.program, constants, leaves, finite=goal.mode == "finite",
            capacity=int(0.6 * limits.memory / _BYTES),
        )  # fmt: skip
        self.target = row(goal.value(self.point))
        capacity = int(0.3 * limits.memory / _NEED_BYTES)
        self.meeting = Meeting(self.table, self.target, capacity)
        self.undecided = 0

    def terms(self) -> str:
        """What a bound means, in words."""
        row_ = self.operator
        leaves = ", ".join([*row_.leaves, *self.point])
        where = ", ".join(f"{n} = {float(re)!r}" for n, (re, _) in self.point.items())
        blind = ", ".join(row_.params[k] for k in self.meeting.blind)
        return (
            f"trees over {{op({', '.join(row_.params)}) = {row_.formula}, {leaves}}} in the exact "
            f"meaning, compared at {where or 'no variable'}; in every subtree the terms of a sum "
            f"and the sum are zero, infinite or within a factor {RANGE:.0e} of each other, and no "
            f"exponential is taken of a finite size beyond exp(+-{LARGEST:.0f}); values that agree "
            "to 14 digits are one; logarithms undone within 3 pi"
            + (f"; {blind} has no inverse, so that the bound is that of the table" if blind else "")
        )

    def climb(self, result: SearchResult, pulse: Pulse) -> Point | None:
        """Sizes upwards; the point to begin anew at, if trees found here fail there."""
        arity, ops = self.table.arity, 0
        while 1 + arity * ops <= self.limits.max_size:
            size = 1 + arity * ops
            hits, exhaustive = self._of(ops, pulse)
            if hits is None:
                result.stopped, result.complete = "memory", False
                return None
            pulse.settled(size, self.table.start[-1], self.meeting.start[-1])
            bound = size if hits else size + arity
            if exhaustive and bound > result.lower_bound:
                result.lower_bound, result.terms = bound, self.terms()
                result.undecided = self.undecided + self.meeting.lossy
            for rpn in sorted({tuple(h) for h in hits}):
                self._keep(list(rpn), result)
            if result.found:
                return None
            anew = self._elsewhere(hits) if hits else None
            if anew is not None:
                return anew
            ops += 1
        return None

    def _elsewhere(self, hits: list[list[str]]) -> Point | None:
        """A generic point where the trees are not right."""
        for point in first_points(self.goal, self.operator):
            want = self.goal.reference.at(point, self.trees.mp.dps)
            got = [self.trees.at(rpn, point) for rpn in hits]
            if all(z is None or abs(z - want) > 1e-20 * (abs(want) + 1) for z in got):
                return point
        return None

    def _of(self, ops: int, pulse: Pulse) -> tuple[list[list[str]] | None, bool]:
        """Trees that give the target at the point, and whether none was passed over."""
        t = self.table
        while ops > t.top:
            sizes = np.diff(t.start)
            growth = float(sizes[-1] / max(1, sizes[-2])) if len(sizes) > 1 else 10.0
            seconds = sizes[-1] * growth * 1.5 * t.arity * SECONDS
            room = t.start[-1] + sizes[-1] * growth < len(t.value)
            most = 0.25 * self.limits.seconds
            if (room and seconds < most) or t.top < 2:
                size = 1 + t.arity * (t.top + 1)
                pulse.step(size, float(seconds), t.start[-1], self.meeting.start[-1])
                if grow(t, pulse):
                    self._decide()
                    self.meeting = Meeting(t, self.target, len(self.meeting.needs))
                    continue
            if ops > 2 * t.top + 1:
                return None, False
            pulse.step(1 + t.arity * ops, 0.0, t.start[-1], self.meeting.start[-1])
            return self.meeting.through(ops, pulse), not self.meeting.blind
        n = int(find(t.slots, t.value, self.target.reshape(1, 6)))
        return ([t.rpn(n)] if n >= 0 and n < t.start[ops + 1] else []), True

    def _decide(self) -> None:
        """Enter the values that the doubles could not decide, at high precision."""
        t = self.table
        exact = Trees(self.operator, _PRECISE)
        values = {leaf: exact.leaves[leaf] for leaf in self.operator.leaves}
        for name, (re, _) in self.point.items():
            values[name] = exact.mp.mpf(re.numerator) / re.denominator, exact.mp.mpf(0)
        added = t.start[-1]
        for kids in t.lossy:
            v = _precise(exact, t, kids, values)
            if v is None:
                continue
            if added == len(t.value):
                self.undecided += 1
            elif find(t.slots, t.value, v.reshape(1, 6)) < 0:
                t.value[added, 0], t.kids[added] = v, kids
                put(t.slots, added, v)
                added += 1
        t.lossy = []
        t.start[-1] = added

    def _keep(self, rpn: list[str], result: SearchResult) -> None:
        if len(result.found) >= _MOST:
            return
        verdict = self.trees.compare(self.goal, rpn, self.trial)
        if verdict.status != "refuted":
            result.found.append(Found(len(rpn), rpn, verdict, _MINUS_INFINITY in rpn, False))


def _precise(exact: Trees, t: General, kids: tuple[int, ...], values: dict[str, Half]) -> Any:
    """The row of a value at high precision; None outside the terms."""
    memo: dict[str, Half] = {}
    try:
        operands = []
        for k in kids[: t.arity]:
            stack: list[Half] = []
            for token in t.rpn(k):
                if token == "E":
                    parts = stack[-t.arity :]
                    del stack[-t.arity :]
                    key = repr(parts)
                    if key not in memo:
                        memo[key] = exact.apply(parts)
                    stack.append(memo[key])
                else:
                    stack.append(values[token])
            operands.append(stack.pop())
        registers = [*operands, *exact.constants]
        run_exact(exact.mp, exact.program.steps, registers)
    except (Undefined, TooLarge):
        return None
    out: Array = np.empty(6)
    return out if split(exact.mp, registers[-1], out) == FINE else None


def _row_of(trees: Trees, leaf: str) -> Array:
    a, b = trees.leaves[leaf]
    if trees.mp.isinf(a):
        return np.array([float(a), 0.0, 0.0, 0.0, 0.0, PLAIN])
    return row(trees.mp.mpc(a, b * trees.mp.pi))
