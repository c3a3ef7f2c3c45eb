"""How the values of a formula or a tree are computed at new points; both pickle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emlc.lower.jit import Array
from emlc.regress import machine
from emlc.regress.trees import values
from emlc.tables.primitives import BY_NAME


@dataclass(frozen=True, slots=True)
class OfFormula:
    """Postfix codes with numbers, over rows by name."""

    code: Array
    const: Array
    rows: Sequence[str]

    def __call__(self, x: Array) -> Array:
        """The values at columns of shape (variables, points)."""
        rows = tuple(BY_NAME[name] for name in self.rows)
        engine = machine.engine(rows)
        arity = np.array([len(row.params) for row in rows], dtype=np.int64)
        size, n = np.empty(len(self.code), dtype=np.int64), len(self.code)
        v = np.empty((n, x.shape[1]))
        engine.spans(self.code, n, arity, size)
        engine.evaluate(self.code, self.const, n, arity, size, np.ascontiguousarray(x), v)
        made: Array = v[-1]
        return made


@dataclass(frozen=True, slots=True)
class OfTree:
    """A pure tree in RPN; nan where its value is not real."""

    rpn: Sequence[str]
    names: Sequence[str]

    def __call__(self, x: Array) -> Array:
        """The values at columns of shape (variables, points)."""
        made, _ = values(self.rpn, self.names, x)
        return np.where(made[:, 1] == 0.0, made[:, 0], math.nan)
