"""exp, ln and their kin for vectors: no branches, no tables beyond a register or two.

Coefficients are minimax (Remez, relative error below 2^-58), rounded to doubles. The AVX-512 forms
take exponents apart and put them together in one instruction; the portable ones do it on the bits.
"""

from __future__ import annotations

import math
import struct

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
    return code.one("d", f"call {v} @{name}({args})")


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
_EXP_NEARER = (
    0.00019841590400265953, 0.0013889112795580968, 0.008333333332111562, 0.04166666666056815,
    0.16666666666666682, 0.5000000000000004,
)  # fmt: skip

# 2^(j/16), and what rounding took from it as a part of it
_ROOTS = (
    1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916, 1.189207115002721,
    1.241857812073484, 1.2968395546510096, 1.3542555469368927, 1.4142135623730951,
    1.4768261459394993, 1.5422108254079407, 1.6104903319492543, 1.681792830507429,
    1.7562521603732995, 1.8340080864093424, 1.9152065613971474,
)  # fmt: skip
_ROOTS_REST = (
    0.0, 8.189317638195515e-17, -2.7939114859515733e-17,
    7.826573258636076e-17, 3.3484623336251524e-17, 3.750854201303127e-17,
    1.9572585293112036e-17, 5.68648095791174e-17, -6.835808657661922e-17,
    -2.3591094770850053e-17, 5.1548301170786783e-17, 1.5341410053603723e-17,
    4.875160526227062e-17, 1.685487290628973e-17, 1.790126907604513e-17,
    -5.545065618639427e-17,
)  # fmt: skip
_SIXTEENTHS = 1.5 * 2.0**48
_LN2_37, _LN2_37_LOW = 0.6931471805582987, 1.6465949582897082e-12


# 2^(j/16) times a number next to 1 that brings all of them within an eighth of a unit in the last
# place of doubles; then exp(r) - 1, for |r| <= ln(2)/32, divided by it.
_STEPS = (
    1.000000045491019, 1.0442738299324923, 1.0905077822735656, 1.138788686561347,
    1.1892071691009645, 1.2418578685668613, 1.2968396136455624, 1.3542556085433575,
    1.414213626707111, 1.4768262131218255, 1.5422108955646827, 1.6104904052121005,
    1.6817929070138986, 1.7562522402669998, 1.834008169840239, 1.9152066485218453,
)  # fmt: skip
_STEP = (
    0.0013889133237002054, 0.008333471750131624, 0.04166666476386413, 0.16666665906229464,
    0.49999997725449224, 0.9999999545089832, -4.549101688236048e-08,
)  # fmt: skip


def _bits(x: float) -> int:
    made: int = struct.unpack("<q", struct.pack("<d", x))[0]
    return made


def _from_bits(bits: int) -> float:
    made: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return made


# The tables with j taken from the exponents, so that the last bits of z can be put there.
_STEPS_AT, _ROOTS_AT = (
    tuple(_from_bits(_bits(t) - (j << 48)) for j, t in enumerate(table))
    for table in (_STEPS, _ROOTS)
)
_ORDINARY = 707.0  # here exp is a normal number


def _powers(code: Code, z: Value, k: Value, r: Value) -> Value:
    """2^floor(k) 2^(j/16) exp(r), where the last bits of z are j."""
    q = code.horner(r, *_STEP)
    index = code.bits(z)
    if code.target.quick:
        t = code.doubles(code.bits(code.pick(_STEPS_AT, index)) + (index << 48))
        return code.vast(code.fma(t, q, t), -1021, 1021)
    t = code.pick(_STEPS, index)
    return scale(code, code.fma(t, q, t), k)


def _reduced(code: Code, x: Value, low: Value | None) -> tuple[Value, Value, Value]:
    """z, k and r with x + low = k ln 2 + r, k in sixteenths, which are the last bits of z."""
    z = code.fma(x, LOG2_E, _SIXTEENTHS)
    k = z - _SIXTEENTHS
    r = code.fma(k, -_LN2_37_LOW, code.fma(k, -_LN2_37, x))
    return z, k, r if low is None else r + low


def exp(code: Code, x: Value) -> Value:
    """e^x."""
    return exp_sum(code, x, None)


def exp_sum(code: Code, x: Value, low: Value | None) -> Value:
    """e^(x + low) for a small correction, |low| far below 1."""
    if code.target.quick:
        code.below(x, _ORDINARY)
    else:
        x = code.least(711.0, code.most(-747.0, x))
    if code.target.avx512:
        return _powers(code, *_reduced(code, x, low))
    k, q, r = exp_parts(code, x, low)
    return scale(code, 1.0 + (r + q), k)


def exp2(code: Code, x: Value) -> Value:
    """2^x; whole x give exact powers."""
    if code.target.quick:
        code.below(x, 1020.0)
    else:
        x = code.least(1025.0, code.most(-1100.0, x))
    if code.target.avx512:
        z = x + _SIXTEENTHS
        k = z - _SIXTEENTHS
        return _powers(code, z, k, (x - k) * LN2)
    k = code.round(x)
    part = x - k
    high = part * LN2
    low = code.fma(part, LN2, -high) + part * LN2_REST
    _, q, r = exp_parts(code, high, low)
    return scale(code, 1.0 + (r + q), k)


LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17


def expm1(code: Code, x: Value) -> Value:
    """e^x - 1, also where x is tiny."""
    if code.target.quick:
        code.below(x, _ORDINARY)
        code.above(x, 2.0**-60)
        return _less_one(code, x)
    inside = code.least(710.0, code.most(-50.0, x))
    if code.target.avx512:
        made = _less_one(code, inside)
    else:
        k, q, r = exp_parts(code, inside)
        s = scale(code, code.number(0.5), k)
        t = s - 0.5
        part = s * r
        high = t + part
        made = high + code.fma(s, q, (t - high) + part)
        made = made + made
    return code.select(code.abs(x) < 2.0**-60, x, made)


def _less_one(code: Code, x: Value) -> Value:
    z, k, r = _reduced(code, x, None)
    index = code.bits(z)
    q = code.fma(r * r, code.poly(r, *_EXP_NEARER), code.pick(_ROOTS_REST, index)) + r
    if code.target.quick:
        t = code.doubles(code.bits(code.pick(_ROOTS_AT, index)) + (index << 48))
        return code.vast(code.fma(t, q, t - 1.0), -100, 1021)
    s = scale(code, code.pick(_ROOTS, index), k - 1.0)
    made = code.fma(s, q, s - 0.5)
    return made + made


def sigmoid(code: Code, x: Value) -> Value:
    """1/(1 + e^-x), without overflow."""
    small = exp(code, -code.abs(x))
    return code.select(x < 0.0, small, 1.0) / (1.0 + small)
