"""Gradients and Jacobians over arrays: values, shapes, types, and what users hand them to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import emlc
from emlc.check.reference import Reference
from emlc.errors import ArgumentError, EmlcError
from emlc.ir.node import node, var
from emlc.ir.tape import flatten
from emlc.lower.direct import direct, native
from emlc.lower.faithful import faithful
from emlc.lower.gradient import Jacobian
from emlc.parse import parse, parse_tree
from emlc.passes.differentiate import gradient
from emlc.tables.primitives import ROWS, Primitive

REAL = [-2.5, -1.0, -0.75, -0.5, 0.25, 0.5, 0.75, 1.5, 2.0, 30.0]
PLANE = [0.5 + 0.25j, -1.5 + 0.75j, 0.25 - 2j, -0.5 - 0.5j, 2 + 3j, -3 - 0.125j]


def wanted(row: Primitive, point: dict[str, complex]) -> list[Any]:
    """Value and slopes by mpmath, None where there is none."""
    root = node(row, *map(var, row.params))
    exact = {n: (Fraction(complex(z).real), Fraction(complex(z).imag)) for n, z in point.items()}
    parts = [root, *gradient(root, sorted(row.params))]
    return [Reference(part).at(exact, 30) for part in parts]


@pytest.mark.parametrize("row", [row for row in ROWS if row.params], ids=lambda row: row.name)
@pytest.mark.parametrize("plane", [False, True], ids=["real", "complex"])
def test_every_row(row: Primitive, plane: bool) -> None:
    if plane and row.real_only:
        return
    pool: list[Any] = PLANE if plane else REAL
    count = len(pool)
    names = sorted(row.params)
    arrays = {p: np.array([pool[(k + 3 * j) % count] for k in range(count)])
              for j, p in enumerate(names)}  # fmt: skip
    f = direct(node(row, *map(var, row.params)), real=not plane)
    with np.errstate(all="ignore"):
        value, slopes = f.value_and_gradient(arrays)
    seen = 0
    for k in range(count):
        want = wanted(row, {p: complex(a[k]) for p, a in arrays.items()})
        if want[0] is None or (abs(want[0].imag) > 1e-20 and not plane):
            continue
        for got, exact in zip([value[k], *slopes[k]], want, strict=True):
            if exact is not None:
                assert abs(complex(got) - complex(exact)) <= 1e-11 * (1 + abs(complex(exact)))
                seen += 1
    assert seen >= 4 * len(names)


def test_shapes_and_types() -> None:
    f = emlc.compile("x^2*y").evaluator()
    assert f.gradient(x=1, y=2).tolist() == [4.0, 1.0]
    value, slopes = f.value_and_gradient(x=np.ones((4, 1)), y=np.arange(3.0))
    assert value.shape == (4, 3)
    assert slopes.shape == (4, 3, 2)
    assert (slopes[..., 0] == 2 * np.arange(3.0)).all()
    assert f.gradient(x=[1.0, 2.0], y=3.0, wrt="y").tolist() == [[1.0], [4.0]]
    assert f.gradient({"x": 1.0, "y": 2.0}, wrt=("y", "x")).tolist() == [1.0, 4.0]
    assert f.gradient(x=np.float32([1, 2]), y=np.float32(3)).dtype == np.float32
    assert f.gradient(x=1.0, y=2.0, dtype=np.complex128).dtype == np.complex128
    assert f.gradient(x=1j, y=1.0).tolist() == [2j, -1.0]
    assert f.gradient(x=np.empty(0), y=np.empty(0)).shape == (0, 2)


def test_constant_slopes_fill_their_shape() -> None:
    assert direct(parse("3*x + y").root).gradient(x=np.zeros(4), y=0.0).tolist() == [[3, 1]] * 4


def test_many_variables() -> None:
    names = [f"x{k:03}" for k in range(100)]
    f = direct(parse("*".join(names)).root)
    point = {name: np.full(3, 2.0) for name in names}
    assert (f.gradient(point) == 2.0**99).all()


def test_a_large_formula() -> None:
    f = direct(parse("+".join(f"sin({k}*x)/{k}" for k in range(1, 400))).root)
    x = np.linspace(0.1, 1.0, 50)
    want = sum(np.cos(k * x) for k in range(1, 400))
    assert np.allclose(f.gradient(x)[..., 0], want, atol=1e-9)


@pytest.mark.parametrize("kind", ["auto", "faithful", "balls"])
def test_every_evaluator_of_a_formula(kind: str) -> None:
    f = emlc.compile("exp(-t)*cos(t)", check=False).evaluator(kind)
    t = np.array([0.0, 0.5, 1.0])
    want = -np.exp(-t) * (np.cos(t) + np.sin(t))
    assert np.allclose(f.gradient(t)[..., 0], want, rtol=1e-14)


def test_a_tree_by_itself() -> None:
    sine = emlc.compile("sin(x)", check=False).tape
    x = np.array([0.3, 1.0, 2.0])
    value, slopes = faithful(sine).value_and_gradient(x)
    assert np.allclose(value, np.sin(x))
    assert np.allclose(slopes[..., 0], np.cos(x))
    ln = faithful(flatten(parse_tree("11xE1EE")))
    assert np.allclose(ln.gradient(x)[..., 0], 1 / x)


def test_jacobians() -> None:
    J = emlc.jacobian(["r*cos(t)", "r*sin(t)", "3"], ["t", "r"])
    assert (J.variables, J.wrt) == (("r", "t"), ("t", "r"))
    r, t = np.array([1.0, 2.0]), np.array([[0.1], [0.2], [0.3]])
    values, slopes = J.value_and_jacobian(r=r, t=t)
    assert values.shape == (3, 2, 3)
    assert slopes.shape == (3, 2, 3, 2)
    assert np.allclose(slopes[..., 0, 0], -r * np.sin(t))
    assert np.allclose(slopes[..., 1, 1], np.sin(t))
    assert (slopes[..., 2, :] == 0).all()
    assert np.array_equal(J(r=r, t=t), slopes)


def test_a_complex_jacobian() -> None:
    J = emlc.jacobian(["z^2", "exp(i*z)"], domain={"z": "complex"})
    z = 0.5 + 0.25j
    assert np.allclose(J(z=z)[:, 0], [2 * z, 1j * np.exp(1j * z)])


def test_the_real_derivative_is_nan_outside_the_domain() -> None:
    f = direct(parse("sqrt(x)").root)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(f.gradient(-1.0)).all()
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert np.isinf(f.gradient(0.0)).all()


REFUSED = [
    (lambda: direct(parse("x").root).gradient(), "no value for the variable x"),
    (lambda: direct(parse("x").root).gradient(1.0, wrt="y"), "no variable y"),
    (lambda: direct(parse("2").root).gradient(), "no derivative"),
    (lambda: direct(parse("x*y").root).gradient(x=[1, 2], y=[1, 2, 3]), "broadcast"),
    (lambda: native([parse("x").root] * 2).gradient(1.0), "several formulas"),
    (lambda: Jacobian([]), "no derivative"),
    (lambda: emlc.jacobian(["x"], domain={"y": "real"}), "no variable y"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refused(call: Any, message: str) -> None:
    with pytest.raises(EmlcError, match=message) as found:
        call()
    assert isinstance(found.value, ArgumentError)
