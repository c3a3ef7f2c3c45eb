"""Formulas in rows: a population, and the best formula of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emlc.lower.jit import Array

CONSTANT = -1
UNIT = -30_000  # the number 1, which is not fitted
MOST_FITTED = 10
_KINDS = MOST_FITTED + 1
_NONE = 1e299


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula of the archive: a + b times postfix codes with their numbers."""

    code: Array
    const: Array
    a: float
    b: float
    error: float
    cost: int
    numbers: int


class Data(NamedTuple):
    """x (variables, points), y and w (points,), and whether an offset is fitted."""

    x: Array
    y: Array
    w: Array
    free: bool


class People(NamedTuple):
    """Formulas in rows; the score is the natural logarithm of the error."""

    code: Array
    const: Array
    length: Array
    score: Array


def people(count: int, most: int) -> People:
    """So many formulas of up to so many entries, to be filled in."""
    return People(
        np.zeros((count, most), dtype=np.int64), np.ones((count, most)),
        np.zeros(count, dtype=np.int64), np.zeros(count),
    )  # fmt: skip


class Archive(NamedTuple):
    """The formula of least error of every kind: cost and number of fitted numbers.

    Formulas of one cost with more numbers fit noise better: they must not displace others.
    Row cost * (MOST_FITTED + 1) + numbers holds a kind; scale holds its a and b.
    """

    error: Array
    code: Array
    const: Array
    length: Array
    scale: Array

    @property
    def used(self) -> Array:
        """The rows that hold a formula."""
        return np.flatnonzero(self.error < 0.1 * _NONE)

    def merge(self, other: Archive) -> None:
        """Take over what is better in another one."""
        better = other.error < self.error
        for mine, given in zip(self, other, strict=True):
            mine[better] = given[better]

    def least(self, cost: int) -> float:
        """The least error of all formulas that cost less."""
        return float(self.error[: cost * _KINDS].min())

    def all(self) -> list[Formula]:
        """The formulas, cheapest first, those of one cost by their errors."""
        rows = self.used
        return [self._at(int(row)) for row in rows[np.lexsort((self.error[rows], rows // _KINDS))]]

    def front(self) -> list[Formula]:
        """The formulas that no cheaper one beats, cheapest first."""
        found: list[Formula] = []
        low = np.inf
        for f in self.all():
            if f.error < low * 0.999:
                low = f.error
                found.append(f)
        return found

    def _at(self, row: int) -> Formula:
        n = self.length[row]
        a, b = (float(v) for v in self.scale[row])
        code, const = self.code[row, :n].copy(), self.const[row, :n].copy()
        cost, numbers = divmod(row, _KINDS)
        return Formula(code, const, a, b, float(self.error[row]), cost, numbers)


def archive(most: int) -> Archive:
    """An empty one, for formulas of up to so many entries."""
    rows = (2 * most + 2) * _KINDS
    return Archive(
        np.full(rows, _NONE), np.zeros((rows, most), dtype=np.int16), np.ones((rows, most)),
        np.zeros(rows, dtype=np.int64), np.zeros((rows, 2)),
    )  # fmt: skip
