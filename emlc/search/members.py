"""The primitives to be reached, where they are compared, and their values in complex doubles."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from emlc.check import Verdict
from emlc.check.points import specials
from emlc.check.reference import Point, Reference
from emlc.ir.node import Lit, Node, Var, fold
from emlc.parse import parse
from emlc.passes.choices import Exclusion
from emlc.search.goal import Goal, goal
from emlc.search.program import ADD, CUT, EXP, LN, MUL, SUB, TURNED
from emlc.search.table import Array
from emlc.tables.primitives import ROWS, Primitive

COMPARED = 60
PROBES = 10
_NUMBERS = ("1", "-1", "2")
VARIABLES = ("x", "y")
# points at which targets of a domain are compared, generic and of both signs where it has both
_REAL = (0.5772156649015329, -0.8346268416740732, 1.3063778838630806, -1.2614972128476428)
_POSITIVE = (0.5772156649015329, 1.3063778838630806, 3.3598856662431776, 0.2614972128476428)
_UNIT = (0.5772156649015329, -0.8346268416740732, 0.2614972128476428, -0.0712360183)
_LARGE = (1.3063778838630806, 3.3598856662431776, 2.6854520010653064, 5.2614972128476428)
Sample = tuple[float, ...]
_GROUPS = (_REAL, _POSITIVE, _UNIT, _LARGE)
SHIFTS = (2, 0, 3, 1)  # of the points of y


@dataclass(frozen=True, slots=True)
class Member:
    """A primitive that has been reached.

    by       the formula by earlier members that gave it
    k, dag   nodes of its tree over the operator alone, written out, and its distinct subtrees
    verdict  how the tree compares with it at generic points of the natural real domain
    off      points of that domain at which the tree is not right: those that the proof leaves
             out, or special ones that were tried
    """

    name: str
    params: tuple[str, ...]
    by: str
    k: int
    dag: int
    verdict: Verdict
    off: tuple[str, ...]
    tape: tuple[Any, ...] = field(repr=False)
    right: tuple[bool, ...] = field(repr=False)
    excluded: tuple[Exclusion, ...] = field(default=(), repr=False)


def goals() -> dict[str, Goal]:
    """The 36 primitives of the paper, by name, with their natural domains."""
    rows = {n: n for n in (*_NUMBERS, *VARIABLES)}
    for row in ROWS:
        if row.paper:
            letters = ",".join(VARIABLES[: len(row.params)])
            rows[row.name] = f"{row.name}({letters})" if letters else row.name
    return {name: goal(parse(text).root, None, "shortest") for name, text in rows.items()}


def special_points(goal_: Goal) -> list[Point]:
    """Points of the domain that trees are often wrong at."""
    lists = [[p for p in specials(goal_.ranges.variables[n])[:9] if not p[1]] for n in goal_.names]
    points = [dict(zip(goal_.names, p, strict=True)) for p in itertools.product(*lists)]
    return [p for p in points if goal_.names and goal_.allows(p) and goal_.value(p) is not None]


def drawn(rng: random.Random, params: tuple[str, ...], kind: int) -> Point:
    """Numbers of a class: reals of any sign; the strip of one turn; the plane beyond it."""
    high = (0.0, 0.0, 3.0, 9.0)[kind]
    while True:
        point = {}
        for n in params:
            real = kind == 1 or (len(params) > 1 and rng.random() < 0.4)
            im = Fraction(0) if real else Fraction(rng.uniform(-high, high)).limit_denominator(999)
            re = Fraction(0) if not real and rng.random() < 0.3 else Fraction(
                rng.uniform(-3, 3)).limit_denominator(999)  # fmt: skip
            point[n] = (re, im)
        if kind == 1 or any(v[1] for v in point.values()):
            return point


@cache
def group_of(goal_: Goal) -> tuple[Sample, ...]:
    """The first points of x and of y that lie in the domain of a target."""
    for group in itertools.product(_GROUPS, _GROUPS):
        if all(goal_.allows(p) and goal_.value(p) is not None for p in points_of(goal_, group)):
            return group
    return _POSITIVE, _POSITIVE


def points_of(goal_: Goal, group: tuple[Sample, ...]) -> list[Point]:
    at = dict(zip(VARIABLES, group, strict=True))
    return [
        {n: (Fraction(at[n][k if n == "x" else SHIFTS[k]]), Fraction(0)) for n in goal_.names}
        for k in range(len(SHIFTS))
    ]


@cache
def target_of(goal_: Goal, group: tuple[Sample, ...]) -> Array:
    """The values of a target at the points of a group."""
    return np.array([complex(goal_.value(p)) for p in points_of(goal_, group)])


@cache
def wanted_of(goal_: Goal) -> list[tuple[Point, Any]]:
    """Generic points of the domain, with the values there."""
    return [(p, goal_.reference.at(p, 40)) for p in goal_.trial_points()[:COMPARED]]


def clean(z: Array) -> Array:
    """Parts that are only rounding set to +0."""
    size = np.where(np.isfinite(z), np.abs(z) * 1e-13, 0.0)
    re = np.where(np.abs(z.real) <= size, 0.0, z.real)
    im = np.where((np.abs(z.imag) <= size) | np.isinf(z.real), 0.0, z.imag)
    out = np.empty(z.shape, dtype=complex)
    out.real, out.imag = re, im
    return out


@np.errstate(all="ignore")
def operate(program: Any, operands: Sequence[Array]) -> Array:
    """The operator on arrays of complex doubles, principal values; nan where it has none."""
    registers = [*operands, *(np.full_like(operands[0], float(c)) for c in program.constants)]
    for code, i, j in program.steps:
        x, y = registers[i], registers[j]
        if code in (EXP, CUT):
            v = np.where(np.isneginf(x.real), 0.0, np.exp(x))
        elif code in (LN, TURNED):
            v = np.log(x)
        elif code in (ADD, SUB):
            v = x + y if code == ADD else x - y
            v = np.where(np.abs(v) < 1e-13 * np.abs(x), 0.0, v)
        else:
            v = x * y if code == MUL else x / y
        registers.append(clean(v))
    out: Array = registers[-1]
    return out


@np.errstate(all="ignore")
def native(root: Node, values: dict[str, Array]) -> Array:
    """A formula over ground rows on arrays of complex doubles, by numpy's functions."""
    shape = next(iter(values.values())).shape

    def apply(n: Node, args: list[Array]) -> Array:
        if isinstance(n.head, Var):
            return values[n.head.name]
        if isinstance(n.head, Lit):
            return np.full(shape, complex(float(n.head.value)))
        assert isinstance(n.head, Primitive)
        row = n.head
        if not row.params:
            return np.full(shape, complex(Reference(n).at({}, 20)))
        if row.infix in _ARITHMETIC and len(row.params) == 2:
            return np.asarray(_ARITHMETIC[row.infix](*args))
        name = row.native.removeprefix("np.").partition("(")[0]
        return np.asarray(getattr(np, name)(*args))

    return fold(root, apply)


def close(v: Array, w: Array) -> bool:
    return bool(np.all(np.abs(v - w) <= 1e-10 * (1.0 + np.abs(w))))


_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power,
}  # fmt: skip
