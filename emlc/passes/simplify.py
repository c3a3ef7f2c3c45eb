"""Exact clean-up of a formula: rational arithmetic, units, and the short name of a shape.

Every rule keeps the value at every point where the formula was defined; none drops a point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from emlc.errors import DomainError
from emlc.ir.node import Head, Lit, Node, Var, fold, lit, node
from emlc.tables.primitives import BY_NAME, Primitive

MAX_BITS = 4096

ADD, SUB, MUL, DIV = BY_NAME["add"], BY_NAME["sub"], BY_NAME["mul"], BY_NAME["div"]
NEG, INV, POW, SQR = BY_NAME["neg"], BY_NAME["inv"], BY_NAME["pow"], BY_NAME["sqr"]
EXP, E, SQRT = BY_NAME["exp"], BY_NAME["e"], BY_NAME["sqrt"]
ZERO, ONE, HALF = lit(0), lit(1), lit(Fraction(1, 2))


def simplify(root: Node) -> Node:
    """The formula with rational arithmetic done and shapes such as x^2 or -1*x given their names.

    Raises DomainError on a division by the number zero.

    >>> from emlc.parse import parse
    >>> from emlc.show import show
    >>> show(simplify(parse("2*3 + x^2*1").root))
    '6 + sqr(x)'
    """
    return fold(root, _rebuild)


def build(head: Head, *args: Node) -> Node:
    """The node with these arguments, cleaned up at its top only."""
    return _rebuild(node(head, *args), list(args))


def instantiate(body: Node, values: dict[str, Node]) -> Node:
    """The formula with its variables replaced, cleaned up above the replacements only."""

    def replace(n: Node, args: list[Node]) -> Node:
        return values[n.head.name] if isinstance(n.head, Var) else _rebuild(n, args)

    return fold(body, replace)


def _rebuild(n: Node, args: list[Node]) -> Node:
    made = node(n.head, *args)
    rule = _RULES.get(n.head) if isinstance(n.head, Primitive) else None
    return (rule(*args) or made) if rule else made


def number_of(n: Node) -> Fraction | None:
    """The value of a number, None for what is none."""
    return n.head.value if isinstance(n.head, Lit) else None


def _small(value: Fraction) -> Node | None:
    if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
        return None
    return lit(value)


def _add(x: Node, y: Node) -> Node | None:
    a, b = number_of(x), number_of(y)
    if a is not None and b is not None:
        return _small(a + b)
    if x is ZERO or y is ZERO:
        return y if x is ZERO else x
    if y.head is NEG:
        return _sub(x, y.args[0]) or node(SUB, x, y.args[0])
    if x.head is NEG:
        return _sub(y, x.args[0]) or node(SUB, y, x.args[0])
    if b is not None and b < 0:
        return node(SUB, x, lit(-b))
    return node(MUL, lit(2), x) if x is y else None


def _sub(x: Node, y: Node) -> Node | None:
    a, b = number_of(x), number_of(y)
    if a is not None and b is not None:
        return _small(a - b)
    if y is ZERO:
        return x
    if x is ZERO:
        return _neg(y) or node(NEG, y)
    if y.head is NEG:
        return _add(x, y.args[0]) or node(ADD, x, y.args[0])
    if b is not None and b < 0:
        return node(ADD, x, lit(-b))
    return None


def _neg(x: Node) -> Node | None:
    a = number_of(x)
    if a is not None:
        return lit(-a)
    if x.head is NEG:
        return x.args[0]
    return node(SUB, x.args[1], x.args[0]) if x.head is SUB else None


def _mul(x: Node, y: Node) -> Node | None:
    a, b = number_of(x), number_of(y)
    if a is not None and b is not None:
        return _small(a * b)
    if b is not None:
        x, y, a, b = y, x, b, a
    if a == 1:
        return y
    if a == -1:
        return _neg(y) or node(NEG, y)
    if a is not None and a.numerator == 1:
        return _div(y, lit(1 / a)) or node(DIV, y, lit(1 / a))
    if y.head is INV:
        return _div(x, y.args[0]) or node(DIV, x, y.args[0])
    return node(SQR, x) if x is y else (node(MUL, x, y) if a is not None else None)


def _div(x: Node, y: Node) -> Node | None:
    a, b = number_of(x), number_of(y)
    if b == 0:
        raise DomainError("division by the number 0", hint="the formula is defined nowhere")
    if a is not None and b is not None:
        return _small(a / b)
    if b == 1:
        return x
    if b == -1:
        return _neg(x) or node(NEG, x)
    if a == 1:
        return _inv(y) or node(INV, y)
    if b is not None and b.numerator == 1:
        return _mul(lit(1 / b), x) or node(MUL, lit(1 / b), x)
    return None


def _inv(x: Node) -> Node | None:
    a = number_of(x)
    if a == 0:
        raise DomainError("division by the number 0", hint="the formula is defined nowhere")
    if a is not None:
        return lit(1 / a)
    return x.args[0] if x.head is INV else None


def _pow(x: Node, y: Node) -> Node | None:
    a, b = number_of(x), number_of(y)
    if x.head is E:
        return node(EXP, y)
    if b is None:
        return ONE if x is ONE else None
    if a is not None and b.denominator == 1:
        return _power(a, int(b))
    special = {Fraction(0): ONE, Fraction(1): x}
    special[Fraction(2)] = _sqr(x) or node(SQR, x)
    special |= {Fraction(-1): node(INV, x), Fraction(1, 2): node(SQRT, x)}
    return special.get(b)


def _power(a: Fraction, b: int) -> Node | None:
    if a == 0 and b < 0:
        raise DomainError("0 to a negative power", hint="the formula is defined nowhere")
    if abs(b) * (a.numerator.bit_length() + a.denominator.bit_length()) > MAX_BITS:
        return None
    return lit(a**b)


def _sqr(x: Node) -> Node | None:
    a = number_of(x)
    if a is not None:
        return _small(a * a)
    return node(SQR, x.args[0]) if x.head is NEG else None


def _exp(x: Node) -> Node | None:
    return ONE if x is ZERO else (node(E) if x is ONE else None)


def _ln(x: Node) -> Node | None:
    if x is ZERO:
        raise DomainError("the logarithm of the number 0", hint="the formula is defined nowhere")
    return ZERO if x is ONE else (ONE if x.head is E else None)


def _half(x: Node) -> Node | None:
    return _div(x, lit(2)) or node(DIV, x, lit(2))


def _sqrt(x: Node) -> Node | None:
    a = number_of(x)
    if a is None or a < 0 or a.numerator.bit_length() + a.denominator.bit_length() > MAX_BITS:
        return None
    root = Fraction(math.isqrt(a.numerator), math.isqrt(a.denominator))
    return lit(root) if root * root == a else None


_RULES: dict[object, Callable[..., Node | None]] = {
    ADD: _add, SUB: _sub, MUL: _mul, DIV: _div, NEG: _neg, INV: _inv, POW: _pow, SQR: _sqr,
    EXP: _exp, SQRT: _sqrt, BY_NAME["ln"]: _ln, BY_NAME["half"]: _half,
}  # fmt: skip
