"""The hash table of numbers that the tables of search and regression share.

A slot is 0, or an entry's number and the upper bits of its hash, plus one; as many as a power of 2.
"""

from __future__ import annotations

import numpy as np

from emlc.lower.jit import Array, compiled


@compiled
def mixed(cell: int) -> int:
    """A well spread 62-bit hash of a cell number."""
    h = cell ^ (cell >> 31)
    h = h * 0x3F58476D1CE4E5B9
    h = h ^ ((h >> 29) & 0x7FFFFFFFF)
    h = h * 0x14D049BB133111EB
    h = h ^ ((h >> 32) & 0xFFFFFFFF)
    return h & 0x3FFFFFFFFFFFFFFF


@compiled
def around(s: float, bits: int, border: int) -> tuple[int, int]:
    """The cell of a number, which leaves out its last bits, and the one beside it to try as well.

    They are the same where the number is not within `border` of another cell.
    """
    if s == 0.0:
        return 0, 0
    whole = np.float64(s).view(np.int64)
    cell = int(whole >> bits)
    low = whole & ((1 << bits) - 1)
    if low < border:
        return cell, cell - 1
    if low > (1 << bits) - border:
        return cell, cell + 1
    return cell, cell


@compiled
def enter_at(slots: Array, n: int, cell: int) -> None:
    """Enter entry n under a cell."""
    mask = slots.size - 1
    h = mixed(cell)
    at = h & mask
    while slots[at] != 0:
        at = (at + 1) & mask
    slots[at] = (((h >> 31) << 32) | n) + 1
