"""Meeting in the middle on data: invert eml from the target until a value stands in the table.

A need is the value that a hole must take, at the first point, for its context to give the target.
With eml(c, hole) = t it is exp(exp(c) - t); with eml(hole, d) = t it is ln(t + ln d), or that one
turn on. `spent` counts the nodes of the context. Walking from the root of a tree to the larger
child, all siblings are the smaller ones: needs with siblings from the table cover every tree whose
context is paid for.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from emlc.lower.jit import Array, compiled, mixed
from emlc.regress.table import CELL_BITS, Table, cells, close, key, put
from emlc.regress.values import FINE, LOSSY, UNDEFINED, exponential, logarithm

RIGHT, LEFT = 0, 1
_SHARP = 4e-12
_EPS = 2.3e-16
_MARGIN = 1 << (CELL_BITS - 5)
_CHUNK = 4_000_000
_HITS = 20_000


@compiled
def whole(b: float) -> float:
    """Half-turns, with the errors of inversions off whole quarters undone."""
    near = math.floor(2.0 * b + 0.5) * 0.5
    return near + 0.0 if abs(b - near) < 1e-11 else b


@compiled
def invert(
    side: int, ta: float, tb: float, error: float, ca: float, cb: float
) -> tuple[float, float, float, int]:
    """The hole's value and its relative error; c is exp or ln of the sibling."""
    if math.isinf(ca):
        return 0.0, 0.0, 0.0, UNDEFINED
    if side == RIGHT:
        a, b = ca - ta, cb - tb
    else:
        a, b = ta + ca, tb + cb
    b = whole(b)
    scale = abs(ta) + abs(tb)
    lost = error * scale + _EPS * (scale + abs(ca) + abs(cb))
    if side == RIGHT:
        if not -1.0 < b <= 1.0:
            return 0.0, 0.0, 0.0, UNDEFINED
        x, y, status = exponential(a, b)
        wrong = lost
    else:
        size = abs(a) + abs(b)
        if size == 0.0:
            return 0.0, 0.0, 0.0, UNDEFINED
        x, y, status = logarithm(a, b)
        wrong = lost / size / max(abs(x) + abs(y), 1e-300)
    if wrong > _SHARP:
        return 0.0, 0.0, 0.0, LOSSY
    return x, whole(y), wrong, status


@compiled
def mark(value: Array, count: int, bits: Array) -> None:
    """Enter the cells of the first values of all entries, and neighbours near, in a filter."""
    wide = bits.size * 64 - 1
    for n in range(count):
        s = key(value[n, 0, 0], value[n, 0, 1])
        here = np.float64(s).view(np.int64)
        for step in range(-1, 2):
            h = mixed(int((here + step * _MARGIN) >> CELL_BITS)) & wide
            bits[h >> 6] |= np.int64(1) << (h & 63)
        h = mixed(0) & wide
        if s == 0.0:
            bits[h >> 6] |= np.int64(1) << (h & 63)


@compiled
def look_up(
    a: float, b: float, slots: Array, value: Array, bits: Array,
    hits: Array, found: int, need: int, sibling: int, side: int,
) -> int:  # fmt: skip
    """Append every entry whose first value is this one to the hits."""
    s = key(a, b)
    cell = int(np.float64(s).view(np.int64) >> CELL_BITS) if s != 0.0 else 0
    h = mixed(cell) & (bits.size * 64 - 1)
    if not (bits[h >> 6] >> (h & 63)) & 1:
        return found
    mask = slots.size - 1
    main, other = cells(s)
    cell = main
    while True:
        h = mixed(cell)
        tag, at = h >> 31, h & mask
        while slots[at] != 0:
            word = slots[at] - 1
            if word >> 32 == tag:
                n = word & 0xFFFFFFFF
                if close(value[n, 0, 0], value[n, 0, 1], a, b) and found < hits.shape[0]:
                    hits[found, 0], hits[found, 1] = need, sibling
                    hits[found, 2], hits[found, 3] = side, n
                    found += 1
            at = (at + 1) & mask
        if cell == other:
            return found
        cell = other


@compiled
def known(slots: Array, needs: Array, a: float, b: float) -> bool:
    """Whether a need has this value already."""
    mask = slots.size - 1
    main, other = cells(key(a, b))
    cell = main
    while True:
        h = mixed(cell)
        tag, at = h >> 31, h & mask
        while slots[at] != 0:
            word = slots[at] - 1
            n = word & 0xFFFFFFFF
            if word >> 32 == tag and close(needs[n, 0], needs[n, 1], a, b):
                return True
            at = (at + 1) & mask
        if cell == other:
            return False
        cell = other


@compiled
def expand(
    needs: Array, origin: Array, need_slots: Array, lo: int, hi: int, ilo: int, ihi: int,
    value: Array, exp: Array, ln: Array, status: Array, slots: Array, bits: Array,
    count: int, store: bool, hits: Array, found: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Invert needs lo..hi with siblings ilo..ihi: new count (-1: full), hits, lossy ones."""
    lossy = 0
    for q in range(lo, hi):
        ta, tb, error = needs[q, 0], needs[q, 1], needs[q, 2]
        for i in range(ilo, ihi):
            for side in range(2):
                if status[i, side] != FINE:
                    continue
                c = exp[i, 0] if side == RIGHT else ln[i, 0]
                a, b, wrong, st = invert(side, ta, tb, error, c[0], c[1])
                if st != FINE:
                    lossy += st == LOSSY
                    continue
                for branch in range(2):
                    if branch == 1:
                        # exp forgets whole turns: the hole may be one turn on the other side.
                        if side == RIGHT or b == 0.0:
                            break
                        b -= math.copysign(2.0, b)
                    if store:
                        if known(need_slots, needs[:, :2], a, b):
                            continue
                        if count == needs.shape[0]:
                            return -1, found, lossy
                        needs[count, 0], needs[count, 1], needs[count, 2] = a, b, wrong
                        origin[count, 0], origin[count, 1], origin[count, 2] = q, i, side
                        put(need_slots, count, a, b)
                        count += 1
                    found = look_up(a, b, slots, value, bits, hits, found, q, i, side)
    return count, found, lossy


@dataclass(slots=True)
class Meeting:
    """The needs of one target. `blocks[s]` are those that have spent s nodes."""

    table: Table
    needs: Array
    origin: Array
    slots: Array
    bits: Array
    blocks: list[tuple[int, int]] = field(default_factory=list)
    lossy: int = 0
    hits: list[list[str]] = field(default_factory=list)

    def rpn(self, need: int, sibling: int, side: int, entry: int) -> list[str]:
        """The whole tree of a hit."""
        made = self.table.rpn(entry)
        while True:
            other = self.table.rpn(sibling)
            made = [*other, *made, "E"] if side == RIGHT else [*made, *other, "E"]
            if need == 0:
                return made
            need, sibling, side = (int(k) for k in self.origin[need])


def meeting(table: Table, target: Array, capacity: int) -> Meeting:
    """The meeting for the target's value, in half-turn form, at the first point."""
    entries = table.start[-1]
    bits = np.zeros(1 << max(8, (entries // 4).bit_length()), dtype=np.int64)
    mark(table.value, entries, bits)
    made = Meeting(
        table, np.empty((capacity, 3)), np.empty((capacity, 3), dtype=np.int32),
        np.zeros(1 << max(10, int(capacity * 1.4).bit_length()), dtype=np.int64), bits,
    )  # fmt: skip
    made.needs[0] = target[0], target[1], _EPS
    made.origin[0] = -1, -1, -1
    put(made.slots, 0, target[0], target[1])
    made.blocks.append((0, 1))
    return made


def spend(m: Meeting, until: float, seen: int = 0) -> bool:
    """Look up all needs that spend two nodes more; False when time ended before it was done."""
    spent = 2 * len(m.blocks)
    count = m.blocks[-1][1]
    store = count >= 0 and _room(m, spent)
    hits = np.empty((_HITS, 4), dtype=np.int64)
    found, done = 0, True
    begun = count
    for before, (lo, hi) in enumerate(m.blocks):
        size = spent - 2 * before - 1
        if size > m.table.size or hi <= lo:
            continue
        ilo, ihi = m.table.block(size)
        step = max(1, _CHUNK // max(1, ihi - ilo))
        for q in range(lo, hi, step):
            made, found, lossy = expand(
                m.needs, m.origin, m.slots, q, min(q + step, hi), ilo, ihi,
                m.table.value, m.table.exp, m.table.ln, m.table.status, m.table.slots, m.bits,
                count, store, hits, found,
            )  # fmt: skip
            m.lossy += lossy
            if made < 0 or time.monotonic() > until:
                done = False
                break
            count = made
        if not done:
            break
    m.hits += [m.rpn(*(int(k) for k in row)) for row in hits[:found]]
    m.blocks.append((begun, count) if store else (0, 0))
    return done


def _room(m: Meeting, spent: int) -> bool:
    """Whether the needs of this block will fit, and earlier ones all did."""
    work = 0
    for before, (lo, hi) in enumerate(m.blocks):
        size = spent - 2 * before - 1
        if size <= m.table.size:
            ilo, ihi = m.table.block(size)
            work += 2 * (hi - lo) * (ihi - ilo)
    return m.blocks[-1][1] + work < len(m.needs)
