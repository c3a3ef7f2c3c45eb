"""Hyperbolic functions and their inverses for vectors."""

from __future__ import annotations

import math

from emlc.lower.native.exponential import (
    LN2,
    LN2_HIGH,
    LN2_LOW,
    LOG2_E,
    expm1,
    scale,
)
from emlc.lower.native.logarithm import ln, ln_parts, log1p
from emlc.lower.native.ssa import Code, Value

_SHIFT = 1.5 * 2.0**52

# (sinh(r) - r) / r^3 and (cosh(r) - 1) / r^2 for |r| <= ln(2)/2, in powers of r^2
_SINH = (
    2.510899510125559e-08, 2.7557244332348604e-06, 0.00019841269886000946, 0.008333333333321681,
    0.16666666666666677,
)  # fmt: skip
_COSH = (
    2.092442029466041e-09, 2.755724184824941e-07, 2.480158736335754e-05, 0.0013888888888863964,
    0.04166666666666671, 0.5,
)  # fmt: skip


def _halves(code: Code, x: Value) -> tuple[Value, Value, Value, Value, Value]:
    """For |x| = k ln 2 + r: (2^k - 2^-k)/4, (2^k + 2^-k)/4, r, sinh r - r, cosh r - 1."""
    a = code.least(710.7, code.abs(x))
    k = code.fma(a, LOG2_E, _SHIFT) - _SHIFT
    r = code.fma(k, -LN2_LOW, code.fma(k, -LN2_HIGH, a))
    up, down = scale(code, code.number(0.25), k), scale(code, code.number(0.25), -k)
    u = r * r
    return up - down, up + down, r, (r * u) * code.poly(u, *_SINH), u * code.poly(u, *_COSH)


def sinh(code: Code, x: Value) -> Value:
    minus, plus, r, odd, even = _halves(code, x)
    part = plus * r
    high = minus + part
    rest = (minus - high) + part
    made = high + code.fma(minus, even, code.fma(plus, odd, rest))
    tiny = code.abs(x) < 2.0**-60
    return code.select(tiny, x, code.copysign(made + made, x))


def cosh(code: Code, x: Value) -> Value:
    minus, plus, r, odd, even = _halves(code, x)
    rest = code.fma(minus, odd, plus * even)
    made = plus + code.fma(minus, r, rest)
    return made + made


def tanh(code: Code, x: Value) -> Value:
    a = code.abs(x)
    made = expm1(code, code.least(44.0, a + a))
    made = made / (made + 2.0)
    return code.select(a < 2.0**-60, x, code.copysign(made, x))


def asinh(code: Code, x: Value) -> Value:
    a = code.abs(x)
    big = a > 2.0**30
    b = code.select(big, 1.0, a)
    square = b * b
    t = b + square / (1.0 + code.sqrt(1.0 + square))
    u = 1.0 + t
    back = u - 1.0
    low = (1.0 - (u - back)) + (t - back)
    high, rest, _ = ln_parts(code, code.select(big, a, u), code.select(big, 0.0, low))
    more = code.select(big, code.number(LN2), 0.0)
    made = more + (high + rest)
    made = code.select(a < math.inf, made, a)
    return code.select(a < 2.0**-30, x, code.copysign(made, x))


def acosh(code: Code, x: Value) -> Value:
    big = x > 2.0**30
    t = code.select(big, 1.0, x) - 1.0
    made = log1p(code, t + code.sqrt(code.fma(t, t, t + t)))
    made = code.select(big, ln(code, x) + LN2, made)
    return code.select(x >= 1.0, made, code.number(math.nan))


def atanh(code: Code, x: Value) -> Value:
    a = code.abs(x)
    made = 0.5 * log1p(code, (a + a) / (1.0 - a))
    return code.select(a < 2.0**-30, x, code.copysign(made, x))
