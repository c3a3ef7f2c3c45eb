"""From a tape to the steps of the faithful kernel.

    step ::= VARIABLE | CONSTANT | EXP r | LOG r | WRAP r | SUBTRACT r r          r a register

What holds no variable is folded at high precision; exp and ln of one operand are computed once;
ln(exp z) only wraps the imaginary part of z. A register is free again after its last use.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from emlc.ir.node import ONE, Var, lit
from emlc.ir.tape import NONE, Tape
from emlc.lower import balls
from emlc.tables.primitives import EML

VARIABLE, CONSTANT, EXP, LOG, WRAP, SUBTRACT = range(6)
_DIGITS = 40
_ZERO = (0.0, 0.0, 0.0, 0.0)
_UNKNOWN = (math.nan, 0.0, math.inf, math.inf)

Row = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Program:
    """What the kernel runs: steps int64 (n, 4), constants float64 (m, 4), how many registers.

    `undefined` says that a variable-free part has no value, and so the tree nowhere.
    """

    steps: Any
    constants: Any
    registers: int
    undefined: bool


def build(tape: Tape, names: Sequence[str]) -> Program:
    """The program of a pure tape whose variables are numbered as in `names`."""
    import numpy as np

    free = _variable_free(tape)
    needs = _Needs(tape, free)
    emitted = _Emitter(tape, needs, {name: k for k, name in enumerate(names)})
    emitted.emit()
    steps, registers = _allocate(emitted.steps)
    constants = emitted.constants or [_ZERO]
    return Program(
        np.array(steps, dtype=np.int64).reshape(-1, 4),
        np.array(constants, dtype=np.float64),
        registers,
        needs.undefined,
    )


def _variable_free(tape: Tape) -> list[bool]:
    free: list[bool] = []
    for k, (a, b) in enumerate(zip(tape.left, tape.right, strict=True)):
        leaf = not isinstance(tape.head(k), Var)
        free.append(leaf and all(free[j] for j in (a, b) if j != NONE))
    return free


class _Needs:
    """Which of value, exp and ln each entry must give, and the folded constants.

    Users come after operands, so one pass from the result down sees every use.
    """

    def __init__(self, tape: Tape, free: list[bool]) -> None:
        size = len(tape)
        self.value, self.exp, self.log = [False] * size, [False] * size, [False] * size
        self.exps: dict[int, Row] = {}
        self.logs: dict[int, Row] = {}
        self.values: dict[int, Row] = {}
        self.undefined = False
        self.free = free
        self._fold(tape)
        self.value[-1] = True
        for k in range(size - 1, -1, -1):
            if free[k]:
                continue
            x, y = tape.left[k], tape.right[k]
            if self.exp[k] or (self.log[k] and not self.wraps(tape, k)):
                self.value[k] = True
            elif self.log[k]:
                self.value[x] = True
            if self.value[k] and x != NONE:
                self.exp[x] = True
                self.log[y] = True

    def wraps(self, tape: Tape, k: int) -> bool:
        """Whether entry k is exp of its left operand, so that its ln needs no exp at all."""
        return tape.right[k] != NONE and self.logs.get(tape.right[k]) == _ZERO

    def _fold(self, tape: Tape) -> None:
        """The variable-free entries that variable ones use, as exp or ln of them, and the root."""
        exps, logs = set(), set()
        for k, (x, y) in enumerate(zip(tape.left, tape.right, strict=True)):
            if x != NONE and not self.free[k]:
                exps |= {x} if self.free[x] else set()
                logs |= {y} if self.free[y] else set()
        last = len(tape) - 1
        values = {last} if self.free[last] else set()
        if not (exps or logs or values):
            return
        made = _Constants(tape, self.free)
        places = [made.exp(k) for k in exps], [made.log(k) for k in logs], list(values)
        found = made.compute()
        self.exps = {k: _row(found[p]) for k, p in zip(exps, places[0], strict=True)}
        self.logs = {k: _less_one(found[p]) for k, p in zip(logs, places[1], strict=True)}
        self.values = {k: _row(found[made.place[k]]) for k in values}
        used = [*places[0], *places[1], *(made.place[k] for k in values)]
        self.undefined = any(found[p].kind == "undefined" for p in used)


class _Constants:
    """The variable-free entries as a tape of their own, with exp and ln of some of them."""

    def __init__(self, tape: Tape, free: list[bool]) -> None:
        self.heads = [*tape.heads, EML, ONE.head, lit(0).head]
        self.op, self.left, self.right = array("i"), array("i"), array("i")
        self.place: dict[int, int] = {NONE: NONE}
        size = len(tape.heads)
        self._eml = size
        self._one = self._add(size + 1, NONE, NONE)
        self._zero = self._add(size + 2, NONE, NONE)
        for k, known in enumerate(free):
            if known:
                x, y = self.place[tape.left[k]], self.place[tape.right[k]]
                self.place[k] = self._add(tape.op[k], x, y)

    def _add(self, op: int, left: int, right: int) -> int:
        self.op.append(op)
        self.left.append(left)
        self.right.append(right)
        return len(self.op) - 1

    def exp(self, k: int) -> int:
        """The place of exp of an entry: eml(c, 1)."""
        return self._add(self._eml, self.place[k], self._one)

    def log(self, k: int) -> int:
        """The place of 1 - ln of an entry: eml(0, c)."""
        return self._add(self._eml, self._zero, self.place[k])

    def compute(self) -> list[balls.Ball]:
        """All of them, by exact algebra."""
        return balls.evaluate_all(
            Tape(tuple(self.heads), self.op, self.left, self.right), {}, _DIGITS
        )


def _row(ball: balls.Ball) -> Row:
    """A ball as a, b and their error bounds."""
    if ball.kind == "infinite" and ball.turns is not None:
        return (ball.sign * math.inf, float(ball.turns), 0.0, 0.0)
    if ball.kind != "finite":
        return _UNKNOWN
    import flint

    with flint.ctx.workdps(_DIGITS):
        a, ea = _rounded(ball.value.real)
        if ball.turns is None:
            b, eb = _rounded(ball.value.imag / flint.arb.pi())
        else:
            b = float(ball.turns)
            eb = 0.0 if Fraction(b) == ball.turns else abs(b) * 2.0**-53
    return (a, b, ea, eb)


def _less_one(ball: balls.Ball) -> Row:
    """ln c, given the ball of 1 - ln c."""
    if ball.kind != "finite":
        a, b, ea, eb = _row(ball)
        return (-a, -b + 0.0, ea, eb)
    import flint

    with flint.ctx.workdps(_DIGITS):
        turns = None if ball.turns is None else -ball.turns
        return _row(balls.Ball("finite", 1 - ball.value, turns=turns))


def _rounded(x: Any) -> tuple[float, float]:
    """An arb as a double and a bound of the distance."""
    near = float(x.mid())
    if math.isinf(near):
        return near, math.inf
    away = abs(x - near).abs_upper()
    return near, float(away) * (1 + 2.0**-50)


class _Emitter:
    """Writes the steps, each with a register of its own."""

    def __init__(self, tape: Tape, needs: _Needs, names: dict[str, int]) -> None:
        self._tape = tape
        self._needs = needs
        self._names = names
        self._value: dict[int, int] = {}
        self._exp: dict[int, int] = {}
        self._log: dict[int, int] = {}
        self.steps: list[tuple[int, int, int]] = []
        self.constants: list[Row] = []
        self._numbers: dict[Row, int] = {}

    def emit(self) -> None:
        """All steps, the result last."""
        needs, last = self._needs, len(self._tape) - 1
        for k in range(last + 1):
            if needs.free[k]:
                continue
            if needs.value[k]:
                self._value[k] = self._compute(k)
            if needs.exp[k]:
                self._exp[k] = self._step(EXP, self._value[k])
            if needs.log[k] and needs.wraps(self._tape, k):
                self._log[k] = self._step(WRAP, self._value[self._tape.left[k]])
            elif needs.log[k]:
                self._log[k] = self._step(LOG, self._value[k])
        if needs.free[last]:
            self._constant(needs.values[last])
        elif self._value[last] != len(self.steps) - 1:
            self._step(SUBTRACT, self._value[last], self._constant(_ZERO))

    def _compute(self, k: int) -> int:
        head = self._tape.head(k)
        if isinstance(head, Var):
            return self._step(VARIABLE, self._names[head.name])
        x, y = self._tape.left[k], self._tape.right[k]
        if self._needs.logs.get(y) == _ZERO:
            return self._exp[x]
        left = self._constant(self._needs.exps[x]) if self._needs.free[x] else self._exp[x]
        right = self._constant(self._needs.logs[y]) if self._needs.free[y] else self._log[y]
        return self._step(SUBTRACT, left, right)

    def _constant(self, row: Row) -> int:
        number = self._numbers.setdefault(row, len(self.constants))
        if number == len(self.constants):
            self.constants.append(row)
        return self._step(CONSTANT, number)

    def _step(self, op: int, left: int, right: int = 0) -> int:
        self.steps.append((op, left, right))
        return len(self.steps) - 1


def _allocate(steps: list[tuple[int, int, int]]) -> tuple[list[tuple[int, int, int, int]], int]:
    """Steps with registers in place of step numbers, reused after the last use."""
    last: dict[int, int] = {}
    for k, step in enumerate(steps):
        for operand in _operands(step):
            last[operand] = k
    spare: list[int] = []
    where: list[int] = []
    made: list[tuple[int, int, int, int]] = []
    count = 0
    for k, step in enumerate(steps):
        if not spare:
            spare.append(count)
            count += 1
        where.append(spare.pop())
        op, left, right = step
        used = _operands(step)
        places = [where[j] for j in used] if used else [left, right]
        made.append((op, where[k], places[0], places[-1]))
        spare.extend(where[j] for j in set(used) if last[j] == k)
    return made, count


def _operands(step: tuple[int, int, int]) -> tuple[int, ...]:
    op, left, right = step
    if op in (VARIABLE, CONSTANT):
        return ()
    return (left, right) if op == SUBTRACT else (left,)
