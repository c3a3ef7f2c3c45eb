"""Derivatives against difference quotients, in text, at depth and over arrays."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import emlc
from emlc.calculus import diff
from emlc.check.reference import Point, Reference
from emlc.errors import ArgumentError, TreeError
from emlc.ir.node import Node, Param, lit, node, postorder, var, variables
from emlc.parse import parse
from emlc.passes.differentiate import derivative, gradient, rewritten
from emlc.passes.ranges import declare, ranges
from emlc.show import show
from emlc.tables.primitives import BY_NAME, ROWS, Primitive
from tests.strategies import expressions

ROW_CASES = pytest.mark.parametrize(
    "row", [row for row in ROWS if row.params], ids=lambda row: row.name
)
REAL = [Fraction(n, 60) for n in (-200, -90, -41, -17, -9, 13, 25, 53, 77, 125, 260)]
PLANE = [
    (Fraction(a, 7), Fraction(b, 9))
    for a, b in ((9, 4), (-11, 5), (3, -8), (-4, -7), (2, 13), (-15, 1), (20, -3), (-2, -17))
]


def quotient(reference: Reference, point: Point, name: str) -> mpmath.mpc | None:
    """The central difference quotient, None where the function is not smooth enough to tell."""
    made = []
    for size in (10**20, 3 * 10**20):
        step = Fraction(1, size)
        ends = [
            reference.at({**point, name: (point[name][0] + s * step, point[name][1])}, 150)
            for s in (1, -1)
        ]
        if None in ends or abs(ends[0]) > 1e90:  # whose last digits are the quotient's first
            return None
        with mpmath.workdps(150):
            made.append((ends[0] - ends[1]) * size / 2)
    near = abs(made[0] - made[1]) <= 1e-15 * (1 + abs(made[0]))
    return made[0] if near else None


def close(got: mpmath.mpc | None, want: mpmath.mpc) -> bool:
    return got is not None and bool(abs(got - want) <= 1e-12 * (1 + abs(want)))


@ROW_CASES
@pytest.mark.parametrize("plane", [False, True], ids=["real", "complex"])
def test_a_rows_derivative_is_right(row: Primitive, plane: bool) -> None:
    if plane and row.real_only:
        return
    root = node(row, *map(var, row.params))
    reference = Reference(root)
    pool = PLANE if plane else [(x, Fraction(0)) for x in REAL]
    seen = 0
    for name, found in zip(row.params, gradient(root, row.params), strict=True):
        claims = [Reference(found), Reference(derivative(root, name))]
        for k in range(len(pool)):
            point = {p: pool[(k + 4 * j) % len(pool)] for j, p in enumerate(row.params)}
            want = quotient(reference, point, name)
            if want is None or (not plane and abs(want.imag) > 1e-15):
                continue
            for claim in claims:
                assert close(claim.at(point, 40), want), (name, point, want)
            seen += 1
    assert seen >= (5 if plane else 3) * len(row.params)


# Factors that the chain rule cancels: (formula, its derivative by x, a point where it matters)
REMOVABLE = [
    ("x^2", "2*x", 0),
    ("x^3", "3*x^2", 0),
    ("x^1", "1", 0),
    ("x^(3/2)", "3/2*sqrt(x)", 0),
    ("x^(4/3)*x^(2/3)", "2*x", 0),
    ("abs(x)^2", "2*x", 0),
    ("x*abs(x)", "2*abs(x)", 0),
    ("abs(x)^3", "3*x*abs(x)", 0),
    ("hypot(x, y)^2", "2*x", 0),
    ("sqrt(x)^4", "2*x", 0),
    ("sqrt(x^2)^2", "2*x", 0),
    ("x/2", "1/2", 0),
    ("x - x", "0", 0),
    ("0^x", "0", 1),
    ("root(0, x)", "0", 2),
    ("ln(exp(x))", "1", 0),
    ("cbrt(x)^3", "1", 0),
]


@pytest.mark.parametrize(("text", "want", "at"), REMOVABLE, ids=str)
def test_removable_points_are_kept(text: str, want: str, at: int) -> None:
    root = parse(text).root
    assert show(derivative(root, "x")) == want
    point = {name: (Fraction(at if name == "x" else 0), Fraction(0)) for name in variables(root)}
    value = Reference(parse(want).root).at(point, 30)
    for found in (derivative(root, "x"), gradient(root, ("x", "y"))[0]):
        assert close(Reference(found).at(point, 30), value), show(found)


@pytest.mark.parametrize(("over", "want"), [("real", None), ("real nonzero", "sin(x)")])
def test_the_normal_form_is_not_taken_where_it_fills_a_gap(over: str, want: str | None) -> None:
    root = parse("x*sin(x)/x").root
    made = rewritten(root, ranges(root, declare({"x": over})))
    assert (made and show(made)) == want


NO_DERIVATIVE = ["abs(x)", "hypot(x, 0)", "sqrt(x)", "cbrt(x)", "asin(x + 1)", "x^(1/3)"]


@pytest.mark.parametrize("text", NO_DERIVATIVE)
def test_points_without_a_derivative_have_no_value(text: str) -> None:
    zero = {"x": (Fraction(0), Fraction(0))}
    assert Reference(parse(text).root).at(zero, 30) is not None
    assert Reference(derivative(parse(text).root, "x")).at(zero, 30) is None


TEXTS = [
    ("x^2*sin(x)", 1, "x^2*cos(x) + 2*x*sin(x)"),
    ("exp(-x^2/2)", 1, "-x*exp(-x^2/2)"),
    ("sqrt(1-x^2)", 1, "-x/sqrt(1 - x^2)"),
    ("x^x", 1, "x^x + x^x*ln(x)"),
    ("eml(x, x)", 1, "exp(x) - 1/x"),
    ("x^-2", 2, "6/x^4"),
    ("sin(x)", 4, "sin(x)"),
    ("sin(x)^2 + cos(x)^2", 1, "0"),
    ("3*y", 1, "0"),
    ("2^x", 1, "2^x*ln(2)"),
    ("x^y", 2, "y*(y - 1)*x^(y - 2)"),
    ("ln(ln(x))", 1, "1/(x*ln(x))"),
    ("sin(x)", 0, "sin(x)"),
    ("sqrt(2)*x^2", 1, "2*sqrt(2)*x"),
    ("x*hypot(y, z)^2", 1, "y^2 + z^2"),
    ("-x*y - x*z", 1, "-z - y"),
]


@pytest.mark.parametrize(("text", "order", "want"), TEXTS)
def test_texts(text: str, order: int, want: str) -> None:
    assert show(derivative(parse(text).root, "x", order)) == want


def test_refused() -> None:
    with pytest.raises(ArgumentError, match="order"):
        derivative(var("x"), "x", -1)
    with pytest.raises(TreeError, match="parameter a"):
        gradient(node(BY_NAME["add"], var("x"), node(Param("a"))), ("x",))


@settings(max_examples=80, deadline=None)
@given(expressions, st.integers(0, 7))
def test_any_formula(root: Node, k: int) -> None:
    names = variables(root)
    assume(names)
    point = {name: PLANE[(k + 3 * j) % len(PLANE)] for j, name in enumerate(names)}
    if any(n.head.real_only for n in postorder(root) if isinstance(n.head, Primitive)):
        point = {name: (re, Fraction(0)) for name, (re, _) in point.items()}
    want = quotient(Reference(root), point, names[0])
    assume(want is not None)
    found = gradient(root, names)
    got = Reference(found[0]).at(point, 150)
    assume(got is not None and abs(want) < 1e40)
    assert close(got, want), show(root)


@pytest.mark.parametrize("name", ["sin", "mul", "eml"])
def test_a_deep_formula(name: str) -> None:
    row = BY_NAME[name]
    root = var("x")
    for k in range(20_000):
        others = (var("y") if k % 2 else var("x"), lit(1))
        root = node(row, root, *others[: len(row.params) - 1])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        found = gradient(root, ("x", "y"))
    finally:
        sys.setrecursionlimit(limit)
    assert len(list(postorder(root, *found))) < 10 * 20_000


def test_many_variables_share_their_parts() -> None:
    names = [f"x{k}" for k in range(300)]
    root = var(names[0])
    for name in names[1:]:
        root = node(BY_NAME["mul"], root, var(name))
    found = gradient(root, names)
    assert len(list(postorder(root, *found))) < 4 * 300


# -- the verb and the command --------------------------------------------------------------------

DOMAINS = [
    ("ln(x)", {}, "1/x", {"x": "positive"}),
    ("log1p(x)", {}, "1/(1 + x)", {"x": "real", "1 + x": "positive"}),
    ("sqrt(x)", {}, "1/(2*sqrt(x))", {"x": "positive"}),
    ("sqrt(x)", {"x": "nonnegative"}, "1/(2*sqrt(x))", {"x": "nonnegative"}),
    ("acosh(x)", {}, "1/(sqrt(x - 1)*sqrt(x + 1))", {"x": "[1,inf)", "x - 1": "positive"}),
    ("x*ln(y)", {"y": "[1,2]"}, "ln(y)", {"y": "[1,2]"}),
    ("sin(x)", {"x": "complex"}, "cos(x)", {"x": "complex"}),
]


@pytest.mark.parametrize(("text", "domain", "want", "found"), DOMAINS)
def test_a_derivative_is_compiled_where_the_formula_is_defined(
    text: str, domain: dict[str, str], want: str, found: dict[str, str]
) -> None:
    made = diff(text, "x", domain=domain)
    assert made.source == want
    assert made.domain == found
    assert made.verdict.status in ("proved", "agrees")


SHORTER = [
    ("sinh(x)*cosh(x)", 1),
    ("exp(-x)*cos(2*x)", 2),
    ("4*((1/x)^12-(1/x)^6)", 2),
]


@pytest.mark.parametrize(("text", "order"), SHORTER)
def test_the_normal_form_is_taken_where_it_is_shorter(text: str, order: int) -> None:
    made = diff(text, order=order)
    plain = derivative(parse(text).root, "x", order)
    assert made.size <= emlc.compile(plain, check=False).size
    assert len(made.source) < len(show(plain))
    assert made.verdict.status in ("proved", "agrees")
    at = {"x": (Fraction(7, 5), Fraction(0))}
    assert close(Reference(made.formula).at(at, 40), Reference(plain).at(at, 40))


NEGATED = [("y/(-x)", "y/x^2"), ("2/(-x)^3", "6/x^4"), ("(-x)^x", "(-x)^x*ln(-x) + (-x)^x")]


@pytest.mark.parametrize(("text", "want"), NEGATED)
def test_what_is_divided_by_the_opposite(text: str, want: str) -> None:
    assert diff(text, "x", check=False).source == want


def test_the_verb_takes_several_variables() -> None:
    assert diff("x^3*y^2", ("x", "y")).source == "6*x^2*y"
    assert diff("x^3", order=2).source == "6*x"


REFUSED = [
    (("x*y",), 1, "x, y"),
    (("3",), 1, "no variable"),
    (("x", "--wrt", "z"), 1, "no variable z"),
    (("x", "--order", "0"), 2, "order"),
    (("x", "--domain", "y:real"), 1, "no variable y"),
]


@pytest.mark.parametrize(("words", "status", "message"), REFUSED)
def test_the_command_refuses(emlc: Any, words: tuple[str, ...], status: int, message: str) -> None:
    done = emlc("diff", *words)
    assert (done.status, done.out) == (status, "")
    assert message in done.err


def test_the_command(emlc: Any) -> None:
    done = emlc("diff", "x^y", "--wrt", "y", "--no-check")
    assert (done.status, done.out) == (0, "x^y*ln(x)\n")
    assert "domain    x positive, y real" in done.err
    assert emlc("diff", "exp(x)", "--format", "rpn").out == "x1E\n"
    found = emlc("diff", "eml(x, eml(x, 1))", "--order", "2", "--json").json
    assert found["source"] == "eml(x, eml(x, 1))"
    assert (found["wrt"], found["order"], found["derivative"]) == (["x"], 2, "exp(x)")
    assert found["rpn"] == ["x", "1", "E"]
    assert emlc("diff", "3*x", "--json", "--no-check").json["wrt"] == ["x"]


TREES = [
    ("11xE1EE", "x", "1/x", {"x": "positive"}),
    ("1111xEE1EEyE1EE1E", "y", "x", {"x": "real"}),
    ("eml(eml(x, y), y)", "x", "exp(x)*exp(exp(x))/y", {"x": "real", "y": "positive"}),
]


@pytest.mark.parametrize(("tree", "wrt", "want", "domain"), TREES)
def test_a_tree_is_read_back_first(tree: str, wrt: str, want: str, domain: dict[str, str]) -> None:
    made = diff(tree, wrt)
    assert Reference(made.formula).at(HALF, 30) == Reference(parse(want).root).at(HALF, 30)
    assert made.domain == domain


HALF = {"x": (Fraction(1, 2), Fraction(0)), "y": (Fraction(3, 2), Fraction(0))}


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("sqrt(x)^2", {"x": "nonnegative"}),
        ("sqrt(x - y)^2", {"x": "real", "y": "real", "x - y": "nonnegative"}),
        ("x*sqrt(3)", {}),
    ],
)
def test_variables_that_cancel_in_a_derivative_still_restrict_it(
    source: str, where: dict[str, str]
) -> None:
    assert emlc.diff(source, "x", check=False).domain == where
