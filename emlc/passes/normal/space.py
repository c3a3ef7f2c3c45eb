"""exp and ln of forms: the branches are the ones that facts license.

Every operation is exact at every point where no recorded sum vanishes; `zeros` lists the sums that
were logarithms' arguments and may vanish, so that those points are looked at by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from emlc.ir.domain import INF, ZERO, Domain, Interval, domain, point
from emlc.passes.facts import arg_of, exp_of, ln_of, power_of
from emlc.passes.normal import lemmas
from emlc.passes.normal.terms import MAX_DEPTH, Atom, Form, Mono, Number, Terms

_POSITIVE, _NONZERO, _REAL = domain("positive"), domain("nonzero"), domain("real")
_UNIT, _NOTHING = point(Fraction(1)), point(Fraction(0))
_QUICK = 16
_HALF_LINE, _MINUS_HALF_LINE = Interval(0.0, 1.0), Interval(-1.0, 0.0)
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


class Undefined(Exception):
    """A step outside the exact meaning."""


class Unknown(Exception):
    """A step whose meaning the facts do not decide."""


@dataclass(frozen=True, slots=True)
class Infinite:
    """An infinite value.

    sign   of its real part, 0 when it is real and its sign is not known
    im     i times its imaginary part, None when that is not known
    real   whether an imaginary part that is not known is a whole number of half-turns
    """

    sign: int
    im: Form | None
    real: bool = False


Value = Form | Infinite


class Space(Terms):
    """Forms over variables with known domains.

    limit   terms above which a sum is taken as one atom; a small one leaves out the lemmas too
    count_turns   write ln of a product whose branch is not known as the sum of the logarithms less
            2 i pi times an integer, rather than leave it as it stands
    zeros   sums that were assumed not to vanish
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
        self.pi = self._leaf("pi", "pi", Domain(Interval(3.14159, 3.1416)))
        self.i_pi = self.mono(1, ((self.pi, 1),), None)
        self.half_turn = self.form({self.i_pi: 1})

    # -- atoms -----------------------------------------------------------------------------------

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
        _bound(made, box)
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
                ((found.spread, _),) = inner.terms.items()
        return found

    def ln_atom(self, inner: Form) -> Form:
        """ln of a form as it stands."""
        key = ("ln", inner)
        found = self._atoms.get(key)
        if found is None:
            base = self.sum_atom(inner)
            box = ln_of(base.box)
            if self.thorough:
                box = lemmas.modulus(self, inner, box)
            if not base.box.real and (base.arg.lo, base.arg.hi) != (box.im.lo, box.im.hi):
                box = Domain(box.re, base.arg, box.nonzero)
            found = self._atom(key, "ln", inner, box, inner.depth + 1)
            if len(inner.terms) == 1:
                ((m, c),) = inner.terms.items()
                if base.kind == "sum" and c in (1, -1):
                    found.spread = m
        return self.form({self.mono(0, ((found, 1),), None): 1})

    # -- facts -----------------------------------------------------------------------------------

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
                    _bound(atom, (met * scale).meet(atom.box) or atom.box)
                elif q == -1 and met.real and (met.re.lo >= 0 or met.re.hi <= 0):
                    turned = (met * point(Fraction(1, 1) / c)).inverse()
                    _bound(atom, turned.meet(atom.box) or atom.box)
                elif met.excludes(0.0):
                    _bound(atom, atom.box.meet(_NONZERO) or atom.box)
        elif a.terms:
            c = self.content(a)
            if c != 1:
                self._learn(self.scaled(a, Fraction(1) / c), met * point(1 / Fraction(c)))
                return
            atom = self._atoms.get(("sum", a))
            if atom is not None:
                _bound(atom, met)

    def _learn_inside(self, a: Form, fact: Domain) -> None:
        """A real square root has a radicand >= 0; k u^n + rest >= 0 bounds u for k < 0."""
        if not fact.real:
            return
        if len(a.terms) == 1:
            ((m, _),) = a.terms.items()
            if not m.i and m.expo is None:
                self._learn_radicands(m)
            return
        if fact.re.lo < 0:
            return
        for m, c in a.terms.items():
            if c > 0 or len(m.factors) != 1 or m.i or m.expo is not None:
                continue
            atom, q = m.factors[0]
            rest = self.box(self.plus(a, self.form({m: c}), -1))
            if q in (1, 2) and rest.real and math.isfinite(rest.re.hi) and rest.re.hi > 0:
                bound = rest.re.hi / float(-c)
                top = math.nextafter((bound if q == 1 else math.sqrt(bound)) * (1 + 1e-15), INF)
                side = Interval(-INF if q == 1 else -top, top, q == 1)
                _bound(atom, atom.box.meet(Domain(side)) or atom.box)

    def _learn_radicands(self, m: Mono) -> None:
        """A real product of square roots has at most one factor that may be negative: none is."""
        if any(Fraction(q).denominator != 2 for _, q in m.factors):
            return
        loose = [a for a, _ in m.factors if not a.positive]
        if len(loose) == 1 and loose[0].box.real and isinstance(loose[0].body, Form):
            self._learn(loose[0].body, domain("nonnegative"))
            _bound(loose[0], loose[0].box.meet(domain("nonnegative")) or loose[0].box)

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
            a.box = made
            if len(a.terms) > 1 and self.thorough:
                made = lemmas.own_conjugate(self, a, made)
                a.box = self._remembered(a, made)
                if not a.box.excludes(0.0):
                    a.box = self._sharper(a, a.box)
        return a.box

    def _remembered(self, a: Form, box: Domain) -> Domain:
        """The box met with what is known of a multiple of the sum."""
        if not self._multiples:
            return box
        scale = next(iter(a.terms.values()))
        known = self._multiples.get(self.scaled(a, Fraction(1) / scale))
        met = known and box.meet(known * point(Fraction(scale)))
        return met or box

    def _remember(self, a: Form, fact: Domain) -> None:
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
                made = _times(made, self._power_box(atom, q))
            if m.expo is not None:
                made = _times(made, exp_of(self.box(m.expo)))
            m.box = self._normalized(m, made) if self.thorough and len(m.factors) > 1 and made.real else made
        return m.box

    def _normalized(self, m: Mono, box: Domain) -> Domain:
        """u / sqrt(c u^2 + v) is at most 1/sqrt(c) in size where v >= 0."""
        for atom, q in m.factors:
            if q != Fraction(-1, 2) or not isinstance(atom.body, Form):
                continue
            _, top = self.monomial(0, {a: p for a, p in m.factors if a is not atom}, m.expo)
            _, square = self.power(top, 2)
            c = atom.body.terms.get(square, 0)
            if c <= 0 or not self.mono_box(top).real:
                continue
            rest = self.plus(atom.body, self.form({square: c}), -1)
            if self.box(rest).within(domain("nonnegative")):
                self.note("|u| <= sqrt(u^2 + v)", "u real, v >= 0")
                bound = math.nextafter(float(c) ** -0.5, INF) if c != 1 else 1.0
                return box.meet(Domain(Interval(-bound, bound))) or box
        return box

    def _power_box(self, atom: Atom, q: Number) -> Domain:
        box = atom.box
        if q == 1:
            return box
        if q == int(q) and abs(q) <= 8:
            made = box.square() if abs(q) > 1 else box
            for _ in range(abs(int(q)) - 2):
                made = made * box
            if abs(q) > 2 and int(q) % 2 == 0 and box.real:
                made = made.meet(domain("nonnegative")) or made
            if q > 0:
                return made
            return made.inverse() if made.real else power_of(box, float(q), atom.arg)
        return power_of(box, float(q), atom.arg)

    def _sharper(self, a: Form, box: Domain) -> Domain:
        """The box of a sum met with what is known of it, and of its shape."""
        for known, fact in self._known.items():
            if fact.excludes(0.0) and len(known.terms) == len(a.terms):
                ratio = self._ratio(a, known)
                if ratio is not None:
                    factor = self.mono_box(ratio[1]) * point(Fraction(ratio[0]))
                    return box.meet(_signs(factor * fact)) or box
        return lemmas.sharper(self, a, box) or box

    def _ratio(self, a: Form, b: Form) -> tuple[Number, Mono] | None:
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

    def note(self, identity: str, license_: str) -> None:
        """Record an identity used and the fact that licensed it."""
        self.steps[identity, license_] = None

    # -- eml -------------------------------------------------------------------------------------

    def minus(self, a: Value, b: Value) -> Value:
        """a - b; inf - inf is undefined."""
        if isinstance(a, Form) and isinstance(b, Form):
            made = self.plus(a, b, -1)
            return self._bounded(made)
        if isinstance(a, Infinite) and isinstance(b, Infinite) and a.sign == b.sign:
            raise (Undefined if a.sign else Unknown)("inf - inf")
        left = a if isinstance(a, Infinite) else self._imaginary_part(a)
        right = b if isinstance(b, Infinite) else self._imaginary_part(b)
        sign = a.sign if isinstance(a, Infinite) else -b.sign  # type: ignore[union-attr]
        if left.im is not None and right.im is not None:
            return Infinite(sign, self.plus(left.im, right.im, -1))
        return Infinite(sign, None, all(v.real or v.im is self.zero for v in (left, right)))

    def _imaginary_part(self, a: Form) -> Infinite:
        """The imaginary part of a form, as that of an infinity."""
        if self.box(a).real:
            return Infinite(1, self.zero)
        kept: dict[Mono, Number] = {}
        whole = False
        for m, c in a.terms.items():
            box = self.mono_box(m)
            if box.real:
                continue
            if m.log is not None and self.sum_atom(m.log.body).box.real and c == int(c):  # type: ignore[arg-type]
                whole = True
            elif box.re == ZERO:
                kept[m] = c
            else:
                return Infinite(1, None)
        if whole:
            turns = [c == int(c) if m is self.i_pi else False for m, c in kept.items()]
            return Infinite(1, None, all(turns))
        return Infinite(1, self.form(kept))

    def _bounded(self, a: Form) -> Form:
        """The form, as one atom when it is too long or too deep."""
        if len(a.terms) <= self.limit and a.depth <= MAX_DEPTH:
            return a
        content = self.content(a)
        atom = self.sum_atom(self.scaled(a, Fraction(1) / content))
        atom.depth = 0
        return self.form({self.mono(0, ((atom, 1),), None): content})

    def exp(self, a: Value) -> Value:
        """exp in the exact meaning."""
        if isinstance(a, Infinite):
            return self._exp_infinite(a)
        found = self._exp.get(a)
        if found is None:
            found = self._exp[a] = self._exp_form(a)
        return found

    def _exp_infinite(self, a: Infinite) -> Value:
        if a.sign < 0:
            return self.zero
        if a.sign and a.im is None and a.real:
            return Infinite(0, self.zero)
        if not a.sign:
            raise Unknown("the sign of an infinity is not known")
        turns = a.im.terms.get(self.i_pi, 0) if a.im is not None else 0
        if a.im is None or len(a.im.terms) > (1 if turns else 0):
            raise Unknown("the direction of an infinity is not known")
        if turns != int(turns):
            raise Undefined("exp of an infinity in no real direction")
        return Infinite(-1 if turns % 2 else 1, self.zero)

    def _exp_form(self, a: Form) -> Form:
        if self.thorough:
            a = self.expand(a, 50)
        factors: dict[Atom, Number] = {}
        rest: dict[Mono, Number] = {}
        whole: list[tuple[Mono, int]] = []
        sign = 1
        for m, c in a.terms.items():
            log = m.log
            if log is not None:
                assert isinstance(log.body, Form)
                if log.spread is not None and c == int(c):
                    whole.append((log.spread, int(c)))
                    ((_, d),) = log.body.terms.items()
                    sign *= d if int(c) % 2 else 1
                else:
                    base = log.base
                    if base is None:
                        base = log.base = self.sum_atom(log.body)
                    factors[base] = factors.get(base, 0) + c
            else:
                rest[m] = c
        if factors or whole:
            self.note("exp(k ln u) = u^k", "u is not 0")
        expo = self.form(rest) if rest else None
        number, made = self.monomial(0, factors, expo)
        if not rest and len(factors) > 1 and made.box is None:
            box = self._remembered(a, domain("complex"))
            if box.real and number == 1:
                own = self.mono_box(made)
                made.box = own.meet(exp_of(box)) or own
        number = number * sign
        if len(factors) > 1:
            d, made = self.joined_roots(made)
            number = number * d
        for m, n in whole:
            d, raised = self.power(m, n)
            e, made = self.product(made, raised)
            number = number * d * e
        return self.spread(made, number)

    def joined_roots(self, m: Mono) -> tuple[Number, Mono]:
        """P^q Q^q as (P Q)^q for positive sums with a product of one term."""
        roots = [(a, q) for a, q in m.factors if q != int(q) and a.kind == "sum" and a.positive]
        for k, (a, q) in enumerate(roots):
            for b, p in roots[k + 1 :]:
                if p != q or not isinstance(a.body, Form) or not isinstance(b.body, Form):
                    continue
                made = self.multiplied(a.body, b.body)
                if len(made.terms) != 1:
                    continue
                rest = {x: r for x, r in m.factors if x is not a and x is not b}
                number, other = self.monomial(m.i, rest, m.expo)
                grown = self.exp(self.scaled(self.ln(made), q))  # type: ignore[arg-type]
                assert isinstance(grown, Form)
                ((n, d),) = grown.terms.items()
                e, joined = self.product(other, n)
                return number * d * e, joined
        return 1, m

    def spread(self, m: Mono, c: Number) -> Form:
        """c * m; a number times a lone sum is the sum of its terms."""
        if len(m.factors) == 1 and m.expo is None:
            atom, q = m.factors[0]
            if atom.kind == "sum" and q == 1 and isinstance(atom.body, Form):
                body = atom.body
                if len(body.terms) <= self.limit and body.depth <= MAX_DEPTH:
                    turned = self.times(body, self.imaginary) if m.i else body
                    return self.scaled(turned, c)
        return self.form({m: c})

    def ln(self, b: Value) -> Value:
        """Principal logarithm in the exact meaning."""
        if isinstance(b, Infinite):
            return self._ln_infinite(b)
        found = self._ln.get(b)
        if found is None:
            if not b.terms:
                found = Infinite(-1, self.zero)
            elif len(b.terms) == 1:
                ((m, c),) = b.terms.items()
                found = self._ln_mono(m, c)
            else:
                found = self._ln_sum(b)
            self._ln[b] = found
        return found

    def _ln_infinite(self, b: Infinite) -> Value:
        if b.sign > 0:
            return Infinite(1, self.zero)
        if not b.sign:
            return Infinite(1, None, real=True)
        if b.im is None:
            return Infinite(1, None)
        if not b.im.terms:
            return Infinite(1, self.half_turn)
        below = self.box(b.im).im.hi < 0
        return Infinite(1, self.scaled(self.half_turn, -1 if below else 1))

    def vanish(self, a: Form) -> None:
        """Take for granted that the form is 0, and so is exp of it less 1."""
        self.vanishing.append(a)
        if any(m.log is not None for m in a.terms):
            whole = self.exp(self.expand(a))
            assert isinstance(whole, Form)
            self.vanishing.append(self.expand(self.cleared(self.plus(whole, self.one, -1))))

    def is_zero_atom(self, atom: Atom) -> bool:
        """Whether the factor is known to be 0."""
        for known in self.vanishing:
            body = atom.body if atom.kind == "sum" else None
            if not isinstance(body, Form):
                body = self.form({self.mono(0, ((atom, 1),), None): 1})
            if body is known or (
                len(body.terms) == len(known.terms) and self._ratio(body, known) is not None
            ):
                return True
        return False

    def _ln_mono(self, m: Mono, c: Number) -> Value:
        for atom, q in m.factors:
            if q > 0:
                if self.vanishing and self.is_zero_atom(atom):
                    return Infinite(-1, self.zero)
                self._assume_nonzero(atom)
        candidate, phase = self._logs(m)
        if c < 0:
            candidate = self.plus(candidate, self.half_turn)
            phase = _shift(phase, 1.0)
        if m.i:
            candidate = self.plus(candidate, self.half_turn, Fraction(1, 2))
            phase = _shift(phase, 0.5)
        size = self.zero if c in (1, -1) else self._ln_rational(Fraction(abs(c)))
        turns = whole_turns(phase)
        if turns is None and self.thorough:
            phase = self._phase_of(candidate) or phase
            turns = whole_turns(phase)
        if turns is None:
            if self.count_turns:
                turn = self._turn(candidate, phase)
                return self.plus(self.plus(size, candidate), self.times(turn, self.i_pi), -2)
            return self.plus(size, self._ln_partly(m, 1 if c > 0 else -1))
        if len(m.factors) + (m.expo is not None) + m.i + (c < 0) > 1 or m.expo is not None:
            name = "ln(exp u) = u" if not m.factors else "ln(u v) = ln u + ln v"
            sides = f" - {2 * turns} i pi" if turns else ""
            self.note(f"{name}{sides}", f"Im in {phase} pi")
        return self.plus(self.plus(size, candidate), self.half_turn, -2 * turns)

    def _phase_of(self, a: Form) -> Interval | None:
        """Bounds of the imaginary part, the moduli of sums under a logarithm taken exactly."""
        real: dict[Mono, Number] = {}
        total, extra = Domain(ZERO), self.zero
        for m, c in a.terms.items():
            own = self.mono(0, m.factors, m.expo)
            if self.mono_box(own).real:
                if m.i:
                    real[own] = c
                continue
            if own.log is None or not isinstance(own.log.body, Form):
                return None
            if not m.i:
                total = total + Domain(self.mono_box(own).im) * point(Fraction(c))
                continue
            size = lemmas.squared_modulus(self, own.log.body)
            half = None if size is None else self.ln(size)
            if not isinstance(half, Form) or not self.box(half).real:
                return None
            extra = self.plus(extra, half, Fraction(c) / 2)
        box = self.box(self.plus(extra, self.form(real)))
        turns = Domain(box.re) * Domain(Interval(3.141592653589793, 3.1415926535897936)).inverse()
        return (total + turns).re

    def _turn(self, a: Form, phase: Interval) -> Form:
        """The integer n with Im(a) / pi - 2 n in (-1, 1]."""
        key = ("turn", a)
        found = self._atoms.get(key)
        if found is None:
            lo, hi = (math.floor((x - 1) / 2) if math.isfinite(x) else x for x in phase_ends(phase))
            box = Domain(Interval(lo, hi + 1, lo == -INF, hi == INF), ZERO, False, True)
            found = self._atom(key, "turn", a, box, a.depth + 1)
        return self.form({self.mono(0, ((found, 1),), None): 1})

    def _logs(self, m: Mono) -> tuple[Form, Interval]:
        """The sum of the logarithms of the factors, and bounds of its imaginary part."""
        total, phase = self.zero, ZERO
        for atom, q in m.factors:
            log = atom.log
            if log is None:
                inner = atom.body if atom.kind == "sum" else None
                if not isinstance(inner, Form):
                    inner = self.form({self.mono(0, ((atom, 1),), None): 1})
                log = atom.log = self.ln_atom(inner)
            if atom.box.real and atom.arg.lo == 1:
                inner = self.form({self.mono(0, ((atom, 1),), None): -1})
                log = self.plus(self.ln_atom(inner), self.half_turn)
            total = self.plus(total, log, q)
            if not atom.positive:
                phase = _phases(phase, atom.arg, q)
        if m.expo is not None:
            total = self.plus(total, m.expo)
            im = self.box(m.expo).im
            if im != ZERO:
                phase = (Domain(phase) + Domain(im)).re
        return total, phase

    def _ln_partly(self, m: Mono, sign: int) -> Form:
        """ln of a product whose branch is not known: its positive factors leave the logarithm."""
        kept = {a: q for a, q in m.factors if not a.positive}
        freed = {a: q for a, q in m.factors if a not in kept}
        real_expo, expo = None, m.expo
        if expo is not None and self.box(expo).real:
            real_expo, expo = expo, None
        _, rest = self.monomial(m.i, kept, expo)
        _, out = self.monomial(0, freed, real_expo)
        total, _ = self._logs(out)
        return self.plus(total, self.ln_atom(self.form({rest: sign})))

    def _ln_rational(self, value: Fraction) -> Form:
        total: dict[Mono, Number] = {}
        for part, unit in ((value.numerator, 1), (value.denominator, -1)):
            for prime, count in _factored(part):
                atom = self._leaf("prime", prime, point(Fraction(prime)))
                inner = self.form({self.mono(0, ((atom, 1),), None): 1})
                ((m, _),) = self.ln_atom(inner).terms.items()
                total[m] = total.get(m, 0) + unit * count
        return self.form({m: c for m, c in total.items() if c})

    def _ln_sum(self, b: Form) -> Value:
        if not self.thorough:
            content = self.content(b)
            plain = self.sum_atom(b if content == 1 else self.scaled(b, Fraction(1) / content))
            return self._ln_mono(self.mono(0, ((plain, 1),), None), content)
        grown = self.expand(b, 100)
        if len(grown.terms) < 2:
            return self.ln(grown)
        content = self.content(grown)
        inner = self.scaled(grown, Fraction(1) / content)
        common = self._common(inner)
        rest = inner
        if common is not self.unit:
            d, inverse = self.power(common, -1)
            rest = self.expand(self.times(inner, inverse, d), 100)
        if len(rest.terms) < 2:
            return self.ln(self.times(rest, common, content))
        box = self.box(rest)
        sign = -1 if box.real and box.re.hi <= 0 else 1
        rest = self.scaled(rest, sign)
        factors: dict[Atom, Number] = {atom: 1 for atom in self.squares_apart(rest)}
        _, apart = self.monomial(0, factors, None)
        d, outer = self.product(common, apart)
        own = self.box(b)
        if own.real and own.re.lo >= 0 and content * sign * d > 0:
            size = own * point(Fraction(1) / (Fraction(content) * d * sign))
            outer.box = self.mono_box(outer).meet(size) or outer.box
        made = self._ln_mono(outer, content * sign * d)
        if isinstance(made, Form) and len(outer.factors) > 1 and len(made.terms) > 1:
            box = self.box(b)
            if box.real and box.re.lo >= 0:
                self._remember(made, ln_of(box))
        return made

    def factored(self, a: Form) -> tuple[Number, Mono]:
        """The form as a number times a monomial, a sum as one atom."""
        if len(a.terms) == 1:
            ((m, c),) = a.terms.items()
            return c, m
        content = self.content(a)
        atom = self.sum_atom(self.scaled(a, Fraction(1) / content))
        return content, self.mono(0, ((atom, 1),), None)

    def squares_apart(self, a: Form, *, licensed: bool = True) -> list[Atom]:
        """a - b and a + b of a^2 - b^2 where the logarithm may be split so, or the form itself."""
        halves = [self._half_of(m, abs(c)) for m, c in a.terms.items()]
        signs = sum(1 if c > 0 else -1 for c in a.terms.values())
        if len(halves) == 2 and not signs and all(h is not None for h in halves):
            u, v = (h for h in halves if h is not None)
            if next(iter(a.terms.values())) < 0:
                u, v = v, u
            two = [self.sum_atom(self.plus(u, v, s)) for s in (-1, 1)]
            phase = (Domain(two[0].arg) + Domain(two[1].arg)).re
            if not licensed:
                return two
            if whole_turns(phase) == 0:
                inner = two[0].body if two[0].kind == "sum" else None
                again = self.squares_apart(inner) if isinstance(inner, Form) else [two[0]]
                return [*again, two[1]]
        return [self.sum_atom(a)]

    def _half_of(self, m: Mono, c: Number) -> Form | None:
        """A square root of c * m with rational coefficient and whole powers."""
        value = Fraction(c)
        root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
        powers = [q for _, q in m.factors]
        expo = m.expo
        if expo is not None:
            powers += expo.terms.values()
            expo = self.scaled(expo, Fraction(1, 2))
        if root * root != value or m.i or any(q % 2 for q in powers):
            return None
        _, half = self.monomial(0, {a: q // 2 for a, q in m.factors}, expo)
        return self.form({half: root.numerator if root.denominator == 1 else root})

    def _common(self, a: Form) -> Mono:
        """The factors that all terms share, negative powers among them."""
        shared: dict[Atom, Number] | None = None
        for m in a.terms:
            own = dict(m.factors)
            if shared is None:
                shared = own
                continue
            both = {x: min(shared.get(x, 0), own.get(x, 0)) for x in shared.keys() | own.keys()}
            shared = {x: q for x, q in both.items() if q}
        licensed = {x: q for x, q in (shared or {}).items() if x.positive or q == int(q)}
        return self.monomial(0, licensed, self._common_exponent(a))[1]

    def _common_exponent(self, a: Form) -> Form | None:
        """The least exponent of every real term in the exponents, 0 where one is missing."""
        least: dict[Mono, Number] = {}
        for m in a.terms:
            for n, c in m.expo.terms.items() if m.expo is not None else ():
                least[n] = min(least.get(n, c), c)
        kept: dict[Mono, Number] = {}
        for n, c in least.items():
            if any(m.expo is None or n not in m.expo.terms for m in a.terms):
                c = min(c, 0)
            if c and self.mono_box(n).real:
                kept[n] = c
        return self.form(kept) if kept else None

    def _assume_nonzero(self, atom: Atom) -> None:
        if atom.box.excludes(0.0):
            return
        inner = atom.body if atom.kind == "sum" else None
        if not isinstance(inner, Form):
            inner = self.form({self.mono(0, ((atom, 1),), None): 1})
        if len(inner.terms) > 1 and self.box(inner).excludes(0.0):
            _bound(atom, self.box(inner))
            return
        self.zeros[inner] = None
        _bound(atom, atom.box.meet(_NONZERO) or atom.box)
        inner.box = (inner.box or atom.box).meet(_NONZERO) or inner.box

    def eml(self, x: Value, y: Value) -> Value:
        """exp(x) - ln(y)."""
        return self.minus(self.exp(x), self.ln(y))


def _signs(box: Domain) -> Domain:
    """The sign of a box that excludes 0, as a set."""
    for side in (_POSITIVE, -_POSITIVE):
        if box.within(side):
            return side
    return _NONZERO


def _bound(atom: Atom, box: Domain) -> None:
    if box is not _REAL:
        box = box.trimmed()
    atom.box = box
    atom.arg = arg_of(box)
    atom.positive = atom.arg == ZERO and box.real


def _scaled(box: Domain, c: Number) -> Domain:
    """A number times a box."""
    if c == 1 or box is _REAL:
        return box
    if c in (1, -1) and box.re == _REAL.re and box.real:
        return box
    return -box if c == -1 else box * point(Fraction(c))


def _times(a: Domain, b: Domain) -> Domain:
    if a is _UNIT:
        return b
    return _REAL if (a is _REAL and b.real) or (b is _REAL and a.real) else a * b


def _turned(z: Domain) -> Domain:
    """i times a box."""
    if z.real:
        return Domain(ZERO, (z * Domain(Interval(3.141592653589793, 3.1415926535897936)).inverse()).re,
                      z.excludes(0.0))
    pi = Domain(Interval(3.141592653589793, 3.1415926535897936))
    re = (Domain(z.im) * pi).re
    im = (Domain(z.re) * pi.inverse()).re
    return Domain((-Domain(re)).re, im, z.excludes(0.0))


def _phases(phase: Interval, arg: Interval, q: Number) -> Interval:
    """phase + q * arg."""
    if arg == _HALF_LINE and q in (1, -1) and phase == ZERO:
        return arg if q == 1 else _MINUS_HALF_LINE
    return (Domain(phase) + Domain(arg) * point(Fraction(q))).re


def phase_ends(phase: Interval) -> tuple[float, float]:
    """The ends of an interval."""
    return phase.lo, phase.hi


def _shift(x: Interval, by: float) -> Interval:
    return (Domain(x) + Domain(Interval(by, by))).re


def whole_turns(phase: Interval) -> int | None:
    """k when the interval lies in (2k - 1, 2k + 1], None when it does not lie in one of them."""
    if not (math.isfinite(phase.lo) and math.isfinite(phase.hi)):
        return None
    k = math.ceil((phase.hi - 1) / 2)
    if phase.hi_open and phase.hi == 2 * k + 1 and phase.lo >= phase.hi:
        return None
    low = 2 * k - 1
    return k if phase.lo > low or (phase.lo == low and phase.lo_open) else None


def _factored(n: int) -> list[tuple[int, int]]:
    """Small primes of n with their powers, and what is left of it."""
    out = []
    for p in _PRIMES:
        count = 0
        while n % p == 0:
            n, count = n // p, count + 1
        if count:
            out.append((p, count))
    if n > 1:
        out.append((n, 1))
    return out
