"""Exact algebra for one point: eml trees over real atoms with rational coefficients.

    Form  ::= {Atom: Fraction}                        a real number, a sum of rational multiples
    Atom  ::= one | pi | log n | log |Form| | arg (Form, Form) | log |(Form, Form)|
            | exp(Form) | exp(Form) cos(Form) | exp(Form) sin(Form)
    Value ::= (Form, Form) finite, real and imaginary part | (sign, Form) infinite real part

Cancellations such as e - ln(exp(e)) are exact here at every magnitude, so a value that is zero,
real or on a branch cut is known to be. Signs that the algebra cannot see are read off lazily
computed balls; when a ball straddles, `Undecided` asks for more precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Form = dict[int, Fraction]
Key = tuple[Any, ...]

ONE, PI = 0, 1
_MAX_TERMS = 12
_MAX_BITS = 512
_HUGE = 1 << 1100  # no double is beyond it
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


class Undecided(Exception):
    """A sign or a branch that the present precision cannot tell."""


class Undefined(Exception):
    """A step outside the exact meaning: inf - inf, or exp of an infinity in no real direction."""


@dataclass(frozen=True, slots=True)
class Value:
    """re + i im, or an infinity: `inf` is the sign of the infinite real part, 0 when finite."""

    re: Form
    im: Form
    inf: int = 0


def _key(form: Form) -> Key:
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


class Algebra:
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
            return {self.atom(kind, _key(rest), parts[1]): scale}
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
        return {self.atom("exp", _key(rest)): scale}

    def exp_real(self, exponent: Form) -> Form:
        """exp of a real form, short sums under a logarithm multiplied out."""
        for atom, c in exponent.items():
            key = self._keys[atom]
            if key[0] != "log" or c < 1 or len(key[1]) > _MAX_TERMS or key[1][0][0] == PI:
                continue
            inner = dict(key[1])
            others = self.exp_real(plus(exponent, {atom: Fraction(1)}, -1))
            product = self._multiply(inner, others)
            if product is not None:
                return scaled(product, self.sign(inner))
        return self._monomial(exponent)

    def _multiply(self, a: Form, b: Form) -> Form | None:
        """a * b when one factor of every pair of terms is a plain monomial and the sum is short."""
        if len(a) * len(b) > _MAX_TERMS:
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
            key = _key(self._multiply_out(scaled(form, 1 / c), own))
            if best is None or key < best[0]:
                best = key, plus(self._rational_log(abs(c)), own)
        assert best is not None
        key, size = best
        if len(key) == 1 and key[0][0] == ONE:
            return size
        return plus(size, {self.atom("log", key): Fraction(1)})

    def _leads(self, form: Form) -> list[tuple[Fraction, Form]]:
        """The factors c exp(R) that the terms may give up, the term's own part left positive."""
        return [self._factor(atom, form[atom]) for atom in sorted(form)[:_MAX_TERMS]]

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

    # -- complex exponentials and logarithms -------------------------------------------------

    def exp(self, v: Value) -> Value:
        """exp in the exact meaning."""
        if v.inf < 0:
            return Value({}, {})
        turns = v.im.get(PI, Fraction(0))
        aligned = set(v.im) <= {PI}
        if v.inf > 0:
            if aligned and turns.denominator == 1:
                return Value({}, {}, -1 if turns % 2 else 1)
            self._must_not_be_integer(v.im)
            raise Undefined("exp of an infinity off the real directions")
        if aligned and (2 * turns).denominator == 1:
            return _rotate(self.exp_real(v.re), {}, int(2 * turns))
        back = self._unwind(v)
        return back if back is not None else self._polar(v.re, v.im)

    def _must_not_be_integer(self, im: Form) -> None:
        turns = self.ball(im) / self.flint.arb.pi()
        if turns.contains_integer():
            raise Undecided("the direction of an infinity is not visible at this precision")

    def _unwind(self, v: Value) -> Value | None:
        """exp(ln z + w) = z * exp(w) where the argument of z stands in the imaginary part."""
        for atom, c in v.im.items():
            key = self._keys[atom]
            if key[0] != "arg" or not 1 <= abs(c) <= 4 or len(key[1]) + len(key[2]) > _MAX_TERMS:
                continue
            up = 1 if c > 0 else -1
            size = self._modulus(key[1], key[2])
            rest = Value(plus(v.re, size, -1), plus(v.im, {atom: Fraction(1)}, -up))
            factor = self.exp(rest)
            return self._product(factor, Value(dict(key[1]), scaled(dict(key[2]), up)))
        return None

    def _product(self, a: Value, b: Value) -> Value | None:
        """a * b for finite values, where the terms multiply out."""
        pairs = ((a.re, b.re), (a.im, b.im), (a.re, b.im), (a.im, b.re))
        parts = [self._multiply(x, y) for x, y in pairs]
        if any(part is None for part in parts):
            return None
        rr, ii, ri, ir = (part or {} for part in parts)
        return Value(plus(rr, ii, -1), plus(ri, ir))

    def _polar(self, size: Form, angle: Form) -> Value:
        """exp(size) (cos angle + i sin angle), the angle brought to a normal form."""
        lead = min((atom for atom in angle if atom != PI), default=PI)
        flip = angle[lead] < 0
        if flip:
            angle = scaled(angle, -1)
        turns = 2 * angle.get(PI, Fraction(0))
        quarter = turns.numerator // turns.denominator
        angle = plus(angle, {PI: Fraction(quarter, 2)}, -1)
        scale, rest = self._split(size)
        cos = {self.atom("cos", _key(rest), _key(angle)): scale}
        sin = {self.atom("sin", _key(rest), _key(angle)): scale}
        made = _rotate(cos, sin, quarter)
        return Value(made.re, scaled(made.im, -1)) if flip else made

    def log(self, v: Value) -> Value:
        """Principal logarithm in the exact meaning."""
        if v.inf:
            if v.inf > 0:
                return Value({}, {}, 1)
            return Value({}, {PI: Fraction(-1 if self.sign(v.im) < 0 else 1)}, 1)
        if not v.im:
            if not v.re:
                return Value({}, {}, -1)
            sign = self.sign(v.re)
            return Value(self.log_abs(v.re), {PI: Fraction(1)} if sign < 0 else {})
        if not v.re:
            half = Fraction(self.sign(v.im), 2)
            return Value(self.log_abs(v.im), {PI: half})
        polar = self._angle(v)
        if polar is not None:
            return polar
        return self._log_general(v)

    def _log_general(self, v: Value) -> Value:
        """ln |v| + i arg v, with v brought to a normal form u = v / (c exp(R) i^k), or conj u."""
        self._off_the_cut(v)
        best: tuple[Key, Key, int, int, Form] | None = None
        for k, (a, b) in enumerate(((v.re, v.im), (v.im, scaled(v.re, -1)))):
            for c, own in self._leads(a):
                u = [self._multiply_out(scaled(part, 1 / c), own) for part in (a, b)]
                quarter = k + (2 if c < 0 else 0)
                size = plus(self._rational_log(abs(c)), own)
                for up in (1, -1):
                    made = (_key(u[0]), _key(scaled(u[1], up)), up, quarter, size)
                    if best is None or made[:2] < best[:2]:
                        best = made
        re, im, up, quarter, size = best or (_key(v.re), _key(v.im), 1, 0, {})
        angle = plus({self.atom("arg", re, im): Fraction(up)}, {PI: Fraction(quarter, 2)})
        return Value(plus(size, self._modulus(re, im)), self._reduced(angle))

    def _modulus(self, re: Key, im: Key) -> Form:
        """ln |re + i im|, exactly where the square of the modulus is one monomial."""
        squares = [self._multiply(dict(part), dict(part)) for part in (re, im)]
        if squares[0] is not None and squares[1] is not None:
            total = plus(squares[0], squares[1])
            if len(total) == 1:
                return scaled(self.log_abs(total), Fraction(1, 2))
        return {self.atom("logabs", re, im): Fraction(1)}

    def _off_the_cut(self, v: Value) -> None:
        """The imaginary part must be visibly nonzero unless the real part is visibly positive."""
        im = self.ball(v.im)
        if (im > 0 or im < 0) or self.ball(v.re) > 0:
            return
        raise Undecided("a value next to the branch cut is not visible at this precision")

    def _angle(self, v: Value) -> Value | None:
        """ln of exp(R)(cos I + i sin I): R + i I, brought back to (-pi, pi]."""
        if len(v.re) != 1 or len(v.im) != 1:
            return None
        ((m, c),) = v.re.items()
        ((n, d),) = v.im.items()
        left, right = self._keys[m], self._keys[n]
        if {left[0], right[0]} != {"cos", "sin"} or left[1:] != right[1:] or abs(c) != abs(d):
            return None
        angle = dict(left[2])
        if left[0] == "cos":
            turned = scaled(angle, 1 if c == d else -1)
            quarter = 0 if c > 0 else 2
        else:
            turned = scaled(angle, -1 if c == d else 1)
            quarter = 1 if d > 0 else -1
        turned = plus(turned, {PI: Fraction(quarter, 2)})
        size = plus(dict(left[1]), self._rational_log(abs(c)))
        return Value(size, self._reduced(turned))

    def _reduced(self, angle: Form) -> Form:
        """The angle less the multiple of 2 pi that brings it to (-pi, pi]."""
        turns = self.ball(angle) / self.flint.arb.pi()
        low = ((turns - 1) / 2).ceil()
        if not low.is_exact():
            raise Undecided("a phase next to the branch cut is not visible at this precision")
        return plus(angle, {PI: Fraction(2 * int(low.unique_fmpz()))}, -1)

    # -- eml ---------------------------------------------------------------------------------

    def subtract(self, a: Value, b: Value) -> Value:
        """a - b; inf - inf is undefined."""
        if a.inf and a.inf == b.inf:
            raise Undefined("inf - inf")
        return Value(plus(a.re, b.re, -1), plus(a.im, b.im, -1), a.inf or -b.inf)

    def eml(self, x: Value, y: Value) -> Value:
        """exp(x) - ln(y)."""
        return self.subtract(self.exp(x), self.log(y))

    def number(self, re: Fraction, im: Fraction = Fraction(0)) -> Value:
        """A Gaussian rational."""
        return Value({ONE: re} if re else {}, {ONE: im} if im else {})


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


def _rotate(re: Form, im: Form, quarter: int) -> Value:
    """i**quarter * (re + i im)."""
    turn: tuple[Callable[[], Value], ...] = (
        lambda: Value(re, im),
        lambda: Value(scaled(im, -1), re),
        lambda: Value(scaled(re, -1), scaled(im, -1)),
        lambda: Value(im, scaled(re, -1)),
    )
    return turn[quarter % 4]()
