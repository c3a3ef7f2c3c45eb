"""From a formula of the archive to one that is read: refitted, its constants snapped or rounded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from emlc.ir.node import Node, lit, node, var
from emlc.lower.jit import Array
from emlc.passes.simplify import simplify
from emlc.regress.constants import Exact, near
from emlc.regress.evolve import Formula, Island, Task
from emlc.tables.primitives import BY_NAME, Primitive

CONSTANT = -1
FLOOR = 1e-28
_SAID = 2.8


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
        size, n = np.empty(len(self.code), dtype=np.int64), len(self.code)
        v = np.empty((n, x.shape[1]))
        self.engine.spans(self.code, n, self.arity, size)
        self.engine.evaluate(self.code, self.const, n, self.arity, size, x, v)
        return v

    def slopes(self) -> Array:
        """The derivatives by the free numbers, (free, points)."""
        size, n = np.empty(len(self.code), dtype=np.int64), len(self.code)
        v = self.values_of_parts(self.x)
        self.engine.spans(self.code, n, self.arity, size)
        jac = np.empty((len(self.free), self.points))
        where = np.array(self.free, dtype=np.int64)
        self.engine.jacobian(
            self.code, n, self.arity, size, self.x, v, np.empty_like(v), where, len(where), jac
        )
        return jac

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
        return _SAID * len(self.code) + self.spoken()

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
        """The description length of the data, in nats."""
        rest = self.points - len(self.free)
        if rest < 1:
            return math.inf
        unbiased = self.error * self.points / rest
        return 0.5 * self.points * math.log(unbiased + FLOOR) + self.cost()


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


def model(formula: Formula, island: Island, task: Task, unit: float = 1.0) -> Model:
    """The formula with its scaling written out, constant parts folded, all numbers free.

    `unit` is what the formula's result was divided by when it was found.
    """
    rows = [row.name for row in task.rows]
    code, const = list(formula.code), list(formula.const)
    if formula.b * unit != 1.0:
        code += [CONSTANT, rows.index("mul")]
        const += [formula.b * unit, 1.0]
    if formula.a * unit != 0.0:
        code += [CONSTANT, rows.index("add")]
        const += [formula.a * unit, 1.0]
    made = Model(
        np.array(code, dtype=np.int64), np.array(const), [], island.engine, island.arity,
        task.x, task.y, task.w,
    )  # fmt: skip
    _fold(made)
    made.free = _fitted(made)
    made.measure()
    return made


def _fold(m: Model) -> None:
    """Replace parts without variables by their values."""
    values = m.values_of_parts(m.x[:, :1])
    code: list[int] = []
    const: list[float] = []
    stack: list[tuple[bool, int]] = []  # whether constant, and where the part begins
    for k, c in enumerate(m.code):
        count = int(m.arity[c]) if c >= 0 else 0
        parts = stack[len(stack) - count :] if count else []
        del stack[len(stack) - count :]
        plain = c == CONSTANT or (count > 0 and all(p[0] for p in parts))
        start = parts[0][1] if parts else len(code)
        if plain:
            del code[start:], const[start:]
            code.append(CONSTANT)
            const.append(float(values[k, 0]))
        else:
            code.append(int(c))
            const.append(float(m.const[k]))
        stack.append((plain, start))
    m.code, m.const = np.array(code, dtype=np.int64), np.array(const)


# -- pruning ---------------------------------------------------------------------------------------


def prune(m: Model) -> None:
    """Replace parts by an operand of theirs or a number where that shortens the description."""
    better = True
    while better and len(m.code) > 1:
        better = False
        for trial in _shorter(m):
            if trial.refit(6) < math.inf and trial.length() < m.length() - 1e-9:
                m.code, m.const, m.free, m.error = trial.code, trial.const, trial.free, trial.error
                better = True
                break


def _shorter(m: Model) -> Iterator[Model]:
    """The formula with one part replaced, large parts first."""
    size = np.empty(len(m.code), dtype=np.int64)
    m.engine.spans(m.code, len(m.code), m.arity, size)
    values = m.values_of_parts()
    for k in sorted(range(len(m.code)), key=lambda k: -int(size[k])):
        start = k - int(size[k]) + 1
        if m.code[k] >= 0:
            mean = float(np.mean(values[k]))
            if math.isfinite(mean):
                yield _replaced(m, start, k + 1, [CONSTANT], [mean])
                yield _replaced(m, start, k + 1, [CONSTANT], [float(np.min(values[k]))])
            ends = [k - 1]
            if m.arity[m.code[k]] == 2:
                ends.append(k - 1 - int(size[k - 1]))
            for end in ends:
                part = slice(end - int(size[end]) + 1, end + 1)
                yield _replaced(m, start, k + 1, list(m.code[part]), list(m.const[part]))
        elif m.code[k] != CONSTANT and -m.code[k] % 2 == 1:
            yield _replaced(m, k, k + 1, [int(m.code[k]) + 1], [1.0])


def _replaced(m: Model, start: int, end: int, code: list[int], const: list[float]) -> Model:
    made = Model(
        np.array([*m.code[:start], *code, *m.code[end:]], dtype=np.int64),
        np.array([*m.const[:start], *const, *m.const[end:]]), [],
        m.engine, m.arity, m.x, m.y, m.w,
    )  # fmt: skip
    _fold(made)
    made.free = _fitted(made)
    return made


def _fitted(m: Model) -> list[int]:
    return [k for k, c in enumerate(m.code) if c < 0 and -c % 2 == 1]


# -- snapping --------------------------------------------------------------------------------------


_UNITS = (Exact(Fraction(0), "1", 0.0, 0.0), Exact(Fraction(1), "1", 1.0, 0.0))


def snap(m: Model) -> None:
    """Replace free numbers by exact ones where that shortens the description of the data."""
    while m.free:
        trials = [t for t in _trials(m) if t.length() < m.length() - 1e-9]
        if not trials:
            return
        best = min(trials, key=Model.length)
        (place,) = set(m.free) - set(best.free)
        m.said.append(f"{float(m.const[place])!r} to {best.exact[place]}")
        m.const, m.free, m.exact, m.error = best.const, best.free, best.exact, best.error


def _trials(m: Model) -> Iterator[Model]:
    yield from _rescaled(m)
    deviation = m.deviations()
    for place, spread in zip(m.free, deviation, strict=True):
        value = float(m.const[place])
        room = max(4.0 * float(spread), 1e-12 * abs(value))
        found = near(value, min(room, max(0.3 * abs(value), 1e-6)))
        # What other numbers can make up for is 0 or 1, however far from it.
        for exact in [*found, *(e for e in _UNITS if e.value not in [f.value for f in found])]:
            trial = Model(
                m.code, m.const.copy(), [k for k in m.free if k != place], m.engine, m.arity,
                m.x, m.y, m.w, m.exact | {place: exact},
            )  # fmt: skip
            trial.const[place] = exact.value
            trial.refit(8)
            yield trial
            if trial.length() < m.length():
                break


def _rescaled(m: Model) -> Iterator[Model]:
    """Where numbers may grow together without any change, each of them made 1."""
    sizes = m.const[m.free]
    if len(sizes) < 2 or not sizes.all():
        return
    slopes = m.slopes() * sizes[:, None] * np.sqrt(m.w)
    if not (np.abs(slopes) < 1e140).all():
        return
    left, strength, _ = np.linalg.svd(slopes, full_matrices=False)
    for direction in left.T[strength < 1e-7 * strength[0]]:
        for k in np.flatnonzero(np.abs(direction) > 0.05):
            place = m.free[k]
            far = np.clip(-math.log(abs(sizes[k])) / direction[k] * direction, -300, 300)
            minus = sizes[k] < 0
            one = Exact(Fraction(-1 if minus else 1), "1", -1.0 if minus else 1.0, 0.0)
            trial = Model(
                m.code, m.const.copy(), [f for f in m.free if f != place], m.engine, m.arity,
                m.x, m.y, m.w, m.exact | {place: one},
            )  # fmt: skip
            trial.const[m.free] = sizes * np.exp(far)
            trial.const[place] = one.value
            trial.refit(8)
            yield trial


def round_free(m: Model) -> None:
    """Write the free numbers in as few digits as the data determine, and two more."""
    if not m.free:
        return
    deviation = m.deviations()
    kept = m.const.copy()
    for place, spread in zip(m.free, deviation, strict=True):
        value = float(m.const[place])
        if value and math.isfinite(spread):
            digits = math.log10(abs(value) / (spread + 1e-300)) if spread < abs(value) else 0.0
            m.const[place] = float(f"{value:.{min(16, max(3, math.ceil(digits) + 2))}e}")
    before = m.error
    if not m.measure() <= before * 1.001 + 1e-30:
        m.const[:] = kept
        m.error = before


# -- expressions -----------------------------------------------------------------------------------

ADD, SUB, MUL, DIV = (BY_NAME[name] for name in ("add", "sub", "mul", "div"))
NEG, SQR = BY_NAME["neg"], BY_NAME["sqr"]
ZERO = lit(0)
Signed = tuple[Node, bool]


def to_node(m: Model, task: Task, names: Sequence[str]) -> tuple[Node, dict[str, float]]:
    """The formula with c1, c2, ... for the free numbers, and their values, all positive."""
    stack: list[Signed] = []
    rows = task.rows
    values: dict[str, float] = {}

    def number(k: int) -> Signed:
        if k in m.exact:
            exact = m.exact[k]
            minus = exact.factor < 0
            return (replace(exact, factor=-exact.factor) if minus else exact).node, minus
        name = next(n for i in range(1, 1000) if (n := f"c{i}") not in values and n not in names)
        values[name] = abs(float(m.const[k]))
        return var(name), bool(m.const[k] < 0)

    for k, c in enumerate(m.code):
        if c == CONSTANT:
            stack.append(number(k))
        elif c < 0:
            leaf = var(names[(-int(c) - 2) // 2]), False
            stack.append(_applied(MUL, [number(k), leaf]) if -c % 2 == 1 else leaf)
        else:
            count = len(rows[c].params)
            args = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(_applied(rows[c], args))
    made, minus = stack[-1]
    return simplify(node(NEG, made) if minus else made), values


def _applied(row: Primitive, args: list[Signed]) -> Signed:
    """The row applied, with the sign taken out where the row lets it out."""
    (x, minus), (y, other) = args[0], args[-1]
    if row is MUL and (x is ZERO or y is ZERO):
        return ZERO, False
    if row is MUL or row is DIV:
        return simplify(node(row, x, y)), minus != other
    if row is SQR:
        return simplify(node(row, x)), False
    if row in (ADD, SUB):
        other = other != (row is SUB)
        if minus == other:
            return simplify(node(ADD, x, y)), minus
        return simplify(node(SUB, y, x) if minus else node(SUB, x, y)), False
    plain = [simplify(node(NEG, n)) if sign else n for n, sign in args]
    return simplify(node(row, *plain)), False


def numbers(values: dict[str, float]) -> dict[str, Node]:
    """The values as exact decimals."""
    return {name: lit(Fraction(repr(value))) for name, value in values.items()}
