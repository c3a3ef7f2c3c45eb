"""Meeting in the middle: invert eml from the target until what is needed stands in the table.

A need is the value that the hole of a context must take for the context to give the target. With
eml(c, hole) = t known c leaves one value, exp(exp(c) - t); with eml(hole, d) = t the hole is known
modulo 2 pi i, ln(t + ln d), and every branch is followed. In a tree of K nodes walk from the root
to the larger child until both children stand in the table: all siblings passed are smaller, so
needs whose siblings are in the table, met with pairs of entries, cover every tree of K nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from emlc.search.doubled import compiled, plus
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
from emlc.search.refine import Refiner, refine_need
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
    subtract,
)

BRANCHES = 1  # imaginary parts of needs are followed within 2 pi of the principal one
_MARGIN = 64
_STREAM_NS, _ASK_NS, _WIDEN_NS = 12.0, 900.0, 4000.0


@dataclass(slots=True)
class Needs:
    """Needs of contexts of 2s nodes at start[s]:start[s+1]; side 0 has the sibling on the left."""

    value: Array
    parent: Array
    sibling: Array
    side: Array
    exact: Array
    branch: Array
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
def find_need(slots: Array, value: Array, exact: Array, v: Array, ex: int) -> int:
    """The stored need with these values, unknown ones matching each other, or -1."""
    mask = slots.size - 1
    main, other = cells(scalar_key(v[0]))
    cell = main
    while True:
        h = mixed(cell)
        at = h & mask
        while slots[at] != 0:
            word = slots[at] - 1
            if word >> 32 == h >> 31:
                n = word & 0xFFFFFFFF
                p = 0
                while p < v.shape[0] and (
                    same(value[n, p], v[p]) or (np.isnan(value[n, p, 0]) and np.isnan(v[p, 0]))
                ):
                    p += 1
                if p == v.shape[0] and exact[n] == ex:
                    return n
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
        v[:] = value[n, p]
        s, d, q = sib, side, need
        st = FINE
        while s >= 0 and (st == FINE or st == BEYOND or st == LOSSY):
            if d == 0:
                v[0], v[1], v[2], v[3], v[4], v[5], st = ln_half(v[0], v[1], v[2], v[3], v[4], v[5])
                if st == FINE:
                    st = subtract(exp[s, p], v.copy(), v)
            else:
                v[0], v[1], v[2], v[3], v[4], v[5], st = exp_half(
                    v[0], v[1], v[2], v[3], v[4], v[5]
                )
                if st == FINE:
                    st = subtract(v.copy(), ln[s, p], v)
                elif st == BEYOND:
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
                hits[n_hits] = q, i, side, n
                n_hits += 1
        return n_hits
    mask = slots.size - 1
    main, other = cells(scalar_key(v))
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
                hits[n_hits] = q, i, side, n
                n_hits += 1
            at = (at + 1) & mask
        if cell == other:
            return n_hits
        cell = other


@compiled
def undo_all(
    side: int, branch: int, need: Array, exact: int, x: Array, v: Array, points: int
) -> int:
    """v = the hole's values at the first `points` points, nan where unknown; status of the first."""
    for p in range(points):
        st = undo(side, branch, need[p], exact, x[p], v[p])
        if st != FINE:
            if p == 0:
                return st
            v[p] = np.nan
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
    found, lossy, beyond = 0, 0, 0
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
                                unsure[lossy] = q, i, side, branch
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
                    needs[count] = v
                    parent[count], sibling[count], sides[count] = q, i, side
                    exact[count], branches[count] = 1 - side, branch
                    put(need_slots, count, v[0])
                    count += 1
    return count, found, lossy, beyond


@compiled
def mark(needs: Array, lo: int, hi: int, slots: Array, bits: Array) -> None:
    """Enter needs lo..hi in a hash table of their own and its filter, near borders twice."""
    mask = slots.size - 1
    wide = bits.size * 64 - 1
    for n in range(lo, hi):
        s = scalar_key(needs[n, 0])
        main = np.float64(s).view(np.int64) >> CELL_BITS
        for step in range(-1, 2):
            cell = (np.float64(s).view(np.int64) + step * _MARGIN) >> CELL_BITS
            if step != 0 and cell == main:
                continue
            h = mixed(cell)
            bits[(h & wide) >> 6] |= np.int64(1) << (h & 63)
            at = h & mask
            while slots[at] != 0:
                at = (at + 1) & mask
            slots[at] = (((h >> 31) << 32) | n) + 1


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
    found, lossy = 0, 0
    for i in range(ilo, ihi):
        if exp_status[i] != FINE:
            continue
        huge = exp[i, 0, 5] == LOG
        xa, xb = x[i, 0], x[i, 2]
        for j in range(jlo, jhi):
            if ln_status[j] != FINE:
                continue
            va = xa - y[j, 0]
            vb = xb - y[j, 2]
            if abs(va) < 0.05 * abs(xa):
                va = plus(xa, x[i, 1], -y[j, 0], -y[j, 1])[0]
            s = va
            if vb != 0.0:
                if abs(vb) < 0.05 * abs(xb):
                    vb = plus(xb, x[i, 3], -y[j, 2], -y[j, 3])[0]
                s = va + 0.7364201193 * (vb - 2.0 * np.floor(0.5 * vb + 1e-12))
            if huge:
                if y[j, 0] != 0.0 or y[j, 2] != 0.0:
                    continue
                s *= 1.3172
            if not abs(s) < 1e290:
                continue
            if (x[i, 4] + y[j, 4]) > SHARP * abs(s) and abs(s) * RANGE > abs(xa):
                if lossy < unsure.shape[0]:
                    unsure[lossy] = i, j
                lossy += 1
                continue
            h = mixed(np.float64(s).view(np.int64) >> CELL_BITS)
            if not (bits[(h & wide) >> 6] >> (h & 63)) & 1:
                continue
            at = h & mask
            tag = h >> 31
            while slots[at] != 0:
                word = slots[at] - 1
                if word >> 32 == tag:
                    q = word & 0xFFFFFFFF
                    if found < hits.shape[0] and forward(
                        j, i, 0, q, parent, sibling, sides, value, exp, ln, target
                    ):
                        hits[found] = q, i, 0, j
                        found += 1
                at = (at + 1) & mask
    return found, lossy


@dataclass(slots=True)
class Meeting:
    """One search against one table: the target, its needs, and what was lost on the way."""

    table: Table
    needs: Needs
    lossy: int = 0
    beyond: int = 0
    full: bool = False
    _refiner: Refiner | None = None

    def through(self, size: int, max_size: int) -> list[Hit]:
        """All trees of exactly `size` nodes; sizes below were done; `max_size` bounds the run."""
        t, n = self.table, self.needs
        while 2 * (len(n.start) - 1) <= size - t.size - 2:
            if not self._widen(len(n.start) - 1, max_size):
                self.full = True
                return []
        out: list[Hit] = []
        for s in range((size - t.size - 2) // 2 + 1):
            out += self._meet(s, size - 2 * s)
        return out

    def _widen(self, s: int, max_size: int) -> bool:
        """Store all needs of contexts of 2s nodes that trees of up to `max_size` nodes can use."""
        t, n = self.table, self.needs
        count = n.start[s]
        for s0 in range(s):
            q = s - s0 - 1
            if 2 * s0 + 1 + 2 * (2 * q + 1) > max_size or 2 * q + 1 > t.size:
                continue
            count, _ = self._expand(s0, 2 * q + 1, t.size, count, store=True)
            if count < 0:
                return False
        n.start.append(count)
        return True

    def _expand(
        self, s: int, sibling: int, filler: int, count: int, *, store: bool
    ) -> tuple[int, list[Hit]]:
        """Run `expand` over all needs of 2s nodes, in pieces, then the lossy ones precisely."""
        t, n = self.table, self.needs
        fill(t, sibling // 2)
        block = t.block(sibling)
        piece = max(1, 5_000_000 // max(1, block[1] - block[0]))
        out: list[Hit] = []
        hits = np.empty((1000, 4), dtype=np.int64)
        unsure = np.empty((20_000, 4), dtype=np.int64)
        limit = t.start[filler // 2 + 1]
        for lo in range(n.start[s], n.start[s + 1], piece):
            count, found, lossy, beyond = expand(
                lo, min(lo + piece, n.start[s + 1]), *block, limit, store, count,
                *self._arrays(), hits, unsure,
            )  # fmt: skip
            if count < 0:
                return -1, out
            self.beyond += beyond
            self.lossy += max(0, lossy - len(unsure))
            out += [Hit(*(int(v) for v in row)) for row in hits[:found]]
            for row in unsure[:lossy].tolist():
                count, more = self._refine(row, limit, count, store)
                out += more
        return count, out

    def _refine(
        self, row: list[int], limit: int, count: int, store: bool
    ) -> tuple[int, list[Hit]]:
        """Store or look up one need at high precision."""
        t, n = self.table, self.needs
        q, i, side, branch = row
        chain = [(i, side, int(n.exact[q]), branch)]
        at = q
        while n.parent[at] >= 0:
            up = int(n.parent[at])
            chain.append(
                (int(n.sibling[at]), int(n.side[at]), int(n.exact[up]), int(n.branch[at]))
            )
            at = up
        v = np.empty(n.value.shape[1:])
        st = refine_need(self._precise(), chain[::-1], n.value[0], v)
        if st != FINE:
            self.lossy += st == LOSSY
            return count, []
        arrays = self._arrays()
        if not store:
            hits = np.empty((10, 4), dtype=np.int64)
            found = look_up(
                v[0], limit, t.slots, 0, hits, i, side, q, n.parent, n.sibling, n.side,
                t.value, t.exp, t.ln, arrays[-2], arrays[-1],
            )  # fmt: skip
            return count, [Hit(*(int(x) for x in h)) for h in hits[:found]]
        if count < len(n.parent) and find_need(n.slots, n.value, n.exact, v, 1 - side) < 0:
            n.value[count] = v
            n.parent[count], n.sibling[count], n.side[count] = q, i, side
            n.exact[count], n.branch[count] = 1 - side, branch
            put(n.slots, count, v[0])
            count += 1
        return count, []

    def _precise(self) -> Refiner:
        if self._refiner is None:
            self._refiner = Refiner(self.table)
        return self._refiner

    def _meet(self, s: int, g: int) -> list[Hit]:
        """Fill needs of contexts of 2s nodes with pairs of entries, g nodes together."""
        pairs, streaming, asking = self._ways(g, self.needs.start[s + 1] - self.needs.start[s])
        if streaming < asking:
            return self._stream(s, pairs)
        return self._ask(s, [p for p in pairs if p[1] <= p[0]])

    def _ways(self, g: int, needs: float) -> tuple[list[tuple[int, int]], float, float]:
        """Sizes of pairs of entries of g nodes together; seconds to stream them, or to ask."""
        t = self.table
        pairs = [(f, g - 1 - f) for f in range(1, g - 1, 2) if max(f, g - 1 - f) <= t.size]
        streaming = sum(t.count(f) * t.count(h) for f, h in pairs) * _STREAM_NS
        asking = sum(t.count(min(f, h)) for f, h in pairs) * needs * _ASK_NS
        return pairs, streaming * 1e-9, asking * 1e-9

    def forecast(self, size: int) -> tuple[float, float]:
        """Needs to be stored in all, and seconds, to settle trees of exactly `size` nodes."""
        t = self.table
        counts = [float(c) for c in np.diff(self.needs.start)]
        seconds = 0.0
        for s in range((size - t.size - 2) // 2 + 1):
            if s == len(counts):
                rate = counts[-1] / counts[-2] if s > 2 else 3.0 * t.count(1)
                counts.append(counts[-1] * rate)
                seconds += counts[-1] * _WIDEN_NS * 1e-9
            seconds += min(self._ways(size - 2 * s, counts[s])[1:])
        return sum(counts), seconds

    def _ask(self, s: int, pairs: list[tuple[int, int]]) -> list[Hit]:
        out: list[Hit] = []
        for f, sib in pairs:
            out += self._expand(s, sib, f, self.needs.start[-1], store=False)[1]
        return out

    def _stream(self, s: int, pairs: list[tuple[int, int]]) -> list[Hit]:
        t, n = self.table, self.needs
        for f, h in pairs:
            fill(t, max(f, h) // 2)
        width = max(10, (4 * (n.start[s + 1] - n.start[s])).bit_length())
        slots = np.zeros(1 << width, dtype=np.int64)
        bits = np.zeros(1 << max(0, width - 2), dtype=np.int64)
        mark(n.value, n.start[s], n.start[s + 1], slots, bits)
        x, y = (np.ascontiguousarray(z[: t.filled, 0, :5]) for z in (t.exp, t.ln))
        hits = np.empty((1000, 4), dtype=np.int64)
        unsure = np.empty((5_000, 2), dtype=np.int64)
        out: list[Hit] = []
        for f, h in pairs:
            lo, hi = t.block(f)
            piece = max(1, 50_000_000 // max(1, t.count(h)))
            for i in range(lo, hi, piece):
                found, lossy = stream(
                    i, min(i + piece, hi), *t.block(h), slots, bits, x, y,
                    t.exp_status, t.ln_status, n.value, n.parent, n.sibling, n.side,
                    t.value, t.exp, t.ln, n.value[0], hits, unsure,
                )  # fmt: skip
                self.lossy += max(0, lossy - len(unsure))
                out += [Hit(*(int(v) for v in row)) for row in hits[:found]]
                for pair in unsure[:lossy].tolist():
                    out += self._compare(*pair, n.start[s], n.start[s + 1])
        return out

    def _compare(self, i: int, j: int, lo: int, hi: int) -> list[Hit]:
        """Compare eml(i, j), at high precision, with the needs lo..hi."""
        v = np.empty(self.needs.value.shape[1:])
        st = self._precise().eml(i, j, v)
        if st != FINE:
            self.lossy += st == LOSSY
            return []
        needs = self.needs.value[lo:hi, 0]
        turns = 0.5 * (needs[:, 2] - v[0, 2])
        scale = 2.0**-40 * np.maximum(np.abs(needs[:, 0]), np.abs(needs[:, 2]))
        near = np.abs(needs[:, 0] - v[0, 0]) <= scale
        near &= 2.0 * np.abs(turns - np.round(turns)) <= scale
        return [Hit(lo + int(q), i, 0, j) for q in np.flatnonzero(near)]

    def _arrays(self) -> tuple[Any, ...]:
        t, n = self.table, self.needs
        inf = np.flatnonzero(np.isneginf(t.value[: t.start[-1], 0, 0]))[:8]
        return (
            n.value, n.parent, n.sibling, n.side, n.exact, n.branch, n.slots,
            t.value, t.exp, t.ln, t.exp_status, t.ln_status, t.slots, inf, n.value[0],
        )  # fmt: skip

    def rpn(self, hit: Hit) -> list[str]:
        """The tree of a hit as RPN tokens."""
        t, n = self.table, self.needs
        out = t.rpn(hit.entry)
        sib, side, need = hit.sibling, hit.side, hit.need
        while sib >= 0:
            other = t.rpn(sib)
            out = [*other, *out, "E"] if side == 0 else [*out, *other, "E"]
            sib, side, need = int(n.sibling[need]), int(n.side[need]), int(n.parent[need])
        return out


def meeting(t: Table, target: Array, capacity: int) -> Meeting:
    """Start from the empty context, whose need is the target, shape (points, 6)."""
    slots = np.zeros(1 << max(10, int(capacity * 1.5).bit_length()), dtype=np.int64)
    n = Needs(
        np.empty((capacity, len(target), 6)),
        np.empty(capacity, dtype=np.int32), np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.int8), np.empty(capacity, dtype=np.int8),
        np.empty(capacity, dtype=np.int8), slots, [0, 1],
    )  # fmt: skip
    n.value[0] = target
    n.parent[0], n.sibling[0], n.side[0], n.exact[0] = -1, -1, 0, 1
    n.branch[0] = 0
    put(slots, 0, n.value[0, 0])
    return Meeting(t, n)
