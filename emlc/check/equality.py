"""Proof that a tree means a formula: equal normal forms, case by case of the variables' signs.

The points where a sum under a logarithm vanishes are cases of their own; together the cases cover
the domain.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from emlc.errors import DomainError
from emlc.ir.domain import ZERO, Domain, Interval, domain
from emlc.ir.node import Node, lit, node, substitute, var, variables
from emlc.ir.tape import Tape
from emlc.passes.normal.equal import is_zero
from emlc.passes.normal.read import read_formula, read_tape
from emlc.passes.normal.solve import WHOLE, zeros
from emlc.passes.normal.space import Space, Undefined, Unknown
from emlc.passes.normal.terms import Form
from emlc.passes.normal.write import write
from emlc.passes.simplify import simplify
from emlc.show import show
from emlc.tables.primitives import BY_NAME

Step = tuple[str, str]
MAX_CASES = 400
_NEG = BY_NAME["neg"]


@dataclass(frozen=True, slots=True)
class Case:
    """A part of the domain: what stands for each variable, over variables of their own domains."""

    leaves: Mapping[str, Node]
    domains: Mapping[str, Domain]
    learned: tuple[tuple[Node, Domain], ...] = ()
    name: str = ""


@dataclass
class Proof:
    """What came of it: `failed` is empty when every case was proved."""

    cases: list[str] = field(default_factory=list)
    steps: dict[Step, None] = field(default_factory=dict)
    failed: str = ""


class _Open(Exception):
    """A case that is not proved; the message says why."""


def prove_equal(
    root: Node,
    tape: Tape,
    domains: Mapping[str, Domain],
    conditions: Mapping[Node, Domain],
    excluded: Sequence[tuple[Node, Fraction]] = (),
    seconds: float = 2.0,
) -> Proof:
    """Whether the tree has the value of the formula wherever the formula has one.

    `excluded` lists parts with the values at which nothing is claimed.
    """
    proof = Proof()
    until = time.monotonic() + seconds
    waiting = [Case({n: var(n) for n in domains}, domains, tuple(conditions.items()))]
    seen: set[tuple[Node, ...]] = set()
    while waiting:
        if time.monotonic() > until or len(proof.cases) > MAX_CASES:
            proof.failed = f"{len(proof.cases)} cases were proved when a limit was reached"
            return proof
        case = waiting.pop()
        try:
            more = _prove(root, tape, case, excluded, proof)
        except _Open as why:
            more = _split(case)
            if not more:
                proof.failed = f"{case.name or 'everywhere'}: {why}"
                return proof
        waiting += [c for c in more if _fresh(c, seen)]
    return proof


def _fresh(case: Case, seen: set[tuple[Node, ...]]) -> bool:
    """Whether a case that substitutes variables was not met before."""
    key = tuple(case.leaves.values())
    if case.domains and not all(d.integer for d in case.domains.values()):
        return True
    fresh = key not in seen
    seen.add(key)
    return fresh


def _prove(
    root: Node, tape: Tape, case: Case, excluded: Sequence[tuple[Node, Fraction]], proof: Proof
) -> list[Case]:
    """Prove one case; the cases of the zeros that it leaves out. Raises _Open."""
    space = Space(case.domains)
    try:
        leaves = {n: _form(space, f) for n, f in case.leaves.items()}
        if not _conditions_hold(space, case, leaves):
            return []
        source = read_formula(space, root, leaves)
    except Undefined:
        return []
    except Unknown as why:
        raise _Open(f"the formula: {why}") from None
    if not isinstance(source, Form):
        return []
    try:
        value = read_tape(space, tape, leaves)
    except (Undefined, Unknown) as why:
        if _is_excluded(space, excluded, leaves):
            return []
        raise _Open(f"the tree: {why}") from None
    if not isinstance(value, Form) or not is_zero(space, space.plus(value, source, -1)):
        if _is_excluded(space, excluded, leaves):
            return []
        shown = show(write(space, value))[:300] if isinstance(value, Form) else "infinite"
        raise _Open(f"the tree is {shown}")
    proof.cases.append(case.name)
    proof.steps.update(space.steps)
    return list(_zero_cases(space, case))


def _form(space: Space, f: Node) -> Form:
    made = read_formula(space, f)
    if not isinstance(made, Form):
        raise Undefined("an infinite value")
    return made


def _conditions_hold(space: Space, case: Case, leaves: Mapping[str, Form]) -> bool:
    """Take the case's conditions as known; False when no point satisfies them."""
    for part, fact in case.learned:
        made = read_formula(space, part, leaves)
        if not isinstance(made, Form):
            return False
        box = space.box(made)
        if made.terms and box.meet(fact) is None:
            return False
        if not made.terms and fact.excludes(0.0):
            return False
        if not box.within(fact):
            space.learn(made, fact)
    return True


def _is_excluded(
    space: Space, excluded: Sequence[tuple[Node, Fraction]], leaves: Mapping[str, Form]
) -> bool:
    for part, value in excluded:
        try:
            made = read_formula(space, part, leaves)
        except (Undefined, Unknown):
            continue
        if isinstance(made, Form) and is_zero(space, space.plus(made, space.number(value), -1)):
            return True
    return False


def _zero_cases(space: Space, case: Case) -> Iterator[Case]:
    """The cases of the zeros that were left out. Raises _Open when they are not found."""
    done: set[tuple[str, Form]] = set()
    waiting = list(space.zeros)
    for place in waiting:
        found = zeros(space, place)
        if found is None:
            raise _Open(f"where {show(write(space, place))[:200]} vanishes is not found")
        for name, value in found:
            if (name, value) in done:
                continue
            done.add((name, value))
            box, own = space.box(value), case.domains[name]
            if value.terms and _apart(box, own):
                continue
            if not value.terms and not own.contains(Fraction(0)):
                continue
            made = _at(case, name, write(space, value), own)
            if made is not None:
                yield made


def _apart(box: Domain, own: Domain) -> bool:
    """Whether no value of the box is in the set."""
    if box.meet(own) is None:
        return True
    return own.real and not box.real and (box.im.lo > 0 or box.im.hi < 0)


def _at(case: Case, name: str, value: Node, own: Domain) -> Case | None:
    """The case with a variable replaced; None where that value does not exist."""
    whole = f"n{len(case.leaves)}{len(case.name)}"
    value = substitute(value, {WHOLE: var(whole)})
    try:
        leaves = {n: simplify(substitute(f, {name: value})) for n, f in case.leaves.items()}
    except DomainError:
        return None
    domains = {n: d for n, d in case.domains.items() if n != name}
    if whole in variables(value):
        domains[whole] = domain("integer")
    learned = (*case.learned, (leaves[name], own)) if variables(value) else case.learned
    text = f"{name} = {show(value)}"
    return Case(leaves, domains, learned, f"{case.name}, {text}" if case.name else text)


# -- splitting -----------------------------------------------------------------------------------


def _split(case: Case) -> list[Case]:
    """The case cut in parts by the sign of one variable's imaginary or real part."""
    for name, d in case.domains.items():
        if not d.real and d.im.lo < 0 < d.im.hi:
            return [c for part in _cut(d, "im") for c in _part(case, name, part)]
    for name, d in case.domains.items():
        if d.re.lo < 0 < d.re.hi or (d.real and d.re != ZERO and d.contains(Fraction(0))):
            return [c for part in _cut(d, "re") for c in _part(case, name, part)]
        if d.real and d.re.hi <= 0:
            return _part(case, name, d)
    for name, d in case.domains.items():
        if d.real and not d.integer and d.re.lo < 1 < d.re.hi:
            below, above = replace(d.re, hi=1.0, hi_open=True), replace(d.re, lo=1.0, lo_open=True)
            sides = [c for re in (below, above) for c in _part(case, name, replace(d, re=re))]
            at_one = _at(case, name, lit(1), d)
            return sides if at_one is None else [*sides, at_one]
    return []


def _cut(d: Domain, which: str) -> list[Domain]:
    """The parts where that coordinate is positive, negative and 0."""
    sides = (Interval(0.0, float("inf"), True, True), Interval(float("-inf"), 0.0, True, True), ZERO)
    found = []
    for side in sides:
        met = (d.im if which == "im" else d.re).meet(side)
        if met is not None:
            made = replace(d, im=met) if which == "im" else replace(d, re=met)
            if not (made.re == ZERO and made.im == ZERO and d.nonzero):
                found.append(replace(made, nonzero=False) if made.real and which == "re" else made)
    return found


def _part(case: Case, name: str, d: Domain) -> list[Case]:
    """The case with the variable in a smaller set; negative reals become -name, 0 a number."""
    own = case.domains[name]
    if d.real and d.re == ZERO:
        at_zero = _at(case, name, lit(0), own)
        return [at_zero] if at_zero is not None else []
    text = f"{name} in {d}"
    leaves = dict(case.leaves)
    if d.real and d.re.hi <= 0:
        flipped = node(_NEG, var(name))
        leaves = {n: simplify(substitute(f, {name: flipped})) for n, f in leaves.items()}
        d = -d
    label = f"{case.name}, {text}" if case.name else text
    return [Case(leaves, {**case.domains, name: d}, case.learned, label)]
