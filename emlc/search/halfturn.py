"""eml on values in half-turn form with error bounds, to about 96 bits.

A value is six doubles: a and b as pairs (ah, al, bh, bl), a bound on the absolute error, its form.
PLAIN means a + i pi b, LOG means exp(a + i pi b), for what is too large or too small for a double.
Every step returns a status besides: UNDEFINED in the exact meaning; BEYOND the stated terms, where
the two summands and their difference are not zero, infinite or within a factor RANGE of each other,
or an exponential is taken of a value in LOG form; LOSSY when the bits do not suffice.
"""

from __future__ import annotations

import math

from emlc.lower.jit import compiled
from emlc.search.doubled import (
    INV_PI_H,
    INV_PI_L,
    cos_sin_pi,
    exp_pair,
    log_pair,
    plus,
    polar,
    times,
)

FINE, UNDEFINED, LOSSY, BEYOND = 0, 1, 2, 3
PLAIN, LOG = 0.0, 1.0
UNIT = 2.0**-94  # the relative error of one step
SHARP = 2.0**-51  # values with larger relative errors are LOSSY
NEAR = 2.0**-49  # values this close, relatively, are taken to be equal
RANGE = 2.0**33
LARGEST = 600.0  # exponents beyond are kept in LOG form

Value = tuple[float, float, float, float, float, float]


@compiled
def exp_half(
    ah: float, al: float, bh: float, bl: float, err: float, form: float
) -> tuple[float, float, float, float, float, float, int]:
    """exp of a value, and a status."""
    if math.isinf(ah):
        if ah < 0.0:
            return 0.0, 0.0, 0.0, 0.0, 0.0, PLAIN, FINE
        ch, cl, sh, sl = cos_sin_pi(bh, bl)
        if sh != 0.0:
            return 0.0, 0.0, 0.0, 0.0, 0.0, PLAIN, UNDEFINED
        return ch * math.inf, 0.0, 0.0, 0.0, 0.0, PLAIN, FINE
    if form == LOG:
        return 0.0, 0.0, 0.0, 0.0, 0.0, PLAIN, BEYOND
    if abs(ah) > LARGEST and (err <= SHARP or (bl == 0.0 and 2.0 * bh == math.floor(2.0 * bh))):
        n = 2.0 * math.ceil(0.5 * (bh - 1.0))
        bh, bl = plus(bh, bl, -n, 0.0)
        return ah, al, bh, bl, err, LOG, FINE
    if err > SHARP:
        return 0.0, 0.0, 0.0, 0.0, 0.0, PLAIN, LOSSY
    rh, rl = exp_pair(ah, al)
    if bh == 0.0:
        return rh, rl, 0.0, 0.0, rh * (err + UNIT * (1.0 + abs(ah))), PLAIN, FINE
    ch, cl, sh, sl = cos_sin_pi(bh, bl)
    ch, cl = times(ch, cl, rh, rl)
    if sh != 0.0:
        rh2, rl2 = times(rh, rl, INV_PI_H, INV_PI_L)
        sh, sl = times(sh, sl, rh2, rl2)
    err = rh * (4.0 * err + UNIT * (1.0 + abs(ah) + abs(bh)))
    return ch, cl, sh, sl, err, PLAIN, FINE


@compiled
def ln_half(
    ah: float, al: float, bh: float, bl: float, err: float, form: float
) -> tuple[float, float, float, float, float, float, int]:
    """Principal ln of a value, and a status."""
    if math.isinf(ah):
        if ah > 0.0:
            return math.inf, 0.0, 0.0, 0.0, 0.0, PLAIN, FINE
        if bh == 0.0:
            return math.inf, 0.0, 1.0, 0.0, 0.0, PLAIN, FINE
        return 0.0, 0.0, 0.0, 0.0, 0.0, PLAIN, UNDEFINED
    if form == LOG:
        return ah, al, bh, bl, err, PLAIN, FINE
    if ah == 0.0 and bh == 0.0:
        return -math.inf, 0.0, 0.0, 0.0, 0.0, PLAIN, FINE
    if bh == 0.0:
        s = 1.0 if ah > 0.0 else -1.0
        lh, ll = log_pair(s * ah, s * al)
        return lh, ll, 0.5 - 0.5 * s, 0.0, err / abs(ah) + UNIT * abs(lh), PLAIN, FINE
    lh, ll, th, tl = polar(ah, al, bh, bl)
    size = max(abs(ah), abs(bh))
    return lh, ll, th, tl, 2.0 * err / size + UNIT * (1.0 + abs(lh)), PLAIN, FINE


@compiled
def minus(
    xa: float, xl: float, xb: float, xm: float, xe: float, form: float,
    ya: float, yl: float, yb: float, ym: float, ye: float,
) -> tuple[float, float, float, float, float, float, int]:  # fmt: skip
    """A value minus a plain one, and a status."""
    if form == LOG:
        if ya == 0.0 and yb == 0.0:
            return xa, xl, xb, xm, xe, LOG, FINE
        if math.isinf(ya):
            return -ya, 0.0, -yb, 0.0, ye, PLAIN, FINE
        return xa, xl, xb, xm, xe, LOG, BEYOND
    if math.isinf(xa) or math.isinf(ya):
        a = xa - ya
        if math.isnan(a):
            return a, 0.0, 0.0, 0.0, 0.0, PLAIN, UNDEFINED
        b = xb - yb
        n = 0.5 * math.floor(2.0 * b + 0.5)
        return a, 0.0, (n if abs(b - n) < SHARP else b), 0.0, 0.0, PLAIN, FINE
    ah, al = plus(xa, xl, -ya, -yl)
    bh, bl = 0.0, 0.0
    mx, my = abs(xa), abs(ya)
    err = xe + ye
    if xb != 0.0 or yb != 0.0:
        bh, bl = plus(xb, xm, -yb, -ym)
        mx, my = max(mx, abs(xb)), max(my, abs(yb))
        n = 0.5 * math.floor(2.0 * bh + 0.5)
        if abs((bh - n) + bl) <= 4.0 * err + UNIT * max(mx, my):
            bh, bl = n + 0.0, 0.0
    if abs(ah) <= 4.0 * err + UNIT * max(mx, my):
        ah, al = 0.0, 0.0
    size = max(abs(ah), abs(bh))
    if size == 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, PLAIN, FINE
    large, small = max(mx, my), min(mx, my)
    if RANGE * size < large or (small != 0.0 and RANGE * small < large):
        return ah, al, bh, bl, err, PLAIN, BEYOND
    if err > SHARP * size:
        return ah, al, bh, bl, err, PLAIN, LOSSY
    return ah, al, bh, bl, err, PLAIN, FINE
