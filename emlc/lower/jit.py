"""How the kernels of search and regression are compiled, and the hash that they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Array = np.ndarray[Any, Any]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile with numba, on first use, and keep the machine code in numba's cache."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


@compiled
def mixed(cell: int) -> int:
    """A well spread 62-bit hash of a cell number."""
    h = cell ^ (cell >> 31)
    h = h * 0x3F58476D1CE4E5B9
    h = h ^ ((h >> 29) & 0x7FFFFFFFF)
    h = h * 0x14D049BB133111EB
    h = h ^ ((h >> 32) & 0xFFFFFFFF)
    return h & 0x3FFFFFFFFFFFFFFF
