"""An inverse symbolic calculator: trees over {eml, 1} for a number known to some digits.

A tree of K nodes that agrees by chance is no discovery: every answer states how many values as
small were compared, times the width of what the digits leave open.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from emlc.check import Verdict
from emlc.ir.node import from_tokens
from emlc.search.found import plain
from emlc.search.progress import Pulse, Tell, TimeUp
from emlc.search.result import Found, SearchResult
from emlc.search.run import Limits
from emlc.search.table import BYTES, TERM_BYTES, Array, Table, begin, fill, forecast, grow

_FIRST = 27  # the table grows to this size before pairs are compared
_MOST = 8
LITERAL = re.compile(r"\s*(-?)(\d*)\.(\d+)(?:[eE]([-+]?\d+))?\s*\Z")
_BASES = (
    "pi", "sqrt(2)", "sqrt(3)", "sqrt(5)", "ln(2)", "ln(3)", "ln(10)", "1/pi", "sqrt(pi)",
    "pi^2", "(1+sqrt(5))/2", "exp(pi)", "e", "1/e", "e^2",
)  # fmt: skip
_FACTORS = sorted({Fraction(p, q) for p in range(1, 13) for q in range(1, 13)},
                  key=lambda f: f.numerator + f.denominator)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number written with a decimal point: it stands for all that round to it."""

    value: Fraction
    tolerance: Fraction
    digits: int


def decimal(text: str) -> Decimal | None:
    """The literal, when the text is one with at least five digits.

    >>> decimal("3.14159").digits
    6
    """
    match = LITERAL.match(text)
    if match is None:
        return None
    sign, whole, part, power = match.groups()
    digits = len((whole + part).lstrip("0"))
    if digits < 5 or abs(int(power or 0)) > 250:
        return None
    unit = Fraction(10) ** (int(power or 0) - len(part))
    value = int(whole + part) * unit
    return Decimal(-value if sign else value, unit / 2, digits)


def search_number(text: str, number: Decimal, limits: Limits, tell: Tell) -> SearchResult:
    """Trees that agree with all the digits of the text, smallest first."""
    pulse = Pulse(tell, time.monotonic() + limits.seconds)
    result = SearchResult(text.strip(), {}, "number")
    result.terms = (
        f"real numbers that round to {text.strip()}; trees over {{eml, 1}} in the exact meaning, "
        "then rational multiples of common constants"
    )
    leaves = {"1": np.array([[1.0, 0, 0, 0, 0, 0]])}
    capacity = int(0.6 * limits.memory / (BYTES + TERM_BYTES))
    table = begin(leaves, finite=False, capacity=capacity)
    table.tick = pulse
    try:
        result.stopped = _collect(table, number, result, limits.max_size, pulse)
    except TimeUp:
        result.stopped = "time"
    except KeyboardInterrupt:
        result.stopped = "interrupt"
    result.complete = not result.stopped
    if all(f.verdict.status == "unknown" for f in result.found):
        result.found += _multiples(number)
    result.found.sort(key=lambda f: (f.k, f.infinities, f.rpn))
    result.seconds = time.monotonic() - pulse.begun
    return result


def _collect(t: Table, number: Decimal, result: SearchResult, max_size: int, pulse: Pulse) -> str:
    """Sizes upwards, entries first, then pairs of entries; the limit that ended it, or nothing."""
    compared = 0.0
    for size in range(1, max_size + 1, 2):
        while t.size < min(size, _FIRST) or size > 2 * t.size + 1:
            pulse.step(size, forecast(t)[1], t.start[-1], 0)
            if not grow(t, t.size + 2):
                return "memory"
        for rpn, seen in _of_size(t, size, number):
            pulse()
            compared += seen
            if rpn is not None and len(result.found) < _MOST:
                found = _judge(rpn, number, compared)
                if found is not None and all(f.rpn != found.rpn for f in result.found):
                    result.found.append(found)
        if not result.found:  # pairs cover real terms only: no proof above the table
            result.lower_bound, result.undecided = min(size, t.size) + 2, t.lossy
        pulse.settled(size, t.start[-1], 0)
        if result.found and size > result.found[0].k:
            break
    return ""


def _of_size(t: Table, size: int, number: Decimal) -> Iterator[tuple[list[str] | None, float]]:
    """Trees of exactly this size near the number, and how many values were compared."""
    value, width = float(number.value), float(number.tolerance) * 1.000001
    if size <= t.size:
        lo, hi = t.block(size)
        rows = t.value[lo:hi, 0]
        near = (np.abs(rows[:, 0] - value) <= width) & (rows[:, 2] == 0) & (rows[:, 5] == 0)
        yield None, float(hi - lo)
        for n in np.flatnonzero(near):
            yield t.rpn(lo + int(n)), 0.0
        return
    for f in range(1, size - 1, 2):
        h = size - 1 - f
        if max(f, h) > t.size:
            continue
        fill(t, max(f, h) // 2)
        yield None, float(t.count(f)) * t.count(h)
        for i, j in _pairs(t, f, h, value, width):
            yield [*t.rpn(i), *t.rpn(j), "E"], 0.0


def _pairs(t: Table, f: int, h: int, value: float, width: float) -> Iterator[tuple[int, int]]:
    """Entries i of f nodes and j of h nodes with exp(i) - ln(j) near the value, both real."""
    (ilo, ihi), (jlo, jhi) = t.block(f), t.block(h)
    e, n = t.exp[ilo:ihi, 0], t.ln[jlo:jhi, 0]
    right = np.flatnonzero((t.ln_status[jlo:jhi] == 0) & (n[:, 2] == 0) & np.isfinite(n[:, 0]))
    left = np.flatnonzero(_usable(e, t.exp_status[ilo:ihi]))
    right = right[np.argsort(n[right, 0])]
    keys = n[right, 0]
    wanted = e[left, 0] - value
    first = np.searchsorted(keys, wanted - width)
    last = np.searchsorted(keys, wanted + width)
    for k in np.flatnonzero(last > first):
        for m in range(int(first[k]), int(last[k])):
            yield ilo + int(left[k]), jlo + int(right[m])


def _usable(e: Array, status: Array) -> Any:
    real = (e[:, 2] == 0) & (e[:, 5] == 0) & (status == 0)
    return real & np.isfinite(e[:, 0]) & (np.abs(e[:, 0]) < 1e6)


def _judge(rpn: list[str], number: Decimal, compared: float) -> Found | None:
    """The tree as an answer when the exact value rounds to the digits."""
    from emlc.ir.tape import flatten
    from emlc.lower.balls import evaluate, evaluate_all

    tape = flatten(from_tokens(rpn))
    ball = evaluate(tape, {}, number.digits + 10)
    if ball.kind != "finite" or not ball.value.imag.contains(0):
        return None
    mantissa, exponent = ball.value.real.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    if abs(exact - number.value) > number.tolerance:
        return None
    spread = 2 * float(number.tolerance) / max(abs(float(number.value)), 1e-300)
    chance = compared * spread
    how = (
        f"agrees to the {number.digits} digits given; of {compared:.1e} values compared so far "
        f"about {chance:.1g} would do so by chance"
    )
    z = plain(rpn, {})
    agrees = z is not None and abs(z - complex(float(exact))) <= 1e-8 * abs(float(exact))
    infinite = any(b.kind == "infinite" for b in evaluate_all(tape, {}, 17))
    status = "agrees" if chance < 0.01 else "unknown"
    return Found(len(rpn), rpn, Verdict(status, how, 1), infinite, agrees)


def _multiples(number: Decimal) -> list[Found]:
    """The compiled tree of the simplest rational multiple of a common constant that fits."""
    from emlc.check.reference import Reference
    from emlc.parse import parse
    from emlc.passes.compile import compile_tree
    from emlc.passes.ranges import ranges
    from emlc.passes.simplify import simplify
    from emlc.show import rpn_tokens

    for factor in _FACTORS:
        for base in _BASES:
            text = base if factor == 1 else f"{factor.numerator}*({base})/{factor.denominator}"
            text = f"-({text})" if number.value < 0 else text
            z = Reference(parse(text).root).at({}, number.digits + 10)
            if z is None or abs(Fraction(float(z.real)) - number.value) > 2 * number.tolerance:
                continue
            root = simplify(parse(text).root)
            rpn = rpn_tokens(compile_tree(root, ranges(root)).tree)
            found = _judge(rpn, number, float(len(_FACTORS) * len(_BASES)))
            if found is not None:
                how = f"{text}: {found.verdict.how}"
                return [
                    Found(found.k, found.rpn, Verdict(found.verdict.status, how, 1),
                          found.infinities, found.complex128)
                ]  # fmt: skip
    return []
