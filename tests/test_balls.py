"""The exact meaning, against values known by hand and against mpmath."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emlc
from emlc.check.compare import middle
from emlc.check.reference import Reference
from emlc.errors import ArgumentError
from emlc.ir.node import ONE, Node, Var, eml, fold, node, var
from emlc.ir.tape import flatten
from emlc.lower import forms as algebra
from emlc.lower.balls import Ball, evaluate, evaluate_all
from emlc.parse import parse_tree
from emlc.tables.primitives import ROWS, Primitive
from tests.strategies import pure_trees

ZERO = "111E1EE"
INF = f"1{ZERO}E"  # e - ln 0
MINUS_INF = f"1{INF}E"
LN = "11xE1EE"
TIMES = "1111xEE1EEyE1EE1E"
PLUS = "1111x1EEE1EEy1EE1EE"
MINUS = "11xE1EEy1EE"
NEG = "11111E1EEEEx1EE"

H = Fraction(1, 2)


def value(rpn: str, digits: int = 17, **point: Any) -> Ball:
    return evaluate(flatten(parse_tree(rpn)), point, digits)


# -- finite values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rpn", "point", "want", "turns"),
    [
        (ZERO, {}, 0, 0),
        (f"{ZERO}1E", {}, 1, 0),
        (f"{MINUS_INF}1E", {}, 0, 0),
        (LN, {"x": 1}, 0, 0),
        (LN, {"x": -1}, -3.141592653589793j, -1),
        (LN, {"x": Fraction(-1, 10**30)}, -69.07755278982137 - 3.141592653589793j, -1),
        (LN, {"x": 1j}, 1.5707963267948966j, H),
        (LN, {"x": -1j}, -1.5707963267948966j, -H),
        (LN, {"x": (Fraction(-1), Fraction(1, 10**40))}, 3.141592653589793j, None),
        (LN, {"x": (Fraction(-1), Fraction(-1, 10**40))}, -3.141592653589793j, None),
        (TIMES, {"x": 0, "y": 5}, 0, 0),
        (TIMES, {"x": 0, "y": 0}, 0, 0),
        (TIMES, {"x": -3, "y": 7}, -21, 0),
        (TIMES, {"x": -3, "y": -7}, 21, 0),
        (TIMES, {"x": 50, "y": 50}, 2500, 0),
        (TIMES, {"x": 1e300, "y": 1e-300}, 1, 0),
        (TIMES, {"x": 1e300, "y": -1e7}, -1e307, 0),
        (TIMES, {"x": 1j, "y": 1j}, -1, 0),
        (PLUS, {"x": 0, "y": 0}, 0, 0),
        (PLUS, {"x": 1000, "y": -1000}, 0, 0),
        (PLUS, {"x": 1e5, "y": -1e5}, 0, 0),
        (PLUS, {"x": -2, "y": 3}, 1, 0),
        (MINUS, {"x": 0.1, "y": 0.1}, 0, 0),
        (MINUS, {"x": -700, "y": 10**6}, -1000700, 0),
        (NEG, {"x": 0}, 0, 0),
        (NEG, {"x": 12}, -12, 0),
        (NEG, {"x": -12}, 12, 0),
        ("x1E", {"x": -(10**6)}, 0.0, 0),
    ],
)
def test_values(rpn: str, point: dict[str, Any], want: complex, turns: Fraction | None) -> None:
    """Where the phase is known it is exact, and a zero is exactly zero."""
    got = value(rpn, **point)
    assert got.kind == "finite"
    assert complex(got) == pytest.approx(want, rel=1e-15, abs=0)
    if turns is not None:
        assert got.turns in (turns, None)
        if not complex(want).imag:
            assert got.value.imag.contains(0)
    if want == 0 and "x1E" not in rpn[:3]:
        assert got.value.is_zero()


@pytest.mark.parametrize(
    ("rpn", "point", "turns"),
    [(ZERO, {}, 0), (LN, {"x": -1}, -1), (LN, {"x": 1j}, H), (TIMES, {"x": -3, "y": 7}, 0),
     (f"{INF}xE", {"x": -1}, -1), (f"1{MINUS_INF}E", {}, -1), (f"1{INF}E", {}, 0)],
)  # fmt: skip
def test_phases_are_exact(rpn: str, point: dict[str, Any], turns: Fraction) -> None:
    balls = evaluate_all(flatten(parse_tree(rpn)), point)
    assert balls[-1].turns == turns


@pytest.mark.parametrize("exponent", [2, 10, 300, 1000])
def test_products_of_any_size(exponent: int) -> None:
    """The tree holds exp(exp(x)): no floating evaluation survives it."""
    big = 10**exponent
    got = value(TIMES, x=big, y=-big)
    assert got.value.real.contains(-(big * big))
    assert got.value.imag.contains(0)


# -- infinities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rpn", "point", "sign"),
    [
        (INF, {}, 1),  # ln 0 = -inf
        (MINUS_INF, {}, -1),  # ln(+inf) = +inf
        (f"{INF}1E", {}, 1),  # exp(+inf) = +inf
        (f"1{MINUS_INF}E", {}, -1),  # ln(-inf) = +inf + i pi
        (f"{INF}xE1E", {"x": -1}, -1),  # exp(+inf - i pi) = -inf
        ("1xE", {"x": 0}, 1),
    ],
)
def test_infinities(rpn: str, point: dict[str, Any], sign: int) -> None:
    got = value(rpn, **point)
    assert (got.kind, got.sign) == ("infinite", sign)
    assert complex(got).real == sign * float("inf")


@pytest.mark.parametrize(
    ("rpn", "point", "why"),
    [
        (f"{INF}{INF}E", {}, "inf - inf"),
        (f"{INF}xE1E", {"x": 1j}, "direction"),
        (f"{INF}xE1E", {"x": 2 + 3j}, "direction"),
        (f"1{INF}{INF}EE", {}, "inf - inf"),
        (TIMES, {"x": 0, "y": 1j}, "direction"),
    ],
)
def test_undefined(rpn: str, point: dict[str, Any], why: str) -> None:
    got = value(rpn, **point)
    assert got.kind == "undefined"
    assert why in got.why
    assert complex(got) != complex(got)


def test_bad_arguments_are_errors() -> None:
    tape = flatten(parse_tree(LN))
    with pytest.raises(ArgumentError, match="no value"):
        evaluate(tape, {})
    for bad in (float("nan"), float("inf"), complex(0, float("inf"))):
        with pytest.raises(ArgumentError, match="finite"):
            evaluate(tape, {"x": bad})


# -- against mpmath ------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [r for r in ROWS if r.paper], ids=lambda row: row.name)
def test_digits_rise(row: Primitive) -> None:
    """The same value at every precision, whatever the constants inside."""
    formula = node(row, *map(var, row.params))
    tape = emlc.compile(formula, check=False).tape
    seen = 0
    for x in (Fraction(1, 3), Fraction(-2, 7), Fraction(7, 3)):
        point = dict(zip(row.params, (x, Fraction(9, 4)), strict=False))
        exact = {name: (v, Fraction(0)) for name, v in point.items()}
        want = Reference(formula).at(exact, 150)
        if want is None or (want.imag and row.name != "i"):
            continue
        for digits in (15, 25, 50, 64, 100, 128):
            got = evaluate(tape, point, digits)
            with mpmath.workdps(150):
                error = abs(middle(got) - want)
                assert error <= abs(want) * mpmath.mpf(10) ** (1 - digits), (x, digits)
        seen += 1
    assert seen >= 1


SMALL = mpmath.mpf(10) ** -15


def _naive(mp: Any, n: Node, args: list[Any], point: dict[str, complex]) -> Any:
    """exp(x) - ln(y) in floating point; None next to a cut, a pole or too large an exponent."""
    if n is ONE:
        return mp.mpc(1)
    if isinstance(n.head, Var):
        return mp.mpc(point[n.head.name])
    if None in args:
        return None
    x, y = args
    on_cut = abs(y.imag) < SMALL and y.real < SMALL
    if on_cut or abs(x.real) > 200 or abs(x.imag) > 1e6:
        return None
    return mp.exp(x) - mp.log(y)


def test_random_trees_agree_with_naive_arithmetic() -> None:
    effective = []
    parts = st.integers(-40, 40).map(lambda n: n / 8)

    @settings(max_examples=250, deadline=None, derandomize=True, database=None)
    @given(pure_trees, st.lists(st.builds(complex, parts, parts), min_size=11, max_size=11))
    def compare(tree: Node, values: list[complex]) -> None:
        names = emlc.pipeline.variables(tree)
        point = dict(zip(names, values, strict=False))
        with mpmath.workdps(400):
            want = fold(tree, lambda n, args: _naive(mpmath, n, args, point))
            if want is None or abs(want) < SMALL or abs(want) > 1e80:
                return
            got = evaluate(flatten(tree), point, 20)
            assert got.kind == "finite"
            assert abs(middle(got) - want) < 1e-18 * abs(want)
        effective.append(len(flatten(tree)))

    compare()
    assert sum(size > 3 for size in effective) >= 60


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_arithmetic_of_rationals_is_exact(x: Fraction, y: Fraction) -> None:
    for rpn, want in ((TIMES, x * y), (PLUS, x + y), (MINUS, x - y)):
        got = value(rpn, x=x, y=y).value
        assert got.imag.contains(0)
        if not want:
            assert got.is_zero()
        assert abs(complex(got.real).real - want) <= 1e-15 * abs(want)


def test_a_deep_tree_is_evaluated_without_recursion() -> None:
    tree = var("x")
    for _ in range(300):
        tree = eml(ONE, eml(eml(ONE, eml(tree, ONE)), ONE))  # ln(exp(x))
    assert complex(evaluate(flatten(tree), {"x": 2})) == 2


def test_a_sum_of_monomials_that_differ_by_a_rational_factor_keeps_the_factor() -> None:
    """hypot where x is a millionth of y: the logarithm of y^2 (1 + q) is not that of y^2."""
    import emlc

    tape = emlc.compile("hypot(x,y)", check=False).tape
    point = {"x": 5.900261835313842e-219, "y": 8.57271289213765e-213}
    found = emlc.evaluate(tape, point).value.real
    assert str(found.mid().str(16, radius=False)) == "8.572712892139680e-213"


def test_powers_and_products_of_sums_under_a_logarithm() -> None:
    """Neither the number of factors nor their powers cost more than their count."""
    forms = algebra.Forms(128)

    def log_of(whole: int, *primes: int) -> int:
        made = {algebra.ONE: Fraction(whole)}
        for p in primes:
            made = algebra.plus(made, forms.exp_real({forms.atom("logn", p): Fraction(1, 2)}))
        return forms.atom("log", algebra.form_key(made))

    root = log_of(1, 2)
    # (1 + sqrt 2)^9 = 1393 + 985 sqrt 2
    small = forms.exp_real({root: Fraction(9)})
    assert sorted(small.values()) == [985, 1393]
    assert forms.exp_real({root: Fraction(5000)})
    many = {log_of(k, 2, 3, 5): Fraction(1) for k in range(1, 40)}
    assert forms.exp_real(many)
