"""What the doubles could not decide, done again at 120 digits, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np

from emlc.search.exact import Half, TooLarge, Undefined, exp_exact, ln_exact, minus_exact
from emlc.search.halfturn import (
    BEYOND,
    FINE,
    LARGEST,
    LOG,
    LOSSY,
    NEAR,
    PLAIN,
    RANGE,
    UNDEFINED,
    UNIT,
)
from emlc.search.table import Array, Table, find, put

DIGITS = 120


class Refiner:
    """High-precision values of the entries of a table, computed once each."""

    def __init__(self, table: Table) -> None:
        from mpmath import MPContext

        self.mp: Any = MPContext()
        self.mp.dps = DIGITS
        self.table = table
        self._known: dict[tuple[int, int], Half] = {}

    def value(self, n: int, p: int) -> Half:
        """The value of entry n at point p."""
        t, known = self.table, self._known
        stack = [n]
        while stack:
            top = stack[-1]
            if (top, p) in known:
                stack.pop()
            elif t.left[top] < 0:
                known[stack.pop(), p] = self.half(t.value[top, p])
            else:
                i, j = int(t.left[top]), int(t.right[top])
                waiting = [k for k in (i, j) if (k, p) not in known]
                if waiting:
                    stack += waiting
                    continue
                e, n_ = exp_exact(self.mp, known[i, p]), ln_exact(self.mp, known[j, p])
                known[stack.pop(), p] = minus_exact(self.mp, e, n_)
        return known[n, p]

    def holds(self, entry: int, chain: list[tuple[int, int]], target: Array) -> bool:
        """Whether an entry below (sibling, side), ..., up to the root gives the target."""
        for p, wanted in enumerate(target):
            try:
                v = self.value(entry, p)
                for sibling, side in chain:
                    other = self.value(sibling, p)
                    e, n = (other, v) if side == 0 else (v, other)
                    v = minus_exact(self.mp, exp_exact(self.mp, e), ln_exact(self.mp, n))
                v = ln_exact(self.mp, v) if wanted[5] == LOG else v
            except (Undefined, TooLarge):
                return False
            t = self.half(wanted)
            near = NEAR * self._size(t)
            if v != t and not all(abs(a - b) <= near for a, b in zip(v, t, strict=True)):
                return False
        return True

    def half(self, row: Array) -> Half:
        """The pair of a plain row of six doubles."""
        mp = self.mp
        return (
            mp.mpf(float(row[0])) + mp.mpf(float(row[1])),
            mp.mpf(float(row[2])) + mp.mpf(float(row[3])),
        )

    def eml(self, i: int, j: int, out: Array) -> int:
        """Write eml(i, j), shape (points, 6); the worst status."""
        for p in range(out.shape[0]):
            try:
                e = exp_exact(self.mp, self.value(i, p))
                n = ln_exact(self.mp, self.value(j, p))
                st = self.minus(e, n, out[p])
            except Undefined:
                return UNDEFINED
            except TooLarge:
                return BEYOND
            if st != FINE:
                return st
        return FINE

    def minus(self, e: Half, n: Half, out: Array) -> int:
        """Write e - n and give its status, by the same terms as the doubles."""
        v = minus_exact(self.mp, e, n)
        if not (self.mp.isinf(v[0]) or self._size(v) == 0):
            sizes = [s for s in (self._size(e), self._size(n), self._size(v)) if s]
            if max(sizes) > RANGE * min(sizes):
                return BEYOND
        return self.row(v, out)

    def _size(self, v: Half) -> Any:
        return max(abs(v[0]), abs(v[1]))

    def row(self, v: Half, out: Array) -> int:
        """Write a value as six doubles."""
        return split(self.mp, v, out)


def split(mp: Any, v: Half, out: Array) -> int:
    """Write a value as six doubles, in LOG form where it is huge or tiny."""
    form = PLAIN
    if mp.isinf(v[0]):
        out[:] = float(v[0]), 0.0, float(v[1]), 0.0, 0.0, PLAIN
        return FINE
    size = max(abs(v[0]), abs(v[1]))
    if size and abs(mp.log(size)) > LARGEST:
        v, form = ln_exact(mp, v), LOG
    ah, bh = float(v[0]), float(v[1])
    al, bl = float(v[0] - mp.mpf(ah)), float(v[1] - mp.mpf(bh))
    out[:] = ah, al, bh, bl, UNIT * max(abs(ah), abs(bh)), form
    return FINE


def refiner(t: Table) -> Refiner:
    """The one of this table."""
    if t.precise is None:
        t.precise = Refiner(t)
    found: Refiner = t.precise
    return found


def refine_prepared(t: Table, lo: int, hi: int) -> int:
    """Redo the lossy exponentials of entries lo..hi; how many stay undecided."""
    todo = np.flatnonzero(t.exp_status[lo:hi] == LOSSY) + lo
    if not len(todo):
        return 0
    precise = refiner(t)
    undecided = 0
    for n in todo.tolist():
        status = FINE
        for p in range(t.exp.shape[1]):
            try:
                v = exp_exact(precise.mp, precise.value(n, p))
                status = max(status, precise.row(v, t.exp[n, p]))
            except TooLarge:
                status = BEYOND
        t.exp_status[n] = status
        undecided += status == LOSSY
    return undecided


def refine_pairs(t: Table, pairs: Array, count: int) -> int:
    """Add the values of pairs that were lossy; the new count (-1: full)."""
    if not len(pairs):
        return count
    precise = refiner(t)
    v = np.empty((t.value.shape[1], 6))
    for i, j in pairs.tolist():
        st = precise.eml(i, j, v)
        if st != FINE or (t.finite and np.isinf(v[:, 0]).any()):
            continue
        if find(t.slots, t.value, v) >= 0:
            continue
        if count == len(t.left):
            return -1
        t.value[count] = v
        t.left[count], t.right[count] = i, j
        put(t.slots, count, v[0])
        count += 1
    return count


def refine_need(
    precise: Refiner, chain: list[tuple[int, int, int, int]], target: Array, out: Array
) -> int:
    """Write the need that a chain of (sibling, side, exact, branch) leads to; its status."""
    mp = precise.mp
    for p in range(out.shape[0]):
        v = precise.half(target[p])
        try:
            for sibling, side, exact, branch in chain:
                v = _undo(precise, v, precise.value(sibling, p), side, exact, branch)
            st = precise.row(v, out[p])
        except (Undefined, ValueError):
            st = UNDEFINED
        except TooLarge:
            st = BEYOND
        if st != FINE:
            if p == 0:
                return st
            out[p] = np.nan
    return FINE if not mp.isinf(out[0, 0]) else UNDEFINED


def _undo(precise: Refiner, t: Half, c: Half, side: int, exact: int, branch: int) -> Half:
    mp = precise.mp
    if side == 0:
        w = minus_exact(mp, exp_exact(mp, c), t)
        if exact == 0:
            w = w[0], w[1] - 2 * mp.ceil((w[1] - 1) / 2)
        elif not -1 < w[1] <= 1:
            raise Undefined
        return exp_exact(mp, w)
    n = ln_exact(mp, c)
    w = minus_exact(mp, (t[0], t[1] + 2 * branch), (-n[0], -n[1]))
    return ln_exact(mp, w)
