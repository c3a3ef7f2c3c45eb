"""Exact numbers near a fitted one, simplest first."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from emlc.ir.node import Node, lit, node
from emlc.parse import parse
from emlc.passes.simplify import simplify
from emlc.show import show
from emlc.tables.primitives import BY_NAME

_BASES = ("1", "pi", "1/pi", "sqrt(2)", "sqrt(pi)", "1/sqrt(pi)", "1/sqrt(2*pi)", "e")
_LARGEST = 12
_MOST = 5
_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Exact:
    """A rational times a constant. `bits`: what it costs to say, in nats."""

    factor: Fraction
    base: str
    value: float
    bits: float

    def __str__(self) -> str:
        return show(self.node)

    @property
    def node(self) -> Node:
        """The expression."""
        if self.base == "1" or not self.factor:
            return lit(self.factor)
        return simplify(node(BY_NAME["mul"], lit(self.factor), parse(self.base, "infix").root))


@lru_cache(maxsize=1)
def _values() -> tuple[tuple[str, float], ...]:
    from emlc.check.reference import Reference

    return tuple((b, float(Reference(parse(b, "infix").root).at({}, 20).real)) for b in _BASES)


def near(value: float, tolerance: float) -> list[Exact]:
    """The simplest exact numbers within the tolerance, at most five.

    >>> [(e.factor, e.base) for e in near(1.5707963267948966, 1e-12)]
    [(Fraction(1, 2), 'pi')]
    """
    found = sorted(_near(value, tolerance), key=lambda e: (e.bits, abs(e.value - value)))
    return found[:_MOST]


def _near(value: float, tolerance: float) -> Iterator[Exact]:
    if abs(value) <= tolerance:
        yield Exact(Fraction(0), "1", 0.0, 0.0)
    for base, size in _values():
        scaled, wide = value / size, tolerance / size
        for q in range(1, _LARGEST + 1):
            p = round(scaled * q)
            if not p or abs(p) > 100_000 or math.gcd(p, q) > 1:
                continue
            if abs(scaled - p / q) > max(wide, 4e-15 * abs(scaled)):
                continue
            bits = math.log(abs(p)) + math.log(q) + (0.0 if base == "1" else 5.0)
            yield Exact(Fraction(p, q), base, p / q * size, bits)
    yield from _decimals(value, tolerance)


def _decimals(value: float, tolerance: float) -> Iterator[Exact]:
    """The numbers of fewest digits, up to seven, with what their digits and exponent cost."""
    for digits in range(1, _DIGITS + 1) if value else ():
        text = f"{value:.{digits - 1}e}"
        if abs(float(text) - value) <= max(tolerance, 4e-15 * abs(value)):
            exact = Fraction(text)
            head = abs(int(text.split("e")[0].replace(".", "")))
            shift = abs(int(text.split("e")[1]) - digits + 1)
            yield Exact(exact, "1", float(text), math.log(head) + 2 * math.log(2 + shift) + 2.0)
            return
