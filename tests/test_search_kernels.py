"""Steps of the search by themselves: phases that snap, and needs that are kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from emlc.search.halfturn import FINE, PLAIN, minus
from emlc.search.table import put
from emlc.search.undo import find_need


@pytest.mark.parametrize(
    ("left", "low", "right", "err", "phase"),
    [
        (0.5, 1e-31, 0.0, 1e-28, (0.5, 0.0)),
        (1.5, -1e-31, 1.0, 1e-28, (0.5, 0.0)),
        (0.75, 1e-31, 0.75, 1e-28, (0.0, 0.0)),
        (0.5, 1e-27, 0.0, 1e-29, (0.5, 1e-27)),
        (0.5 + 2.0**-20, 0.0, 0.0, 1e-28, (0.5 + 2.0**-20, 0.0)),
        (0.5 + 2.0**-40, 0.0, 0.0, 1e-28, (0.5 + 2.0**-40, 0.0)),
        (0.25, 0.0, 0.0, 1e-28, (0.25, 0.0)),
    ],
)
def test_phases_snap_to_half_turns_within_their_error(
    left: float, low: float, right: float, err: float, phase: tuple[float, float]
) -> None:
    """In half-turns; what is farther than the error from a multiple of a half stays."""
    left_value, right_value = (3.0, 0.0, left, low, err, PLAIN), (1.0, 0.0, right, 0.0, 0.0)
    re, _, *found, _, form, status = minus.py_func(*left_value, *right_value)
    assert (re, *found, form, status) == (2.0, *phase, PLAIN, FINE)


def test_a_need_of_an_exact_value_is_not_one_of_a_rounded() -> None:
    value = np.zeros((2, 2, 6))
    value[:, :, 0] = 2.5, 0.75
    slots = np.zeros(64, np.int64)
    put(slots, 0, value[0, 0])
    for exact in (0, 1):
        known = np.full(2, exact, np.int64)
        assert find_need.py_func(slots, value, known, value[0], exact) == 0
        assert find_need.py_func(slots, value, known, value[0], 1 - exact) == -1
    other = value[0].copy()
    other[1, 0] = 0.5
    assert find_need.py_func(slots, value, np.zeros(2, np.int64), other, 0) == -1
