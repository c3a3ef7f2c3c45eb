"""The loops over pairs of a meeting: marked rows, pairs streamed past them, needs asked for theirs.

Rows, needs and contexts are those of `undo`.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np

from emlc.lower.jit import compiled
from emlc.lower.slots import mixed
from emlc.search.doubled import plus
from emlc.search.halfturn import FINE, LOG, RANGE, SHARP, UNIT
from emlc.search.table import CELL_BITS, LIFT, SKEW, Array, scalar_key
from emlc.search.undo import forward, note

_MARGIN = 64


@compiled
def mark(rows: Array, status: Array, lo: int, hi: int, slots: Array, bits: Array) -> None:
    """Enter rows lo..hi in a hash table of their own and its filter, near borders twice."""
    mask = slots.size - 1
    wide = bits.size * 64 - 1
    for n in range(lo, hi):
        if (status.size and status[n] != FINE) or np.isinf(rows[n, 0, 0]):
            continue
        s = scalar_key(rows[n, 0])
        bits_of = np.float64(s).view(np.int64)
        main = int(bits_of >> CELL_BITS)
        for step in range(-1, 2):
            cell = int((bits_of + step * _MARGIN) >> CELL_BITS)
            if step != 0 and cell == main:
                continue
            h = mixed(cell)
            bits[(h & wide) >> 6] |= np.int64(1) << (h & 63)
            at = h & mask
            while slots[at] != 0:
                at = (at + 1) & mask
            slots[at] = (((h >> 31) << 32) | n) + 1


@compiled
def key_of(
    xa: float, xl: float, xb: float, xm: float, ya: float, yl: float, yb: float, ym: float
) -> float:
    """The key of x - y, to the bits that a cell takes."""
    a = xa - ya
    if abs(a) < 0.05 * abs(xa):
        a = plus(xa, xl, -ya, -yl)[0]
    b = xb - yb
    if b == 0.0:
        return a
    if abs(b) < 0.05 * abs(xb):
        b = plus(xb, xm, -yb, -ym)[0]
    return float(a + SKEW * (b - 2.0 * np.floor(0.5 * b + 1e-12)))


@compiled
def stream(
    ilo: int, ihi: int, jlo: int, jhi: int, slots: Array, bits: Array,
    x: Array, y: Array, exp_status: Array, ln_status: Array,
    needs: Array, parent: Array, sibling: Array, sides: Array,
    value: Array, exp: Array, ln: Array, target: Array, hits: Array, unsure: Array,
) -> tuple[int, int]:  # fmt: skip
    """Look up eml(i, j), for all i, j of two blocks, among the marked needs; hits and lossy ones.

    x and y are exp and ln of all entries at the first point, five columns.
    """
    mask = slots.size - 1
    wide = bits.size * 64 - 1
    found: Any = np.int64(0)
    left: Any = np.int64(0)
    lossy = 0
    for i in range(ilo, ihi):
        if exp_status[i] != FINE:
            continue
        huge = exp[i, 0, 5] == LOG
        xa, xl, xb, xm = x[i, 0], x[i, 1], x[i, 2], x[i, 3]
        for j in range(jlo, jhi):
            if ln_status[j] != FINE:
                continue
            s = key_of(xa, xl, xb, xm, y[j, 0], y[j, 1], y[j, 2], y[j, 3])
            if huge:
                if y[j, 0] != 0.0 or y[j, 2] != 0.0:
                    continue
                s *= LIFT
            if not abs(s) < 1e290:
                continue
            if (x[i, 4] + y[j, 4]) > SHARP * abs(s) and abs(s) * RANGE > abs(xa):
                if lossy < unsure.shape[0]:
                    unsure[lossy, 0], unsure[lossy, 1] = i, j
                lossy += 1
                continue
            h = mixed(int(np.float64(s).view(np.int64) >> CELL_BITS))
            if not (bits[(h & wide) >> 6] >> (h & 63)) & 1:
                continue
            at = h & mask
            tag = h >> 31
            while slots[at] != 0:
                word = slots[at] - 1
                if word >> 32 == tag:
                    q = word & 0xFFFFFFFF
                    if found < hits.shape[0] and forward(
                        j, i, left, q, parent, sibling, sides, value, exp, ln, target
                    ):
                        note(hits, found, q, i, left, j)
                        found += 1
                at = (at + 1) & mask
    return found, lossy


@compiled
def ask(
    lo: int, hi: int, klo: int, khi: int, side: int, slots: Array, bits: Array,
    x: Array, status: Array, needs: Array, parent: Array, sibling: Array, sides: Array,
    value: Array, exp: Array, ln: Array, target: Array, hits: Array, unsure: Array,
) -> tuple[int, int]:  # fmt: skip
    """Look up what fills needs lo..hi beside entries klo..khi; hits and lossy ones.

    x are the terms of those entries at the first point: exp on the left (side 0), when the table
    of marked rows holds ln, or ln on the right (side 1), when it holds exp.
    """
    mask = slots.size - 1
    wide = bits.size * 64 - 1
    sign = 1.0 if side == 0 else -1.0
    found: Any = np.int64(0)
    left: Any = np.int64(0)
    lossy = 0
    for q in range(lo, hi):
        t = needs[q, 0]
        if not abs(t[0]) < 1e290:
            continue
        log_form = t[5] == LOG
        ta, tl, tb, tm = sign * t[0], sign * t[1], sign * t[2], sign * t[3]
        for k in range(klo, khi):
            xa, xb = x[k, 0], x[k, 2]
            if status[k] != FINE or not abs(xa) < 1e290:
                continue
            if side == 0 and (log_form or exp[k, 0, 5] == LOG):
                continue
            if log_form and (xa != 0.0 or xb != 0.0):
                continue
            s = key_of(xa, x[k, 1], xb, x[k, 3], ta, tl, tb, tm)
            if abs(s) <= 4.0 * (x[k, 4] + t[4]) + UNIT * max(abs(xa), abs(xb)):
                s = 0.0
            if log_form:
                s *= LIFT
            if (x[k, 4] + t[4]) > SHARP * abs(s) and abs(s) * RANGE > abs(xa):
                if lossy < unsure.shape[0]:
                    unsure[lossy, 0], unsure[lossy, 1] = q, k
                lossy += 1
                continue
            h = mixed(int(np.float64(s).view(np.int64) >> CELL_BITS))
            if not (bits[(h & wide) >> 6] >> (h & 63)) & 1:
                continue
            at = h & mask
            tag = h >> 31
            while slots[at] != 0:
                word = slots[at] - 1
                if word >> 32 == tag:
                    n = word & 0xFFFFFFFF
                    i, j = (k, n) if side == 0 else (n, k)
                    if found < hits.shape[0] and forward(
                        j, i, left, q, parent, sibling, sides, value, exp, ln, target
                    ):
                        note(hits, found, q, i, left, j)
                        found += 1
                at = (at + 1) & mask
    return found, lossy
