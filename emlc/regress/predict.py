"""How the values of a formula or a tree are computed at new points; both pickle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from emlc.lower.direct import direct
from emlc.lower.jit import Array
from emlc.parse import parse
from emlc.regress import machine
from emlc.regress.exact import exact_values
from emlc.regress.trees import values
from emlc.regress.values import FINE
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
        columns = np.ascontiguousarray(x)
        made: Array = machine.values_of_parts(engine, self.code, self.const, arity, columns)[-1]
        return made


@dataclass(frozen=True, slots=True)
class OfText:
    """A formula as text, in native arithmetic; nan where its value is not real."""

    text: str
    names: Sequence[str]

    def __call__(self, x: Array) -> Array:
        """The values at columns of shape (variables, points)."""
        with np.errstate(all="ignore"):
            made = _evaluator(self.text, tuple(self.names))(dict(zip(self.names, x, strict=True)))
        return np.broadcast_to(made, x.shape[1]).astype(np.float64)


@lru_cache(maxsize=32)
def _evaluator(text: str, names: tuple[str, ...]) -> Any:
    return direct(parse(text, "infix").root, variables=names)


@dataclass(frozen=True, slots=True)
class OfTree:
    """A pure tree in RPN; nan where its value is not real, or none is known."""

    rpn: Sequence[str]
    names: Sequence[str]

    def __call__(self, x: Array) -> Array:
        """The values at columns of shape (variables, points)."""
        made, status = values(self.rpn, self.names, x)
        found = np.where(made[:, 1] == 0.0, made[:, 0], math.nan)
        for p, value in exact_values(
            self.rpn, self.names, x, np.flatnonzero(status != FINE).tolist()
        ):
            found[p] = value.real if value.imag == 0.0 and math.isfinite(value.real) else math.nan
        return found
