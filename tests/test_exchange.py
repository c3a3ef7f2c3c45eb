"""To and from sympy: nothing is lost, nothing is evaluated, and the stand-in for lambdify."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from numpy.testing import assert_allclose

import emlc
from emlc.errors import ArgumentError, LimitError, NameError_
from emlc.exchange import from_sympy, lambdify, to_sympy
from emlc.ir.node import ONE, eml, node, var
from emlc.show import show
from emlc.tables.primitives import ROWS

x, y = sympy.symbols("x y")


@pytest.mark.parametrize("row", [r for r in ROWS if r.name != "eml"], ids=lambda r: r.name)
def test_rows_come_back(row: object) -> None:
    """By way of sympy, a row is still what it was: the same value at a point."""
    formula = node(row, *(var(name) for name in "ab"[: len(row.params)]))
    there = to_sympy(formula, evaluate=False)
    back = to_sympy(from_sympy(there))
    point = {sympy.Symbol("a"): sympy.Rational(7, 5), sympy.Symbol("b"): sympy.Rational(6, 5)}
    assert complex(there.subs(point).evalf()) == pytest.approx(complex(back.subs(point).evalf()))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (sympy.Float(0.1) * x, "3602879701896397/36028797018963968*x"),
        (sympy.Integer(10) ** 50 + x, "x + 1e50"),
        (sympy.E**x + sympy.pi * sympy.I * y, "i*pi*y + exp(x)"),
        (sympy.Abs(x) / sympy.sqrt(y), "y^(-1/2)*abs(x)"),
        (sympy.atan2(y, x), "atan2(y, x)"),
        (sympy.sec(x), "sec(x)"),
        (sympy.Symbol("β_1") + 1, "β_1 + 1"),
    ],
)
def test_from_sympy(expression: sympy.Expr, text: str) -> None:
    assert show(from_sympy(expression)) == text


@pytest.mark.parametrize(
    ("thing", "error"),
    [
        (sympy.gamma(x), NameError_),
        (sympy.Function("f")(x), NameError_),
        (sympy.Max(x, y), NameError_),
        (sympy.Symbol("two words"), NameError_),
        (sympy.Symbol("pi"), NameError_),
        (sympy.zoo, NameError_),
        (sympy.Derivative(sympy.sin(x), x), NameError_),
        (sympy.Piecewise((x, x > 0), (0, True)), NameError_),
        (x - sympy.Symbol("x", positive=True), NameError_),
        (sympy.Dummy("x") - x, NameError_),
        (sympy.Eq(x, 1), ArgumentError),
        ("__import__('os')", ArgumentError),
        (None, ArgumentError),
    ],
)
def test_what_is_no_formula(thing: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        from_sympy(thing)


def test_long_sums_are_not_deep() -> None:
    total = sympy.Add(*(sympy.Symbol(f"x_{k}") for k in range(5_000)))
    assert emlc.measure(emlc.flatten(from_sympy(total))).depth == math.ceil(math.log2(5_000))


MADE = emlc.compile("ln(x)", check=False)
FORMULAS = {
    "text": "ln(x)",
    "tree": "11xE1EE",
    "node": emlc.parse("ln(x)").root,
    "parsed": emlc.parse("Log[x]"),
    "tape": emlc.flatten(MADE.tree),
    "compiled": MADE,
    "raised": emlc.decompile("11xE1EE"),
    "sympy": sympy.log(x),
}


@pytest.mark.parametrize("form", FORMULAS)
def test_a_formula_may_come_in_any_form(form: str) -> None:
    given = FORMULAS[form]
    assert emlc.compile(given, check=False).show("rpn") == "11xE1EE"
    assert emlc.check(given, "11xE1EE").status == "proved"
    assert emlc.diff(given, check=False).source == "1/x"
    assert emlc.evaluator(given)(math.e) == pytest.approx(1)
    assert lambdify(x, given)(math.e) == pytest.approx(1)
    assert emlc.jacobian([given])(x=4.0).tolist() == [[0.25]]


@pytest.mark.parametrize("form", ["tree", "tape", "compiled"])
def test_a_tree_may_come_in_any_form(form: str) -> None:
    assert emlc.decompile(FORMULAS[form]).show() == "ln(x)"
    assert emlc.check("ln(x)", FORMULAS[form]).status == "proved"


@pytest.mark.parametrize("thing", [None, 3 + 4j, ["x"], object(), {"x": 1}])
def test_what_holds_no_formula(thing: object) -> None:
    for call in (emlc.compile, emlc.diff, emlc.evaluator, emlc.search, emlc.decompile):
        with pytest.raises(ArgumentError, match=r"is not a formula|is not over eml"):
            call(thing)


def test_trees_stay_as_they_are() -> None:
    tree = emlc.parse_tree("11xE1EE")
    shown = to_sympy(tree, evaluate=False)
    assert str(shown) == "-log(exp(-log(x) + exp(1)) - log(1)) + exp(1)"
    assert complex(shown.subs(x, 2).evalf()) == pytest.approx(math.log(2))
    for _ in range(400):
        tree = eml(tree, ONE)
    with pytest.raises(LimitError, match="depth 40"):
        to_sympy(tree)


def test_a_compiled_formula_in_sympy() -> None:
    made = emlc.compile("x*y", check=False)
    assert made.to_sympy() == x * y
    shown = made.to_sympy(tree=True)
    assert complex(shown.subs({x: 2, y: 3}).evalf()) == pytest.approx(6)


def test_lambdify_stands_in_for_sympy() -> None:
    expressions = [sympy.sin(x) ** 2 + y, sympy.sqrt(x * x + 1) / (y + 2), sympy.exp(-x) * x**y]
    xs, ys = np.linspace(0.1, 3, 50), np.linspace(1, 2, 50)
    for expression in expressions:
        ours, theirs = lambdify((x, y), expression), sympy.lambdify((x, y), expression)
        assert_allclose(ours(xs, ys), theirs(xs, ys), rtol=1e-13)
    both = lambdify([x, "y"], expressions, "numpy")(xs, 1.5)
    assert len(both) == 3 and both[0].shape == xs.shape
    assert lambdify(x, "2x + 1")(1) == 3.0
    assert lambdify(x, sympy.sqrt(x))(-4 + 0j) == 2j
    assert lambdify((), sympy.pi)() == math.pi


def test_lambdify_needs_its_arguments() -> None:
    with pytest.raises(ArgumentError, match="the arguments lack y"):
        lambdify(x, x + y)
    with pytest.raises(ArgumentError, match="takes 2 arguments, x, y"):
        lambdify((x, y), x + y)(1)
