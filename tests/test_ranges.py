"""What is known of the values of a formula's parts."""

from __future__ import annotations

import cmath
from fractions import Fraction

import mpmath
import pytest

from emlc.check.points import sample
from emlc.check.reference import Reference
from emlc.errors import DomainError
from emlc.ir.domain import domain
from emlc.ir.node import Node, node, postorder, var, variables
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
    found = ranges(parse("tanh(x)").root, declare({"x": "complex"}))
    assert [show(part) for part in found.poles] == ["cosh(x)"]


def test_what_is_learned_is_known_besides() -> None:
    found = ranges(var("x"), declare({"x": "[0,1]"}))
    found.learn(var("x"), domain("complex nonzero"))
    assert str(found.of(var("x"))) == "(0,1]"


@pytest.mark.parametrize("text", ["log(x,1)", "atanh(1)", "1/(0*x)"])
def test_nowhere_defined(text: str) -> None:
    with pytest.raises(DomainError, match="defined nowhere"):
        ranges(simplify(parse(text).root))


FORMULAS = [node(row, *map(var, row.params)) for row in ROWS if row.params]
FORMULAS += [parse(text).root for text in ("x^3", "x^(-2)", "x^4-3*y", "(x-y)^2", "1/(x-3)")]


@pytest.mark.parametrize("where", ["natural", "complex", "(0,1)", "[-3,-1/2]", "[1,4)"])
@pytest.mark.parametrize("written", FORMULAS, ids=show)
def test_ranges_hold_every_value(written: Node, where: str) -> None:
    formula = simplify(written)
    try:
        found = ranges(formula, declare(dict.fromkeys(variables(formula), where)))
    except DomainError:
        assert isinstance(written.head, Primitive) and written.head.real_only
        return
    parts = {n: (Reference(n), found.of(n)) for n in postorder(formula)}
    seen = 0
    for point in sample(found, 30, 3):
        for reference, known in parts.values():
            value = reference.at(point, 30)
            if value is None or not cmath.isfinite(complex(value)):
                continue
            turns = complex(value.imag / mpmath.pi).real
            for part, side in ((complex(value).real, known.re), (turns, known.im)):
                slack = 1e-12 * (1 + abs(part))
                assert side.lo - slack <= part <= side.hi + slack, (point, value, known)
            assert value or not known.excludes(0.0), (point, known)
            seen += 1
    assert seen >= 20


@pytest.mark.parametrize(
    ("text", "where", "inside", "outside"),
    [
        ("exp(x)", "[0,1)", (1, 2), (0, 3)),
        ("exp(x)", "(0,1]", (2,), (1, 3)),
        ("acos(x)", "[1/2,1)", (1,), (0, 2)),
        ("asech(x)", "(0,1)", (0, 5), (-1,)),
        ("1/x", "(1,2]", (Fraction(1, 2),), (1, Fraction(1, 4))),
        ("1/x", "[1,inf)", (1, Fraction(1, 9)), (0, 2)),
        ("x^2", "[-2,1)", (0, 4, 1), (-1, 5)),
        ("x^2", "(1,3)", (4,), (1, 10)),
        ("x^y", "[1,2]", (1, 4), (Fraction(1, 2),)),
        ("x^(5/2)", "[0,1]", (0, 1), (-1,)),
        ("x-2*y", "[0,1)", (0, 1 - Fraction(1, 8)), (1, -2)),
    ],
)
def test_ends_are_where_they_should_be(
    text: str, where: str, inside: tuple[Fraction, ...], outside: tuple[Fraction, ...]
) -> None:
    root = simplify(parse(text).root)
    known = ranges(root, declare(dict.fromkeys(variables(root), where))).of(root)
    assert all(known.contains(Fraction(x)) for x in inside), known
    assert not any(known.contains(Fraction(x)) for x in outside), known


@pytest.mark.parametrize(
    ("x", "y"), [("positive", "complex"), ("complex", "[2,3]"), ("[-2,-1]", "[1/2,1]")]
)
def test_a_power_that_may_be_complex(x: str, y: str) -> None:
    root = parse("x^y").root
    assert not ranges(root, declare({"x": x, "y": y})).of(root).real


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
