"""Pure trees as RPN codes, and their values at many points."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.values import FINE
from emlc.regress.values import eml as eml_value

OPERATOR, UNIT = -2, -1


def codes(rpn: Sequence[str], names: Sequence[str]) -> Array:
    """RPN tokens as integers: OPERATOR, UNIT, or the number of the variable."""
    known = {"E": OPERATOR, "1": UNIT} | {name: k for k, name in enumerate(names)}
    return np.array([known[token] for token in rpn], dtype=np.int64)


@compiled
def run(program: Array, columns: Array, out: Array, status: Array) -> None:
    """Values, shape (points, 2), of a tree at columns, shape (variables, points)."""
    stack = np.empty((program.size, 2))
    for p in range(columns.shape[1]):
        top, worst = 0, FINE
        for code in program:
            if code != OPERATOR:
                stack[top, 0] = 1.0 if code == UNIT else columns[code, p]
                stack[top, 1] = 0.0
                top += 1
                continue
            top -= 1
            a, b, st = eml_value(stack[top - 1, 0], stack[top - 1, 1], stack[top, 0], stack[top, 1])
            worst = max(worst, st)
            stack[top - 1, 0], stack[top - 1, 1] = a, b
        out[p, 0], out[p, 1], status[p] = stack[0, 0], stack[0, 1], worst


def values(rpn: Sequence[str], names: Sequence[str], columns: Array) -> tuple[Array, Array]:
    """Values (points, 2) as in `values`, and the worst status at each point."""
    points = columns.shape[1]
    out, status = np.empty((points, 2)), np.empty(points, dtype=np.int64)
    run(codes(rpn, names), np.ascontiguousarray(columns, dtype=np.float64), out, status)
    return out, status
