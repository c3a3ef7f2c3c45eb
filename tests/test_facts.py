"""Facts of tapes hold every value that balls find."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emlc.check.points import draw, specials
from emlc.ir.domain import LINE, ZERO, Domain, Interval, domain, point
from emlc.ir.node import ONE, Node, eml, var
from emlc.ir.tape import flatten
from emlc.lower.balls import Ball, evaluate_all
from emlc.parse import parse_tree
from emlc.passes.facts import (
    TOP,
    Fact,
    arg_of,
    direction,
    exp,
    exp_of,
    facts,
    ln,
    ln_of,
    power_of,
    subtract,
)
from emlc.passes.ranges import raw_formula

SETS = (
    "real", "positive", "nonnegative", "negative", "nonpositive", "complex", "complex nonzero",
    "[0,1]", "(-1,1)", "[2,3]", "[-3,-2]", "right", "upper", "principal", "natural",
)  # fmt: skip

trees = st.recursive(
    st.sampled_from([ONE, var("x"), var("y")]), lambda t: st.builds(eml, t, t), max_leaves=9
)
compared = {"points": 0}


def holds(values: Domain, ball: Ball) -> bool:
    """Whether a ball may hold a value of the set."""
    re, im = (float(p.mid()) for p in (ball.value.real, ball.value.imag))
    slack = 1e-12 * (1 + abs(complex(re, im)))
    turns = im / math.pi
    inside = values.re.lo - slack <= re <= values.re.hi + slack
    aside = values.im.lo - slack <= turns <= values.im.hi + slack
    return inside and aside and not (ball.value == 0 and values.excludes(0.0))


def violated(fact: Fact, ball: Ball) -> bool:
    if ball.kind == "undefined":
        return fact.defined
    if ball.kind == "infinite":
        return (fact.high if ball.sign > 0 else fact.low) is None
    if ball.kind != "finite":
        return False
    compared["points"] += 1
    if fact.sign is not None and not math.copysign(1, complex(ball).real) * fact.sign >= 0:
        return True
    return fact.values is None or not holds(fact.values, ball)


@settings(max_examples=150, deadline=None)
@given(trees, st.sampled_from(SETS), st.sampled_from(SETS), st.integers(0, 2**32))
def test_no_fact_is_violated(tree: Node, x: str, y: str, seed: int) -> None:
    tape, rng = flatten(tree), random.Random(seed)
    domains = {"x": domain(x), "y": domain(y)}
    found = facts(tape, domains)
    for _ in range(3):
        point: dict[str, tuple[Fraction, Fraction]] = {}
        for name, d in domains.items():
            drawn = rng.choice(specials(d)) if rng.random() < 0.6 else draw(d, rng)
            if drawn is None:
                return
            point[name] = drawn
        for k, (fact, ball) in enumerate(zip(found, evaluate_all(tape, point), strict=True)):
            assert not violated(fact, ball), (k, fact, ball, point)


def test_enough_values_took_part() -> None:
    assert compared["points"] > 500


@pytest.mark.parametrize(
    ("tree", "over", "said"),
    [
        ("x1E", "real", {"sign": 1, "finite": True, "zero": False}),
        ("1xE", "positive", {"sign": None, "finite": True, "real": True}),
        ("1xE", "nonnegative", {"finite": False}),
        ("1xE", "real", {"real": False}),
        ("11xE1EE", "positive", {"real": True, "finite": True}),
        ("111E1EE", "real", {"finite": True, "sign": None}),
        ("x1E", "complex", {"sign": None, "zero": False, "real": False}),
    ],
)
def test_what_is_known(tree: str, over: str, said: dict[str, object]) -> None:
    fact = facts(flatten(parse_tree(tree)), {"x": domain(over)})[-1]
    assert {name: getattr(fact, name) for name in said} == said


def box(re: str, im: str = "0") -> Domain:
    """The set with these bounds, imaginary ones in half-turns; 0 is the point."""
    parts = (ZERO if text == "0" else domain(text).re for text in (re, im))
    return Domain(*parts)


@pytest.mark.parametrize(
    ("re", "im", "modulus", "arg"),
    [
        ("(0,1]", "0", "(-inf,0]", "0"),
        ("(0,1)", "0", "(-inf,0)", "0"),
        ("[1,inf)", "0", "[0,inf)", "0"),
        ("(1,inf)", "0", "(0,inf)", "0"),
        ("[-1,0)", "0", "(-inf,0]", "[1,1]"),
        ("(-1,0)", "0", "(-inf,0)", "[1,1]"),
        ("(-inf,-1]", "0", "[0,inf)", "[1,1]"),
        ("(-inf,-1)", "0", "(0,inf)", "[1,1]"),
        ("[-1,1]", "0", "(-inf,0]", "[0,1]"),
        ("(-inf,0]", "0", "(-inf,inf)", "[1,1]"),
        ("[0,inf)", "[0,inf)", "(-inf,inf)", "[0,1/2]"),
        ("(0,inf)", "(0,inf)", "(-inf,inf)", "(0,1/2)"),
        ("(0,inf)", "(-inf,0]", "(-inf,inf)", "(-1/2,0]"),
        ("[0,inf)", "(-inf,inf)", "(-inf,inf)", "[-1/2,1/2]"),
        ("(0,inf)", "(-inf,inf)", "(-inf,inf)", "(-1/2,1/2)"),
        ("(-inf,0]", "[0,inf)", "(-inf,inf)", "[1/2,1]"),
        ("(-inf,0)", "(0,inf)", "(-inf,inf)", "(1/2,1)"),
        ("(-inf,0]", "(-inf,0)", "(-inf,inf)", "(-1,-1/2]"),
        ("(-inf,0)", "(-inf,0)", "(-inf,inf)", "(-1,-1/2)"),
        ("(-inf,inf)", "[0,inf)", "(-inf,inf)", "[0,1]"),
        ("(-inf,inf)", "(0,inf)", "(-inf,inf)", "(0,1)"),
        ("(-inf,inf)", "(-inf,0)", "(-inf,inf)", "(-1,0)"),
        ("(-inf,inf)", "(-inf,0]", "(-inf,inf)", "(-1,1]"),
        ("(-inf,0]", "(-inf,inf)", "(-inf,inf)", "(-1,1]"),
    ],
)
def test_the_logarithm_of_a_box(re: str, im: str, modulus: str, arg: str) -> None:
    made = ln_of(box(re, im))
    assert (str(made.re), made.im) == (modulus, ZERO if arg == "0" else domain(arg).re)


@pytest.mark.parametrize(
    ("turns", "cosine", "sine"),
    [
        ("[0,1/2]", (0, 1), (0, 1)),
        ("(0,1/2)", (0, 1), (0, 1)),
        ("[1/2,1]", (-1, 0), (0, 1)),
        ("[-1/2,1/2]", (0, 1), (-1, 1)),
        ("[3/4,5/4]", (-1, -(0.5**0.5)), (-(0.5**0.5), 0.5**0.5)),
        ("[1/4,3/4]", (-(0.5**0.5), 0.5**0.5), (0.5**0.5, 1)),
        ("[0,2]", (-1, 1), (-1, 1)),
        ("[7/4,9/4]", (0.5**0.5, 1), (-(0.5**0.5), 0.5**0.5)),
        ("(1,3/2)", (-1, 0), (-1, 0)),
        ("[-3,-3]", (-1, -1), (0, 0)),
        ("(-inf,inf)", (-1, 1), (-1, 1)),
    ],
)
def test_the_direction_of_turns(
    turns: str, cosine: tuple[float, float], sine: tuple[float, float]
) -> None:
    over = domain(turns).re
    made = direction(over)
    for found, (lo, hi), scale in ((made.re, cosine, 1.0), (made.im, sine, math.pi)):
        assert lo - 1e-14 <= found.lo * scale <= lo + 1e-15
        assert hi - 1e-15 <= found.hi * scale <= hi + 1e-14
        if over.lo_open and math.isfinite(over.lo):
            assert found.lo_open
            assert found.hi_open


_REALS = ("1/1000", "1/3", "1", "7/3", "50", "700")
_POWERS = ("1/2", "-1/3", "5/2", "-2", "1")


@pytest.mark.parametrize("text", _REALS)
def test_images_of_one_number_hold_it_and_little_else(text: str) -> None:
    """Bounds are on their own sides of the exact value, and near it."""
    x = Fraction(text)

    def holds_only(found: Interval, exact: Any) -> None:
        assert found.lo <= exact <= found.hi
        assert found.hi - found.lo <= 1e-12 * abs(exact) or found.lo == found.hi

    with mpmath.workdps(60):
        value = mpmath.mpf(x.numerator) / x.denominator
        log = mpmath.log(value)
        for sign in (1, -1):
            holds_only(exp_of(point(sign * x)).re, mpmath.exp(sign * value))
            holds_only(ln_of(point(sign * x)).re, log)
            aside = Domain(point(sign * x).re, point(x).re)
            z = mpmath.mpc(sign * value, mpmath.pi * value)
            holds_only(ln_of(aside).re, mpmath.log(abs(z)))
            holds_only(ln_of(aside).im, mpmath.arg(z) / mpmath.pi)
            holds_only(direction(point(sign * x).re).re, mpmath.cospi(sign * value))
        for q in map(Fraction, _POWERS):
            made = power_of(point(x), float(q), ZERO)
            holds_only(made.re, mpmath.power(value, mpmath.mpf(q.numerator) / q.denominator))


@pytest.mark.parametrize("q", ["3/2", "-3/2", "1/2", "9/10", "-9/10", "1", "1.0167", "-1.0167"])
@pytest.mark.parametrize("text", ["1e-300", "1e-160", "1e160", "1e299"])
def test_powers_of_numbers_at_the_ends_of_doubles(text: str, q: str) -> None:
    """What is beyond the largest double is not infinite, and what is below the least not 0."""
    x, power = Fraction(text), Fraction(q)
    found = power_of(point(x), float(power), ZERO).re
    with mpmath.workdps(60):
        exact = mpmath.mpf(x.numerator) / x.denominator
        exact **= mpmath.mpf(power.numerator) / power.denominator
        assert found.lo <= exact <= found.hi
        assert (found.lo == 0, found.hi == math.inf) == (exact < 1e-304, exact > 1e304)
        assert found.hi <= exact * (1 + 1e-12) or exact > 1e304 or found.hi < 1e-303
        assert found.lo >= exact * (1 - 1e-12) or exact < 1e-304 or found.lo > 1e303


def test_exact_images_are_exact() -> None:
    one, nothing = point(Fraction(1)), point(Fraction(0))
    assert (exp_of(nothing).re, ln_of(one).re) == (WHOLE, ZERO)
    assert power_of(one, 0.3, ZERO).re == WHOLE
    assert ln_of(Domain(*[Interval(1.5e308, 1.6e308)] * 2)).re.lo < 710
    assert exp_of(point(Fraction(800))).re.lo < 1e308
    assert exp_of(point(Fraction(-800))).re.hi > 0


@pytest.mark.parametrize(("re", "im"), [(1e-9, 1e3), (1e9, 1e-3), (1e3, 1e3), (3.0, 1e300)])
def test_arguments_hold_their_ends(re: float, im: float) -> None:
    for lo, hi in ((-im, im), (-im, math.inf), (-math.inf, im), (0.0, im), (-im, 0.0)):
        found = arg_of(Domain(Interval(re, math.inf, False, True), Interval(lo, hi)))
        with mpmath.workdps(40):
            for end, bound, way in ((lo, found.lo, -1), (hi, found.hi, 1)):
                exact = mpmath.atan2(mpmath.pi * end, re) / mpmath.pi
                assert 0 <= way * (bound - exact) <= 1e-7, (lo, hi)


REAL = domain("real")
HALF, WHOLE, MINUS = (Interval(x, x) for x in (0.5, 1.0, -1.0))


@pytest.mark.parametrize(
    ("values", "sign", "real"),
    [
        (None, None, True),
        (domain("[0,0]"), 0, True),
        (domain("positive"), 1, True),
        (domain("negative"), -1, True),
        (domain("nonnegative"), None, True),
        (Domain(ZERO, HALF), None, False),
        (Domain(WHOLE, HALF), None, False),
    ],
)
def test_signs_are_of_real_values(values: Domain | None, sign: int | None, real: bool) -> None:
    assert (Fact(values).sign, Fact(values).real, Fact(values).finite) == (sign, real, True)


def test_only_operators_over_eml_have_facts() -> None:
    assert facts(flatten(raw_formula("sin(x)")), {"x": REAL})[-1] == TOP
    *_, constant = facts(flatten(raw_formula("pi")))
    assert constant.sign == 1 and constant.finite
    *_, number = facts(flatten(raw_formula("2")))
    assert number.integer and number.values == point(Fraction(2))


def test_a_hull_with_0_is_no_integer_by_that() -> None:
    assert not exp(Fact(REAL, low=LINE)).integer
    assert not exp(Fact(domain("positive"), low=LINE)).values.excludes(0.0)


@pytest.mark.parametrize(
    ("made", "want"),
    [
        (lambda: exp(Fact(None, low=LINE)), Fact(domain("integer").meet(point(Fraction(0))))),
        (lambda: exp(Fact(None, high=ZERO)), Fact(None, high=ZERO)),
        (lambda: exp(Fact(None, high=WHOLE)), Fact(None, low=ZERO)),
        (lambda: exp(Fact(None, high=Interval(2.0, 2.0))), Fact(None, high=ZERO)),
        (lambda: exp(Fact(None, high=HALF)), Fact(None, ZERO, ZERO, defined=False)),
        (lambda: exp(Fact(None, high=Interval(0.0, 1.0))), Fact(None, ZERO, ZERO, defined=False)),
        (lambda: ln(Fact(None, high=WHOLE)), Fact(None, high=ZERO)),
        (lambda: ln(Fact(None, low=ZERO)), Fact(None, high=WHOLE)),
        (lambda: ln(Fact(None, low=MINUS)), Fact(None, high=Interval(-1.0, 1.0))),
        (lambda: ln(Fact(None, low=ZERO, high=ZERO)), Fact(None, high=Interval(0.0, 1.0))),
        (lambda: ln(Fact(point(Fraction(0)))), Fact(None, low=ZERO)),
        (lambda: ln(Fact(point(Fraction(1)))), Fact(Domain(ZERO))),
        (lambda: subtract(Fact(None, high=HALF), Fact(REAL)), Fact(None, high=HALF)),
        (lambda: subtract(Fact(REAL), Fact(None, low=HALF)), Fact(None, high=-HALF)),
        (lambda: subtract(Fact(REAL), Fact(None, high=WHOLE)), Fact(None, low=MINUS)),
        (lambda: subtract(Fact(None, high=ZERO), Fact(None, low=HALF)), Fact(None, high=-HALF)),
        (
            lambda: subtract(Fact(REAL, high=HALF), Fact(REAL, low=WHOLE)),
            Fact(REAL, high=Interval(-1.0, 0.5)),
        ),
    ],
)  # fmt: skip
def test_infinities(made: Callable[[], Fact], want: Fact) -> None:
    found = made()
    assert found.defined == want.defined
    assert (found.low, found.high) == (want.low, want.high)
    assert (found.values is None) == (want.values is None)
    if want.values is not None and found.values is not None:
        assert found.values.within(want.values)
        assert found.values.excludes(0.0) == want.values.excludes(0.0)


def test_infinity_less_infinity_is_undefined() -> None:
    up, down = Fact(None, high=HALF), Fact(None, low=WHOLE)
    assert not subtract(up, up).defined
    assert not subtract(down, down).defined
    assert subtract(up, down).defined
    assert subtract(down, up).defined


def test_no_domain_is_any_value() -> None:
    tape = flatten(parse_tree("eml(x, y)"))
    x, y, result = facts(tape)
    assert x.values == y.values == domain("complex")
    assert not result.finite
    assert not TOP.defined


def test_a_long_tape_takes_one_sweep() -> None:
    tree = var("x")
    for k in range(100_000):
        tree = eml(tree, ONE) if k % 2 else eml(ONE, tree)
    assert len(facts(flatten(tree), {"x": domain("positive")})) == 100_002


# -- every kind of box: what is known is true, and is what the golden file says -------------

_LINES = (
    "0", "[1,1]", "[-1,-1]", "[0,1]", "(0,1)", "[0,inf)", "(0,inf)", "(-inf,0)", "(-inf,0]",
    "[-1,1]", "(-2,-1)", "[1,2)", "(-inf,inf)", "[2,inf)", "(-inf,-1]",
)  # fmt: skip
_TURNS = (
    "0", "(0,1/2)", "[0,1/2]", "[-1/2,0)", "[-1/2,0]", "[1/4,3/4)", "(-inf,inf)", "(0,inf)",
    "[0,inf)", "(-inf,0)", "(-inf,0]", "[1,1]", "(-1,1]", "[-3/4,-1/4]", "[5/4,7/4]",
)  # fmt: skip
_QS = (0.5, -2.0)
GOLDEN = Path(__file__).parent / "golden" / "facts.txt"


def ends(i: Interval) -> list[float]:
    """Points of an interval: its ends where they are in it, some near them, one within."""
    lo, hi = max(i.lo, -3.25), min(i.hi, 3.25)
    if lo == hi:
        return [lo]
    near = [lo + (hi - lo) / 1024, hi - (hi - lo) / 512]
    return [*near, *(e for e, o in ((i.lo, i.lo_open), (i.hi, i.hi_open)) if not o)]


def has(i: Interval, x: Any) -> bool:
    inside = (i.lo < x or (i.lo == x and not i.lo_open)) and (
        i.hi > x or (i.hi == x and not i.hi_open)
    )
    return bool(inside)


def written(made: Domain) -> str:
    """A set as text, to nine digits."""

    def side(i: Interval) -> str:
        lo, hi = (f"{x:.9g}" for x in (i.lo + 0.0, i.hi + 0.0))
        return f"{'[('[i.lo_open]}{lo},{hi}{'])'[i.hi_open]}"

    return f"{side(made.re)} {side(made.im)}{' nonzero' if made.excludes(0.0) else ''}"


def image(name: str, re: float, im: float, q: float) -> Any:
    """The exact value of a function at re + i pi im, and whether it is one number."""
    turn = mpmath.mpf(im)
    if name == "exp":
        size = mpmath.exp(re)
        return size * mpmath.cospi(turn), size * mpmath.sinpi(turn) / mpmath.pi
    size = mpmath.log(mpmath.hypot(re, mpmath.pi * turn))
    angle = mpmath.atan2(mpmath.pi * turn, re) / mpmath.pi
    if name == "ln":
        return size, angle
    power = mpmath.exp(size * q)
    return power * mpmath.cospi(angle * q), power * mpmath.sinpi(angle * q) / mpmath.pi


def test_boxes() -> None:
    lines, checked = [], 0
    for re, im in product(_LINES, _TURNS):
        over = box(re, im)
        made = {"exp": exp_of(over), "ln": ln_of(over)}
        made |= {f"^{q:g}": power_of(over, q, arg_of(over)) for q in _QS}
        lines += [f"{re} + i pi {im}", *(f"    {name} {written(d)}" for name, d in made.items())]
        with mpmath.workdps(40):
            for x, y in product(ends(over.re), ends(over.im)):
                for name, values in made.items():
                    if (x or y) or name == "exp":
                        a, b = image(name, x, y, float(name[1:]) if name[0] == "^" else 0.0)
                        assert has(values.re, a) and has(values.im, b), (re, im, name, x, y, a, b)
                        checked += 1
    assert checked > 5000
    assert "\n".join(lines) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_zero_and_its_sign() -> None:
    nothing = Fact(point(Fraction(0)))
    assert (nothing.sign, nothing.zero) == (0, True)
    assert Fact(point(Fraction(0)), low=ZERO).zero is None
    assert Fact(REAL).zero is None
    assert Fact(point(Fraction(2))).zero is False
