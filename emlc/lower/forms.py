"""Exact real numbers at one point: sums of rational multiples of atoms.

    Form  ::= {Atom: Fraction}                        a real number
    Atom  ::= one | pi | log n | log |Form| | arg (Form, Form) | log |(Form, Form)|
            | exp(Form) | exp(Form) cos(Form) | exp(Form) sin(Form)

Equal numbers get equal forms where the rules here can see it, at every magnitude. Signs that the
algebra cannot see are read off lazily computed balls; when a ball straddles, `Undecided` asks for
more precision.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

Form = dict[int, Fraction]
Key = tuple[Any, ...]

ONE, PI = 0, 1
MAX_TERMS = 12
_MOST_SUMS = 40  # factors that are multiplied out, counted as often as they occur
_MAX_BITS = 512
_HUGE = 1 << 1100  # no double is beyond it
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


class Undecided(Exception):
    """A sign or a branch that the present precision cannot tell."""


def form_key(form: Form) -> Key:
    return tuple(sorted(form.items()))


def plus(a: Form, b: Form, scale: Fraction | int = 1) -> Form:
    """a + scale * b."""
    out = dict(a)
    for atom, c in b.items():
        total = out.get(atom, 0) + c * scale
        if total:
            out[atom] = Fraction(total)
        else:
            out.pop(atom, None)
    return out


def scaled(a: Form, by: Fraction | int) -> Form:
    """by * a."""
    return {atom: c * by for atom, c in a.items()} if by else {}


class Forms:
    """The atoms met so far, with their balls at one precision (bits)."""

    def __init__(self, prec: int) -> None:
        import flint

        self.flint = flint
        self.prec = prec
        self._index: dict[Key, int] = {("one",): ONE, ("pi",): PI}
        self._keys: list[Key] = [("one",), ("pi",)]
        self._balls: dict[int, Any] = {}

    # -- atoms and their balls ---------------------------------------------------------------

    def atom(self, *key: Any) -> int:
        """The number of the atom with this key."""
        found = self._index.setdefault(key, len(self._keys))
        if found == len(self._keys):
            self._keys.append(key)
        return found

    def ball(self, form: Form) -> Any:
        """An arb that holds the value of the form."""
        total = self.flint.arb(0)
        for atom, c in form.items():
            total += self._atom_ball(atom) * self.flint.fmpq(c.numerator, c.denominator)
        return total

    def _atom_ball(self, atom: int) -> Any:
        """The ball of an atom, those it uses first."""
        stack = [atom]
        while stack:
            top = stack[-1]
            if top in self._balls:
                stack.pop()
                continue
            waiting = [a for a in self._uses(self._keys[top]) if a not in self._balls]
            if waiting:
                stack.extend(waiting)
            else:
                self._balls[top] = self._compute(self._keys[stack.pop()])
        return self._balls[atom]

    def _uses(self, key: Key) -> list[int]:
        return [atom for part in key[1:] if isinstance(part, tuple) for atom, _ in part]

    def _compute(self, key: Key) -> Any:
        arb = self.flint.arb
        kind, *parts = key
        if kind == "one":
            return arb(1)
        if kind == "pi":
            return arb.pi()
        if kind == "logn":
            return arb(parts[0]).log()
        balls = [self.ball(dict(p)) for p in parts]
        if kind in ("exp", "cos", "sin"):
            if not all(abs(b) < _HUGE for b in balls):
                raise Undecided("an exponential too large to write down")
            size = balls[0].exp()
            if kind == "exp":
                return size
            return size * (balls[1].cos() if kind == "cos" else balls[1].sin())
        if kind == "log":
            return abs(balls[0]).log()
        z = self.flint.acb(balls[0], balls[1])
        return abs(z).log() if kind == "logabs" else z.arg()

    def sign(self, form: Form) -> int:
        """-1, 0 or 1; raises Undecided when the ball straddles zero."""
        if not form:
            return 0
        if len(form) == 1:
            ((atom, c),) = form.items()
            if self._keys[atom][0] in ("one", "pi", "exp"):
                return 1 if c > 0 else -1
        ball = self.ball(form)
        if ball > 0:
            return 1
        if ball < 0:
            return -1
        raise Undecided("the sign of a sum is not visible at this precision")

    # -- real exponentials and logarithms ----------------------------------------------------

    def _rational_log(self, value: Fraction) -> Form:
        """ln of a positive rational as a sum over small primes and what is left of it."""
        out: Form = {}
        for part, unit in ((value.numerator, 1), (value.denominator, -1)):
            rest = part
            for p in _PRIMES:
                count = 0
                while rest % p == 0:
                    rest //= p
                    count += 1
                if count:
                    out = plus(out, {self.atom("logn", p): Fraction(unit * count)})
            base, power = _root_of(rest)
            if base != 1:
                out = plus(out, {self.atom("logn", base): Fraction(unit * power)})
        return out

    def _exponent(self, atom: int) -> Form | None:
        """R with atom = exp(R) when the atom is a plain positive monomial."""
        kind = self._keys[atom][0]
        if kind == "one":
            return {}
        if kind == "exp":
            return dict(self._keys[atom][1])
        return {self.atom("log", ((PI, Fraction(1)),)): Fraction(1)} if kind == "pi" else None

    def _times(self, atom: int, exponent: Form) -> Form:
        """atom * exp(exponent)."""
        if not exponent:
            return {atom: Fraction(1)}
        kind, *parts = self._keys[atom]
        if kind in ("cos", "sin"):
            scale, rest = self._split(plus(dict(parts[0]), exponent))
            return {self.atom(kind, form_key(rest), parts[1]): scale}
        own = self._exponent(atom)
        if own is not None:
            return self._monomial(plus(own, exponent))
        own = {self.atom("log", ((atom, Fraction(1)),)): Fraction(1)}
        return scaled(self._monomial(plus(own, exponent)), self.sign({atom: Fraction(1)}))

    def _split(self, exponent: Form) -> tuple[Fraction, Form]:
        """exp(exponent) = scale * exp(rest): whole powers of integers leave the exponent."""
        scale, rest = Fraction(1), {}
        for atom, c in exponent.items():
            key = self._keys[atom]
            whole = c.numerator // c.denominator
            if key[0] == "logn" and whole and abs(whole) * key[1].bit_length() < _MAX_BITS:
                scale *= Fraction(key[1]) ** whole
                c -= whole
            if c:
                rest[atom] = c
        return scale, rest

    def _monomial(self, exponent: Form) -> Form:
        scale, rest = self._split(exponent)
        if not rest:
            return {ONE: scale}
        if len(rest) == 1:
            ((atom, c),) = rest.items()
            key = self._keys[atom]
            if c == 1 and key[0] == "log" and len(key[1]) == 1:
                inner = dict(key[1])
                return scaled(inner, scale * self.sign(inner))
        return {self.atom("exp", form_key(rest)): scale}

    def exp_real(self, exponent: Form) -> Form:
        """exp of a real form, short sums under a logarithm multiplied out, one after the other."""
        sums = [
            (atom, int(c))
            for atom, c in sorted(exponent.items())
            if c >= 1 and (key := self._keys[atom])[0] == "log"
            and len(key[1]) <= MAX_TERMS and key[1][0][0] != PI
        ]  # fmt: skip
        if not sums or sum(c for _, c in sums) > _MOST_SUMS:
            return self._monomial(exponent)
        left = plus(exponent, {atom: Fraction(c) for atom, c in sums}, -1)
        made = self._monomial(left)
        kept: Form = {}
        for atom in (atom for atom, c in sums for _ in range(c)):
            inner = dict(self._keys[atom][1])
            product = self._multiply(inner, made)
            if product is None:
                kept = plus(kept, {atom: Fraction(1)})
            else:
                made = scaled(product, self.sign(inner))
        whole = self._multiply(made, self._monomial(kept)) if kept else made
        return self._monomial(exponent) if whole is None else whole

    def _multiply(self, a: Form, b: Form) -> Form | None:
        """a * b when one factor of every pair of terms is a plain monomial and the sum is short."""
        if len(a) * len(b) > MAX_TERMS:
            return None
        total: Form = {}
        for m, c in a.items():
            for n, d in b.items():
                own, other = self._exponent(m), n
                if own is None:
                    own, other = self._exponent(n), m
                if own is None:
                    return None
                total = plus(total, self._times(other, own), c * d)
        return total

    def log_abs(self, form: Form) -> Form:
        """ln |form| of a nonzero real form, a leading monomial taken out so that equals agree."""
        best: tuple[Key, Form] | None = None
        for c, own in self._leads(form):
            key = form_key(self._multiply_out(scaled(form, 1 / c), own))
            if best is None or key < best[0]:
                best = key, plus(self._rational_log(abs(c)), own)
        assert best is not None
        key, size = best
        if len(key) == 1 and key[0][0] == ONE:
            return plus(size, self._rational_log(abs(key[0][1])))
        return plus(size, {self.atom("log", key): Fraction(1)})

    def _leads(self, form: Form) -> list[tuple[Fraction, Form]]:
        """The factors c exp(R) that the terms may give up, the term's own part left positive."""
        return [self._factor(atom, form[atom]) for atom in sorted(form)[:MAX_TERMS]]

    def _factor(self, atom: int, c: Fraction) -> tuple[Fraction, Form]:
        own = self._exponent(atom)
        if own is not None:
            return c, own
        kind, *parts = self._keys[atom]
        if kind in ("cos", "sin"):
            return c, dict(parts[0])
        sign = self.sign({atom: Fraction(1)})
        return c * sign, {self.atom("log", ((atom, Fraction(1)),)): Fraction(1)}

    def _multiply_out(self, form: Form, own: Form) -> Form:
        """form / exp(own)."""
        total: Form = {}
        inverse = scaled(own, -1)
        for atom, c in form.items():
            total = plus(total, self._times(atom, inverse), c)
        return total


def _root_of(n: int) -> tuple[int, int]:
    """(b, k) with n = b**k, squares and cubes taken out, so that ln n is k ln b."""
    power = 1
    while n > 1 and (root := math.isqrt(n)) ** 2 == n:
        n, power = root, 2 * power
    cube = round(n ** (1 / 3)) if n.bit_length() < 1000 else 0
    while cube > 1 and cube**3 == n:
        n, power = cube, 3 * power
        cube = round(n ** (1 / 3))
    return n, power
