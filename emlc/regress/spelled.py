"""A fitted formula as an expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from emlc.ir.node import Lit, Node, Var, lit, node, var
from emlc.passes.simplify import simplify
from emlc.regress.archive import CONSTANT, UNIT
from emlc.regress.evolve import Task
from emlc.regress.model import Model
from emlc.tables.primitives import BY_NAME, Primitive

ADD, SUB, MUL, DIV = (BY_NAME[name] for name in ("add", "sub", "mul", "div"))
NEG, SQR, POW = BY_NAME["neg"], BY_NAME["sqr"], BY_NAME["pow"]
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
        elif c == UNIT:
            stack.append((lit(1), False))
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
    if row is MUL and (power := _powered(x, y)):
        return power, minus != other
    if row is MUL or row is DIV:
        return simplify(node(row, x, y)), minus != other
    if row is SQR:
        return _powered(x, x) or simplify(node(row, x)), False
    if row in (ADD, SUB):
        other = other != (row is SUB)
        if minus == other:
            return simplify(node(ADD, x, y)), minus
        return simplify(node(SUB, y, x) if minus else node(SUB, x, y)), False
    plain = [simplify(node(NEG, n)) if sign else n for n, sign in args]
    return simplify(node(row, *plain)), False


def _powered(x: Node, y: Node) -> Node | None:
    """The product as one power of a variable, if it is one beyond the second."""
    (base, n), (other, m) = _power(x), _power(y)
    if base is not other or not isinstance(base.head, Var) or n + m < 3:
        return None
    return node(POW, base, lit(n + m))


def _power(n: Node) -> tuple[Node, int]:
    """A base and a whole exponent."""
    if n.head is SQR:
        return n.args[0], 2
    if n.head is POW and isinstance(n.args[1].head, Lit) and n.args[1].head.value.denominator == 1:
        return n.args[0], int(n.args[1].head.value)
    return n, 1


def numbers(values: dict[str, float]) -> dict[str, Node]:
    """The values as exact decimals."""
    return {name: lit(Fraction(repr(value))) for name, value in values.items()}
