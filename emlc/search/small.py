"""The smallest trees of many targets at once, from tables of all values of few operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from emlc.check.reference import Point
from emlc.search.general import General, grow, pairs
from emlc.search.goal import Goal
from emlc.search.other import first_points, table_of
from emlc.search.progress import Pulse
from emlc.search.run import Limits, row
from emlc.search.table import find
from emlc.search.values import OP, Expr
from emlc.tables.operators import Operator

_PAIRS = 1e6


def smallest(
    operator: Operator, goals: Mapping[str, Goal], memory: float, pulse: Pulse
) -> Iterator[tuple[str, int, Expr | None]]:
    """Targets, sizes below which no tree of each is right, and the tree of that size, if kept.

    The tree gives the target's value at one generic point; the bound has the terms of a search.
    """
    points: dict[tuple[object, ...], tuple[Point, list[str]]] = {}
    for name, goal in goals.items():
        point = first_points(goal, operator)[0]
        points.setdefault(tuple(sorted(point.items())), (point, []))[1].append(name)
    for point, names in points.values():
        t = table_of(operator, point, Limits(memory=memory), finite=False)
        while pairs(t, t.top + 1) < _PAIRS and grow(t, pulse):
            pass
        for name in names:
            n = int(find(t.slots, t.value, np.array([row(goals[name].value(point))])))
            found = 0 <= n < t.start[-1]
            least = len(t.rpn(n)) if found else 1 + t.arity * (t.top + 1)
            yield name, least, _composed(t, n) if found else None


def _composed(t: General, n: int) -> Expr:
    """The tree of an entry as a composition."""
    stack: list[Expr] = []
    for token in t.rpn(n):
        if token == "E":
            operands = stack[-t.arity :]
            del stack[-t.arity :]
            stack.append((OP, *operands))
        else:
            stack.append((token,))
    return stack.pop()
