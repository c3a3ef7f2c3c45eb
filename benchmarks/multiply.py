"""The least trees exp(eml(c, exp(eml(d, x)))) = k x that multiply by a constant k.

    python benchmarks/multiply.py [SIZE]

For each constant, the pair of trees (c, d) of least size together, both of at most SIZE nodes, with
exp(c) - exp(d) = ln k up to whole turns; such a product takes 6 nodes besides them and x. A pair of
at most SIZE + 2 nodes is the least of all. Compared in doubles to 12 digits.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np

from emlc.search.run import rows_of
from emlc.search.table import Array, Table, begin, fill, grow

CONSTANTS = {
    "1/2": (-math.log(2), 0.0), "-1/2": (-math.log(2), 1.0), "2": (math.log(2), 0.0),
    "-1": (0.0, 1.0), "1/e": (-1.0, 0.0), "1/3": (-math.log(3), 0.0),
}  # fmt: skip
_LARGEST, _NEAR = 60.0, 1e-12


def table(size: int) -> Table:
    """The values of all trees over 1 of at most so many nodes, with their exponentials."""
    made = begin({"1": rows_of_one()}, finite=False, capacity=8_000_000)
    grow(made, size)
    fill(made, len(made.start) - 2)
    return made


def rows_of_one() -> Array:
    """The leaf 1 as the search holds it."""
    from emlc.parse import parse
    from emlc.search.goal import goal

    return rows_of(goal(parse("e").root), [{}])["1"]


def exponentials(made: Table) -> tuple[Array, Array, Array]:
    """Real parts, half-turns and sizes of the finite exponentials, by real part."""
    n = made.start[-1]
    sizes = 2 * np.searchsorted(made.start, np.arange(n), side="right") - 1
    exp = made.exp[:n, 0]
    kept = (made.exp_status[:n] == 0) & (exp[:, 5] == 0.0)
    kept &= np.abs(exp[:, 0]) + np.abs(exp[:, 2]) < _LARGEST
    order = np.argsort(exp[kept, 0], kind="stable")
    return exp[kept, 0][order], exp[kept, 2][order], sizes[kept][order]


def least(real: Array, turns: Array, sizes: Array, shift: tuple[float, float]) -> int:
    """The least size of a pair whose difference is `shift` up to whole turns; 0 without any."""
    near = _NEAR * np.maximum(1.0, np.abs(real - shift[0]))
    lo = np.searchsorted(real, real - shift[0] - near)
    hi = np.searchsorted(real, real - shift[0] + near)
    best = 0
    for k in np.flatnonzero(hi > lo):
        whole = (turns[k] - turns[lo[k] : hi[k]] - shift[1]) / 2
        right = np.abs(whole - np.round(whole)) < 10 * _NEAR
        if right.any():
            found = int(sizes[k] + sizes[lo[k] : hi[k]][right].min())
            best = min(best, found) if best else found
    return best


def main() -> None:
    """Print the least pair for each constant."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 31
    begun = time.process_time()
    found = exponentials(table(size))
    print(f"{len(found[0]):,} exponentials of trees of up to {size} nodes")
    for name, shift in CONSTANTS.items():
        pair = least(*found, shift)
        print(f"times {name:5} {f'{pair} + 6 nodes' if pair else 'none'}")
    print(f"{time.process_time() - begun:.0f} CPU seconds")


if __name__ == "__main__":
    main()
