"""The search for trees over any operator, and what such a tree is at a point."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from emlc.check import Verdict
from emlc.check.reference import Point, Reference
from emlc.errors import ArgumentError
from emlc.ir.node import variables
from emlc.parse import parse
from emlc.search.checkpoint import Checkpoint
from emlc.search.exact import Half, TooLarge, Undefined, run_exact
from emlc.search.general import GROW_NS, General, begin, grow, growth, pairs
from emlc.search.goal import GENERIC, Goal
from emlc.search.halfturn import LARGEST, PLAIN, RANGE
from emlc.search.opposite import Meeting
from emlc.search.precise import DIGITS, Precise
from emlc.search.program import Program, program, split
from emlc.search.progress import Pulse, Tell, TimeUp
from emlc.search.result import Found, SearchResult
from emlc.search.run import Limits, row
from emlc.search.table import Array, find
from emlc.show import show
from emlc.tables.operators import Operator

_MINUS_INFINITY = "-inf"
_MOST = 8
_ENOUGH, _FEW = 50, 20
_FINE = 320  # digits
_SEED = 4  # operators of a table before meetings begin


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

    @cached_property
    def fine(self) -> Trees:
        """The same with more digits: what differs there does differ."""
        return Trees(self.operator, _FINE)

    def _leaf(self, text: str) -> Half:
        if text == _MINUS_INFINITY:
            return -self.mp.inf, self.mp.mpf(0)
        root = parse(text).root
        z = None if variables(root) else Reference(root).at({}, self.mp.dps)
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
        """The value of a tree as an mpmath number, None where it has none; raises TooLarge."""
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
        except Undefined:
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
            try:
                got = self.at(rpn, point)
                if not near(got, want):
                    got = self.fine.at(rpn, point)
            except TooLarge:
                continue
            error = math.inf if got is None else float(abs(got - want) / (abs(want) or 1))
            if not near(got, want):
                at = {n: str(re) if not im else f"{re}+{im}i" for n, (re, im) in point.items()}
                tree = "undefined" if got is None else str(complex(got))
                witness = {"at": at, "formula": str(complex(want)), "tree": tree}
                where = ", ".join(f"{n} = {v}" for n, v in at.items())
                how = f"at {where or 'no variable'} the formula is {complex(want)}, the tree {tree}"
                return Verdict("refuted", how, compared, worst, witness)
            worst, compared = max(worst, error), compared + 1
        if compared < (_ENOUGH if goal.names else 1):
            return Verdict("unknown", f"only {compared} points could be compared", compared, worst)
        where = f"{compared} points of the domain" if goal.names else "30 digits"
        return Verdict("agrees", f"tree and formula agree at {where}", compared, worst)


def near(got: Any, want: Any) -> bool:
    """Whether a value is the one wanted, to 30 digits; None is not."""
    return got is not None and bool(abs(got - want) <= 1e-30 * (abs(want) or 1))


def table_of(operator: Operator, point: Point, limits: Limits, *, finite: bool) -> General:
    """The table of the leaves at a point."""
    trees = Trees(operator, DIGITS)
    rows = {leaf: _row_of(trees, leaf) for leaf in operator.leaves}
    exact = [trees.leaves[leaf] for leaf in operator.leaves]
    for name, (re, _) in point.items():
        exact.append((trees.mp.mpf(re.numerator) / re.denominator, trees.mp.mpf(0)))
        rows[name] = row(exact[-1][0])
    constants = np.array([row(a) for a, _ in trees.constants]).reshape(-1, 6)
    precise = Precise(operator, split(trees.program), exact, trees.mp)
    memory = 0.65 * limits.memory
    return begin(operator, constants, rows, precise, finite=finite, memory=memory)


def search_operator(goal: Goal, operator: Operator, limits: Limits, tell: Tell) -> SearchResult:
    """Search upwards in the number of operators until a right tree is found or a limit comes.

    When all trees that give the target at the sample point fail elsewhere, the search begins anew
    at a point where they do. Raises ArgumentError for options that only eml knows.
    """
    if limits.scheduler is not None or limits.every:
        which = "a cluster" if limits.scheduler is not None else "the list of all trees"
        raise ArgumentError(f"{which} is for the operator eml alone")
    pulse = Pulse(tell, time.monotonic() + limits.seconds)
    result = SearchResult(show(goal.root), goal.ranges.domain(), goal.mode, operator=operator.name)
    result.arity = len(operator.params)
    kept = Checkpoint(limits.checkpoint, result, operator.leaves)
    candidates = 0
    try:
        points = first_points(goal, operator)
        point: Point | None = points[0]
        while point is not None:
            run = _Run(goal, operator, limits, point)
            result.terms = result.terms or run.terms()
            points = [p for p in points if p != point]
            point = run.climb(result, pulse, kept, points)
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
        if not goal.names:
            self.trial = [{n: (re + k, re * 0) for n, (re, _) in point.items()}
                          for k in range(_ENOUGH if point else 1)]  # fmt: skip
        self.table = table_of(operator, point, limits, finite=goal.mode == "finite")
        self.target = row(goal.value(self.point))
        self.meeting = Meeting(self.table, self.target, 0.3 * limits.memory)
        self.meeting.threads = limits.threads
        self.exhaustive = True

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
            "to 14 digits are one; subtrees larger than the table are not 0 or infinite, and their "
            "phases are within 3 pi"
            + (f"; {blind} has no inverse: the bound is that of the table" if blind else "")
        )

    def climb(
        self, result: SearchResult, pulse: Pulse, kept: Checkpoint, points: list[Point]
    ) -> Point | None:
        """Sizes upwards; the point to begin anew at, if trees found here fail there."""
        arity = self.table.arity
        ops = (max(0, kept.settled - 1) + arity) // arity if kept.settled else 0
        before = kept.passed
        while 1 + arity * ops <= self.limits.max_size:
            size = 1 + arity * ops
            hits, complete = self._of(ops, pulse)
            self.exhaustive = self.exhaustive and complete
            if hits is None:
                result.stopped, result.complete = "memory", False
                return None
            pulse.settled(size, self.table.start[-1], self.meeting.start[-1])
            for rpn in sorted({tuple(h) for h in hits}):
                pulse()
                self._keep(list(rpn), result)
            bound = size if hits else size + arity
            if self.exhaustive and bound > result.lower_bound:
                result.lower_bound, result.terms = bound, self.terms()
                lossy = before + self.table.undecided + self.meeting.lossy
                result.undecided = max(result.undecided, lossy)
            if result.found:
                return None
            anew = self._elsewhere(hits, points, pulse) if hits else None
            if anew is not None:
                return anew
            self.exhaustive = self.exhaustive and not hits  # what else has that value is not kept
            if self.exhaustive:
                kept.save(size, before + self.meeting.passed, result)
            ops += 1
        return None

    def _elsewhere(self, hits: list[list[str]], points: list[Point], pulse: Pulse) -> Point | None:
        """A generic point where the trees, or the first few of many, are not right."""
        for point in points:
            pulse()
            want = self.goal.reference.at(point, self.trees.mp.dps)
            try:
                if not any(near(self.trees.at(rpn, point), want) for rpn in hits[:_FEW]):
                    return point
            except TooLarge:
                continue
        return None

    def _of(self, ops: int, pulse: Pulse) -> tuple[list[list[str]] | None, bool]:
        """Trees that give the target at the point, and whether none was passed over."""
        t, m = self.table, self.meeting
        while ops > t.top:
            growing = pairs(t, t.top + 1) * GROW_NS * 1e-9
            room = t.start[-1] + t.count(t.top) * growth(t) < len(t.value) or t.top < _SEED
            if not room:
                growing = math.inf
            needs, meeting = m.forecast(ops) if m.reaches(ops) else (0.0, math.inf)
            if needs > len(m.needs) or (not np.any(self.target[:3]) and self.target[5] == PLAIN):
                meeting = math.inf
            if t.top < _SEED and room:
                meeting = math.inf
            if math.isinf(min(growing, meeting)):
                return None, False
            size = 1 + t.arity * (ops if meeting <= growing else t.top + 1)
            pulse.step(size, min(growing, meeting), t.start[-1], m.start[-1])
            if meeting <= growing:
                return m.through(ops, pulse), m.complete(ops)
            if not grow(t, pulse):
                if math.isinf(meeting):
                    return None, False
                return m.through(ops, pulse), m.complete(ops)
        n = int(find(t.slots, t.value, self.target.reshape(1, 6)))
        return ([t.rpn(n)] if n >= 0 and n < t.start[ops + 1] else []), True

    def _keep(self, rpn: list[str], result: SearchResult) -> None:
        if len(result.found) >= _MOST:
            return
        verdict = self.trees.compare(self.goal, rpn, self.trial)
        if verdict.status != "refuted":
            result.found.append(Found(len(rpn), rpn, verdict, _MINUS_INFINITY in rpn, False))


def _row_of(trees: Trees, leaf: str) -> Array:
    a, b = trees.leaves[leaf]
    if trees.mp.isinf(a):
        return np.array([float(a), 0.0, 0.0, 0.0, 0.0, PLAIN])
    return row(trees.mp.mpc(a, b * trees.mp.pi))
