"""One point: values given as text, taken exactly, and what a formula or a tree is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from emlc.cli.report import domain_text, number, plain, warn
from emlc.errors import ArgumentError, DomainError, LimitError, UsageError
from emlc.ir.node import Lit, Node, fold, substitute, variables
from emlc.ir.tape import flatten
from emlc.tables.primitives import Primitive

if TYPE_CHECKING:
    from emlc.cli.subject import Subject
    from emlc.lower.balls import Ball

Gaussian = tuple[Fraction, Fraction]

_DOUBLE = 17
_NEAR = 1e-15


class Value(NamedTuple):
    """A value as text, as a JSON document holds it, and who computed it."""

    text: str
    plain: Any
    evaluator: str = "balls"


class Point:
    """Values of variables: constant formulas, kept exact.

    Raises UsageError where names and variables do not fit, ParseError for a value that is none.
    """

    def __init__(self, at: Mapping[str, str], names: Sequence[str]) -> None:
        _require_all(at, names)
        self.text = ", ".join(f"{name} = {text}" for name, text in at.items())
        self.exact: dict[str, Gaussian] = {}
        self.irrational: dict[str, Node] = {}
        for name, text in at.items():
            root = _constant(name, text)
            value = gaussian(root)
            if value is None:
                self.irrational[name] = root
                value = _rounded(root)
            self.exact[name] = value

    def value(self, about: Subject, kind: str | None, digits: int | None = None) -> Value:
        """What the subject is here; digits are for balls.

        Without a kind, balls are asked first, unless the tree is wrong somewhere. Raises
        DomainError where there is no value, LimitError where balls do not decide.
        """
        self._require_inside(about)
        if kind is None and about.weak_points:
            kind = about.fast
        if kind not in (None, "balls"):
            return self._computed(about, kind)
        try:
            return self._rigorous(about, digits)
        except LimitError as error:
            if kind or digits:
                raise
            warn(f"{error.message}; this is the value in doubles")
            return self._computed(about, about.fast)

    def _rigorous(self, about: Subject, digits: int | None) -> Value:
        ball = self._ball(about, max(digits or 0, _DOUBLE))
        if ball.kind == "infinite":
            warn("the value is infinite")
            infinite = ball.sign * math.inf
            turned = complex(infinite, float(ball.turns) * math.pi) if ball.turns else infinite
            return Value(number(turned), plain(turned))
        real, imaginary = _part(ball.value.real, digits), _part(ball.value.imag, digits)
        if ball.value.imag.contains(0):
            return real
        return Value(_joined(real.text, imaginary.text), [real.plain, imaginary.plain])

    def _require_inside(self, about: Subject) -> None:
        """Raise DomainError unless the point is in the formula's domain."""
        if about.made is None:
            return
        ranges = about.made.ranges
        for name, allowed in ranges.variables.items():
            if not allowed.contains(*self.exact[name]):
                at_pole = allowed.excludes(0.0) and not any(self.exact[name])
                hint = f"for principal values declare another domain: --domain {name}:complex"
                raise DomainError(
                    f"{self.text} is outside the domain, {domain_text({name: str(allowed)})}",
                    hint=None if at_pole else hint,
                )
        for part in ranges.poles:
            if self._is_zero(part):
                raise DomainError(f"{ranges.poles[part]}, and it is at {self.text}")
        for part, allowed in ranges.conditions.items():
            if allowed.excludes(0.0) and self._is_zero(part):
                raise self._undefined(about)

    def _is_zero(self, part: Node) -> bool:
        """Whether a part of the formula is 0 here, or has no value."""
        from emlc.check.reference import Reference

        value = Reference(substitute(part, self.irrational)).at(self.exact, 2 * _DOUBLE)
        return value is None or abs(value) < _NEAR

    def _computed(self, about: Subject, kind: str) -> Value:
        """The value by an array evaluator."""
        import numpy as np

        values = {name: _double(name, z) for name, z in self.exact.items()}
        trouble: set[str] = set()
        with np.errstate(all="call", call=lambda what, flag: trouble.add(what)):
            found = about.evaluator(kind)(values)
        value = complex(found) if isinstance(found, np.complexfloating) else float(found)
        pole = "divide by zero" in trouble and about.made is not None
        if value != value or (pole and not np.isfinite(value)):
            raise self._undefined(about)
        if not np.isfinite(value):
            warn("the value is infinite, or too large for a double; --evaluator balls tells")
        return Value(number(value), plain(value), kind)

    def _ball(self, about: Subject, digits: int) -> Ball:
        from emlc.lower.balls import evaluate

        tape = about.tape
        if self.irrational:
            trees = {name: _tree(root) for name, root in self.irrational.items()}
            tape = flatten(substitute(about.tree, trees))
        ball = evaluate(tape, self.exact, digits)
        if ball.kind == "undecided":
            raise LimitError(f"the value at {self.text} is not decided: {ball.why}")
        nowhere = ball.kind == "undefined" or (about.made and ball.kind == "infinite")
        beside = about.real and ball.kind == "finite" and not ball.value.imag.contains(0)
        if nowhere or beside:
            raise self._undefined(about, ball.why)
        return ball

    def _undefined(self, about: Subject, why: str = "") -> DomainError:
        where = f" at {self.text}" if self.text else ""
        if about.made is None:
            return DomainError(f"the tree has no value{where}", hint=why or None)
        word = "real value" if about.real else "value"
        hint = f"its domain is {domain_text(about.made.domain)}" if self.text else None
        return DomainError(f"the formula has no {word}{where}", hint=hint)


# -- reading -------------------------------------------------------------------------------------


def _require_all(at: Mapping[str, str], names: Sequence[str]) -> None:
    """Raise UsageError unless every variable has a value, and nothing else has."""
    missing = [name for name in names if name not in at]
    extra = [name for name in at if name not in names]
    if extra:
        known = f"its variables are {', '.join(names)}" if names else "it has no variables"
        raise UsageError(f"the formula has no variable {extra[0]}", hint=known)
    if missing:
        wanted = " ".join(f"{name}=..." for name in names)
        raise UsageError(f"no value for {', '.join(missing)}", hint=f"add --at {wanted}")


def _constant(name: str, text: str) -> Node:
    from emlc.parse import parse
    from emlc.passes.simplify import simplify

    root = parse(text).root
    found = variables(root)
    if found:
        hint = "a value is a number such as 2, -1/3, 0.1, 1+2i or pi/2"
        raise UsageError(f"the value of {name} holds the variable {found[0]}", hint=hint)
    return simplify(root)


_ARITHMETIC: dict[str, Callable[..., Gaussian | None]] = {
    "i": lambda: (Fraction(0), Fraction(1)),
    "add": lambda x, y: (x[0] + y[0], x[1] + y[1]),
    "sub": lambda x, y: (x[0] - y[0], x[1] - y[1]),
    "neg": lambda x: (-x[0], -x[1]),
    "mul": lambda x, y: (x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]),
    "half": lambda x: (x[0] / 2, x[1] / 2),
    "div": lambda x, y: (x[0] / y[0], x[1] / y[0]) if y[0] and not y[1] else None,
}


def gaussian(root: Node) -> Gaussian | None:
    """The exact value of a constant formula, None where it is not a + bi with rational a and b."""

    def combine(n: Node, args: list[Gaussian | None]) -> Gaussian | None:
        if isinstance(n.head, Lit):
            return n.head.value, Fraction(0)
        rule = _ARITHMETIC.get(n.head.name) if isinstance(n.head, Primitive) else None
        return rule(*args) if rule is not None and None not in args else None

    return fold(root, combine)


def _tree(root: Node) -> Node:
    """The pure tree of a constant."""
    from emlc.pipeline import compile

    return compile(root, check=False).tree


def _rounded(root: Node) -> Gaussian:
    """The value of a constant, rounded to doubles."""
    from emlc.lower import balls

    return balls.gaussian(complex(balls.evaluate(flatten(_tree(root)))))


def _double(name: str, value: Gaussian) -> complex:
    try:
        re, im = (float(part) for part in value)
    except OverflowError:
        hint = "--evaluator balls takes it exactly"
        raise ArgumentError(f"the value of {name} is too large for a double", hint=hint) from None
    return complex(re, im) if im else re


# -- writing -------------------------------------------------------------------------------------


def _part(part: Any, digits: int | None) -> Value:
    """A real ball; digits beyond a double's, and sizes beyond its range, stay text in JSON.

    A part that may be 0 is below the digits of the whole value, and shown as 0.
    """
    if part.contains(0):
        return Value("0" if digits else "0.0", 0.0)
    near = float(part.mid())
    fits = math.isfinite(near) and abs(near) >= 2.3e-308
    text = number(near) if fits and not digits else part.str(digits or _DOUBLE, radius=False)
    return Value(text, near if fits and (digits or 0) <= _DOUBLE else text)


def _joined(real: str, imaginary: str) -> str:
    """Texts of a real and an imaginary part as one number."""
    if real in ("0", "0.0"):
        return f"{imaginary}i"
    return f"{real}{'' if imaginary.startswith('-') else '+'}{imaginary}i"
