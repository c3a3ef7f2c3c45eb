"""Sets of complex numbers: a box in the plane, less 0 perhaps, integers only perhaps.

Bounds are floats rounded outward, so a set always holds the values it stands for.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction
from functools import lru_cache

from emlc.errors import DomainError
from emlc.tables.domains import PUBLIC, SETS

INF = math.inf
_SPLIT = 2.0**27 + 1
_ENDLESS = {-1: ("-inf",), 1: ("inf", "+inf")}
_FAR = re.compile(r"e[-+]?\d{4}", re.IGNORECASE)  # no double, and long to write out


@dataclass(frozen=True, slots=True)
class Interval:
    """A real interval; an infinite end is open."""

    lo: float
    hi: float
    lo_open: bool = False
    hi_open: bool = False

    def __contains__(self, x: float) -> bool:
        above = x > self.lo or (x == self.lo and not self.lo_open)
        return above and (x < self.hi or (x == self.hi and not self.hi_open))

    def within(self, other: Interval) -> bool:
        """Whether every point of this lies in the other."""
        low = self.lo > other.lo or (
            self.lo == other.lo and (self.lo_open or not other.lo_open or self.lo == -INF)
        )
        high = self.hi < other.hi or (
            self.hi == other.hi and (self.hi_open or not other.hi_open or self.hi == INF)
        )
        return low and high

    def meet(self, other: Interval) -> Interval | None:
        """The common part, or None when there is none."""
        if self is other or other is LINE:
            return self
        lo, lo_open = max((self.lo, self.lo_open), (other.lo, other.lo_open))
        hi, shut = min((self.hi, not self.hi_open), (other.hi, not other.hi_open))
        if lo > hi or (lo == hi and (lo_open or not shut)):
            return None
        return Interval(lo, hi, lo_open, not shut)

    def __neg__(self) -> Interval:
        if self is ZERO or self is LINE:
            return self
        return Interval(-self.hi + 0.0, -self.lo + 0.0, self.hi_open, self.lo_open)

    def __add__(self, other: Interval) -> Interval:
        if self is ZERO or other is LINE:
            return other
        if other is ZERO or self is LINE:
            return self
        lo, hi = _radd(self.lo, other.lo, -1), _radd(self.hi, other.hi, 1)
        if lo == -INF and hi == INF:
            return LINE
        return Interval(lo, hi, self.lo_open or other.lo_open, self.hi_open or other.hi_open)

    def __mul__(self, other: Interval) -> Interval:
        if self is ZERO or other is ZERO or self.lo == 0 == self.hi or other.lo == 0 == other.hi:
            return ZERO
        if self is LINE or other is LINE:
            return LINE
        return _product(self, other)

    def __str__(self) -> str:
        left = "(" if self.lo_open or self.lo == -INF else "["
        right = ")" if self.hi_open or self.hi == INF else "]"
        return f"{left}{_end(self.lo, -1)},{_end(self.hi, 1)}{right}"


LINE = Interval(-INF, INF, True, True)
ZERO = Interval(0.0, 0.0)
PI = Interval(math.pi, math.nextafter(math.pi, INF))


def _end(x: float, way: int) -> str:
    """The shortest text that is read as this end: 0.1 for the double beyond it, too."""
    if not math.isfinite(x) or x == int(x):
        return repr(x) if math.isinf(x) else str(int(x))
    inward = Context(prec=17, rounding=ROUND_CEILING if way < 0 else ROUND_FLOOR)
    texts = repr(x), f"{inward.create_decimal(x)}".lower(), repr(math.nextafter(x, -way * INF))
    return min((text for text in texts if _bound(text, way) == x), key=len)


def _down(x: float) -> float:
    return math.nextafter(x, -INF) if math.isfinite(x) else x


def _up(x: float) -> float:
    return math.nextafter(x, INF) if math.isfinite(x) else x


@dataclass(frozen=True, slots=True)
class Domain:
    """re + i pi im with re and im in intervals; `nonzero` takes 0 out, `integer` keeps integers.

    >>> positive = domain("positive")
    >>> positive.within(domain("real")), positive.excludes(0.0), domain("real").excludes(0.0)
    (True, True, False)
    """

    re: Interval = LINE
    im: Interval = ZERO
    nonzero: bool = False
    integer: bool = False

    @property
    def real(self) -> bool:
        """Whether every value is real."""
        return self.im is ZERO or self.im.lo == 0 == self.im.hi

    def excludes(self, x: float) -> bool:
        """Whether the real number x is not in the set."""
        if x == 0 and self.nonzero:
            return True
        if x not in self.re or (self.integer and x != int(x)):
            return True
        return self.im is not ZERO and 0.0 not in self.im

    def within(self, other: Domain) -> bool:
        """Whether every value of this set is in the other."""
        return (
            self.re.within(other.re)
            and self.im.within(other.im)
            and (not other.nonzero or self.excludes(0.0))
            and (not other.integer or self.integer)
        )

    def meet(self, other: Domain) -> Domain | None:
        """The common part, or None when it is known to be empty."""
        re, im = self.re.meet(other.re), self.im.meet(other.im)
        if re is None or im is None:
            return None
        made = Domain(re, im, self.nonzero or other.nonzero, self.integer or other.integer)
        return None if made.re == ZERO and made.im == ZERO and made.nonzero else made.trimmed()

    def trimmed(self) -> Domain:
        """The same set, 0 taken off a closed end rather than by the flag."""
        if not (self.nonzero and self.real):
            return self
        re = self.re
        if re.lo == 0:
            re = replace(re, lo_open=True)
        if re.hi == 0:
            re = replace(re, hi_open=True)
        return replace(self, re=re, nonzero=0.0 in re)

    def contains(self, re: Fraction, im: Fraction = Fraction(0)) -> bool:
        """Whether the exact Gaussian rational re + i im is in the set (its cuts taken exactly)."""
        if im and not (self.im.lo < float(im) / math.pi < self.im.hi):
            return False
        if not im and 0.0 not in self.im:
            return False
        inside = (re > self.re.lo or (re == self.re.lo and not self.re.lo_open)) and (
            re < self.re.hi or (re == self.re.hi and not self.re.hi_open)
        )
        if self.nonzero and not re and not im:
            return False
        return inside and (not self.integer or (re.denominator == 1 and not im))

    def __str__(self) -> str:
        name = _NAMES.get(self)
        if name:
            return name
        if self.real:
            text = str(self.re)
            if self.integer:
                text = f"integer {text}"
            return f"{text} nonzero" if self.nonzero else text
        text = "complex"
        if self.im != LINE or self.re != LINE:
            text += f" re {self.re} im/pi {self.im}"
        return f"{text} nonzero" if self.nonzero else text

    # -- arithmetic, outward rounded -----------------------------------------------------------

    def __add__(self, other: Domain) -> Domain:
        return Domain(self.re + other.re, self.im + other.im, False, self.integer and other.integer)

    def __neg__(self) -> Domain:
        return Domain(-self.re, -self.im, self.nonzero, self.integer)

    def __sub__(self, other: Domain) -> Domain:
        return self + -other

    def __mul__(self, other: Domain) -> Domain:
        nonzero = self.excludes(0.0) and other.excludes(0.0)
        integer = self.integer and other.integer
        if self.real and other.real:
            return Domain(self.re * other.re, ZERO, nonzero, integer).trimmed()
        re = self.re * other.re + -(self.im * other.im * _PI2)
        return Domain(re, self.re * other.im + self.im * other.re, nonzero)

    def inverse(self) -> Domain:
        """1/z for the nonzero values z."""
        if not self.real:
            if self.re == ZERO:
                flipped = replace(self, re=self.im, im=ZERO).inverse().re
                return Domain(ZERO, -(flipped * _PER_PI2), True)
            return Domain(LINE, LINE, True)
        lo, hi = self.re.lo, self.re.hi
        if lo < 0 < hi:
            return Domain(LINE, ZERO, True)
        bottom = (0.0, True) if math.isinf(hi) else (_rdiv(1, hi, -1), self.re.hi_open)
        top = (0.0, True) if math.isinf(lo) else (_rdiv(1, lo, 1), self.re.lo_open)
        if lo == 0:
            top = (INF, True)
        if hi == 0:
            bottom = (-INF, True)
        return Domain(Interval(bottom[0], top[0], bottom[1], top[1]), ZERO, 0.0 in self.re)

    def square(self) -> Domain:
        """z*z."""
        if not self.real:
            return self * self
        nonzero = self.excludes(0.0)
        a, b = sorted((abs(self.re.lo), abs(self.re.hi)))
        lo = 0.0 if self.re.lo < 0 < self.re.hi else a
        low = _rmul(lo, lo, -1)
        openness = self.re.lo_open if abs(self.re.lo) == a else self.re.hi_open
        made = Interval(low, _rmul(b, b, 1), openness and lo != 0, math.isinf(b))
        return Domain(made, ZERO, nonzero, self.integer).trimmed()


def _rmul(a: float, b: float, way: int) -> float:
    """a*b rounded outward (way -1 down, 1 up), exact products left as they are; 0*inf is 0."""
    if a == 0 or b == 0:
        return 0.0
    p = a * b
    if a == 1 or b == 1 or a == -1 or b == -1:
        return p
    size = abs(p)
    if 1e-200 < size < 1e200 and abs(a) < 1e200 and abs(b) < 1e200:
        if not _lost(a, b, p):
            return p
    elif math.isinf(p):
        return _overflow(p, way, a, b)
    elif Fraction(a) * Fraction(b) == Fraction(p):
        return p
    return math.nextafter(p, way * INF)


def _lost(a: float, b: float, p: float) -> float:
    """a*b - p for the rounded product p, exactly (T. J. Dekker, Numer. Math. 18 (1971) 224)."""
    t = _SPLIT * a
    high = t - (t - a)
    low = a - high
    t = _SPLIT * b
    top = t - (t - b)
    rest = b - top
    return ((high * top - p) + high * rest + low * top) + low * rest


def _rdiv(a: float, b: float, way: int) -> float:
    if b == 0:
        return INF
    q = a / b
    if math.isinf(q):
        return _overflow(q, way, a, b)
    if Fraction(q) * Fraction(b) == a:
        return q
    return _up(q) if way > 0 else _down(q)


def _radd(a: float, b: float, way: int) -> float:
    s = a + b
    if not math.isfinite(s):
        return _overflow(s, way, a, b)
    if s - a == b and s - b == a:
        return s
    return _up(s) if way > 0 else _down(s)


def _overflow(x: float, way: int, *operands: float) -> float:
    """An infinite result of finite operands stands for a finite number beyond the largest float."""
    if (x > 0) == (way > 0) or not all(map(math.isfinite, operands)):
        return x
    return math.copysign(sys.float_info.max, x)


def _product(a: Interval, b: Interval) -> Interval:
    if a.lo >= 0 and b.lo >= 0:
        low, low_open = _rmul(a.lo, b.lo, -1), _open(a.lo, b.lo, a.lo_open, b.lo_open)
        high, high_open = _rmul(a.hi, b.hi, 1), _open(a.hi, b.hi, a.hi_open, b.hi_open)
        return Interval(low, high, low_open, high_open)
    ends = [
        (x, y, _open(x, y, xo, yo)) for x, xo in ((a.lo, a.lo_open), (a.hi, a.hi_open))
        for y, yo in ((b.lo, b.lo_open), (b.hi, b.hi_open))
    ]  # fmt: skip
    low, low_open = min([(_rmul(x, y, -1), out) for x, y, out in ends])
    high, shut = max([(_rmul(x, y, 1), not out) for x, y, out in ends])
    if low == -INF and high == INF:
        return LINE
    return Interval(low, high, low_open, not shut)


def _open(x: float, y: float, x_open: bool, y_open: bool) -> bool:
    """Whether the end x*y is out of reach; a closed 0 reaches 0 whatever the other end is."""
    if x == 0 or y == 0:
        return not ((x == 0 and not x_open) or (y == 0 and not y_open))
    return x_open or y_open


@lru_cache(maxsize=512)
def domain(text: str) -> Domain:
    """The set of this name or interval, as in `real`, `[0,1]`, `(0,inf)`, `real nonzero`.

    Raises DomainError when the text is neither.
    """
    name = " ".join(text.split())
    if name in SETS:
        re, im, flags = SETS[name]
        return Domain(_interval(re), _interval(im), "nonzero" in flags, "integer" in flags)
    if name.endswith(" nonzero"):
        base = domain(name.removesuffix(" nonzero"))
        return replace(base, nonzero=True).trimmed()
    return Domain(_interval(name))


def _interval(text: str) -> Interval:
    body = text.replace(" ", "")
    ends = body[1:-1].split(",")
    try:
        if body[:1] not in ("[", "(") or body[-1:] not in ("]", ")") or len(ends) != 2:
            raise ValueError(text)
        lo, hi = _bound(ends[0], -1), _bound(ends[1], 1)
    except (ValueError, ZeroDivisionError, OverflowError):
        accepted = ", ".join(PUBLIC)
        raise DomainError(
            f"{text!r} is not a domain",
            hint=f"write one of {accepted}, or an interval such as [0,1] or (0,inf)",
        ) from None
    if lo > hi or (lo == hi and "(" in body[0] + body[-1].replace(")", "(")):
        raise DomainError(f"the interval {text} is empty")
    return Interval(lo, hi, body[0] == "(" or lo == -INF, body[-1] == ")" or hi == INF)


def _bound(text: str, way: int) -> float:
    """The end that a text means, rounded outward (way -1 down, 1 up): no point is left out."""
    if text.removesuffix("inity") in _ENDLESS[way]:
        return way * INF
    if _FAR.search(text):
        raise OverflowError(text)
    exact = Fraction(text)
    near = float(exact)
    return near if (Fraction(near) - exact) * way >= 0 else math.nextafter(near, way * INF)


def in_words(domains: Mapping[str, str]) -> str:
    """What variables range over as a person reads it.

    >>> in_words({"x": "positive", "y": "[0,1]"})
    'x positive, y in [0,1]'
    """
    return ", ".join(f"{name} {'in ' * (d[0] in '[(')}{d}" for name, d in domains.items())


@lru_cache(maxsize=4096)
def point(value: Fraction) -> Domain:
    """The set of one rational number."""
    x = float(value) if abs(value) < Fraction(10) ** 300 else INF if value > 0 else -INF
    integer = value.denominator == 1
    if math.isfinite(x) and Fraction(x) == value:
        return Domain(Interval(x, x), ZERO, False, integer)
    lo = _down(x) if math.isfinite(x) else (1e300 if x > 0 else -INF)
    hi = _up(x) if math.isfinite(x) else (INF if x > 0 else -1e300)
    return Domain(Interval(lo, hi, math.isinf(lo), math.isinf(hi)), ZERO, False, integer)


_PI2 = PI * PI
_PER_PI2 = Domain(_PI2).inverse().re
_NAMES = {domain(n): n for n in reversed(SETS) if n not in ("nonzero", "right")}
