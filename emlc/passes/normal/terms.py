"""Sums of monomials, interned: what formulas and trees are brought to.

    Form  ::=  sum of  rational * Mono
    Mono  ::=  i^(0|1) * Atom^q * ... * exp(Form)            q rational
    Atom  ::=  variable | pi | prime | ln(Form) | (Form) standing as one factor

Powers are principal ones: P^q is exp(q ln P). Equal forms of one space are one object.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from emlc.deadline import tick
from emlc.ir.domain import Domain, Interval
from emlc.passes.normal.digits import MAX_BITS, Number, number_power

Factors = tuple[tuple["Atom", Number], ...]
MAX_DEPTH = 40


class Atom:
    """A factor that is not taken apart: kind is var, pi, prime, ln or sum.

    body is the name, the prime, or the form inside; box and arg bound its values; spread is the
    product that a sum of one term is; base is what a logarithm is of, and log the logarithm of this
    atom, once they are made.
    """

    __slots__ = ("arg", "base", "body", "box", "depth", "id", "kind", "log", "positive", "spread")
    id: int
    kind: str
    body: str | int | Form | None
    box: Domain
    arg: Interval
    depth: int
    positive: bool
    spread: Mono | None
    base: Atom | None
    log: Form | None


class Mono:
    """A product; `log` is the atom when the product is nothing but one logarithm."""

    __slots__ = ("box", "depth", "expo", "factors", "i", "id", "log")
    id: int
    i: int
    factors: Factors
    expo: Form | None
    log: Atom | None
    box: Domain | None
    depth: int

    def __repr__(self) -> str:
        parts = [f"{a}^{q}" for a, q in self.factors]
        parts += ["i"] * self.i + ([f"exp({self.expo})"] if self.expo else [])
        return " ".join(parts) or "1"


class Form:
    """A sum; zero has no terms."""

    __slots__ = ("box", "depth", "id", "terms")
    id: int
    terms: dict[Mono, Number]
    box: Domain | None
    depth: int

    def __repr__(self) -> str:
        return " + ".join(f"{c}*{m}" for m, c in self.terms.items()) or "0"

    def __bool__(self) -> bool:
        return bool(self.terms)


class Terms:
    """The arithmetic of forms; one instance owns its atoms, monomials and forms."""

    def __init__(self) -> None:
        self._monos: dict[tuple[int, Factors, Form | None], Mono] = {}
        self._forms: dict[object, Form] = {}
        self._atoms: dict[tuple[str, object], Atom] = {}
        self.unit = self.i_pi = self.mono(0, (), None)
        self.imaginary = self.mono(1, (), None)
        self.zero = self.form({})
        self.one = self.number(1)

    # -- making --------------------------------------------------------------------------------

    def form(self, terms: dict[Mono, Number]) -> Form:
        """The one form with these nonzero terms."""
        key: object
        if len(terms) == 1:
            (key,) = terms.items()
        else:
            key = frozenset(terms.items())
        found = self._forms.get(key)
        tick()
        if found is None:
            found = Form()
            found.id = len(self._forms)
            found.terms = terms
            found.box = None
            depth = 0
            for m in terms:
                if m.depth > depth:
                    depth = m.depth
            found.depth = depth
            self._forms[key] = found
        return found

    def mono(self, i: int, factors: Factors, expo: Form | None) -> Mono:
        """The one product; factors in the order of their atoms."""
        key = (i, factors, expo)
        found = self._monos.get(key)
        tick()
        if found is None:
            found = Mono()
            found.id = len(self._monos)
            found.i, found.factors, found.expo, found.box = i, factors, expo, None
            found.log = None
            if len(factors) == 1 and not i and expo is None:
                atom, q = factors[0]
                if atom.kind == "ln" and q == 1:
                    found.log = atom
            deep = -1 if expo is None else expo.depth
            for atom, _ in factors:
                if atom.depth > deep:
                    deep = atom.depth
            found.depth = deep + 1 if expo is not None else max(deep, 0)
            self._monos[key] = found
        return found

    def number(self, value: Number) -> Form:
        """A rational number."""
        return self.form({self.unit: value}) if value else self.zero

    # -- arithmetic ------------------------------------------------------------------------------

    def plus(self, a: Form, b: Form, times: Number = 1) -> Form:
        """a + times * b."""
        if not b.terms or not times:
            return a
        if len(a.terms) < len(b.terms) and times == 1:
            a, b = b, a
            if not b.terms:
                return a
        made = dict(a.terms)
        add_to(made, b, times)
        return self.form(made)

    def scaled(self, a: Form, factor: Number) -> Form:
        """factor * a."""
        if factor == 1:
            return a
        return self.form({m: _small(factor * c) for m, c in a.terms.items()} if factor else {})

    def product(self, a: Mono, b: Mono) -> tuple[Number, Mono]:
        """a * b as a number and a monomial."""
        if a is self.unit:
            return 1, b
        if b is self.unit:
            return 1, a
        factors = dict(a.factors)
        for atom, q in b.factors:
            factors[atom] = factors.get(atom, 0) + q
        expo = a.expo if b.expo is None else b.expo
        if a.expo is not None and b.expo is not None:
            expo = self.plus(a.expo, b.expo)
        return self.monomial(a.i + b.i, factors, expo)

    def monomial(
        self, i: int, factors: Mapping[Atom, Number], expo: Form | None
    ) -> tuple[Number, Mono]:
        """The normal form of a product: a number and a monomial."""
        if expo is not None:
            turned, expo = self.turned_exponent(expo)
            i += turned
        coefficient: Number = -1 if i % 4 > 1 else 1
        kept: list[tuple[Atom, Number]] = []
        products: list[tuple[Atom, int]] = []
        for atom, q in factors.items():
            if not q:
                continue
            if atom.spread is not None and q == int(q) and atom.kind == "sum":
                products.append((atom, int(q)))
                continue
            if atom.kind == "prime":
                whole = math.floor(q)
                assert isinstance(atom.body, int)
                if whole and abs(whole) * atom.body.bit_length() < MAX_BITS:
                    coefficient = coefficient * Fraction(atom.body) ** whole
                    q -= whole
                if not q:
                    continue
            kept.append((atom, _small(q)))
        if len(kept) > 1:
            kept.sort(key=_atom_id)
        made = self.mono(i % 2, tuple(kept), expo if expo else None)
        for atom, n in products:
            assert atom.spread is not None
            assert isinstance(atom.body, Form)
            d, inner = self.power(atom.spread, n)
            e, made = self.product(made, inner)
            coefficient = coefficient * number_power(atom.body.terms[atom.spread], n) * d * e
        return _small(coefficient), made

    def turned_exponent(self, expo: Form) -> tuple[int, Form]:
        """exp(expo) as i^n exp(rest): quarter turns leave, and whole ones of integers vanish."""
        quarters = 0
        changed: dict[Mono, Number] | None = None
        for m, c in expo.terms.items():
            if not m.i or m.expo is not None or all(a.kind != "pi" for a, _ in m.factors):
                continue
            if m is self.i_pi:
                n = math.floor(2 * c)
                left = _small(c - Fraction(n, 2))
                quarters += n
            elif c == int(c) and all(
                (a.kind == "pi" and q == 1) or _whole(a, q) for a, q in m.factors
            ):
                left = c % 2
            else:
                continue
            if left != c:
                changed = changed if changed is not None else dict(expo.terms)
                changed[m] = left
        if changed is None:
            return 0, expo
        return quarters % 4, self.form({m: c for m, c in changed.items() if c})

    def power(self, m: Mono, n: int) -> tuple[Number, Mono]:
        """m^n for an integer n."""
        factors = {a: q * n for a, q in m.factors}
        expo = None if m.expo is None else self.scaled(m.expo, n)
        return self.monomial(m.i * n % 4, factors, expo)

    def times(self, a: Form, m: Mono, factor: Number = 1) -> Form:
        """a * factor * m, term by term."""
        return self.gather((c * factor, *self.product(n, m)) for n, c in a.terms.items())

    def gather(self, parts: Iterable[tuple[Number, Number, Mono]]) -> Form:
        """The sum of c * d * mono."""
        made: dict[Mono, Number] = {}
        for c, d, m in parts:
            total = made.get(m, 0) + c * d
            if total:
                made[m] = _small(total)
            else:
                made.pop(m, None)
        return self.form(made)

    def multiplied(self, a: Form, b: Form) -> Form:
        """a * b, every term with every term."""
        return self.gather(
            (c * d, *self.product(m, n)) for m, c in a.terms.items() for n, d in b.terms.items()
        )

    def expand(self, a: Form, limit: int = 200) -> Form:
        """Sums that stand as factors with a power of 1 or more multiplied out, up to a size."""
        for _ in range(20):
            pick = next((m for m in a.terms if _sum_factor(m) is not None), None)
            if pick is None:
                return a
            made = self._expand_once(a, limit)
            if made is None or made is a:
                return a
            a = made
        return a

    def _expand_once(self, a: Form, limit: int) -> Form | None:
        out: list[tuple[Number, Number, Mono]] = []
        for m, c in a.terms.items():
            atom = _sum_factor(m)
            if atom is None:
                out.append((c, 1, m))
                continue
            body = atom.body
            assert isinstance(body, Form)
            q = dict(m.factors)[atom]
            power = math.floor(q)
            if len(body.terms) * len(out) > 20 * limit or power > 64:
                return None
            number, rest = self.monomial(
                m.i, {x: (q - power if x is atom else p) for x, p in m.factors}, m.expo
            )
            grown = self.one
            for _ in range(power):
                grown = self.multiplied(grown, body)
                if len(grown.terms) > limit:
                    return None
            out.extend((c * number * d, *self.product(rest, n)) for n, d in grown.terms.items())
            if len(out) > limit:
                return None
        return self.gather(out)

    def cleared(self, a: Form) -> Form:
        """The form over factors without zeros: no power is negative, or shared where never 0."""
        if not a.terms:
            return a
        least: dict[Atom, Number] = {}
        for m in a.terms:
            for atom, q in m.factors:
                least[atom] = min(least.get(atom, 0), q)
        for atom in least:
            if atom.box.excludes(0.0) and all(atom in dict(m.factors) for m in a.terms):
                least[atom] = min(dict(m.factors)[atom] for m in a.terms)
        factors = {atom: -q for atom, q in least.items() if q}
        common = next(iter(a.terms)).expo
        shift = None if common is None else self.scaled(common, -1)
        if not factors and shift is None:
            return a
        number, m = self.monomial(0, factors, shift)
        return self.times(a, m, number)

    def vanishes(self, a: Form, limit: int = 2000) -> bool:
        """Whether the form is 0 when brought to a common denominator and multiplied out."""
        for _ in range(12):
            if not a.terms:
                return True
            grown = self.expand(self.cleared(a), limit)
            if grown is a:
                return False
            a = grown
        return False

    # -- looking ---------------------------------------------------------------------------------

    def content(self, a: Form) -> Number:
        """The positive rational number common to all coefficients."""
        values = a.terms.values()
        if (1 in values or -1 in values) and all(type(c) is int for c in values):
            return 1
        top = bottom = 0
        for c in a.terms.values():
            top = math.gcd(top, c.numerator)
            d = c.denominator
            bottom = d if not bottom else bottom * d // math.gcd(bottom, d)
        return _small(Fraction(top, bottom)) if top else 1


def add_to(total: dict[Mono, Number], a: Form, times: Number = 1) -> None:
    """Add times * a to the terms of a sum."""
    for m, c in a.terms.items():
        if times != 1:
            c = -c if times == -1 else _small(times * c)
        old = total.get(m)
        if old is None:
            total[m] = c
        elif old == -c:
            del total[m]
        else:
            total[m] = _small(old + c)


def size_of(x: Number) -> Number:
    """The absolute value."""
    return x if x >= 0 else -x


def _small(x: Number) -> Number:
    """An int where the number is whole."""
    return x.numerator if type(x) is Fraction and x.denominator == 1 else x


def _whole(atom: Atom, q: Number) -> bool:
    """Whether the power of the atom is an integer at every point."""
    return atom.box.integer and q > 0 and q == int(q)


def _atom_id(pair: tuple[Atom, Number]) -> int:
    return pair[0].id


def _sum_factor(m: Mono) -> Atom | None:
    """A sum that stands in the monomial with a power of at least 1."""
    return next((atom for atom, q in m.factors if atom.kind == "sum" and q >= 1), None)


def names_in(*products: Mono) -> set[str]:
    """The names of the variables of some products."""
    found, seen = set[str](), set[Mono]()
    stack = list(products)
    while stack:
        top = stack.pop()
        if top in seen:
            continue
        seen.add(top)
        for atom, _ in top.factors:
            if atom.kind == "var":
                found.add(str(atom.body))
            elif isinstance(atom.body, Form):
                stack.extend(atom.body.terms)
        if top.expo is not None:
            stack.extend(top.expo.terms)
    return found
