"""What is known of a tree that a search found: where it is right, and in which arithmetic."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence

from emlc.check import Verdict, check_tree, proved_by_raising
from emlc.check.points import sample
from emlc.check.reference import Point, Reference
from emlc.errors import EmlcError
from emlc.ir.node import from_tokens
from emlc.ir.tape import Tape, flatten
from emlc.lower.balls import evaluate_all
from emlc.passes.ranges import Ranges, declare, ranges
from emlc.search.goal import Goal
from emlc.search.result import Found

DOMAINS = ("complex", "real", "positive")  # each holds the next
_COMPARED = 60
_PROOF_SECONDS, _SHORT = 2.0, 0.5


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


def where_right(goal: Goal, rpn: Sequence[str], status: str) -> dict[str, dict[str, object]]:
    """By named domain of all variables: the status in the exact meaning, and in complex128.

    `status` is that of the tree on the goal's own domain. What is proved on a larger domain is
    proved on those inside it.

    >>> from emlc.parse import parse
    >>> from emlc.search.goal import goal
    >>> found = where_right(goal(parse("ln(x)").root), list("11xE1EE"), "proved")
    >>> found["positive"]["exact"], found["real"]["exact"], found["real"]["complex128"]
    ('proved', 'refuted', True)
    """
    tape = flatten(from_tokens(rpn))
    own = set(goal.ranges.domain().values()) if goal.mode != "shortest" else set()
    out: dict[str, dict[str, object]] = {}
    proved = False
    for domain in DOMAINS if goal.names else ():
        try:
            found = ranges(goal.root, declare(dict.fromkeys(goal.names, domain)))
        except EmlcError:  # defined nowhere there
            continue
        here = "proved" if proved else status if own == {domain} else _status(goal, tape, found)
        proved = here == "proved"
        points = [p for p in sample(found, _COMPARED, 3) if goal.reference.at(p, 30) is not None]
        out[domain] = {"exact": here, "complex128": plain_agrees(goal.reference, rpn, points)}
    return {domain: out[domain] for domain in reversed(DOMAINS) if domain in out}


def _status(goal: Goal, tape: Tape, found: Ranges) -> str:
    proof = proved_by_raising(goal.root, tape, found, seconds=_SHORT)
    if proof.status == "proved":
        return "proved"
    return check_tree(goal.root, tape, found).status


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
