"""Whether a form is 0: common denominators, products multiplied out, logarithms joined."""

from __future__ import annotations

import math
from fractions import Fraction

from emlc.ir.domain import Interval
from emlc.passes.normal.space import Space
from emlc.passes.normal.terms import Form, Mono

_LIMIT = 2000


def is_zero(space: Space, a: Form) -> bool:
    """Whether the form is known to be 0 wherever its parts are defined.

    >>> s = Space({})
    >>> x = s.var("x")
    >>> is_zero(s, s.plus(s.exp(s.ln(x)), x, -1))
    True
    """
    if space.vanishes(a) or _logs_cancel(space, per_log(space, a)[0]):
        return True
    grown = space.expand(space.cleared(a))
    if grown is not a and _logs_cancel(space, per_log(space, grown)[0]):
        return True
    plain = _without_sixths(space, a)
    if plain is not a and space.vanishes(plain):
        return True
    return bool(space.vanishing) and _multiple_of_vanishing(space, a)


def _without_sixths(space: Space, a: Form) -> Form:
    """The form with exp(i pi/6) as i - i exp(i pi/3): over these two, sums of turns are unique."""
    sixths = [
        (m, c)
        for m, c in a.terms.items()
        if m.expo is not None and m.expo.terms.get(space.i_pi) == Fraction(1, 6)
    ]
    for m, c in sixths:
        sixth, third = (_exp(space, space.scaled(space.half_turn, Fraction(1, n))) for n in (6, 3))
        ((turn, _),) = sixth.terms.items()
        number, back = space.power(turn, -1)
        rest = space.times(space.form({m: c}), back, number)
        instead = space.times(space.plus(space.one, third, -1), space.imaginary)
        a = space.plus(space.plus(a, space.form({m: c}), -1), space.multiplied(rest, instead))
    return a


def _exp(space: Space, a: Form) -> Form:
    made = space.exp(a)
    assert isinstance(made, Form)
    return made


def _multiple_of_vanishing(space: Space, a: Form) -> bool:
    """Whether the form is a sum that is known to be 0 times something: long division."""
    a = space.expand(space.cleared(a), _LIMIT)
    for known in space.vanishing:
        if not known.terms:
            continue
        lead = max(known.terms, key=_weight)
        number, inverse = space.power(lead, -1)
        left = a
        for _ in range(3 * len(a.terms)):
            if not left.terms:
                return True
            m = max(left.terms, key=_weight)
            e, ratio = space.product(m, inverse)
            if not space.is_finite(ratio):
                break
            scale = -left.terms[m] / Fraction(known.terms[lead]) * number * e
            left = space.expand(space.plus(left, space.times(known, ratio, scale)), _LIMIT)
    return False


def _weight(m: Mono) -> float:
    """A total order of products that multiplication keeps."""
    total = sum(float(q) * _spread(atom.id) for atom, q in m.factors)
    if m.expo is not None:
        total += sum(float(c) * _spread(7 * n.id + 3) for n, c in m.expo.terms.items())
    return total


def _spread(k: int) -> float:
    return 1.0 + (k * 0.6180339887498949) % 1.0


def per_log(space: Space, a: Form) -> tuple[Form, Mono]:
    """The form divided by what its first logarithm is multiplied with, and that."""
    for m in a.terms:
        log = next((x for x, q in m.factors if x.kind == "ln" and q == 1), None)
        if log is not None:
            _, only = space.monomial(0, {log: -1}, None)
            _, rest = space.product(m, only)
            number, inverse = space.power(rest, -1)
            return space.times(a, inverse, number), rest
    return a, space.unit


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
    if not phase.within(Interval(-2.0 / scale, 2.0 / scale, True, True)):
        return False
    whole = _exp(space, space.expand(space.scaled(a, scale)))
    if not space.vanishes(space.plus(whole, space.one, -1)):
        return False
    space.steps["ln u + ln v = ln(u v)", f"Im in {phase} pi"] = None
    return True
