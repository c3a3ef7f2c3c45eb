"""Facts about sums that their terms one by one do not show, each a small lemma.

A lemma gives a smaller set for the values of the sum, or None where its shape does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from emlc.ir.domain import ZERO, Domain, Interval, domain, point
from emlc.passes.facts import ln_of
from emlc.passes.normal.digits import Number
from emlc.passes.normal.terms import Atom, Form, Mono

if TYPE_CHECKING:
    from emlc.passes.normal.boxes import Boxes

_POSITIVE, _NONZERO = domain("positive"), domain("nonzero")
_MAX_TERMS = 6


def sharper(space: Boxes, a: Form, box: Domain) -> Domain | None:
    """The box of a sum met with what its shape tells."""
    if len(a.terms) > _MAX_TERMS or a.depth > 12:
        return None
    if box.real:
        for scaled in _multiples(space, a):
            sign = _sign(space, scaled)
            if sign is not None:
                return box.meet(_POSITIVE if sign > 0 else -_POSITIVE)
    return conjugate(space, a, box)


def _multiples(space: Boxes, a: Form) -> Iterator[Form]:
    """The sum, and its quotients by positive products made of parts of its terms."""
    yield a
    factors: dict[Mono, None] = {space.unit: None}
    expos: dict[Mono, None] = {space.unit: None}
    for m in list(a.terms):
        plain = {x: q for x, q in m.factors if x.kind != "ln"}
        factors[space.monomial(0, plain, None)[1]] = None
        factors.update((space.monomial(0, {x: 1}, None)[1], None) for x in plain)
        if m.expo is not None:
            expos[space.mono(0, (), m.expo)] = None
            expos[space.mono(0, (), space.scaled(m.expo, Fraction(1, 2)))] = None
            for n, c in m.expo.terms.items() if len(m.expo.terms) < 4 else ():
                expos[space.mono(0, (), space.form({n: c}))] = None
    for f in factors:
        for e in expos:
            part = space.product(f, e)[1]
            if part is not space.unit and space.mono_box(part).within(_POSITIVE):
                number, inverse = space.power(part, -1)
                yield space.times(a, inverse, number)


def _sign(space: Boxes, a: Form) -> int | None:
    """1 or -1 where a lemma shows the sum to be positive or negative."""
    for sign in (1, -1):
        b = space.scaled(a, sign)
        if _dominated(space, b) or _beyond_linear(space, b) or _beyond_log(space, b):
            return sign
    return None


def _dominated(space: Boxes, a: Form) -> bool:
    """Every negative term is outweighed by a positive term of its own."""
    up = [(m, c) for m, c in a.terms.items() if c > 0]
    strict = False
    for m, c in a.terms.items():
        if c > 0:
            continue
        if not space.mono_box(m).within(_POSITIVE):
            return False
        for k, (n, d) in enumerate(up):
            scale, inverse = space.power(m, -1)
            number, ratio = space.product(n, inverse)
            size = (space.mono_box(ratio) * point(Fraction(d) * number * scale / -c)).re
            if ratio.i == 0 and size.lo >= 1:
                strict = strict or size.lo > 1 or size.lo_open
                del up[k]
                break
        else:
            return False
    rest = [space.mono_box(m) for m, _ in up]
    if not all(b.within(domain("nonnegative")) for b in rest):
        return False
    if strict or any(b.within(_POSITIVE) for b in rest):
        space.note("u - v > 0", "u / v >= 1, v > 0")
        return True
    return False


def _beyond_linear(space: Boxes, a: Form) -> bool:
    """exp(u) - u >= 1 for real u, for one term exp(u) in the sum."""
    for m, c in a.terms.items():
        if m.expo is None or m.i or c < 0 or not space.mono_box(m).within(_POSITIVE):
            continue
        u = m.expo
        if m.factors:
            log = space.ln(space.form({m: 1}))
            if not isinstance(log, Form):
                continue
            u = space.expand(log)
        if not space.box(u).real:
            continue
        for lead in _leads(u, a):
            rest = space.plus(space.plus(a, space.form({m: c}), -1), u, lead)
            if len(rest.terms) < len(a.terms) and _reaches(space, rest, c, lead):
                space.note("exp(u) - u >= 1", "u real")
                return True
    return False


def _leads(u: Form, a: Form) -> list[Number]:
    """The multiples of u whose subtraction the sum may hold."""
    both = ((m, c) for m, c in u.terms.items() if m in a.terms)
    return list(dict.fromkeys(-a.terms[m] / Fraction(c) for m, c in both))


def _reaches(space: Boxes, rest: Form, c: Number, lead: Number) -> bool:
    """Whether c exp(u) - lead u + rest is positive, by c (exp(u) - u) >= c."""
    if lead != c:
        return False
    low = term_box(space, rest).re
    return low.lo > -c or (low.lo == -c and low.lo_open)


def _beyond_log(space: Boxes, a: Form) -> bool:
    """u - ln u >= 1 for positive u, for logarithms in the sum that share a coefficient."""
    by_scale: dict[Number, Form] = {}
    for m, c in a.terms.items():
        if m.log is not None and c < 0 and isinstance(m.log.body, Form):
            old = by_scale.get(c, space.one)
            by_scale[c] = space.expand(space.multiplied(old, m.log.body))
    for c, inner in by_scale.items():
        if not space.box(inner).within(_POSITIVE):
            continue
        for v in list(_multiples(space, inner)):
            u = _matched(space, a, v, -c)
            value = None if u is None else space.ln(u)
            if u is None or not isinstance(value, Form):
                continue
            rest = space.plus(space.plus(a, u, c), value, -c)
            if len(rest.terms) < len(a.terms) and _reaches(space, rest, -c, -c):
                space.note("u - ln u >= 1", "u > 0")
                return True
    return False


def _matched(space: Boxes, a: Form, v: Form, scale: Number) -> Form | None:
    """The positive multiple of v that stands, times the scale, in the sum."""
    for m, c in v.terms.items():
        k = a.terms.get(m, 0) / (Fraction(scale) * c)
        if k > 0:
            return space.scaled(v, k)
    return None


def own_conjugate(space: Boxes, a: Form, box: Domain) -> Domain:
    """A sum that is its own complex conjugate is real."""
    if box.real or len(a.terms) > _MAX_TERMS or a.depth > 6:
        return box
    mirror = mirrored(space, a)
    if mirror is a:
        space.note("u = conj u: u is real", "term by term")
        return box.meet(domain("real")) or box
    if mirror is None or math.isfinite(box.im.hi - box.im.lo) or len(a.terms) > 3:
        return box
    square = space.multiplied(a, mirror)
    if space.vanishes(space.plus(square, space.one, -1), 40):
        space.note("u conj u = 1: |u| = 1", "multiplied out")
        return box.meet(domain("unit circle")) or box
    return box


def mirrored(space: Boxes, a: Form) -> Form | None:
    """The complex conjugate of a form, None where it is not plain."""
    parts: list[tuple[Number, Number, Mono]] = []
    for m, c in a.terms.items():
        factors: dict[Atom, Number] = {}
        for atom, q in m.factors:
            if not (atom.positive or (atom.box.real and q == int(q))):
                other = _mirrored_atom(space, atom) if q == int(q) else None
                if other is None:
                    return None
                atom = other
            factors[atom] = factors.get(atom, 0) + q
        expo = None if m.expo is None else mirrored(space, m.expo)
        if expo is None and m.expo is not None:
            return None
        parts.append((c, *space.monomial(3 * m.i, factors, expo)))
    return space.gather(parts)


def _mirrored_atom(space: Boxes, atom: Atom) -> Atom | None:
    if not isinstance(atom.body, Form):
        return None
    inner = mirrored(space, atom.body)
    if inner is None:
        return None
    if atom.kind == "sum":
        return space.sum_atom(inner)
    arg = space.sum_atom(atom.body).arg
    if atom.kind != "ln" or arg.hi > 1 or (arg.hi == 1 and not arg.hi_open):
        return None
    ((m, _),) = space.ln_atom(inner).terms.items()
    return m.log


def conjugate(space: Boxes, a: Form, box: Domain) -> Domain | None:
    """u + w with w^2 - u^2 known not to vanish, w a square root or a product of some."""
    for m, c in a.terms.items():
        if not any(Fraction(q).denominator == 2 for _, q in m.factors):
            continue
        w = space.form({m: c})
        u = space.plus(a, w, -1)
        if len(u.terms) > 3:
            continue
        gap = space.plus(space.multiplied(w, w), space.multiplied(u, u), -1)
        gap = space.expand(gap)
        if not gap.terms or len(gap.terms) >= len(a.terms) + 2 or gap.depth >= a.depth + 1:
            continue
        found = term_box(space, gap)
        above = found.within(_POSITIVE) and box.real and c > 0
        if above and space.mono_box(m).within(_POSITIVE):
            space.note("u + sqrt(u^2 + d) > 0", "d > 0, u real")
            return box.meet(_POSITIVE)
        if found.excludes(0.0):
            space.note("(w + u)(w - u) = w^2 - u^2", "w^2 - u^2 is not 0")
            return box.meet(_NONZERO)
    return None


def term_box(space: Boxes, a: Form) -> Domain:
    """The box of a sum, term by term."""
    total = point(Fraction(0))
    for k, (m, c) in enumerate(a.terms.items()):
        part = space.mono_box(m) * point(Fraction(c))
        total = part if k == 0 else total + part
    return total


def with_zero(z: Domain) -> Domain:
    """The box widened to hold 0, as a root does that may be 0."""
    re, im = (
        Interval(min(x.lo, 0.0), max(x.hi, 0.0), x.lo_open and x.lo < 0, x.hi_open and x.hi > 0)
        for x in (z.re, z.im)
    )
    return Domain(re, im)


def modulus(space: Boxes, a: Form, box: Domain) -> Domain:
    """The set of ln(u + i v) where u^2 + v^2 is a single term."""
    if box.im == ZERO:
        return box
    square = squared_modulus(space, a)
    if square is None or len(square.terms) != 1:
        return box
    space.note("|u + i v|^2 = u^2 + v^2", "u and v real")
    half = ln_of(space.box(square)) * point(Fraction(1, 2))
    return Domain(half.re.meet(box.re) or box.re, box.im, box.nonzero)


def squared_modulus(space: Boxes, a: Form) -> Form | None:
    """u^2 + v^2 of a sum u + i v of terms that are real or imaginary one by one."""
    if len(a.terms) < 2 or len(a.terms) > _MAX_TERMS:
        return None
    u: dict[Mono, Number] = {}
    v: dict[Mono, Number] = {}
    for m, c in a.terms.items():
        own = space.mono(0, m.factors, m.expo)
        if not space.mono_box(own).real:
            return None
        (v if m.i else u)[own] = c
    re, im = space.form(u), space.form(v)
    return space.expand(space.plus(space.multiplied(re, re), space.multiplied(im, im)))
