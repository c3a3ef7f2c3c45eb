"""What is searched for: a formula with its domain, as values at sample points."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from emlc.check.compare import Comparison, middle
from emlc.check.points import Filter, draw, sample
from emlc.check.reference import Point, Reference
from emlc.errors import ArgumentError, DomainError
from emlc.ir.node import Node, variables
from emlc.ir.tape import Tape
from emlc.lower.balls import Ball, evaluate, evaluate_all
from emlc.passes.ranges import Ranges, declare, ranges
from emlc.passes.simplify import simplify
from emlc.show import show

# Doubles near constants that no small tree is known to give.
GENERIC = tuple(
    Fraction(x)
    for x in (
        0.5772156649015329, 1.3063778838630806, 0.2614972128476428, 3.3598856662431776,
        -0.8346268416740732, -2.6854520010653064, 0.0712360183, 17.423918316, -31.23947125,
    )
)  # fmt: skip
DIGITS = 40
_TRIED = 60
_CLOSELY = 4


@dataclass(frozen=True, eq=False)
class Goal:
    """A formula, its domain, and the reference values at points."""

    root: Node
    ranges: Ranges
    reference: Reference
    mode: str
    declared: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables of the formula, sorted."""
        return variables(self.root)

    def value(self, point: Point) -> Any:
        """The formula there as an mpmath number, or None."""
        return self.reference.at(point, DIGITS)

    def first_point(self) -> Point:
        """A generic point of the domain, positive if it has one."""
        for point in self.generic_points():
            return point
        for point in sample(self.ranges, 40, 1):
            if self.value(point):
                return point
        raise DomainError(f"no sample point in the domain of {show(self.root)}")

    def generic_points(self) -> Iterator[Point]:
        """Points of the domain without known relations, positive ones first."""
        for values in itertools.permutations(GENERIC, len(self.names)):
            point: Point = {n: (v, Fraction(0)) for n, v in zip(self.names, values, strict=True)}
            if self.allows(point) and self.value(point) is not None:
                yield point

    def allows(self, point: Point) -> bool:
        """Whether the point satisfies the domain and its conditions."""
        inside = all(self.ranges.variables[n].contains(*v) for n, v in point.items())
        return inside and self._filter(point)

    @cached_property
    def _filter(self) -> Filter:
        return Filter(self.ranges)

    def trial_points(self) -> list[Point]:
        """Points at which a tree must be right: specials too, unless the mode forgives them."""
        if not self.names:
            return [{}]
        if self.mode != "shortest":
            points = list(sample(self.ranges, _TRIED, 7))
        else:
            points = []
        rng = random.Random(11)
        for _ in range(200):
            drawn = {n: draw(self.ranges.variables[n], rng) for n in self.names}
            point = {n: v for n, v in drawn.items() if v is not None}
            if len(point) == len(drawn) and self.allows(point):
                points.append(point)
            if len(points) >= 2 * _TRIED:
                break
        return [p for p in points if self.value(p) is not None]


def goal(target: Node, declared: Mapping[str, str] | None = None, mode: str = "exact") -> Goal:
    """The goal of a formula; raises DomainError where it has no value that can be compared."""
    root = simplify(target)
    unknown = sorted(set(declared or {}) - set(variables(root)))
    if unknown:
        raise ArgumentError(f"{unknown[0]} is not a variable of the target")
    made = Goal(
        root, ranges(root, declare(declared or {})), Reference(root), mode, dict(declared or {})
    )
    if not made.names and made.value({}) is None:
        raise DomainError(
            f"{show(root)} has no value to search for",
            hint="it is undefined, or a part of it is too large to compare",
        )
    return made


def first_failure(goal: Goal, tape: Tape, points: Sequence[Point], finite: bool) -> Point | None:
    """The first point at which the tree is not right, or None.

    What doubles do not tell apart is compared to many digits at some of the points.
    """
    for point in points:
        want = goal.value(point)
        if want is None:
            continue
        if finite:
            parts = evaluate_all(tape, dict(point), 17)
            if any(b.kind == "infinite" for b in parts):
                return point
            ball = parts[-1]
        else:
            ball = evaluate(tape, dict(point), 20)
        if ball.kind == "undecided":
            continue
        if not agrees(ball, want, 1e-15):
            return point
    closely = Comparison(goal.reference, tape)
    return next((p for p in points[:_CLOSELY] if closely.at(p) is not None), None)


def agrees(ball: Ball, want: Any, tolerance: float) -> bool:
    """Whether a ball is the wanted number, relatively."""
    if ball.kind != "finite":
        return False
    import mpmath

    with mpmath.workdps(DIGITS):
        return bool(abs(middle(ball) - want) <= tolerance * max(abs(want), mpmath.mpf(1e-25)))
