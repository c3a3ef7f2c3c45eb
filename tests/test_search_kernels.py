"""Steps of the search by themselves: phases that snap, and needs that are kept apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from emlc.search.halfturn import (
    BEYOND,
    FINE,
    LOG,
    LOSSY,
    PLAIN,
    UNDEFINED,
    exp_half,
    ln_half,
    minus,
)
from emlc.search.table import put
from emlc.search.undo import find_need, judged


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


INF, BROAD = math.inf, 2.0**-40
# of a value: re, half-turns, error, form
STEPS = [
    ("exp", (-INF, 0.3, 0, PLAIN), (0.0, 0.0, PLAIN, FINE)),
    ("exp", (INF, 0, 0, PLAIN), (INF, 0.0, PLAIN, FINE)),
    ("exp", (INF, 1, 0, PLAIN), (-INF, 0.0, PLAIN, FINE)),
    ("exp", (INF, -3, 0, PLAIN), (-INF, 0.0, PLAIN, FINE)),
    ("exp", (INF, 0.5, 0, PLAIN), (None, None, PLAIN, UNDEFINED)),
    ("exp", (700, 0, 0, PLAIN), (700.0, 0.0, LOG, FINE)),
    ("exp", (-700, 3, 0, PLAIN), (-700.0, 1.0, LOG, FINE)),
    ("exp", (700, -1, 0, PLAIN), (700.0, 1.0, LOG, FINE)),
    ("exp", (700, -2.5, BROAD, PLAIN), (700.0, -0.5, LOG, FINE)),
    ("exp", (700, 0.3, BROAD, PLAIN), (None, None, PLAIN, LOSSY)),
    ("exp", (2, 0, BROAD, PLAIN), (None, None, PLAIN, LOSSY)),
    ("exp", (2, 0, 0, LOG), (None, None, PLAIN, BEYOND)),
    ("ln", (0, 0, 0, PLAIN), (-INF, 0.0, PLAIN, FINE)),
    ("ln", (INF, 0, 0, PLAIN), (INF, 0.0, PLAIN, FINE)),
    ("ln", (-INF, 0, 0, PLAIN), (INF, 1.0, PLAIN, FINE)),
    ("ln", (-INF, 0.5, 0, PLAIN), (None, None, PLAIN, UNDEFINED)),
    ("ln", (-1, 0, 0, PLAIN), (0.0, 1.0, PLAIN, FINE)),
    ("ln", (700, 1, 0, LOG), (700.0, 1.0, PLAIN, FINE)),
]


@pytest.mark.parametrize(("name", "value", "want"), STEPS)
def test_a_step_at_the_ends(name: str, value: tuple[float, ...], want: tuple[Any, ...]) -> None:
    re, turns, err, form = map(float, value)
    step = {"exp": exp_half, "ln": ln_half}[name]
    a, *low, error, kept, status = step.py_func(re, 0.0, turns, 0.0, err, form)
    assert (kept, status) == want[2:]
    assert status != FINE or (a, *low, error) == (want[0], 0.0, want[1], 0.0, err)


DIFFERENCES = [
    ((700, 0.5, LOG), (0, 0, 0), (700.0, 0.5, LOG, FINE)),
    ((700, 0.5, LOG), (-INF, 0, 0), (INF, 0.0, PLAIN, FINE)),
    ((700, 0.5, LOG), (1, 0, 0), (None, None, LOG, BEYOND)),
    ((INF, 0, PLAIN), (INF, 0, 0), (None, None, PLAIN, UNDEFINED)),
    ((2, 0.25, PLAIN), (-INF, 0, 0), (INF, 0.25, PLAIN, FINE)),
    ((2, 0.5, PLAIN), (INF, 1, 0), (-INF, -0.5, PLAIN, FINE)),
    ((2, 0.5 + 2.0**-53, PLAIN), (-INF, 0, 0), (INF, 0.5, PLAIN, FINE)),
    ((2, 0.5 + 2.0**-40, PLAIN), (-INF, 1, 0), (INF, -0.5 + 2.0**-40, PLAIN, FINE)),
    ((700, 0.5, LOG), (INF, 1, 0), (-INF, -1.0, PLAIN, FINE)),
    ((700, 0.5, LOG), (0, 0.5, 0), (None, None, LOG, BEYOND)),
    ((2.0**-40, 0, PLAIN), (2, 0, 0), (None, None, PLAIN, BEYOND)),
    ((0, 0.25, PLAIN), (1, 0.5, 0), (-1.0, -0.25, PLAIN, FINE)),
    ((1 + 2.0**-45, 0.25, PLAIN), (1, 0, BROAD), (0.0, 0.25, PLAIN, LOSSY)),
    ((1 + 2.0**-37, 1, PLAIN), (1, 0, BROAD), (2.0**-37, 1.0, PLAIN, LOSSY)),
    ((1, 0, PLAIN), (2, 0, 2.0**-51), (-1.0, 0.0, PLAIN, FINE)),
    ((1 + 2.0**-52, 0.25, PLAIN), (1, 0, 2.0**-53), (0.0, 0.25, PLAIN, FINE)),
    ((1 + 2.0**-50, 0.25, PLAIN), (1, 0, 2.0**-53), (2.0**-50, 0.25, PLAIN, FINE)),
    ((2, 0.5, PLAIN), (2, 0.5, 0), (0.0, 0.0, PLAIN, FINE)),
    ((2, 0, PLAIN), (2.0**-32, 0, 0), (2 - 2.0**-32, 0.0, PLAIN, FINE)),
    ((2, 0, PLAIN), (2.0**-40, 0, 0), (None, None, PLAIN, BEYOND)),
    ((1, 0, PLAIN), (1 - 2.0**-40, 0, 0), (None, None, PLAIN, BEYOND)),
    ((1, 0, PLAIN), (1 - 2.0**-20, 0, BROAD), (None, None, PLAIN, LOSSY)),
    ((3, 0, PLAIN), (1, 0, BROAD), (None, None, PLAIN, LOSSY)),
]


@pytest.mark.parametrize(("left", "right", "want"), DIFFERENCES)
def test_a_difference_at_the_ends(
    left: tuple[float, ...], right: tuple[float, ...], want: tuple[Any, ...]
) -> None:
    x, turns, form = map(float, left)
    y, others, err = map(float, right)
    a, *low, error, kept, status = minus.py_func(
        x, 0.0, turns, 0.0, 0.0, form, y, 0.0, others, 0.0, err
    )
    assert (kept, status) == want[2:]
    assert status != FINE or (a, *low, error) == (want[0], 0.0, want[1], 0.0, err)


def drawn() -> Iterator[tuple[float, ...]]:
    """Values of ordinary size, on the axes too."""
    rng = np.random.default_rng(3)
    for k in range(60):
        a, b = (float(x) for x in rng.normal(size=2) * (1, 3, 20)[k % 3])
        a = 0.0 if k % 10 == 3 else a
        b = (0.0, 0.5, b, 1.0, -b)[k % 5]
        yield a, a * 2.0**-55, b, -b * 2.0**-56


def test_a_difference_keeps_its_digits() -> None:
    exact = [(*map(Fraction, value),) for value in drawn()]
    for left, right in zip(exact, exact[7:], strict=False):
        x, y = (list(map(float, value)) for value in (left, right))
        a, al, b, bl, err, _, status = minus.py_func(*x, 2.0**-90, PLAIN, *y, 2.0**-91)
        assert (err, status) == (2.0**-90 + 2.0**-91, FINE)
        for high, low, k in ((a, al, 0), (b, bl, 2)):
            want = left[k] + left[k + 1] - right[k] - right[k + 1]
            assert abs(Fraction(high) + Fraction(low) - want) <= 2.0**-98 * (1 + abs(want))


@pytest.mark.parametrize("name", ["exp", "ln"])
def test_a_step_keeps_its_digits_within_its_error(name: str) -> None:
    step = {"exp": exp_half, "ln": ln_half}[name]
    with mpmath.workdps(60):
        for value in drawn():
            ah, al, bh, bl, err, form, status = step.py_func(*value, 2.0**-90, PLAIN)
            z = mpmath.mpc(mpf(value[0]) + value[1], (mpf(value[2]) + value[3]) * mpmath.pi)
            want = mpmath.exp(z) if name == "exp" else mpmath.log(z)
            got = mpmath.mpc(mpf(ah) + al, (mpf(bh) + bl) * mpmath.pi)
            assert (form, status) == (PLAIN, FINE)
            assert abs(got - want) <= 8 * err, value
            slope = abs(want) if name == "exp" else 1 / abs(z)
            assert slope * 2.0**-90 <= 1.001 * err, "an error is larger than the bound"
            assert err <= 2.0**-84 * (slope + 1) * (1 + abs(z)), value


@pytest.mark.parametrize(
    ("difference", "sizes", "status"),
    [
        ((0.0, 0.0, 1.0), (1.0, 1.0), FINE),
        ((1.0, 0.0, 2.0**-52), (1.0, 2.0), FINE),
        ((0.0, -1.0, 2.0**-50), (1.0, 2.0), LOSSY),
        ((2.0**-34, 0.0, 0.0), (1.0, 1.0), BEYOND),
        ((1.0, 0.0, 0.0), (1.0, 2.0**-34), BEYOND),
        ((1.0, 0.0, 0.0), (0.0, 1.0), FINE),
    ],
)
def test_what_is_said_of_a_difference(
    difference: tuple[float, ...], sizes: tuple[float, ...], status: int
) -> None:
    assert judged.py_func(*difference, *sizes) == status
