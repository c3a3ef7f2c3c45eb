"""Formulas in normal form: what they become, where, and that it has their values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from emlc.check.reference import Reference
from emlc.ir.domain import Domain, domain
from emlc.ir.node import variables
from emlc.passes.normal.read import read_formula
from emlc.passes.normal.space import Space, Undefined, Unknown
from emlc.passes.normal.terms import Form
from emlc.passes.normal.write import write
from emlc.passes.ranges import raw_formula
from emlc.show import show
from emlc.tables.primitives import ROWS

GOLDEN = Path(__file__).parent / "golden" / "forms.txt"
OVER = ("real", "positive", "negative", "[-1,1]", "complex")
INNER = ("x+1", "1-x", "x^2", "2*x", "exp(x)", "1/x", "x*y", "x-y", "i*x", "sqrt(x)", "ln(x)",
         "-x", "x^2+1", "1-x^2", "x/y", "i*x+1", "ln(x)-ln(y)", "exp(-2*x)")  # fmt: skip

# Products, quotients, powers, roots and logarithms as they come in proofs.
WRITTEN = (
    "sin(x)^2+cos(x)^2", "cosh(x)^2-sinh(x)^2", "(x+y)^2-(x-y)^2", "(x^2-1)/(x-1)",
    "x/(x+1)+1/(x+1)", "1/(1+exp(-x))-exp(x)/(1+exp(x))", "exp(x+y)/exp(x)", "exp(x)^3*exp(y)",
    "exp(2*ln(x))", "exp(ln(x)/2+ln(y)/2)", "exp(-ln(x^2+1))", "ln(x^3)", "ln(x*y)-ln(x)",
    "ln(x/y)", "ln(exp(x)*y)", "ln(8*x)", "ln(6)-ln(2)-ln(3)", "ln(2)+ln(3)+x", "ln(-x)+ln(x)",
    "ln(exp(i*x))", "ln(i*x)", "ln(x^2+1)-ln(1+x^2)", "sqrt(8*x)", "sqrt(x^2)", "sqrt(x^2*y)",
    "sqrt(12)-sqrt(3)", "sqrt(x)*sqrt(x)", "sqrt(x)*sqrt(1/x)", "sqrt(x-1)*sqrt(x+1)",
    "sqrt(x^2+2*x+1)", "1/(sqrt(2)+1)", "(sqrt(2)+1)*(sqrt(2)-1)", "x^(1/3)*x^(2/3)",
    "x^y*x^(-y)", "(x^y)^2", "2^x*3^x", "2^(x+1)/2", "e^(i*pi*x)", "e^(i*pi)", "e^(i*pi/2)*x",
    "e^(i*pi/3)", "(1+i)^2", "1/(1+i)", "1/(2-i*x)", "(x+i*y)*(x-i*y)", "i^i", "(-8)^(1/3)",
    "x^(-2)", "(x+1)^(-1)*(x+1)", "exp(x)+exp(-x)", "exp(i*x)-exp(-i*x)", "exp(x)-x-1/2",
    "x-ln(x)", "exp(x)-ln(y)", "x+sqrt(x^2+1)", "x-sqrt(x^2+1)", "i*x+sqrt(1-x^2)", "x^2-2*x+3/2",
    "exp(2*x)-exp(x)+1", "1+x^2*y^2", "exp(exp(x))", "ln(ln(x))", "ln(1-ln(x))", "exp(-exp(-x))",
    "ln(1+exp(x))-x", "ln(exp(x)+exp(y))", "ln(x+sqrt(x^2+1))+ln(sqrt(x^2+1)-x)", "pi*x/2-x*pi",
    "x*ln(x)/ln(x)", "x*exp(-x)/y", "(x*y)^2/(x*y)", "abs(x)*abs(y)", "abs(x)^2", "x/abs(x)",
    "tan(x)*cos(x)", "sin(2*x)-2*sin(x)*cos(x)", "asin(x)+acos(x)", "2*atan(x)", "tanh(x)*cosh(x)",
    "atan(x)+atan(1/x)", "acosh(x)+acosh(y)", "sinh(asinh(x))", "cos(acos(x))", "sin(asin(x))",
    "tan(atan(x))", "exp(asinh(x))", "cosh(x)+sinh(x)", "cos(x)+i*sin(x)", "ln(cosh(x))",
    "(-b+sqrt(b^2-4*x*y))/(2*x)", "1/sqrt(1-x^2)", "x^3/(exp(x)-1)", "exp(-(x-y)^2/2)/sqrt(2*pi)",
)  # fmt: skip

POINTS = [(Fraction(a, 7), Fraction(b, 5)) for a, b in ((3, 4), (4, 0), (-3, 0), (17, 0), (-25, 0))]


def asked() -> Iterator[tuple[str, str]]:
    """Formulas and the set of their variables: every primitive of something, and the above."""
    for k, row in enumerate(ROWS):
        call = f"{row.name}({','.join(row.params)})" if row.params else row.name
        yield from ((call, over) for over in OVER)
        if len(row.params) == 1:
            yield from ((f"{row.name}({u})", OVER[(j + k) % 5]) for j, u in enumerate(INNER))
    for k, text in enumerate(WRITTEN):
        yield from ((text, OVER[(j + k) % 5]) for j in range(3))


def number(x: float) -> str:
    return f"{x + 0.0:.9g}"


def bounds(d: Domain) -> str:
    """A set as text, to nine digits."""
    sides = [
        f"{'[('[i.lo_open]}{number(i.lo)},{number(i.hi)}{'])'[i.hi_open]}" for i in (d.re, d.im)
    ]
    return f"{sides[0]} {'' if d.real else sides[1]}{' nonzero' if d.excludes(0.0) else ''}"


def has(d: Domain, value: Any) -> bool:
    """Whether a set holds a number, but for rounding."""
    slack = 1e-12 * (1 + abs(value))
    re, im = float(value.real), float(value.imag) / math.pi
    inside = d.re.lo - slack <= re <= d.re.hi + slack
    return bool(inside and d.im.lo - slack <= im <= d.im.hi + slack)


def compare(text: str, made: str, names: list[str], over: Domain, box: Domain) -> int:
    """How many points took part, two at most; none of them tells the two formulas apart."""
    seen = 0
    formulas = [Reference(raw_formula(text)), Reference(raw_formula(made))]
    for k in range(len(POINTS)):
        at = {name: POINTS[k - 2 * j] for j, name in enumerate(names)}
        if seen < 2 and all(over.contains(*p) for p in at.values()):
            want, got = (f.at(at) for f in formulas)
            if want is not None and got is not None:
                seen += 1
                assert abs(want - got) <= 1e-20 * (1 + abs(want)), (text, made, at)
                assert has(box, want), (text, made, at, box)
    return seen


def line(text: str, over: str) -> tuple[str, int]:
    """The formula in normal form, its values, and what must not be 0; points that took part."""
    names = [n for n in "xybn" if n in variables(raw_formula(text))]
    space = Space({name: domain(over) for name in names})
    try:
        form = read_formula(space, raw_formula(text))
        assert isinstance(form, Form)
        made, box = show(write(space, form)), space.box(form)
        zeros = ", ".join(show(write(space, z)) for z in space.zeros)
    except (Undefined, Unknown) as why:
        return f"{text} over {over} | {why}", 2
    seen = compare(text, made, names, domain(over), box)
    return f"{text} over {over} | {made} | {bounds(box)} | {zeros}", seen


ASKED = list(asked())
SIZE = 26


@pytest.mark.parametrize("start", range(0, len(ASKED), SIZE))
def test_what_a_formula_is_in_normal_form(start: int) -> None:
    golden = GOLDEN.read_text(encoding="utf-8").splitlines()
    assert len(golden) == len(ASKED)
    points = 0
    for (text, over), want in zip(ASKED[start:], golden[start : start + SIZE], strict=False):
        made, seen = line(text, over)
        points += seen
        assert made == want
    assert points >= SIZE
