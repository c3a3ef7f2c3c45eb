"""Logarithms for vectors.

Coefficients are minimax (Remez), rounded to doubles. The AVX-512 forms take numbers apart in one
instruction; the portable ones do it on the bits.
"""

from __future__ import annotations

import math

from emlc.lower.native.exponential import LN2_HIGH, LN2_LOW, exp, scale
from emlc.lower.native.ssa import Code, Value

# (ln(1 + r) - r + r^2/2) / r^3 for -0.032 <= r <= 0.0625
_LN = (
    0.07883095677660593, -0.09957977565265724, 0.11112964441124404, -0.12500121792064503,
    0.14285714012471495, -0.16666666572740305, 0.19999999999545207, -0.25000000000022093,
    0.33333333333333437,
)  # fmt: skip

_LN_SHORT = (
    -0.0878314923047513, 0.11077338502094518, -0.1250209780894889, 0.14285814645401773,
    -0.16666665749460935, 0.19999999927168427, -0.2500000000005449, 0.3333333333334819,
)  # fmt: skip

# (ln(1 + f) - 2 s) / s^3 for s = f/(2 + f), |s| <= 0.1716, in powers of s^2
_LN_RATIO = (
    0.1461916613488797, 0.1533150161114533, 0.18182895750119193, 0.22222211043776857,
    0.2857142862653362, 0.3999999999989827, 0.666666666666667,
)  # fmt: skip


def _centres() -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Reciprocals near the middle of each sixteenth, and minus their logarithms in two parts."""
    inverse, high, low = [], [], []
    for j in range(16):
        middle = 1 + (j + 0.5) / 16 if j < 8 else 0.5 + (j + 0.5) / 32
        c = 1.0 if j in (0, 15) else round(256 / middle) / 256
        parts = _minus_log(c)
        inverse.append(c)
        high.append(parts[0])
        low.append(parts[1])
    return tuple(inverse), tuple(high), tuple(low)


def _minus_log(c: float) -> tuple[float, float]:
    """-ln(c) for a multiple of 1/256: a multiple of 2^-42 and the rest, by the series of atanh."""
    from fractions import Fraction

    s = (Fraction(1) - Fraction(c)) / (1 + Fraction(c))
    total = sum((2 * s ** (2 * k + 1) / (2 * k + 1) for k in range(24)), Fraction(0))
    high = Fraction(round(total * 2**42), 2**42)
    return float(high), float(total - high)


_MIDDLE, _MIDDLE_HIGH, _MIDDLE_LOW = _centres()
_LN2_42, _LN2_42_LOW = 0.6931471805598903, 5.497923018708371e-14


def ln_parts(code: Code, x: Value, low: Value | None = None) -> tuple[Value, Value, Value]:
    """High and low parts of ln(x + low) for finite x > 0; a number infinite where x is 0 or inf.

    The correction is at most half a unit in the last place of x.
    """
    if not code.target.avx512:
        return _ln_parts_portable(code, x, low)
    high, r, small, e = _ln_terms(code, x, low)
    total = high + r
    return total, ((high - total) + r) + small, e


# Numbers next to the reciprocals of 1 + (j + 1/2)/16, and minus their logarithms, which have few
# bits: multiples of 2^-42, within 2^-68. The last row is for numbers just below the next power of
# 2, which count as below 1.
_INVERSE = (
    1.0, 0.926953703803102, 0.8652168648583408, 0.8212110768374984,
    0.7813541462964925, 0.7448744186178359, 0.7112163555972161, 0.6809014468185093,
    0.6538586123379301, 0.6275206275572379, 0.6039076226267187, 0.5819042908632786,
    0.5617774034717095, 0.5431555254005802, 0.524609573882536, 0.5,
)  # fmt: skip
_HIGH = (
    0.0, 0.07585165662339932, 0.14477509265407207, 0.19697510532932938,
    0.24672677955663858, 0.29453964042500047, 0.3407785978629363, 0.38433770163351255,
    0.4248641399829012, 0.46597873591531425, 0.5043340354152406, 0.5414492934623922,
    0.5766495867803769, 0.6103595812726326, 0.6451009618444914, 0.0,
)  # fmt: skip
_NOT_QUITE = 1 - 2.0**-50  # times 1, and 1 more, it is below 2
_LAST, _LAST_HIGH = (
    0.5082184127070627,
    0.676843977530325,
)  # for the last row where no power of 2 follows


def _ln_terms(code: Code, x: Value, low: Value | None) -> tuple[Value, Value, Value, Value]:
    """Three terms of ln(x + low), the first exact and 0 next to 1; infinite where x is 0 or inf."""
    m = code.join("d", [_getmant(code, p, 8) for p in code.parts(x)])
    if code.target.quick:
        marker = e = getexp(code, code.fma(x, 1 / 31, x))  # one more from 31/16 on
    else:
        marker = getexp(code, x)
        e = code.select(m >= 1.9375, marker + 1.0, marker)
    index = code.shift_right(code.bits(m), 48)
    c = code.pick(_INVERSE, index)
    r = code.fma(m, c, -1.0)
    high = code.fma(e, _LN2_42, code.pick(_HIGH, index))
    rest = e * _LN2_42_LOW
    if low is not None:
        part = scale(code, low, -getexp(code, x)) * c
        rest = rest + code.fma(part, -r, part)
    return high, r, _ln_small(code, r, rest), marker


def _ln_small(code: Code, r: Value, rest: Value | float) -> Value:
    """ln(1 + r) - r + rest."""
    return code.fma(r * r, code.fma(r, code.poly(r, *_LN_SHORT), -0.5), rest)


def _taken_apart(code: Code, x: Value) -> tuple[Value, Value, Value]:
    """x = m 2^e with 3/4 <= m < 3/2; before them the exponent of x, infinite for 0 and inf."""
    e0 = getexp(code, x)
    m = code.join("d", [_getmant(code, p, 11) for p in code.parts(x)])
    return e0, code.select(m < 1.0, e0 + 1.0, e0), m


def ln_precise(code: Code, x: Value) -> tuple[Value, Value]:
    """ln x for finite x > 0 in two parts that hold 62 bits or more; -inf at 0, inf at inf."""
    if not code.target.avx512:
        return _ln_precise_portable(code, x)
    e0, e, m = _taken_apart(code, x)
    index = code.shift_right(code.bits(m), 48)
    c = code.pick(_MIDDLE, index)
    product = m * c
    r = code.fma(m, c, -1.0)
    r_low = ((product - 1.0) - r) + code.fma(m, c, -product)
    high = code.fma(e, _LN2_42, code.pick(_MIDDLE_HIGH, index))
    rest = code.fma(e, _LN2_42_LOW, code.pick(_MIDDLE_LOW, index))
    return _summed(code, e0, high, rest, r, r_low, code.poly(r, *_LN))


def _summed(
    code: Code, e0: Value, high: Value, rest: Value, r: Value, r_low: Value, tail: Value
) -> tuple[Value, Value]:
    """high + rest + ln(1 + r + r_low), infinite where e0 is."""
    half = r * 0.5
    square = r * half
    square_low = code.fma(r, half, -square) + r * r_low
    first = high + r
    low = ((high - first) + r) + ((rest + r_low) - square_low)
    second = first - square
    low = low + ((first - second) - square)
    low = code.fma((r * r) * r, tail, low)
    total = second + low
    infinite = code.abs(e0).same(math.inf)
    return code.select(infinite, e0, total), code.select(infinite, 0.0, (second - total) + low)


def getexp(code: Code, x: Value) -> Value:
    """The exponent of |x|: -inf at 0, inf at inf (AVX-512)."""
    return code.join("d", [_getexp(code, p) for p in code.parts(x)])


def _getexp(code: Code, x: str) -> str:
    v = "<8 x double>"
    name = "llvm.x86.avx512.mask.getexp.pd.512"
    code.declared[name] = f"declare {v} @{name}({v}, {v}, i8, i32)"
    return code.one("d", f"call {v} @{name}({v} {x}, {v} zeroinitializer, i8 -1, i32 4)")


def _getmant(code: Code, x: str, how: int) -> str:
    """The significand, in [1, 2) for how = 8, in [3/4, 3/2) for 11; nan for negative numbers."""
    v = "<8 x double>"
    name = "llvm.x86.avx512.mask.getmant.pd.512"
    code.declared[name] = f"declare {v} @{name}({v}, i32, {v}, i8, i32)"
    args = f"{v} {x}, i32 {how}, {v} zeroinitializer, i8 -1, i32 4"
    return code.one("d", f"call {v} @{name}({args})")


def _taken_apart_portable(code: Code, x: Value) -> tuple[Value, Value, Value]:
    """Marker, exponent and f with x = (1 + f) 2^e, sqrt(1/2) <= 1 + f < sqrt(2)."""
    tiny = x < 2.2250738585072014e-308
    bits = code.bits(code.select(tiny, x * 2.0**54, x))
    k = (bits - 0x3FE6A09E667F3BCD) >> 52
    f = code.doubles(bits - (k << 52)) - 1.0
    e = code.widen(k) - code.select(tiny, code.number(54.0), 0.0)
    marker = code.select(x.same(0.0), code.number(-math.inf), code.select(x < math.inf, e, x))
    return marker, e, f


def _ln_parts_portable(
    code: Code, x: Value, low: Value | None = None
) -> tuple[Value, Value, Value]:
    e0, e, f = _taken_apart_portable(code, x)
    s = f / (2.0 + f)
    t = s * s
    half = (0.5 * f) * f
    rest = s * (half + t * code.poly(t, *_LN_RATIO)) + e * LN2_LOW
    if low is not None:
        rest = rest + low / x
    high = e * LN2_HIGH
    total = high + f
    return total, ((high - total) + f) + (rest - half), e0


# (ln(1 + f) - 2 s - 2/3 s^3) / s^5, as above, relative error below 2^-75 of the logarithm
_LN_TAIL = (
    0.11988592888250037, 0.11674875694134701, 0.13336314196328697, 0.15384556967769644,
    0.181818188686594, 0.22222222217552365, 0.28571428571445034, 0.3999999999999998,
)  # fmt: skip
_THIRDS, _THIRDS_LOW = 2 / 3, 3.700743415417188e-17


def _ln_precise_portable(code: Code, x: Value) -> tuple[Value, Value]:
    """By the series of atanh, its first two terms with their rounding errors."""
    e0, e, f = _taken_apart_portable(code, x)
    g = 2.0 + f
    s = f / g
    s_low = (code.fma(-s, g, f) - s * (f - (g - 2.0))) / g
    t = s * s
    t_low = code.fma(s, s, -t) + 2.0 * (s * s_low)
    cube = s * t
    cube_low = code.fma(s, t, -cube) + (s * t_low + t * s_low)
    third = cube * _THIRDS
    third_low = code.fma(cube, _THIRDS, -third) + code.fma(cube, _THIRDS_LOW, cube_low * _THIRDS)
    tail = code.fma(cube * t, code.poly(t, *_LN_TAIL), third_low)
    high = e * LN2_HIGH
    first = high + 2.0 * s
    low = ((high - first) + 2.0 * s) + (2.0 * s_low + (tail + e * LN2_LOW))
    second = first + third
    low = low + ((first - second) + third)
    total = second + low
    infinite = code.abs(e0).same(math.inf)
    total = total + (x - x)
    return code.select(infinite, e0, total), code.select(infinite, 0.0, (second - total) + low)


def ln(code: Code, x: Value) -> Value:
    """The natural logarithm: -inf at 0, nan below."""
    if code.target.avx512:
        high, r, small, e = _ln_terms(code, x, None)
        return _edges(code, x, high + (r + small), e)
    high, low, e = ln_parts(code, x)
    return _edges(code, x, high + low, e)


def _edges(code: Code, x: Value, made: Value, e0: Value) -> Value:
    """The value at x = 0 and inf is the marker, below 0 it is nan."""
    if code.target.quick:
        return made  # which is infinite or nan there
    if code.target.avx512:
        return code.select(code.fpclass(x, 0x0E), e0, made)
    made = code.select(x >= 0.0, made, code.number(math.nan))
    return code.select(code.abs(e0).same(math.inf), e0, made)


def log1p(code: Code, x: Value) -> Value:
    """ln(1 + x), also where x is tiny."""
    u = 1.0 + x
    back = u - 1.0
    high, low, e0 = ln_parts(code, u, (1.0 - (u - back)) + (x - back))
    return _edges(code, u, high + low, e0)


def _log_by(code: Code, x: Value, high: float, low: float) -> Value:
    """ln x times a constant given in two parts."""
    a, b, e0 = ln_parts(code, x)
    product = a * high
    rest = code.fma(a, high, -product) + code.fma(a, low, b * high)
    return _edges(code, x, product + rest, e0)


def log2(code: Code, x: Value) -> Value:
    return _log_by(code, x, 1.4426950408889634, 2.0355273740931033e-17)


def log10(code: Code, x: Value) -> Value:
    return _log_by(code, x, 0.4342944819032518, 1.098319650216765e-17)


def softplus(code: Code, x: Value) -> Value:
    """ln(1 + e^x), without overflow."""
    small = exp(code, -code.abs(x))
    code.breathe()
    if code.target.avx512:
        return code.most(0.0, x) + _ln_next(code, small)
    u = 1.0 + small
    high, low, _ = ln_parts(code, u, small - (u - 1.0))
    return code.most(0.0, x) + (high + low)


def _ln_next(code: Code, s: Value) -> Value:
    """ln(1 + s) for 0 <= s <= 1; 1 + s is never rounded (AVX-512)."""
    index = code.shift_right(code.bits(code.fma(s, _NOT_QUITE, 1.0)), 48)
    c = code.pick((*_INVERSE[:-1], _LAST), index)
    r = code.fma(c, s, c - 1.0)
    high = code.pick((*_HIGH[:-1], _LAST_HIGH), index)
    return high + (r + _ln_small(code, r, 0.0))
