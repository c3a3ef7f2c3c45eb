"""Sets of values: outward rounded arithmetic holds every result."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emlc.errors import DomainError
from emlc.ir.domain import ZERO, Domain, Interval, domain, point
from emlc.tables.domains import PUBLIC, SETS

bounds = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def members(draw: st.DrawFn) -> tuple[Domain, Fraction]:
    """A real set and one of its values."""
    lo, x, hi = sorted(draw(bounds) for _ in range(3))
    made = Domain(Interval(lo, hi, lo < x and draw(st.booleans()), x < hi and draw(st.booleans())))
    return made, Fraction(x)


@given(members(), members())
def test_arithmetic_holds_every_result(a: tuple[Domain, Fraction], b: tuple[Domain, Fraction]):
    (s, x), (t, y) = a, b
    assert s.contains(x)
    assert (s + t).contains(x + y)
    assert (s - t).contains(x - y)
    assert (s * t).contains(x * y)
    assert s.square().contains(x * x)
    assert (-s).contains(-x)
    if x:
        assert s.inverse().contains(1 / x)


@given(members(), members())
def test_meet_and_within(a: tuple[Domain, Fraction], b: tuple[Domain, Fraction]) -> None:
    (s, x), (t, y) = a, b
    met = s.meet(t)
    for v in (x, y):
        assert (met is not None and met.contains(v)) == (s.contains(v) and t.contains(v))
    if met is not None:
        assert met.within(s)
        assert met.within(t)
    assert s.within(s)
    if s.within(t):
        assert t.contains(x)


@given(st.fractions())
def test_a_point_holds_its_number(value: Fraction) -> None:
    assert point(value).contains(value)


@pytest.mark.parametrize("value", [Fraction(10) ** 400, -(Fraction(10) ** 400), Fraction(1, 3)])
def test_points_that_no_float_is(value: Fraction) -> None:
    assert point(value).contains(value)
    assert point(value).excludes(0.0)


def test_bounds_beyond_the_largest_float() -> None:
    tiny, big = domain("(0,1]"), Domain(Interval(1e200, 1e300))
    least = Domain(Interval(5e-324, 1.0))
    assert least.inverse().re.hi == math.inf
    assert Domain(Interval(5e-324, 5e-324)).inverse().re.lo == sys.float_info.max
    assert big.square().contains(Fraction(10) ** 410)
    assert (tiny * big).contains(Fraction(1))


@pytest.mark.parametrize("name", sorted({*SETS, *PUBLIC} - {"nonzero", "right"}))
def test_names_round_trip(name: str) -> None:
    made = domain(name)
    assert str(made) == name
    assert made.within(domain("complex"))


@pytest.mark.parametrize(
    "text", ["[0,1]", "(0,1]", "[1,inf)", "(-inf,2)", "[-1.5,2.5] nonzero", "[0.1,0.3]"]
)
def test_intervals_round_trip(text: str) -> None:
    assert str(domain(text)) == text
    assert domain(text).im == ZERO


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("[0.1,0.3]", ("1/10", "3/10")),
        ("[1/3,2/3]", ("1/3", "2/3")),
        ("(-0.3,1e-9)", ("-3/10", "1e-9")),
    ],
)
def test_an_interval_leaves_out_no_point_that_was_written(text: str, ends: tuple[str, str]) -> None:
    lo, hi = map(Fraction, ends)
    made = domain(text).re
    assert Fraction(made.lo) <= lo < Fraction(math.nextafter(made.lo, 1))
    assert Fraction(math.nextafter(made.hi, 0)) < hi <= Fraction(made.hi)


@pytest.mark.parametrize(
    "text",
    [
        "rael",
        "[1,0]",
        "(1,1)",
        "[0;1]",
        "[a,b]",
        "",
        "[1/0,2]",
        "[1,-inf]",
        "(inf,1)",
        "[0,1e999999999]",
    ],
)
def test_other_texts_are_errors(text: str) -> None:
    with pytest.raises(DomainError):
        domain(text)


def test_zero_is_taken_out() -> None:
    assert domain("nonnegative").meet(domain("nonzero")) == domain("positive")
    assert domain("real nonzero").excludes(0.0)
    assert point(Fraction(0)).meet(domain("nonzero")) is None
    assert not domain("complex").real


def test_the_upper_edge_of_the_strip_is_in_it() -> None:
    edge = Domain(ZERO, Interval(1.0, 1.0))
    assert edge.within(domain("principal"))
    assert not edge.within(domain("coprincipal"))
    assert not (-edge).within(domain("principal"))
    assert (-edge).within(domain("coprincipal"))


def test_products_and_inverses_in_the_plane_hold_every_value() -> None:
    a = Domain(Interval(1.0, 2.0), Interval(0.25, 0.5))
    b = Domain(Interval(-1.0, 3.0), Interval(-0.5, 1.0))
    for re, im in ((1.0, 0.3), (1.9, 0.45), (1.5, 0.25)):
        for other, turn in ((-0.9, -0.45), (2.9, 0.9), (0.5, -0.2)):
            z = complex(re, im * math.pi) * complex(other, turn * math.pi)
            assert (a * b).contains(Fraction(z.real), Fraction(z.imag))
        square = complex(re, im * math.pi) ** 2
        assert (a * a).contains(Fraction(square.real), Fraction(square.imag))
    imaginary = Domain(ZERO, Interval(0.25, 0.5)).inverse()
    assert imaginary.contains(Fraction(0), Fraction(-1 / (0.3 * math.pi)))


def test_ends_that_are_reached_and_those_that_are_not() -> None:
    assert (domain("[0,1]") * domain("(0,1)")).contains(Fraction(0))
    assert domain("[-3,-1)").square().excludes(1.0) and domain("(1,3]").square().excludes(1.0)
    assert domain("(-3,-1]").square().contains(Fraction(1))
    assert not (domain("integer") * domain("real")).integer
