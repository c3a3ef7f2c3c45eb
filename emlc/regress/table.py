"""Enumeration on data: one tree for each vector of values, by size.

Entry n is a leaf (left = -1 - leaf number) or eml(left, right); entries of 2s+1 nodes are
start[s]:start[s+1]. `value`, `exp` and `ln` have shape (entries, points, 2), as in `values`.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.lower.slots import around, enter_at, mixed
from emlc.regress.values import FINE, LOSSY, difference, exponential, logarithm

CELL_BITS = 22
NEAR = 1e-13
_BORDER = 1 << (CELL_BITS - 5)
MIXES = 0.7364201193
_CHUNK = 4_000_000


@compiled
def key(a: float, b: float) -> float:
    """One number for a value."""
    if math.isinf(a):
        a = 1e300 if a > 0.0 else -1e300
    return a + MIXES * b if b != 0.0 else a


@compiled
def cells(a: float, b: float) -> tuple[int, int]:
    """The cell of a value, and the neighbour to try as well (the same when none is near)."""
    return around(key(a, b), CELL_BITS, _BORDER)


@compiled
def close(a: float, b: float, c: float, d: float) -> bool:
    """Whether two values are taken to be equal."""
    if math.isinf(a) or math.isinf(c):
        return a == c and b == d
    return abs(a - c) + abs(b - d) <= NEAR * (abs(a) + abs(b))


@compiled
def find(slots: Array, value: Array, v: Array) -> int:
    """The entry with this vector of values, shape (points, 2), or -1."""
    mask = slots.size - 1
    main, other = cells(v[0, 0], v[0, 1])
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
                while p < v.shape[0] and close(value[n, p, 0], value[n, p, 1], v[p, 0], v[p, 1]):
                    p += 1
                if p == v.shape[0]:
                    return int(n)
            at = (at + 1) & mask
        if cell == other:
            return -1
        cell = other


@compiled
def put(slots: Array, n: int, a: float, b: float) -> None:
    """Enter entry n under its first value."""
    enter_at(slots, n, cells(a, b)[0])


@compiled
def prepare(value: Array, exp: Array, ln: Array, status: Array, lo: int, hi: int) -> None:
    """Fill exp and ln of entries lo..hi; status[n] holds the worst of each over the points."""
    for n in range(lo, hi):
        status[n, 0] = status[n, 1] = FINE
        for p in range(value.shape[1]):
            exp[n, p, 0], exp[n, p, 1], one = exponential(value[n, p, 0], value[n, p, 1])
            ln[n, p, 0], ln[n, p, 1], two = logarithm(value[n, p, 0], value[n, p, 1])
            status[n, 0], status[n, 1] = max(status[n, 0], one), max(status[n, 1], two)


@compiled
def extend(
    value: Array, exp: Array, ln: Array, status: Array, left: Array, right: Array, slots: Array,
    ilo: int, ihi: int, jlo: int, jhi: int, count: int,
) -> tuple[int, int]:  # fmt: skip
    """Add eml(i, j) for all i, j of two blocks: the new count (-1: full), and the lossy ones."""
    points = value.shape[1]
    v = np.empty((points, 2))
    lossy = 0
    for i in range(ilo, ihi):
        for j in range(jlo, jhi):
            worst = max(status[i, 0], status[j, 1])
            p = 0
            while p < points and worst == FINE:
                v[p, 0], v[p, 1], worst = difference(
                    exp[i, p, 0], exp[i, p, 1], ln[j, p, 0], ln[j, p, 1]
                )
                p += 1
            if worst != FINE:
                lossy += worst == LOSSY
                continue
            if find(slots, value, v) >= 0:
                continue
            if count == value.shape[0]:
                return -1, lossy
            for p in range(points):  # a slice would compile numba's words for unequal shapes
                value[count, p, 0], value[count, p, 1] = v[p, 0], v[p, 1]
            left[count], right[count] = i, j
            put(slots, count, v[0, 0], v[0, 1])
            count += 1
    return count, lossy


@dataclass(slots=True)
class Table:
    """All values found; `start[-1]` entries of the arrays are in use."""

    value: Array
    exp: Array
    ln: Array
    status: Array
    left: Array
    right: Array
    slots: Array
    leaves: tuple[str, ...]
    start: list[int] = field(default_factory=lambda: [0])
    lossy: int = 0

    @property
    def size(self) -> int:
        """The largest complete size."""
        return 2 * len(self.start) - 3

    def block(self, size: int) -> tuple[int, int]:
        """First entry of this size and the one after the last."""
        return self.start[size // 2], self.start[size // 2 + 1]

    def size_of(self, n: int) -> int:
        """Nodes of an entry."""
        return 2 * int(np.searchsorted(self.start, n, side="right")) - 1

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


def begin(leaves: dict[str, Array], capacity: int) -> Table:
    """The table of one-node trees. `leaves` maps a token to its values, shape (points,)."""
    points = len(next(iter(leaves.values())))
    wide = (capacity, points, 2)
    table = Table(
        np.empty(wide), np.empty(wide), np.empty(wide), np.empty((capacity, 2), dtype=np.int8),
        np.empty(capacity, dtype=np.int32), np.empty(capacity, dtype=np.int32),
        np.zeros(1 << max(10, int(capacity * 1.4).bit_length()), dtype=np.int64), tuple(leaves),
    )  # fmt: skip
    count = 0
    for k, values in enumerate(leaves.values()):
        table.value[count, :, 0], table.value[count, :, 1] = values, 0.0
        if find(table.slots, table.value, table.value[count]) >= 0:
            continue
        table.left[count], table.right[count] = -1 - k, -1
        put(table.slots, count, table.value[count, 0, 0], 0.0)
        count += 1
    table.start.append(count)
    prepare(table.value, table.exp, table.ln, table.status, 0, count)
    return table


def grow(t: Table, until: float) -> bool:
    """Add the next size; False, and nothing added, when memory or time ends before it is done."""
    s = len(t.start) - 1
    count, lossy = t.start[s], 0
    for i in range(s):
        jlo, jhi = t.start[s - 1 - i], t.start[s - i]
        step = max(1, _CHUNK // max(1, jhi - jlo))
        for lo in range(t.start[i], t.start[i + 1], step):
            count, lost = extend(
                t.value, t.exp, t.ln, t.status, t.left, t.right, t.slots,
                lo, min(lo + step, t.start[i + 1]), jlo, jhi, count,
            )  # fmt: skip
            lossy += lost
            if count < 0 or time.monotonic() > until:
                _forget(t)
                return False
    prepare(t.value, t.exp, t.ln, t.status, t.start[s], count)
    t.start.append(count)
    t.lossy += lossy
    return True


def forecast(t: Table) -> int:
    """Pairs that the next size will try."""
    sizes = np.diff(t.start)
    return int(sum(int(a) * int(b) for a, b in zip(sizes, sizes[::-1], strict=True)))


def _forget(t: Table) -> None:
    """Drop the entries of an unfinished size from the hash table."""
    t.slots.fill(0)
    for n in range(t.start[-1]):
        put(t.slots, n, t.value[n, 0, 0], t.value[n, 0, 1])
