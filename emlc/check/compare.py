"""A tree against its formula at sampled points, both rigorous or at rising precision."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from emlc.check.points import sample
from emlc.check.reference import Point, Reference
from emlc.check.verdict import Verdict
from emlc.deadline import stage
from emlc.ir.node import Node
from emlc.ir.tape import Tape
from emlc.lower.balls import Ball, evaluate
from emlc.passes.choices import Exclusion
from emlc.passes.ranges import Ranges
from emlc.show import show

POINTS = 210
ENOUGH = 50
SECONDS = 4.0
_BESIDE_A_PROOF = 2.5
# Points beside a proof, fewer by the cube of the entries: a clock ends only the dearest.
_BESIDE, _WORK = 100, 6 * 10**7
LARGEST = 20_000
_DIGITS, _BITS = 25, 1024
_NEAR = 1e-22  # what is farther apart is looked at closely, and so are the first points
_FIRST, _CLOSELY, _APART = 4, 40, 1e-36
_RISING = (60, 120)
_STABLE = 1e-12


def check_tree(
    root: Node,
    tape: Tape,
    ranges: Ranges,
    excluded: Sequence[Exclusion] = (),
    proof: Verdict | None = None,
) -> Verdict:
    """Compare a tree with its formula over the domain; a proof given is kept unless refuted.

    Refuted carries the point. A constant is compared once, at 40 digits.
    """
    if len(tape) > LARGEST:
        size = f"too large to sample: {len(tape)} distinct subtrees"
        return Verdict("unknown", size) if proof is None else proof
    compare = Comparison(Reference(root), tape, [(Reference(p), v) for p, v in excluded])
    seed = zlib.crc32(show(root).encode())
    began = time.thread_time()
    proved = proof is not None and proof.status == "proved"
    limit = _BESIDE_A_PROOF if proved else SECONDS
    most = max(ENOUGH, min(_BESIDE, _WORK // len(tape) ** 3)) if proved else POINTS
    stage("comparing", limit)
    for point in sample(ranges, POINTS, seed):
        refuted = compare.at(point)
        if refuted is not None:
            return refuted
        if compare.points >= most:
            break
        if time.thread_time() - began > limit:
            compare.why = f"the limit of {limit:g} s was reached"
            break
    return _summary(compare, bool(ranges.variables), proof)


def _summary(compare: Comparison, varies: bool, proof: Verdict | None) -> Verdict:
    if proof is not None and proof.status == "proved":
        return replace(proof, points=compare.points, worst=compare.worst)
    if varies and compare.points < ENOUGH:
        return Verdict("unknown", f"only {compare.points} points could be compared: {compare.why}")
    if not compare.points:
        return Verdict("unknown", compare.why or "no point could be compared")
    where = f"{compare.points} points of the domain" if varies else "40 digits"
    return Verdict("agrees", f"tree and formula agree at {where}", compare.points, compare.worst)


class Comparison:
    """A tree held against a formula, point by point; counts what was compared."""

    def __init__(
        self, reference: Reference, tape: Tape, excluded: Sequence[tuple[Reference, Fraction]] = ()
    ) -> None:
        self.reference = reference
        self.tape = tape
        self.excluded = excluded
        self.points = 0
        self.worst = 0.0
        self.why = "the formula is undefined at the points tried"

    def at(self, point: Point) -> Verdict | None:
        """None when the point agrees or cannot take part, a refutation otherwise."""
        if any(_equals(part.at(point, 20), value) for part, value in self.excluded):
            return None
        want = self.reference.at(point, 30)
        if want is None:
            return None
        got = evaluate(self.tape, point, _DIGITS, _BITS)
        if got.kind == "undecided":
            self.why = got.why
            return None
        error = _difference(got, want)
        if error > _NEAR or self.points < _FIRST:
            found = self._closely(point, want)
            if found is None:
                return None
            error, exact, sure = found
            if error > _APART:
                return self._refuted(point, exact, sure)
        self.points += 1
        self.worst = max(self.worst, error)
        return None

    def _closely(self, point: Point, want: Any) -> tuple[float, Ball, Any] | None:
        """Difference, tree and formula to many digits; None where one of the two is not known.

        Where they differ by no more than the formula's own last digits, as where it is 0, they
        do not differ.
        """
        again, sure = (self.reference.at(point, digits) for digits in _RISING)
        exact = evaluate(self.tape, point, _CLOSELY)
        known = again is not None and sure is not None and exact.kind != "undecided"
        if not known or max(abs(want - sure), abs(again - sure)) > _STABLE * (1 + abs(sure)):
            self.why = "the formula's own value is not stable at the points tried"
            return None
        if exact.kind == "finite" and _apart(exact, sure) <= 4 * abs(again - sure):
            return 0.0, exact, sure
        return _difference(exact, sure), exact, sure

    def _refuted(self, point: Point, got: Ball, want: Any) -> Verdict:
        at = {name: _text(*value) for name, value in point.items()}
        tree = _complex(complex(got)) if got.kind == "finite" else f"{got.kind} {got.why}".strip()
        place = ", ".join(f"{k} = {v}" for k, v in at.items())
        formula = _complex(complex(want))
        if tree == formula:
            tree, formula = _in_full(got), _in_full(want)
        how = f"{f'at {place} ' if place else ''}the formula is {formula}, the tree {tree}"
        witness = {"at": at, "formula": formula, "tree": tree}
        return Verdict("refuted", how, self.points, self.worst, witness)


def _difference(got: Ball, want: Any) -> float:
    """Relative difference; infinite when the tree has no finite value."""
    if got.kind != "finite":
        return float("inf")
    error = _apart(got, want)
    return float(error / abs(want)) if want else float(error)


def _apart(got: Ball, want: Any) -> Any:
    """How far a finite value is from a number."""
    import mpmath

    with mpmath.workdps(60):
        return abs(middle(got) - want)


def middle(ball: Ball) -> Any:
    """The middle of a finite value as an mpmath number, at the precision that is set."""
    import mpmath

    parts = (x.mid().man_exp() for x in (ball.value.real, ball.value.imag))
    return mpmath.mpc(*(mpmath.ldexp(mpmath.mpf(int(m)), int(e)) for m, e in parts))


def _in_full(value: Any) -> str:
    """A finite value to the digits that tell it from another which is the same double."""
    import mpmath

    with mpmath.workdps(_CLOSELY):
        z = middle(value) if isinstance(value, Ball) else +value
        re, im = mpmath.nstr(z.real, _CLOSELY), mpmath.nstr(abs(z.imag), _CLOSELY)
    return f"{re}{'-' if z.imag < 0 else '+'}{im}i" if z.imag else re


def _equals(value: Any, expected: Fraction) -> bool:
    return value is not None and abs(complex(value) - complex(float(expected))) < 1e-15


def _text(re: Fraction, im: Fraction) -> str:
    if not im:
        return str(re)
    sign = "-" if im < 0 else "+"
    return f"{re}{sign}{abs(im)}i" if re else f"{im}i"


def _complex(z: complex) -> str:
    if not z.imag:
        return repr(z.real)
    return f"{z.real!r}{'-' if z.imag < 0 else '+'}{abs(z.imag)!r}i"
