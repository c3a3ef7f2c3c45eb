"""The identities of the tables, to be derived three ways: mpmath, FLINT's balls and sympy.

Each way reads the text by Python's own parser and computes with the functions of its library; none
shares code with emlc. `python -m tests.conformance.claims` counts.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import flint
import sympy as sp
from mpmath import mp, mpc

from emlc.check.lemmas import lemmas, row_key
from emlc.check.prove import _is_zero
from emlc.tables.careful import EXPORTED, FORMS, TAILS
from emlc.tables.forms import TARGETS
from emlc.tables.identities import DEFINITIONS, LAWS, PRODUCTS, SUMS
from emlc.tables.operators import REWRITTEN
from emlc.tables.primitives import BY_NAME, ROWS, Primitive
from emlc.tables.witnesses import Witness
from tests.conformance.interpreter import Language, Point, walk

STEP = "step of an operator"


@dataclass(frozen=True, slots=True)
class Claim:
    """left = right for complex or for real arguments, wherever the left side has such a value.

    range   bounds of the one argument, where the claim has some
    law     the row of the e-graph that says so; its own domain holds
    """

    kind: str
    left: str
    right: str
    real: bool = False
    range: tuple[float, float] | None = None
    law: Witness | None = None

    @property
    def names(self) -> tuple[str, ...]:
        words = re.findall(r"[a-z]\w*", f"{self.left} {self.right}")
        return tuple(sorted({w for w in words if len(w) == 1} - {"e", "i"}))

    def __str__(self) -> str:
        return f"{self.left}={self.right}"


def call(row: Primitive) -> str:
    return f"{row.name}({','.join(row.params)})" if row.params else row.name


def claims() -> Iterator[Claim]:
    """Every identity of the tables."""
    for name, body in DEFINITIONS.items():
        yield Claim("definition", f"{name}(x)", body)
    for row in ROWS:
        if row.meaning:
            yield Claim("meaning", call(row), row.meaning, row.real_only)
    for law in (SUMS, PRODUCTS, *LAWS):
        yield Claim("law", law.computes, law.body, law=law)
    for left, right in (*EXPORTED, *TAILS):
        yield Claim("careful form", left, right, True)
    for left, right, *parts in FORMS:
        if parts:
            root, x, _ = parts
            right = f"({root})-({x})" if right == "gap" else f"({x})-({root})"
        yield Claim("careful form", left, right, True)
    for name, text in REWRITTEN.items():
        yield Claim(STEP, call(BY_NAME[name]), text)
    for back, there, (low, high), _ in TARGETS:
        left = re.sub(r"\bs\b", f"({there})", back)
        yield Claim("target", left, "y", True, (low, high))


# -- FLINT ---------------------------------------------------------------------------------------


def _named(name: str) -> Callable[..., Any]:
    return lambda z: getattr(z, name)()


def _power(x: Any, y: Any) -> Any:
    if y == 0:
        return flint.acb(1)
    if x == 0:
        return flint.acb(0) if y.real > 0 else flint.acb("nan")
    return (y * x.log()).exp() if y.imag != 0 or not y.real.is_integer() else x**y


FLINT: dict[str, Callable[..., Any]] = {
    name: _named(name)
    for name in ("exp", "sqrt", "log1p", "expm1", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
                 "sin", "cos", "tan", "asin", "acos", "atan", "sec", "csc", "cot", "sech", "csch",
                 "coth")
}  # fmt: skip
FLINT |= {
    "ln": _named("log"), "eml": lambda x, y: x.exp() - y.log(),
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y, "neg": lambda x: -x, "inv": lambda x: 1 / x, "pow": _power,
    "half": lambda x: x / 2, "sqr": lambda x: x * x, "avg": lambda x, y: (x + y) / 2,
    "log": lambda x, b: x.log() / b.log(), "log2": lambda x: x.log() / flint.acb(2).log(),
    "log10": lambda x: x.log() / flint.acb(10).log(), "exp2": lambda x: _power(flint.acb(2), x),
    "hypot": lambda x, y: (x * x + y * y).sqrt(), "abs": lambda x: (x * x).sqrt(),
    "cbrt": lambda x: _power(x, flint.acb(1) / 3), "root": lambda x, n: _power(x, 1 / n),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()), "softplus": lambda x: (1 + x.exp()).log(),
    "asec": lambda x: (1 / x).acos(), "acsc": lambda x: (1 / x).asin(),
    "acot": lambda x: (1 / x).atan(), "asech": lambda x: (1 / x).acosh(),
    "acsch": lambda x: (1 / x).asinh(), "acoth": lambda x: (1 / x).atanh(),
    "atan2": lambda y, x: flint.acb(flint.arb.atan2(y.real, x.real)),
}  # fmt: skip
_FLINT = Language(
    flint.acb, FLINT, _power,
    {"e": lambda: flint.acb(1).exp(), "pi": flint.acb.pi, "i": lambda: flint.acb(0, 1),
     "phi": lambda: (1 + flint.acb(5).sqrt()) / 2},
)  # fmt: skip


def ball(text: str, point: Point, digits: int = 60) -> mpc | None:
    """The middle of a ball that holds the value, None where it is not narrow."""
    with flint.ctx.workdps(digits):
        at = {
            name: flint.acb(*(flint.arb(flint.fmpq(q.numerator, q.denominator)) for q in z))
            for name, z in point.items()
        }
        found = walk(text, at, _FLINT)
        narrow = found.is_finite() and found.rad() < 10.0**-30 * (1 + abs(found).mid())
        return number(found, digits) if narrow else None


def number(found: Any, digits: int = 40) -> mpc:
    """The middle of a ball as mpmath's number."""
    parts = ((int(m), int(e)) for m, e in (x.mid().man_exp() for x in (found.real, found.imag)))
    with mp.workdps(digits):
        return mpc(*(mp.ldexp(m, e) for m, e in parts))


# -- sympy ---------------------------------------------------------------------------------------

SYMPY: dict[str, Callable[..., Any]] = {
    name: getattr(sp, name)
    for name in ("exp", "sqrt", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sin", "cos",
                 "tan", "asin", "acos", "atan", "sec", "csc", "cot", "sech", "csch", "coth", "asec",
                 "acsc", "acot", "asech", "acsch", "acoth", "cbrt", "root", "log", "atan2")
}  # fmt: skip
SYMPY |= {
    "ln": sp.log, "eml": lambda x, y: sp.exp(x) - sp.log(y),
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y, "neg": lambda x: -x, "inv": lambda x: 1 / x, "pow": sp.Pow,
    "half": lambda x: x / 2, "sqr": lambda x: x**2, "avg": lambda x, y: (x + y) / 2,
    "log2": lambda x: sp.log(x, 2), "log10": lambda x: sp.log(x, 10),
    "log1p": lambda x: sp.log(1 + x), "expm1": lambda x: sp.exp(x) - 1, "exp2": lambda x: 2**x,
    "hypot": lambda x, y: sp.sqrt(x**2 + y**2), "abs": lambda x: sp.sqrt(x**2),
    "sigmoid": lambda x: 1 / (1 + sp.exp(-x)), "softplus": lambda x: sp.log(1 + sp.exp(x)),
}  # fmt: skip
_SYMPY = Language(
    sp.Integer, SYMPY, sp.Pow,
    {"e": lambda: sp.E, "pi": lambda: sp.pi, "i": lambda: sp.I, "phi": lambda: sp.GoldenRatio},
)  # fmt: skip


def _signs(claim: Claim, name: str) -> list[Any]:
    size = sp.Symbol(name, positive=True)
    return [size] if claim.range and claim.range[0] >= 0 else [size, -size]


@cache
def by_sympy(claim: Claim) -> bool:
    """Whether sympy reduces the difference of the sides to 0, for real arguments sign by sign.

    Laws have lemmas, which other tests derive again.
    """
    if claim.law is not None:
        return row_key(claim.law) in lemmas()

    def equal(at: Mapping[str, Any]) -> bool:
        return _is_zero(walk(claim.left, at, _SYMPY) - walk(claim.right, at, _SYMPY))

    if equal({n: sp.Symbol(n, real=claim.real or None) for n in claim.names}):
        return True
    signs = product(*(_signs(claim, n) for n in claim.names)) if claim.real else ()
    cases = [dict(zip(claim.names, values, strict=True)) for values in signs]
    return bool(cases) and all(equal(case) for case in cases)


def slope_by_sympy(row: Primitive, name: str, text: str) -> bool:
    """Whether sympy's derivative is the one of the table."""
    at = {p: sp.Symbol(p, positive=row.real_only or None) for p in row.params}
    return _is_zero(sp.diff(walk(call(row), at, _SYMPY), at[name]) - walk(text, at, _SYMPY))


def main() -> None:
    """Print how many of each kind sympy decides."""
    found: Counter[tuple[str, bool]] = Counter()
    for claim in claims():
        decided = by_sympy(claim)
        found[claim.kind, decided] += 1
        if not decided:
            sys.stdout.write(f"not by sympy: {claim.kind} {claim}\n")
    for row in ROWS:
        for name, text in zip(row.params, row.derivative, strict=True):
            decided = slope_by_sympy(row, name, text)
            found["derivative", decided] += 1
            if not decided:
                sys.stdout.write(f"not by sympy: derivative of {call(row)} by {name}\n")
    for (kind, decided), count in sorted(found.items()):
        sys.stdout.write(f"{kind}: {count} {'decided' if decided else 'left open'} by sympy\n")


if __name__ == "__main__":
    main()
