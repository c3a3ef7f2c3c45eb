"""What is known of the value of every entry of a tape, from the domains of its variables.

Abstract interpretation: boxes in the plane with outward rounded bounds, imaginary parts in
half-turns, and the infinities of the exact meaning. No fact means any value.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from emlc.ir.domain import INF, LINE, PI, ZERO, Domain, Interval, domain, point
from emlc.ir.node import Lit, Var
from emlc.ir.tape import NONE, Tape
from emlc.tables.primitives import EML, Primitive

_TURN = Interval(-1.0, 1.0, True, False)
_PER_PI = Domain(PI).inverse().re
_SLACK = 4e-16  # the C library's cos and sin, absolute, with room to spare


@dataclass(frozen=True, slots=True)
class Fact:
    """What an entry may be; every part is an upper bound.

    values   a set that holds its finite values, None when it has none
    low      imaginary parts (half-turns) with which it may be -inf, None when it is not
    high     the same for +inf
    defined  whether it has a value, finite or not, at every point
    """

    values: Domain | None
    low: Interval | None = None
    high: Interval | None = None
    defined: bool = True

    @property
    def finite(self) -> bool:
        """Whether it has a finite value at every point."""
        return self.defined and self.low is None and self.high is None

    @property
    def real(self) -> bool:
        """Whether its finite values are real."""
        return self.values is None or self.values.real

    @property
    def sign(self) -> int | None:
        """1, -1 or 0 where the finite values are real and all of that sign, None otherwise."""
        v = self.values
        if v is None or not v.real:
            return None
        if v.re == ZERO:
            return 0
        return 1 if v.within(_POSITIVE) else -1 if v.within(_NEGATIVE) else None

    @property
    def zero(self) -> bool | None:
        """Whether it is 0: always, never (False), or not known (None)."""
        if self.values is None or self.values.excludes(0.0):
            return False
        return True if self.sign == 0 and self.finite else None

    @property
    def integer(self) -> bool:
        """Whether its finite values are integers."""
        return self.values is not None and self.values.integer


_POSITIVE, _NEGATIVE = domain("positive"), domain("negative")
TOP = Fact(domain("complex"), LINE, LINE, False)


def facts(tape: Tape, domains: Mapping[str, Domain] | None = None) -> list[Fact]:
    """The fact of every entry of a tree over eml, in one sweep over the tape.

    A variable without a domain is any complex number; a head that is not eml has no fact.

    >>> from emlc.parse import parse_tree
    >>> from emlc.ir.tape import flatten
    >>> t = flatten(parse_tree("eml(x, 1)"))
    >>> facts(t, {"x": domain("real")})[-1].sign
    1
    """
    given = domains or {}
    leaves = [_leaf(h, given) if h is not EML else None for h in tape.heads]
    # equal facts are one object, and what was worked out for two of them is not worked out again
    one: dict[Fact, Fact] = {}
    known: dict[tuple[int, int], Fact] = {}
    out: list[Fact] = []
    for o, a, b in zip(tape.op, tape.left, tape.right, strict=True):
        leaf = leaves[o]
        if leaf is not None:
            out.append(one.setdefault(leaf if a == NONE else TOP, leaf if a == NONE else TOP))
            continue
        x, y = out[a], out[b]
        made = known.get((id(x), id(y)))
        if made is None:
            made = subtract(exp(x), ln(y))
            made = known[id(x), id(y)] = one.setdefault(made, made)
        out.append(made)
    return out


def _leaf(head: object, given: Mapping[str, Domain]) -> Fact:
    if isinstance(head, Var):
        return Fact(given.get(head.name, domain("complex")))
    if isinstance(head, Lit):
        return Fact(point(head.value))
    if isinstance(head, Primitive) and not head.params:
        return Fact(domain(head.range))
    return TOP


# -- transfer ------------------------------------------------------------------------------------


def exp(a: Fact) -> Fact:
    """The fact of exp of an entry."""
    values = None if a.values is None else exp_of(a.values)
    if a.low is not None:
        values = hull(values, point_zero)
    low = high = None
    defined = a.defined
    if a.high is not None:
        low, high, known = _direction(a.high)
        defined = defined and known
    return Fact(values, low, high, defined)


def _direction(im: Interval) -> tuple[Interval | None, Interval | None, bool]:
    """exp of +inf with this imaginary part: to -inf, to +inf, and whether no other way."""
    if im.lo == im.hi and im.lo == int(im.lo):
        return (None, ZERO, True) if int(im.lo) % 2 == 0 else (ZERO, None, True)
    return ZERO, ZERO, False


def ln(b: Fact) -> Fact:
    """The fact of the principal logarithm of an entry."""
    values, low = None, None
    if b.values is not None:
        if not b.values.excludes(0.0):
            low = ZERO
        if b.values.re != ZERO or b.values.im != ZERO:
            values = ln_of(b.values)
    high = ZERO if b.high is not None else None
    if b.low is not None:
        turned = Interval(1.0, 1.0) if b.low.lo >= 0 else Interval(-1.0, 1.0)
        high = turned if high is None else Interval(min(0.0, turned.lo), 1.0)
    return Fact(values, low, high, b.defined)


def subtract(a: Fact, b: Fact) -> Fact:
    """The fact of a difference; inf - inf is undefined."""
    values = None
    if a.values is not None and b.values is not None:
        nothing = b.values.re == ZERO and b.values.im == ZERO
        values = a.values if nothing else a.values - b.values
    same = (a.low is not None and b.low is not None) or (a.high is not None and b.high is not None)
    low, high = _infinite(a.low, b.high, a, b), _infinite(a.high, b.low, a, b)
    return Fact(values, low, high, a.defined and b.defined and not same)


def _infinite(left: Interval | None, right: Interval | None, a: Fact, b: Fact) -> Interval | None:
    """Imaginary parts of an infinite difference: `left` less b, or a less `right`."""
    found: Interval | None = None
    for im, other, flip in ((left, b, False), (right, a, True)):
        if im is None:
            continue
        ims = [] if other.values is None else [other.values.im]
        ims += [i for i in (other.low, other.high) if i is not None]
        for i in ims:
            made = i + -im if flip else im + -i
            found = made if found is None else _span(found, made)
    return found


# -- boxes ---------------------------------------------------------------------------------------

point_zero = Domain(ZERO, ZERO, False, True)


def hull(a: Domain | None, b: Domain) -> Domain:
    """A box around both sets."""
    if a is None:
        return b
    nonzero = a.excludes(0.0) and b.excludes(0.0)
    return Domain(_span(a.re, b.re), _span(a.im, b.im), nonzero, a.integer and b.integer)


def _span(a: Interval, b: Interval) -> Interval:
    lo, lo_open = min((a.lo, a.lo_open), (b.lo, b.lo_open))
    hi, shut = max((a.hi, not a.hi_open), (b.hi, not b.hi_open))
    return Interval(lo, hi, lo_open, not shut)


@lru_cache(maxsize=4096)
def exp_of(z: Domain) -> Domain:
    """The image of a box under exp."""
    size = Domain(_size(z.re))
    if z.im == ZERO:
        return size
    return size * direction(z.im)


def _size(re: Interval) -> Interval:
    """exp of a real interval, never 0."""
    lo = outward(math.exp, min(re.lo, 709.0), -1) if re.lo > -740 else 0.0
    hi = outward(math.exp, max(re.hi, -740.0), 1) if re.hi < 709 else INF
    lo = max(lo, 0.0)
    return Interval(lo, hi, re.lo_open or lo == 0.0, re.hi_open or hi == INF)


def outward(f: Callable[[float], float], x: float, way: int) -> float:
    """f(x) by the C library, moved outward by more than its error but where it is exact."""
    y = f(x)
    if y in (0.0, 1.0) and x in (0.0, 1.0):
        return y
    for _ in range(4):
        y = math.nextafter(y, way * INF)
    return y


def direction(turns: Interval) -> Domain:
    """The box of cos + i sin over an interval of half-turns."""
    return Domain(_wave(turns, 0.0), _scaled(_wave(turns, 0.5)), True)


def _scaled(x: Interval) -> Interval:
    """A real interval as imaginary half-turns."""
    return x * _PER_PI


def _wave(turns: Interval, phase: float) -> Interval:
    """cos of pi (t - phase) over an interval, ends at quarter turns exact."""
    lo, hi = turns.lo - phase, turns.hi - phase
    if hi - lo >= 2 or abs(lo) > 2**40:
        return Interval(-1.0, 1.0)
    ends = [(_cos(lo, -1), turns.lo_open), (_cos(hi, -1), turns.hi_open)]
    tops = [(_cos(lo, 1), turns.lo_open), (_cos(hi, 1), turns.hi_open)]
    ends += [(float((-1) ** (k % 2)), False) for k in range(_above(turns, lo), _below(turns, hi))]
    tops += ends[2:]
    low = min(ends)
    high = max((v, not o) for v, o in tops)
    return Interval(low[0], high[0], low[1], not high[1])


def _above(turns: Interval, lo: float) -> int:
    k = math.ceil(lo)
    return k + 1 if k == lo and turns.lo_open else k


def _below(turns: Interval, hi: float) -> int:
    k = math.floor(hi)
    return k if k == hi and turns.hi_open else k + 1


def _cos(t: float, way: int) -> float:
    quarter = 2 * t
    if quarter == int(quarter):
        return (1.0, 0.0, -1.0, 0.0)[int(quarter) % 4]
    return max(-1.0, min(1.0, math.cos(math.pi * math.fmod(t, 2.0)) + way * _SLACK * (1 + abs(t))))


@lru_cache(maxsize=4096)
def ln_of(z: Domain) -> Domain:
    """The image of the nonzero values of a box under the principal logarithm."""
    near, far = _modulus(z)
    if far == 0:
        return domain("real")  # there are none
    lo = outward(math.log, near, -1) if near > 0 else -INF
    hi = outward(math.log, far, 1)
    edge = z.real and (z.re.lo_open if z.re.lo >= 0 else z.re.hi_open)
    top = z.real and (z.re.hi_open if z.re.lo >= 0 else z.re.lo_open)
    re = Interval(lo, hi, lo == -INF or edge, hi == INF or (top and not (z.re.lo < 0 < z.re.hi)))
    return Domain(re, arg_of(z), z.excludes(1.0)).trimmed()


def _modulus(z: Domain) -> tuple[float, float]:
    """Bounds of the modulus of a box."""
    near_re, far_re = _reach(z.re)
    if z.real:
        return near_re, far_re
    near_im, far_im = _reach(z.im)
    near = min(math.hypot(near_re, near_im * PI.lo), sys.float_info.max)
    return near * (1 - 1e-15), math.hypot(far_re, far_im * PI.hi) * (1 + 1e-15)


def _reach(x: Interval) -> tuple[float, float]:
    near = 0.0 if x.lo <= 0 <= x.hi else min(abs(x.lo), abs(x.hi))
    return near, max(abs(x.lo), abs(x.hi))


def arg_of(z: Domain) -> Interval:
    """The principal arguments of the nonzero values of a box, in half-turns."""
    re, im = z.re, z.im
    if im == ZERO:
        if re.lo >= 0:
            return ZERO
        return Interval(1.0, 1.0) if re.hi <= 0 else Interval(0.0, 1.0)
    corners = (re.lo, re.hi, im.lo, im.hi)
    cut = im.lo <= 0 <= im.hi and re.lo <= 0
    if all(map(math.isfinite, corners)) and not cut:
        turns = [math.atan2(y * math.pi, x) / math.pi for x in corners[:2] for y in corners[2:]]
        return Interval(max(-1.0, min(turns) - 1e-15), min(1.0, max(turns) + 1e-15))
    right = re.lo > 0 or (re.lo == 0 and re.lo_open)
    if re.lo >= 0:
        return _arg_right(re, im, right)
    if im.lo >= 0:
        strict = im.lo > 0 or im.lo_open
        if re.hi <= 0:
            left = re.hi < 0 or re.hi_open
            return Interval(0.5, 1.0, left, strict)
        return Interval(0.0, 1.0, strict, strict)
    if im.hi < 0 or (im.hi == 0 and im.hi_open):
        if re.hi <= 0:
            return Interval(-1.0, -0.5, True, re.hi < 0 or re.hi_open)
        return Interval(-1.0, 0.0, True, True)
    return _TURN


def _arg_right(re: Interval, im: Interval, right: bool) -> Interval:
    lo, lo_open, hi, hi_open = -0.5, right, 0.5, right
    if im.lo >= 0:
        lo, lo_open = 0.0, im.lo > 0 or im.lo_open
    if im.hi <= 0:
        hi, hi_open = 0.0, im.hi < 0 or im.hi_open
    if re.lo > 0 and math.isfinite(im.lo) and im.lo < 0:
        lo, lo_open = max(lo, _angle(im.lo, re.lo, -1)), False
    if re.lo > 0 and math.isfinite(im.hi) and im.hi > 0:
        hi, hi_open = min(hi, _angle(im.hi, re.lo, 1)), False
    return Interval(lo, hi, lo_open, hi_open)


def _angle(im: float, re: float, way: int) -> float:
    turns = math.atan2(im * math.pi, re) / math.pi
    return turns + way * 4e-16 if abs(turns) < 0.4999999 else way * 0.5


@lru_cache(maxsize=4096)
def power_of(z: Domain, q: float, turns: Interval) -> Domain:
    """The image of the nonzero values of a box under the power q, their arguments known."""
    ends = _modulus(z) if q > 0 else _modulus(z)[::-1]
    lo, hi = (_scale(x, q, way) for x, way in zip(ends, (-1, 1), strict=True))
    size = Domain(Interval(lo, hi, lo == 0.0, hi == INF))
    return size * direction(turns * Interval(q, q))


def _scale(x: float, q: float, way: int) -> float:
    """A bound of x to the power q from below (way -1) or above (1)."""
    if x in (0.0, INF):
        return INF if (x > 0) == (q > 0) else 0.0
    size = q * math.log(x)
    if way * size > 700:
        return INF if way > 0 else 0.0
    return math.exp(max(-700.0, min(size, 700.0))) * (1 + way * 4e-13) if size else 1.0
