"""Logarithms of products and of sums: split where facts license the branch."""

from __future__ import annotations

import math
from fractions import Fraction

from emlc.ir.domain import INF, PI, ZERO, Domain, Interval, domain, point
from emlc.passes.facts import ln_of
from emlc.passes.normal import lemmas
from emlc.passes.normal.boxes import HALF_LINE, OFF_ZERO, REAL, Boxes, bound, number_box
from emlc.passes.normal.digits import Number
from emlc.passes.normal.terms import Atom, Form, Mono, add_to, names_in, size_of
from emlc.passes.normal.values import Infinite, Value

_NONZERO = domain("nonzero")
_MINUS_HALF_LINE = -HALF_LINE
_PER_PI = Domain(PI).inverse().re
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


class Logs(Boxes):
    """Forms with the logarithms of their products and sums."""

    def ln_product(self, m: Mono, c: Number) -> Value:
        for atom, q in m.factors:
            if q > 0 and not atom.box.excludes(0.0):
                if self.is_zero_atom(atom):
                    return Infinite(-1, self.zero)
                self._assume_nonzero(atom)
        if len(m.factors) == 1 and c == 1 and not m.i and m.expo is None and m.factors[0][1] == 1:
            return self._log(m.factors[0][0])
        total, phase = self._logs(m)
        quarters = 2 * (c < 0) + m.i
        if quarters:
            add_to(total, self.half_turn, Fraction(quarters, 2))
            phase = phase + point(Fraction(quarters, 2)).re
        size = self.zero if c in (1, -1) else self._ln_rational(Fraction(size_of(c)))
        turns = whole_turns(phase)
        if turns is None and self.thorough:
            phase = self._phase_of(self.form(total)) or phase
            turns = whole_turns(phase)
        if turns is None:
            if self.count_turns:
                candidate = self.form(total)
                turn = self._turn(candidate, phase)
                return self.plus(self.plus(size, candidate), self.times(turn, self.i_pi), -2)
            return self.plus(size, self._ln_partly(m, 1 if c > 0 else -1))
        parts = len(m.factors) + m.i + (c < 0)
        if self.thorough and (parts > 1 or m.expo is not None):
            name = "ln(exp u) = u" if not m.factors else "ln(u v) = ln u + ln v"
            sides = f" - {2 * turns} i pi" if turns else ""
            self.note(f"{name}{sides}", f"Im in {phase} pi")
        add_to(total, size)
        if turns:
            add_to(total, self.half_turn, -2 * turns)
        return self.form(total)

    def _phase_of(self, a: Form) -> Interval | None:
        """Bounds of the imaginary part, the moduli of sums under a logarithm taken exactly."""
        real: dict[Mono, Number] = {}
        total, extra = ZERO, self.zero
        for m, c in a.terms.items():
            own = self.mono(0, m.factors, m.expo)
            if self.mono_box(own).real:
                if m.i:
                    real[own] = c
                continue
            if own.log is None or not isinstance(own.log.body, Form):
                return None
            if not m.i:
                total = total + self.mono_box(own).im * number_box(c).re
                continue
            size = lemmas.squared_modulus(self, own.log.body)
            half = None if size is None else self.ln(size)
            if not isinstance(half, Form) or not self.box(half).real:
                return None
            extra = self.plus(extra, half, Fraction(c) / 2)
        return total + self.box(self.plus(extra, self.form(real))).re * _PER_PI

    def _turn(self, a: Form, phase: Interval) -> Form:
        """The integer n with Im(a) / pi - 2 n in (-1, 1]."""
        key = ("turn", a)
        found = self._atoms.get(key)
        if found is None:
            ends = (phase.lo, phase.hi)
            lo, hi = (math.floor((x - 1) / 2) if math.isfinite(x) else x for x in ends)
            box = Domain(Interval(lo, hi + 1, lo == -INF, hi == INF), ZERO, False, True)
            found = self._atom(key, "turn", a, box, a.depth + 1)
        return self.form({self.mono(0, ((found, 1),), None): 1})

    def _log(self, atom: Atom) -> Form:
        """The logarithm of a factor."""
        log = atom.log
        if log is None:
            inner = atom.body if atom.kind == "sum" else None
            if not isinstance(inner, Form):
                inner = self.form({self.mono(0, ((atom, 1),), None): 1})
            log = atom.log = self.ln_atom(inner)
        if not atom.positive and atom.box.real and atom.arg.lo == 1:
            body = atom.body if atom.kind == "sum" else None
            inner = body if isinstance(body, Form) and len(body.terms) > 1 else None
            if inner is None:
                inner = self.form({self.mono(0, ((atom, 1),), None): 1})
            inner = self.scaled(inner, -1)
            log = self.plus(self.ln_atom(inner), self.half_turn)
        return log

    def _logs(self, m: Mono) -> tuple[dict[Mono, Number], Interval]:
        """The sum of the logarithms of the factors, and bounds of its imaginary part."""
        total: dict[Mono, Number] = {}
        phase = ZERO
        for atom, q in m.factors:
            add_to(total, self._log(atom), q)
            if not atom.positive:
                phase = _phases(phase, atom.arg, q)
        if m.expo is not None:
            add_to(total, m.expo)
            phase = phase + self.box(m.expo).im
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
        add_to(total, self.ln_atom(self.form({rest: sign})))
        return self.form(total)

    def _ln_rational(self, value: Fraction) -> Form:
        total: dict[Mono, Number] = {}
        for part, unit in ((value.numerator, 1), (value.denominator, -1)):
            for prime, count in _factored(part):
                atom = self._leaf("prime", prime, point(Fraction(prime)))
                inner = self.form({self.mono(0, ((atom, 1),), None): 1})
                ((m, _),) = self.ln_atom(inner).terms.items()
                total[m] = total.get(m, 0) + unit * count
        return self.form({m: c for m, c in total.items() if c})

    def ln_sum(self, b: Form) -> Value:
        if not self.thorough:
            content, plain = self.factored(b)
            return self.ln_product(plain, content)
        grown = self.expand(b, 100)
        if len(grown.terms) < 2:
            return self.ln(grown)
        content = self.content(grown)
        inner = self.scaled(grown, Fraction(1) / content)
        common = self.common(inner)
        rest = inner
        if common is not self.unit:
            d, inverse = self.power(common, -1)
            rest = self.expand(self.times(inner, inverse, d), 100)
        if len(rest.terms) < 2:
            return self.ln(self.times(rest, common, content))
        box = self.box(rest)
        sign = -1 if box.real and box.re.hi <= 0 else 1
        rest = self.scaled(rest, sign)
        factors: dict[Atom, Number] = dict.fromkeys(self.squares_apart(rest), 1)
        _, apart = self.monomial(0, factors, None)
        d, outer = self.product(common, apart)
        own = self.box(b)
        if own.real and own.re.lo >= 0 and content * sign * d > 0:
            size = own * point(Fraction(1) / (Fraction(content) * d * sign))
            outer.box = self.mono_box(outer).meet(size) or outer.box
        made = self.ln_product(outer, content * sign * d)
        if isinstance(made, Form) and len(outer.factors) > 1 and len(made.terms) > 1:
            box = self.box(b)
            if box.real and box.re.lo >= 0:
                self.remember(made, ln_of(box))
        return made

    def factored(self, a: Form) -> tuple[Number, Mono]:
        """The form as a number times a monomial, a sum as one atom."""
        if len(a.terms) == 1:
            ((m, c),) = a.terms.items()
            return c, m
        content = self.content(a)
        atom = self.sum_atom(a if content == 1 else self.scaled(a, Fraction(1) / content))
        return content, self.mono(0, ((atom, 1),), None)

    def squares_apart(self, a: Form, *, licensed: bool = True) -> list[Atom]:
        """a - b and a + b of a^2 - b^2 where the logarithm may be split so, or the form itself."""
        halves = [self._half_of(m, size_of(c)) for m, c in a.terms.items()]
        signs = sum(1 if c > 0 else -1 for c in a.terms.values())
        if len(halves) == 2 and not signs and all(h is not None for h in halves):
            u, v = (h for h in halves if h is not None)
            if next(iter(a.terms.values())) < 0:
                u, v = v, u
            two = [self.sum_atom(self.plus(u, v, s)) for s in (-1, 1)]
            if not licensed:
                return two
            if whole_turns(two[0].arg + two[1].arg) == 0:
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

    def common(self, a: Form) -> Mono:
        """The factors that all terms share, negative powers among them."""
        shared: dict[Atom, Number] | None = None
        for m in a.terms:
            own = dict(m.factors)
            if shared is None:
                shared = own
                continue
            both = {x: min(shared.get(x, 0), own.get(x, 0)) for x in {**shared, **own}}
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
        if self.solving or atom.box.excludes(0.0):
            return
        inner = atom.body if atom.kind == "sum" else None
        if not isinstance(inner, Form):
            inner = self.form({self.mono(0, ((atom, 1),), None): 1})
        if len(inner.terms) > 1 and self.box(inner).excludes(0.0):
            bound(atom, self.box(inner))
            return
        self.zeros[inner] = None
        if atom.box is REAL:
            bound(atom, OFF_ZERO)
            if inner.box is None or inner.box is REAL:
                inner.box = OFF_ZERO
            return
        bound(atom, atom.box.meet(_NONZERO) or atom.box)
        inner.box = (inner.box or atom.box).meet(_NONZERO) or inner.box

    def is_zero_atom(self, atom: Atom) -> bool:
        """Whether the factor is known to be 0, as a sum of constants may turn out to be."""
        if (
            self.thorough
            and atom.kind in ("sum", "ln")
            and isinstance(atom.body, Form)
            and not names_in(*atom.body.terms)
            and self.is_zero(atom.body if atom.kind == "sum" else self.ln_atom(atom.body))
        ):
            return True
        for known in self.vanishing:
            body = atom.body if atom.kind == "sum" else None
            if not isinstance(body, Form):
                body = self.form({self.mono(0, ((atom, 1),), None): 1})
            if body is known:
                return True
            ratio = self.ratio(body, known) if len(body.terms) == len(known.terms) else None
            if ratio is not None and self.is_finite(ratio[1]):
                return True
        return False


def _phases(phase: Interval, arg: Interval, q: Number) -> Interval:
    """phase + q * arg."""
    if q == 1:
        return phase + arg
    if q == -1:
        return phase + (_MINUS_HALF_LINE if arg is HALF_LINE else -arg)
    return phase + arg * number_box(q).re


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
