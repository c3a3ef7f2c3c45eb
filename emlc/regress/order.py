"""In which order kinds of cuts are joined: those first that meet most trees for their work.

How many trees have a gate of a kind, and which kinds stand in for each other, is read off trees
drawn at random, all shapes of one size being equally likely, and all sizes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from emlc.lower.jit import Array

Kind = tuple[int, int, int]
_LARGEST, _DRAWN = 20, 120
_SHARP, _DEEP = 0.9, 0.97


@lru_cache(maxsize=1)
def _drawn() -> list[set[Kind]]:
    """The kinds of the gates of random trees of every size."""
    rng = random.Random(0)
    sizes = [n for n in range(1, _LARGEST + 1) for _ in range(_DRAWN)]
    return [_kinds(gates, rng) for gates in sizes]


def _kinds(gates: int, rng: random.Random) -> set[Kind]:
    """The kinds of a tree drawn uniformly from all shapes with so many gates (Remy).

    Node 2k + 2 is a gate, 2k + 1 and 0 are leaves.
    """
    children: dict[int, list[int]] = {}
    parent, root = {0: -1}, 0
    for gate in range(2, 2 * gates + 2, 2):
        at = rng.randrange(gate - 1)
        above, pair = parent[at], [at, gate - 1]
        rng.shuffle(pair)
        children[gate] = pair
        parent[gate], parent[at], parent[gate - 1] = above, gate, gate
        if above < 0:
            root = gate
        else:
            children[above][children[above].index(at)] = gate
    order = [root]
    for node in order:
        order += children.get(node, [])
    size: dict[int, int] = {}
    for node in reversed(order):
        size[node] = 1 + sum(size[c] for c in children[node]) if node in children else 0
    return {(gates - size[g], size[a], size[b]) for g, (a, b) in children.items()}


def ordered(
    kinds: Sequence[Kind], looked: Array, needs: Array, trees: Array, index: Array, largest: Array
) -> list[Kind]:
    """The kinds, each followed by the one that then meets most trees for its work.

    looked   work of the look-ups of each kind
    needs    work of making the contexts of up to so many gates; `trees` likewise
    index    work of indexing each set, (3 roles, gates); `largest` says which one each kind takes
    """
    place = {kind: k for k, kind in enumerate(kinds)}
    has = np.zeros((len(_drawn()), len(kinds)), dtype=np.float32)
    for row, cuts in enumerate(_drawn()):
        has[row, [place[c] for c in cuts if c in place]] = 1.0
    s, i, j = np.array(kinds).T
    sharp = _SHARP * _DEEP**s
    left = np.ones(len(has), dtype=np.float32)
    gain, found = has.sum(0), []
    for _ in kinds:
        work = looked + needs[s] + np.maximum(trees[i], trees[j]) + index[*largest]
        k = int(np.argmax((gain + 1e-9) / work))
        found.append(kinds[k])
        rows = has[:, k] > 0
        lost = left[rows] * sharp[k]
        left[rows] -= lost
        gain = np.maximum(gain - lost @ has[rows], 0.0)
        needs = np.maximum(needs - needs[s[k]], 0.0)
        trees = np.maximum(trees - max(trees[i[k]], trees[j[k]]), 0.0)
        index[largest[0][k], largest[1][k]] = 0.0
        looked[k] = np.inf
    return found
