"""In which order kinds of cuts are joined: those first that meet most trees for their work.

All shapes of a size are taken to be equally likely, and a size a little less than the one before.
The trees with a gate of a kind that no join has met are counted over all shapes, gate by gate.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emlc.lower.jit import Array, compiled

Kind = tuple[int, int, int]
# The part of the trees with a gate of a kind that its join meets, and that for each gate above.
_SHARP, _DEEP = 0.9, 0.97
_LARGER = 0.8


@compiled
def count(missed: Array, below: Array, around: Array) -> None:
    """Count the trees of n gates that are not met: of the part below each node, and around it.

    missed   which part is not met at a gate with m gates at and below it, i of them left
    """
    n = around.size - 1
    below[0], around[n] = 1.0, 1.0
    for m in range(1, n + 1):
        below[m] = 0.0
        for i in range(m):
            below[m] += missed[m, i] * below[i] * below[m - 1 - i]
    for m in range(n - 1, 0, -1):
        around[m] = 0.0
        for above in range(m + 1, n + 1):
            other = above - 1 - m
            around[m] += around[above] * below[other] * (missed[above, m] + missed[above, other])


@compiled
def follow(
    kinds: Array, looked: Array, needs: Array, trees: Array, index: Array, largest: Array
) -> Array:
    """The order of kinds, shape (kinds, 3); see `ordered`."""
    n = kinds.sum(axis=1) + 1
    most = n.max()
    missed = np.ones((most + 1, most + 1, most + 1))
    below, around = np.empty((2, most + 1, most + 1))
    prior, left = np.empty(most + 1), _SHARP * _DEEP ** kinds[:, 0]
    for size in range(most + 1):
        count(missed[size], below[size], around[size, : size + 1])
        prior[size] = _LARGER**size / below[size, size]
    found = np.empty(len(kinds), dtype=np.int64)
    for turn in range(len(kinds)):
        best, chosen = -1.0, 0
        for k in range(len(kinds)):
            (s, i, j), size = kinds[k], n[k]
            work = looked[k] + needs[s] + max(trees[i], trees[j])
            work += index[largest[k], kinds[k, largest[k]]]
            gain = left[k] * around[size, i + j + 1] * below[size, i] * below[size, j] * prior[size]
            if left[k] and gain / work > best:
                best, chosen = gain / work, k
        found[turn] = chosen
        (s, i, j), size = kinds[chosen], n[chosen]
        missed[size, i + j + 1, i], left[chosen] = 1.0 - left[chosen], 0.0
        count(missed[size], below[size], around[size, : size + 1])
        needs = np.maximum(needs - needs[s], 0.0)
        trees = np.maximum(trees - max(trees[i], trees[j]), 0.0)
        index[largest[chosen], kinds[chosen, largest[chosen]]] = 0.0
    return found


def ordered(
    kinds: Sequence[Kind], looked: Array, needs: Array, trees: Array, index: Array, largest: Array
) -> list[Kind]:
    """The kinds, each followed by the one that then meets most trees for its work.

    looked   work of the look-ups of each kind
    needs    work of making the contexts of up to so many gates; `trees` likewise
    index    work of indexing each set, (3 roles, gates); `largest` is the role that each kind takes
    """
    order = follow(np.array(kinds), looked, needs, trees, index.copy(), largest)
    return [kinds[k] for k in order]
