"""Enumeration and meeting in the middle for any operator: slower than for eml, and as careful.

Entries are ordered by their number of operators: those with n of them are start[n]:start[n + 1].
`kids[k]` are the operands of entry k, -1 - leaf number in its first place for a leaf.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from emlc.lower.jit import compiled
from emlc.search.halfturn import FINE, LOSSY
from emlc.search.program import TURNED, Program, inverse
from emlc.search.steps import run
from emlc.search.table import Array, enter, find, put

MOST_KIDS = 3
_PIECE = 200_000
SECONDS = 3e-6  # of a candidate


def coded(p: Program) -> Array:
    """The steps as rows (code, i, j, place)."""
    rows = [(s.code, s.i, s.j, p.first + k) for k, s in enumerate(p.steps)]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


@dataclass(slots=True)
class General:
    """All values found."""

    program: Program
    constants: Array  # rows of the program's constants
    value: Array
    kids: Array
    slots: Array
    leaves: tuple[str, ...]
    finite: bool
    start: list[int] = field(default_factory=lambda: [0])
    candidates: int = 0
    lossy: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def arity(self) -> int:
        """Operands of the operator."""
        return self.program.inputs

    @property
    def top(self) -> int:
        """The largest complete number of operators."""
        return len(self.start) - 2

    def block(self, ops: int) -> tuple[int, int]:
        """First entry with so many operators and the one after the last."""
        return self.start[ops], self.start[ops + 1]

    def rpn(self, n: int) -> list[str]:
        """The tree of an entry as RPN tokens, E the operator."""
        out: list[str] = []
        stack = [n]
        while stack:
            top = stack.pop()
            if top < 0:
                out.append("E")
            elif self.kids[top, 0] < 0:
                out.append(self.leaves[-1 - int(self.kids[top, 0])])
            else:
                stack.append(-1)
                stack += reversed([int(k) for k in self.kids[top, : self.arity]])
        return out


def begin(
    program: Program, constants: Array, leaves: dict[str, Array], *, finite: bool, capacity: int
) -> General:
    """The table of the leaves; `leaves` maps a token to its value, six doubles."""
    t = General(
        program, constants, np.empty((capacity, 1, 6)),
        np.full((capacity, MOST_KIDS), -1, dtype=np.int32),
        np.zeros(1 << max(10, int(capacity * 1.4).bit_length()), dtype=np.int64),
        tuple(leaves), finite,
    )  # fmt: skip
    for n, v in enumerate(leaves.values()):
        t.value[n, 0], t.kids[n, 0] = v, -1 - n
        put(t.slots, n, v)
    t.start.append(len(leaves))
    return t


def splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to share a number of operators among operands, in order."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in splits(total - first, parts - 1):
            yield (first, *rest)


@compiled
def extend(
    codes: Array, constants: Array, arity: int, lo: Array, hi: Array, value: Array, kids: Array,
    slots: Array, count: int, finite: bool, lossy: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Add the values of all operands in blocks: new count (-1: full), lossy ones, candidates."""
    registers = np.zeros((arity + constants.shape[0] + codes.shape[0], 6))
    registers[arity : arity + constants.shape[0]] = constants
    v = np.empty((1, 6))
    unsure, seen = 0, 0
    for i in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for k in range(lo[2], hi[2]):
                seen += 1
                registers[0], registers[1] = value[i, 0], value[j, 0]
                if arity == 3:
                    registers[2] = value[k, 0]
                st = run(codes, registers, 0)
                v[0] = registers[-1]
                if st == LOSSY:
                    if unsure < lossy.shape[0]:
                        lossy[unsure] = i, j, k
                    unsure += 1
                if st != FINE or (finite and np.isinf(v[0, 0])) or find(slots, value, v) >= 0:
                    continue
                if count == value.shape[0]:
                    return -1, unsure, seen
                value[count] = v
                kids[count] = i, j, k
                put(slots, count, v[0])
                count += 1
    return count, unsure, seen


def grow(t: General, tick: Callable[[], None]) -> bool:
    """Add the values with one operator more; False, and none added, when they do not fit."""
    count, waiting = -1, list(t.lossy)
    try:
        count = _grown(t, waiting, tick)
    finally:
        if count < 0:
            t.slots.fill(0)
            enter(t.slots, t.value, t.start[-1])
    if count >= 0:
        t.start.append(count)
        t.lossy = waiting
    return count >= 0


def _grown(t: General, waiting: list[tuple[int, ...]], tick: Callable[[], None]) -> int:
    codes, count = coded(t.program), t.start[-1]
    for split in splits(t.top, t.arity):
        blocks = [t.block(ops) for ops in split] + [(0, 1)] * (MOST_KIDS - t.arity)
        rest = 1
        for lo, hi in blocks[1:]:
            rest *= hi - lo
        piece = max(1, _PIECE // max(1, rest))
        for first in range(*blocks[0], piece):
            tick()
            los = np.array([first, *(b[0] for b in blocks[1:])])
            his = np.array([min(first + piece, blocks[0][1]), *(b[1] for b in blocks[1:])])
            lossy = np.empty((20_000, MOST_KIDS), dtype=np.int64)
            count, unsure, seen = extend(
                codes, t.constants, t.arity, los, his, t.value, t.kids, t.slots, count,
                t.finite, lossy,
            )  # fmt: skip
            if count < 0:
                return -1
            t.candidates += seen
            waiting += [tuple(row) for row in lossy[:unsure].tolist()]
    return count


@compiled
def undo_block(
    codes: Array, constants: Array, inputs: int, param: int, branches: int, lo: int, hi: int,
    klo: Array, khi: Array, value: Array, slots: Array, limit: int, store: bool,
    needs: Array, parents: Array, need_slots: Array, count: int, hits: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Undo the operator at needs lo..hi beside the operands of two blocks.

    Store the new needs, or note the entries below `limit` that fill them: number of needs (-1:
    full), of hits, of lossy ones.
    """
    registers = np.zeros((inputs + constants.shape[0] + codes.shape[0], 6))
    registers[inputs : inputs + constants.shape[0]] = constants
    v = np.empty((1, 6))
    first = 1 if param == 0 else 0
    second = 2 if param != 2 else 1
    found, lossy = 0, 0
    for q in range(lo, hi):
        for i in range(klo[0], khi[0]):
            for j in range(klo[1], khi[1]):
                for branch in range(branches):
                    registers[0], registers[1 + first] = needs[q, 0], value[i, 0]
                    if inputs == 4:
                        registers[1 + second] = value[j, 0]
                    st = run(codes, registers, branch)
                    lossy += st == LOSSY
                    if st != FINE:
                        continue
                    v[0] = registers[-1]
                    if not store:
                        n = find(slots, value, v)
                        if 0 <= n < limit and found < hits.shape[0]:
                            hits[found] = q, param, i, j, n
                            found += 1
                        continue
                    if find(need_slots, needs, v) >= 0:
                        continue
                    if count == needs.shape[0]:
                        return -1, found, lossy
                    needs[count] = v
                    parents[count] = q, param, i, j
                    put(need_slots, count, v[0])
                    count += 1
    return count, found, lossy


class Meeting:
    """The needs of one target; `blind` parameters have no inverse, so that trees may be missed."""

    def __init__(self, t: General, target: Array, capacity: int) -> None:
        self.table = t
        self.inverses = [inverse(t.program, k) for k in range(t.arity)]
        self.blind = [k for k, p in enumerate(self.inverses) if p is None]
        self.needs = np.empty((capacity, 1, 6))
        self.parents = np.full((capacity, 4), -1, dtype=np.int64)
        self.slots = np.zeros(1 << max(10, int(capacity * 1.4).bit_length()), dtype=np.int64)
        self.start = [0, 1]
        self.lossy = 0
        self.needs[0, 0] = target
        put(self.slots, 0, target)

    def through(self, ops: int, tick: Callable[[], None]) -> list[list[str]] | None:
        """The trees with exactly so many operators, more than the table's; None when full."""
        top = self.table.top
        for level in range(len(self.start) - 1, ops - top):
            if not self._widen(level, tick):
                return None
        out: list[list[str]] = []
        for level in range(ops - top):
            for filler in range(max(0, ops - level - 1 - top), top + 1):
                beside = ops - level - 1 - filler
                for hit in self._undo(level, beside, filler, False, tick)[1]:
                    out.append(self._rpn(hit))
        return out

    def _widen(self, level: int, tick: Callable[[], None]) -> bool:
        """Store the needs of contexts with so many operators."""
        count = self.start[-1]
        for before in range(level):
            count, _ = self._undo(before, level - before - 1, 0, True, tick, count)
            if count < 0:
                return False
        self.start.append(count)
        return True

    def _undo(
        self, level: int, beside: int, filler: int, store: bool, tick: Callable[[], None],
        count: int = 0,
    ) -> tuple[int, list[tuple[int, ...]]]:  # fmt: skip
        t = self.table
        out: list[tuple[int, ...]] = []
        hits = np.empty((1000, 5), dtype=np.int64)
        for param, p in enumerate(self.inverses):
            if p is None:
                continue
            codes = coded(p)
            branches = 3 ** sum(s.code == TURNED for s in p.steps)
            for split in splits(beside, t.arity - 1):
                if max(split) > (t.top if store else min(t.top, filler)):
                    continue
                blocks = [t.block(ops) for ops in split] + [(0, 1)] * (3 - t.arity)
                klo, khi = (np.array([b[k] for b in blocks]) for k in (0, 1))
                wide = max(1, int(np.prod(khi - klo)) * branches)
                piece = max(1, _PIECE // wide)
                for lo in range(self.start[level], self.start[level + 1], piece):
                    tick()
                    hi = min(lo + piece, self.start[level + 1])
                    count, found, lossy = undo_block(
                        codes, t.constants, p.inputs, param, branches, lo, hi, klo, khi,
                        t.value, t.slots, t.start[filler + 1], store, self.needs, self.parents,
                        self.slots, count, hits,
                    )  # fmt: skip
                    if count < 0:
                        return -1, out
                    self.lossy += lossy
                    t.candidates += (hi - lo) * wide
                    out += [tuple(h) for h in hits[:found].tolist()]
        return count, out

    def _rpn(self, hit: tuple[int, ...]) -> list[str]:
        t = self.table
        need, param, i, j, filler = hit
        out = t.rpn(filler)
        while True:
            others = [t.rpn(k) for k in (i, j)[: t.arity - 1]]
            others.insert(param, out)
            out = [token for part in others for token in part] + ["E"]
            if need == 0:
                return out
            need, param, i, j = (int(k) for k in self.parents[need])
