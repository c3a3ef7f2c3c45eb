"""Meeting in the middle for any operator: undo it from the target until a table has what is needed.

A need is the value that the hole of a context must take. Needs of contexts with n operators are
start[n]:start[n + 1]; `parents[q]` are the need above, the operand that the hole is, the two
entries beside it at most, and the branch taken.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from emlc.lower.jit import compiled
from emlc.lower.slots import mixed
from emlc.search.exact import Half, TooLarge, Undefined
from emlc.search.general import MOST_KIDS, General, coded, fill, place, ready, splits
from emlc.search.halfturn import FINE, LOSSY
from emlc.search.program import TURNED, Program, inverse
from emlc.search.refine import split
from emlc.search.steps import move, run
from emlc.search.table import (
    NO_SLOTS,
    Array,
    assign,
    cells,
    find,
    put,
    roomy,
    same,
)
from emlc.search.work import PLANNED, Rows, in_threads, run_kernel

ASK_NS, WIDEN_NS = 300.0, 3000.0
_PIECE = 3_000_000
_UNSURE = 20_000
Tick = Callable[[], None]


@compiled
def mark(outs: Array, column: int, status: Array, slots: Array, lo: int, hi: int) -> None:
    """Enter what entries lo..hi give as one operand."""
    for n in range(lo, hi):
        if status[n] == FINE:
            put(slots, n, outs[n, column])


@compiled
def look_up(
    w: Array, outs: Array, column: int, slots: Array, lo: int, hi: int, hits: Array, found: int,
    q: int, i: int, j: int,
) -> int:  # fmt: skip
    """Add the entries lo..hi that give w as one operand to the hits; how many there are then."""
    mask = slots.size - 1
    main, other = cells(w)
    for cell in (main, other):
        h = mixed(cell)
        at = h & mask
        while slots[at] != 0:
            word = slots[at] - 1
            n = word & 0xFFFFFFFF
            if (
                word >> 32 == h >> 31 and lo <= n < hi and found < hits.shape[0]
                and same(outs[n, column], w)
            ):  # fmt: skip
                hits[found, 0], hits[found, 1], hits[found, 2], hits[found, 3] = q, i, j, n
                found += 1
            at = (at + 1) & mask
        if main == other:
            break
    return found


@compiled
def ask(
    codes: Array, constants: Array, columns: Array, param: int, qlo: int, qhi: int, klo: Array,
    khi: Array, needs: Array, outs: Array, status: Array, slots: Array, lo: int, hi: int,
    hits: Array, unsure: Array,
) -> tuple[int, int]:  # fmt: skip
    """Which entries lo..hi stand for one operand of needs qlo..qhi, beside two blocks of others."""
    registers = ready(codes, constants, columns[-1] + 1)
    last = registers.shape[0] - 1
    one, two = 1 if param == 0 else 0, 2 if param != 2 else 1
    found, lossy = 0, 0
    for i in range(klo[0], khi[0]):
        if not place(registers, 1, i, one, columns, outs, status):
            continue
        for j in range(klo[1], khi[1]):
            if columns.shape[0] > 3 and not place(registers, 1, j, two, columns, outs, status):
                continue
            for q in range(qlo, qhi):
                move(registers[0], needs[q, 0])
                st = run(codes, registers, 0)
                if st == LOSSY:
                    if lossy < unsure.shape[0]:
                        unsure[lossy, 0], unsure[lossy, 1], unsure[lossy, 2] = q, i, j
                    lossy += 1
                if st != FINE:
                    continue
                found = look_up(
                    registers[last], outs, columns[param], slots, lo, hi, hits, found, q, i, j
                )
    return found, lossy


@compiled
def widen(
    codes: Array, back: Array, constants: Array, columns: Array, param: int, branches: int,
    qlo: int, qhi: int, klo: Array, khi: Array, outs: Array, status: Array, needs: Array,
    parents: Array, slots: Array, count: int, unsure: Array,
) -> tuple[int, int]:  # fmt: skip
    """Store the needs below needs qlo..qhi, one operand of which is the hole: count, lossy ones."""
    registers, alone = ready(codes, constants, columns[-1] + 1), ready(back, constants, 2)
    one, two = 1 if param == 0 else 0, 2 if param != 2 else 1
    v = np.empty((1, 6))
    lossy = 0
    for i in range(klo[0], khi[0]):
        if not place(registers, 1, i, one, columns, outs, status):
            continue
        for j in range(klo[1], khi[1]):
            if columns.shape[0] > 3 and not place(registers, 1, j, two, columns, outs, status):
                continue
            for q in range(qlo, qhi):
                move(registers[0], needs[q, 0])
                st = run(codes, registers, 0)
                for branch in range(branches):
                    move(v[0], registers[registers.shape[0] - 1])
                    if st == FINE and back.shape[0] > 0:
                        move(alone[0], v[0])
                        worst = run(back, alone, branch)
                        move(v[0], alone[alone.shape[0] - 1])
                    else:
                        worst = st
                    if worst == LOSSY:
                        if lossy < unsure.shape[0]:
                            unsure[lossy, 0], unsure[lossy, 1] = q, i
                            unsure[lossy, 2], unsure[lossy, 3] = j, branch
                        lossy += 1
                    if worst != FINE or find(slots, needs, v) >= 0:
                        continue
                    if count == needs.shape[0]:
                        return -1, lossy
                    assign(needs, count, v)
                    parents[count, 0], parents[count, 1], parents[count, 2] = q, param, i
                    parents[count, 3], parents[count, 4] = j, branch
                    put(slots, count, v[0])
                    count += 1
    return count, lossy


class Meeting:
    """The needs of one target; `blind` operands cannot be undone, so that trees may be missed.

    Of the `lossy` values, `passed` were met where needs were filled, which is done once a size.
    """

    def __init__(self, t: General, target: Array, memory: float) -> None:
        self.table, stages = t, t.stages
        capacity = int(memory / (48 + 40 + 22))
        self.needs = np.empty((capacity, 1, 6))
        self.parents = np.empty((capacity, 5), dtype=np.int64)
        self.slots = roomy(NO_SLOTS, self.needs, 0, 0)
        self.start = [0, 1]
        self.lossy = self.passed = 0
        self.threads = 1
        self.needs[0, 0] = target
        put(self.slots, 0, target)
        single = [k for k in range(t.arity) if len(stages.outs[k]) == 1]
        rest = {k: inverse(stages.rest, stages.column(k)) for k in single}
        self.rest: dict[int, Program] = {k: p for k, p in rest.items() if p is not None}
        back = {k: inverse(stages.alone[k], 0) for k in self.rest}
        self.back: dict[int, Program] = {k: p for k, p in back.items() if p is not None}
        self.blind = [k for k in range(t.arity) if k not in self.back]
        self.columns = np.array([stages.column(k) for k in range(t.arity + 1)])
        self._marks = dict.fromkeys(self.rest, (NO_SLOTS, 0))
        self._exact: dict[int, Half] = {}

    def complete(self, ops: int) -> bool:
        """Whether no tree with so many operators can be missed."""
        return bool(self.rest) and (not self.blind or ops <= self.table.top + 1)

    def reaches(self, ops: int) -> bool:
        """Whether one operand of every tree with so many operators, at most, is no entry."""
        return bool(self.rest) and ops <= 2 * self.table.top + 1

    def forecast(self, ops: int) -> tuple[float, float]:
        """Needs to be stored in all, and seconds, for the trees with exactly so many operators."""
        t = self.table
        counts = [float(b - a) for a, b in zip(self.start, self.start[1:], strict=False)]
        seconds = 0.0
        for level in range(ops - t.top):
            if level == len(counts):
                rate = counts[-1] / max(1.0, counts[-2]) if level > 2 else 3.0 * t.count(0)
                counts.append(counts[-1] * max(1.0, rate))
                seconds += counts[-1] * WIDEN_NS * 1e-9
            pairs = sum(others for _, _, others, _ in self._ways(ops - level - 1))
            seconds += counts[level] * pairs * ASK_NS * 1e-9 / PLANNED
        return sum(counts), seconds

    def through(self, ops: int, tick: Tick) -> list[list[str]] | None:
        """The trees with exactly so many operators, more than the table's; None when full."""
        top = self.table.top
        fill(self.table, self.table.start[-1])
        for level in range(len(self.start) - 1, ops - top):
            if not self._widen(level, tick):
                return None
        before = self.lossy
        hits = [h for level in range(ops - top) for h in self._fill(level, ops, tick)]
        self.passed += self.lossy - before
        return [self._rpn(param, row) for param, row in hits]

    def _ways(self, ops: int) -> Iterator[tuple[int, tuple[int, ...], float, tuple[int, ...]]]:
        """The operand to look up, the sizes of the others, their number, the sizes of all."""
        t = self.table
        for share in splits(ops, t.arity):
            if max(share) <= t.top and self.rest:
                hole = max(self.rest, key=lambda k: t.count(share[k]))
                beside = tuple(s for k, s in enumerate(share) if k != hole)
                yield hole, beside, float(np.prod([t.count(s) for s in beside])), share

    def _blocks(self, beside: tuple[int, ...]) -> tuple[Array, Array]:
        blocks = [self.table.block(s) for s in beside] + [(0, 1)] * (MOST_KIDS - 1 - len(beside))
        return np.array([b[0] for b in blocks]), np.array([b[1] for b in blocks])

    def _fill(self, level: int, ops: int, tick: Tick) -> list[tuple[int, list[int]]]:
        """The entries that fill needs of one level."""
        t = self.table
        qlo, qhi = self.start[level], self.start[level + 1]
        out: list[tuple[int, list[int]]] = []
        for hole, beside, others, share in self._ways(ops - level - 1):
            klo, khi = self._blocks(beside)
            pieces = max(1, int(others * (qhi - qlo) / _PIECE))
            bounds = np.linspace(klo[0], khi[0], min(pieces, khi[0] - klo[0]) + 1).astype(np.int64)
            work: list[Callable[[], Rows]] = []
            for a, b in itertools.pairwise(bounds):
                low, high = np.array([a, klo[1]]), np.array([b, khi[1]])
                work.append(partial(
                    run_kernel, ask, _UNSURE, 3, coded(self.rest[hole]), t.constants, self.columns,
                    hole, qlo, qhi, low, high, self.needs, t.outs, t.status,
                    self._marked(hole), *t.block(share[hole]),
                ))  # fmt: skip
            t.candidates += int(others * (qhi - qlo))
            for found, unsure, lossy in in_threads(work, self.threads):
                tick()
                self.lossy += max(0, lossy - len(unsure))
                out += [(hole, row) for row in found]
                for q, i, j in unsure:
                    tick()
                    out += [(hole, [q, i, j, n]) for n in self._ask(hole, q, i, j)
                            if t.block(share[hole])[0] <= n < t.block(share[hole])[1]]  # fmt: skip
        return out

    def _marked(self, hole: int) -> Array:
        """The table of what entries give as one operand."""
        t = self.table
        slots, done = self._marks[hole]
        if done < t.filled:
            if slots.size < 2 * t.filled:
                slots, done = np.zeros(1 << (2 * t.filled).bit_length(), dtype=np.int64), 0
            mark(t.outs, t.stages.column(hole), t.status[:, hole], slots, done, t.filled)
            self._marks[hole] = slots, t.filled
        return slots

    def _widen(self, level: int, tick: Tick) -> bool:
        """Store the needs of contexts with so many operators."""
        t, count = self.table, self.start[-1]
        self.slots = roomy(self.slots, self.needs, count, count)
        for before in range(level):
            qlo, qhi = self.start[before], self.start[before + 1]
            for hole, back in self.back.items():
                branches = 3 ** sum(s.code == TURNED for s in back.steps)
                for share in splits(level - before - 1, t.arity - 1):
                    if max(share) > t.top:
                        continue
                    klo, khi = self._blocks(share)
                    count = self._stored(hole, branches, qlo, qhi, klo, khi, count, tick)
                    if count < 0:
                        return False
        self.start.append(count)
        return True

    def _stored(
        self, hole: int, branches: int, qlo: int, qhi: int, klo: Array, khi: Array, count: int,
        tick: Tick,
    ) -> int:  # fmt: skip
        t = self.table
        unsure = np.empty((_UNSURE, 4), dtype=np.int64)
        each = branches * (qhi - qlo) * max(1, int(khi[1] - klo[1]))
        piece = max(1, _PIECE // 10 // max(1, each))
        for first in range(int(klo[0]), int(khi[0]), piece):
            tick()
            last = min(first + piece, int(khi[0]))
            self.slots = roomy(self.slots, self.needs, count, (last - first) * each)
            count, lossy = widen(
                coded(self.rest[hole]), coded(self.back[hole]), t.constants, self.columns, hole,
                branches, qlo, qhi, np.array([first, klo[1]]), np.array([last, khi[1]]), t.outs,
                t.status, self.needs, self.parents, self.slots, count, unsure,
            )  # fmt: skip
            if count < 0:
                return -1
            self.lossy += max(0, lossy - len(unsure))
            for q, i, j, branch in unsure[:lossy].tolist():
                tick()
                count = self._stored_exactly(hole, (q, i, j, branch), count)
            if count < 0:
                return -1
        return count

    def _stored_exactly(self, hole: int, row: tuple[int, int, int, int], count: int) -> int:
        q, i, j, branch = row
        v = np.empty((1, 6))
        try:
            made = self._undone(hole, self._need(q), i, j, branch)
        except (Undefined, TooLarge):
            return count
        if split(self.table.precise.mp, made, v[0]) != FINE or find(self.slots, self.needs, v) >= 0:
            return count
        if not 0 <= count < len(self.needs):
            return -1
        self.needs[count], self.parents[count] = v, (q, hole, i, j, branch)
        put(self.slots, count, v[0])
        return count + 1

    def _ask(self, hole: int, q: int, i: int, j: int) -> list[int]:
        """The entries that stand for one operand of a need beside two others, at high precision."""
        t, out = self.table, np.empty(6)
        try:
            made = self._outside(hole, self._need(q), i, j)
        except (Undefined, TooLarge):
            return []
        if split(t.precise.mp, made, out) != FINE:
            return []
        rows = t.outs[: t.filled, t.stages.column(hole)]
        near = np.isclose(rows[:, 0], out[0], rtol=1e-14) & (rows[:, 5] == out[5])
        near &= np.isclose(rows[:, 2], out[2], rtol=1e-14) & (t.status[: t.filled, hole] == FINE)
        return [int(n) for n in np.flatnonzero(near) if same(rows[n], out)]

    def _need(self, q: int) -> Half:
        """A need at high precision; raises Undefined or TooLarge."""
        chain = []
        while q not in self._exact and q:
            chain.append(q)
            q = int(self.parents[q, 0])
        if not q:
            row, number = self.needs[0, 0], self.table.precise.mp.mpf
            self._exact[0] = (
                number(float(row[0])) + number(float(row[1])),
                number(float(row[2])) + number(float(row[3])),
            )
        for q in reversed(chain):
            up, hole, i, j, branch = (int(k) for k in self.parents[q])
            self._exact[q] = self._undone(hole, self._exact[up], i, j, branch)
        return self._exact[q]

    def _outside(self, hole: int, t: Half, i: int, j: int) -> Half:
        """What the operand that is the hole gives by itself, so that the operator gives t."""
        table, made = self.table, [t]
        others = iter((i, j))
        for k in range(table.arity):
            if k == hole:
                made.append(t)  # not read
            else:
                made += table.precise.outs(table.kids, next(others), k)
        return table.precise.run(self.rest[hole], made)[-1]

    def _undone(self, hole: int, t: Half, i: int, j: int, branch: int) -> Half:
        w = self._outside(hole, t, i, j)
        back = self.back[hole]
        return self.table.precise.run(back, [w, w], branch)[-1] if back.steps else w

    def _rpn(self, param: int, hit: list[int]) -> list[str]:
        t = self.table
        need, i, j, filler = hit
        out = t.rpn(filler)
        while True:
            others = [t.rpn(k) for k in (i, j)[: t.arity - 1]]
            others.insert(param, out)
            out = [token for part in others for token in part] + ["E"]
            if need == 0:
                return out
            need, param, i, j, _ = (int(k) for k in self.parents[need])
