"""Meeting in the middle: invert eml from the target until what is needed stands in the table.

A need is the value that the hole of a context must take for the context to give the target. With
eml(c, hole) = t known c leaves one value, exp(exp(c) - t); with eml(hole, d) = t the hole is known
modulo 2 pi i, ln(t + ln d), and every branch is followed. In a tree of K nodes walk from the root
to the larger child until it stands in the table: all siblings passed are smaller, so contexts whose
siblings are in the table cover every tree of K nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from emlc.search.halfturn import FINE, UNDEFINED, compiled, exp_half, ln_half, minus
from emlc.search.table import (
    CELL_BITS,
    Array,
    Table,
    cells,
    fill,
    mixed,
    put,
    same,
    scalar_key,
)

BRANCHES = 1


@dataclass(slots=True)
class Needs:
    """Needs of contexts of 2s nodes at start[s]:start[s+1]; side 0 has the sibling on the left."""

    a: Array
    b: Array
    err: Array
    parent: Array
    sibling: Array
    side: Array
    exact: Array
    slots: Array
    start: list[int]


@dataclass(frozen=True, slots=True)
class Hit:
    """A context (need and one more sibling) with the table entry that fills it."""

    need: int
    sibling: int
    side: int
    entry: int


@compiled
def find_need(needs_slots: Array, a: Array, b: Array, exact: Array, va: Array, vb: Array,
              ex: int) -> int:  # fmt: skip
    """The stored need with these values and this exactness, or -1; unknown points never match."""
    mask = needs_slots.size - 1
    main, other = cells(scalar_key(va[0], vb[0]))
    cell = main
    while True:
        h = mixed(cell)
        at = h & mask
        while needs_slots[at] != -1:
            word = needs_slots[at]
            if word >> 32 == h >> 31:
                n = word & 0xFFFFFFFF
                p = 0
                while p < va.size and same(a[n, p], b[n, p], va[p], vb[p]):
                    p += 1
                if p == va.size and exact[n] == ex:
                    return n
            at = (at + 1) & mask
        if cell == other:
            return -1
        cell = other


@compiled
def turned(b: float) -> float:
    """b reduced to (-1, 1]."""
    return b - 2.0 * np.ceil(0.5 * (b - 1.0))


@compiled
def undo(
    side: int, branch: int, ta: float, tb: float, te: float, exact: int,
    xa: float, xb: float, xe: float,
) -> tuple[float, float, float, int]:  # fmt: skip
    """The hole's value; (xa, xb) is exp of the left sibling or ln of the right one."""
    if np.isinf(xa):
        return 0.0, 0.0, 0.0, UNDEFINED
    if side == 0:
        wa, wb, we, st = minus(xa, xb, xe, ta, tb, te)
        if st != FINE:
            return wa, wb, we, st
        if exact == 0:
            wb = turned(wb)
        elif wb > 1.0 or wb <= -1.0:
            return 0.0, 0.0, 0.0, UNDEFINED
        return exp_half(wa, wb, we)
    if exact == 0:
        tb += 2.0 * branch
    wa, wb, we, st = minus(ta, tb, te, -xa, -xb, xe)
    if st != FINE:
        return wa, wb, we, st
    return ln_half(wa, wb, we)


@compiled
def forward(
    n: int, sib: int, side: int, need: int, parent: Array, sibling: Array, sides: Array,
    a: Array, b: Array, err: Array,
    ea: Array, eb: Array, ee: Array, la: Array, lb: Array, le: Array, ta: Array, tb: Array,
) -> bool:  # fmt: skip
    """Whether the context filled with entry n gives the target at every point, or may."""
    for p in range(ta.size):
        va, vb, ve = a[n, p], b[n, p], err[n, p]
        s, d, q = sib, side, need
        st = FINE
        while s >= 0:
            if d == 0:
                va, vb, ve, st = ln_half(va, vb, ve)
                if st == FINE:
                    va, vb, ve, st = minus(ea[s, p], eb[s, p], ee[s, p], va, vb, ve)
                    st = UNDEFINED if st == UNDEFINED else FINE
            else:
                va, vb, ve, st = exp_half(va, vb, ve)
                if st == FINE:
                    va, vb, ve, st = minus(va, vb, ve, la[s, p], lb[s, p], le[s, p])
                    st = UNDEFINED if st == UNDEFINED else FINE
            if st != FINE:
                break
            s, d, q = sibling[q], sides[q], parent[q]
        if st == UNDEFINED:
            return False
        if st == FINE and not same(va, vb, ta[p], tb[p]):
            if np.isinf(va) or np.isinf(ta[p]):
                return False
            tol = 16.0 * ve + 2.0**-36 * max(abs(ta[p]), abs(tb[p]))
            if abs(va - ta[p]) > tol or abs(vb - tb[p]) > tol:
                return False
    return True


@compiled
def expand(
    lo: int, hi: int, ilo: int, ihi: int, limit: int, store: bool, finite: bool, count: int,
    na: Array, nb: Array, ne: Array, parent: Array, sibling: Array, sides: Array, exact: Array,
    nslots: Array, a: Array, b: Array, err: Array, slots: Array,
    ea: Array, eb: Array, ee: Array, eok: Array, la: Array, lb: Array, le: Array, lok: Array,
    ta: Array, tb: Array, hits: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Undo every sibling of a block at every need of a range.

    Either store the new needs, or look them up among entries below `limit`.
    Returns the number of needs (-1: full), of hits, of lossy values.
    """
    points = ta.size
    found, lossy = 0, 0
    va, vb, ve = np.empty(points), np.empty(points), np.empty(points)
    mask = slots.size - 1
    for q in range(lo, hi):
        if np.isinf(na[q, 0]):
            continue
        for i in range(ilo, ihi):
            for side in range(2):
                ok = eok[i] if side == 0 else lok[i]
                if ok != FINE:
                    lossy += ok != UNDEFINED
                    continue
                span = BRANCHES if side == 1 and exact[q] == 0 else 0
                for branch in range(-span, span + 1):
                    known = True
                    for p in range(points if store else 1):
                        if side == 0:
                            xa, xb, xe = ea[i, p], eb[i, p], ee[i, p]
                        else:
                            xa, xb, xe = la[i, p], lb[i, p], le[i, p]
                        va[p], vb[p], ve[p], st = undo(
                            side, branch, na[q, p], nb[q, p], ne[q, p], exact[q], xa, xb, xe
                        )
                        if st != FINE:
                            va[p] = np.nan
                            if p == 0:
                                lossy += st != UNDEFINED
                                known = False
                                break
                    if not known:
                        continue
                    if finite and np.isinf(va[0]):
                        continue
                    if store:
                        ex = 1 - side
                        if find_need(nslots, na, nb, exact, va, vb, ex) >= 0:
                            continue
                        if count == na.shape[0]:
                            return -1, found, lossy
                        for p in range(points):
                            na[count, p], nb[count, p], ne[count, p] = va[p], vb[p], ve[p]
                        parent[count], sibling[count], sides[count] = q, i, side
                        exact[count] = ex
                        put(nslots, count, va[0], vb[0])
                        count += 1
                        continue
                    for turn in range(2 if np.isinf(va[0]) else 1):
                        main, other = cells(scalar_key(va[0], vb[0] + turn))
                        cell = main
                        while True:
                            h = mixed(cell)
                            at = h & mask
                            tag = h >> 31
                            while slots[at] != -1:
                                word = slots[at]
                                if word >> 32 == tag:
                                    n = word & 0xFFFFFFFF
                                    if n < limit and found < hits.shape[0] and forward(
                                        n, i, side, q, parent, sibling, sides, a, b, err,
                                        ea, eb, ee, la, lb, le, ta, tb,
                                    ):  # fmt: skip
                                        hits[found, 0], hits[found, 1] = q, i
                                        hits[found, 2], hits[found, 3] = side, n
                                        found += 1
                                at = (at + 1) & mask
                            if cell == other:
                                break
                            cell = other
    return count, found, lossy


def start_needs(target: Array, capacity: int) -> Needs:
    """The need of the empty context: the target itself, shape (points, 2)."""
    wide = (capacity, len(target))
    slots = np.full(1 << max(10, int(capacity * 1.5).bit_length()), -1, dtype=np.int64)
    n = Needs(
        np.empty(wide), np.empty(wide), np.empty(wide),
        np.empty(capacity, dtype=np.int32), np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.int8), np.empty(capacity, dtype=np.int8), slots, [0, 1],
    )  # fmt: skip
    n.a[0], n.b[0] = target[:, 0], target[:, 1]
    n.err[0] = 2.0**-52 * np.maximum(abs(target[:, 0]), abs(target[:, 1]))
    n.parent[0], n.sibling[0], n.side[0], n.exact[0] = -1, -1, 0, 1
    put(slots, 0, n.a[0, 0], n.b[0, 0])
    return n


@compiled
def mark(na: Array, nb: Array, lo: int, hi: int, slots: Array, bits: Array) -> None:
    """Enter needs lo..hi in a hash table of their own and its filter, near borders twice."""
    mask = slots.size - 1
    wide = bits.size * 64 - 1
    for n in range(lo, hi):
        main, other = cells(scalar_key(na[n, 0], nb[n, 0]))
        for cell in (main, other):
            h = mixed(cell)
            bits[(h & wide) >> 6] |= np.int64(1) << (h & 63)
            at = h & mask
            while slots[at] != -1:
                at = (at + 1) & mask
            slots[at] = ((h >> 31) << 32) | n
            if main == other:
                break


@compiled
def stream(
    ilo: int, ihi: int, jlo: int, jhi: int, slots: Array, bits: Array,
    xa: Array, xb: Array, ya: Array, yb: Array, eok: Array, lok: Array,
    parent: Array, sibling: Array, sides: Array, a: Array, b: Array, err: Array,
    ea: Array, eb: Array, ee: Array, la: Array, lb: Array, le: Array,
    ta: Array, tb: Array, hits: Array, na: Array, nb: Array,
) -> int:  # fmt: skip
    """Look up eml(i, j), for all i, j of two blocks, among the marked needs; number of hits."""
    mask = slots.size - 1
    wide = bits.size * 64 - 1
    found = 0
    for i in range(ilo, ihi):
        if eok[i] != FINE:
            continue
        for j in range(jlo, jhi):
            if lok[j] != FINE:
                continue
            va = xa[i] - ya[j]
            vb = xb[i] - yb[j]
            s = va
            if vb != 0.0:
                s = scalar_key(va, vb)
            if s == 0.0 or not abs(s) < 1e300:
                continue
            h = mixed(np.float64(s).view(np.int64) >> CELL_BITS)
            if not (bits[(h & wide) >> 6] >> (h & 63)) & 1:
                continue
            at = h & mask
            tag = h >> 31
            while slots[at] != -1:
                word = slots[at]
                if word >> 32 == tag:
                    q = word & 0xFFFFFFFF
                    if near(va, vb, na[q, 0], nb[q, 0]) and found < hits.shape[0] and forward(
                        j, i, 0, q, parent, sibling, sides, a, b, err,
                        ea, eb, ee, la, lb, le, ta, tb,
                    ):  # fmt: skip
                        hits[found, 0], hits[found, 1] = q, i
                        hits[found, 2], hits[found, 3] = 0, j
                        found += 1
                at = (at + 1) & mask
    return found


@compiled
def near(a1: float, b1: float, a2: float, b2: float) -> bool:
    """Whether two values agree modulo 2 pi i, coarsely."""
    scale = max(abs(a1), abs(b1), abs(a2), abs(b2))
    d = b1 - b2
    d -= 2.0 * np.floor(0.5 * d + 0.5)
    return abs(a1 - a2) <= 2.0**-30 * scale and abs(d) <= 2.0**-30 * scale


STREAM_NS, QUERY_NS = 8.0, 300.0


def meet(t: Table, n: Needs, size: int, hits: Array) -> tuple[list[Hit], int]:
    """All contexts of trees of exactly `size` nodes, filled; `hits` is scratch of shape (h, 4)."""
    m = 2 * len(t.start) - 3
    out: list[Hit] = []
    lost = 0
    for s in range((size - m - 2) // 2 + 1 if size > m else 1):
        g = size - 2 * s
        pairs = [(f, g - 1 - f) for f in range(1, g - 1, 2) if max(f, g - 1 - f) <= m]
        needs = n.start[s + 1] - n.start[s]
        streaming = sum(_count(t, f) * _count(t, h) for f, h in pairs) * STREAM_NS
        asking = sum(_count(t, min(f, h)) for f, h in pairs) * needs * QUERY_NS
        for f, h in pairs:
            fill(t, max(f, h) // 2 if streaming < asking else min(f, h) // 2)
        if streaming < asking:
            found = _stream_all(t, n, s, pairs, hits)
        else:
            found, lossy = _ask_all(t, n, s, [p for p in pairs if p[1] <= p[0]], hits)
            lost += lossy
        out += found
    return out, lost


def _count(t: Table, size: int) -> int:
    return t.start[size // 2 + 1] - t.start[size // 2]


def _ask_all(
    t: Table, n: Needs, s: int, pairs: list[tuple[int, int]], hits: Array
) -> tuple[list[Hit], int]:
    out: list[Hit] = []
    lost = 0
    for f, sib in pairs:
        q = sib // 2
        _, found, lossy = expand(
            n.start[s], n.start[s + 1], t.start[q], t.start[q + 1],
            t.start[f // 2 + 1], False, t.finite, n.start[-1], *_arguments(t, n),
            n.a[0], n.b[0], hits,
        )  # fmt: skip
        lost += lossy
        out += [Hit(*(int(v) for v in row)) for row in hits[:found]]
    return out, lost


def _stream_all(
    t: Table, n: Needs, s: int, pairs: list[tuple[int, int]], hits: Array
) -> list[Hit]:
    width = max(10, (4 * (n.start[s + 1] - n.start[s])).bit_length())
    slots = np.full(1 << width, -1, dtype=np.int64)
    bits = np.zeros(1 << max(0, width - 2), dtype=np.int64)
    mark(n.a, n.b, n.start[s], n.start[s + 1], slots, bits)
    top = t.filled
    columns = [np.ascontiguousarray(x[:top, 0]) for x in (t.ea, t.eb, t.la, t.lb)]
    out: list[Hit] = []
    for f, h in pairs:
        found = stream(
            t.start[f // 2], t.start[f // 2 + 1], t.start[h // 2], t.start[h // 2 + 1],
            slots, bits, *columns, t.eok, t.lok, n.parent, n.sibling, n.side,
            t.a, t.b, t.err, t.ea, t.eb, t.ee, t.la, t.lb, t.le, n.a[0], n.b[0], hits, n.a, n.b,
        )  # fmt: skip
        out += [Hit(*(int(v) for v in row)) for row in hits[:found]]
    return out


def widen(t: Table, n: Needs, s: int, size: int) -> int:
    """Store all needs of contexts of 2s nodes that trees of up to `size` nodes can use."""
    lost = 0
    count = n.start[s]
    nothing = np.empty((0, 4), dtype=np.int64)
    for s0 in range(s):
        q = s - s0 - 1
        if 2 * s0 + 1 + 2 * (2 * q + 1) > size or q + 1 >= len(t.start):
            continue
        count, _, lossy = expand(
            n.start[s0], n.start[s0 + 1], t.start[q], t.start[q + 1], 0, True, t.finite, count,
            *_arguments(t, n), n.a[0], n.b[0], nothing,
        )  # fmt: skip
        if count < 0:
            raise MemoryError
        lost += lossy
    n.start.append(count)
    return lost


def _arguments(t: Table, n: Needs) -> tuple[Any, ...]:
    return (
        n.a, n.b, n.err, n.parent, n.sibling, n.side, n.exact, n.slots, t.a, t.b, t.err, t.slots,
        t.ea, t.eb, t.ee, t.eok, t.la, t.lb, t.le, t.lok,
    )  # fmt: skip


def hit_rpn(t: Table, n: Needs, hit: Hit) -> list[str]:
    """The tree of a hit as RPN tokens."""
    out = t.rpn(hit.entry)
    sib, side, need = hit.sibling, hit.side, hit.need
    while sib >= 0:
        other = t.rpn(sib)
        out = [*other, *out, "E"] if side == 0 else [*out, *other, "E"]
        sib, side, need = int(n.sibling[need]), int(n.side[need]), int(n.parent[need])
    return out
