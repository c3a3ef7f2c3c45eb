"""Compiled trees, array functions and derivatives against sympy, which reads the text itself."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given

import emlc
from emlc.check.points import sample
from emlc.check.reference import Reference
from emlc.errors import EmlcError
from emlc.ir.node import Node, variables
from emlc.show import show
from tests.fuzz import settings
from tests.strategies import formulas

_SECONDS = 6.0
_TOLERANCE = 1e-11


def sympy_value(text: str, point: dict[str, tuple[Fraction, Fraction]], by: str) -> complex | None:
    """What sympy says that the text, or its derivative, is at a point; None for no number."""
    import sympy
    from sympy.parsing.sympy_parser import auto_number, parse_expr, rationalize, repeated_decimals

    x = sympy.Symbol
    names: dict[str, Any] = {
        "e": sympy.E, "i": sympy.I, "pi": sympy.pi, "phi": sympy.GoldenRatio, "ln": sympy.log,
        "abs": lambda a: sympy.sqrt(a**2), "log": lambda a, b: sympy.log(a) / sympy.log(b),
        "log2": lambda a: sympy.log(a) / sympy.log(2), "log10": lambda a: sympy.log(a, 10),
        "log1p": lambda a: sympy.log(1 + a), "expm1": lambda a: sympy.exp(a) - 1,
        "exp2": lambda a: 2**a, "eml": lambda a, b: sympy.exp(a) - sympy.log(b),
        "half": lambda a: a / 2, "inv": lambda a: 1 / a, "sqr": lambda a: a**2,
        "avg": lambda a, b: (a + b) / 2, "hypot": lambda a, b: sympy.sqrt(a**2 + b**2),
        "cbrt": lambda a: a ** sympy.Rational(1, 3), "root": lambda a, n: a ** (1 / n),
        "sigmoid": lambda a: 1 / (1 + sympy.exp(-a)), "softplus": lambda a: sympy.log(
            1 + sympy.exp(a)), "x": x("x"), "y": x("y"),
    }  # fmt: skip
    steps = (auto_number, repeated_decimals, rationalize)
    found = parse_expr(text.replace("^", "**"), names, transformations=steps)
    if by:
        found = sympy.diff(found, x(by))
    at = {
        x(n): sympy.Rational(re.numerator, re.denominator)
        + sympy.I * sympy.Rational(im.numerator, im.denominator)
        for n, (re, im) in point.items()
    }
    value = sympy.N(found.subs(at), 30, maxn=400)
    return complex(value) if value.is_number and value.is_finite else None


class Child:
    """A process in which sympy computes, killed when it takes too long."""

    def __init__(self) -> None:
        self._pool: Any = None

    def ask(self, *args: Any) -> complex | None:
        if self._pool is None:
            self._pool = multiprocessing.get_context("spawn").Pool(1)
            self._pool.apply(sympy_value, ("x", {"x": (Fraction(1), Fraction(0))}, ""))
        try:
            found: complex | None = self._pool.apply_async(sympy_value, args).get(_SECONDS)
        except (multiprocessing.TimeoutError, RecursionError, ZeroDivisionError, ValueError,
                TypeError, NotImplementedError, OverflowError):  # fmt: skip
            self.close()
            return None
        return found

    def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    made = Child()
    yield made
    made.close()


def points(made: emlc.Compiled) -> list[dict[str, tuple[Fraction, Fraction]]]:
    """Points of the domain, but for those where the tree is said not to be right.

    Nearer than 1e-9 to a branch point sympy's own digits are wrong: N(exp(acos(x)).diff(x)).
    """
    found = [dict(p) for p in sample(made.ranges, 12, 3)]
    found = [p for p in found if all(q.denominator < 2**30 for z in p.values() for q in z)]
    if made.excluded_points:
        found = [p for p in found if all(re.denominator > 200 for re, _ in p.values())]
    return found[:6]


def agrees(got: complex, want: complex, loose: float = 1.0) -> bool:
    return abs(got - want) <= loose * _TOLERANCE * max(1.0, abs(want))


@settings(12)
@given(root=formulas)
def test_values(root: Node, child: Child) -> None:
    text = show(root)
    try:
        made = emlc.compile(text)
    except EmlcError:
        assume(False)
    assert made.verdict.status != "refuted", made.verdict
    run = made.evaluator()
    for point in points(made):
        want = child.ask(text, point, "")
        got = emlc.evaluate(made.tape, point)
        if want is None or got.kind == "undecided" or abs(want) > 1e300:
            continue
        assert got.kind == "finite", (text, point, want, got)
        assert agrees(complex(got), want), (text, point, want, complex(got))
        doubles = {n: complex(re, im) if im else float(re) for n, (re, im) in point.items()}
        if any(Fraction(complex(doubles[n]).real) != re for n, (re, _) in point.items()):
            continue
        value = complex(run(**doubles))
        assert value != value or agrees(value, want, 100.0), (text, point, want, value)


@settings(8)
@given(root=formulas)
def test_derivatives(root: Node, child: Child) -> None:
    text = show(root)
    names = variables(root)
    assume(names)
    try:
        slope = emlc.diff(text, names[0])
    except EmlcError:
        assume(False)
    for point in points(slope):
        want = child.ask(text, point, names[0])
        if want is None or abs(want) > 1e300:
            continue
        got = Reference(slope.formula).at(point, 30)
        assert got is not None and agrees(complex(got), want), (text, point, want, got)
