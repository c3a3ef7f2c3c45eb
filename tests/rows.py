"""Rows of the tables made ready for sampling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mpmath

from emlc.check.compare import _difference
from emlc.check.points import sample
from emlc.check.reference import Point, Reference
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Node, Var
from emlc.ir.tape import Tape
from emlc.lower.balls import Ball, evaluate
from emlc.passes.ranges import Ranges
from emlc.passes.templates import Template
from emlc.tables.witnesses import BODIES, TREES, Witness

TREE_ROWS = [(name, row) for name, rows in TREES.items() for row in rows]
BODY_ROWS = [(name, row) for name, rows in BODIES.items() for row in rows]


def label(value: object) -> str:
    """The name of a row in a test's id."""
    return value.computes if isinstance(value, Witness) else str(value)


def row_ranges(template: Template) -> Ranges:
    """What a row takes for granted of its parameters."""
    stated = {n.head.name: d for n, d in template.needed if isinstance(n.head, Var)}
    found = Ranges({p: stated.get(p, domain("complex")) for p in template.params}, frozenset())
    for part, d in template.needed:
        if not isinstance(part.head, Var):
            found.conditions[part] = d
        found.learn(part, d)
    for part, d in template.given:
        found.learn(part, d)
    return found


def lies_in(value: Any, held: Domain) -> bool:
    """Whether the set holds the number, ends and cuts to the last digit but ten."""
    turns = value.imag / mpmath.pi
    for part, side in ((value.real, held.re), (turns, held.im)):
        low, high = part - side.lo, side.hi - part
        if min(low, high) < -1e-12 or (low == 0 and side.lo_open) or (high == 0 and side.hi_open):
            return False
    if held.integer and abs(value - round(value.real)) > 1e-12:
        return False
    return bool(value) or not held.excludes(0.0)


def is_off(template: Template, point: Point) -> bool:
    """Whether a point is one of those that the row says it is not right at."""
    for part, values in template.off:
        at = Reference(part).at(point, 20)
        if at is not None and any(abs(complex(at) - float(v)) < 1e-15 for v in values):
            return True
    return False


def compared(
    tape: Tape, formula: Node, points: Iterator[Point]
) -> Iterator[tuple[Point, Ball, Any, float]]:
    """Point, tree, formula and their relative difference, where both are known."""
    reference = Reference(formula)
    for point in points:
        want = reference.at(point, 30)
        if want is None:
            continue
        got = evaluate(tape, point, 14, 1 << 12)
        if got.kind != "undecided":
            yield point, got, want, _difference(got, want)


def sampled(template: Template, count: int) -> Iterator[Point]:
    """Points of a row's domain, specials first."""
    return sample(row_ranges(template), count, 7)
