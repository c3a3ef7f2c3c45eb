"""Enumeration by size, keeping one tree per vector of values.

Entry n of a table is a leaf (left = -1 - leaf number) or eml(left, right); entries of size 2s+1
are start[s]:start[s+1]. `value[n, p]` is the value at sample point p, `exp[n, p]` and `ln[n, p]`
its exp and ln, six doubles each as in `halfturn`.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emlc.lower.jit import compiled
from emlc.lower.slots import around, enter_at, mixed
from emlc.search.halfturn import (
    BEYOND,
    FINE,
    LOG,
    LOSSY,
    NEAR,
    UNDEFINED,
    UNIT,
    exp_half,
    ln_half,
    minus,
)

Array = np.ndarray[Any, Any]
NO_SLOTS = np.empty(0, dtype=np.int64)
CELL_BITS = 10
SKEW, LIFT = 0.7364201193, 1.3172  # what tells phases, and LOG forms, apart in a key
_BORDER = 16
_PIECE, _ROWS = 1_000_000, 200_000  # candidates, or rows made ready, between two ticks
GROW_NS = 500.0
BYTES = 48 + 8 + 22  # of an entry with one sample point, and for its exp and ln besides:
TERM_BYTES = 2 * 48 + 2


@dataclass(slots=True)
class Table:
    """All values found; `start[-1]` entries of the arrays are in use."""

    value: Array
    exp: Array
    ln: Array
    exp_status: Array
    ln_status: Array
    left: Array
    right: Array
    slots: Array
    finite: bool
    leaves: tuple[str, ...]
    room: int
    start: list[int] = field(default_factory=lambda: [0])
    lossy: int = 0
    beyond: int = 0
    candidates: int = 0
    filled: int = 0
    tick: Callable[[], None] | None = None  # called between two pieces of work
    precise: Any = None  # its values at high precision, see `refine`
    marked: dict[tuple[str, int], tuple[Array, Array]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The largest complete size."""
        return 2 * len(self.start) - 3

    @property
    def markable(self) -> int:
        """The largest size whose exp and ln there is room for."""
        fits = [s for s in range(len(self.start) - 1) if self.start[s + 1] <= self.room]
        return 2 * fits[-1] + 1

    def block(self, size: int) -> tuple[int, int]:
        """First entry of this size and the one after the last."""
        return self.start[size // 2], self.start[size // 2 + 1]

    def count(self, size: int) -> int:
        """Number of entries of this size."""
        return self.start[size // 2 + 1] - self.start[size // 2]

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
def scalar_key(v: Array) -> float:
    """One number for a value modulo 2 pi i."""
    a = v[0]
    if np.isinf(a):
        return float((1e300 if a > 0.0 else -1e300) * (1.0 + LIFT * abs(v[2])))
    s = a
    if v[2] != 0.0:
        s = a + SKEW * (v[2] - 2.0 * np.floor(0.5 * v[2] + 1e-12))
    return float(s if v[5] != LOG else LIFT * s)


@compiled
def cells(v: Array) -> tuple[int, int]:
    """The cell of a value and the neighbour to try as well (the same when none is near)."""
    return around(scalar_key(v), CELL_BITS, _BORDER)


@compiled
def same(u: Array, v: Array) -> bool:
    """Whether two values are taken to be equal."""
    if u[5] != v[5]:
        return False
    if np.isinf(u[0]) or np.isinf(v[0]):
        return bool(u[0] == v[0] and u[2] == v[2])
    scale = NEAR * max(abs(u[0]), abs(u[2]))
    if abs((u[0] - v[0]) + (u[1] - v[1])) > scale:
        return False
    return bool(abs((u[2] - v[2]) + (u[3] - v[3])) <= scale)


@compiled
def find(slots: Array, value: Array, v: Array) -> int:
    """The entry with this vector of values, shape (points, 6), or -1."""
    mask = slots.size - 1
    main, other = cells(v[0])
    cell = main
    while True:
        h = mixed(cell)
        tag = h >> 31
        at = h & mask
        while slots[at] != 0:
            word = slots[at] - 1
            if word >> 32 == tag:
                n = word & 0xFFFFFFFF
                p = 0
                while p < v.shape[0] and same(value[n, p], v[p]):
                    p += 1
                if p == v.shape[0]:
                    return int(n)
            at = (at + 1) & mask
        if cell == other:
            return -1
        cell = other


@compiled
def assign(rows: Array, n: int, v: Array) -> None:
    """rows[n] = v, shape (points, 6): assignments of slices take seconds to compile."""
    for p in range(v.shape[0]):
        for k in range(6):
            rows[n, p, k] = v[p, k]


@compiled
def put(slots: Array, n: int, v: Array) -> None:
    """Enter entry n under its first value."""
    enter_at(slots, n, cells(v)[0])


@compiled
def enter(slots: Array, value: Array, count: int) -> None:
    """Enter the first entries under the keys of their first values."""
    for n in range(count):
        put(slots, n, value[n, 0])


def roomy(slots: Array, value: Array, count: int, more: int) -> Array:
    """Slots of the first entries with room for more: pages never touched cost no time."""
    needed = int(1.4 * min(len(value), count + more))
    if slots.size > needed:
        return slots
    wide = np.zeros(1 << max(10, needed.bit_length()), dtype=np.int64)
    enter(wide, value, count)
    return wide


@compiled
def prepare(
    value: Array, exp: Array, ln: Array, exp_status: Array, ln_status: Array, lo: int, hi: int
) -> None:
    """Fill exp and ln of entries lo..hi; a status is that of the worst point."""
    for n in range(lo, hi):
        we, wl = FINE, FINE
        for p in range(value.shape[1]):
            v = value[n, p]
            x0, x1, x2, x3, x4, x5, st = exp_half(v[0], v[1], v[2], v[3], v[4], v[5])
            e = exp[n, p]
            e[0], e[1], e[2], e[3], e[4], e[5] = x0, x1, x2, x3, x4, x5
            if we != UNDEFINED and st != FINE:
                we = st
            x0, x1, x2, x3, x4, x5, st = ln_half(v[0], v[1], v[2], v[3], v[4], v[5])
            e = ln[n, p]
            e[0], e[1], e[2], e[3], e[4], e[5] = x0, x1, x2, x3, x4, x5
            if wl != UNDEFINED and st != FINE:
                wl = st
        exp_status[n], ln_status[n] = we, wl


@compiled
def subtract(e: Array, n: Array, v: Array) -> int:
    """v = e - n for one point each; the status."""
    v[0], v[1], v[2], v[3], v[4], v[5], st = minus(
        e[0], e[1], e[2], e[3], e[4], e[5], n[0], n[1], n[2], n[3], n[4]
    )
    return st


@compiled
def extend(
    value: Array, exp: Array, ln: Array, exp_status: Array, ln_status: Array,
    left: Array, right: Array, slots: Array, ilo: int, ihi: int, jlo: int, jhi: int,
    count: int, finite: bool, lossy: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Add eml(i, j) for all i, j of two blocks: new count (-1: full), lossy ones, those beyond.

    Pairs whose value needs more bits are written to `lossy` as far as it reaches.
    """
    points = value.shape[1]
    v = np.empty((points, 6))
    unknown, beyond = 0, 0
    for i in range(ilo, ihi):
        if exp_status[i] == UNDEFINED:
            continue
        for j in range(jlo, jhi):
            if ln_status[j] == UNDEFINED:
                continue
            worst = max(exp_status[i], ln_status[j])
            p = 0
            while p < points and worst == FINE:
                worst = subtract(exp[i, p], ln[j, p], v[p])
                if worst == FINE and finite and np.isinf(v[p, 0]):
                    worst = UNDEFINED
                p += 1
            if worst != FINE:
                beyond += worst == BEYOND
                if worst == LOSSY:
                    if unknown < lossy.shape[0]:
                        lossy[unknown, 0], lossy[unknown, 1] = i, j
                    unknown += 1
                continue
            if find(slots, value, v) >= 0:
                continue
            if count == value.shape[0]:
                return -1, unknown, beyond
            assign(value, count, v)
            left[count], right[count] = i, j
            put(slots, count, v[0])
            count += 1
    return count, unknown, beyond


def empty(
    capacity: int, points: int, finite: bool, leaves: tuple[str, ...], room: int | None = None
) -> Table:
    """A table without entries; memory is touched only as it fills, of exp and ln up to `room`."""
    wide = (capacity, points, 6)
    value = np.empty(wide)
    return Table(
        value, np.empty(wide), np.empty(wide),
        np.empty(capacity, dtype=np.int8), np.empty(capacity, dtype=np.int8),
        np.empty(capacity, dtype=np.int32), np.empty(capacity, dtype=np.int32),
        roomy(NO_SLOTS, value, 0, 0), finite, leaves, capacity if room is None else room,
    )  # fmt: skip


def begin(
    leaves: dict[str, Array], *, finite: bool, capacity: int, room: int | None = None
) -> Table:
    """The table of size 1. `leaves` maps a token to its values, shape (points, 6)."""
    t = empty(capacity, len(next(iter(leaves.values()))), finite, tuple(leaves), room)
    for n, values in enumerate(leaves.values()):
        t.value[n] = values
        t.left[n], t.right[n] = -1 - n, -1
        put(t.slots, n, t.value[n, 0])
    t.start.append(len(leaves))
    return t


def grow(t: Table, max_size: int) -> bool:
    """Add sizes up to `max_size`; False when it stops before one that does not fit."""
    while t.size < max_size:
        if t.start[-1] > t.room or (t.size > 9 and forecast(t)[0] > len(t.left)):
            return False
        if not _add_size(t):
            return False
    return True


def forecast(t: Table) -> tuple[int, float]:
    """Entries after the next size, roughly, and seconds to add it."""
    sizes = np.diff(t.start)
    s = len(sizes)
    pairs = sum(int(sizes[i]) * int(sizes[s - 1 - i]) for i in range(s))
    new = 0.8 * pairs if s < 4 else 0.9 * sizes[-1] ** 2 / sizes[-2]
    return int(t.start[-1] + new), pairs * GROW_NS * 1e-9


def _add_size(t: Table) -> bool:
    s = len(t.start) - 1
    fill(t, s - 1)
    count = -1
    try:
        count, undecided, beyond = _all_pairs(t, s)
    finally:  # a limit or an interrupt may come between two pieces
        if count < 0:
            _forget(t)
    if count < 0:
        return False
    t.start.append(count)
    t.lossy += undecided
    t.beyond += beyond
    return True


def _all_pairs(t: Table, s: int) -> tuple[int, int, int]:
    """Enter the values of size 2s+1: new count (-1: full), undecided ones, those beyond."""
    from emlc.search.refine import refine_pairs

    count, undecided, beyond = t.start[s], 0, 0
    lossy = np.empty((100_000, 2), dtype=np.int64)
    for i in range(s):
        j = s - 1 - i
        others = t.start[j + 1] - t.start[j]
        piece = max(1, _PIECE // max(1, others))
        for lo in range(t.start[i], t.start[i + 1], piece):
            hi = min(lo + piece, t.start[i + 1])
            if t.tick is not None:
                t.tick()
            t.slots = roomy(t.slots, t.value, count, (hi - lo) * others)
            count, u, b = extend(
                t.value, t.exp, t.ln, t.exp_status, t.ln_status, t.left, t.right, t.slots,
                lo, hi, t.start[j], t.start[j + 1], count, t.finite, lossy,
            )  # fmt: skip
            if count >= 0:
                count = refine_pairs(t, lossy[:u], count)
            if count < 0:
                return -1, 0, 0
            undecided, beyond = undecided + max(0, u - len(lossy)), beyond + b
            t.candidates += (hi - lo) * others
    return count, undecided, beyond


def fill(t: Table, s: int) -> None:
    """Have exp and ln ready for all entries up to size 2s+1."""
    from emlc.search.refine import refine_prepared

    while t.filled < t.start[s + 1]:
        if t.tick is not None:
            t.tick()
        hi = min(t.filled + _ROWS, t.start[s + 1])
        prepare(t.value, t.exp, t.ln, t.exp_status, t.ln_status, t.filled, hi)
        t.lossy += refine_prepared(t, t.filled, hi)
        t.filled = hi


def _forget(t: Table) -> None:
    """Drop the entries of an unfinished size from the hash table."""
    t.slots.fill(0)
    enter(t.slots, t.value, t.start[-1])


def leaf(values: list[tuple[float, float]]) -> Array:
    """Values of a variable or constant given as exact doubles (a, b), one row a sample point."""
    rows = [(a, 0.0, b, 0.0, UNIT * max(abs(a), abs(b)) if b else 0.0, 0.0) for a, b in values]
    return np.array(rows)
