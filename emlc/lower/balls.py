"""The rigorous evaluator: balls in half-turn form, exact algebra where a ball cannot tell.

Every entry is a + i pi b. First come balls at two precisions; where a ball still straddles a
branch cut or zero, or the answer is too wide, the point is done again in exact algebra, which knows
cancellations and phases exactly, at rising precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from emlc.errors import ArgumentError
from emlc.ir.node import Lit, Var
from emlc.ir.tape import NONE, Tape
from emlc.lower.exact import PI, Algebra, Undecided, Undefined, Value

Number = complex | float | int | Fraction | tuple[Fraction, Fraction]

MAX_BITS = 1 << 15
_FIRST_BITS = 64
_QUICK_BITS = (128, 1024)
_HUGE = 1 << 1100


@dataclass(frozen=True, slots=True)
class Ball:
    """What is known of one value.

    kind   finite | infinite | undefined | undecided
    value  flint.acb, when finite
    sign   of the infinite real part, when infinite
    turns  the imaginary part in half-turns (units of pi) when it is known exactly
    why    the reason, when undefined or undecided
    """

    kind: str
    value: Any = None
    sign: int = 0
    turns: Fraction | None = None
    why: str = ""

    def __complex__(self) -> complex:
        if self.kind == "finite":
            parts = self.value.real, self.value.imag
            return complex(*(0.0 if x.contains(0) else float(x.mid()) for x in parts))
        if self.kind == "infinite":
            return complex(self.sign * float("inf"), 0.0 if not self.turns else float(self.turns))
        return complex("nan")


def evaluate(
    tape: Tape,
    values: Mapping[str, Number] | None = None,
    digits: int = 17,
    max_bits: int = MAX_BITS,
) -> Ball:
    """The value of the tree in the exact meaning, to at least `digits` significant digits.

    Arguments are taken exactly (a double is a rational). Undefined means outside the exact meaning;
    undecided means that a sign or a branch was not visible at the highest precision.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> complex(evaluate(flatten(eml(ONE, eml(eml(ONE, var("x")), ONE))), {"x": -1}))
    -3.141592653589793j
    """
    point = {name: gaussian(v) for name, v in (values or {}).items()}
    for bits in _QUICK_BITS:
        quick = _quick(tape, point, bits)
        if quick is not None and _accurate(quick, digits):
            return Ball("finite", quick)
    return evaluate_all(tape, point, digits, max_bits)[-1]


def evaluate_all(
    tape: Tape,
    values: Mapping[str, Number] | None = None,
    digits: int = 17,
    max_bits: int = MAX_BITS,
) -> list[Ball]:
    """The value of every entry, by exact algebra; entries above an undefined one are undefined."""
    point = {name: gaussian(v) for name, v in (values or {}).items()}
    bits = max(_FIRST_BITS, int(digits * 3.33) + 40)
    while True:
        balls = _exactly(tape, point, bits, digits)
        last = balls[-1]
        if last.kind != "undecided" or bits >= max_bits:
            return balls
        bits *= 4


def gaussian(value: Number) -> tuple[Fraction, Fraction]:
    """The exact rational real and imaginary part of a finite number."""
    if isinstance(value, tuple):
        return value
    try:
        if isinstance(value, Fraction | int):
            return Fraction(value), Fraction(0)
        z = complex(value)
        return Fraction(z.real), Fraction(z.imag)
    except (OverflowError, ValueError) as error:
        raise ArgumentError("the argument is not a finite number") from error


# -- exact algebra over a tape -----------------------------------------------------------------


def _exactly(
    tape: Tape, point: Mapping[str, tuple[Fraction, Fraction]], bits: int, digits: int
) -> list[Ball]:
    import flint

    with flint.ctx.workprec(bits):
        algebra = Algebra(bits)
        made: list[Value | Ball] = []
        for k in range(len(tape)):
            made.append(_step(algebra, tape, k, made, point))
        return [_to_ball(algebra, v, digits) for v in made]


def _step(
    algebra: Algebra,
    tape: Tape,
    k: int,
    made: list[Value | Ball],
    point: Mapping[str, tuple[Fraction, Fraction]],
) -> Value | Ball:
    head = tape.head(k)
    if isinstance(head, Lit):
        return algebra.number(head.value)
    if isinstance(head, Var):
        if head.name not in point:
            raise ArgumentError(f"no value for the variable {head.name}")
        return algebra.number(*point[head.name])
    x, y = made[tape.left[k]], made[tape.right[k]]
    for below in (x, y):
        if isinstance(below, Ball):
            return below
    assert isinstance(x, Value) and isinstance(y, Value)
    try:
        return algebra.eml(x, y)
    except Undefined as error:
        return Ball("undefined", why=f"entry {k}: {error}")
    except Undecided as error:
        return Ball("undecided", why=f"entry {k}: {error}")


def _to_ball(algebra: Algebra, v: Value | Ball, digits: int) -> Ball:
    if isinstance(v, Ball):
        return v
    turns = v.im.get(PI, Fraction(0)) if set(v.im) <= {PI} else None
    if v.inf:
        return Ball("infinite", sign=v.inf, turns=turns)
    try:
        value = algebra.flint.acb(algebra.ball(v.re), algebra.ball(v.im))
    except Undecided as error:
        return Ball("undecided", why=str(error))
    if not _accurate(value, digits):
        return Ball("undecided", why="the value is not visible to the digits asked for")
    return Ball("finite", value, turns=turns)


def _accurate(z: Any, digits: int) -> bool:
    """Whether the ball gives this many digits of its modulus (an exact zero gives all)."""
    if not z.is_finite():
        return False
    return bool(z.is_exact() or z.rel_accuracy_bits() > 3.33 * digits)


# -- balls in half-turn form -------------------------------------------------------------------


@lru_cache(maxsize=8)
def _constants(tape: Tape, bits: int) -> list[tuple[Any, Any] | None]:
    """Half-turn balls of the variable-free entries; None for entries that hold a variable."""
    import flint

    free: list[bool] = []
    for k in range(len(tape)):
        below = [j for j in (tape.left[k], tape.right[k]) if j != NONE]
        free.append(not isinstance(tape.head(k), Var) and all(free[j] for j in below))
    with flint.ctx.workprec(2 * bits):
        algebra = Algebra(2 * bits)
        made: list[Value | Ball] = []
        for k in range(len(tape)):
            made.append(_step(algebra, tape, k, made, {}) if free[k] else Ball("undecided"))
        return [_half_turns(algebra, v) for v in made]


def _half_turns(algebra: Algebra, v: Value | Ball) -> tuple[Any, Any] | None:
    if isinstance(v, Ball):
        return None
    arb, fmpq = algebra.flint.arb, algebra.flint.fmpq
    try:
        if set(v.im) <= {PI}:
            q = v.im.get(PI, Fraction(0))
            b = arb(fmpq(q.numerator, q.denominator))
        else:
            b = algebra.ball(v.im) / arb.pi()
        return (arb(v.inf) * float("inf") if v.inf else algebra.ball(v.re), b)
    except Undecided:
        return None


def _quick(tape: Tape, point: Mapping[str, tuple[Fraction, Fraction]], bits: int) -> Any:
    """The last entry by balls at this precision as an acb; None where a ball cannot tell."""
    import flint

    made = quick_all(tape, point, bits)
    if made is None:
        return None
    a, b = made[-1]
    if not (a.is_finite() and b.is_finite()):
        return None
    with flint.ctx.workprec(bits):
        return flint.acb(a, b * flint.arb.pi())


def quick_all(
    tape: Tape, point: Mapping[str, tuple[Fraction, Fraction]], bits: int
) -> list[tuple[Any, Any]] | None:
    """Every entry in half-turn balls at this precision; None where a ball cannot tell."""
    import flint

    constants = _constants(tape, bits)
    with flint.ctx.workprec(bits):
        pi = flint.arb.pi()
        made: list[tuple[Any, Any]] = []
        for k, known in enumerate(constants):
            head = tape.head(k)
            if known is None and isinstance(head, Var):
                if head.name not in point:
                    raise ArgumentError(f"no value for the variable {head.name}")
                exact = point[head.name]
                re, im = (flint.arb(flint.fmpq(q.numerator, q.denominator)) for q in exact)
                known = (re, im / pi if exact[1] else im)
            elif known is None:
                known = _quick_eml(made[tape.left[k]], made[tape.right[k]], pi, flint.acb)
                if known is None:
                    return None
            made.append(known)
        return made


def _quick_eml(x: tuple[Any, Any], y: tuple[Any, Any], pi: Any, acb: Any) -> tuple[Any, Any] | None:
    """exp(x) - ln(y) on finite half-turn balls; exp(-inf) = 0 is the one infinity it knows."""
    (a, b), (c, d) = x, y
    if not (c.is_finite() and d.is_finite()):
        return None
    if d == 0:
        if not (c > 0 or c < 0):
            return None
        log = (abs(c).log(), 0 if c > 0 else 1)
    else:
        im = d * pi
        if not (d > 0 or d < 0 or c > 0):
            return None
        z = acb(c, im)
        log = (abs(z).log(), z.arg() / pi)
    if a > _HUGE:
        return None
    if not a.is_finite():
        return (-log[0], -log[1] + 0 * pi.mid()) if a < 0 else None
    size = a.exp()
    if b == 0:
        return size - log[0], -log[1] + 0 * pi.mid()
    return size * b.cos_pi() - log[0], size * b.sin_pi() / pi - log[1]
