"""The steps of any operator on values in half-turn form, with error bounds, to about 90 bits.

Values and statuses are those of `halfturn`; a product or a quotient with a factor in LOG form is
formed from logarithms.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import compiled
from emlc.search.doubled import PI_H, PI_L, over, plus, times
from emlc.search.halfturn import (
    BEYOND,
    FINE,
    LARGEST,
    LOG,
    LOSSY,
    PLAIN,
    RANGE,
    SHARP,
    UNDEFINED,
    UNIT,
    exp_half,
    ln_half,
    minus,
)
from emlc.search.program import ADD, DIV, EXP, LN, MUL, SUB, TURNED
from emlc.search.table import Array


@compiled
def _set(v: Array, a: float, b: float) -> None:
    v[0], v[1], v[2], v[3], v[4], v[5] = a, 0.0, b, 0.0, 0.0, PLAIN


@compiled
def move(v: Array, w: Array) -> None:
    """v = w: assignments of slices take seconds to compile."""
    for k in range(6):
        v[k] = w[k]


@compiled
def _exp(x: Array, v: Array) -> int:
    v[0], v[1], v[2], v[3], v[4], v[5], st = exp_half(x[0], x[1], x[2], x[3], x[4], x[5])
    return st


@compiled
def _ln(x: Array, v: Array) -> int:
    v[0], v[1], v[2], v[3], v[4], v[5], st = ln_half(x[0], x[1], x[2], x[3], x[4], x[5])
    return st


@compiled
def _minus(x: Array, y: Array, sign: float, v: Array) -> int:
    """v = x - y, or x + y for sign -1."""
    if y[5] == LOG:
        if x[0] == 0.0 and x[2] == 0.0:
            move(v, y)
            if sign > 0.0:  # exp(a + i pi b) changes its sign
                v[2], v[3] = plus(y[2], y[3], 1.0 if y[2] <= 0.0 else -1.0, 0.0)
            return FINE
        return BEYOND
    if x[5] == LOG and (y[0] != 0.0 or y[2] != 0.0) and math.isinf(y[0]):
        return UNDEFINED
    v[0], v[1], v[2], v[3], v[4], v[5], st = minus(
        x[0], x[1], x[2], x[3], x[4], x[5], sign * y[0], sign * y[1], sign * y[2], sign * y[3], y[4]
    )
    return st


@compiled
def _clean(v: Array, size: float, err: float) -> int:
    """Set parts that are nothing but rounding to 0; the status by the size of the terms."""
    if abs(v[0]) <= 4.0 * err + UNIT * size:
        v[0], v[1] = 0.0, 0.0
    if abs(v[2]) <= 4.0 * err + UNIT * size:
        v[2], v[3] = 0.0, 0.0
    v[4], v[5] = err + UNIT * size, PLAIN
    large = max(abs(v[0]), abs(v[2]))
    if large == 0.0:
        return UNDEFINED if size == 0.0 else LOSSY
    if RANGE * large < size:
        return BEYOND
    return LOSSY if v[4] > SHARP * large else FINE


@compiled
def _infinite(x: Array, y: Array, power: float, v: Array) -> int:
    """x * y or x / y where one is infinite: defined for real factors, but not for inf * 0."""
    if x[2] != 0.0 or y[2] != 0.0:
        return UNDEFINED
    a = x[0] * y[0] if power > 0.0 else x[0] / y[0]
    if math.isnan(a):
        return UNDEFINED
    _set(v, a + 0.0, 0.0)
    return FINE


@compiled
def _by_logs(x: Array, y: Array, power: float, v: Array) -> int:
    """x * y**power by logarithms, both not 0 and finite."""
    lx, ly = np.empty(6), np.empty(6)
    st = max(_ln(x, lx), _ln(y, ly))
    if st != FINE:
        return st
    st = _minus(lx, ly, -power, v)
    if st != FINE:
        return st
    if abs(v[0]) <= LARGEST:
        return _exp(v, v)
    n = 2.0 * math.ceil(0.5 * (v[2] - 1.0))
    v[2], v[3] = plus(v[2], v[3], -n, 0.0)
    v[5] = LOG
    return FINE


@compiled
def _product(x: Array, y: Array, v: Array) -> int:
    """v = x * y for finite plain values."""
    ch, cl = times(x[0], x[1], y[0], y[1])
    sx, sy = max(abs(x[0]), 4.0 * abs(x[2])), max(abs(y[0]), 4.0 * abs(y[2]))
    err = 2.0 * (sx * y[4] + sy * x[4])
    v[2], v[3] = 0.0, 0.0
    if x[2] != 0.0 or y[2] != 0.0:
        ph, pl = times(x[2], x[3], y[2], y[3])
        ph, pl = times(ph, pl, PI_H, PI_L)
        ph, pl = times(ph, pl, PI_H, PI_L)
        ch, cl = plus(ch, cl, -ph, -pl)
        ph, pl = times(x[0], x[1], y[2], y[3])
        qh, ql = times(x[2], x[3], y[0], y[1])
        v[2], v[3] = plus(ph, pl, qh, ql)
    v[0], v[1] = ch, cl
    return _clean(v, 4.0 * sx * sy, err)


@compiled
def _times(x: Array, y: Array, power: float, v: Array) -> int:
    """v = x * y, or x / y for power -1."""
    zero_x, zero_y = x[0] == 0.0 and x[2] == 0.0, y[0] == 0.0 and y[2] == 0.0
    zero_x, zero_y = zero_x and x[5] == PLAIN, zero_y and y[5] == PLAIN
    if zero_y and power < 0.0:
        return UNDEFINED
    if math.isinf(x[0]) or math.isinf(y[0]):
        if x[5] == LOG or y[5] == LOG:
            return BEYOND
        return _infinite(x, y, power, v)
    if zero_x or zero_y:
        _set(v, 0.0, 0.0)
        return FINE
    big = max(max(abs(x[0]), abs(x[2])), max(abs(y[0]), abs(y[2])))
    if x[5] == LOG or y[5] == LOG or big > 1e140:
        return _by_logs(x, y, power, v)
    if power > 0.0:
        return _product(x, y, v)
    if y[2] == 0.0:
        v[0], v[1] = over(x[0], x[1], y[0], y[1])
        v[2], v[3] = over(x[2], x[3], y[0], y[1])
        size = max(abs(v[0]), abs(v[2]))
        v[4] = x[4] / abs(y[0]) + size * y[4] / abs(y[0]) + 4.0 * UNIT * size
        v[5] = PLAIN
        return LOSSY if v[4] > SHARP * size else FINE
    w = np.empty(6)
    ph, pl = times(y[2], y[3], PI_H, PI_L)
    ph, pl = times(ph, pl, ph, pl)
    qh, ql = times(y[0], y[1], y[0], y[1])
    qh, ql = plus(qh, ql, ph, pl)
    w[0], w[1] = over(y[0], y[1], qh, ql)
    w[2], w[3] = over(-y[2], -y[3], qh, ql)
    w[4], w[5] = 4.0 * (y[4] + UNIT * max(abs(y[0]), 4.0 * abs(y[2]))) / qh, PLAIN
    return _product(x, w, v)


@compiled
def run(codes: Array, registers: Array, branch: int) -> int:
    """Run steps on registers, shape (registers, 6); the first status that is not FINE.

    A step is (code, i, j, place of the result); `branch` tells in base 3 the turn of every TURNED
    step.
    """
    for k in range(codes.shape[0]):
        code, v = codes[k, 0], registers[codes[k, 3]]
        x, y = registers[codes[k, 1]], registers[max(codes[k, 2], 0)]
        if code == EXP:
            st = _exp(x, v)
        elif code == LN:
            st = _ln(x, v)
        elif code == SUB:
            st = _minus(x, y, 1.0, v)
        elif code == ADD:
            st = _minus(x, y, -1.0, v)
        elif code == MUL:
            st = _times(x, y, 1.0, v)
        elif code == DIV:
            st = _times(x, y, -1.0, v)
        elif code == TURNED:
            st = _ln(x, v)
            turn = branch % 3 - 1
            branch = branch // 3
            if st == FINE and turn != 0:
                if math.isinf(v[0]):
                    return UNDEFINED
                v[2], v[3] = plus(v[2], v[3], 2.0 * turn, 0.0)
        else:
            if x[5] == PLAIN and not math.isinf(x[0]) and (x[2] > 1.0 or x[2] <= -1.0):
                return UNDEFINED
            st = _exp(x, v)
        if st != FINE:
            return st
    return FINE
