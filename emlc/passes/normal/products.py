"""The terms of a form as products of named functions: exponentials paired to sin, cosh and so on.

A name is put only where its definition has that form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from emlc.passes.normal.digits import Number
from emlc.passes.normal.space import Space
from emlc.passes.normal.terms import Atom, Form, Mono, size_of
from emlc.tables.identities import CIRCULAR, HYPERBOLIC, QUOTIENTS

_MOST_TERMS = 12
_DEEPEST = 30
Key = tuple[str, Form | tuple[Form, ...]]


@dataclass
class Product:
    """c * i^turn * atoms * functions * exp(expo)."""

    c: Fraction
    turn: int = 0
    atoms: dict[Atom, Number] = field(default_factory=dict)
    functions: dict[Key, Number] = field(default_factory=dict)
    expo: Form | None = None

    def forms(self) -> Iterator[Form]:
        """The forms that the text of the product is put together from."""
        for atom in self.atoms:
            if isinstance(atom.body, Form):
                yield atom.body
        for _, inner in self.functions:
            yield from inner if isinstance(inner, tuple) else (inner,)


def products(space: Space, a: Form) -> list[Product]:
    """The terms of a form, shortened where a function's name fits."""
    if len(a.terms) > _MOST_TERMS or a.depth > _DEEPEST or not space.thorough:
        return [_plain(m, c) for m, c in a.terms.items()]
    from emlc.passes.normal.inverses import inverse_functions

    named, rest = inverse_functions(space, a)
    tries = [_named(space, rest)]
    for other in (space.expand(rest), _merged(space, rest)):
        if other is not rest:
            tries.append(_named(space, other))
    return named + min(tries, key=_cost)


def _plain(m: Mono, c: Number) -> Product:
    return Product(Fraction(c), m.i, dict(m.factors), {}, m.expo)


def _cost(terms: list[Product]) -> int:
    """A rough count of what there is to write."""
    return sum(_weight(t) for t in terms)


def _weight(t: Product) -> int:
    total = 1 + t.turn + (t.c.denominator != 1) + (abs(t.c.numerator) != 1)
    for atom, q in t.atoms.items():
        body = atom.body
        size = 2 * len(body.terms) if isinstance(body, Form) else 1
        total += 1 + size + (q not in (1, -1))
    for (_, inner), q in t.functions.items():
        size = sum(len(u.terms) for u in (inner if isinstance(inner, tuple) else (inner,)))
        total += 2 + 2 * size + (q not in (1, -1))
    return total + (0 if t.expo is None else 1 + 2 * len(t.expo.terms))


def _named(space: Space, a: Form) -> list[Product]:
    found = [_named_factors(space, m, c) for m, c in a.terms.items()]
    return _paired(space, found)


def _merged(space: Space, a: Form) -> Form:
    """The sums above and below in each term multiplied to one of each."""
    parts: list[tuple[Number, Number, Mono]] = []
    for m, c in a.terms.items():
        plain = {x: q for x, q in m.factors if x.kind != "sum" or q not in (1, -1)}
        number, made = space.monomial(m.i, plain, m.expo)
        for side in (1, -1):
            grown = space.one
            for atom, q in m.factors:
                if atom.kind == "sum" and q == side and isinstance(atom.body, Form):
                    grown = space.multiplied(grown, atom.body)
            if len(grown.terms) > _MOST_TERMS:
                return a
            d, base = space.factored(grown)
            e, base = space.power(base, side)
            f, made = space.product(made, base)
            number = number * Fraction(d) ** side * e * f
        parts.append((c, number, made))
    return space.gather(parts)


def _named_factors(space: Space, m: Mono, c: Number) -> Product:
    """One term; sums of two exponentials among its factors become functions."""
    made = Product(Fraction(c), m.i, {}, {}, m.expo)
    for atom, q in _cancelled(space, m):
        body = atom.body if atom.kind == "sum" and q == int(q) else None
        inner = None
        if isinstance(body, Form) and len(body.terms) == 2:
            pair = _paired(space, [_plain(n, d) for n, d in body.terms.items()], loose=True)
            inner = pair[0] if len(pair) == 1 else None
        if inner is None:
            made.atoms[atom] = made.atoms.get(atom, 0) + q
        else:
            _multiply(space, made, inner, int(q))
    made.atoms = {x: q for x, q in made.atoms.items() if q}
    _quotients(made)
    plain = _plain(m, c)
    return made if _weight(made) < _weight(plain) or not made.functions else plain


def _cancelled(space: Space, m: Mono) -> list[tuple[Atom, Number]]:
    """The factors, a^2 - b^2 taken apart where a - b or a + b stands on the other side."""
    out = list(m.factors)
    for atom, q in m.factors:
        if atom.kind != "sum" or q != int(q) or not isinstance(atom.body, Form):
            continue
        parts = space.squares_apart(atom.body, licensed=False)
        if len(parts) == 2 and any(x in parts and p * q < 0 for x, p in out):
            out.remove((atom, q))
            out += [(part, q) for part in parts]
    return out


def _multiply(space: Space, a: Product, b: Product, n: int) -> None:
    """a becomes a * b^n."""
    a.c *= b.c**n
    a.turn += b.turn * n
    for atom, q in b.atoms.items():
        a.atoms[atom] = a.atoms.get(atom, 0) + q * n
    for key, q in b.functions.items():
        a.functions[key] = a.functions.get(key, 0) + q * n
    if b.expo is not None:
        expo = space.scaled(b.expo, n)
        expo = expo if a.expo is None else space.plus(a.expo, expo)
        a.expo = expo if expo.terms else None
    if a.turn % 4 > 1:
        a.c = -a.c
    a.turn %= 2


def _quotients(a: Product) -> None:
    """sin / cos is tan, sinh / cosh is tanh, and so on."""
    for (name, inner), q in list(a.functions.items()):
        below, made = QUOTIENTS.get(name, ("", ""))
        p = a.functions.get((below, inner), 0)
        if q * p >= 0:
            continue
        n = min(size_of(q), size_of(p)) * (1 if q > 0 else -1)
        for key, step in (((name, inner), -n), ((below, inner), n), ((made, inner), n)):
            a.functions[key] = a.functions.get(key, 0) + step
            if not a.functions[key]:
                del a.functions[key]


# -- exponentials --------------------------------------------------------------------------------


def _paired(space: Space, terms: list[Product], *, loose: bool = False) -> list[Product]:
    """Pairs a exp(v + w) + b exp(v - w) written with circular or hyperbolic functions.

    An exponential may stay beside a hyperbolic function where `loose`.
    """
    out: list[Product] = []
    left = list(terms)
    while left:
        first = left.pop(0)
        for k, other in enumerate(left):
            made = _pair(space, first, other, loose=loose)
            if made is not None:
                del left[k]
                out += made
                break
        else:
            out.append(first)
    return out


def _pair(space: Space, a: Product, b: Product, *, loose: bool) -> list[Product] | None:
    if a.atoms != b.atoms or a.functions != b.functions or a.expo is b.expo:
        return None
    up, down = (p.expo if p.expo is not None else space.zero for p in (a, b))
    half = space.scaled(space.plus(up, down, -1), Fraction(1, 2))
    middle = space.scaled(space.plus(up, down), Fraction(1, 2))
    x, y = (p.c for p in (a, b))
    if all(m.i for m in half.terms):
        inner = space.times(half, space.imaginary, -1)
        return _circular(space, a, b, inner, middle)
    if a.turn != b.turn or abs(x) != abs(y) or not space.box(half).real:
        return None
    if middle.terms and not loose:
        return None
    name = HYPERBOLIC[0] if x == y else HYPERBOLIC[1]
    inner, sign = upright(space, half)
    return [_with(a, 2 * x * (1 if x == y else sign), a.turn, (name, inner), middle)]


def _circular(space: Space, a: Product, b: Product, inner: Form, middle: Form) -> list[Product]:
    """(x + y) cos u + i (x - y) sin u, with x and y real or imaginary."""
    inner, sign = upright(space, inner)
    parts: dict[tuple[str, int], Fraction] = {}
    for p, side in ((a, 1), (b, -1)):
        for name, turn, scale in ((CIRCULAR[0], 0, 1), (CIRCULAR[1], 1, side * sign)):
            quarter = p.turn + turn
            value = p.c * scale * (-1 if quarter > 1 else 1)
            key = (name, quarter % 2)
            parts[key] = parts.get(key, Fraction(0)) + value
    return [_with(a, c, turn, (name, inner), middle) for (name, turn), c in parts.items() if c]


def _with(like: Product, c: Fraction, turn: int, key: Key, expo: Form) -> Product:
    made = Product(c, turn, dict(like.atoms), dict(like.functions), expo if expo.terms else None)
    made.functions[key] = made.functions.get(key, 0) + 1
    return made


def upright(space: Space, u: Form) -> tuple[Form, int]:
    """u or -u, the one with a positive first term, and the sign."""
    lead = min(u.terms, key=lambda m: m.id)
    return (u, 1) if u.terms[lead] > 0 else (space.scaled(u, -1), -1)
