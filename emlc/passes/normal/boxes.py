"""Atoms over variables with known domains, and sets that hold the values of products and sums."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from emlc.ir.domain import INF, PI, ZERO, Domain, Interval, domain, point
from emlc.passes.facts import arg_of, exp_of, ln_of, power_of
from emlc.passes.normal import lemmas
from emlc.passes.normal.digits import Number
from emlc.passes.normal.terms import Atom, Form, Mono, Terms, size_of
from emlc.passes.normal.values import Value

_POSITIVE, _NONZERO, _REAL = domain("positive"), domain("nonzero"), domain("real")
REAL, OFF_ZERO = _REAL, domain("real nonzero")
HALF_LINE, _LN_OFF_ZERO = arg_of(OFF_ZERO), ln_of(OFF_ZERO)
_UNIT, _NOTHING, _PER_PI = point(Fraction(1)), point(Fraction(0)), Domain(PI).inverse().re
_PLANE, _PLANE_OFF_ZERO = domain("complex"), domain("complex nonzero")
_QUICK, _MOST_NESTED = 16, 3  # the latter: lemmas about sums that a lemma may ask for


class Boxes(Terms):
    """Forms over variables with known domains.

    limit   terms or factors above which a sum or a product is taken as one atom; a small one
            leaves out the lemmas too
    count_turns   write ln of a product whose branch is not known as the sum of the logarithms less
            2 i pi times an integer, rather than leave it as it stands
    zeros   sums that were assumed not to vanish
    solving   assume nothing more: a root is right where it is 0 too
    vanishing   sums that are known to be 0
    steps   the identities used, with the fact that licensed each
    """

    def __init__(
        self, domains: Mapping[str, Domain], limit: int = 200, count_turns: bool = False
    ) -> None:
        super().__init__()
        self.count_turns = count_turns
        self.domains = dict(domains)
        self.limit = limit
        self.thorough = limit > _QUICK
        self.zeros: dict[Form, None] = {}
        self.vanishing: list[Form] = []
        self.steps: dict[tuple[str, str], None] = {}
        self._known: dict[Form, Domain] = {}
        self._exp: dict[Form, Value] = {}
        self._ln: dict[Form, Value] = {}
        self._multiples: dict[Form, Domain] = {}
        self._nested, self.solving = 0, False
        self.pi = self._leaf("pi", "pi", Domain(PI))
        self.i_pi = self.mono(1, ((self.pi, 1),), None)
        self.half_turn = self.form({self.i_pi: 1})

    def _leaf(self, kind: str, body: str | int, box: Domain) -> Atom:
        key = (kind, body)
        found = self._atoms.get(key)
        if found is None:
            found = self._atom(key, kind, body, box, 0)
        return found

    def _atom(
        self, key: tuple[str, object], kind: str, body: str | int | Form, box: Domain, depth: int
    ) -> Atom:
        made = Atom()
        made.id, made.kind, made.body, made.depth = len(self._atoms), kind, body, depth
        made.spread = made.base = made.log = None
        self._atoms[key] = made
        bound(made, box)
        return made

    def var(self, name: str) -> Form:
        """A variable."""
        atom = self._leaf("var", name, self.domains.get(name, domain("complex")))
        return self.form({self.mono(0, ((atom, 1),), None): 1})

    def sum_atom(self, inner: Form) -> Atom:
        """The form as one factor."""
        if len(inner.terms) == 1:
            ((m, c),) = inner.terms.items()
            if c == 1 and not m.i and m.expo is None and len(m.factors) == 1:
                atom, q = m.factors[0]
                if q == 1:
                    return atom
        key = ("sum", inner)
        found = self._atoms.get(key)
        if found is None:
            found = self._atom(key, "sum", inner, self.box(inner), inner.depth + 1)
            if len(inner.terms) == 1:
                ((m, _),) = inner.terms.items()
                if not self.is_long(m):
                    found.spread = m
        return found

    def is_long(self, m: Mono) -> bool:
        """Whether the product is one to be taken as one factor."""
        expo = 0 if m.expo is None else len(m.expo.terms)
        return len(m.factors) > self.limit or expo > self.limit

    def ln_atom(self, inner: Form) -> Form:
        """ln of a form as it stands."""
        key = ("ln", inner)
        found = self._atoms.get(key)
        if found is None:
            base = self.sum_atom(inner)
            box = _LN_OFF_ZERO if base.box is OFF_ZERO else ln_of(base.box)
            if self.thorough:
                box = lemmas.modulus(self, inner, box)
            if not base.box.real and (base.arg.lo, base.arg.hi) != (box.im.lo, box.im.hi):
                box = Domain(box.re, base.arg, box.nonzero)
            found = self._atom(key, "ln", inner, box, inner.depth + 1)
            if len(inner.terms) == 1:
                ((_, c),) = inner.terms.items()
                if base.kind == "sum" and c in (1, -1):
                    found.spread = base.spread
        return self.form({self.mono(0, ((found, 1),), None): 1})

    def learn(self, a: Form, fact: Domain) -> None:
        """Take for granted that the form lies in the set."""
        self._learn(a, fact)
        for m in self._monos.values():
            m.box = None
        for f in self._forms.values():
            f.box = None
        for known, met in self._known.items():
            known.box = met
            if len(known.terms) == 1:
                ((m, c),) = known.terms.items()
                m.box = met * point(1 / Fraction(c))

    def _learn(self, a: Form, fact: Domain) -> None:
        met = self.box(a).meet(fact) or fact
        a.box = met
        self._known[a] = met
        self._learn_inside(a, met)
        if len(a.terms) == 1:
            ((m, c),) = a.terms.items()
            if len(m.factors) == 1 and not m.i and m.expo is None:
                atom, q = m.factors[0]
                if q == 1 and met.real:
                    scale = point(Fraction(1, 1) / c)
                    bound(atom, (met * scale).meet(atom.box) or atom.box)
                elif q == -1 and met.real and (met.re.lo >= 0 or met.re.hi <= 0):
                    turned = (met * point(Fraction(1, 1) / c)).inverse()
                    bound(atom, turned.meet(atom.box) or atom.box)
                elif met.excludes(0.0):
                    bound(atom, atom.box.meet(_NONZERO) or atom.box)
        elif a.terms:
            c = self.content(a)
            if c != 1:
                self._learn(self.scaled(a, Fraction(1) / c), met * point(1 / Fraction(c)))
                return
            whole = self._atoms.get(("sum", a))
            if whole is not None:
                bound(whole, met)

    def _learn_inside(self, a: Form, fact: Domain) -> None:
        """A real square root has a radicand >= 0; k u^n + rest >= 0 bounds u for k < 0."""
        if not fact.real:
            return
        if len(a.terms) == 1:
            ((m, _),) = a.terms.items()
            if not m.i and m.expo is None:
                self._learn_radicands(m)
            if not m.i:
                self._learn_quotient(a, m, fact)
            return
        if fact.re.lo < 0:
            return
        for m, c in a.terms.items():
            if c > 0 or len(m.factors) != 1 or m.i or m.expo is not None:
                continue
            atom, q = m.factors[0]
            rest = self.box(self.plus(a, self.form({m: c}), -1))
            bounded = rest.real and math.isfinite(rest.re.hi) and rest.re.hi > 0
            if bounded and (q == 1 or (q == 2 and atom.box.real)):
                most = (rest.re * point(Fraction(-1) / Fraction(c)).re).hi
                top = math.nextafter((most if q == 1 else math.sqrt(most)) * (1 + 1e-15), INF)
                side = Interval(-INF if q == 1 else -top, top, q == 1)
                bound(atom, atom.box.meet(Domain(side)) or atom.box)

    def _learn_radicands(self, m: Mono) -> None:
        """A real product of square roots has at most one factor that may be negative: none is."""
        if any(Fraction(q).denominator != 2 for _, q in m.factors):
            return
        loose = [a for a, _ in m.factors if not a.positive]
        if len(loose) == 1 and loose[0].box.real and isinstance(loose[0].body, Form):
            self._learn(loose[0].body, domain("nonnegative"))
            bound(loose[0], loose[0].box.meet(domain("nonnegative")) or loose[0].box)

    def _learn_quotient(self, a: Form, m: Mono, fact: Domain) -> None:
        """u / v <= k is k v - u >= 0 for positive v, and u / v >= k is u - k v >= 0."""
        below = {atom: -q for atom, q in m.factors if q < 0}
        real = m.expo is not None and self.box(m.expo).real
        expo = self.scaled(m.expo, -1) if real and m.expo is not None else None
        if not (below or expo) or not all(atom.positive for atom in below):
            return
        number, v = self.monomial(0, below, expo)
        u = self.times(a, v, number)
        for k, side in ((fact.re.hi, 1), (fact.re.lo, -1)):
            if math.isfinite(k) and k:
                gap = self.scaled(self.plus(self.form({v: number * Fraction(k)}), u, -1), side)
                self._learn(gap, domain("nonnegative"))
                if gap.terms:
                    self.remember(gap, domain("nonnegative"))

    def box(self, a: Form) -> Domain:
        """A set that holds the values of the form."""
        if a.box is None:
            made = _NOTHING
            for k, (m, c) in enumerate(a.terms.items()):
                part = _scaled(m.box if m.box is not None else self.mono_box(m), c)
                if k == 0:
                    made = part
                elif not (made is _REAL and part.real):
                    made = _REAL if part is _REAL and made.real else made + part
            if len(a.terms) > 1 and self.thorough:
                if self._nested >= _MOST_NESTED:
                    return made
                self._nested += 1
                a.box = made
                made = self.remembered(a, lemmas.own_conjugate(self, a, made))
                if not made.excludes(0.0):
                    made = self._sharper(a, made)
                self._nested -= 1
            a.box = made
        return a.box

    def remembered(self, a: Form, box: Domain) -> Domain:
        """The box met with what is known of a multiple of the sum."""
        if not self._multiples:
            return box
        scale = next(iter(a.terms.values()))
        known = self._multiples.get(self.scaled(a, Fraction(1) / scale))
        met = known and box.meet(known * point(Fraction(scale)))
        return met or box

    def remember(self, a: Form, fact: Domain) -> None:
        """Keep a fact about a sum for all its multiples."""
        scale = next(iter(a.terms.values()))
        unit = self.scaled(a, Fraction(1) / scale)
        fact = fact * point(Fraction(1) / scale)
        self._multiples[unit] = fact.meet(self._multiples.get(unit, fact)) or fact

    def mono_box(self, m: Mono) -> Domain:
        """A set that holds the values of the product."""
        if m.box is None:
            if m.i:
                m.box = _turned(self.mono_box(self.mono(0, m.factors, m.expo)))
                return m.box
            made = _UNIT
            for atom, q in m.factors:
                if not (self.thorough or atom.positive or (atom.box.real and q == int(q))):
                    away = all(p <= 0 or x.box.excludes(0.0) for x, p in m.factors)
                    m.box = _PLANE_OFF_ZERO if away else _PLANE
                    return m.box
                made = _times(made, self._power_box(atom, q))
            if m.expo is not None:
                inner = self.box(m.expo)
                made = _times(made, _POSITIVE if inner is _REAL else exp_of(inner))
            if self.thorough and len(m.factors) > 1 and made.real:
                made = self._normalized(m, made)
            m.box = made
        return m.box

    def _normalized(self, m: Mono, box: Domain) -> Domain:
        """u / sqrt(c u^2 + v) is at most 1/sqrt(c) in size where v >= 0."""
        for atom, q in m.factors:
            if q != Fraction(-1, 2) or atom.kind != "sum" or not isinstance(atom.body, Form):
                continue
            _, top = self.monomial(0, {a: p for a, p in m.factors if a is not atom}, m.expo)
            number, square = self.power(top, 2)
            held = atom.body.terms.get(square, 0)
            c = Fraction(held) / number
            if c <= 0 or not self.mono_box(top).real:
                continue
            rest = self.plus(atom.body, self.form({square: held}), -1)
            if self.box(rest).within(domain("nonnegative")):
                self.note("|u| <= sqrt(u^2 + v)", "u real, v >= 0")
                most = math.nextafter(float(c) ** -0.5, INF) if c != 1 else 1.0
                return box.meet(Domain(Interval(-most, most))) or box
        return self._by_square(m, box)

    def _by_square(self, m: Mono, box: Domain) -> Domain:
        """A product with two roots of sums above is bounded by its square, multiplied out."""
        roots = [a for a, q in m.factors if q == Fraction(1, 2) and a.kind == "sum"]
        if len(roots) < 2 or math.isfinite(box.re.hi - box.re.lo):
            return box
        number, square = self.power(m, 2)
        grown = self.expand(self.form({square: number}), 20)
        top = self.box(grown).re.hi if len(grown.terms) > 1 and self.box(grown).real else INF
        if not 0 < top < INF:
            return box
        self.note("|u| <= sqrt(u^2)", "u real, u^2 multiplied out")
        most = math.nextafter(math.sqrt(top), INF)
        return box.meet(Domain(Interval(-most, most))) or box

    def _power_box(self, atom: Atom, q: Number) -> Domain:
        box = atom.box
        if q == 1 or (box is OFF_ZERO and q == -1):
            return box
        if q == int(q) and size_of(q) <= 8:
            made = box.square() if size_of(q) > 1 else box
            for _ in range(abs(int(q)) - 2):
                made = made * box
            if size_of(q) > 2 and int(q) % 2 == 0 and box.real:
                made = made.meet(domain("nonnegative")) or made
            if q > 0 or made.real:
                return made if q > 0 else made.inverse()
        made = power_of(box, float(q), atom.arg)
        return made if q < 0 or box.excludes(0.0) else lemmas.with_zero(made)

    def _sharper(self, a: Form, box: Domain) -> Domain:
        """The box of a sum met with what is known of it, and of its shape."""
        for known, fact in self._known.items():
            if fact.excludes(0.0) and len(known.terms) == len(a.terms):
                ratio = self.ratio(a, known)
                if ratio is not None:
                    made = self.mono_box(ratio[1]) * point(Fraction(ratio[0])) * fact
                    if made.excludes(0.0):
                        return box.meet(_signs(made)) or box
        return lemmas.sharper(self, a, box) or box

    def ratio(self, a: Form, b: Form) -> tuple[Number, Mono] | None:
        """(k, m) with a = k * m * b, tried on the first term of a."""
        (m, c), *_ = a.terms.items()
        for n in b.terms:
            _, inverse = self.power(n, -1)
            _, ratio = self.product(m, inverse)
            made = self.times(b, ratio)
            scale = made.terms.get(m)
            if scale and self.scaled(made, Fraction(c) / scale) is a:
                return Fraction(c) / scale, ratio
        return None

    def is_finite(self, m: Mono) -> bool:
        """Whether the product has a value wherever its atoms have: none below is 0."""
        return all(q > 0 or atom.box.excludes(0.0) for atom, q in m.factors)

    def note(self, identity: str, license_: str) -> None:
        """Record an identity used and the fact that licensed it."""
        self.steps[identity, license_] = None

    @abstractmethod
    def is_zero(self, a: Form) -> bool:
        """Whether the form is known to be 0 wherever its parts are defined."""

    @abstractmethod
    def exp(self, a: Value) -> Value:
        """exp in the exact meaning."""

    @abstractmethod
    def ln(self, b: Value) -> Value:
        """Principal logarithm in the exact meaning."""


def _signs(box: Domain) -> Domain:
    """The sign of a box that excludes 0, as a set."""
    for side in (_POSITIVE, -_POSITIVE):
        if box.within(side):
            return side
    return _NONZERO


def bound(atom: Atom, box: Domain) -> None:
    if box is _REAL or box is OFF_ZERO:
        atom.box, atom.arg, atom.positive = box, HALF_LINE, False
        return
    box = box.trimmed()
    atom.box = box
    atom.arg = arg_of(box)
    atom.positive = atom.arg == ZERO and box.real


def _scaled(box: Domain, c: Number) -> Domain:
    """A number times a box."""
    if c == 1 or box is _REAL or box is OFF_ZERO:
        return box
    return -box if c == -1 else box * number_box(c)


@lru_cache(maxsize=4096)
def number_box(c: Number) -> Domain:
    """The set of one number."""
    return point(Fraction(c))


def _times(a: Domain, b: Domain) -> Domain:
    if a is _UNIT or (a is OFF_ZERO and (b is OFF_ZERO or b is _POSITIVE)):
        return b if a is _UNIT else a
    return _REAL if (a is _REAL and b.real) or (b is _REAL and a.real) else a * b


def _turned(z: Domain) -> Domain:
    """i times a box."""
    return Domain(-(z.im * PI), z.re * _PER_PI, z.excludes(0.0))
