"""Logarithms joined to inverse functions: guessed from values at two points, then shown equal."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator
from fractions import Fraction

from emlc.ir.domain import ZERO, Interval
from emlc.passes.normal.equal import is_zero
from emlc.passes.normal.products import Product, upright
from emlc.passes.normal.read import apply
from emlc.passes.normal.space import Space, Undefined, Unknown
from emlc.passes.normal.terms import Atom, Form, Mono
from emlc.tables.identities import INVERSES
from emlc.tables.primitives import BY_NAME

_SCALES = [Fraction(n, d) for n, d in ((1, 1), (1, 2), (2, 1), (1, 4), (3, 1), (4, 1), (1, 3))]


def inverse_functions(space: Space, a: Form) -> tuple[list[Product], Form]:
    """Inverse functions that explain logarithms of sums, and what is left of the form."""
    named: list[Product] = []
    for _ in range(4):
        made = _one_inverse(space, a)
        if made is None:
            break
        product, a = made
        named.append(product)
    return named, a


def _one_inverse(space: Space, a: Form) -> tuple[Product, Form] | None:
    for outer, group in _groups(space, a).items():
        if all(len(log.body.terms) < 2 for log in _logs(group)):  # type: ignore[union-attr]
            continue
        for turn in (0, 1):
            made = _explained(space, group, outer, turn)
            if made is not None:
                product, constant = made
                left = space.plus(a, space.times(group, outer), -1)
                return product, space.plus(left, space.times(constant, outer))
    return None


def _groups(space: Space, a: Form) -> dict[Mono, Form]:
    """The terms with one logarithm, by what they are multiplied with; i and numbers stay."""
    out: dict[Mono, Form] = {}
    for m, c in a.terms.items():
        log = next((x for x, q in m.factors if x.kind == "ln" and q == 1), None)
        if log is None:
            continue
        rest = {x: q for x, q in m.factors if x is not log}
        number, outer = space.monomial(0, rest, m.expo)
        inner = space.mono(m.i, ((log, 1),), None)
        term = space.form({inner: c * number})
        out[outer] = space.plus(out.get(outer, space.zero), term)
    return out


def _logs(group: Form) -> Iterator[Atom]:
    for m in group.terms:
        yield m.factors[0][0]


def _explained(space: Space, group: Form, outer: Mono, turn: int) -> tuple[Product, Form] | None:
    """outer times a multiple of an inverse function, and the constant that is left."""
    tried: dict[tuple[str, tuple[Form, ...]], None] = {}
    for log in _logs(group):
        assert isinstance(log.body, Form)
        tried.update((made, None) for made in _candidates(space, log.body))
    best: tuple[tuple[bool, int], Product, Form] | None = None
    for name, args in tried:
        if any(space.box(u).im != ZERO for u in args):
            continue
        made = _matches(space, group, name, args, turn)
        if made is None:
            continue
        scale, constant = made
        rank = (bool(constant.terms), len(args))
        if best is None or rank < best[0]:
            key = (name, args[0]) if len(args) == 1 else (name, args)
            product = Product(scale, turn, dict(outer.factors), {key: 1}, outer.expo)
            best = rank, product, constant
    return None if best is None else best[1:]


def _candidates(space: Space, body: Form) -> Iterator[tuple[str, tuple[Form, ...]]]:
    """Functions and arguments that a logarithm of this sum may come from."""
    rooted = {
        m: c
        for m, c in body.terms.items()
        if any(Fraction(q).denominator == 2 for _, q in m.factors)
    }
    inner = space.plus(body, space.form(rooted), -1)
    constant = body.terms.get(space.unit)
    free = {m: c for m, c in body.terms.items() if m not in (space.unit, space.imaginary)}
    moved = space.form(free)
    real = space.form({m: c for m, c in body.terms.items() if not m.i})
    imaginary = space.times(space.plus(body, real, -1), space.imaginary, -1)
    for name, shape in INVERSES.items():
        if shape == "root" and rooted and inner.terms:
            yield from ((name, (u,)) for u in _turned(space, inner))
        elif shape == "one" and free and len(free) < len(body.terms):
            scale = 1 / abs(Fraction(constant or body.terms[space.imaginary]))
            yield from ((name, (space.scaled(u, scale),)) for u in _turned(space, moved))
        elif shape == "parts" and real.terms and imaginary.terms:
            yield name, (imaginary, real)


def _turned(space: Space, u: Form) -> Iterator[Form]:
    """u, -u, i u and -i u, the upright ones first."""
    both = [upright(space, v) for v in (u, space.times(u, space.imaginary))]
    yield from (v for v, _ in both)
    yield from (space.scaled(v, -1) for v, _ in both)


def _matches(
    space: Space, group: Form, name: str, args: tuple[Form, ...], turn: int
) -> tuple[Fraction, Form] | None:
    """(k, c) with group = i^turn k name(args) + c, c a rational multiple of pi."""
    try:
        value = apply(space, BY_NAME[name], list(args))
    except (Undefined, Unknown):
        return None
    if not isinstance(value, Form):
        return None
    value = space.times(value, space.imaginary) if turn else value
    for scale in _guesses(space, group, value):
        rest = space.plus(group, value, -scale)
        for eighths in _constant(space, rest):
            pi = space.mono(0, ((space.pi, 1),), None)
            constant = space.form({pi: eighths}) if eighths else space.zero
            if is_zero(space, space.plus(rest, constant, -1)):
                return scale, constant
    return None


def _guesses(space: Space, group: Form, value: Form) -> list[Fraction]:
    """The simple k for which group - k * value is the same at two points."""
    points: tuple[dict[Atom, complex], ...] = ({}, {})
    (g1, v1), (g2, v2) = (
        [number(space, f, known, k) for f in (group, value)] for k, known in enumerate(points)
    )
    if g1 is None or g2 is None or v1 is None or v2 is None:
        return []
    step, gain = g1 - g2, v1 - v2
    if abs(gain) < 1e-9:
        return [s * k for k in _SCALES for s in (1, -1)][:2]
    ratio = step / gain
    for k in _SCALES:
        for s in (1, -1):
            if abs(ratio - s * float(k)) < 1e-7:
                return [s * k]
    return []


def _constant(space: Space, rest: Form) -> list[Fraction]:
    """The multiple of pi that the form seems to be."""
    value = number(space, rest, {}, 0)
    if value is None or abs(value.imag) > 1e-7:
        return []
    eighths = round(8 * value.real / math.pi)
    near = abs(value.real - eighths * math.pi / 8) < 1e-7
    return [Fraction(eighths, 8)] if near else []


# -- values at a point ---------------------------------------------------------------------------


def number(space: Space, a: Form, known: dict[Atom, complex], which: int) -> complex | None:
    """The value of a form at one of a few points of its domain, in doubles."""
    total = 0j
    try:
        for m, c in a.terms.items():
            total += complex(float(c)) * _mono_number(space, m, known, which)
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    return total if cmath.isfinite(total) else None


def _mono_number(space: Space, m: Mono, known: dict[Atom, complex], which: int) -> complex:
    made = 1j if m.i else 1 + 0j
    for atom, q in m.factors:
        made *= _atom_number(space, atom, known, which) ** float(q)
    if m.expo is not None:
        inner = number(space, m.expo, known, which)
        if inner is None:
            raise ValueError
        made *= cmath.exp(inner)
    return made


def _atom_number(space: Space, atom: Atom, known: dict[Atom, complex], which: int) -> complex:
    if atom not in known:
        if atom.kind == "var":
            known[atom] = complex(_inside(atom.box.re, (which + atom.id) % 5))
        elif atom.kind == "pi":
            known[atom] = complex(math.pi)
        elif isinstance(atom.body, int):
            known[atom] = complex(atom.body)
        else:
            assert isinstance(atom.body, Form)
            inner = number(space, atom.body, known, which)
            if inner is None or atom.kind == "turn":
                raise ValueError
            known[atom] = cmath.log(inner) if atom.kind == "ln" else inner
    return known[atom]


def _inside(x: Interval, which: int) -> float:
    """A number of the interval."""
    part = (0.37, 0.61, 0.23, 0.83, 0.47)[which]
    if math.isfinite(x.lo) and math.isfinite(x.hi):
        return x.lo + (x.hi - x.lo) * part
    if math.isfinite(x.lo):
        return x.lo + 2 * part
    return x.hi - 2 * part if math.isfinite(x.hi) else 3 * part - 0.9
