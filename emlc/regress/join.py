"""Three sets at once: contexts, left children and right children with need = exp(i) - ln(j).

Values are compared as one number each, `key`, which is linear: the largest of the three sets is
indexed by it, and the sums or differences of the other two are looked up. Whatever agrees is
evaluated forwards, at both points of the table.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.table import key
from emlc.regress.values import ABSORBED, FINE, LOSSY, Value, difference, exponential, logarithm

NEED, LEFT, RIGHT = 0, 1, 2
_SHIFT = 26
_BORDER = 1 << (_SHIFT - 7)
# A sum is found when its error is below the border's width, this part of it.
_WIDTH = 2.0**33
_TAG = _SHIFT - 8
_EXACT = 2e-12
# A term that is this part of the other, or less, says too little of which one it is.
_FAINT = 1e-9
_AGREES = 1e-8
_CROWD = 100
_STREAK = -0x61C8864680B583EB


@compiled
def cell(s: float) -> int:
    """The cell of a key, some 1e-8 of it wide."""
    return int(np.float64(s).view(np.int64) >> _SHIFT)


@compiled
def scattered(at: int) -> int:
    """A well spread number for a cell, its low 40 bits."""
    h = at * _STREAK
    return (h ^ (h >> 29)) & 0xFFFFFFFFFF


@compiled
def passes(h: int, bits: Array) -> bool:
    """Whether a filter may hold a cell."""
    word = bits[(h >> 12) & (bits.size - 1)]
    return (word >> (h & 63)) & (word >> ((h >> 6) & 63)) & 1 == 1


@compiled
def terms(
    n: int, p: int, value: Array, exp: Array, ln: Array, left: Array, right: Array, which: int
) -> Value:
    """What an entry is as a left or right child, exp or ln; entries beyond the arrays are made."""
    if n < value.shape[0]:
        if which == LEFT:
            return exp[n, p, 0], exp[n, p, 1], FINE
        return ln[n, p, 0], ln[n, p, 1], FINE
    i, j = left[n], right[n]
    a, b, status = difference(exp[i, p, 0], exp[i, p, 1], ln[j, p, 0], ln[j, p, 1])
    if status != FINE:
        return 0.0, 0.0, status
    return exponential(a, b) if which == LEFT else logarithm(a, b)


@compiled
def enter(keys: Array, lo: int, hi: int, slots: Array, bits: Array) -> int:
    """Index keys lo..hi; how many did not fit.

    A slot has 24 bits for which key it is, and 8 for where in its cell.

    Where very many keys are in one cell, as where all but a constant is nearly absorbed, no more
    than some are kept.
    """
    mask, lost = slots.size - 1, 0
    for n in range(lo, hi):
        s = keys[n]
        if not abs(s) < 1e308:
            continue
        h = scattered(cell(s))
        tag, at = (np.float64(s).view(np.int64) >> _TAG) & 0xFF, h & mask
        steps = 0
        while slots[at] != 0 and steps < _CROWD:
            steps += 1
            at = (at + 1) & mask
        if steps == _CROWD:
            lost += 1
            continue
        slots[at] = np.uint32((tag << 24) | (n - lo + 1))
        bits[(h >> 12) & (bits.size - 1)] |= (np.int64(1) << (h & 63)) | (
            np.int64(1) << ((h >> 6) & 63)
        )
    return lost


@compiled
def forwards(
    need: int, i: int, j: int, p: int, origin: Array,
    value: Array, exp: Array, ln: Array, left: Array, right: Array,
) -> Value:  # fmt: skip
    """The value of the whole tree at a point of the table."""
    a, b, one = terms(i, p, value, exp, ln, left, right, LEFT)
    c, d, two = terms(j, p, value, exp, ln, left, right, RIGHT)
    if one != FINE or two != FINE:
        return 0.0, 0.0, max(one, two)
    a, b, status = difference(a, b, c, d)
    while need > 0 and status == FINE:
        k, side = origin[need, 1], origin[need, 2]
        if side == 0:
            c, d, status = logarithm(a, b)
            if status == FINE:
                a, b, status = difference(exp[k, p, 0], exp[k, p, 1], c, d)
        else:
            c, d, status = exponential(a, b)
            if status == FINE:
                a, b, status = difference(c, d, ln[k, p, 0], ln[k, p, 1])
        need = origin[need, 0]
    return a, b, status


@compiled
def sign(role: int, index: int) -> float:
    """With which sign a set goes into the sum that is looked up: need = exp(i) - ln(j)."""
    return -1.0 if role != LEFT and index != LEFT else 1.0


@compiled
def agrees(
    need: int, i: int, j: int, origin: Array, target: Array,
    value: Array, exp: Array, ln: Array, left: Array, right: Array,
) -> bool:  # fmt: skip
    """Whether a whole tree gives the target at both points of the table."""
    for p in range(2):
        a, b, status = forwards(need, i, j, p, origin, value, exp, ln, left, right)
        gap = abs(a - target[p, 0]) + abs(b - target[p, 1])
        if status != FINE or not gap <= _AGREES * (abs(target[p, 0]) + abs(target[p, 1])):
            return False
    return True


@compiled
def join(
    roles: Array, xs: Array, xt: Array, xlo: int, xhi: int, ys: Array, yt: Array, ylo: int,
    yhi: int, keys: Array, klo: int, slots: Array, bits: Array, origin: Array, target: Array,
    value: Array, exp: Array, ln: Array, left: Array, right: Array, hits: Array,
) -> tuple[int, int]:  # fmt: skip
    """Look up all sums of two sets in the index of the third: hits, and how many were lossy.

    roles      what x, y and the index are; which the signs of x and y follow
    xt, yt     errors of the keys
    target     its values at the points, shape (2, 2)
    """
    found, lossy = 0, 0
    border, span = np.int64(_BORDER), np.int64((1 << _SHIFT) - 1)
    mask, wide = slots.size - 1, bits.size - 1
    xsign, ysign = sign(roles[0], roles[2]), sign(roles[1], roles[2])
    of = np.zeros(3, dtype=np.int64)
    for x in range(xlo, xhi):
        s, e = xsign * xs[x], xt[x]
        least, most = _FAINT * abs(s), abs(s) / _FAINT if s != 0.0 else math.inf
        # What is infinite is so with any other part: the first stands for all of them.
        last = yhi if abs(s) < 1e299 else ylo + 1
        for y in range(ylo, last):
            w = s + ysign * ys[y]
            at = np.float64(w).view(np.int64)
            h = scattered(at >> _SHIFT)
            word = bits[(h >> 12) & wide]
            hit = (word >> (h & 63)) & (word >> ((h >> 6) & 63)) & 1
            near = ((at & span) + border) & span < 2 * border
            error = e + yt[y]
            if not (hit | near | (abs(w) < _WIDTH * error)):
                continue
            size = abs(ys[y])
            if not least <= size <= most and size != 0.0:
                lossy += least < size * _FAINT / ABSORBED
                continue
            if abs(w) <= error:
                w = 0.0
            lossy += 0.0 < abs(w) < _WIDTH * error
            at = np.float64(w).view(np.int64)
            tag, c = (at >> _TAG) & 0xFF, at >> _SHIFT
            turn = 0 if w == 0.0 or not near else (-1 if (at & span) < border else 1)
            reach = 2 if w == 0.0 else 2 + int(error / abs(w) * 2.0 ** (53 - _TAG))
            while True:
                h = scattered(c)
                spot = h & mask
                while passes(h, bits) and slots[spot] != 0:
                    word = np.int64(slots[spot])
                    k = klo + (word & 0xFFFFFF) - 1
                    spot = (spot + 1) & mask
                    if abs((word >> 24) - tag) > reach or abs(keys[k] - w) > error + _EXACT * abs(
                        w
                    ):
                        continue
                    of[roles[0]], of[roles[1]], of[roles[2]] = x, y, k
                    if found < hits.shape[0] and agrees(
                        of[0], of[1], of[2], origin, target, value, exp, ln, left, right
                    ):
                        hits[found, 0], hits[found, 1], hits[found, 2] = of[0], of[1], of[2]
                        found += 1
                if turn == 0:
                    break
                c, tag, turn = c + turn, tag - 256 * turn, 0
    return found, lossy


@compiled
def spread(
    value: Array, exp: Array, ln: Array, status: Array, count: int, keys: Array, errors: Array
) -> None:
    """Keys of entries as left and right children, exp and ln, with errors; nan where not fine."""
    for n in range(count):
        for which in range(1, 3):
            v = exp[n, 0] if which == LEFT else ln[n, 0]
            fine = status[n, which - 1] == FINE
            keys[which, n] = key(v[0], v[1]) if fine else math.nan
            errors[which, n] = 0.0 if math.isinf(v[0]) else _EXACT * (abs(v[0]) + abs(v[1]))


@compiled
def pairs(
    exp: Array, ln: Array, status: Array, ilo: int, ihi: int, jlo: int, jhi: int, count: int,
    left: Array, right: Array, keys: Array,
) -> tuple[int, int]:  # fmt: skip
    """Append eml(i, j), with the keys of its exp and ln, for all i and j: the new count, lossy."""
    lossy = 0
    for i in range(ilo, ihi):
        for j in range(jlo, jhi):
            worst = max(status[i, 0], status[j, 1])
            if worst != FINE:
                continue
            a, b, st = difference(exp[i, 0, 0], exp[i, 0, 1], ln[j, 0, 0], ln[j, 0, 1])
            if st != FINE:
                lossy += st == LOSSY
                continue
            if count == left.size:
                return -1, lossy
            left[count], right[count] = i, j
            c, d, st = exponential(a, b)
            keys[LEFT, count] = key(c, d) if st == FINE else math.nan
            c, d, st = logarithm(a, b)
            keys[RIGHT, count] = key(c, d) if st == FINE else math.nan
            count += 1
    return count, lossy
