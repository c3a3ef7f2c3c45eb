"""exp, ln and eml of forms: the branches are the ones that facts license.

Every operation is exact at every point where no recorded sum vanishes; `zeros` lists the sums that
were logarithms' arguments and may vanish, so that those points are looked at by themselves.
"""

from __future__ import annotations

from fractions import Fraction

from emlc.ir.domain import ZERO, domain
from emlc.passes.facts import exp_of
from emlc.passes.normal.digits import Number
from emlc.passes.normal.logs import Logs
from emlc.passes.normal.terms import MAX_DEPTH, Atom, Factors, Form, Mono
from emlc.passes.normal.values import Infinite, Undefined, Unknown, Value

__all__ = ["Infinite", "Space", "Undefined", "Unknown", "Value"]


class Space(Logs):
    """Forms with exp and ln; see Boxes for what it is made with."""

    def is_zero(self, a: Form) -> bool:
        """Whether the form is known to be 0 wherever its parts are defined."""
        from emlc.passes.normal.equal import is_zero

        return is_zero(self, a)

    def minus(self, a: Value, b: Value) -> Value:
        """a - b; inf - inf is undefined."""
        if isinstance(a, Form) and isinstance(b, Form):
            made = self.plus(a, b, -1)
            return self._bounded(made)
        if isinstance(a, Infinite) and isinstance(b, Infinite) and a.sign * b.sign >= 0:
            raise (Undefined if a.sign and b.sign else Unknown)("inf - inf")
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
        a = self.divided(a)
        if len(a.terms) == 1:
            ((m, c),) = a.terms.items()
            log = m.log
            body = log.body if c == 1 and log is not None and log.spread is None else None
            if isinstance(body, Form) and not any(_starts_with_prime(n) for n in body.terms):
                return body
        factors, whole, rest, sign, turn = self._terms_of_exp(a)
        if self.thorough and (factors or whole):
            self.note("exp(k ln u) = u^k", "u is not 0")
        expo = self.form(rest) if rest else None
        number, made = self.monomial(turn, factors, expo)
        if not (rest or self.solving) and len(factors) > 1 and made.box is None:
            box = self.remembered(a, domain("complex"))
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

    def _terms_of_exp(
        self, a: Form
    ) -> tuple[dict[Atom, Number], list[tuple[Mono, int]], dict[Mono, Number], Number, int]:
        """Powers of bases, whole powers of products, what stays in exp, a sign, quarter turns."""
        factors: dict[Atom, Number] = {}
        rest: dict[Mono, Number] = {}
        whole: list[tuple[Mono, int]] = []
        sign: Number = 1
        turn = 0
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
                    if c < 0 and c == int(c):
                        base, turned = self._turned(base)
                        turn += turned * int(c)
                    factors[base] = factors.get(base, 0) + c
            else:
                rest[m] = c
        return factors, whole, rest, sign, turn

    def _turned(self, base: Atom) -> tuple[Atom, int]:
        """u and n where the base is i^n u, the same u for all such bases."""
        if base.kind != "sum" or not any(m.i for m in _body(base).terms):
            return base, 0
        lead = min(_body(base).terms, key=_rank)
        n = lead.i + (0 if _body(base).terms[lead] > 0 else 2)
        _, back = self.monomial(-n, {}, None)
        return self.sum_atom(self.times(_body(base), back, -1 if -n % 4 > 1 else 1)), n

    def divided(self, a: Form) -> Form:
        """Terms over a power of a sum, as one product where the power is a factor of them all."""
        over: dict[tuple[Atom, Number, Factors], dict[Mono, Number]] = {}
        for m, c in a.terms.items():
            for atom, q in _denominators(m):
                inside = {x for n in _body(atom).terms for x, _ in n.factors}
                own = tuple(f for f in m.factors if f[0] is not atom and f[0] not in inside)
                over.setdefault((atom, q, own), {})[m] = c
        for (atom, q, _), terms in over.items():
            if len(terms) > 1 and all(m in a.terms for m in terms):
                number, below = self.monomial(0, {atom: -q}, None)
                parts = self.form(terms)
                power = self.expand(self.form({below: number}), 50)
                found = self.ratio(self.times(parts, below, number), power)
                if found is not None:
                    quotient = self.form({found[1]: found[0]})
                    a = self.plus(self.plus(a, parts, -1), quotient)
        return a

    def joined_roots(self, m: Mono) -> tuple[Number, Mono]:
        """P^q Q^q as (P Q)^q for positive sums with a product of one term."""
        roots = [
            (a, q)
            for a, q in m.factors
            if q != int(q) and a.kind == "sum" and a.positive and a.spread is None
        ]
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
        if self.is_long(m):
            return self.form({self.mono(0, ((self.sum_atom(self.form({m: 1})), 1),), None): c})
        if len(m.factors) == 1 and m.expo is None:
            atom, q = m.factors[0]
            if atom.kind == "sum" and q == 1 and isinstance(atom.body, Form):
                body = atom.body
                if len(body.terms) == 1 and atom.spread is None:
                    return self.form({m: c})
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
                found = self.ln_product(m, c)
            else:
                found = self.ln_sum(b)
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
        turns = self.box(b.im).im
        if turns.lo < 0 and (turns.hi > 0 or 0.0 in turns):
            return Infinite(1, None)
        return Infinite(1, self.scaled(self.half_turn, -1 if turns.lo < 0 else 1))

    def vanish(self, a: Form) -> None:
        """Take for granted that the form is 0, and so is exp of it less 1."""
        self.vanishing.append(a)
        if any(m.log is not None for m in a.terms):
            whole = self.exp(self.expand(a))
            assert isinstance(whole, Form)
            self.vanishing.append(self.expand(self.cleared(self.plus(whole, self.one, -1))))

    def eml(self, x: Value, y: Value) -> Value:
        """exp(x) - ln(y)."""
        return self.minus(self.exp(x), self.ln(y))


def _starts_with_prime(m: Mono) -> bool:
    """Whether the product holds a prime, which is a number once it stands by itself."""
    return bool(m.factors) and any(atom.kind == "prime" for atom, _ in m.factors)


def _denominators(m: Mono) -> list[tuple[Atom, Number]]:
    """The sums, never 0, with a negative whole power."""
    return [
        (x, q)
        for x, q in m.factors
        if q < 0 and q == int(q) and x.kind == "sum" and x.box.excludes(0.0)
    ]


def _body(atom: Atom) -> Form:
    assert isinstance(atom.body, Form)
    return atom.body


def _rank(m: Mono) -> tuple[list[int], bool]:
    """An order of products that does not look at i."""
    return [x.id for x, _ in m.factors], m.expo is not None
