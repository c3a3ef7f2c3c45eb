"""Complex values by machine code: digits, cuts, zeros, and what leaves the range of doubles."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from emlc.check.reference import Reference
from emlc.ir.node import variables
from emlc.lower.direct import direct
from emlc.lower.native.plane import PlaneMachine
from emlc.parse import parse

# (formula, units in the last place of the larger part)
FORMULAS = [
    ("z + w", 1), ("z*w", 2), ("z^3", 4), ("z/w", 4), ("1/z", 4), ("w/2", 1), ("-z", 1),
    ("exp(z)", 4), ("ln(z)", 3), ("sqrt(z)", 3), ("sin(z)", 5), ("cos(z)", 5), ("sinh(z)", 5),
    ("cosh(z)", 5), ("tan(w)", 9), ("tanh(w)", 9), ("z^w", 60), ("i*z + pi*e", 3), ("sec(w)", 9),
    ("coth(w)", 9), ("hypot(z, w)", 3), ("cbrt(z)", 5), ("expm1(z)", 4), ("log1p(z)", 4),
    ("softplus(z)", 4), ("sigmoid(z)", 6),
    ("eml(w, eml(1, z))", 60),
]  # fmt: skip
CUTS = [-1, -2 + 0j, complex(-2, -0.0), -2 + 1e-300j, -2 - 1e-300j, 1j, -1j, 2, 0.5, 1e-5, 1e150,
        1 + 1e-12j, -1e-200, 1e-160j, 1e160 + 1e160j]  # fmt: skip


def machine(text: str) -> tuple[Any, tuple[str, ...]]:
    """The compiled ufunc."""
    root = parse(text).root
    names = variables(root)
    made = PlaneMachine([root], names).ufunc(10**9)
    assert made is not None
    return made, names


def sample() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    size = np.exp(rng.normal(size=(2, 40)) * 1.5)
    values = size * np.exp(2j * np.pi * rng.random((2, 40)))
    return {"z": values[0], "w": values[1]}


@pytest.mark.parametrize(("text", "units"), FORMULAS)
def test_digits(text: str, units: int) -> None:
    f, names = machine(text)
    points = sample()
    got = f(*(points[n] for n in names))
    reference = Reference(parse(text).root)
    for k, value in enumerate(got):
        exact = {n: (Fraction(points[n][k].real), Fraction(points[n][k].imag)) for n in names}
        want = complex(reference.at(exact, 40))
        assert abs(value - want) <= units * 2.3e-16 * abs(want), (points["z"][k], value, want)


@pytest.mark.parametrize("text", ["ln(z)", "sqrt(z)", "1/z", "exp(z)", "z^2", "sinh(z)", "z^(1/3)"])
def test_cuts_and_the_edges_of_the_range(text: str) -> None:
    f, _ = machine(text)
    reference = Reference(parse(text).root)
    compared = 0
    with np.errstate(all="ignore"):
        got = f(np.array(CUTS, dtype=complex))
    for z, value in zip(CUTS, got, strict=True):
        exact = Fraction(complex(z).real), Fraction(complex(z).imag)
        want = reference.at({"z": exact}, 40)
        if want is not None and 0 < abs(want) < 1e300:
            near = abs(value - complex(want)) <= 1e-13 * abs(complex(want))
            assert near or abs(want) < 1e-300, (z, value, want)
            compared += 1
    assert compared >= 8


# formula, z, w, and the power of which base to which exponent that is
TURNS = [
    ("z^w", 2 - 1j, 300 + 900j, lambda z, w: z**w),
    ("z^w", 2, 3 + 4e5j, lambda z, w: z**w),
    ("z^w", -1.5, 2 + 1e22j, lambda z, w: z**w),
    ("z^w", 3 + 5e-324j, 0.5 - 7.8e168j, lambda z, w: z**w),
    ("exp2(w)", 0, 1 - 1e300j, lambda z, w: mpmath.mpf(2) ** w),
    ("exp2(w)", 0, -3 + 5e8j, lambda z, w: mpmath.mpf(2) ** w),
    ("root(z, w)", 2, 1e-17j, lambda z, w: z ** (1 / w)),
]


@pytest.mark.parametrize(
    ("text", "z", "w", "power"), TURNS, ids=[f"{text} {z} {w}" for text, z, w, _ in TURNS]
)
def test_powers_of_many_turns(text: str, z: complex, w: complex, power: Callable[..., Any]) -> None:
    with mpmath.workdps(700):
        want = complex(power(mpmath.mpc(z), mpmath.mpc(w)))
    f, names = machine(text)
    given = {"z": z, "w": w}
    at = {n: np.array([given[n], 2 + 0j]) for n in names}
    for got in (f(*at.values())[0], direct(parse(text).root, real=False)(**at)[0]):
        assert abs(got - want) <= 1100 * 2.3e-16 * abs(want), (got, want)


def test_what_has_no_value_is_told() -> None:
    f, _ = machine("1/z + ln(z)")
    with pytest.warns(RuntimeWarning):
        assert not cmath.isfinite(f(np.zeros(1, dtype=complex))[0])
    with np.errstate(all="raise"):
        assert cmath.isnan(f(np.array([complex("nan")]))[0])


def test_types_and_layouts() -> None:
    f, _ = machine("z*w")
    z = np.arange(40).reshape(4, 10) * (1 + 1j)
    assert np.allclose(f(z[::2, ::-3], np.complex64(2)), 2 * z[::2, ::-3])
    assert f(np.complex64(1j), np.complex64(2)).dtype == np.complex64
    assert f(2.0, 3.0) == 6


def test_direct_compiles_when_the_work_pays() -> None:
    f = direct(parse("exp(z)/z").root, real=False)
    z = np.linspace(1, 2, 500_000) + 1j
    first = f(z[:3])
    assert np.allclose(f(z)[:3], first, rtol=1e-15)
    assert f.plane(0) is not None


def test_inverse_functions_are_left_to_numpy() -> None:
    f = direct(parse("asin(z)").root, real=False)
    assert f.plane(10**9) is None
    assert abs(f(2.0 + 0j) - (1.5707963267948966 - 1.3169578969248166j)) < 1e-15
