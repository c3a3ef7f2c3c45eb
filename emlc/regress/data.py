"""Columns as a fit takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from numbers import Integral, Real
from typing import Any

import numpy as np

from emlc.errors import ArgumentError
from emlc.lower.jit import Array
from emlc.parse.names import variable_of

_LEAST, _MOST = 1e-140, 1e140


def variable_names(written: Sequence[str]) -> list[str]:
    """A variable for each column: its own name where formulas can have it, or x0, x1, ...

    >>> variable_names(["body mass", "sin", "x1", "x 1", "x_1"])
    ['body_mass', 'x2', 'x1', 'x_1', 'x4']
    """
    own = [variable_of(name) for name in written]
    found: list[str] = []
    for k, name in enumerate(own):
        if name is None or name in found:
            name = next(v for n in count(k) if (v := f"x{n}") not in own and v not in found)
        found.append(name)
    return found


def positive(name: str, value: object, *, whole: bool = False) -> None:
    """Raise ArgumentError for a setting that is no positive number."""
    if not isinstance(value, Integral if whole else Real) or not float(value) > 0:
        kind = "whole number" if whole else "number"
        raise ArgumentError(f"{name} is {value!r}, which is no positive {kind}")


def checked(
    columns: Mapping[str, Any], target: Any, weights: Any
) -> tuple[list[str], Array, Array, Array]:
    """Names, columns (variables, points), target and weights that sum to 1, all finite doubles."""
    names = list(columns)
    y = _column("the target", target)
    x = np.empty((len(names), len(y)))
    for k, name in enumerate(names):
        column = _column(name, columns[name])
        if len(column) != len(y):
            raise ArgumentError(f"{name} has {len(column)} values, the target {len(y)}")
        x[k] = column
    w = np.ones(len(y)) if weights is None else _column("the weights", weights)
    if len(w) != len(y):
        raise ArgumentError(f"there are {len(w)} weights for {len(y)} values")
    if (w < 0).any() or not w.any():
        raise ArgumentError("weights are not negative, and not all of them 0")
    return names, *_merged(x, y, w)


def _merged(x: Array, y: Array, w: Array) -> tuple[Array, Array, Array]:
    """The rows in order, equal ones as one, so that a weight of 2 is two rows of weight 1."""
    rows, where = np.unique(np.vstack([x, y])[:, w > 0], axis=1, return_inverse=True)
    total = np.zeros(rows.shape[1])
    np.add.at(total, where.reshape(-1), w[w > 0])
    return np.ascontiguousarray(rows[:-1]), rows[-1].copy(), total / total.sum()


def _column(name: str, data: Any) -> Array:
    try:
        column = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is not a column of real numbers") from None
    if column.ndim != 1 or not len(column):
        raise ArgumentError(f"{name} is not a column of numbers: its shape is {column.shape}")
    bad = np.flatnonzero(~np.isfinite(column))
    if len(bad):
        hint = "leave out such rows, or fill them in"
        raise ArgumentError(
            f"{name} has {len(bad)} missing or infinite values, the first in row {bad[0] + 1}",
            hint=hint,
        )
    size = float(np.abs(column).max())
    if size and not _LEAST < size < _MOST:
        problem = f"{name} goes to {size:.3g}, whose square no double holds"
        raise ArgumentError(problem, hint="fit it in another unit")
    return column
