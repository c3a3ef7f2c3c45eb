"""Exact algebra for one point: what eml does to complex values with exact parts.

    Value ::= (Form, Form) finite, real and imaginary part | (sign, Form) infinite real part

Cancellations such as e - ln(exp(e)) are exact here, so a value that is zero, real or on a branch
cut is known to be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from emlc.lower.forms import MAX_TERMS, ONE, PI, Form, Forms, Key, Undecided, form_key, plus, scaled

__all__ = ["PI", "Algebra", "Undecided", "Undefined", "Value"]


class Undefined(Exception):
    """A step outside the exact meaning: inf - inf, or exp of an infinity in no real direction."""


@dataclass(frozen=True, slots=True)
class Value:
    """re + i im, or an infinity: `inf` is the sign of the infinite real part, 0 when finite."""

    re: Form
    im: Form
    inf: int = 0


class Algebra(Forms):
    """exp, ln and eml in the exact meaning, over the atoms met so far at one precision (bits)."""

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
            if key[0] != "arg" or not 1 <= abs(c) <= 4 or len(key[1]) + len(key[2]) > MAX_TERMS:
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
        cos = {self.atom("cos", form_key(rest), form_key(angle)): scale}
        sin = {self.atom("sin", form_key(rest), form_key(angle)): scale}
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
                    made = (form_key(u[0]), form_key(scaled(u[1], up)), up, quarter, size)
                    if best is None or made[:2] < best[:2]:
                        best = made
        re, im, up, quarter, size = best or (form_key(v.re), form_key(v.im), 1, 0, {})
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


def _rotate(re: Form, im: Form, quarter: int) -> Value:
    """i**quarter * (re + i im)."""
    turn: tuple[Callable[[], Value], ...] = (
        lambda: Value(re, im),
        lambda: Value(scaled(im, -1), re),
        lambda: Value(scaled(re, -1), scaled(im, -1)),
        lambda: Value(im, scaled(re, -1)),
    )
    return turn[quarter % 4]()
