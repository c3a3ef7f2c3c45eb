"""What is known of the values of a formula's parts."""

from __future__ import annotations

import cmath
from fractions import Fraction

import pytest

from emlc.check.points import sample
from emlc.check.reference import Reference
from emlc.errors import DomainError
from emlc.ir.domain import domain
from emlc.ir.node import node, postorder, var
from emlc.parse import parse
from emlc.passes.ranges import declare, ranges
from emlc.passes.simplify import simplify
from emlc.show import show
from emlc.tables.primitives import ROWS, Primitive


@pytest.mark.parametrize(
    ("text", "natural"),
    [
        ("ln(x)", {"x": "positive"}),
        ("sqrt(x)", {"x": "nonnegative"}),
        ("1/x", {"x": "real nonzero"}),
        ("ln(x)/y", {"x": "positive", "y": "real nonzero"}),
        ("asin(x)", {"x": "[-1,1]"}),
        ("acosh(x)", {"x": "[1,inf)"}),
        ("atanh(x)+sqrt(x)", {"x": "[0,1)"}),
        ("x^y", {"x": "positive", "y": "real"}),
        ("x^2", {"x": "real"}),
        ("x^(-3)", {"x": "real nonzero"}),
        ("sqrt(x^2+1)", {"x": "real"}),
        ("exp(ln(x))", {"x": "positive"}),
    ],
)
def test_natural_domains(text: str, natural: dict[str, str]) -> None:
    assert ranges(simplify(parse(text).root)).domain() == natural


def test_conditions_on_parts_are_kept() -> None:
    found = ranges(simplify(parse("ln(x+y)").root))
    assert {show(part): str(d) for part, d in found.conditions.items()} == {"x + y": "positive"}


def test_declared_domains_stay_and_poles_are_noted() -> None:
    found = ranges(parse("1/x").root, declare({"x": "complex"}))
    assert found.variables["x"] == domain("complex")
    assert [show(part) for part in found.poles] == ["x"]
    assert declare({"x": "natural"}) == {}


@pytest.mark.parametrize("text", ["log(x,1)", "atanh(1)", "1/(0*x)"])
def test_nowhere_defined(text: str) -> None:
    with pytest.raises(DomainError, match="defined nowhere"):
        ranges(simplify(parse(text).root))


@pytest.mark.parametrize("where", ["natural", "complex", "(0,1)", "[-3,-1/2]"])
@pytest.mark.parametrize("row", [r for r in ROWS if r.params], ids=lambda row: row.name)
def test_ranges_hold_every_value(row: Primitive, where: str) -> None:
    """Every part of a row, and of it applied to its own square, lies in its range."""
    formula = simplify(node(row, *map(var, row.params)))
    try:
        found = ranges(formula, declare(dict.fromkeys(row.params, where)))
    except DomainError:
        assert row.real_only
        return
    parts = {n: (Reference(n), found.of(n)) for n in postorder(formula)}
    seen = 0
    for point in sample(found, 30, 3):
        for reference, known in parts.values():
            value = reference.at(point, 30)
            if value is None:
                continue
            z = complex(value)
            if not cmath.isfinite(z):
                continue
            inside = known.contains(
                Fraction(z.real), Fraction(z.imag if abs(z.imag) > 1e-25 else 0)
            )
            near = any(abs(z.real - end) < 1e-12 for end in (known.re.lo, known.re.hi))
            near_edge = any(abs(z.imag / 3.141592653589793 - end) < 1e-12
                            for end in (known.im.lo, known.im.hi))  # fmt: skip
            assert inside or near or near_edge or abs(z) < 1e-12, (point, z, known)
            seen += 1
    assert seen >= 20


@pytest.mark.parametrize(
    ("text", "where", "held"),
    [
        ("exp(x)", "[-1e-17,0]", 1 - Fraction(1, 10**17)),
        ("exp(x)", "[0,1e-17]", 1 + Fraction(1, 10**17)),
        ("tanh(x)", "[30,40]", 1 - Fraction(1, 10**26)),
        ("sqrt(exp(x)-1)", "[-1e-17,1]", None),
    ],
)
def test_a_value_that_rounds_to_a_round_number_is_not_that(
    text: str, where: str, held: Fraction | None
) -> None:
    root = simplify(parse(text).root)
    known = ranges(root, declare({"x": where})).of(root)
    assert known.contains(held) if held is not None else not known.real
