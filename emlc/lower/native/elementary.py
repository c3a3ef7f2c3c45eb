"""exp, ln and their kin for vectors: no branches, no tables beyond a register or two.

Coefficients are minimax (Remez, relative error below 2^-58), rounded to doubles. The AVX-512 forms
take exponents apart and put them together in one instruction; the portable ones do it on the bits.
"""

from __future__ import annotations

import math

from emlc.lower.native.ssa import Code, Value

LN2_HIGH = 6.93147180369123816490e-01  # 33 bits: times any exponent it is exact
LN2_LOW = 1.90821492927058770002e-10
LOG2_E = 1 / math.log(2)

# (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/2
_EXP = (
    2.5117944675032365e-08, 2.7631277024786106e-07, 2.7557215968478365e-06, 2.4801489956897636e-05,
    0.00019841269917853822, 0.0013888888946994831, 0.008333333333306934, 0.041666666666515535,
    0.166666666666667, 0.5000000000000012,
)  # fmt: skip

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


def scale(code: Code, x: Value, k: Value) -> Value:
    """x 2^k for whole -2200 <= k <= 2200, rounded once where the result is subnormal."""
    if code.target.avx512:
        return code.join("d", [_scalef(code, a, b) for a, b in code.pairs(x, k)])
    shifted = code.bits(k + _SHIFT)
    first = (shifted - _SHIFT_BITS) >> 1
    second = (shifted - _SHIFT_BITS) - first
    return x * _power(code, first) * _power(code, second)


_SHIFT = 1.5 * 2.0**52
_SHIFT_BITS = 0x4338000000000000


def _power(code: Code, k: Value) -> Value:
    return code.doubles((k + 1023) << 52)


def _scalef(code: Code, x: str, k: str) -> str:
    v = "<8 x double>"
    name = "llvm.x86.avx512.mask.scalef.pd.512"
    code.declared[name] = f"declare {v} @{name}({v}, {v}, {v}, i8, i32)"
    args = f"{v} {x}, {v} {k}, {v} zeroinitializer, i8 -1, i32 4"
    return code.line("d", f"call {v} @{name}({args})").name


def exp_parts(code: Code, x: Value, low: Value | None = None) -> tuple[Value, Value, Value]:
    """Whole k and q, r with exp(x + low) = 2^k (1 + (r + q)), |r| <= ln(2)/2; x is not huge."""
    k = code.fma(x, LOG2_E, _SHIFT) - _SHIFT
    r = code.fma(k, -LN2_HIGH, x)
    if low is None:
        s = code.fma(k, -LN2_LOW, r)
        return k, code.fma(k, -LN2_LOW, (s * s) * code.poly(s, *_EXP)), r
    tail = code.fma(k, -LN2_LOW, low)
    s = r + tail
    rest = (r - s) + tail
    return k, code.fma(s * s, code.poly(s, *_EXP), rest), s


# (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/32
_EXP_NEAR = (
    0.0013889133868832876, 0.008333472129229745, 0.04166666665932317, 0.1666666666441308,
    0.5000000000000007,
)  # fmt: skip
_EXP_NEARER = (
    0.00019841590400265953, 0.0013889112795580968, 0.008333333332111562, 0.04166666666056815,
    0.16666666666666682, 0.5000000000000004,
)  # fmt: skip

# 2^(j/16) and what rounding took from it
_ROOTS = (
    1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916, 1.189207115002721,
    1.241857812073484, 1.2968395546510096, 1.3542555469368927, 1.4142135623730951,
    1.4768261459394993, 1.5422108254079407, 1.6104903319492543, 1.681792830507429,
    1.7562521603732995, 1.8340080864093424, 1.9152065613971474,
)  # fmt: skip
_ROOTS_LOW = (
    0.0, 8.551889705537965e-17, -3.046782079812471e-17, 8.912812676025408e-17,
    3.982015231465646e-17, 4.658027591836937e-17, 2.5382502794888315e-17, 7.70094837980299e-17,
    -9.667293313452913e-17, -3.483994556892796e-17, 7.949834809697621e-17, 2.4707192569797888e-17,
    8.199010020581497e-17, 2.960140695448873e-17, 3.283107224245627e-17, -1.0619946056195963e-16,
)  # fmt: skip
_SIXTEENTHS = 1.5 * 2.0**48
_LN2_37, _LN2_37_LOW = 0.6931471805582987, 1.6465949582897082e-12


def _rooted(
    code: Code, z: Value, r: Value, series: tuple[float, ...]
) -> tuple[Value, Value, Value]:
    """2^(j/16), what it lacks, and exp(r) - 1; the last bits of z are j (AVX-512)."""
    index = code.bits(z)
    q = code.fma(r * r, code.poly(r, *series), r)
    return code.pick(_ROOTS, index), code.pick(_ROOTS_LOW, index), q


def _exp_near(
    code: Code, x: Value, low: Value | None, series: tuple[float, ...]
) -> tuple[Value, Value, Value, Value]:
    """k and t, t_low, q with exp(x + low) = 2^floor(k) (t + t_low)(1 + q), |q| < 0.022."""
    z = code.fma(x, LOG2_E, _SIXTEENTHS)
    k = z - _SIXTEENTHS
    r = code.fma(k, -_LN2_37_LOW, code.fma(k, -_LN2_37, x))
    return k, *_rooted(code, z, r if low is None else r + low, series)


def exp(code: Code, x: Value) -> Value:
    """e^x."""
    return exp_sum(code, x, None)


def exp_sum(code: Code, x: Value, low: Value | None) -> Value:
    """e^(x + low) for a small correction, |low| far below 1."""
    x = code.least(711.0, code.most(-747.0, x))
    if code.target.avx512:
        k, t, t_low, q = _exp_near(code, x, low, _EXP_NEAR)
        return scale(code, t + code.fma(t, q, t_low), k)
    k, q, r = exp_parts(code, x, low)
    return scale(code, 1.0 + (r + q), k)


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


_INVERSE, _HIGH, _LOW = _centres()
_LN2_42, _LN2_42_LOW = 0.6931471805598903, 5.497923018708371e-14


def ln_parts(code: Code, x: Value, low: Value | None = None) -> tuple[Value, Value, Value]:
    """High and low parts of ln(x + low) for finite x > 0; a number infinite where x is 0 or inf.

    The correction is at most half a unit in the last place of x.
    """
    if not code.target.avx512:
        return _ln_parts_portable(code, x, low)
    e0, e, m = _taken_apart(code, x)
    index = code.shift_right(code.bits(m), 48)
    c = code.pick(_INVERSE, index)
    r = code.fma(m, c, -1.0)
    high = code.fma(e, _LN2_42, code.pick(_HIGH, index))
    rest = code.fma(e, _LN2_42_LOW, code.pick(_LOW, index))
    if low is not None:
        part = scale(code, low, -e) * c
        rest = rest + code.fma(part, -r, part)
    small = code.fma(r * r, code.fma(r, code.poly(r, *_LN_SHORT), -0.5), rest)
    total = high + r
    return total, ((high - total) + r) + small, e0


def _taken_apart(code: Code, x: Value) -> tuple[Value, Value, Value]:
    """x = m 2^e with 3/4 <= m < 3/2; before them the exponent of x, infinite for 0 and inf."""
    e0 = getexp(code, x)
    m = code.join("d", [_getmant(code, p) for p in code.parts(x)])
    return e0, code.select(m < 1.0, e0 + 1.0, e0), m


def ln_precise(code: Code, x: Value) -> tuple[Value, Value]:
    """ln x for finite x > 0 in two parts that hold 62 bits or more; -inf at 0, inf at inf."""
    if not code.target.avx512:
        return _ln_precise_portable(code, x)
    e0, e, m = _taken_apart(code, x)
    index = code.shift_right(code.bits(m), 48)
    c = code.pick(_INVERSE, index)
    product = m * c
    r = code.fma(m, c, -1.0)
    r_low = ((product - 1.0) - r) + code.fma(m, c, -product)
    high = code.fma(e, _LN2_42, code.pick(_HIGH, index))
    rest = code.fma(e, _LN2_42_LOW, code.pick(_LOW, index))
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
    return code.line("d", f"call {v} @{name}({v} {x}, {v} zeroinitializer, i8 -1, i32 4)").name


def _getmant(code: Code, x: str) -> str:
    """The significand in [3/4, 3/2), nan for negative numbers."""
    v = "<8 x double>"
    name = "llvm.x86.avx512.mask.getmant.pd.512"
    code.declared[name] = f"declare {v} @{name}({v}, i32, {v}, i8, i32)"
    args = f"{v} {x}, i32 11, {v} zeroinitializer, i8 -1, i32 4"
    return code.line("d", f"call {v} @{name}({args})").name


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
    high, low, e0 = ln_parts(code, x)
    return _edges(code, x, high + low, e0)


def _edges(code: Code, x: Value, made: Value, e0: Value) -> Value:
    """The value at x = 0 and inf is the marker, below 0 it is nan."""
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


def exp2(code: Code, x: Value) -> Value:
    """2^x; whole x give exact powers."""
    x = code.least(1025.0, code.most(-1100.0, x))
    if code.target.avx512:
        z = x + _SIXTEENTHS
        k = z - _SIXTEENTHS
        t, t_low, q = _rooted(code, z, (x - k) * LN2, _EXP_NEAR)
        return scale(code, t + code.fma(t, q, t_low), k)
    k = code.round(x)
    part = x - k
    high = part * LN2
    low = code.fma(part, LN2, -high) + part * LN2_REST
    _, q, r = exp_parts(code, high, low)
    return scale(code, 1.0 + (r + q), k)


LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17


def expm1(code: Code, x: Value) -> Value:
    """e^x - 1, also where x is tiny."""
    inside = code.least(710.0, code.most(-50.0, x))
    if code.target.avx512:
        k, t, t_low, q = _exp_near(code, inside, None, _EXP_NEARER)
        s, low = scale(code, t, k - 1.0), scale(code, t_low, k - 1.0)
        made = (s - 0.5) + code.fma(s, q, low)
    else:
        k, q, r = exp_parts(code, inside)
        s = scale(code, code.number(0.5), k)
        t = s - 0.5
        part = s * r
        high = t + part
        made = high + code.fma(s, q, (t - high) + part)
    return code.select(code.abs(x) < 2.0**-60, x, made + made)


def sigmoid(code: Code, x: Value) -> Value:
    """1/(1 + e^-x), without overflow."""
    small = exp(code, -code.abs(x))
    return code.select(x < 0.0, small, 1.0) / (1.0 + small)


def softplus(code: Code, x: Value) -> Value:
    """ln(1 + e^x), without overflow."""
    small = exp(code, -code.abs(x))
    code.breathe()
    u = 1.0 + small
    high, low, _ = ln_parts(code, u, small - (u - 1.0))
    return code.most(0.0, x) + (high + low)
