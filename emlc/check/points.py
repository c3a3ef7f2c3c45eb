"""Exact sample points of a domain: specials, ends, both sides of cuts, and a seeded random rest."""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from emlc.check.reference import Point, Reference
from emlc.ir.domain import Domain
from emlc.passes.ranges import Ranges

Gaussian = tuple[Fraction, Fraction]

_TINY = Fraction(1, 1 << 40)
_GRAIN = 1 << 100
_PLAIN = 10**6
_REAL = [Fraction(n, d) for n, d in (
    (0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (3, 1), (-3, 1), (1, 1000),
    (-1, 1000), (10, 1), (-10, 1), (5, 4), (-7, 3), (30, 1), (-30, 1), (99, 100), (-99, 100),
)]  # fmt: skip
_PLANE: list[Gaussian] = [
    (Fraction(a), Fraction(b))
    for a, b in ((0, 1), (0, -1), (0, 3), (0, -3), (1, 1), (-1, 1), (-1, -1), (2, -5), (-2, 7),
                 (0, 20), (Fraction(1, 2), Fraction(-1, 3)), (-3, Fraction(1, 2)))
]  # fmt: skip
_SIDES = [(Fraction(x), s * _TINY) for x in (-2, Fraction(-1, 2), 2, 3) for s in (1, -1)]


def specials(d: Domain) -> list[Gaussian]:
    """The points that a set is most often wrong at."""
    ends = [_meant(e) for e in (d.re.lo, d.re.hi) if math.isfinite(e)]
    near = [e + s * _TINY for e in ends for s in (1, -1)]
    real = [(x, Fraction(0)) for x in (*ends, *near, *_REAL)]
    plane = [] if d.real else [*_PLANE, *_SIDES]
    return [p for p in dict.fromkeys([*real, *plane]) if d.contains(*p)]


def _meant(end: float) -> Fraction:
    """The end that was written, 3/10 for the double beyond it."""
    exact = Fraction(end)
    near = exact.limit_denominator(_PLAIN)
    return near if abs(near - exact) <= Fraction(math.ulp(end)) else exact


def draw(d: Domain, rng: random.Random) -> Gaussian | None:
    """A random point of the set, magnitudes log-uniform, None after many misses."""
    for _ in range(40):
        re = _coordinate(d.re.lo, d.re.hi, rng)
        if d.integer:
            re = Fraction(round(re))
        im = Fraction(0) if d.real else _coordinate(-math.inf, math.inf, rng)
        if not d.real and rng.random() < 0.2:
            im = Fraction(0)
        if d.contains(re, im):
            return re, im
    return None


def _coordinate(lo: float, hi: float, rng: random.Random) -> Fraction:
    if math.isfinite(lo) and math.isfinite(hi):
        return Fraction(rng.uniform(lo, hi)).limit_denominator(1 << 20)
    size = Fraction(math.exp(rng.uniform(math.log(1e-3), math.log(40)))).limit_denominator(1 << 16)
    if math.isfinite(lo):
        return Fraction(lo) + size
    if math.isfinite(hi):
        return Fraction(hi) - size
    return size if rng.random() < 0.5 else -size


def sample(ranges: Ranges, count: int, seed: int) -> Iterator[Point]:
    """Up to `count` points that satisfy the domain and its conditions, specials first."""
    rng = random.Random(seed)
    names = sorted(ranges.variables)
    domains = [ranges.variables[n] for n in names]
    allowed = Filter(ranges)
    given = 0
    stream = itertools.chain(_combined(domains, rng), _random(domains, rng))
    for tries, values in enumerate(stream, 1):
        point = dict(zip(names, values, strict=True))
        if allowed(point):
            yield point
            given += 1
        if given >= count or tries >= 20 * count or (not names):
            return


def _combined(domains: list[Domain], rng: random.Random) -> Iterator[tuple[Gaussian, ...]]:
    """Special points: the first of each together, where roots end, then some of all others."""
    special = [specials(d) for d in domains]
    if len(domains) == 1:
        yield from ((p,) for p in special[0])
        return
    if domains:
        whole = list(itertools.islice(itertools.product(*(_dozen(s) for s in special)), 2000))
        yield from whole[:1]
        rng.shuffle(whole)
        yield from whole[:120]
    else:
        yield ()


def _dozen(points: list[Gaussian]) -> list[Gaussian]:
    """Twelve of the points, half of them off the real axis where there are such."""
    off = [p for p in points if p[1]][:6]
    return [p for p in points if not p[1]][: 12 - len(off)] + off


def _random(domains: list[Domain], rng: random.Random) -> Iterator[tuple[Gaussian, ...]]:
    while True:
        drawn = [draw(d, rng) for d in domains]
        values = [p for p in drawn if p is not None]
        if len(values) < len(drawn):
            return
        yield tuple(values)


class Filter:
    """Whether a point satisfies the conditions on parts."""

    def __init__(self, ranges: Ranges) -> None:
        self.parts = [(Reference(part), d) for part, d in ranges.conditions.items()]
        self.poles = [Reference(part) for part in ranges.poles]

    def __call__(self, point: Point) -> bool:
        for reference in self.poles:
            value = reference.at(point, 20)
            if value is None or abs(value) < 1e-15:
                return False
        for reference, d in self.parts:
            value = reference.at(point, 40)
            if value is None or not _inside(d, value):
                return False
        return True


def _inside(d: Domain, value: Any) -> bool:
    near_zero = abs(value) < 1e-15
    if near_zero and d.excludes(0.0):
        return False
    flat = abs(value.imag) < 1e-15
    return d.contains(_settled(value.real), Fraction(0) if flat else _settled(value.imag))


def _settled(x: Any) -> Fraction:
    """A number of 40 digits without the last ten, which are noise: coth(20) is beyond 1."""
    if not abs(x) < sys.float_info.max:
        return Fraction(sys.float_info.max if x > 0 else -sys.float_info.max)
    man, exp = x.man_exp
    size = Fraction(man) * Fraction(2) ** exp
    return Fraction(round(size * _GRAIN), _GRAIN) * (1 if x > 0 else -1)
