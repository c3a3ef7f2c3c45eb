"""A second opinion on every tree: the paper's definition in plain mpmath.

It shares no line with emlc, not even the parser. A value is re + i pi turns, where turns is a
Fraction when it is known exactly and an mpf otherwise; the real part may be infinite. A difference
that cancels to the last digits counts as 0, and turns that come to a rational number as that
number. Such guesses are only believed when the whole tree comes out the same with three times the
digits, and no sum on the way lost a term.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
from mpmath import mp, mpc, mpf

LADDER = (40, 120, 360, 1080)
SAME = mpf(10) ** -22
_LARGEST = 4000  # bits of an exponent
_DENOMINATORS = 240

Point = Mapping[str, tuple[Fraction, Fraction]]
Turns = Fraction | mpf


class Undefined(Exception):
    """The exact meaning gives no value: inf - inf, or an infinity in no real direction."""


class OutOfReach(Exception):
    """A value that mpmath cannot hold, or a sum that loses a term."""


@dataclass(frozen=True, slots=True)
class Value:
    """re + i pi turns; `log` is a logarithm of it that is known exactly."""

    re: mpf
    turns: Turns
    log: tuple[mpf, Turns] | None = None

    def number(self) -> mpc:
        return mpc(self.re, _real(self.turns) * mp.pi)


def _real(turns: Turns) -> mpf:
    return mpf(turns.numerator) / turns.denominator if isinstance(turns, Fraction) else turns


def _tiny() -> mpf:
    """What is left of 1 where all digits but a quarter cancel."""
    return mp.ldexp(1, -(3 * mp.prec // 4))


def _settled(turns: Turns) -> Turns:
    """The rational number that the turns are but for rounding, if there is one."""
    if isinstance(turns, Fraction) or not mp.isfinite(turns) or abs(turns) > 10**6:
        return turns
    for q in (1, 2, 3, 4, 5, 6, 8, 12, 24, _DENOMINATORS):
        p = int(mp.nint(turns * q))
        if abs(turns * q - p) < _tiny() * max(1, abs(p)):
            return Fraction(p, q)
    return turns


def _minus(a: mpf, b: mpf) -> mpf:
    """a - b, 0 where all digits cancel. Raises OutOfReach where a term is lost in the other."""
    if not (a and b):
        return a - b
    apart = mp.mag(a) - mp.mag(b)
    if abs(apart) > 0.7 * mp.prec:
        raise OutOfReach
    found = a - b
    return mpf(0) if abs(found) < _tiny() * abs(a) else found


def _size(x: mpf) -> mpf:
    """ln |x|, 0 where x is 1 but for rounding."""
    found = mp.log(abs(x))
    return mpf(0) if abs(found) < _tiny() else found


def _turned(turns: Turns) -> tuple[mpf, Turns]:
    """Cosine, and sine divided by pi, of so many half-turns; exact on the axes."""
    if isinstance(turns, Fraction) and (2 * turns).denominator == 1:
        quarter = int(2 * turns) % 4
        if quarter % 2 == 0:
            return mpf(1 - quarter), Fraction(0)
        return mpf(0), mpf(2 - quarter) / mp.pi
    return mp.cospi(_real(turns)), mp.sinpi(_real(turns)) / mp.pi


def _principal(turns: Turns) -> Turns:
    """The turns brought to (-1, 1]."""
    if isinstance(turns, Fraction):
        return turns - 2 * (-((1 - turns) // 2))
    return turns - 2 * mp.ceil((turns - 1) / 2)


def exp(z: Value) -> Value:
    """exp, with its logarithm kept."""
    if mp.isinf(z.re):
        if z.re < 0:
            return Value(mpf(0), Fraction(0))
        if not isinstance(z.turns, Fraction) or z.turns.denominator != 1:
            raise Undefined("exp of an infinity off the real directions")
        return Value(mpf("inf") if z.turns % 2 == 0 else mpf("-inf"), Fraction(0))
    if z.re and mp.mag(z.re) > _LARGEST:
        raise OutOfReach
    size = mp.exp(z.re)
    cosine, sine = _turned(z.turns)
    turns = sine if isinstance(sine, Fraction) else _settled(size * sine)
    return Value(size * cosine, turns, (z.re, _principal(z.turns)))


def ln(z: Value) -> Value:
    """The principal logarithm."""
    if mp.isinf(z.re):
        down = z.re < 0 and _real(z.turns) < 0
        return Value(mpf("inf"), Fraction(0 if z.re > 0 else -1 if down else 1))
    if z.log is not None:
        return Value(*z.log)
    if z.turns == 0:
        if not z.re:
            return Value(mpf("-inf"), Fraction(0))
        return Value(_size(z.re), Fraction(int(z.re < 0)))
    im = _real(z.turns) * mp.pi
    if not z.re:
        return Value(_size(im), Fraction(1 if im > 0 else -1, 2))
    angle = _settled(mp.atan2(im, z.re) / mp.pi)
    return Value(_size(mp.hypot(z.re, im)), angle)


def eml(x: Value, y: Value) -> Value:
    """exp(x) - ln(y)."""
    a, b = exp(x), ln(y)
    if mp.isinf(a.re) and a.re == b.re:
        raise Undefined("inf - inf")
    if not (b.re or b.turns):
        return a
    infinite = mp.isinf(a.re) or mp.isinf(b.re)
    re = a.re - b.re if infinite else _minus(a.re, b.re)
    if isinstance(a.turns, Fraction) and isinstance(b.turns, Fraction):
        return Value(re, a.turns - b.turns)
    return Value(re, _settled(_minus(_real(a.turns), _real(b.turns))))


def _run(rpn: str, point: Point) -> Value:
    made: list[Value] = []
    known: dict[tuple[int, int], Value] = {}
    leaves = {"1": Value(mpf(1), Fraction(0))}
    for name, (re, im) in point.items():
        leaves[name] = Value(_real(re), _real(im) / mp.pi if im else Fraction(0))
    for token in rpn:
        if token == "E":
            right, left = made.pop(), made.pop()
            at = id(left), id(right)
            if at not in known:
                known[at] = eml(left, right)
            made.append(known[at])
        else:
            made.append(leaves[token])
    (found,) = made
    return found


def tree(rpn: str, point: Point) -> mpc | str | None:
    """The value of a tree; "infinite", "undefined", or None where no ladder of digits decides."""
    before: mpc | str | None = None
    for digits in LADDER:
        with mp.workdps(digits):
            try:
                found = _run(rpn, point)
                now = "infinite" if mp.isinf(found.re) else found.number()
            except Undefined:
                now = "undefined"
            except OutOfReach:
                before = None
                continue
        if before is not None and same(now, before):
            return now
        before = now
    return None


def same(a: mpc | str, b: mpc | str) -> bool:
    """Whether two values agree to twenty digits."""
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    return bool(abs(a - b) <= SAME * max(1, abs(a)))


# -- formulas ------------------------------------------------------------------------------------


def _pow(x: mpc, y: mpc) -> mpc:
    if not y:
        return mpf(1)
    if not x:
        if mp.re(y) > 0:
            return mpf(0)
        raise ZeroDivisionError
    return mp.power(x, y)


def _atan2(y: mpc, x: mpc) -> mpc:
    return -1j * mp.log((x + 1j * y) / mp.sqrt(x * x + y * y))


# Every function of the tables from exp, log and sqrt, by the book (DLMF 4.23, 4.37).
FUNCTIONS: dict[str, Callable[..., mpc]] = {
    "exp": lambda x: mp.exp(x), "ln": lambda x: mp.log(x), "sqrt": lambda x: mp.sqrt(x),
    "eml": lambda x, y: mp.exp(x) - mp.log(y),
    "add": lambda x, y: x + y, "mul": lambda x, y: x * y, "neg": lambda x: -x,
    "sub": lambda x, y: x - y, "div": lambda x, y: x / y, "pow": _pow, "inv": lambda x: 1 / x,
    "half": lambda x: x / 2, "sqr": lambda x: x * x, "log": lambda x, b: mp.log(x) / mp.log(b),
    "avg": lambda x, y: (x + y) / 2, "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "abs": lambda x: mp.sqrt(x * x), "cbrt": lambda x: _pow(x, mpf(1) / 3),
    "root": lambda x, n: _pow(x, 1 / n), "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10), "log1p": lambda x: mp.log(1 + x),
    "expm1": lambda x: mp.exp(x) - 1, "exp2": lambda x: mp.exp(x * mp.log(2)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "sinh": lambda x: (mp.exp(x) - mp.exp(-x)) / 2, "cosh": lambda x: (mp.exp(x) + mp.exp(-x)) / 2,
    "tanh": lambda x: 1 - 2 / (mp.exp(2 * x) + 1), "asinh": lambda x: mp.asinh(x),
    "acosh": lambda x: mp.log(x + mp.sqrt(x - 1) * mp.sqrt(x + 1)),
    "atanh": lambda x: (mp.log(1 + x) - mp.log(1 - x)) / 2,
    "sin": lambda x: (mp.expj(x) - mp.expj(-x)) / 2j,
    "cos": lambda x: (mp.expj(x) + mp.expj(-x)) / 2,
    "tan": lambda x: mp.sin(x) / mp.cos(x), "asin": lambda x: mp.asin(x),
    "acos": lambda x: mp.pi / 2 - mp.asin(x),
    "atan": lambda x: 1j * (mp.log(1 - 1j * x) - mp.log(1 + 1j * x)) / 2,
    "sec": lambda x: 1 / mp.cos(x), "csc": lambda x: 1 / mp.sin(x),
    "cot": lambda x: mp.cos(x) / mp.sin(x), "sech": lambda x: 1 / mp.cosh(x),
    "csch": lambda x: 1 / mp.sinh(x), "coth": lambda x: mp.cosh(x) / mp.sinh(x),
    "asec": lambda x: mp.acos(1 / x), "acsc": lambda x: mp.asin(1 / x),
    "acot": lambda x: mp.atan(1 / x), "asech": lambda x: mp.acosh(1 / x),
    "acsch": lambda x: mp.asinh(1 / x), "acoth": lambda x: mp.atanh(1 / x), "atan2": _atan2,
}  # fmt: skip
CONSTANTS: dict[str, Callable[[], mpc]] = {
    "e": lambda: mp.exp(1), "pi": lambda: +mp.pi, "i": lambda: mpc(0, 1),
    "phi": lambda: (1 + mp.sqrt(5)) / 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Language:
    """A library to compute with: how it makes an integer, its functions, power and constants."""

    integer: Callable[[int], Any]
    functions: Mapping[str, Callable[..., Any]]
    power: Callable[[Any, Any], Any]
    constants: Mapping[str, Callable[[], Any]]


_MPMATH = Language(mpf, FUNCTIONS, _pow, CONSTANTS)
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}  # fmt: skip


@cache
def _read(text: str) -> ast.expr:
    return ast.parse(text.replace("^", "**"), mode="eval").body


def walk(text: str, at: Mapping[str, Any], language: Language) -> Any:
    """The value of a formula written with * for every product."""
    return _value(_read(text), at, language)


def _value(part: ast.expr, at: Mapping[str, Any], language: Language) -> Any:
    match part:
        case ast.Constant(value=int() as n):
            return language.integer(n)
        case ast.Name(id=name):
            return at[name] if name in at else language.constants[name]()
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, at, language)
        case ast.BinOp(left=left, op=op, right=right):
            do = language.power if isinstance(op, ast.Pow) else _OPERATORS[type(op)]
            return do(_value(left, at, language), _value(right, at, language))
        case ast.Call(func=ast.Name(id=name), args=args):
            return language.functions[name](*(_value(a, at, language) for a in args))
    raise AssertionError(ast.dump(part))


def formula(text: str, point: Point, digits: int = 40) -> mpc | None:
    """The principal value of a formula written with * for every product; None where it has none."""
    with mp.workdps(digits):
        at = {}
        for name, (re, im) in point.items():
            at[name] = mpc(_real(re), _real(im)) if im else _real(re)
        try:
            found = mpmath.mpmathify(walk(text, at, _MPMATH))
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
        return mpc(found) if mp.isfinite(found) else None
