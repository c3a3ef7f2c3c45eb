"""How the kernels of search and regression are compiled, and the hash that they share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from emlc.lower.cache import folder, key

Array = np.ndarray[Any, Any]
KERNELS = "kernels-"
_MOST_KEPT = 3


def compiled(function: Callable[..., Any]) -> Any:
    """Compile with numba, on first use, and keep the machine code in emlc's cache folder."""
    sources = Path(function.__code__.co_filename).parent
    made = numba.njit(nogil=True, error_model="numpy")(function)
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, _kept(sources)
    try:
        made.enable_caching()  # it looks for its folder now, once
    finally:
        config.CACHE_DIR = before
    return made


@cache
def _kept(sources: Path) -> str:
    """Where the machine code made from a folder of sources is kept; the latest few others stay.

    numba compares the source of the file that a kernel stands in alone, but a kernel holds the
    code of those it calls as well.
    """
    read = [path.read_text() for path in sorted({*sources.glob("*.py"), Path(__file__)})]
    made = folder() / f"{KERNELS}{sources.name}-{key(*read)}"
    if not made.exists():
        others = folder().glob(f"{KERNELS}{sources.name}-*")
        for stale in sorted(others, key=lambda path: path.stat().st_mtime)[: 1 - _MOST_KEPT]:
            shutil.rmtree(stale, ignore_errors=True)
    return str(made)


@compiled
def mixed(cell: int) -> int:
    """A well spread 62-bit hash of a cell number."""
    h = cell ^ (cell >> 31)
    h = h * 0x3F58476D1CE4E5B9
    h = h ^ ((h >> 29) & 0x7FFFFFFFF)
    h = h * 0x14D049BB133111EB
    h = h ^ ((h >> 32) & 0xFFFFFFFF)
    return h & 0x3FFFFFFFFFFFFFFF
