"""Rational coefficients, and how long they may grow."""

from __future__ import annotations

from fractions import Fraction

Number = int | Fraction
MAX_BITS = 4096


class Unknown(Exception):
    """A step whose meaning the facts do not decide."""


def number_power(x: Number, n: int) -> Fraction:
    """x^n for a whole n. Raises Unknown where that has too many digits."""
    value = Fraction(x)
    bits = size_in_bits(value)
    if bits > 1 and bits * abs(n) > max(bits, MAX_BITS):
        raise Unknown("a number has too many digits")
    return value**n


def size_in_bits(x: Fraction) -> int:
    """The length of the numerator or the denominator, whichever is longer."""
    return max(x.numerator.bit_length(), x.denominator.bit_length())
