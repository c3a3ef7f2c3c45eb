"""From a tape to the steps of the faithful kernel.

    step ::= VARIABLE | CONSTANT | EXP r | LOG r | LOW r | BACK r | WRAP r | SUBTRACT r r
                                                                                 r a register

What holds no variable is folded at high precision, equal parts are computed once, and a register is
free again after its last use. Round trips through exp and ln are not made: WRAP is ln(exp z), which
only brings the imaginary part to (-1, 1] half-turns; LOW is the tree of ln, e - ln(exp(e - ln z)),
a logarithm with imaginary part in [-1, 1); BACK is exp(LOW z), which is z.
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

VARIABLE, CONSTANT, EXP, LOG, LOW, BACK, WRAP, SUBTRACT = range(8)
_DIGITS = 40
_ZERO = (0.0, 0.0, 0.0, 0.0)
_UNKNOWN = (math.nan, 0.0, math.inf, math.inf)

Row = tuple[float, float, float, float]
Step = tuple[int, int, int]


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

    folded = _Folded(tape)
    terms = _Terms(folded.rows)
    root = terms.of(tape, folded, {name: k for k, name in enumerate(names)})
    steps, registers = _allocate(terms.ordered(root))
    return Program(
        np.array(steps, dtype=np.int64).reshape(-1, 4),
        np.array(folded.rows, dtype=np.float64),
        registers,
        folded.undefined,
    )


class _Folded:
    """The variable-free parts that others use: rows of numbers, and where each is.

    exp[k], log[k] and value[k] are the places of exp, ln and value of entry k; row 0 is zero. An
    exp or ln of one entry has one place, so equal places mean equal numbers.
    """

    def __init__(self, tape: Tape) -> None:
        self.rows: list[Row] = [_ZERO]
        self.exp: dict[int, int] = {}
        self.log: dict[int, int] = {}
        self.value: dict[int, int] = {}
        self.undefined = False
        self.free: list[bool] = []
        for k, (x, y) in enumerate(zip(tape.left, tape.right, strict=True)):
            leaf = not isinstance(tape.head(k), Var)
            self.free.append(leaf and all(self.free[j] for j in (x, y) if j != NONE))
        if any(self.free):
            self._fold(tape)

    def _fold(self, tape: Tape) -> None:
        exps, logs = set(), set()
        for k, (x, y) in enumerate(zip(tape.left, tape.right, strict=True)):
            if x != NONE and not self.free[k]:
                exps |= {x} if self.free[x] else set()
                logs |= {y} if self.free[y] else set()
        made = _Constants(tape, self.free)
        wanted = [(self.exp, k, made.exp(k), _row) for k in sorted(exps)]
        wanted += [(self.log, k, made.log(k), _less_one) for k in sorted(logs)]
        if self.free[-1]:
            wanted.append((self.value, len(tape) - 1, made.place[len(tape) - 1], _row))
        found = made.compute()
        for table, k, place, row in wanted:
            number = row(found[place])
            table[k] = 0 if number == _ZERO else len(self.rows)
            if table[k]:
                self.rows.append(number)
            self.undefined |= found[place].kind == "undefined"


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


class _Terms:
    """The steps as interned terms (op, operand, operand), with what never needs computing left out.

    Infinities are minded: LOW of any is +inf, so BACK is too.
    """

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self.terms: list[Step] = []
        self._known: dict[Step, int] = {}

    def of(self, tape: Tape, folded: _Folded, names: dict[str, int]) -> int:
        """The term of the result."""
        last = len(tape) - 1
        if folded.free[last]:
            return self._term(CONSTANT, folded.value[last])
        values: list[int] = []
        for k in range(last + 1):
            head, x, y = tape.head(k), tape.left[k], tape.right[k]
            if folded.free[k]:
                values.append(NONE)
            elif isinstance(head, Var):
                values.append(self._term(VARIABLE, names[head.name]))
            else:
                fixed = folded.free[x], folded.free[y]
                left = self._term(CONSTANT, folded.exp[x]) if fixed[0] else self._exp(values[x])
                right = self._term(CONSTANT, folded.log[y]) if fixed[1] else self._log(values[y])
                values.append(self._subtract(left, right))
        return values[last]

    def ordered(self, root: int) -> list[Step]:
        """The steps that the root needs, operands first; a constant anew for each use."""
        place: dict[int, int] = {}
        steps: list[Step] = []
        stack = [root]
        while stack:
            top = stack[-1]
            below = _operands(self.terms[top])
            waiting = [t for t in below if t not in place and self.terms[t][0] != CONSTANT]
            if top in place or waiting:
                stack.pop() if top in place else stack.extend(reversed(waiting))
                continue
            stack.pop()
            for t in below:
                if self.terms[t][0] == CONSTANT:
                    place[t] = len(steps)
                    steps.append(self.terms[t])
            op, left, right = self.terms[top]
            if below:
                left, right = place[left], place[right] if op == SUBTRACT else 0
            place[top] = len(steps)
            steps.append((op, left, right))
        return steps

    def _term(self, op: int, left: int, right: int = 0) -> int:
        term = (op, left, right)
        found = self._known.setdefault(term, len(self.terms))
        if found == len(self.terms):
            self.terms.append(term)
        return found

    def _exp(self, t: int) -> int:
        op, below, _ = self.terms[t]
        return self._term(BACK, below) if op == LOW else self._term(EXP, t)

    def _log(self, t: int) -> int:
        op, below, _ = self.terms[t]
        return self._wrap(below) if op == EXP else self._term(LOG, t)

    def _wrap(self, t: int) -> int:
        """ln(exp t): t itself where its imaginary part is known to lie in (-1, 1]."""
        op, left, right = self.terms[t]
        if op == LOG:
            return t
        if op == SUBTRACT and self._is_real_number(left):
            if self.terms[right][0] == LOW:
                return t
            if self.terms[right][0] == LOG:
                return self._subtract(left, self._term(LOW, self.terms[right][1]))
        return self._term(WRAP, t)

    def _subtract(self, left: int, right: int) -> int:
        if self.terms[right] == (CONSTANT, 0, 0):
            return left
        op, number, rest = self.terms[right]
        if op == SUBTRACT and number == left and self._is_real_number(left):
            return rest
        return self._term(SUBTRACT, left, right)

    def _is_real_number(self, t: int) -> bool:
        op, place, _ = self.terms[t]
        if op != CONSTANT:
            return False
        a, b, ea, eb = self._rows[place]
        return math.isfinite(a) and math.isfinite(ea) and b == eb == 0.0


def _allocate(steps: list[Step]) -> tuple[list[tuple[int, int, int, int]], int]:
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


def _operands(step: Step) -> tuple[int, ...]:
    op, left, right = step
    if op in (VARIABLE, CONSTANT):
        return ()
    return (left, right) if op == SUBTRACT else (left,)
