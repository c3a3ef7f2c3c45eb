"""Pure trees for data that carry noise: all small trees against all the data."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from emlc.lower.jit import Array
from emlc.regress.table import begin, forecast, grow
from emlc.regress.trees import values

_POINTS = 16
_CAPACITY = 200_000
_TESTED = 300


def scan(
    names: Sequence[str], columns: Array, wanted: Array, weight: Array, until: float
) -> list[tuple[list[str], float]]:
    """The best tree of each size with its weighted squared error, where that falls with the size.

    All trees that some hundred thousand values allow are compared at a few rows, the best at all.
    """
    rows = np.linspace(0, len(wanted) - 1, min(_POINTS, len(wanted))).astype(int)
    order = np.argsort(wanted, kind="stable")[rows]
    leaves = {"1": np.ones(len(order))}
    leaves |= {name: columns[k, order] for k, name in enumerate(names)}
    table = begin(leaves, _CAPACITY)
    while table.start[-1] + forecast(table) / 9 < _CAPACITY and grow(table, until):
        if time.monotonic() > until:
            break
    found: list[tuple[list[str], float]] = []
    low = math.inf
    for size in range(1, table.size + 1, 2):
        lo, hi = table.block(size)
        if lo == hi:
            continue
        rough = _errors(table.value[lo:hi], wanted[order], weight[order])
        best = min(
            ((squared_error(rpn, names, columns, wanted, weight), rpn)
             for n in np.argsort(rough)[:_TESTED] if math.isfinite(rough[n])
             for rpn in [table.rpn(lo + int(n))]),
            default=(math.inf, []),
        )  # fmt: skip
        if best[0] < low:
            low = best[0]
            found.append((best[1], low))
    return found


def _errors(value: Array, wanted: Array, weight: Array) -> Array:
    gap = value[:, :, 0] - wanted
    with np.errstate(all="ignore"):
        found: Array = np.sum(weight * (gap * gap + (math.pi * value[:, :, 1]) ** 2), axis=1)
    return found


def squared_error(
    rpn: Sequence[str], names: Sequence[str], columns: Array, wanted: Array, weight: Array
) -> float:
    """The weighted squared error of a tree at all rows; inf where it has no value at some."""
    made, status = values(rpn, names, columns)
    error = float(_errors(made[None], wanted, weight)[0])
    return math.inf if status.any() or not math.isfinite(error) else error
