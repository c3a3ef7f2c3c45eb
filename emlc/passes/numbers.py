"""Short formulas for rational numbers: dynamic programming over sums, products and powers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from emlc.ir.node import Node, lit, node
from emlc.tables.primitives import BY_NAME

# Nodes that one use of an operation adds to those of its operands (its tree, each operand once).
_COST = {"add": 17, "sub": 9, "mul": 15, "pow": 23}
_SMALL = {0: 7, 1: 1, 2: 19, 3: 29, 4: 39, 5: 49, 6: 59, 7: 69, 8: 79}
_TABLE = 512
_EXPONENTS = (2, 3, 4, 5, 6, 7, 10, 12)
_FACTORS = range(2, 17)
_NEAR = 2
_LONG = 64  # bits; beyond it one factor is tried, so that the work stays linear in the digits


class Step(NamedTuple):
    """n = (a op b), or (a op b) then plus or minus r."""

    op: str
    a: int
    b: int
    then: str = ""
    r: int = 0


def spell(value: Fraction) -> Node | None:
    """A formula in smaller numbers for a rational, or None when it is as small as can be.

    >>> from emlc.show import show
    >>> show(spell(Fraction(1000)))
    '10^3'
    """
    p, q = value.numerator, value.denominator
    if p < 0:
        return node(BY_NAME["neg"], lit(-value))
    if q != 1:
        return _apply("inv", q) if p == 1 else _apply("div", p, q)
    if p in _SMALL:
        return None
    step = _table()[p][1] if p <= _TABLE else _plan(p)
    inner = _apply(step.op, step.a, step.b)
    return node(BY_NAME[step.then], inner, lit(step.r)) if step.then else inner


def _apply(name: str, *numbers: int) -> Node:
    return node(BY_NAME[name], *(lit(n) for n in numbers))


# -- small numbers: relaxation to a fixed point ------------------------------------------------


@lru_cache(maxsize=1)
def _table() -> dict[int, tuple[int, Step]]:
    """The least known cost of every number to 512, with its last step."""
    best = {n: (cost, Step("", n, 0)) for n, cost in _SMALL.items()}
    changed = True
    while changed:
        changed = False
        for n, step in _candidates():
            if step.a in best and step.b in best:
                cost = _COST[step.op] + best[step.a][0] + best[step.b][0]
                if n not in best or cost < best[n][0]:
                    best[n] = cost, step
                    changed = True
    return best


@lru_cache(maxsize=1)
def _candidates() -> tuple[tuple[int, Step], ...]:
    found = []
    for a in range(2, _TABLE + 4):
        found += [(a * b, Step("mul", a, b)) for b in range(a, _TABLE // a + 1)]
        found += [(a**k, Step("pow", a, k)) for k in _EXPONENTS if a**k <= _TABLE + 3]
        found += [(a + r, Step("add", a, r)) for r in (1, 2, 3)]
        found += [(a - r, Step("sub", a, r)) for r in (1, 2, 3) if a > r]
    return tuple(found)


# -- large numbers: one factor or power at a time ------------------------------------------------

_plans: dict[int, tuple[int, Step]] = {}


def _plan(n: int) -> Step:
    """The cheapest known step to a large number; smaller numbers first, by an explicit stack."""
    stack = [n]
    while stack:
        top = stack[-1]
        steps = list(_steps(top))
        waiting = [m for s in steps for m in (s.a, s.b, s.r) if not _known(m)]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        _plans[top] = min((_price(s), s) for s in steps)
    return _plans[n][1]


def _known(n: int) -> bool:
    return n <= _TABLE or n in _plans


def _cost(n: int) -> int:
    return _table()[n][0] if n <= _TABLE else _plans[n][0]


def _price(step: Step) -> int:
    price = _COST[step.op] + _cost(step.a) + _cost(step.b)
    return price + _COST[step.then] + _cost(step.r) if step.then else price


def _steps(n: int) -> Iterator[Step]:
    """n as a product or a power, and a small rest; fewer ways the larger n is."""
    bits = n.bit_length()
    if bits > _LONG and n % 10**9 == 0:
        yield from _decimal(n)
        return
    divisor = max((d for d in _FACTORS if n % d == 0), default=0) if bits <= _LONG else 0
    if divisor:
        yield Step("mul", n // divisor, divisor)
    for d in _FACTORS if bits < 14 else (4,):
        q, r = divmod(n, d)
        if r:
            yield Step("mul", q, d, "add", r) if 2 * r <= d else Step("mul", q + 1, d, "sub", d - r)
        elif d != divisor:
            yield Step("mul", q, d)
    if bits <= _LONG:
        yield from _powers(n, _NEAR if bits <= 32 else 0)


def _decimal(n: int) -> Iterator[Step]:
    zeros = len(str(n)) - len(str(n).rstrip("0")) if n.bit_length() < 10_000 else 9
    rest = n // 10**zeros
    yield Step("pow", 10, zeros) if rest == 1 else Step("mul", rest, 10**zeros)


def _powers(n: int, near: int) -> Iterator[Step]:
    for k in _EXPONENTS:
        root = math.isqrt(n) if k == 2 else round(n ** (1 / k))
        for base in (root, root + 1):
            rest = n - base**k
            if base < 2 or abs(rest) > near * base:
                continue
            if not rest:
                yield Step("pow", base, k)
            else:
                yield Step("pow", base, k, "add" if rest > 0 else "sub", abs(rest))
