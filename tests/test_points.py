"""The points of a comparison, and the formula's value there."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import mpmath
import pytest

from emlc.check.points import _dozen, _inside, draw, sample, specials
from emlc.check.reference import Reference, _spread
from emlc.ir.domain import domain
from emlc.parse import parse
from emlc.passes.ranges import declare, ranges, raw_formula
from emlc.passes.simplify import simplify

GOLDEN = Path(__file__).parent / "golden" / "points.txt"

# Formula, domains, how many points there are within 80.
SAMPLED = [
    ("x", {"x": "real"}, 40),
    ("x", {"x": "complex"}, 80),
    ("x", {"x": "[0,1]"}, 40),
    ("x", {"x": "(2,inf)"}, 40),
    ("x", {"x": "(-inf,-2]"}, 40),
    ("x", {"x": "integer"}, 40),
    ("x", {"x": "upper"}, 40),
    ("x", {"x": "principal"}, 60),
    ("x*y", {"x": "real", "y": "complex"}, 20),
    ("x*y*z", {"x": "[3,4]", "y": "positive", "z": "negative"}, 150),
    ("ln(x+y)", {}, 20),
    ("1/(x-1)", {}, 20),
    ("1/(x-1)", {"x": "real"}, 20),
    ("asin(x/y)", {}, 20),
    ("2", {}, 80),
    ("ln(-1-x^2)+x", {"x": "[0,1]"}, 10),
]  # fmt: skip


def written(point: dict[str, tuple[Fraction, Fraction]]) -> str:
    return " ".join(f"{n}={a}{f'+{b}i' if b else ''}" for n, (a, b) in point.items())


def test_the_points_tried() -> None:
    """Ends, numbers beside them, specials and drawn numbers; the same in every run."""
    lines = []
    for text, over, count in SAMPLED:
        found = ranges(simplify(parse(text).root), declare(over))
        points = list(islice(sample(found, 80, 1), count))
        lines += [f"{text} {over}", *(f"    {written(p)}" for p in points)]
        for p in points:
            assert all(found.variables[n].contains(*v) for n, v in p.items())
    assert "\n".join(lines) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_as_many_points_as_asked() -> None:
    found = ranges(simplify(parse("x*y").root))
    for count in (1, 7, 130, 300):
        assert len(list(sample(found, count, 1))) == count
    assert [p["x"] for p in sample(found, 9, 1)] != [p["x"] for p in sample(found, 9, 2)]
    empty = declare({"x": "[1/4,1/3]"})
    assert draw(domain("integer").meet(empty["x"]) or domain("real"), random.Random(1)) is None


def test_a_dozen_points_are_half_off_the_axis() -> None:
    plane = _dozen(specials(domain("complex")))
    assert (len(plane), sum(bool(im) for _, im in plane)) == (12, 6)
    assert len(_dozen(specials(domain("real")))) == 12


def test_an_end_is_tried_as_it_was_written() -> None:
    assert specials(domain("[0.123,1]"))[0][0] == Fraction(123, 1000)
    for end in (3e-7, 3.141592653589793):
        (first, _), (last, _) = specials(domain(f"[{end},4]"))[:2]
        assert abs(first / Fraction(end) - 1) < 1e-15 and last == 4


def test_both_sides_of_the_cuts_are_special() -> None:
    found = specials(domain("complex"))
    for x in (-2, Fraction(-1, 2), 2, 3):
        assert {(x, s * Fraction(1, 1 << 40)) for s in (1, -1)} <= set(found)


@pytest.mark.parametrize(
    ("over", "re", "im", "inside"),
    [
        ("real nonzero", "1e-16", "0", False),
        ("real nonzero", "1e-14", "0", True),
        ("real", "1e-16", "0", True),
        ("positive", "2", "1e-16", True),
        ("positive", "2", "1e-14", False),
        ("[1,inf)", "0." + 35 * "9", "0", True),
        ("[1,inf)", "0." + 25 * "9", "0", False),
        ("(1,inf)", "1." + 35 * "0" + "1", "0", False),
        ("(1,inf)", "1." + 25 * "0" + "1", "0", True),
        ("(-inf,-1]", "-0." + 35 * "9", "0", True),
        ("negative", "-2", "0", True),
        ("positive", "-2", "0", False),
        ("positive", "1e400", "0", True),
        ("negative", "-1e400", "0", True),
        ("negative", "1e400", "0", False),
        ("complex", "1e400", "-1e400", True),
        ("upper", "1", "1e400", True),
        ("upper", "1", "-1e400", False),
        ("upper", "1", "2", True),
        ("upper", "1", "-2", False),
    ],
)
def test_the_last_digits_of_a_condition_do_not_count(
    over: str, re: str, im: str, inside: bool
) -> None:
    with mpmath.workdps(40):
        assert _inside(domain(over), mpmath.mpc(re, im)) is inside


# -- the formula's value -------------------------------------------------------------------------

ZERO, ONE, THIRD = (
    (Fraction(0), Fraction(0)),
    (Fraction(1), Fraction(0)),
    (Fraction(1, 3), Fraction(0)),
)
ABOVE, BELOW = (Fraction(-4), Fraction(1, 10**30)), (Fraction(-4), Fraction(-1, 10**30))


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("e", THIRD, lambda m: m.e),
        ("pi", THIRD, lambda m: m.pi),
        ("i", THIRD, lambda m: m.mpc(0, 1)),
        ("x+1/7", THIRD, lambda m: m.mpf(10) / 21),
        ("x*2", THIRD, lambda m: m.mpf(2) / 3),
        ("x^2", THIRD, lambda m: m.mpf(1) / 9),
        ("x^0", THIRD, lambda m: 1),
        ("x^x", ZERO, lambda m: 1),
        ("x^2", ZERO, lambda m: 0),
        ("x^(1+i)", ZERO, lambda m: 0),
        ("x^i", ZERO, None),
        ("x^(i-1)", ZERO, None),
        ("ln(x)", THIRD, lambda m: m.log(m.mpf(1) / 3)),
        ("x^(2^90)", ONE, lambda m: 1),
        ("x^(2^90)", THIRD, lambda m: m.power(m.mpf(1) / 3, 2**90)),
        ("x^(2^110)", THIRD, None),
        ("sin(2^90*x)", ONE, lambda m: m.sin(2**90)),
        ("sin(2^101*x)", ONE, None),
        ("exp(exp(x))", (Fraction(60), Fraction(0)), lambda m: m.exp(m.exp(60))),
        ("exp(exp(x))", (Fraction(80), Fraction(0)), None),
        ("ln(x)", (Fraction(0), Fraction(2)), lambda m: m.log(m.mpc(0, 2))),
        ("ln(x)", ABOVE, lambda m: m.mpc(m.log(4), m.pi)),
        ("ln(x)", BELOW, lambda m: m.mpc(m.log(4), -m.pi)),
        ("sqrt(x)", ABOVE, lambda m: m.mpc(0, 2)),
        ("sqrt(x)", BELOW, lambda m: m.mpc(0, -2)),
        ("ln(exp(-i*pi*x))", ONE, lambda m: m.mpc(0, m.pi)),
        ("ln(i*exp(i*pi*x/2))", ONE, lambda m: m.mpc(0, m.pi)),
        ("sqrt(x*exp(2*i*pi))", (Fraction(-4), Fraction(0)), lambda m: m.mpc(0, 2)),
        ("asin(x*exp(2*i*pi))", (Fraction(2), Fraction(0)), lambda m: m.asin(2)),
        ("asinh(2*i*x*exp(2*i*pi))", ONE, lambda m: m.asinh(m.mpc(0, 2))),
        ("asinh(2*i*x*exp(-2*i*pi))", ONE, lambda m: m.asinh(m.mpc(0, 2))),
        ("atan(2*i*x*exp(2*i*pi))", ONE, lambda m: m.atan(m.mpc(0, 2))),
        ("atan(2*i*x*exp(-2*i*pi))", ONE, lambda m: m.atan(m.mpc(0, 2))),
        ("1/(x-x)", THIRD, None),
        ("0*ln(x-x)", THIRD, None),
    ],
)
def test_the_value_of_a_formula(
    text: str, x: tuple[Fraction, Fraction], value: Callable[[Any], Any] | None
) -> None:
    got = Reference(raw_formula(text)).at({"x": x}, 25)
    if value is None:
        assert got is None
        return
    with mpmath.workdps(25):
        want = value(mpmath)
        assert abs(got - want) <= mpmath.mpf(10) ** -22 * abs(want)


@pytest.mark.parametrize(
    ("parts", "digits"),
    [(("8", "1/8"), 2), (("1/8", "8"), 2), (("3", "0"), 0), (("0", "0"), 0), (("1", "1024"), 4),
     (("1/1024", "1024"), 8)],
)  # fmt: skip
def test_far_parts_need_more_digits(parts: tuple[str, str], digits: int) -> None:
    re, im = map(Fraction, parts)
    assert _spread({"z": (re, im)}) == _spread({"x": (re, Fraction(0)), "y": (im, re)}) == digits
