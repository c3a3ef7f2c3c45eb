"""Formulas to pure trees: every primitive, domain and mode, with its verdict."""

from __future__ import annotations

import json
import random
import time
from fractions import Fraction
from itertools import product
from pathlib import Path

import mpmath
import numpy as np
import pytest

import emlc
from emlc.check import compare
from emlc.check.reference import Reference
from emlc.errors import ArgumentError, DomainError, UsageError
from emlc.ir.node import from_tokens, variables
from emlc.ir.tape import is_pure
from emlc.lower.balls import evaluate, evaluate_all
from emlc.parse import parse
from emlc.passes.templates import LOGARITHM, OPPOSITE, REST, VALUE, programs
from emlc.show import rpn_tokens, show
from emlc.tables.primitives import ROWS, Primitive

FORMULAS = json.loads((Path(__file__).parent / "data" / "formulas.json").read_text("utf-8"))
GOOD = {"proved", "agrees"}
MODES = {"natural": ("exact", "shortest", "finite", "robust"), "real": ("exact", "shortest"),
         "complex": ("exact",)}  # fmt: skip


def call(row: Primitive) -> str:
    return f"{row.name}({','.join(row.params)})" if row.params else row.name


@pytest.fixture
def sixty_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough points for a verdict, however busy the machine is."""
    monkeypatch.setattr(compare, "POINTS", 58)
    monkeypatch.setattr(compare, "SECONDS", 60.0)
    monkeypatch.setattr(compare, "_BESIDE_A_PROOF", 60.0)


# Rows that have no finite tree: the compiler says so rather than answer.
NO_FINITE = {"tan", "atan"}

CASES = [
    (row, where)
    for row in ROWS
    for where in (MODES if row.params else ["natural"])
    if where != "complex" or not row.real_only
]


@pytest.mark.parametrize(("row", "where"), CASES, ids=lambda v: v if isinstance(v, str) else v.name)
def test_every_row_compiles_and_is_verified(row: Primitive, where: str, sixty_points: None) -> None:
    """Off the natural domain the rows that are made of others are left to those."""
    domain = dict.fromkeys(row.params, where)
    seen: dict[object, int] = {}
    for mode in MODES[where] if row.paper else ("exact",):
        if mode == "finite" and row.name in NO_FINITE:
            continue
        made = emlc.compile(call(row), domain, mode=mode, check=False)
        assert is_pure(made.tape)
        assert made.size % 2 == 1
        if made.tree in seen:
            continue
        seen[made.tree] = made.size
        if mode == "shortest":
            assert made.size == min(seen.values())
        if row.paper or where == "natural":
            verdict = emlc.compile(call(row), domain, mode=mode).verdict
            assert verdict.status in GOOD, verdict.how
            assert verdict.points >= (50 if row.params else 1)
            assert verdict.worst < 1e-12


def test_a_function_of_the_reals_is_refused_on_the_plane() -> None:
    for text in ("abs(x)", "atan2(x,1)"):
        with pytest.raises(DomainError, match="real arguments only"):
            emlc.compile(text, {"x": "complex"})
    assert emlc.compile("abs(x)", {"x": "real"}).verdict.status in GOOD


# -- excluded points -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "points"),
    [("sqrt(x)", [0, 1]), ("sin(x)", [0]), ("cos(x)", [0]), ("atan(x)", [0]),
     ("asin(x)", [-1, 1]), ("acos(x)", [-1, 1]), ("acosh(x)", [1])],
)  # fmt: skip
def test_excluded_points_are_listed_and_true(text: str, points: list[int]) -> None:
    short = emlc.compile(text, mode="shortest", check=False)
    exact = emlc.compile(text, check=False)
    formula = Reference(parse(text).root)
    assert exact.excluded_points == ()
    assert [p.split(":")[0] for p in short.excluded_points] == [f"x = {v}" for v in points]
    for v in points:
        want = complex(formula.at({"x": (Fraction(v), Fraction(0))}))
        wrong = evaluate(short.tape, {"x": v})
        assert wrong.kind != "finite" or abs(complex(wrong) - want) > 1e-6
        assert abs(complex(evaluate(exact.tape, {"x": v})) - want) < 1e-15 * (1 + abs(want))


@pytest.mark.parametrize(
    ("text", "domain", "excluded"),
    [("ln(x)", "real", "x = 0"), ("1/x", "complex", "x = 0"), ("tan(x)", "real", "cos(x) = 0"),
     ("atanh(x)", "real", "1 - x = 0")],
)  # fmt: skip
def test_poles_of_a_declared_domain_are_listed(text: str, domain: str, excluded: str) -> None:
    made = emlc.compile(text, {"x": domain}, check=False)
    assert f"{excluded}: " in made.excluded_points[0]


@pytest.mark.parametrize("text", ["sqrt(x)", "x*y", "x/2", "exp(-x)", "sinh(x)", "x^2", "x/y"])
def test_finite_trees_hold_no_infinity(text: str) -> None:
    made = emlc.compile(text, mode="finite", check=False)
    for x, y in ((0.5, 2.0), (1.25, -3.0), (3.0, 0.75)):
        balls = evaluate_all(made.tape, {"x": x, "y": y}, 8, 512)
        assert not {"infinite", "undefined"} & {b.kind for b in balls}
        assert evaluate(made.tape, {"x": x, "y": y}).kind == "finite"


def test_modes_trade_size_for_what_they_promise() -> None:
    sizes = {m: emlc.compile("sqrt(x)", mode=m, check=False).size for m in MODES["natural"]}
    assert sizes["shortest"] < sizes["exact"] < sizes["finite"]
    assert emlc.compile("-x", check=False).size < emlc.compile("-x", mode="robust").size


# -- constants -----------------------------------------------------------------------------------

CONSTANTS = [
    "i", "pi", "e", "phi", "-1", "0", "1/2", "-2/3", "ln(-2)", "(-8)^(1/3)", "sqrt(-4)",
    "acosh(-3)", "asin(3)", "acos(-2)", "atanh(3)", "exp(i*pi)", "i^i", "sin(1)", "cbrt(-8)",
    "0.1", "-5", "log(8,2)", "ln(i)", "(1+i)^2", "asin(1)", "acos(-1)", "atan(1)", "acosh(1/2)",
]  # fmt: skip


@pytest.mark.parametrize("text", CONSTANTS)
def test_constants_are_exact(text: str) -> None:
    made = emlc.compile(text)
    assert made.verdict.status in GOOD, made.verdict.how
    want = Reference(parse(text).root).at({}, 50)
    got = evaluate(made.tape, {}, 40)
    assert compare._difference(got, want) < 1e-38 if want else complex(got) == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [("i", 1j), ("sqrt(-4)", 2j), ("exp(i*pi)", -1), ("ln(-1)", 3.141592653589793j),
     ("(-8)^(1/3)", 1 + 3**0.5 * 1j), ("sqrt(i)*sqrt(i)", 1j)],
)  # fmt: skip
def test_branches_of_constants(text: str, value: complex) -> None:
    got = complex(evaluate(emlc.compile(text, check=False).tape))
    assert got == pytest.approx(value, rel=1e-15, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("1000", 250),
        ("10^6", 400),
        ("1000000", 400),
        ("123456789", 1500),
        ("299792458", 1500),
        ("1/10", 130),
        ("0.1", 130),
    ],
)
def test_numbers_are_small(text: str, bound: int) -> None:
    made = emlc.compile(text)
    assert made.size <= bound
    assert made.verdict.status in GOOD


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["1/0", "ln(0)", "0^-1", "x/0", "log(2,1)", "x/ln(1)", "ln(1-1)", "1/(2-sqrt(4))", "atanh(1)"],
)
def test_what_is_defined_nowhere_is_an_error(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        emlc.compile(text)
    assert caught.value.hint


def test_bad_requests_are_errors() -> None:
    with pytest.raises(UsageError):
        emlc.compile("x", mode="best")
    with pytest.raises(ArgumentError):
        emlc.compile("x", {"y": "real"})
    with pytest.raises(DomainError):
        emlc.compile("x", {"x": "rael"})
    with pytest.raises(DomainError):
        emlc.compile("asin(3)", mode="finite")


# -- whole formulas ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", FORMULAS["formulas"], ids=lambda case: case["name"])
def test_everyday_formulas(case: dict[str, object], sixty_points: None) -> None:
    made = emlc.compile(str(case["formula"]))
    assert made.verdict.status in GOOD, made.verdict.how
    assert made.verdict.points >= 50
    box = case["real_box"]
    assert isinstance(box, dict)
    assert tuple(sorted(box)) == made.variables
    assert set(variables(made.tree)) <= set(made.variables)
    point = {
        name: Fraction(lo) + (Fraction(hi) - Fraction(lo)) * Fraction(7, 11)
        for name, (lo, hi) in box.items()
    }
    want = Reference(made.formula).at({n: (v, Fraction(0)) for n, v in point.items()}, 40)
    assert compare._difference(evaluate(made.tape, point, 30), want) < 1e-28


def test_values_beyond_doubles_are_points_too() -> None:
    made = emlc.compile("h*f/(exp(h*f/(k*T))-1)")
    assert made.verdict.status == "proved"


CHAINS = {
    "x*y*z": 25, "x*y/z": 25, "x*y-z": 19, "x+y+z": 29, "x+y+z+t": 39, "x^2-1": 19, "x*y-1": 19,
    "x*y+z*t": 47, "sqrt(x^2+y^2)": 99, "ln(x*y)": 15, "sin(x)": 239, "atan(x)": 213,
}  # fmt: skip


@pytest.mark.parametrize(("text", "size"), CHAINS.items(), ids=str)
def test_what_cancels_between_parts_is_not_built(text: str, size: int) -> None:
    made = emlc.compile(text)
    assert made.size == size
    assert made.verdict.status == "proved"
    reference = Reference(made.formula)
    seen = 0
    grid = (0, -1, Fraction(5, 3), Fraction(-7, 2))[: 4 if len(made.variables) < 3 else 3]
    for values in product(grid, repeat=len(made.variables)):
        point = dict(zip(made.variables, ((Fraction(v), Fraction(0)) for v in values), strict=True))
        want = reference.at(point, 30)
        if want is None or (text.startswith("ln") and values[0] * values[1] < 0):
            continue
        seen += 1
        assert compare._difference(evaluate(made.tape, point, 20), want) < 1e-15
    assert seen >= 4


@pytest.mark.parametrize(
    ("rpn", "forms"),
    [("1xE", {("x", VALUE)}), ("y1xEE", {("x", VALUE), ("y", VALUE)}),
     ("1xEyE", {("x", REST), ("y", VALUE)}), ("11xE1EE", {("x", REST)}),
     ("y11xE1EEE", {("x", REST), ("y", VALUE)}), ("11xE1EEyE", {("x", LOGARITHM), ("y", VALUE)}),
     ("1x1EE", {("x", VALUE)}), ("1x1EEyE", {("x", OPPOSITE), ("y", VALUE)})],
)  # fmt: skip
def test_a_form_stands_only_where_turns_do_not_count(rpn: str, forms: set[tuple[str, int]]) -> None:
    """In left operands: a right one keeps its branch."""
    made = programs(from_tokens(rpn), "xy")[VALUE]
    assert made is not None
    assert {("xy"[k], form) for k, form, _ in made.uses} == forms


def test_the_choices_name_the_forms_of_parts() -> None:
    made = emlc.compile("x*y - z", check=False)
    shown = [(show(part), size) for part, _, size in made.chosen]
    assert shown == [("x*y - z", 19), ("ln(x*y)", 15)]


LONG = " + ".join(f"sin(x*{k}+y)*exp(-z/{k + 1})/(1+w^2)" for k in range(1, 13))


@pytest.mark.parametrize("mode", MODES["natural"])
def test_a_long_formula_ends(mode: str) -> None:
    began = time.process_time()
    made = emlc.compile(LONG, mode=mode, check=False)
    assert time.process_time() - began < 10
    assert made.verdict.status == "proved" or mode == "finite"


def test_a_compiled_formula_says_what_it_is() -> None:
    made = emlc.compile("x*y + 1/y")
    document = made.to_json()
    json.dumps(document)
    assert document["k"] == made.size == len(made.rpn())
    assert document["domain"] == {"x": "real", "y": "real nonzero"}
    assert document["verdict"]["status"] == made.verdict.status
    assert made.variables == ("x", "y")


def test_a_domain_makes_a_tree_smaller() -> None:
    plane = emlc.compile("ln(x)", {"x": "complex"}, check=False).size
    line = emlc.compile("ln(x)", {"x": "real"}, check=False).size
    half = emlc.compile("ln(x)", {"x": "positive"}, check=False).size
    assert (half, line < plane) == (7, True)


def test_the_digits_do_not_move_the_branch() -> None:
    """Published trees for i change sign with the working precision; these do not."""
    tape = emlc.compile("ln(x)", {"x": "complex"}, check=False).tape
    for digits in (15, 25, 50, 64, 100, 128):
        value = evaluate(tape, {"x": -1}, digits).value
        with mpmath.workdps(digits):
            assert abs(complex(value.imag) - mpmath.pi) < 1e-15
            assert value.real.contains(0)


@pytest.mark.parametrize("row", [r for r in ROWS if r.params], ids=lambda r: r.name)
def test_robust_trees_evaluate_in_plain_doubles(row: Primitive) -> None:
    """Eight digits in complex128, the tree run as it stands, at points near 0 of the domain."""
    made = emlc.compile(call(row), mode="robust", check=False)
    reference, rng = Reference(parse(call(row)).root), random.Random(row.name)
    points, wanted = [], []
    while len(points) < 40:
        at = {p: (Fraction(rng.uniform(-3, 3)).limit_denominator(999), Fraction(0))
              for p in row.params}  # fmt: skip
        value = reference.at(at)
        if value is not None and abs(value.imag) < 1e-20:
            points.append(at)
            wanted.append(complex(value))
    columns = {p: np.array([float(at[p][0]) for at in points]) + 0j for p in row.params}
    stack: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        for token in rpn_tokens(made.tree):
            if token == "E":
                y = stack.pop()
                stack.append(np.exp(stack.pop()) - np.log(y))
            else:
                stack.append(columns[token] if token in columns else np.ones(40, complex))
    error = abs(stack.pop() - wanted) / np.maximum(np.abs(wanted), 1e-3)
    assert (error < 1e-8).all(), points[int(np.argmax(error))]
