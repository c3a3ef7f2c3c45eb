"""Powers, roots and lengths for vectors."""

from __future__ import annotations

import math
from collections.abc import Callable

from emlc.lower.native import newton
from emlc.lower.native.exponential import exp_sum, scale
from emlc.lower.native.logarithm import getexp, ln_precise
from emlc.lower.native.ssa import Code, Value

Pair = tuple[Value, Value]


def pow(code: Code, x: Value, y: Value) -> Value:
    """x^y as numpy has it: nan for x < 0 unless y is whole, 1 for y = 0 and for x = 1."""
    made = _power(code, x, y, None, code.round(y).same(y))
    return code.select(x.same(1.0) | y.same(0.0), 1.0, made)


def root(code: Code, x: Value, n: Value) -> Value:
    """x^(1/n) for 1/n as it is; nan for x < 0 unless 1/n is whole, and for n = 0."""
    y = 1.0 / n
    rest = code.fma(-y, n, 1.0)
    made = _power(code, x, y, rest * y, code.round(y).same(y) & rest.same(0.0))
    return code.select(rest.same(rest), made, code.number(math.nan))


def fractional(code: Code, x: Value, y: Value, low: Value) -> Value:
    """x^(y + low), nan for x < 0."""
    return code.select(x >= 0.0, _power(code, x, y, low, None), code.number(math.nan))


def _power(code: Code, x: Value, y: Value, more: Value | None, whole: Value | None) -> Value:
    """|x|^(y + more) with the sign of x^y, and nan for x < 0 unless y is whole."""
    high, low = ln_precise(code, code.abs(x))
    code.breathe()
    product = y * high
    rest = code.fma(y, high, -product) + y * low
    if more is not None:
        rest = code.fma(more, high, rest)
    wide = code.abs(product) < 1e3
    made = exp_sum(code, product, code.select(wide, rest, 0.0))
    if whole is None:
        return made
    half = y * 0.5
    odd = whole & ~code.round(half).same(half)
    signed = code.bits(code.select(odd, x, code.abs(x)))
    sign = signed & (-(1 << 63))
    made = code.select((x < 0.0) & ~whole, code.number(math.nan), made)
    return code.doubles(code.bits(made) | sign)


def whole(n: int) -> Callable[[Code, Value], Value]:
    """The kernel of x^n, by products with their rounding errors."""

    def times(code: Code, a: Pair, b: Pair) -> Pair:
        product = a[0] * b[0]
        return product, code.fma(a[0], b[0], -product) + code.fma(a[0], b[1], a[1] * b[0])

    def power(code: Code, x: Value) -> Value:
        made: Pair = (x, code.number(0.0))
        for bit in bin(n)[3:]:
            made = times(code, made, made)
            if bit == "1":
                made = times(code, made, (x, code.number(0.0)))
        return made[0] + made[1]

    return power


def cbrt(code: Code, x: Value) -> Value:
    """x^(1/3) for x >= 0, nan below."""
    small = x < 1e-280
    a = code.select(small, x * 2.0**162, x)
    guess = _third(code, code.bits(a))
    y = code.doubles(0x553EF0FF289DD796 - guess)  # about a^(-1/3), within 3.5%
    for _ in range(3):
        y = y * code.fma((a * y) * (y * y), -1 / 3, 4 / 3)
    root = (a * y) * y
    square = root * root
    error = code.fma(root, square, -a) + root * code.fma(root, root, -square)
    root = code.fma(error * (y * y), -1 / 3, root)
    root = code.select(small, root * 2.0**-54, root)
    edge = x.same(0.0) | x.same(math.inf)
    root = code.select(edge, x, root)
    return code.select(x >= 0.0, root, code.number(math.nan))


def _third(code: Code, bits: Value) -> Value:
    """Roughly a third of positive integers."""
    return code.whole(code.widen(bits) * (1 / 3))


def hypot(code: Code, x: Value, y: Value) -> Value:
    """sqrt(x^2 + y^2) without overflow."""
    if code.target.quick:
        total = code.fma(x, x, y * y)
        code.doubt(newton.inside(code, total))
        return code.vast(newton.root(code, total), -451, 451)
    a, b = code.abs(x), code.abs(y)
    largest = code.most(a, b)
    if code.target.avx512:
        e = code.most(-1022.0, getexp(code, largest))
        a, b = scale(code, a, -e), scale(code, b, -e)
        return scale(code, code.sqrt(code.fma(a, a, b * b)), e)
    up = code.select(largest < 1e-145, code.number(2.0**600), 1.0)
    factor = code.select(largest > 1e145, code.number(2.0**-600), up)
    back = code.select(largest > 1e145, code.number(2.0**600), 1.0)
    back = code.select(largest < 1e-145, code.number(2.0**-600), back)
    a, b = a * factor, b * factor
    return code.sqrt(code.fma(a, a, b * b)) * back
