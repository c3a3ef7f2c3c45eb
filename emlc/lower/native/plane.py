"""Formulas of complex values as machine code: every part is a pair of real vectors.

A kernel here is good to a few units in the last place of the larger part. It flags the lanes where
a part of it leaves the range in which that is so; those are done again by numpy, as elsewhere.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from emlc.ir.node import Lit, Node, Var, postorder
from emlc.lower.careful import Careful, spelled
from emlc.lower.evaluator import Trouble
from emlc.lower.expand import double, expand
from emlc.lower.native import body, circular, elementary, engine, hyperbolic, inverse, ufunc
from emlc.lower.native.ssa import Code, Value
from emlc.tables.primitives import ROWS, Primitive

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pair = tuple[Value, Value]

_MOST_PARTS = 400
_TINY, _HUGE = 1e-290, 1e290
_CONSTANTS = {"e": 2.718281828459045, "pi": 3.141592653589793}


# -- kernels, named like the rows they lower -------------------------------------------------------


def add(code: Code, x: Pair, y: Pair) -> Pair:
    return x[0] + y[0], x[1] + y[1]


def sub(code: Code, x: Pair, y: Pair) -> Pair:
    return x[0] - y[0], x[1] - y[1]


def neg(code: Code, x: Pair) -> Pair:
    return 0.0 - x[0], 0.0 - x[1]


def half(code: Code, x: Pair) -> Pair:
    return x[0] * 0.5, x[1] * 0.5


def mul(code: Code, x: Pair, y: Pair) -> Pair:
    (a, b), (c, d) = x, y
    for (u, v), w in (((a, b), y), ((c, d), x)):
        if v.number == 0.0:
            return u * w[0], u * w[1]
    made = code.fma(a, c, -(b * d)), code.fma(a, d, b * c)
    small = _size(code, made) < _TINY
    code.flag(small & (_size(code, x) > 0.0) & (_size(code, y) > 0.0))
    return made


def sqr(code: Code, x: Pair) -> Pair:
    return mul(code, x, x)


def inv(code: Code, x: Pair) -> Pair:
    over = 1.0 / _square(code, x)
    return x[0] * over, 0.0 - x[1] * over


def div(code: Code, x: Pair, y: Pair) -> Pair:
    (a, b), (c, d) = x, y
    if d.number == 0.0:
        return a / c, b / c
    over = 1.0 / _square(code, y)
    return code.fma(a, c, b * d) * over, code.fma(b, c, -(a * d)) * over


def sqrt(code: Code, x: Pair) -> Pair:
    a, b = x
    size = code.sqrt(_square(code, x))
    t = code.sqrt((code.abs(a) + size) * 0.5)
    other = b / (t + t)
    right = a >= 0.0
    # Zero parts count as +0, so the cut belongs to its upper side.
    turned = code.select(b < 0.0, -t, t)
    return code.select(right, t, code.abs(other)), code.select(right, other, turned)


def exp(code: Code, x: Pair) -> Pair:
    code.flag(~(code.abs(x[0]) < 690.0))
    size = elementary.exp(code, x[0])
    sine, cosine = _sine_cosine(code, x[1])
    return size * cosine, size * sine


def ln(code: Code, x: Pair) -> Pair:
    a, b = x
    square = _square(code, x)
    # The square in two parts, so that the logarithm is good near the unit circle.
    t, u = code.most(code.abs(a), code.abs(b)), code.least(code.abs(a), code.abs(b))
    p, q = t * t, u * u
    total = p + q
    low = ((p - total) + q) + (code.fma(t, t, -p) + code.fma(u, u, -q))
    high, rest, _ = elementary.ln_parts(code, total, low)
    return (high + rest) * 0.5, inverse.atan2(code, b + 0.0, a)


def pow(code: Code, x: Pair, y: Pair) -> Pair:
    return exp(code, mul(code, y, ln(code, x)))


def sin(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[0])
    return sine * hyperbolic.cosh(code, x[1]), cosine * hyperbolic.sinh(code, x[1])


def cos(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[0])
    return cosine * hyperbolic.cosh(code, x[1]), 0.0 - sine * hyperbolic.sinh(code, x[1])


def sinh(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[1])
    return hyperbolic.sinh(code, x[0]) * cosine, hyperbolic.cosh(code, x[0]) * sine


def cosh(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[1])
    return hyperbolic.cosh(code, x[0]) * cosine, hyperbolic.sinh(code, x[0]) * sine


def _square(code: Code, x: Pair) -> Value:
    """The square of the absolute value, flagged where it is beyond the range of doubles."""
    made = code.fma(x[0], x[0], x[1] * x[1])
    code.flag(~((made > _TINY) & (made < _HUGE)))
    return made


def _size(code: Code, x: Pair) -> Value:
    return code.abs(x[0]) + code.abs(x[1])


def _sine_cosine(code: Code, x: Value) -> Pair:
    return circular.sin(code, x), circular.cos(code, x)


_KERNELS: dict[str, Callable[..., Pair]] = {
    f.__name__: f
    for f in (add, sub, neg, half, mul, sqr, inv, div, sqrt, exp, ln, pow, sin, cos, sinh, cosh)
}
_UNIT = next(row for row in ROWS if row.plane == "imaginary unit")
_MEANT = {"tan": ("sin", "cos"), "tanh": ("sinh", "cosh")}
