"""What is known of a tree that a search found: where it is right, and in which arithmetic."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence

from emlc.check import Verdict, check_tree, proved_by_raising
from emlc.check.points import sample
from emlc.check.reference import Point, Reference
from emlc.errors import EmlcError
from emlc.ir.node import Node, from_tokens
from emlc.ir.tape import flatten
from emlc.lower.balls import evaluate_all
from emlc.passes.ranges import declare, ranges
from emlc.search.goal import Goal
from emlc.search.result import Found

DOMAINS = ("positive", "real", "complex")
_COMPARED = 60
_PROOF_SECONDS = 2.0


def describe(goal: Goal, rpn: list[str], trial: Sequence[Point], prove: bool = True) -> Found:
    """A confirmed tree with its verdict, proved by raising if it can be, and what it needs."""
    tape = flatten(from_tokens(rpn))
    proof = None
    if goal.mode != "shortest" and prove:
        proof = proved_by_raising(goal.root, tape, goal.ranges, seconds=_PROOF_SECONDS)
    verdict = check_tree(goal.root, tape, goal.ranges, (), proof)
    if goal.mode == "shortest" and verdict.status == "refuted":
        verdict = Verdict(
            "agrees", f"agrees at {len(trial)} generic points; not at {verdict.witness}", len(trial)
        )
    infinite = any(
        b.kind == "infinite" for p in trial[:20] for b in evaluate_all(tape, dict(p), 17)
    )
    return Found(len(rpn), rpn, verdict, infinite, plain_agrees(goal.reference, rpn, trial))


def where_right(root: Node, rpn: Sequence[str]) -> dict[str, dict[str, object]]:
    """By named domain of all variables: the status in the exact meaning, and in complex128.

    >>> from emlc.parse import parse
    >>> from emlc.passes.simplify import simplify
    >>> found = where_right(simplify(parse("ln(x)").root), list("11xE1EE"))
    >>> found["positive"]["exact"], found["real"]["exact"], found["real"]["complex128"]
    ('agrees', 'refuted', True)
    """
    from emlc.ir.node import variables

    names = variables(root)
    tape = flatten(from_tokens(rpn))
    out: dict[str, dict[str, object]] = {}
    for domain in DOMAINS if names else ():
        try:
            found = ranges(root, declare(dict.fromkeys(names, domain)))
        except EmlcError:  # defined nowhere there
            continue
        points = list(sample(found, _COMPARED, 3))
        reference = Reference(root)
        points = [p for p in points if reference.at(p, 30) is not None]
        out[domain] = {
            "exact": check_tree(root, tape, found).status,
            "complex128": plain_agrees(reference, rpn, points),
        }
    return out


def plain_agrees(reference: Reference, rpn: Sequence[str], points: Sequence[Point]) -> bool:
    """Whether ordinary double arithmetic gives 8 digits at every point."""
    for point in points:
        want = complex(reference.at(point, 40))
        got = plain(rpn, {n: complex(float(re), float(im)) for n, (re, im) in point.items()})
        if got is None or not abs(got - want) <= 1e-8 * max(abs(want), 1e-8):
            return False
    return True


def plain(rpn: Sequence[str], values: Mapping[str, complex]) -> complex | None:
    """The tree in complex128, with IEEE infinities as numpy has them."""
    stack: list[complex] = []
    for token in rpn:
        if token != "E":
            stack.append(1.0 + 0.0j if token == "1" else values[token])
            continue
        y, x = stack.pop(), stack.pop()
        try:
            stack.append(cmath.exp(x) - (cmath.log(y) if y else complex(-math.inf)))
        except (OverflowError, ValueError):
            return None
    z = stack.pop()
    return None if cmath.isnan(z) else z
