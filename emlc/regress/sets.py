"""Every way to cut a tree at a gate: the context around it, its left and its right child.

The kind (s, i, j) of a gate says how many gates each part has. A tree of s + i + j + 1 gates is
met when one of its gates is of a kind that was joined.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from emlc.lower.jit import Array
from emlc.regress.join import LEFT, NEED, RIGHT, Entries, Index, Part, enter, join, listed, pairs
from emlc.regress.meet import contexts, widen
from emlc.regress.order import Kind, ordered
from emlc.regress.table import begin, forecast, grow

_ENTRY_BYTES, _NEED_BYTES, _PAIR_BYTES = 140, 60, 70
_ENTRIES, _NEEDS, _PAIRS = 3_000_000, 8_000_000, 16_000_000
_PIECE = 4_000_000
_HITS = 2_000
# Nanoseconds for a look-up, in a small index and a large one, and for making one entry.
_LOOK, _FAR, _CACHED, _CALL = 3.5, 9.0, 600_000, 50_000.0
_NEED, _TREE, _PAIR, _INDEX = 100.0, 400.0, 70.0, 45.0


def needless(kind: Kind, done: set[Kind]) -> bool:
    """Whether all trees with a gate of this kind were met by the gate above or below it."""
    s, i, j = kind
    above = s > 0 and all(
        {(s - 1 - k, i + j + 1, k), (s - 1 - k, k, i + j + 1)} <= done for k in range(s)
    )
    below = any(
        z > 0 and all((s + 1 + other, k, z - 1 - k) in done for k in range(z))
        for z, other in ((i, j), (j, i))
    )
    return kind in done or above or below


def met(gates: int, done: set[Kind]) -> bool:
    """Whether every tree of so many gates has a gate of a kind that is done.

    All ways from the root to the larger child, whose siblings the contexts know, are followed.
    """
    sizes = [gates]
    for size in sizes:
        for i in range(size):
            j = size - 1 - i
            if (gates - size, i, j) not in done:
                if max(i, j) == 0:
                    return False
                if max(i, j) not in sizes:
                    sizes.append(max(i, j))
    return True


class Sets:
    """Trees by size, contexts of the target by size, and their joins.

    `lossy` counts the values that no double could hold, or not sharply enough to be compared.
    """

    def __init__(self, leaves: Mapping[str, Array], target: Array, memory: float) -> None:
        self.target = np.ascontiguousarray(target)
        entries = int(min(_ENTRIES, 0.25 * memory / _ENTRY_BYTES))
        self.room = int(min(_PAIRS, 0.5 * memory / _PAIR_BYTES))
        self.table = begin(dict(leaves), entries)
        needs = int(min(_NEEDS, 0.25 * memory / _NEED_BYTES))
        self.contexts = contexts(self.table, self.target, needs)
        self.full, self.wide = False, 0
        self.done: set[Kind] = set()
        self.lost = 0
        self.parts: dict[tuple[int, int], Part] = {}
        self.indices: dict[tuple[int, int], Index] = {}
        self._trees(4, math.inf)
        self._contexts(3, math.inf)

    @property
    def lossy(self) -> int:
        """See the class."""
        return self.table.lossy + self.contexts.lossy + self.lost

    @property
    def _gates(self) -> int:
        """The most gates of a tree in the table."""
        return len(self.table.start) - 2

    # -- what there is of each size ---------------------------------------------------------------

    def _range(self, role: int, gates: int) -> tuple[int, int]:
        """First of a size and the one after the last."""
        start = self.contexts.start if role == NEED else self.table.start
        if role != NEED and gates == self._gates + 1:
            return start[-1], start[-1] + self.wide
        return start[gates], start[gates + 1]

    def _trees(self, gates: int, until: float) -> bool:
        """Have all trees of so many gates; False when they do not fit, or time ends."""
        t = self.table
        while self._gates < gates and not self.full:
            room = t.start[-1] + forecast(t) < len(t.value)
            self.full = not (room and grow(t, until))
        if gates == self._gates + 1 and not self.wide:
            return self._widest(until)
        return gates <= self._gates + (self.wide > 0)

    def _widest(self, until: float) -> bool:
        """Make the trees of one gate more than those of the table, some of them twice."""
        t = self.table
        count = t.start[-1]
        # Some pairs have no value.
        if not 0 < 0.85 * forecast(t) < self.room:
            return False
        t.left.resize(count + self.room, refcheck=False)
        t.right.resize(count + self.room, refcheck=False)
        for i in range(self._gates + 1):
            (ilo, ihi), (jlo, jhi) = self._range(LEFT, i), self._range(RIGHT, self._gates - i)
            step = max(1, _PIECE // max(1, jhi - jlo))
            for lo in range(ilo, ihi, step):
                count, lossy = pairs(
                    t.exp, t.ln, t.status, lo, min(lo + step, ihi), jlo, jhi, count,
                    t.left, t.right,
                )  # fmt: skip
                self.lost += lossy
                if count < 0 or time.monotonic() > until:
                    self.room = 0
                    return False
        self.wide = count - t.start[-1]
        return True

    def _contexts(self, gates: int, until: float) -> bool:
        m = self.contexts
        while m.gates < gates and not m.full:
            if not self._trees(m.gates, until):
                return False
            widen(m, until)
        return gates <= m.gates

    # -- kinds ------------------------------------------------------------------------------------

    def plan(self, most: int) -> list[Kind]:
        """Kinds for trees of up to so many gates, those first that meet most trees for their work.

        The unit of work is some nanoseconds.
        """
        entries, room = len(self.table.value), len(self.contexts.keys[0])
        trees = self._sizes(self.table.start, entries + self.room)
        needs = self._sizes(self.contexts.start, room)
        sizes = needs, trees, trees
        kinds = [
            (s, i, j) for s in range(len(needs)) for i in range(len(trees))
            for j in range(len(trees)) if s + i + j < most
        ]  # fmt: skip
        count = np.array([[sizes[role][kind[role]] for role in range(3)] for kind in kinds])
        small, middle, large = np.sort(count, axis=1).T
        looked = small * middle * np.where(large > _CACHED, _FAR, _LOOK) + _CALL
        index = np.zeros((3, max(len(needs), len(trees))))
        for role in range(3):
            index[role, : len(sizes[role])] = _INDEX * np.array(sizes[role])
        made = np.where(np.array(trees) > entries, _PAIR, _TREE) * np.array(trees)
        work = np.cumsum(_NEED * np.array(needs)), np.cumsum(made), index
        return ordered(kinds, looked, *work, np.argmax(count, axis=1))

    def _sizes(self, start: list[int], room: int) -> list[float]:
        """How many there are of each size, by estimate where they are not made."""
        sizes = [float(b - a) for a, b in pairwise(start)]
        rate = sizes[-1] / max(1.0, sizes[-2])
        while rate > 1.0 and sizes[-1] * rate < room:
            sizes.append(sizes[-1] * rate)
        return [max(1.0, size) for size in sizes]

    def below(self) -> int:
        """Nodes below which every tree has been met."""
        gates = 1
        while met(gates, self.done):
            gates += 1
        return 2 * gates + 1

    # -- joining ----------------------------------------------------------------------------------

    def join(self, kind: Kind, until: float) -> Iterator[list[str]]:
        """All trees with a gate of this kind that agree with the target at the table's points."""
        s, i, j = kind
        if not (self._contexts(s, until) and self._trees(i, until) and self._trees(j, until)):
            return
        parts = sorted(
            ((self._range(role, kind[role]), role, kind[role]) for role in (NEED, LEFT, RIGHT)),
            key=lambda part: part[0][1] - part[0][0],
        )
        x, y, index = (
            self._part(*parts[0][1:]),
            self._part(*parts[1][1:]),
            self._index(*parts[2][1:]),
        )
        roles = np.array([role for _, role, _ in parts])
        step = max(1, _PIECE // max(1, len(y[0])))
        hits, whole = np.empty((_HITS, 3), dtype=np.int64), True
        for lo in range(0, len(x[0]), step):
            if time.monotonic() > until:
                return
            found, lossy = join(
                roles, x, y, lo, min(lo + step, len(x[0])), index, self.contexts.origin,
                self.target, self._entries(), hits,
            )  # fmt: skip
            self.lost += lossy
            whole = whole and found < _HITS
            for need, a, b in hits[:found].tolist():
                yield self.contexts.rpn(need, [*self.table.rpn(a), *self.table.rpn(b), "E"])
        if whole:
            self.done.add(kind)

    def _entries(self) -> Entries:
        t = self.table
        return t.value[: t.start[-1]], t.exp, t.ln, t.left, t.right

    def _part(self, role: int, gates: int) -> Part:
        """The keys of a set, listed when first asked for."""
        if (role, gates) not in self.parts:
            lo, hi = self._range(role, gates)
            if role == NEED:
                keys, errors = self.contexts.keys[:, lo:hi]
                made = keys, errors, np.arange(lo, hi, dtype=np.int32)
            else:
                keys, errors = np.empty((2, hi - lo))
                ids = np.empty(hi - lo, dtype=np.int32)
                status = self.table.status[: self.table.start[-1]]
                n = listed(lo, hi, role, status, self._entries(), keys, errors, ids)
                made = keys[:n], errors[:n], ids[:n]
            self.parts[role, gates] = made
        return self.parts[role, gates]

    def _index(self, role: int, gates: int) -> Index:
        """The index of a set, made when first asked for."""
        if (role, gates) not in self.indices:
            keys, _, ids = self._part(role, gates)
            bits = max(10, len(keys).bit_length())
            slots, words = np.zeros(2 << bits, np.uint32), np.zeros(1 << (bits - 2), np.int64)
            self.lost += enter(keys, slots, words)
            self.indices[role, gates] = keys, ids, slots, words
        return self.indices[role, gates]
