"""What each row of the primitives says of itself, against its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from typing import Any

import mpmath
import pytest

from emlc.check.reference import Point, Reference
from emlc.ir.domain import Domain, domain, point
from emlc.ir.node import Node, node, var
from emlc.passes.ranges import _TRANSFER, declare, needs, poles, ranges
from emlc.tables.primitives import ROWS, Primitive
from tests.rows import lies_in

TINY = Fraction(1, 10**9)
LINE = [Fraction(0)]
for _x in map(
    Fraction, (TINY, "1/3", "1/2", 1 - TINY, 1, 1 + TINY, "6/5", "333/212", "11/7", 2, 3, "22/7")
):
    LINE = [-_x, *LINE, _x]
PAIRS = [
    *map(Fraction, (-3, -1, "-1/3", -TINY, 0, TINY**2, "1/3", 1, "11/10", 1 + TINY, 2, 10**12))
]
# beside them, what is near 0, near 1, or far away
ENDS = [s * x for s in (-1, 1) for x in (TINY**3, 1 - TINY**3, 1 + TINY**3, 40, 10**12)]
CORNERS = [(Fraction(a), Fraction(b)) for a, b in product((0, 1, -1, 2, "-1/2"), (0, 1, -1, 3))]
PLACES = CORNERS[::4] + CORNERS[1:4] + CORNERS[9:10]

RULED = [row for row in ROWS if row.range in _TRANSFER]
NAMED = [row for row in ROWS if row.params and row not in RULED]


def call(row: Primitive) -> Node:
    return node(row, *map(var, row.params))


def real_points(row: Primitive) -> Iterator[Point]:
    line = LINE if len(row.params) == 1 else PAIRS
    for chosen in product(line, repeat=len(row.params)):
        yield {name: (x, Fraction(0)) for name, x in zip(row.params, chosen, strict=True)}


def sets(at: Point) -> list[Domain]:
    """The single points as domains, as the guards of a row see them."""
    return [Domain(point(re).re, point(im).re if im else point(Fraction(0)).re, bool(re or im),
                   re.denominator == 1 and not im) for re, im in at.values()]  # fmt: skip


@cache
def real_values(row: Primitive) -> list[Any]:
    """The values on the natural domain, in the order of the points."""
    return values_at(row, real_points(row))


def values_at(row: Primitive, points: Iterable[Point]) -> list[Any]:
    reference = Reference(call(row))
    found = [reference.at(at, 60) for at in points if claimed(row, at)]
    return [z.real for z in found if z is not None]


def claimed(row: Primitive, at: Point) -> bool:
    """Whether the row says that it is defined and real there."""
    parts = [(Reference(part).at(at, 60), held) for part, held in needs(call(row), sets(at))]
    return all(value is None or lies_in(value, held) for value, held in parts)


# -- where a row is defined ------------------------------------------------------------------------

# Real at some negative numbers too: where both are, or 1/n is whole; no box of values says where.
WIDER = {"log", "root"}


@pytest.mark.parametrize("row", [r for r in ROWS if r.name != "i"], ids=lambda row: row.name)
def test_a_row_is_defined_and_real_on_its_domain_and_nowhere_else(row: Primitive) -> None:
    reference = Reference(call(row))
    for at in real_points(row):
        value = reference.at(at, 60)
        real = value is not None and abs(value.imag) < 1e-40
        wider = real and row.name in WIDER and any(x < 0 for x, _ in at.values())
        assert claimed(row, at) == real or wider, (at, value)
    for x, y in angles() if len(row.params) == 1 else ():
        value = reference.at({"x": (x, y)}, 90)
        if not y and value is not None and abs(value) > 1e50:
            assert any(
                abs(Reference(part).at({"x": (x, y)}, 90)) < 1e-50 and held.excludes(0.0)
                for part, held in needs(call(row), [domain("real")])
            ), x


# By 1/0 or ln 0, which has no value where the whole stays bounded.
BOUNDED = {"acot", "acoth"}
# 0^0 and root(0, n) have a value and are left out.
FEWER = {"pow", "root"}


@pytest.mark.parametrize("row", [r for r in ROWS if not r.real_only], ids=lambda row: row.name)
def test_a_row_is_defined_in_the_plane_but_at_its_poles(row: Primitive) -> None:
    """On a grid of Gaussian numbers, and of multiples of pi/2 and i pi/2."""
    reference = Reference(call(row))
    corners = CORNERS if len(row.params) < 2 else PLACES
    for chosen in product(corners, repeat=len(row.params)):
        at = dict(zip(row.params, chosen, strict=True))
        zero = any(Reference(part).at(at, 60) == 0 for part in poles(call(row), sets(at)))
        none = reference.at(at, 60) is None
        assert zero == none or (zero and row.name in FEWER), at
    for at in angles() if len(row.params) == 1 else ():
        zero = any(
            abs(Reference(part).at({"x": at}, 90)) < 1e-60
            for part in poles(call(row), [domain("complex")])
        )
        near, nearer = (
            abs(reference.at({"x": (at[0] + Fraction(1, 10**k), at[1])}, 90)) for k in (15, 30)
        )
        assert zero == (nearer > 1.5 * near + 5) or row.name in BOUNDED, at


def angles() -> Iterator[tuple[Fraction, Fraction]]:
    """The multiples of pi/2 and i pi/2 near 0, to 70 digits."""
    with mpmath.workdps(75):
        half = Fraction(int(mpmath.pi * 10**70), 2 * 10**70)
    for n in range(-3, 4):
        yield from ((n * half, Fraction(0)), (Fraction(0), n * half))


# -- which values it takes -------------------------------------------------------------------------


@pytest.mark.parametrize("row", [r for r in ROWS if not r.params], ids=lambda row: row.name)
def test_a_constant_is_in_its_range(row: Primitive) -> None:
    value = Reference(call(row)).at({}, 60)
    for text in (row.range, row.plane):
        held = domain(text)
        assert lies_in(value, held)
        assert max(held.re.hi - held.re.lo, held.im.hi - held.im.lo) <= 1


@pytest.mark.parametrize("row", NAMED, ids=lambda row: row.name)
def test_a_range_is_filled_by_the_values(row: Primitive) -> None:
    """Between its ends alone; ends that are taken are closed, and 0 is out where it never comes."""
    held, values = domain(row.range), real_values(row)
    beside = [*values]
    assert held.real
    if len(row.params) == 1:
        values = [*values, *values_at(row, ({"x": (x, y)} for x, y in angles() if not y))]
        beside += values_at(row, ({"x": (x, Fraction(0))} for x in ENDS))
    assert all(lies_in(mpmath.mpc(v), held) for v in values)
    assert min(beside) <= max(held.re.lo + 0.01, -9), "nothing comes near the lower end"
    assert max(beside) >= min(held.re.hi - 0.01, 9), "nothing comes near the upper end"
    for end, out in ((held.re.lo, held.re.lo_open), (held.re.hi, held.re.hi_open)):
        taken = any(abs(v - end) < 1e-6 for v in values)
        assert taken or out or end != round(end), "an end that is not taken"
    assert held.excludes(0.0) or min(map(abs, values)) < 0.03, "nothing comes near 0"


def test_what_has_a_rule_for_its_range_goes_by_it() -> None:
    for name in _TRANSFER:
        row = next(r for r in ROWS if r.name == name)
        assert row.range == row.plane == name
    assert len(RULED) == len(_TRANSFER)


@pytest.mark.parametrize("row", RULED, ids=lambda row: row.name)
def test_a_range_by_a_rule_is_the_hull_of_the_values(row: Primitive) -> None:
    """On a box of which the corners hold the least and the largest value."""
    ends = {"x": (Fraction(2), Fraction(3)), "y": (Fraction(4), Fraction(6))}
    box = declare({name: f"[{a},{b}]" for name, (a, b) in ends.items() if name in row.params})
    corners = [
        dict(zip(row.params, c, strict=True)) for c in product(*(ends[p] for p in row.params))
    ]
    values = [
        Reference(call(row)).at({p: (x, Fraction(0)) for p, x in at.items()}).real for at in corners
    ]
    known = ranges(call(row), box).of(call(row))
    assert known.re.lo <= min(values) and max(values) <= known.re.hi
    assert row.name == "pow" or (
        known.re.lo > min(values) - 1e-9 and known.re.hi < max(values) + 1e-9
    )


@pytest.mark.parametrize("row", [r for r in ROWS if not r.real_only], ids=lambda row: row.name)
def test_the_plane_of_a_row_holds_every_value(row: Primitive) -> None:
    """As it is written: what simplifies to another row is not asked of that one."""
    known = ranges(call(row), declare(dict.fromkeys(row.params, "complex")))
    found = known.of(call(row))
    reference = Reference(call(row))
    beside = [(Fraction(s) * 40, t * TINY) for s in (1, -1) for t in (1, -1)]
    beside += [(s * TINY, Fraction(t)) for s in (1, -1) for t in (2, -2, 1, -1)]
    corners = CORNERS + beside
    if len(row.params) == 1:
        corners += [(x + 2, y) for x, y in angles()] + [(x + TINY, y + TINY) for x, y in angles()]
    some = corners if len(row.params) < 2 else corners[::2]
    values = []
    for chosen in product(some, repeat=len(row.params)):
        at = dict(zip(row.params, chosen, strict=True))
        z = reference.at(at, 60)
        if z is not None and all(Reference(part).at(at, 60) for part in known.poles):
            assert lies_in(z, found), (at, z, found)
            values.append(z)
    for name in ("half strip", "principal", "right") if row.plane == "complex" else ():
        assert not all(lies_in(z, domain(name)) for z in values), f"it is {name}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_monotone_where_it_says_so(row: Primitive) -> None:
    """Those of one argument that are so on all of their domain say so, but for the rules."""
    values = real_values(row) if row in NAMED and len(row.params) == 1 else []
    ups = {a < b for a, b in pairwise(values)}
    assert row.monotone == {(True,): "up", (False,): "down"}.get(tuple(ups), "")


# -- flags -----------------------------------------------------------------------------------------


def test_rows_for_real_arguments_alone() -> None:
    """Off the line they are not what everybody calls by these names, or nothing."""
    assert [row.name for row in ROWS if row.real_only] == ["abs", "atan2"]


def test_rows_of_the_paper() -> None:
    """Its Table 1, the leaves and the numbers aside."""
    names = (
        "e pi i exp ln inv half neg sqrt sqr sigmoid sin cos tan asin acos atan sinh cosh tanh "
        "asinh acosh atanh add sub mul div log pow avg hypot"
    )
    assert {row.name for row in ROWS if row.paper} == set(names.split())
