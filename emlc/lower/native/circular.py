"""sin, cos and tan for vectors.

The argument is reduced by multiples of pi in three doubles (fused, so the first step is exact); an
argument too large for that is flagged, and its lane is done again.
"""

from __future__ import annotations

import math

from emlc.lower.native.ssa import Code, Value

LARGEST = 2.0**30
_SHIFT = 1.5 * 2.0**52
_PER_PI = 0.3183098861837907
PI = (3.141592653589793, 1.2246467991473532e-16, -2.9947698097183397e-33)

# (sin(r) - r) / r^3 for |r| <= pi/2, in powers of r^2
_SIN = (
    2.721164619362295e-15, -7.642990630101341e-13, 1.6058939677771842e-10, -2.505210687234035e-08,
    2.755731921113325e-06, -0.00019841269841209202, 0.008333333333333194, -0.16666666666666666,
)  # fmt: skip


def _reduced(code: Code, x: Value, k: Value) -> Value:
    r = code.fma(k, -PI[0], x)
    r = code.fma(k, -PI[1], r)
    return code.fma(k, -PI[2], r)


def _sine(code: Code, r: Value, parity: Value) -> Value:
    """sin r, its sign turned where the lowest bit is set."""
    u = r * r
    made = code.fma(r * u, code.horner(u, *_SIN), r)
    return code.vast(code.doubles(code.bits(made) ^ (code.bits(parity) << 63)), -math.inf, 1)


def sin(code: Code, x: Value) -> Value:
    """The sine."""
    code.below(x, LARGEST)
    shifted = code.fma(x, _PER_PI, _SHIFT)
    return _sine(code, _reduced(code, x, shifted - _SHIFT), shifted)


def cos(code: Code, x: Value) -> Value:
    """The cosine, as the sine a quarter turn on."""
    code.below(x, LARGEST)
    a = code.abs(x)
    shifted = code.fma(a, _PER_PI, 0.5) + _SHIFT
    return _sine(code, _reduced(code, a, (shifted - _SHIFT) - 0.5), shifted)


_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)

# (sin(r) - r) / r^3 and (cos(r) - 1) / r^2 for |r| <= pi/4, in powers of r^2
_SIN_4 = (
    1.589607881574384e-10, -2.5050745311595858e-08, 2.7557313606910103e-06,
    -0.0001984126982955174, 0.008333333333322077, -0.1666666666666663,
)  # fmt: skip
_COS_4 = (
    -1.1354424574939434e-11, 2.087560684485358e-09, -2.755731332637688e-07, 2.4801587284965286e-05,
    -0.0013888888888863834, 0.04166666666666649, -0.5,
)  # fmt: skip


def tan(code: Code, x: Value) -> Value:
    """The tangent."""
    code.below(x, LARGEST)
    shifted = code.fma(x, 2 * _PER_PI, _SHIFT)
    k = shifted - _SHIFT
    first = code.fma(k, -_HALF_PI[0], x)
    step = k * _HALF_PI[1]
    r = first - step
    lost = ((first - r) - step) - code.fma(k, _HALF_PI[1], -step)
    low = code.fma(k, -_HALF_PI[2], lost)
    u = r * r
    part, rest = (
        code.fma(r * u, code.poly(u, *_SIN_4), low),
        code.fma(u, code.poly(u, *_COS_4), -(r * low)),
    )
    sine, cosine = r + part, 1.0 + rest
    sine_low, cosine_low = (r - sine) + part, (1.0 - cosine) + rest
    odd = code.odd(shifted)
    over, over_low = code.select(odd, -cosine, sine), code.select(odd, -cosine_low, sine_low)
    under, under_low = code.select(odd, sine, cosine), code.select(odd, sine_low, cosine_low)
    inverse = 1.0 / under
    made = over * inverse
    left = code.fma(-made, under, over) + code.fma(-made, under_low, over_low)
    return code.fma(left, inverse, made)


def sine_cosine(code: Code, x: Value) -> tuple[Value, Value]:
    """The sine and the cosine, with one reduction."""
    code.below(x, LARGEST)
    shifted = code.fma(x, 2 * _PER_PI, _SHIFT)
    k = shifted - _SHIFT
    r = code.fma(k, -_HALF_PI[0], x)
    r = code.fma(k, -_HALF_PI[1], r)
    r = code.fma(k, -_HALF_PI[2], r)
    u = r * r
    sine = code.fma(r * u, code.poly(u, *_SIN_4), r)
    cosine = code.fma(u, code.poly(u, *_COS_4), 1.0)
    odd, bits = code.odd(shifted), code.bits(shifted)
    quarter = (bits & 2) << 62
    other = ((bits + 1) & 2) << 62
    first = code.bits(code.select(odd, cosine, sine)) ^ quarter
    second = code.bits(code.select(odd, sine, cosine)) ^ other
    return code.doubles(first), code.doubles(second)
