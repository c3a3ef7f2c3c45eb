"""Three sets at once: contexts, left children and right children with need = exp(i) - ln(j).

Values are compared as one number each, `key`, which is linear: the largest of the three sets is
indexed by it, and the sums or differences of the other two are looked up. Whatever agrees is
evaluated forwards, at both points of the table.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from typing import Any

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.table import key
from emlc.regress.values import ABSORBED, FINE, LOSSY, Value, difference, exponential, logarithm

NEED, LEFT, RIGHT = 0, 1, 2
_SHIFT = 26
_BORDER = 1 << (_SHIFT - 6)
# A sum is found when its error is below the border's width, this part of it.
_WIDTH = 2.0**34
_TAG = _SHIFT - 8
_EXACT = 2e-12
# Where the terms nearly cancel, a sum may lie in any of so many cells to either side.
_SPAN = 40
# A term that is this part of the other, or less, says too little of which one it is.
_FAINT = 1e-9
_AGREES = 1e-8
_CROWD = 100
_CHUNK, _GLIMPSE, _FETCHED = 2048, 62, 512
_STREAK = -0x61C8864680B583EB

# Values, exp and ln, and what the entries are made of.
Entries = tuple[Array, Array, Array, Array, Array]
# Keys, their errors, and which entries they are of; keys, entries, slots and filter.
Part = tuple[Array, Array, Array]
Index = tuple[Array, Array, Array, Array]


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
def terms(n: int, p: int, entries: Entries, which: int) -> Value:
    """What an entry is as a left or right child, exp or ln; entries beyond the arrays are made."""
    value, exp, ln, left, right = entries
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
def fetch(keys: Array, slots: Array, bits: Array) -> int:
    """Have what the index holds for some keys at hand; nothing waits, so much of it comes at once.

    The number says nothing, but must be used, or the compiler leaves all of it out.
    """
    found: Any = np.int64(0)
    mask, wide = slots.size - 1, bits.size - 1
    for n in range(keys.size):
        h = scattered(cell(keys[n]))
        found |= np.int64(slots[h & mask]) + bits[(h >> 12) & wide]
    return found


@compiled
def enter(keys: Array, slots: Array, bits: Array) -> int:
    """Index keys; how many did not fit.

    A slot has 24 bits for which key it is, and 8 for where in its cell.

    Where very many keys are in one cell, as where all but a constant is nearly absorbed, no more
    than some are kept.
    """
    mask, lost = slots.size - 1, 0
    used = np.empty(1, dtype=np.int64)
    for n in range(len(keys)):
        if n % _FETCHED == 0:
            used[0] = fetch(keys[n : n + _FETCHED], slots, bits)
        h = scattered(cell(keys[n]))
        tag, at = (np.float64(keys[n]).view(np.int64) >> _TAG) & 0xFF, h & mask
        steps = 0
        while slots[at] != 0 and steps < _CROWD:
            steps += 1
            at = (at + 1) & mask
        if steps == _CROWD:
            lost += 1
            continue
        slots[at] = np.uint32((tag << 24) | (n + 1))
        bits[(h >> 12) & (bits.size - 1)] |= (np.int64(1) << (h & 63)) | (
            np.int64(1) << ((h >> 6) & 63)
        )
    return lost


@compiled
def forwards(need: int, i: int, j: int, p: int, origin: Array, entries: Entries) -> Value:
    """The value of the whole tree at a point of the table."""
    _, exp, ln, _, _ = entries
    a, b, one = terms(i, p, entries, LEFT)
    c, d, two = terms(j, p, entries, RIGHT)
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
def agrees(need: int, i: int, j: int, origin: Array, target: Array, entries: Entries) -> bool:
    """Whether a whole tree gives the target at both points of the table."""
    for p in range(2):
        a, b, status = forwards(need, i, j, p, origin, entries)
        gap = abs(a - target[p, 0]) + abs(b - target[p, 1])
        if status != FINE or not gap <= _AGREES * (abs(target[p, 0]) + abs(target[p, 1])):
            return False
    return True


@compiled
def glimpse(s: float, e: float, turned: float, ys: Array, yt: Array, bits: Array) -> int:
    """A bit for each y whose sum with s may be in the index, or is near the border of a cell.

    One number, without a branch or a store: so the processor fetches several words at once.
    """
    found: Any = np.int64(0)
    wide = bits.size - 1
    border, span = np.int64(_BORDER), np.int64((1 << _SHIFT) - 1)
    for y in range(ys.size):
        w = s + turned * ys[y]
        at = np.float64(w).view(np.int64)
        h = scattered(at >> _SHIFT)
        word = bits[(h >> 12) & wide]
        hit = (word >> (h & 63)) & (word >> ((h >> 6) & 63)) & 1
        near = ((at & span) + border) & span < 2 * border
        found |= np.int64(hit | near | (abs(w) < _WIDTH * (e + yt[y]))) << y
    return found


@compiled
def sift(
    s: float, e: float, turned: float, ys: Array, yt: Array, lo: int, hi: int, bits: Array,
    masks: Array, kept: Array,
) -> int:  # fmt: skip
    """Keep each y that is worth a closer look, by `glimpse`: how many."""
    n, count = 0, 0
    for at in range(lo, hi, _GLIMPSE):
        end = min(at + _GLIMPSE, hi)
        masks[count] = glimpse(s, e, turned, ys[at:end], yt[at:end], bits)
        count += 1
    for k in range(count):
        left, y = masks[k], lo + k * _GLIMPSE
        while left:
            if left & 1:
                kept[n] = y
                n += 1
            left >>= 1
            y += 1
    return n


@compiled
def narrow(
    s: float, e: float, turned: float, ys: Array, yt: Array, kept: Array, count: int,
    slots: Array, bits: Array, sums: Array, cells: Array,
) -> tuple[int, int]:  # fmt: skip
    """The cells to look into for what was kept, how many; and how many sums were lossy.

    sums    for each cell the sum and how far from it a key may be
    cells   for each y and cell, the cell, and its first slot: fetched here, for many at once
    """
    n, lossy, mask = 0, 0, slots.size - 1
    least, most = _FAINT * abs(s), abs(s) / _FAINT if s != 0.0 else math.inf
    for q in range(count):
        y = kept[q]
        w, error, size = s + turned * ys[y], e + yt[y], abs(ys[y])
        if not least <= size <= most and size != 0.0:
            lossy += least < size * _FAINT / ABSORBED
            continue
        lossy += error < abs(w) < _WIDTH * error
        w = w if abs(w) > error else 0.0
        within = error + _EXACT * abs(w)
        main = cell(w)
        under = over = main
        if w != 0.0:
            one, other = cell(w - within), cell(w + within)
            under, over = max(min(one, other), main - _SPAN), min(max(one, other), main + _SPAN)
        for c in range(under, over + 1):
            h = scattered(c)
            if passes(h, bits):
                sums[n, 0], sums[n, 1] = w, within
                cells[n, 0], cells[n, 1], cells[n, 2] = y, c, slots[h & mask]
                n += 1
    return n, lossy


@compiled
def follow(
    w: float, within: float, c: int, word: Any, keys: Array, slots: Array, at: int
) -> tuple[int, int]:
    """The next key of a cell that is near a sum, or -1, and the slot after it.

    Slot `at` holds `word`.
    """
    mask = slots.size - 1
    tag = (np.float64(w).view(np.int64) >> _TAG) - (c << 8)
    reach = 2 if w == 0.0 else 2 + int(within / abs(w) * 2.0 ** (53 - _TAG))
    while word != 0:
        k = (word & 0xFFFFFF) - 1
        at = (at + 1) & mask
        if abs((word >> 24) - tag) <= reach and abs(keys[k] - w) <= within:
            return k, at
        word = np.int64(slots[at])
    return -1, at


@compiled
def join(
    roles: Array, x: Part, y: Part, xlo: int, xhi: int, index: Index, origin: Array,
    target: Array, entries: Entries, hits: Array,
) -> tuple[int, int]:  # fmt: skip
    """Look up all sums of two sets in the index of the third: hits, and how many were lossy.

    roles    what x, y and the index are; which the signs of x and y follow
    x, y     keys, their errors, and which entry each is; of x from xlo to xhi
    target   its values at the points, shape (2, 2)
    """
    (xs, xt, xi), (ys, yt, yi), (keys, ki, slots, bits) = x, y, index
    found, lossy = 0, 0
    xsign, ysign = sign(roles[0], roles[2]), sign(roles[1], roles[2])
    masks, kept, of = np.empty(_CHUNK, np.int64), np.empty(_CHUNK, np.int64), np.zeros(3, np.int64)
    most = (2 * _SPAN + 1) * _CHUNK
    sums, cells = np.empty((most, 2)), np.empty((most, 3), dtype=np.int64)
    for n in range(xlo, xhi):
        s, e = xsign * xs[n], xt[n]
        # What is infinite is so with any other part: the first stands for all of them.
        last = len(ys) if abs(s) < 1e299 else min(1, len(ys))
        for lo in range(0, last, _CHUNK):
            hi = min(lo + _CHUNK, last)
            count = sift(s, e, ysign, ys, yt, lo, hi, bits, masks, kept)
            count, lost = narrow(s, e, ysign, ys, yt, kept, count, slots, bits, sums, cells)
            lossy += lost
            for q in range(count):
                m, c, word = cells[q, 0], cells[q, 1], cells[q, 2]
                spot = scattered(c) & (slots.size - 1)
                while True:
                    k, spot = follow(sums[q, 0], sums[q, 1], c, word, keys, slots, spot)
                    if k < 0:
                        break
                    word = np.int64(slots[spot])
                    of[roles[0]], of[roles[1]], of[roles[2]] = xi[n], yi[m], ki[k]
                    if found < len(hits) and agrees(of[0], of[1], of[2], origin, target, entries):
                        hits[found] = of
                        found += 1
    return found, lossy


@compiled
def listed(
    lo: int, hi: int, which: int, status: Array, entries: Entries,
    keys: Array, errors: Array, ids: Array,
) -> int:  # fmt: skip
    """Keys of entries lo..hi as left or right children, exp or ln, with errors: how many.

    What is not fine is left out.
    """
    _, exp, ln, left, right = entries
    count = 0
    for n in range(lo, hi):
        if n < len(status):
            a, b = (exp[n, 0, 0], exp[n, 0, 1]) if which == LEFT else (ln[n, 0, 0], ln[n, 0, 1])
            fine = status[n, which - 1]
        else:
            i, j = left[n], right[n]
            a, b, fine = difference(exp[i, 0, 0], exp[i, 0, 1], ln[j, 0, 0], ln[j, 0, 1])
            a, b, fine = exponential(a, b) if which == LEFT else logarithm(a, b)
        if fine == FINE:
            keys[count], ids[count] = key(a, b), n
            errors[count] = 0.0 if math.isinf(a) else _EXACT * (abs(a) + abs(b))
            count += 1
    return count


@compiled
def pairs(
    exp: Array, ln: Array, status: Array, ilo: int, ihi: int, jlo: int, jhi: int, count: int,
    left: Array, right: Array,
) -> tuple[int, int]:  # fmt: skip
    """Append eml(i, j) for all i and j: the new count (-1: full), lossy."""
    lossy = 0
    for i in range(ilo, ihi):
        if status[i, 0] != FINE:
            continue
        for j in range(jlo, jhi):
            if status[j, 1] != FINE:
                continue
            _, _, st = difference(exp[i, 0, 0], exp[i, 0, 1], ln[j, 0, 0], ln[j, 0, 1])
            if st != FINE:
                lossy += st == LOSSY
                continue
            if count == left.size:
                return -1, lossy
            left[count], right[count] = i, j
            count += 1
    return count, lossy
