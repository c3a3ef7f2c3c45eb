"""The machine's own operations as kernels, named like the rows they lower."""

from __future__ import annotations

import builtins
import math

from emlc.lower.native.newton import quotient, root
from emlc.lower.native.ssa import Code, Value


def add(code: Code, x: Value, y: Value) -> Value:
    return x + y


def sub(code: Code, x: Value, y: Value) -> Value:
    return x - y


def mul(code: Code, x: Value, y: Value) -> Value:
    if 2.0 in (x.number, y.number):
        other = x if y.number == 2.0 else y
        return other + other
    a, b = code.span(x), code.span(y)
    return code.vast(x * y, a[0] + b[0], a[1] + b[1])


def div(code: Code, x: Value, y: Value) -> Value:
    """x/y; by a number, as a product and its correction, rounded as the quotient is."""
    c = y.number
    if c is None or not 1e-290 < builtins.abs(c) < 1e290:
        return quotient(code, x, y)
    if math.frexp(c)[0] in (0.5, -0.5):
        return x * (1 / c)
    q = x * (1 / c)
    return code.fma(code.fma(-q, y, x), 1 / c, q)


def neg(code: Code, x: Value) -> Value:
    return -x


def half(code: Code, x: Value) -> Value:
    return x * 0.5


def sqr(code: Code, x: Value) -> Value:
    return x * x


def cube(code: Code, x: Value) -> Value:
    return (x * x) * x


def gap(code: Code, s: Value, x: Value, y: Value) -> Value:
    """s - x, where s is the root of x^2 + y."""
    over = x > 0.0
    return quotient(code, code.select(over, y, s - x), code.select(over, s + x, 1.0))


def gap_over(code: Code, s: Value, x: Value, y: Value, z: Value) -> Value:
    """(s - x)/z, where s is the root of x^2 + y."""
    over = x > 0.0
    under = code.select(over, (s + x) * z, z)
    code.finite(under)
    return quotient(code, code.select(over, y, s - x), under)


def inv(code: Code, x: Value) -> Value:
    return quotient(code, code.number(1.0), x)


def sqrt(code: Code, x: Value) -> Value:
    return root(code, x)


def abs(code: Code, x: Value) -> Value:
    return code.abs(x)
