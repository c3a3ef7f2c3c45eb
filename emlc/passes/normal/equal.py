"""Whether a form is 0: common denominators, products multiplied out, logarithms joined."""

from __future__ import annotations

import math
from fractions import Fraction

from emlc.passes.normal.space import Space
from emlc.passes.normal.terms import Atom, Form, Number

_LIMIT = 2000


def is_zero(space: Space, a: Form) -> bool:
    """Whether the form is known to be 0 wherever its parts are defined.

    >>> s = Space({})
    >>> x = s.var("x")
    >>> is_zero(s, s.plus(s.exp(s.ln(x)), x, -1))
    True
    """
    return _vanishes(space, a) or _logs_cancel(space, _per_log(space, a))


def _vanishes(space: Space, a: Form) -> bool:
    for _ in range(12):
        if not a.terms:
            return True
        grown = space.expand(cleared(space, a), _LIMIT)
        if grown is a:
            return False
        a = grown
    return False


def cleared(space: Space, a: Form) -> Form:
    """The form times powers of its factors so that no power is negative or shared by all."""
    least: dict[Atom, Number] = {}
    for m in a.terms:
        for atom, q in m.factors:
            least[atom] = min(least.get(atom, 0), q)
    for atom in least:
        if all(atom in dict(m.factors) for m in a.terms):
            least[atom] = min(dict(m.factors)[atom] for m in a.terms)
    factors = {atom: -q for atom, q in least.items() if q}
    common = next(iter(a.terms)).expo
    shift = None if common is None else space.scaled(common, -1)
    if not factors and shift is None:
        return a
    number, m = space.monomial(0, factors, shift)
    return space.times(a, m, number)


def _per_log(space: Space, a: Form) -> Form:
    """The form divided by what its first logarithm is multiplied with."""
    for m in a.terms:
        log = next((x for x, q in m.factors if x.kind == "ln" and q == 1), None)
        if log is not None:
            _, only = space.monomial(0, {log: -1}, None)
            _, rest = space.product(m, only)
            number, inverse = space.power(rest, -1)
            return space.times(a, inverse, number)
    return a


def _logs_cancel(space: Space, a: Form) -> bool:
    """Whether exp of a multiple of the form is 1 and no whole turn hides in it."""
    logs = [c for m, c in a.terms.items() if m.log is not None]
    if not logs:
        return False
    scale = 1
    for c in logs:
        scale = math.lcm(scale, Fraction(c).denominator)
    if scale > 12:
        return False
    phase = space.box(a).im
    if phase.lo * scale <= -2 or phase.hi * scale >= 2:
        return False
    whole = space.exp(space.expand(space.scaled(a, scale)))
    assert isinstance(whole, Form)
    if not _vanishes(space, space.plus(whole, space.one, -1)):
        return False
    space.steps["ln u + ln v = ln(u v)", f"Im in {phase} pi"] = None
    return True
