"""Short formulas for rational numbers: dynamic programming over the forms of trees.

A number is a sum, difference, product, quotient or power of cheaper ones. What it costs is counted
in each of the four forms of `templates`, as the rows make them. The numbers to 1024 have the least
costs for these steps; a larger one is cut in the ways that promise most.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from math import inf, isqrt, log2

from emlc.ir.node import Lit, Node, lit, node
from emlc.passes.templates import LOGARITHM, OPPOSITE, REST, VALUE, rows_for
from emlc.tables.primitives import BY_NAME

_TABLE = 1024
_FEW, _FIRST = 128, 100  # a table of so few is made at once, and settles so many of the first
_CHEAP = 120  # nodes; every step to a number of the table has an operand as cheap as this
_BIT = 17  # nodes that a bit of a number not looked at yet is taken to cost
_FACTORS = 500
_FEWER = 50  # in a hurry
_EXPONENTS = range(2, 17)
_LARGEST_BASE = 16
_WIDTHS = (30, 12, 4, 1, 1)  # ways looked into for a number, its parts, theirs; in a hurry
_BITS = (22, 40)  # numbers of more bits begin further on in these
_HURRIED = len(_WIDTHS) - 1
_LAST = _HURRIED - 1
_TRIED = 128  # bits; a longer number is cut into halves
_NARROW = 2000  # bits; parts of a longer number are looked into in one way only

Costs = tuple[float, ...]  # nodes of every form
_UNKNOWN: Costs = (inf, inf, inf, inf)


def spellings(value: Fraction, hurried: bool = False) -> tuple[Node, ...]:
    """Formulas in other numbers for a rational, for every form the best; none where a row is.

    In a hurry, one way is looked into and not dozens.

    >>> from emlc.show import show
    >>> [show(formula) for formula in spellings(Fraction(1000))]
    ['10^3']
    """
    if 0 < value <= _TABLE and value.denominator == 1:
        return _table_for(int(value)).spellings(int(value))
    if not value:
        return ()
    if hurried:
        plan = _divided(abs(value), _HURRIED)
        plan = plan if value > 0 else _combined("neg", plan)
    else:
        plan = _rational(value) if value > 0 else _negative(value)
    return tuple(dict.fromkeys(formula for _, formula in plan))


# -- what the rows cost ----------------------------------------------------------------------------

# (form, nodes, form of x, form of y): a form of x op y, from x and y in these forms; 0 for no y
Way = tuple[int, int, int, int]
_WAYS: dict[str, tuple[Way, ...]] = {
    "add": (
        (OPPOSITE, 9, OPPOSITE, VALUE), (VALUE, 13, OPPOSITE, VALUE), (VALUE, 17, VALUE, LOGARITHM),
        (OPPOSITE, 9, VALUE, OPPOSITE), (VALUE, 13, VALUE, OPPOSITE), (VALUE, 17, LOGARITHM, VALUE),
    ),
    "sub": ((VALUE, 3, LOGARITHM, VALUE),),
    "mul": (
        (REST, 7, REST, VALUE), (LOGARITHM, 11, REST, VALUE), (VALUE, 13, REST, VALUE),
        (REST, 7, VALUE, REST), (LOGARITHM, 11, VALUE, REST), (VALUE, 13, VALUE, REST),
    ),
    "div": ((LOGARITHM, 9, REST, REST), (VALUE, 11, REST, REST)),
    "pow": (
        (LOGARITHM, 17, REST, REST), (VALUE, 19, REST, REST),
        (LOGARITHM, 19, REST, VALUE), (VALUE, 21, REST, VALUE),
    ),
    "inv": ((LOGARITHM, 12, VALUE, 0), (VALUE, 14, VALUE, 0)),
    "neg": ((VALUE, 14, VALUE, 0),),
}  # fmt: skip
# from one form to another, in an order that leaves nothing to improve
_AROUND = ((VALUE, REST, 2), (REST, LOGARITHM, 4), (VALUE, OPPOSITE, 4))


@lru_cache(maxsize=1)
def _rows() -> dict[Fraction, Costs]:
    """The numbers that have a row of their own."""
    found: dict[Fraction, Costs] = {Fraction(1): (1, 7, 3, 5)}
    for t in rows_for("number"):
        assert isinstance(t.pattern.head, Lit)
        value = t.pattern.head.value
        made = [inf if p is None else p.base for p in t.programs[: len(_UNKNOWN)]]
        for a, b, more in _AROUND:
            made[b] = min(made[b], made[a] + more)
        old = found.get(value, _UNKNOWN)
        found[value] = tuple(min(pair) for pair in zip(made, old, strict=True))
    return found


# -- small numbers: the cheapest first -------------------------------------------------------------

Step = tuple[str, int, int]


class Table:
    """The least costs of the numbers from 1 on in every form, each with its last step."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        size = range(largest + 1)
        self.costs: list[list[float]] = [[inf] * len(size) for _ in _UNKNOWN]
        self.steps: list[list[Step | None]] = [[None] * len(size) for _ in _UNKNOWN]
        self._heap: list[tuple[float, int]] = []
        for value, costs in _rows().items():
            if value >= 1 == value.denominator and value <= largest:
                for form, cost in enumerate(costs):
                    self.costs[form][int(value)] = cost
                heapq.heappush(self._heap, (costs[VALUE], int(value)))
        self._fill()
        # about what the value of a part costs with the operation that takes it
        self.expected = [0.0, 10.0, *(v + 9 for v in self.costs[VALUE][2:])]

    def _fill(self) -> None:
        value = self.costs[VALUE]
        done: dict[int, Costs] = {}
        cheap: dict[int, None] = {}
        while self._heap:
            _, a = heapq.heappop(self._heap)
            now = self.of(a)
            if done.get(a) == now:
                continue
            done[a] = now
            if value[a] <= _CHEAP:
                cheap[a] = None
            for b in cheap:
                self._combine(a, b)

    def spellings(self, n: int) -> tuple[Node, ...]:
        """The last steps to a number, one for each form."""
        made = dict.fromkeys(self._formula(n, form) for form in range(len(_UNKNOWN)))
        return tuple(formula for formula in made if formula.args)

    def _formula(self, n: int, form: int) -> Node:
        step = self.steps[form][n]
        return lit(n) if step is None else node(BY_NAME[step[0]], lit(step[1]), lit(step[2]))

    def of(self, n: int) -> Costs:
        """The costs of a number."""
        return tuple(costs[n] for costs in self.costs)

    def _combine(self, a: int, b: int) -> None:
        """What one operation makes of two numbers."""
        v, log, r, o = self.costs
        if a < b:
            a, b = b, a
        if a + b <= self.largest:
            cost = min(o[a] + v[b], v[a] + o[b]) + 9
            if cost < o[a + b] or cost + 4 < v[a + b]:
                self._take("add", a, b, a + b)
        if a > b and log[a] + v[b] + 3 < v[a - b]:
            self._take("sub", a, b, a - b)
        if a * b <= self.largest and min(r[a] + v[b], v[a] + r[b]) + 7 < r[a * b]:
            self._take("mul", a, b, a * b)
        if b > 1 and a % b == 0 and r[a] + r[b] + 9 < log[a // b]:
            self._take("div", a, b, a // b)
        for x, y in ((a, b), (b, a)):
            if 1 < y < 11 and x > 1 and x**y <= self.largest:
                self._take("pow", x, y, x**y)

    def _take(self, name: str, x: int, y: int, n: int) -> None:
        costs, step = self.costs, (name, x, y)
        better = False
        for form, more, a, b in _WAYS[name]:
            cost = costs[a][x] + costs[b][y] + more
            if cost < costs[form][n]:
                costs[form][n], self.steps[form][n], better = cost, step, True
        for a, form, more in _AROUND:
            if costs[a][n] + more < costs[form][n]:
                costs[form][n], self.steps[form][n] = costs[a][n] + more, self.steps[a][n]
        if better:
            heapq.heappush(self._heap, (costs[VALUE][n], n))


@lru_cache(maxsize=2)
def _table(largest: int = _TABLE) -> Table:
    return Table(largest)


def _table_for(n: int) -> Table:
    return _table(_FEW) if n <= _FIRST else _table()


# -- larger numbers: the ways that promise most ----------------------------------------------------

Plan = tuple[tuple[float, Node], ...]  # for every form what it costs, and its formula
Cut = tuple[float, int, int, int]  # how much is expected of n = base^power * factor + rest


def _combined(name: str, *parts: Plan) -> Plan:
    """The plan of one operation on parts."""
    best: list[tuple[float, tuple[int, ...]]] = [(inf, (0, 0))] * len(_UNKNOWN)
    for form, more, *forms in _WAYS[name]:
        cost = more + sum(part[f][0] for part, f in zip(parts, forms, strict=False))
        best[form] = min(best[form], (cost, tuple(forms)))
    for a, form, more in _AROUND:
        best[form] = min(best[form], (best[a][0] + more, best[a][1]))
    row = BY_NAME[name]
    args = [[p[f][1] for p, f in zip(parts, forms, strict=False)] for _, forms in best]
    return tuple((cost, node(row, *below)) for (cost, _), below in zip(best, args, strict=True))


def _best(*plans: Plan) -> Plan:
    """The best of every form."""
    return tuple(min(some, key=lambda made: made[0]) for some in zip(*plans, strict=True))


def _leaf(value: Fraction | int, costs: Costs) -> Plan:
    leaf = lit(value)
    return tuple((cost, leaf) for cost in costs)


@lru_cache(maxsize=4096)
def _integer(n: int, depth: int = 0) -> Plan:
    """The plan of a positive integer; fewer ways are tried the deeper it is a part of another."""
    if n <= _TABLE:
        return _leaf(n, _table_for(n).of(n))
    bits = n.bit_length()
    if bits > _TRIED:
        return _halved(n, _LAST if bits > _NARROW else depth)
    depth = max(depth, bisect_left(_BITS, bits))
    below = max(depth, min(depth + 1, _LAST))
    cuts = heapq.nsmallest(_WIDTHS[depth], _cuts(n, depth == _HURRIED))
    return _best(*(_assembled(n, cut, below) for cut in cuts))


def _assembled(n: int, cut: Cut, depth: int) -> Plan:
    _, base, power, factor = cut
    main = _power(base, power, depth)
    if factor > 1:
        main = _combined("mul", main, _integer(factor, depth))
    rest = n - base**power * factor
    if not rest:
        return main
    return _combined("add" if rest > 0 else "sub", main, _integer(abs(rest), depth))


def _power(base: int, power: int, depth: int) -> Plan:
    made = _integer(base, depth)
    if power == 1:
        return made
    return _combined("pow", made, _integer(power, depth))


def _cuts(n: int, hurried: bool) -> Iterator[Cut]:
    """The ways to write a number as base^power * factor + rest, in a hurry few of them."""
    known = _table().expected
    for size, base, power, cost in _few() if hurried else _factors():
        if size > 2 * n:
            break
        factor, rest = divmod(n, size)
        for f, r in ((factor, rest), (factor + 1, size - rest)):
            if f and r < n and r < size:
                a = known[f] if f <= _TABLE else _BIT * log2(f)
                b = known[r] if r <= _TABLE else _BIT * log2(r)
                yield cost + a + b, base, power, f
    for k in () if hurried else _EXPONENTS:
        root = _root(n, k)
        for b in (root, root + 1):
            r = abs(n - b**k)
            if b > 1 and r < n:
                yield _expected(b) + 10 * k + 21 + _expected(r), b, k, 1


def _expected(n: int) -> float:
    return _table().expected[n] if n <= _TABLE else _BIT * log2(n)


@lru_cache(maxsize=1)
def _factors() -> tuple[tuple[int, int, int, float], ...]:
    """Numbers that are cheap for their size: (number, base, power, cost of the rest), by size."""
    rests = _table().costs[REST]
    cheap = heapq.nsmallest(_FACTORS, range(2, _TABLE + 1), key=lambda n: rests[n] - _BIT * log2(n))
    found = {n: (rests[n], n, 1) for n in cheap}
    for base in range(2, _LARGEST_BASE):
        for power in range(2, _TRIED):
            n = base**power
            if _TABLE < n < 1 << _TRIED:
                cost = _power(base, power, _LAST)[REST][0]
                found[n] = min(found.get(n, (inf, 0, 0)), (cost, base, power))
    return tuple((n, base, power, cost) for n, (cost, base, power) in sorted(found.items()))


@lru_cache(maxsize=1)
def _few() -> list[tuple[int, int, int, float]]:
    """The factors of the cheapest rests for their sizes, small and large."""
    found = _factors()
    small = bisect_left(found, (_TABLE + 1,))
    return [
        factor
        for some in (found[:small], found[small:])
        for factor in sorted(heapq.nsmallest(_FEWER, some, lambda f: f[3] - _BIT * log2(f[0])))
    ]


def _root(n: int, k: int) -> int:
    """The k-th root of an integer, rounded down."""
    if k == 2:
        return isqrt(n)
    low, high = 0, 1 << (n.bit_length() // k + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**k <= n else (low, middle)
    return low


def _halved(n: int, depth: int) -> Plan:
    """The plan of a long number: what is 0 at its end split off, or else its upper half."""
    for base in (10, 2):
        end = _times(base, n)
        if end * base.bit_length() > _TRIED // 4:
            return _assembled(n, (0, base, end, n // base**end), depth)
    half = n.bit_length() // 2
    upper = (n >> half) + (n >> (half - 1) & 1)
    return _assembled(n, (0, 2, half, upper), depth)


def _times(base: int, n: int) -> int:
    """How often a number is divisible by another."""
    times, step = 0, 1 << n.bit_length().bit_length()
    while step:
        if n % base ** (times + step) == 0:
            times += step
        step //= 2
    return times


# -- fractions and negative numbers ----------------------------------------------------------------


def _rational(value: Fraction) -> Plan:
    """The plan of a positive rational."""
    plans = [_divided(value)]
    tens = 10 ** max(_times(p, value.denominator) for p in (2, 5))
    if value.denominator not in (1, tens) and tens % value.denominator == 0:
        plans.append(_combined("div", _part(int(value * tens)), _part(tens)))
    whole, part = divmod(value, 1)
    if part:
        if whole:
            plans.append(_combined("add", _integer(whole), _quotient(part)))
        plans.append(_combined("sub", _integer(whole + 1), _quotient(1 - part)))
        short = value.numerator.bit_length() + value.denominator.bit_length() < _TRIED
        for k in _EXPONENTS if short else ():
            root = Fraction(_root(value.numerator, k), _root(value.denominator, k))
            if root**k == value:
                plans.append(_combined("pow", _quotient(root), _integer(k)))
    return _best(*plans)


def _quotient(value: Fraction) -> Plan:
    costs = _rows().get(value)
    return _leaf(value, costs) if costs is not None else _divided(value)


def _divided(value: Fraction, depth: int = 0) -> Plan:
    if value.denominator == 1:
        return _integer(value.numerator, depth)
    p, q = (_part(n, depth) for n in (value.numerator, value.denominator))
    return _combined("inv", q) if value.numerator == 1 else _combined("div", p, q)


def _part(n: int, depth: int = 0) -> Plan:
    """The plan of an integer; a long one is named, so that it is built by itself."""
    made = _integer(n, depth)
    return made if n.bit_length() <= _TRIED else _leaf(n, tuple(cost for cost, _ in made))


def _negative(value: Fraction) -> Plan:
    """The plan of a negative rational: -x, or 1 - (x + 1)."""
    plan = _rational(-value)
    return _best(_combined("neg", plan), _combined("sub", _integer(1), _rational(1 - value)))
