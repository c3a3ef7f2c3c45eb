"""Enumeration by size, keeping one tree per vector of values.

Entry n of a table is a leaf (left = -1 - leaf number) or eml(left, right); entries of size 2s+1 are
start[s]:start[s+1]. Values are in half-turn form, one column a sample point.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emlc.search.halfturn import FINE, UNDEFINED, UNIT, compiled, exp_half, ln_half, minus

Array = np.ndarray[Any, Any]
CELL_BITS = 26
NEAR = 2.0**-36


@dataclass(slots=True)
class Table:
    """Arrays of all values found, capacity included; `start[-1]` entries are in use."""

    a: Array
    b: Array
    err: Array
    left: Array
    right: Array
    slots: Array
    ea: Array
    eb: Array
    ee: Array
    la: Array
    lb: Array
    le: Array
    eok: Array
    lok: Array
    start: list[int]
    finite: bool
    leaves: tuple[str, ...]
    lossy: list[int] = field(default_factory=list)
    candidates: int = 0
    filled: int = 0

    @property
    def points(self) -> int:
        """Number of sample points."""
        return int(self.a.shape[1])

    def rpn(self, n: int) -> list[str]:
        """The tree of an entry as RPN tokens."""
        out: list[str] = []
        stack = [n]
        while stack:
            top = stack.pop()
            if top < 0:
                out.append("E")
            elif self.left[top] < 0:
                out.append(self.leaves[-1 - int(self.left[top])])
            else:
                stack += [-1, int(self.right[top]), int(self.left[top])]
        return out


@compiled
def scalar_key(a: float, b: float) -> float:
    """One number for a value modulo 2 pi i."""
    if np.isinf(a):
        a = 1e300 if a > 0.0 else -1e300
    r = b - 2.0 * np.floor(0.5 * b + 1e-9)
    return a + 0.7364201193 * r


@compiled
def mixed(cell: int) -> int:
    """A well spread 62-bit hash of a cell number."""
    h = cell ^ (cell >> 31)
    h = h * 0x3F58476D1CE4E5B9
    h = h ^ ((h >> 29) & 0x7FFFFFFFF)
    h = h * 0x14D049BB133111EB
    h = h ^ ((h >> 32) & 0xFFFFFFFF)
    return h & 0x3FFFFFFFFFFFFFFF


@compiled
def cells(s: float) -> tuple[int, int]:
    """The cell of a key and the neighbour to try as well (the same when none is near)."""
    if s == 0.0:
        return 0, 0
    bits = np.float64(s).view(np.int64)
    cell = bits >> CELL_BITS
    low = bits & ((1 << CELL_BITS) - 1)
    tol = 1 << 17
    if low < tol:
        return cell, cell - 1
    if low > (1 << CELL_BITS) - tol:
        return cell, cell + 1
    return cell, cell


@compiled
def same(a1: float, b1: float, a2: float, b2: float) -> bool:
    """Whether two values agree as far as sharp values can be told apart."""
    if a1 == a2 and b1 == b2:
        return True
    if np.isinf(a1) or np.isinf(a2):
        return a1 == a2 and abs(b1 - b2) <= NEAR
    scale = max(abs(a1), abs(b1), abs(a2), abs(b2))
    return abs(a1 - a2) <= NEAR * scale and abs(b1 - b2) <= NEAR * scale


@compiled
def find(slots: Array, a: Array, b: Array, va: Array, vb: Array) -> int:
    """The entry with this vector of values, or -1."""
    mask = slots.size - 1
    main, other = cells(scalar_key(va[0], vb[0]))
    cell = main
    while True:
        h = mixed(cell)
        tag = h >> 31
        at = h & mask
        while slots[at] != -1:
            word = slots[at]
            if word >> 32 == tag:
                n = word & 0xFFFFFFFF
                p = 0
                while p < va.size and same(a[n, p], b[n, p], va[p], vb[p]):
                    p += 1
                if p == va.size:
                    return n
            at = (at + 1) & mask
        if cell == other:
            return -1
        cell = other


@compiled
def put(slots: Array, n: int, va: float, vb: float) -> None:
    """Enter entry n under the key of its first value."""
    mask = slots.size - 1
    main, _ = cells(scalar_key(va, vb))
    h = mixed(main)
    at = h & mask
    while slots[at] != -1:
        at = (at + 1) & mask
    slots[at] = ((h >> 31) << 32) | n


@compiled
def prepare(
    a: Array, b: Array, err: Array, lo: int, hi: int,
    ea: Array, eb: Array, ee: Array, eok: Array, la: Array, lb: Array, le: Array, lok: Array,
) -> None:  # fmt: skip
    """Fill exp and ln of entries lo..hi."""
    for n in range(lo, hi):
        worst_e, worst_l = FINE, FINE
        for p in range(a.shape[1]):
            xa, xb, xe, st = exp_half(a[n, p], b[n, p], err[n, p])
            ea[n, p], eb[n, p], ee[n, p] = xa, xb, xe
            if worst_e != UNDEFINED and st != FINE:
                worst_e = st
            xa, xb, xe, st = ln_half(a[n, p], b[n, p], err[n, p])
            la[n, p], lb[n, p], le[n, p] = xa, xb, xe
            if worst_l != UNDEFINED and st != FINE:
                worst_l = st
        eok[n], lok[n] = worst_e, worst_l


@compiled
def extend(
    a: Array, b: Array, err: Array, left: Array, right: Array, slots: Array,
    ea: Array, eb: Array, ee: Array, eok: Array, la: Array, lb: Array, le: Array, lok: Array,
    ilo: int, ihi: int, jlo: int, jhi: int, count: int, finite: bool,
) -> tuple[int, int]:  # fmt: skip
    """Add eml(i, j) for all i, j of two blocks; the new count (-1: full) and the lossy ones."""
    points = a.shape[1]
    va, vb, ve = np.empty(points), np.empty(points), np.empty(points)
    lossy = 0
    for i in range(ilo, ihi):
        if eok[i] == UNDEFINED:
            continue
        for j in range(jlo, jhi):
            worst = eok[i] if eok[i] != FINE else lok[j]
            if lok[j] == UNDEFINED:
                continue
            p = 0
            while p < points and worst == FINE:
                va[p], vb[p], ve[p], st = minus(
                    ea[i, p], eb[i, p], ee[i, p], la[j, p], lb[j, p], le[j, p]
                )
                if st != FINE or (finite and np.isinf(va[p])):
                    worst = st if st != FINE else UNDEFINED
                p += 1
            if worst != FINE:
                lossy += worst != UNDEFINED
                continue
            if find(slots, a, b, va, vb) >= 0:
                continue
            if count == a.shape[0] or 4 * count > 3 * slots.size:
                return -1, lossy
            for p in range(points):
                a[count, p], b[count, p], err[count, p] = va[p], vb[p], ve[p]
            left[count], right[count] = i, j
            put(slots, count, va[0], vb[0])
            count += 1
    return count, lossy


def empty(capacity: int, points: int, finite: bool, leaves: tuple[str, ...]) -> Table:
    """A table without entries; memory is touched only as it fills."""
    wide = (capacity, points)
    slots = np.full(1 << max(10, int(capacity * 1.5).bit_length()), -1, dtype=np.int64)
    floats = [np.empty(wide) for _ in range(8)]
    return Table(
        floats[0], floats[1], np.empty(wide),
        np.empty(capacity, dtype=np.int32), np.empty(capacity, dtype=np.int32), slots,
        floats[2], floats[3], floats[4], floats[5], floats[6], floats[7],
        np.empty(capacity, dtype=np.int8), np.empty(capacity, dtype=np.int8),
        [0], finite, leaves,
    )  # fmt: skip


def build(
    leaves: dict[str, Array], max_size: int, *, finite: bool = False, capacity: int = 4_000_000
) -> Table:
    """All values of trees with at most `max_size` nodes, or as many sizes as fit the capacity.

    `leaves` maps a token to its values, shape (points, 2) in half-turn form; "1" is among them.
    """
    points = len(next(iter(leaves.values())))
    t = empty(capacity, points, finite, tuple(leaves))
    for n, values in enumerate(leaves.values()):
        t.a[n], t.b[n] = values[:, 0], values[:, 1]
        t.err[n] = UNIT * np.maximum(np.abs(values[:, 0]), np.abs(values[:, 1]))
        if t.leaves[n] == "1":
            t.err[n] = 0
        t.left[n], t.right[n] = -1 - n, -1
        put(t.slots, n, t.a[n, 0], t.b[n, 0])
    t.start.append(len(leaves))
    t.lossy.append(0)
    grow(t, max_size)
    return t


def grow(t: Table, max_size: int) -> None:
    """Add sizes up to `max_size`, stopping before the size that does not fit."""
    while 2 * len(t.start) - 1 <= max_size:
        s = len(t.start) - 1
        fill(t, s - 1)
        count, lossy = t.start[s], 0
        for i in range(s):
            j = s - 1 - i
            count, missed = extend(
                t.a, t.b, t.err, t.left, t.right, t.slots, t.ea, t.eb, t.ee, t.eok,
                t.la, t.lb, t.le, t.lok, t.start[i], t.start[i + 1], t.start[j], t.start[j + 1],
                count, t.finite,
            )  # fmt: skip
            if count < 0:
                _forget(t, s)
                return
            lossy += missed
            t.candidates += (t.start[i + 1] - t.start[i]) * (t.start[j + 1] - t.start[j])
        t.start.append(count)
        t.lossy.append(lossy)


def fill(t: Table, s: int) -> None:
    """Have exp and ln ready for all entries up to size 2s+1."""
    if t.filled < t.start[s + 1]:
        prepare(t.a, t.b, t.err, t.filled, t.start[s + 1], t.ea, t.eb, t.ee, t.eok,
                t.la, t.lb, t.le, t.lok)  # fmt: skip
        t.filled = t.start[s + 1]


def _forget(t: Table, s: int) -> None:
    """Drop the entries of an unfinished size from the hash table."""
    t.slots[(t.slots & 0xFFFFFFFF) >= t.start[s]] = -1
    raise MemoryError
