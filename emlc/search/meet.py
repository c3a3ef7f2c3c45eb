"""Meeting in the middle: invert eml from the target until what is needed stands in the table.

A need is the value that the hole of a context must take for the context to give the target. With
eml(c, hole) = t known c leaves one value, exp(exp(c) - t); with eml(hole, d) = t the hole is known
modulo 2 pi i, ln(t + ln d), and every branch is followed. In a tree of K nodes walk from the root
to the larger child until both children stand in the table: all siblings passed are smaller, so
needs whose siblings are in the table, met with pairs of entries, cover every tree of K nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from emlc.search.halfturn import FINE, LOSSY
from emlc.search.pairs import ask, mark, stream
from emlc.search.refine import refine_need, refiner
from emlc.search.table import NO_SLOTS, Array, Table, fill, put, roomy
from emlc.search.undo import BRANCHES, expand, find_need, look_up
from emlc.search.work import (
    MOST_HITS,
    PLANNED,
    WIDEN_NS,
    Rows,
    T,
    Way,
    hashed,
    in_threads,
    run_kernel,
    ways,
)

_WAYS = 2 + 2 * BRANCHES  # to undo one sibling: as the left one, as the right one by each branch
_NO_STATUS = np.empty(0, dtype=np.int8)


def _no_tick() -> None:
    """What happens between two pieces of work when nobody is told."""


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


@dataclass(slots=True)
class Meeting:
    """One search against one table: the target, its needs, and what was lost on the way."""

    table: Table
    needs: Needs
    lossy: int = 0
    beyond: int = 0
    compared: int = 0
    full: bool = False
    part: int = 0
    parts: int = 1
    threads: int = 1
    tick: Callable[[], None] = _no_tick
    _piece: int = 0
    _kept: dict[tuple[str, int], Array] = field(default_factory=dict)
    _scanned: int = -1
    _bottomless: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def through(self, size: int, max_size: int) -> list[Hit]:
        """All trees of exactly `size` nodes; sizes below were done; `max_size` bounds the run."""
        if not self.ready(size, max_size):
            return []
        out: list[Hit] = []
        self._piece = 0
        for s in range((size - self.table.size - 2) // 2 + 1):
            out += self._meet(s, size - 2 * s)
        return [hit for hit in out if self._holds(hit)]

    def ready(self, size: int, max_size: int) -> bool:
        """Store the needs that trees of `size` nodes take; False when they do not fit."""
        while 2 * (len(self.needs.start) - 1) <= size - self.table.size - 2:
            if not self._widen(len(self.needs.start) - 1, max_size):
                self.full = True
                return False
        return True

    def forget(self) -> None:
        """Start again from the target: the table has grown, larger siblings are known."""
        n = self.needs
        if len(n.start) > 2:
            n.slots.fill(0)
            n.start[:] = [0, 1]
            put(n.slots, 0, n.value[0, 0])

    def _mine(self, work: Iterable[T]) -> Iterator[T]:
        """The pieces that fall to this part of the parts."""
        for piece in work:
            self._piece += 1
            if self._piece % self.parts == self.part:
                yield piece

    def _widen(self, s: int, max_size: int) -> bool:
        """Store all needs of contexts of 2s nodes that trees of up to `max_size` nodes can use."""
        t, n = self.table, self.needs
        count = n.start[s]
        for s0 in range(s):
            q = s - s0 - 1
            if 2 * s0 + 1 + 2 * (2 * q + 1) > max_size or 2 * q + 1 > t.size:
                continue
            if 2 * q + 1 > t.markable:
                return False
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
        piece = max(1, 300_000 // max(1, block[1] - block[0]))
        out: list[Hit] = []
        hits = np.empty((MOST_HITS, 4), dtype=np.int64)
        unsure = np.empty((20_000, 4), dtype=np.int64)
        limit = t.start[filler // 2 + 1]
        pieces = range(n.start[s], n.start[s + 1], piece)
        for lo in pieces if store else self._mine(pieces):
            self.tick()
            hi = min(lo + piece, n.start[s + 1])
            self.compared += 2 * (hi - lo) * (block[1] - block[0])
            if store:
                most = (hi - lo) * (block[1] - block[0]) * _WAYS
                n.slots = roomy(n.slots, n.value, count, most)
            count, found, lossy, beyond = expand(
                lo, hi, *block, limit, store, count,
                *self._arrays(), hits, unsure,
            )  # fmt: skip
            if count < 0:
                return -1, out
            self.beyond += beyond
            self.lossy += max(0, lossy - len(unsure)) + (found == MOST_HITS)
            out += [Hit(*(int(v) for v in row)) for row in hits[:found]]
            for row in unsure[:lossy].tolist():
                self.tick()
                count, more = self._refine(row, limit, count, store)
                out += more
        return count, out

    def beside(self, sibling: int, filler: int) -> list[Hit]:
        """Entries of up to `filler` nodes that give the target with a sibling of a size."""
        return self._expand(0, sibling, filler, self.needs.start[-1], store=False)[1]

    def _refine(self, row: list[int], limit: int, count: int, store: bool) -> tuple[int, list[Hit]]:
        """Store or look up one need at high precision."""
        t, n = self.table, self.needs
        q, i, side, branch = row
        chain = [(i, side, int(n.exact[q]), branch)]
        at = q
        while n.parent[at] >= 0:
            up = int(n.parent[at])
            chain.append((int(n.sibling[at]), int(n.side[at]), int(n.exact[up]), int(n.branch[at])))
            at = up
        v = np.empty(n.value.shape[1:])
        st = refine_need(refiner(self.table), chain[::-1], n.value[0], v)
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

    def _holds(self, hit: Hit) -> bool:
        """Whether the tree gives the target at high precision."""
        self.tick()
        n = self.needs
        chain = [(hit.sibling, hit.side)]
        at = hit.need
        while n.parent[at] >= 0:
            chain.append((int(n.sibling[at]), int(n.side[at])))
            at = int(n.parent[at])
        return refiner(self.table).holds(hit.entry, chain, n.value[0])

    def _meet(self, s: int, g: int) -> list[Hit]:
        """Fill needs of contexts of 2s nodes with pairs of entries, g nodes together."""
        n = self.needs
        chosen = list(self._ways(g, n.start[s + 1] - n.start[s]))
        undone = {(max(w.f, w.h), min(w.f, w.h)) for w in chosen if w.how == "undo"}
        out: list[Hit] = []
        for filler, sibling in sorted(undone):
            out += self._expand(s, sibling, filler, n.start[-1], store=False)[1]
        streamed = [(w.f, w.h) for w in chosen if w.how == "stream"]
        out += self._stream(s, streamed) if streamed else []
        for w in chosen:
            out += self._ask(s, w.f, w.h) if w.how == "ask" else []
        return out

    def _ways(self, g: int, needs: float) -> Iterator[Way]:
        """See `ways`."""
        t = self.table
        return ways(g, needs, t.count, t.size, t.markable)

    def forecast(self, size: int) -> tuple[float, float]:
        """Needs to be stored in all, and seconds, to settle trees of exactly `size` nodes."""
        t = self.table
        counts = [float(c) for c in np.diff(self.needs.start)]
        seconds = 0.0
        for s in range((size - t.size - 2) // 2 + 1):
            if s == len(counts):
                rate = counts[-1] / counts[-2] if s > 2 else 3.0 * t.count(1)
                counts.append(counts[-1] * rate)
                seconds += counts[-1] * WIDEN_NS * 1e-9
            seconds += sum(w.seconds for w in self._ways(size - 2 * s, counts[s])) / PLANNED
        return sum(counts), seconds

    def _stream(self, s: int, pairs: list[tuple[int, int]]) -> list[Hit]:
        t, n = self.table, self.needs
        for f, h in pairs:
            fill(t, max(f, h) // 2)
        slots, bits = hashed(n.start[s + 1] - n.start[s])
        mark(n.value, _NO_STATUS, n.start[s], n.start[s + 1], slots, bits)
        x, y = self._columns("exp"), self._columns("ln")
        work: list[Callable[[], Rows]] = []
        for f, h in pairs:
            lo, hi = t.block(f)
            self.compared += t.count(f) * t.count(h) // self.parts
            piece = max(1, 30_000_000 // max(1, t.count(h)))
            for i in range(lo, hi, piece):
                work.append(partial(
                    run_kernel, stream, 5_000, 2, i, min(i + piece, hi), *t.block(h),
                    slots, bits, x, y, t.exp_status, t.ln_status, n.value, n.parent, n.sibling,
                    n.side, t.value, t.exp, t.ln, n.value[0],
                ))  # fmt: skip
        return self._gather(work, lambda x, y: self._compare(x, y, n.start[s], n.start[s + 1]))

    def _ask(self, s: int, f: int, h: int) -> list[Hit]:
        t, n = self.table, self.needs
        fill(t, max(f, h) // 2)
        side = 0 if t.count(f) < t.count(h) else 1
        slots, bits = self._marked("ln" if side == 0 else "exp", h if side == 0 else f)
        less = t.block(f if side == 0 else h)
        x, status = (
            (self._columns("exp"), t.exp_status) if side == 0 else
            (self._columns("ln"), t.ln_status)
        )  # fmt: skip
        piece = max(1, 20_000_000 // max(1, less[1] - less[0]))
        work: list[Callable[[], Rows]] = [
            partial(
                run_kernel, ask, 20_000, 2, q, min(q + piece, n.start[s + 1]), *less,
                side, slots, bits, x, status, n.value, n.parent, n.sibling, n.side,
                t.value, t.exp, t.ln, n.value[0],
            )
            for q in range(n.start[s], n.start[s + 1], piece)
        ]  # fmt: skip
        limit = t.start[max(f, h) // 2 + 1]
        self.compared += (less[1] - less[0]) * (n.start[s + 1] - n.start[s]) // self.parts
        return self._gather(work, partial(self._ask_again, limit, side))

    def _ask_again(self, limit: int, side: int, q: int, k: int) -> list[Hit]:
        """The entries that fill need q beside entry k, at high precision."""
        span = BRANCHES if side == 1 and not self.needs.exact[q] else 0
        out: list[Hit] = []
        for branch in range(-span, span + 1):
            out += self._refine([q, k, side, branch], limit, 0, False)[1]
        return out

    def _gather(
        self, work: list[Callable[[], Rows]], decide: Callable[[int, int], list[Hit]]
    ) -> list[Hit]:
        """Run my share of the work, on as many threads as I may, and decide what was lossy."""
        out: list[Hit] = []
        for found, unsure, lossy in in_threads(self._mine(work), self.threads):
            self.tick()
            self.lossy += max(0, lossy - len(unsure)) + (len(found) == MOST_HITS)
            out += [Hit(*row) for row in found]
            for a, b in unsure:
                self.tick()
                out += decide(a, b)
        return out

    def _columns(self, which: str) -> Array:
        """exp or ln of all entries at the first point, five columns."""
        key = (which, self.table.filled)
        if key not in self._kept:
            source = self.table.exp if which == "exp" else self.table.ln
            self._kept = {k: v for k, v in self._kept.items() if k[1] == key[1]}
            self._kept[key] = np.ascontiguousarray(source[: self.table.filled, 0, :5])
        found: Array = self._kept[key]
        return found

    def _marked(self, which: str, size: int) -> tuple[Array, Array]:
        """The hash table of exp or ln of a block."""
        t = self.table
        key = (which, size)
        if key not in t.marked:
            slots, bits = hashed(t.count(size))
            rows, status = (t.exp, t.exp_status) if which == "exp" else (t.ln, t.ln_status)
            mark(rows, status, *t.block(size), slots, bits)
            t.marked[key] = slots, bits
        return t.marked[key]

    def _compare(self, i: int, j: int, lo: int, hi: int) -> list[Hit]:
        """Compare eml(i, j), at high precision, with the needs lo..hi."""
        v = np.empty(self.needs.value.shape[1:])
        st = refiner(self.table).eml(i, j, v)
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
        if self._scanned != t.start[-1]:
            self._scanned = t.start[-1]
            self._bottomless = np.flatnonzero(np.isneginf(t.value[: t.start[-1], 0, 0]))[:8]
        inf = self._bottomless
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
    value = np.empty((capacity, len(target), 6))
    n = Needs(
        value,
        np.empty(capacity, dtype=np.int32), np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.int8), np.empty(capacity, dtype=np.int8),
        np.empty(capacity, dtype=np.int8), roomy(NO_SLOTS, value, 0, 0), [0, 1],
    )  # fmt: skip
    n.value[0] = target
    n.parent[0], n.sibling[0], n.side[0], n.exact[0] = -1, -1, 0, 1
    n.branch[0] = 0
    put(n.slots, 0, n.value[0, 0])
    return Meeting(t, n)
