"""Verdicts by raising: the tree and the formula brought to one normal form.

What the normal form leaves open, sympy may settle, in a process of its own with a time limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction

from emlc import child
from emlc.check.verdict import Verdict
from emlc.deadline import stage
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Node, postorder
from emlc.ir.tape import Tape
from emlc.passes.normal.cases import prove_equal
from emlc.passes.ranges import Ranges

SECONDS = 2.0
LARGEST = 20_000
_SYMPY_SECONDS = 12.0
_SYMPY_PARTS = 120
_POSITIVE, _REAL = domain("positive"), domain("real")


def proved_by_raising(
    root: Node,
    tape: Tape,
    ranges: Ranges,
    excluded: Sequence[tuple[Node, Fraction]] = (),
    *,
    seconds: float = SECONDS,
    ask_sympy: bool = False,
    used: list[tuple[Node, Fraction]] | None = None,
) -> Verdict:
    """Proved when the raised tree and the formula have one normal form; unknown otherwise.

    `used` is given the exclusions that the proof needed.
    """
    if len(tape) > LARGEST:
        return Verdict("unknown", f"too large to raise: {len(tape)} distinct subtrees")
    decide = sympy_says_zero if ask_sympy else None
    stage("proving", seconds)
    proof = prove_equal(
        root, tape, ranges.variables, ranges.conditions, excluded, seconds=seconds, decide=decide
    )
    if proof.failed or not proof.cases:
        return Verdict("unknown", f"not proved: {proof.failed or 'no point has a value'}")
    if used is not None:
        used += proof.used
    cases = len(proof.cases)
    where = f", in each of {cases} cases of signs and zeros" if cases > 1 else ""
    how = f"raised, the tree has the normal form of the formula{where}"
    return Verdict("proved", how, steps=tuple(proof.steps))


def sympy_says_zero(difference: Node, domains: Mapping[str, Domain]) -> bool:
    """Whether sympy simplifies a difference to 0 within its time."""
    if sum(1 for _ in postorder(difference)) > _SYMPY_PARTS:
        return False
    from emlc.show import show

    asked = {"difference": show(difference), "kinds": {n: _kind(d) for n, d in domains.items()}}
    # Not multiprocessing's, which runs the caller's program once more.
    said = child.run("emlc.check.zero", (), json.dumps(asked).encode(), _SYMPY_SECONDS)
    return said == b"true"


def _kind(d: Domain) -> str:
    if d.integer:
        return "integer"
    return "positive" if d.within(_POSITIVE) else "real" if d.within(_REAL) else "complex"
