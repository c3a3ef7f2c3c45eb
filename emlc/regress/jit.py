"""How the kernels of this package are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Array = np.ndarray[Any, Any]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile with numba, on first use, and keep the machine code in numba's cache."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
