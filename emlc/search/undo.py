"""The inner loops of a meeting: undo eml at needs, look needs up.

A need is a row of values like an entry's; a context is a chain of siblings read upwards through
`parent`, `sibling` and `sides` (0: the sibling stands on the left).
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np

from emlc.lower.jit import compiled
from emlc.lower.slots import mixed
from emlc.search.doubled import plus
from emlc.search.halfturn import (
    BEYOND,
    FINE,
    LOG,
    LOSSY,
    NEAR,
    PLAIN,
    RANGE,
    SHARP,
    UNDEFINED,
    exp_half,
    ln_half,
    minus,
)
from emlc.search.table import (
    Array,
    assign,
    cells,
    put,
    same,
    subtract,
)

BRANCHES = 1  # imaginary parts of needs are followed within 2 pi of the principal one


@compiled
def find_need(slots: Array, value: Array, exact: Array, v: Array, ex: int) -> int:
    """The stored need with these values, or -1; an unknown value is like no other."""
    mask = slots.size - 1
    main, other = cells(v[0])
    cell = main
    while True:
        h = mixed(cell)
        at = h & mask
        while slots[at] != 0:
            word = slots[at] - 1
            if word >> 32 == h >> 31:
                n = word & 0xFFFFFFFF
                p = 0
                while p < v.shape[0] and same(value[n, p], v[p]):
                    p += 1
                if p == v.shape[0] and exact[n] == ex:
                    return int(n)
            at = (at + 1) & mask
        if cell == other:
            return -1
        cell = other


@compiled
def judged(a: float, b: float, err: float, m1: float, m2: float) -> int:
    """The status of a difference a + i pi b of two values of these sizes."""
    size = max(abs(a), abs(b))
    large, small = max(m1, m2), min(m1, m2)
    if size == 0.0:
        return FINE
    if RANGE * size < large or (small != 0.0 and RANGE * small < large):
        return BEYOND
    return LOSSY if err > SHARP * size else FINE


@compiled
def undo(side: int, branch: int, t: Array, exact: int, x: Array, v: Array) -> int:
    """v = the hole's value at one point; x is exp of the left sibling or ln of the right one."""
    if np.isinf(x[0]) or np.isinf(t[0]) or np.isnan(t[0]):
        return UNDEFINED
    w5 = PLAIN
    if side == 0:
        if t[5] == LOG:
            return BEYOND
        w0, w1, w2, w3, w4, w5, st = minus(
            x[0], x[1], x[2], x[3], x[4], x[5], t[0], t[1], t[2], t[3], t[4]
        )
        if exact == 0 and st != UNDEFINED and x[5] == PLAIN:
            w2, w3 = plus(w2, w3, -2.0 * np.ceil(0.5 * (w2 - 1.0)), 0.0)
            st = judged(w0, w2, w4, max(abs(x[0]), abs(x[2])), max(abs(t[0]), abs(x[2] - w2)))
        elif st == FINE and (w2 > 1.0 or w2 <= -1.0):
            return UNDEFINED
        if st == FINE:
            v[0], v[1], v[2], v[3], v[4], v[5], st = exp_half(w0, w1, w2, w3, w4, w5)
        return st
    b, m = t[2], t[3]
    if branch != 0:
        b, m = plus(b, m, 2.0 * branch, 0.0)
    w0, w1, w2, w3, w4, w5, st = minus(
        t[0], t[1], b, m, t[4], t[5], -x[0], -x[1], -x[2], -x[3], x[4]
    )
    if st == FINE:
        v[0], v[1], v[2], v[3], v[4], v[5], st = ln_half(w0, w1, w2, w3, w4, w5)
    return st


@compiled
def forward(
    n: int, sib: int, side: int, need: int, parent: Array, sibling: Array, sides: Array,
    value: Array, exp: Array, ln: Array, target: Array,
) -> bool:  # fmt: skip
    """Whether the context filled with entry n gives the target at every point, or may."""
    v = np.empty(6)
    for p in range(target.shape[0]):
        for k in range(6):
            v[k] = value[n, p, k]
        s, d, q = sib, side, need
        st = FINE
        while s >= 0 and st != UNDEFINED:
            if d == 0:
                v[0], v[1], v[2], v[3], v[4], v[5], st = ln_half(v[0], v[1], v[2], v[3], v[4], v[5])
                if st == FINE:
                    st = subtract(exp[s, p], v, v)
            else:
                v[0], v[1], v[2], v[3], v[4], v[5], st = exp_half(
                    v[0], v[1], v[2], v[3], v[4], v[5]
                )
                if st == FINE:
                    st = subtract(v, ln[s, p], v)
                elif st == LOSSY:
                    return True
            if st == BEYOND:
                return False
            s, d, q = sibling[q], sides[q], parent[q]
        if st == UNDEFINED:
            return False
        t = target[p]
        if not same(v, t):
            if np.isinf(v[0]) or np.isinf(t[0]) or v[5] != t[5]:
                return False
            tol = 16.0 * v[4] + NEAR * max(abs(t[0]), abs(t[2]))
            if abs(v[0] - t[0]) > tol or abs(v[2] - t[2]) > tol:
                return False
    return True


@compiled
def note(rows: Array, n: int, q: int, i: int, side: int, last: int) -> None:
    """rows[n] = q, i, side, last."""
    rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3] = q, i, side, last


@compiled
def look_up(
    v: Array, limit: int, slots: Array, n_hits: int, hits: Array, i: int, side: int, q: int,
    parent: Array, sibling: Array, sides: Array, value: Array, exp: Array, ln: Array,
    bottomless: Array, target: Array,
) -> int:  # fmt: skip
    """Note the entries below `limit` that have the value v and give the target; new count."""
    if np.isinf(v[0]):
        for n in bottomless:
            if n < limit and n_hits < hits.shape[0] and forward(
                n, i, side, q, parent, sibling, sides, value, exp, ln, target
            ):  # fmt: skip
                note(hits, n_hits, q, i, side, n)
                n_hits += 1
        return n_hits
    mask = slots.size - 1
    main, other = cells(v)
    cell = main
    while True:
        h = mixed(cell)
        at = h & mask
        tag = h >> 31
        while slots[at] != 0:
            word = slots[at] - 1
            n = word & 0xFFFFFFFF
            if word >> 32 == tag and n < limit and n_hits < hits.shape[0] and forward(
                n, i, side, q, parent, sibling, sides, value, exp, ln, target
            ):  # fmt: skip
                note(hits, n_hits, q, i, side, n)
                n_hits += 1
            at = (at + 1) & mask
        if cell == other:
            return n_hits
        cell = other


@compiled
def undo_all(
    side: int, branch: int, need: Array, exact: int, x: Array, v: Array, points: int
) -> int:
    """v = the hole's values, nan where unknown; the status of the first point."""
    for p in range(points):
        st = undo(side, branch, need[p], exact, x[p], v[p])
        if st != FINE:
            if p == 0:
                return st
            for k in range(6):
                v[p, k] = np.nan
    return FINE


@compiled
def expand(
    lo: int, hi: int, ilo: int, ihi: int, limit: int, store: bool, count: int,
    needs: Array, parent: Array, sibling: Array, sides: Array, exact: Array, branches: Array,
    need_slots: Array, value: Array, exp: Array, ln: Array, exp_status: Array, ln_status: Array,
    slots: Array, bottomless: Array, target: Array, hits: Array, unsure: Array,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Undo every sibling of a block at every need of a range.

    Either store the new needs, or look them up among entries below `limit`; `bottomless` lists
    entries of value -inf, `unsure` takes (need, sibling, side, branch) of lossy ones. Returns the
    number of needs (-1: full), of hits, lossy ones, those beyond.
    """
    points = target.shape[0] if store else 1
    found: Any = np.int64(0)  # for a literal 0 the callees would be compiled twice
    lossy, beyond = 0, 0
    v = np.empty((target.shape[0], 6))
    for q in range(lo, hi):
        if np.isinf(needs[q, 0, 0]):
            continue
        for i in range(ilo, ihi):
            for side in range(2):
                span = BRANCHES if side == 1 and exact[q] == 0 else 0
                for branch in range(-span, span + 1):
                    st = exp_status[i] if side == 0 else ln_status[i]
                    if st == FINE:
                        x = exp[i] if side == 0 else ln[i]
                        st = undo_all(side, branch, needs[q], exact[q], x, v, points)
                    if st != FINE:
                        beyond += st == BEYOND
                        if st == LOSSY:
                            if lossy < unsure.shape[0]:
                                note(unsure, lossy, q, i, side, branch)
                            lossy += 1
                        continue
                    if not store or np.isinf(v[0, 0]):
                        found = look_up(
                            v[0], limit, slots, found, hits, i, side, q,
                            parent, sibling, sides, value, exp, ln, bottomless, target,
                        )  # fmt: skip
                        continue
                    if find_need(need_slots, needs, exact, v, 1 - side) >= 0:
                        continue
                    if count == needs.shape[0]:
                        return -1, found, lossy, beyond
                    assign(needs, count, v)
                    parent[count], sibling[count], sides[count] = q, i, side
                    exact[count], branches[count] = 1 - side, branch
                    put(need_slots, count, v[0])
                    count += 1
    return count, found, lossy, beyond
