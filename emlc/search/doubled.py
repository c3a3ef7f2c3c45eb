"""Double-double arithmetic for numba: pairs (h, l) with h = fl(h + l), about 100 bits.

Products split factors in two (Dekker), so arguments stay below 1e290. Constants are the first two
doubles of the expansions of ln 2, pi and 1/pi.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from emlc.lower.jit import compiled

Pair = tuple[float, float]

LN2_H, LN2_L = 0.6931471805599453, 2.3190468138462996e-17
PI_H, PI_L = 3.141592653589793, 1.2246467991473532e-16
INV_PI_H, INV_PI_L = 0.3183098861837907, -1.9678676675182486e-17
_SPLIT = 134217729.0


def _inverse_factorial(n: int) -> Pair:
    exact = Fraction(1, math.factorial(n))
    h = float(exact)
    return h, float(exact - Fraction(h))


INVERSE_H = tuple(_inverse_factorial(n)[0] for n in range(30))
INVERSE_L = tuple(_inverse_factorial(n)[1] for n in range(30))


@compiled
def plus(ah: float, al: float, bh: float, bl: float) -> Pair:
    """Sum, also under cancellation."""
    s = ah + bh
    t = s - ah
    e = (ah - (s - t)) + (bh - t)
    u = al + bl
    w = u - al
    f = (al - (u - w)) + (bl - w)
    e += u
    h = s + e
    e = e - (h - s)
    e += f
    r = h + e
    return r, e - (r - h)


@compiled
def times(ah: float, al: float, bh: float, bl: float) -> Pair:
    """Product."""
    p = ah * bh
    c = _SPLIT * ah
    xh = c - (c - ah)
    xl = ah - xh
    c = _SPLIT * bh
    yh = c - (c - bh)
    yl = bh - yh
    e = ((xh * yh - p) + xh * yl + xl * yh) + xl * yl
    e += ah * bl + al * bh
    h = p + e
    return h, e - (h - p)


@compiled
def over(ah: float, al: float, bh: float, bl: float) -> Pair:
    """Quotient."""
    q = ah / bh
    ph, pl = times(q, 0.0, bh, bl)
    rh, rl = plus(ah, al, -ph, -pl)
    q2 = rh / bh
    ph, pl = times(q2, 0.0, bh, bl)
    rh, rl = plus(rh, rl, -ph, -pl)
    h, low = plus(q, 0.0, q2, 0.0)
    return plus(h, low, rh / bh, 0.0)


@compiled
def exp_pair(h: float, low: float) -> Pair:
    """exp for |h| < 640: Taylor on 1/512 of the reduced argument, squared nine times."""
    k = np.floor(h / LN2_H + 0.5)
    ph, pl = times(LN2_H, LN2_L, k, 0.0)
    rh, rl = plus(h, low, -ph, -pl)
    rh, rl = rh / 512.0, rl / 512.0
    sh, sl = INVERSE_H[9], INVERSE_L[9]
    for n in range(8, 0, -1):
        sh, sl = times(sh, sl, rh, rl)
        sh, sl = plus(sh, sl, INVERSE_H[n], INVERSE_L[n])
    sh, sl = times(sh, sl, rh, rl)
    for _ in range(9):
        qh, ql = times(sh, sl, sh, sl)
        sh, sl = plus(2.0 * sh, 2.0 * sl, qh, ql)
    sh, sl = plus(sh, sl, 1.0, 0.0)
    k1 = np.floor(k / 2.0)
    f, g = 2.0**k1, 2.0 ** (k - k1)
    return sh * f * g, sl * f * g


@compiled
def log_pair(h: float, low: float) -> Pair:
    """ln of a positive number: a series near 1, one Newton step elsewhere."""
    if abs(h - 1.0) < 0.02:
        uh, ul = plus(h, low, -1.0, 0.0)
        dh, dl = plus(uh, ul, 2.0, 0.0)
        zh, zl = over(uh, ul, dh, dl)
        qh, ql = times(zh, zl, zh, zl)
        sh, sl = over(1.0, 0.0, 19.0, 0.0)
        for n in range(17, 0, -2):
            sh, sl = times(sh, sl, qh, ql)
            ch, cl = over(1.0, 0.0, float(n), 0.0)
            sh, sl = plus(sh, sl, ch, cl)
        sh, sl = times(sh, sl, zh, zl)
        return 2.0 * sh, 2.0 * sl
    x = math.log(h)
    eh, el = exp_pair(-x, 0.0)
    eh, el = times(eh, el, h, low)
    eh, el = plus(eh, el, -1.0, 0.0)
    dh, dl = plus(eh, el, -0.5 * eh * eh, 0.0)
    return plus(x, 0.0, dh, dl)


@compiled
def cos_sin_pi(bh: float, bl: float) -> tuple[float, float, float, float]:
    """cos and sin of pi b as two pairs, exact at multiples of a half."""
    n = np.floor(2.0 * bh + 0.5)
    fh, fl = plus(bh, bl, -0.5 * n, 0.0)
    if fh == 0.0:
        ch, cl, sh, sl = 1.0, 0.0, 0.0, 0.0
    else:
        th, tl = times(fh, fl, PI_H, PI_L)
        qh, ql = times(th, tl, th, tl)
        qh, ql = -qh, -ql
        sh, sl, ch, cl = INVERSE_H[27], INVERSE_L[27], INVERSE_H[26], INVERSE_L[26]
        for k in range(24, -1, -2):
            sh, sl = times(sh, sl, qh, ql)
            sh, sl = plus(sh, sl, INVERSE_H[k + 1], INVERSE_L[k + 1])
            ch, cl = times(ch, cl, qh, ql)
            ch, cl = plus(ch, cl, INVERSE_H[k], INVERSE_L[k])
        sh, sl = times(sh, sl, th, tl)
    m = int(n - 4.0 * math.floor(n / 4.0))
    if m == 0:
        return ch, cl, sh, sl
    if m == 1:
        return -sh, -sl, ch, cl
    if m == 2:
        return -ch, -cl, -sh, -sl
    return sh, sl, -ch, -cl


@compiled
def polar(ah: float, al: float, bh: float, bl: float) -> tuple[float, float, float, float]:
    """ln |z| and arg z / pi of z = a + i pi b, b not 0."""
    yh, yl = times(bh, bl, PI_H, PI_L)
    k = np.floor(math.log2(max(abs(ah), abs(yh))) + 0.5)
    f = 2.0 ** (-k)
    xh, xl, yh, yl = ah * f, al * f, yh * f, yl * f
    ph, pl = times(xh, xl, xh, xl)
    qh, ql = times(yh, yl, yh, yl)
    rh, rl = plus(ph, pl, qh, ql)
    lh, ll = log_pair(rh, rl)
    gh, gl = times(LN2_H, LN2_L, k, 0.0)
    lh, ll = plus(0.5 * lh, 0.5 * ll, gh, gl)
    if xh == 0.0:
        return lh, ll, (0.5 if yh > 0.0 else -0.5), 0.0
    t = math.atan2(yh, xh) / math.pi
    ch, cl, sh, sl = cos_sin_pi(t, 0.0)
    ch, cl = times(ch, cl, yh, yl)
    sh, sl = times(sh, sl, xh, xl)
    dh, dl = plus(ch, cl, -sh, -sl)
    r = math.sqrt(rh)
    dh, dl = times(dh / r, dl / r, INV_PI_H, INV_PI_L)
    th, tl = plus(t, 0.0, dh, dl)
    return lh, ll, th, tl
