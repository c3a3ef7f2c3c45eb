"""All trees of the smallest size: the table and the meeting keep one for each value.

Every part of a smallest tree is itself a smallest tree of its value, or a smallest context of its
need: so each is taken apart again in every way that the sizes allow.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache

import numpy as np

from emlc.search.halfturn import FINE, exp_half, ln_half, minus
from emlc.search.meet import Hit, Meeting, meeting
from emlc.search.table import Array, Table, fill
from emlc.search.undo import find_need

_NEEDS = 64
Chain = tuple[tuple[int, int], ...]  # (sibling, side) from the hole up to the root


class Alternatives:
    """The ways to write what a search holds."""

    def __init__(self, met: Meeting) -> None:
        self.met = met
        self.table: Table = met.table
        self.trees = cache(self._trees)
        self.chains = cache(self._chains)

    def of_entry(self, n: int) -> Iterator[list[str]]:
        """All trees of an entry, of its size."""
        return (list(t) for t in self.trees(n))

    def of_hit(self, hit: Hit) -> Iterator[list[str]]:
        """All trees of the contexts, siblings and fillers that a hit stands for."""
        for chain in self.chains(hit.need):
            links = ((hit.sibling, hit.side), *chain)
            parts = [self.trees(sibling) for sibling, _ in links]
            for filler, *others in itertools.product(self.trees(hit.entry), *parts):
                out = filler
                for (_, side), sibling in zip(links, others, strict=True):
                    out = (*sibling, *out, "E") if side == 0 else (*out, *sibling, "E")
                yield list(out)

    def _trees(self, n: int) -> tuple[tuple[str, ...], ...]:
        t = self.table
        if t.left[n] < 0:
            return (tuple(t.rpn(n)),)
        found: set[tuple[str, ...]] = set()
        for i, j in self._pairs(n):
            for left, right in itertools.product(self.trees(i), self.trees(j)):
                found.add((*left, *right, "E"))
        return tuple(sorted(found)) or (tuple(t.rpn(n)),)

    def _pairs(self, n: int) -> set[tuple[int, int]]:
        """All pairs of entries, of the right sizes, whose eml is entry n."""
        t = self.table
        size = self._size(n)
        m = meeting(t, t.value[n : n + 1, :].reshape(t.value.shape[1:]).copy(), _NEEDS)
        out: set[tuple[int, int]] = {(int(t.left[n]), int(t.right[n]))}
        for small in range(1, (size - 1) // 2 + 1, 2):
            large = size - 1 - small
            for hit in m.beside(small, large):
                if self._size(hit.entry) == large:
                    pair = (hit.sibling, hit.entry)
                    out.add(pair if hit.side == 0 else (pair[1], pair[0]))
        return out

    def _size(self, n: int) -> int:
        return 2 * int(np.searchsorted(self.table.start, n, side="right")) - 1

    def _chains(self, q: int) -> tuple[Chain, ...]:
        """All contexts of the size of need q whose need it is."""
        if q == 0:
            return ((),)
        n, t = self.met.needs, self.table
        level = int(np.searchsorted(n.start, q, side="right")) - 1
        side = int(n.side[q])
        out: dict[Chain, None] = {}
        for u in range(level):
            fill(t, u)
            for i in range(*t.block(2 * u + 1)):
                for parent in self._parents(q, i, side, level - 1 - u):
                    out.update(((((i, side)), *rest), None) for rest in self.chains(parent))
        own = ((int(n.sibling[q]), side), *self.chains(int(n.parent[q]))[0])
        return tuple(out) or (own,)

    def _parents(self, q: int, i: int, side: int, level: int) -> Iterator[int]:
        """The needs of a level that need q and sibling i make."""
        n, t = self.met.needs, self.table
        v = np.empty((n.value.shape[1], 6))
        for p in range(len(v)):
            hole = n.value[q, p]
            *e, st = exp_half(*hole) if side == 1 else (*t.exp[i, p], int(t.exp_status[i]))
            *ln, st2 = ln_half(*hole) if side == 0 else (*t.ln[i, p], int(t.ln_status[i]))
            if st != FINE or st2 != FINE:
                return
            *w, st = minus(*e, *ln[:5])
            if st != FINE:
                return
            v[p] = w
        for exact in (0, 1):
            for u in (v, _principal(v)) if exact == 0 else (v,):
                found = int(find_need(n.slots, n.value, n.exact, u, exact))
                if found >= 0 and n.start[level] <= found < n.start[level + 1]:
                    yield found
                    break


def _principal(v: Array) -> Array:
    """The values with their imaginary parts brought to (-1, 1]."""
    out = v.copy()
    out[:, 2] -= 2.0 * np.ceil(0.5 * (out[:, 2] - 1.0) - 1e-15)
    return out
