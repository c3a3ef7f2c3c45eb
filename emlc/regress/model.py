"""A formula with its numbers, fitted to all the data, and what it takes to say it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emlc.lower.jit import Array
from emlc.regress.archive import CONSTANT, UNIT, Formula
from emlc.regress.constants import Exact
from emlc.regress.evolve import Task
from emlc.regress.machine import sizes, values_of_parts

FLOOR = 1e-28
ROUNDING = 1e-24  # an error below it is none
SAID = 2.8
_NOTHING = 1e-15


@dataclass(slots=True)
class Model:
    """Postfix codes with numbers, some of them free; `exact` says what others were snapped to.

    x is (variables, points); the error is the weighted mean squared one, over the variance of y.
    """

    code: Array
    const: Array
    free: list[int]
    engine: Any
    arity: Array
    x: Array
    y: Array
    w: Array
    exact: dict[int, Exact] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    error: float = math.inf

    @property
    def points(self) -> int:
        """Number of rows."""
        return len(self.y)

    def values(self, x: Array | None = None) -> Array:
        """The formula at the columns, its own unless others are given."""
        made: Array = self.values_of_parts(x)[-1]
        return made

    def values_of_parts(self, x: Array | None = None) -> Array:
        """The values of every part, (parts, points)."""
        x = self.x if x is None else x
        return values_of_parts(self.engine, self.code, self.const, self.arity, x)

    def slopes(self) -> Array:
        """The derivatives by the free numbers, (free, points)."""
        v, size = self.values_of_parts(), sizes(self.engine, self.code, self.arity)
        jac = np.empty((len(self.free), self.points))
        where = np.array(self.free, dtype=np.int64)
        self.engine.jacobian(
            self.code, len(self.code), self.arity, size, self.x, v, np.empty_like(v),
            where, len(where), jac,
        )  # fmt: skip
        return jac

    def fold(self) -> None:
        """Replace parts without variables by their values, and free all numbers."""
        values = self.values_of_parts(self.x[:, :1])
        code: list[int] = []
        const: list[float] = []
        stack: list[tuple[bool, int]] = []  # whether constant, and where the part begins
        for k, c in enumerate(self.code):
            count = int(self.arity[c]) if c >= 0 else 0
            parts = stack[len(stack) - count :] if count else []
            del stack[len(stack) - count :]
            plain = c in (CONSTANT, UNIT) or (count > 0 and all(p[0] for p in parts))
            start = parts[0][1] if parts else len(code)
            if plain and c != UNIT:
                del code[start:], const[start:]
                code.append(CONSTANT)
                const.append(float(values[k, 0]))
            else:
                code.append(int(c))
                const.append(float(self.const[k]))
            stack.append((plain, start))
        self.code, self.const = np.array(code, dtype=np.int64), np.array(const)
        self.free = [k for k, c in enumerate(self.code) if c < 0 and -c % 2 == 1]

    def measure(self) -> float:
        """The error, kept."""
        with np.errstate(all="ignore"):
            r = self.y - self.values()
            error = float(np.sum(self.w * r * r))
        self.error = error if math.isfinite(error) else math.inf
        return self.error

    def refit(self, iterations: int = 30) -> float:
        """Levenberg-Marquardt on the free numbers; the error."""
        self.measure()
        if not self.free or not math.isfinite(self.error):
            return self.error
        damp, root = 1e-4, np.sqrt(self.w)
        for _ in range(iterations):
            jac = self.slopes() * root
            residual = root * (self.y - self.values())
            if not (np.abs(jac) < 1e140).all():
                break
            before, old = self.error, self.const[self.free].copy()
            for _ in range(5):
                with np.errstate(all="ignore"):
                    self.const[self.free] = old + _step(jac, residual, damp)
                if self.measure() < before:
                    break
                damp *= 10
            else:
                self.const[self.free] = old
                self.error = before
                break
            damp *= 0.1
            if before - self.error < 1e-9 * before or self.error < 1e-32:
                break
        return self.error

    def deviations(self) -> Array:
        """The standard errors of the free numbers."""
        jac = np.clip(np.nan_to_num(self.slopes() * np.sqrt(self.w)), -1e140, 1e140)
        scale = np.sqrt(np.sum(jac * jac, axis=1)) + 1e-150
        normal = (jac / scale[:, None]) @ (jac / scale[:, None]).T
        normal[np.diag_indices_from(normal)] += 1e-13
        inverse = np.linalg.pinv(normal)
        noise = max(self.error, FLOOR) / max(1, self.points - len(self.free))
        found: Array = np.sqrt(np.abs(np.diag(inverse)) * noise) / scale
        return found

    def cost(self) -> float:
        """What saying the formula and its numbers takes, in nats."""
        return SAID * len(self.code) + self.spoken()

    def spoken(self) -> float:
        """What saying the numbers takes: the fitted ones to the precision that data give them."""
        total = sum(e.bits for e in self.exact.values())
        if self.free:
            with np.errstate(all="ignore"):
                digits = np.log(np.abs(self.const[self.free]) / (self.deviations() + 1e-290))
            least = 0.5 * math.log(self.points) + 2.0
            total += float(np.sum(np.clip(np.nan_to_num(digits), least, 37.0)))
        return total

    def length(self) -> float:
        """The description length of the data, in nats, with Hurvich's term for few points."""
        count = len(self.free) + 1
        rest = self.points - count
        if self.free and rest < 2:
            return math.inf
        few = count * (count + 1) / (rest - 1) if self.free else 0.0
        unbiased = self.error * self.points / max(1, rest + 1)
        return 0.5 * self.points * math.log(unbiased + FLOOR) + few + self.cost()


def _step(jac: Array, residual: Array, damp: float) -> Array:
    scale = np.sqrt(np.sum(jac * jac, axis=1)) + 1e-300
    jac = jac / scale[:, None]
    normal = jac @ jac.T
    normal[np.diag_indices_from(normal)] += damp + 1e-12
    try:
        found: Array = np.linalg.solve(normal, jac @ residual) / scale
    except np.linalg.LinAlgError:
        return np.zeros(len(jac))
    return found


def model(formula: Formula, task: Task, unit: float = 1.0) -> Model:
    """The formula with its scaling written out, constant parts folded, all numbers free.

    `unit` is what the formula's result was divided by when it was found.
    """
    rows = [row.name for row in task.rows]
    code, const = list(formula.code), list(formula.const)
    if formula.b * unit != 1.0:
        code += [CONSTANT, rows.index("mul")]
        const += [formula.b * unit, 1.0]
    if abs(formula.a) > _NOTHING * float(np.abs(task.y).max()):
        code += [CONSTANT, rows.index("add")]
        const += [formula.a * unit, 1.0]
    made = Model(
        np.array(code, dtype=np.int64), np.array(const), [], task.engine, task.arity,
        task.x, task.y, task.w,
    )  # fmt: skip
    made.fold()
    made.measure()
    return made
