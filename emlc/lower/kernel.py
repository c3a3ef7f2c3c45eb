"""The one compiled kernel that runs any program of half-turn steps, a tile of points at a time.

A register holds T points of a + i pi b as four rows: a, b, and first-order bounds of the absolute
errors of a and b. A bound of infinity says that nothing is known; a bound of zero that the number
is exact, so b = 0 with bound 0 is truly real and an infinite a with bound 0 truly infinite.

    steps[k] = op, target register, operand register or index, second operand register

The elementary functions (vector.py) are free of branches, so that a loop over a tile becomes vector
code.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import float64, int64, njit, void

from emlc.lower.jit import compiled
from emlc.lower.vector import atan, exp, log, sin_cos

T = 128
VARIABLE, CONSTANT, EXP, LOG, LOW, BACK, WRAP, SUBTRACT = range(8)
DONE, AGAIN, NOT_REAL, INFINITE = range(4)

_INF = math.inf
_PI = math.pi
_PER_PI = 1 / math.pi
_EPS = 2.0**-51
_SHIFT = 1.5 * 2.0**52
_TAN_PI_8 = math.sqrt(2) - 1
_LOOSE = 0.1

_jit = njit(error_model="numpy")


# -- one step over a tile: the loop, then the infinities one by one where the tile has any ------


@_jit
def _exp_real(w, v):  # type: ignore[no-untyped-def]
    odd = 0
    for i in range(T):
        a = v[i]
        e = v[i + 2 * T]
        odd += 0 if abs(a) < _INF else 1
        r = 0.0 if a < -708.0 else exp(a)
        below = 0.0 if a >= -708.0 else (5e-324 if a < -746.0 else 2.3e-308)
        w[i] = r
        w[i + T] = 0.0
        w[i + 2 * T] = r * (e + e * e + _EPS) + below if (e < _LOOSE) & (a < 709.7) else _INF
        w[i + 3 * T] = 0.0
    return odd


@_jit
def _exp_tile(w, v):  # type: ignore[no-untyped-def]
    odd = 0
    for i in range(T):
        a = v[i]
        b = v[i + T]
        e = v[i + 2 * T]
        odd += 0 if abs(a) < _INF else 1
        r = 0.0 if a < -708.0 else exp(a)
        below = 0.0 if a >= -708.0 else (5e-324 if a < -746.0 else 2.3e-308)
        z = 2.0 * b + _SHIFT
        f = b - 0.5 * (z - _SHIFT)
        quarter = np.float64(z).view(np.int64)
        across = (quarter & np.int64(1)) != 0
        sin, cos = sin_cos(f)
        re = sin * _PI if across else cos
        im = cos * _PER_PI if across else sin
        re = -re if ((quarter + np.int64(1)) & np.int64(2)) != 0 else re
        im = -im if (quarter & np.int64(2)) != 0 else im
        turn = _PI * v[i + 3 * T]
        known = (e < _LOOSE) & (turn < _LOOSE) & (a < 709.7) & (abs(b) < 1e15)
        grow = e + e * e + _EPS
        across_re = (abs(im) * _PI * turn + turn * turn) * (1.0 + grow)
        across_im = (abs(re) * turn + turn * turn) * (1.0 + grow)
        w[i] = r * re + 0.0
        w[i + T] = r * im + 0.0
        e = r * (abs(re) * grow + across_re) + below if known else _INF
        w[i + 2 * T] = 0.0 if (re == 0.0) & (turn == 0.0) & known else e
        e = r * (abs(im) * grow + across_im * _PER_PI) + below if known else _INF
        w[i + 3 * T] = 0.0 if (im == 0.0) & (turn == 0.0) else e
    return odd


@_jit
def _exp_infinite(w, v):  # type: ignore[no-untyped-def]
    """exp(-inf + it) = 0, exp(+inf) = +inf, exp(+inf + i pi) = -inf."""
    for i in range(T):
        a = v[i]
        if abs(a) < _INF:
            continue
        b = v[i + T]
        sure = v[i + 2 * T] == 0.0
        zero = sure and a < 0.0
        pole = sure and a > 0.0 and v[i + 3 * T] == 0.0 and b == math.floor(b) and abs(b) < 1e15
        w[i] = 0.0 if zero else ((_INF if b % 2.0 == 0.0 else -_INF) if pole else math.nan)
        w[i + T] = 0.0
        w[i + 2 * T] = w[i + 3 * T] = 0.0 if zero or pole else _INF


@_jit
def _log_real(w, v):  # type: ignore[no-untyped-def]
    odd = 0
    turned = 0
    for i in range(T):
        c = v[i]
        size = abs(c)
        e = v[i + 2 * T] / size
        known = (e < _LOOSE) & (size > 2.3e-308)
        odd += 0 if (size > 0.0) & (size < _INF) else 1
        turned += 0 if (c > 0.0) & known else 1
        r = log(size)
        w[i] = r
        w[i + T] = 0.0 if c >= 0.0 else 1.0
        w[i + 2 * T] = e + e * e + _EPS * abs(r) if known else _INF
        w[i + 3 * T] = 0.0 if known else _INF
    return odd, turned


@_jit
def _log_tile(w, v):  # type: ignore[no-untyped-def]
    odd = 0
    for i in range(T):
        c = v[i]
        d = v[i + T]
        ec = v[i + 2 * T]
        ed = v[i + 3 * T]
        x = abs(c)
        y = abs(d) * _PI
        big = max(x, y)
        small = min(x, y)
        odd += 0 if (big > 0.0) & (big < _INF) else 1
        q = small / big
        m = big * math.sqrt(1.0 + q * q)
        r = log(m)
        wide = q > _TAN_PI_8
        p = (small - big if wide else small) / (small + big if wide else big)
        turn = (0.25 if wide else 0.0) + atan(p)
        turn = 0.5 - turn if y > x else turn
        turn = 1.0 - turn if c < 0.0 else turn
        turn = -turn if d < 0.0 else turn
        ey = ed * _PI + y * _EPS
        near = (ec + ey) / big
        along = (x * ec + y * ey) / m / m + near * near
        round_ = (y * ec + x * ey) / m / m + near * near
        known = (near < _LOOSE) & (big > 1e-300) & (big < 1e300)
        level = (d == 0.0) & (ed == 0.0)
        upright = (c == 0.0) & (ec == 0.0)
        across = (c < 0.0) & (abs(d) <= ed) & (ed > 0.0)
        w[i] = r
        w[i + T] = turn
        rounding = _EPS * abs(r) + (_EPS if q > 0.0 else 0.0)
        w[i + 2 * T] = along + rounding if known else _INF
        e = round_ * _PER_PI + _EPS * abs(turn) if known & (not across) else _INF
        w[i + 3 * T] = 0.0 if known & (level | upright) else e
    return odd


@_jit
def _log_infinite(w, v):  # type: ignore[no-untyped-def]
    """ln 0 = -inf, ln(+inf) = +inf, ln(-inf) = +inf + i pi."""
    for i in range(T):
        c = v[i]
        size = abs(c)
        if size > 0.0 and size < _INF:
            continue
        real = v[i + T] == 0.0 and v[i + 3 * T] == 0.0
        if real and v[i + 2 * T] == 0.0 and (size == 0.0 or size == _INF):
            w[i] = -_INF if size == 0.0 else _INF
            w[i + T] = 1.0 if c < 0.0 else 0.0
            w[i + 2 * T] = w[i + 3 * T] = 0.0


@_jit
def _lower(w, v):  # type: ignore[no-untyped-def]
    """Make of ln the logarithm with imaginary part in [-1, 1); that of -inf is +inf."""
    for i in range(T):
        if v[i] < 0.0 and v[i + T] == 0.0 and v[i + 3 * T] == 0.0:
            w[i + T] = -1.0 if v[i] > -_INF else 0.0


@_jit
def _back(w, v):  # type: ignore[no-untyped-def]
    w[:] = v
    for i in range(T):
        if abs(v[i]) == _INF:
            w[i] = _INF
            w[i + T] = w[i + 3 * T] = 0.0


@_jit
def _wrap_tile(w, v):  # type: ignore[no-untyped-def]
    """ln(exp z) = z with its imaginary part brought to (-1, 1] half-turns."""
    for i in range(T):
        a = v[i]
        b = v[i + T]
        eb = v[i + 3 * T]
        t = b - 2.0 * ((0.5 * b + _SHIFT) - _SHIFT)
        t = t + 2.0 if t <= -1.0 else t
        undefined = (a == _INF) & ((b != math.floor(b)) | (eb > 0.0))
        sure = ((1.0 - abs(t) > eb) | (eb == 0.0)) & (abs(b) < 1e15)
        zero = a == -_INF
        w[i] = a
        w[i + T] = 0.0 if zero else t
        w[i + 2 * T] = _INF if undefined else v[i + 2 * T]
        w[i + 3 * T] = 0.0 if zero else (eb if sure else _INF)


@_jit
def _difference(w, u, v, at):  # type: ignore[no-untyped-def]
    """One row of u - v with its bound: the rounding error itself, not an estimate of it."""
    odd = 0
    for i in range(T):
        p = u[at * T + i]
        q = -v[at * T + i]
        s = p + q
        part = s - p
        lost = abs((p - (s - part)) + (q - part))
        odd += 0 if abs(s) < _INF else 1
        w[at * T + i] = s
        w[(at + 2) * T + i] = u[(at + 2) * T + i] + v[(at + 2) * T + i] + lost
    return odd


@_jit
def _difference_infinite(w, u, v):  # type: ignore[no-untyped-def]
    for i in range(T):
        if not abs(w[i]) < _INF:
            sure = u[i + 2 * T] < _INF and v[i + 2 * T] < _INF
            made = abs(u[i]) == _INF or abs(v[i]) == _INF
            w[i + 2 * T] = 0.0 if sure and made and abs(w[i]) == _INF else _INF


# -- the interpreter ---------------------------------------------------------------------------


@_jit
def _load(w, re, im):  # type: ignore[no-untyped-def]
    """Fill a register from a variable; whether the tile is real. The last point pads the tile."""
    count = min(T, re.size)
    w[:count] = re[:count]
    w[count:T] = re[count - 1]
    w[T : 2 * T] = 0.0
    if im.size:
        w[T : T + count] = im[:count]
        w[T + count : 2 * T] = im[count - 1]
    odd = 0
    for i in range(T):
        x = w[i]
        y = w[i + T]
        good = (abs(y) < _INF) & ((abs(x) < _INF) | ((y == 0.0) & (x == x)))
        b = y * _PER_PI
        odd += 0 if good & (y == 0.0) else 1
        w[i + T] = b + 0.0
        w[i + 2 * T] = 0.0 if good else _INF
        w[i + 3 * T] = abs(b) * _EPS if good else _INF
    return odd == 0


@_jit
def _store(v, out, status, rtol):  # type: ignore[no-untyped-def]
    """Write the result of a tile and what is to be done about each point."""
    real = out.shape[0] == 1
    for i in range(status.size):
        a = v[i]
        b = v[i + T]
        ea = v[i + 2 * T]
        eb = v[i + 3 * T]
        im = abs(b) * _PI
        size = max(abs(a), im)
        good = (ea + _PI * eb + _EPS * im <= rtol * size + 1e-323) & (size < _INF)
        code = (NOT_REAL if real & (abs(b) > eb) else DONE) if good else AGAIN
        infinite = (abs(a) == _INF) & (ea == 0.0) & (eb == 0.0)
        code = (NOT_REAL if real & (b != 0.0) else INFINITE) if infinite else code
        out[0, i] = a
        status[i] = code
    if not real:
        for i in range(status.size):
            out[1, i] = v[i + T] * _PI


@_jit
def _apply(op, w, u, v, u_level, v_level):  # type: ignore[no-untyped-def]
    """One step over a tile; whether the tile is real."""
    if op == EXP:
        odd = _exp_real(w, u) if u_level else _exp_tile(w, u)
        if odd:
            _exp_infinite(w, u)
        return u_level and odd == 0
    if op in (LOG, LOW):
        odd, turned = _log_real(w, u) if u_level else (_log_tile(w, u), 1)
        if odd:
            _log_infinite(w, u)
        if op == LOW and turned:
            _lower(w, u)
        return turned == 0
    if op == BACK:
        _back(w, u)
        return u_level
    if op == WRAP:
        _wrap_tile(w, u)
        return u_level
    if _difference(w, u, v, 0):
        _difference_infinite(w, u, v)
    _difference(w, u, v, 1)
    return u_level and v_level


_ROWS = float64[:, ::1]
_FLAGS = int64[::1]


@partial(
    compiled,
    signature=void(int64[:, ::1], _ROWS, _FLAGS, _ROWS, _ROWS, _ROWS, _ROWS, _FLAGS, float64),
)
def run(steps, constants, level, registers, re, im, out, status, rtol):  # type: ignore[no-untyped-def]
    """Run the steps on every point.

    steps (n, 4), constants (m, 4), level one flag per register (scratch: the tile is real),
    registers (r, 4 T) scratch, re and im (variables, points), im with no columns when all is real,
    out (1 or 2, points): the real part, or real and imaginary part; status one code per point.
    """
    points = status.size
    for start in range(0, points, T):
        for k in range(steps.shape[0]):
            op, to, left, right = steps[k, 0], steps[k, 1], steps[k, 2], steps[k, 3]
            w = registers[to]
            if op == VARIABLE:
                level[to] = _load(w, re[left, start:], im[left, start:])
            elif op == CONSTANT:
                for row in range(4):
                    w[row * T : (row + 1) * T] = constants[left, row]
                level[to] = constants[left, 1] == 0.0 and constants[left, 3] == 0.0
            else:
                u, v = registers[left], registers[right]
                level[to] = _apply(op, w, u, v, level[left] != 0, level[right] != 0)
        end = min(start + T, points)
        _store(registers[steps[-1, 1]], out[:, start:end], status[start:end], rtol)
