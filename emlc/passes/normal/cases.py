"""Proof that a tree means a formula: equal normal forms, case by case of the variables' signs.

The points where a sum under a logarithm vanishes are cases of their own; together the cases cover
the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from emlc.deadline import OutOfTime, within
from emlc.ir.domain import Domain
from emlc.ir.node import Node, var
from emlc.ir.tape import Tape
from emlc.passes.normal.equal import is_zero
from emlc.passes.normal.parts import Case, at, brief, joined, split
from emlc.passes.normal.read import read_formula, read_tape
from emlc.passes.normal.solve import places
from emlc.passes.normal.space import Space, Undefined, Unknown, Value
from emlc.passes.normal.terms import Form
from emlc.passes.normal.write import write

Step = tuple[str, str]
Exclusions = Sequence[tuple[Node, Fraction]]
Forms = Mapping[str, Form]
Decide = Callable[[Node, Mapping[str, Domain]], bool]
_QUESTIONS = 2
MAX_CASES, MAX_VANISHING = 400, 3


@dataclass
class Proof:
    """What came of it: `failed` is empty when every case was proved."""

    cases: list[str] = field(default_factory=list)
    steps: dict[Step, None] = field(default_factory=dict)
    used: dict[tuple[Node, Fraction], None] = field(default_factory=dict)  # exclusions needed
    failed: str = ""


class _Open(Exception):
    """A case that is not proved; the message says why.

    left    the difference that was not seen to be 0
    cases   the cases that would be left if it were
    """

    def __init__(self, why: str, left: Node | None = None, cases: Sequence[Case] = ()) -> None:
        super().__init__(why)
        self.left = left
        self.cases = cases


def prove_equal(
    root: Node,
    tape: Tape,
    domains: Mapping[str, Domain],
    conditions: Mapping[Node, Domain],
    excluded: Exclusions = (),
    seconds: float = 2.0,
    decide: Decide | None = None,
) -> Proof:
    """Whether the tree has the value of the formula wherever the formula has one.

    `excluded` lists parts with the values at which nothing is claimed; `decide` may settle that a
    difference is 0 where the normal form does not.
    """
    proof = Proof()
    case = Case({n: var(n) for n in domains}, domains, tuple(conditions.items()))
    try:
        with within(seconds):
            _prove_cases(root, tape, case, excluded, decide, proof)
    except OutOfTime:
        proof.failed = f"{len(proof.cases)} cases were proved when the time was over"
    return proof


def _prove_cases(
    root: Node,
    tape: Tape,
    first: Case,
    excluded: Exclusions,
    decide: Decide | None,
    proof: Proof,
) -> None:
    """Prove the case and those that it leaves out, or say in `proof.failed` why not."""
    asked = 0
    waiting = [first]
    seen: set[tuple[object, ...]] = set()
    while waiting:
        if len(proof.cases) > MAX_CASES:
            proof.failed = f"{len(proof.cases)} cases were proved when a limit was reached"
            return
        case = waiting.pop()
        more: list[Case] | None
        try:
            more = _prove(root, tape, case, excluded, proof)
        except _Open as why:
            more = split(case)
            if not more and decide is not None and why.left is not None and asked < _QUESTIONS:
                asked += 1
                if decide(why.left, case.domains):
                    proof.cases.append(case.name)
                    proof.steps["u = 0 by sympy", brief(why.left)] = None
                    waiting += why.cases
                    continue
            if not more:
                more = _solved(case) if case.instead is None else [case.instead]
            if more is None:
                proof.failed = f"{case.name or 'everywhere'}: {why}"
                return
        except (RecursionError, OverflowError) as limit:
            proof.failed = f"{case.name or 'everywhere'}: a limit was reached, {limit}"
            return
        waiting += [c for c in more if _fresh(c, seen)]


def _fresh(case: Case, seen: set[tuple[object, ...]]) -> bool:
    """Whether a case that substitutes variables was not met before."""
    key = (*case.leaves.values(), *case.domains.items(), case.learned, case.vanishing)
    if case.domains and not all(d.integer for d in case.domains.values()):
        return True
    fresh = key not in seen
    seen.add(key)
    return fresh


def _prove(root: Node, tape: Tape, case: Case, excluded: Exclusions, proof: Proof) -> list[Case]:
    """Prove one case; the cases of the zeros that it leaves out. Raises _Open."""
    try:
        return _proved(root, tape, case, excluded, proof, count_turns=False)
    except _Open as why:
        try:
            return _proved(root, tape, case, excluded, proof, count_turns=True)
        except _Open as again:
            again.left, again.cases = why.left, why.cases
            raise


def _proved(
    root: Node, tape: Tape, case: Case, excluded: Exclusions, proof: Proof, *,
    count_turns: bool,
) -> list[Case]:  # fmt: skip
    space = Space(case.domains, count_turns=count_turns)
    started = _start(space, root, case)
    if started is None:
        return _left_out(space, case)
    leaves, source = started
    try:
        value = read_tape(space, tape, leaves)
    except (Undefined, Unknown) as why:
        if _is_excluded(space, excluded, leaves, proof):
            return []
        raise _Open(f"the tree: {why}") from None
    if not isinstance(value, Form) or not is_zero(space, space.plus(value, source, -1)):
        if _is_excluded(space, excluded, leaves, proof):
            return []
        raise _different(space, case, value, source)
    proof.cases.append(case.name)
    proof.steps.update(space.steps)
    return _left_out(space, case)


def _left_out(space: Space, case: Case) -> list[Case]:
    """The cases of the zeros, as a list. Raises _Open."""
    try:
        return list(_zero_cases(space, case))
    except Unknown as why:
        raise _Open(f"the zeros left out: {why}") from None


def _start(space: Space, root: Node, case: Case) -> tuple[dict[str, Form], Form] | None:
    """What the variables and the formula are in this case; None where it is empty."""
    try:
        leaves = {n: _form(space, f) for n, f in case.leaves.items()}
        if not _conditions_hold(space, case):
            return None
        for place in case.vanishing:
            zero = _form(space, place)
            if space.box(zero).excludes(0.0):
                return None
            space.vanish(zero)
        source = read_formula(space, root, leaves)
    except Undefined:
        return None
    except Unknown as why:
        raise _Open(f"the formula: {why}") from None
    return (leaves, source) if isinstance(source, Form) else None


def _different(space: Space, case: Case, value: Value, source: Form) -> _Open:
    if not isinstance(value, Form):
        return _Open("the tree is infinite")
    if space.count_turns:
        return _Open("the tree differs, its logarithms' turns counted")
    text = f"the tree is {brief(write(space, value))}"
    try:
        rest = tuple(_zero_cases(space, case))
    except _Open:
        return _Open(text)
    return _Open(text, write(space, space.plus(value, source, -1)), rest)


def _form(space: Space, f: Node) -> Form:
    made = read_formula(space, f)
    if not isinstance(made, Form):
        raise Undefined("an infinite value")
    return made


def _conditions_hold(space: Space, case: Case) -> bool:
    """Take the case's conditions as known; False when no point satisfies them."""
    for part, fact in case.learned:
        made = read_formula(space, part)
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


def _is_excluded(space: Space, excluded: Exclusions, leaves: Forms, proof: Proof) -> bool:
    for part, value in excluded:
        try:
            made = read_formula(space, part, leaves)
        except (Undefined, Unknown):
            continue
        if isinstance(made, Form) and is_zero(space, space.plus(made, space.number(value), -1)):
            proof.used[part, value] = None
            return True
    return False


def _zero_cases(space: Space, case: Case) -> Iterator[Case]:
    """The cases of the zeros that were left out. Raises _Open when there are too many."""
    done: set[tuple[str, Form]] = set()
    for place, found in list(places(space, space.zeros)):
        shown = write(space, place)
        text = brief(shown)
        held = replace(
            case,
            vanishing=(*case.vanishing, shown),
            name=joined(case.name, f"{text} = 0"),
            instead=None,
        )
        if found is None:
            if len(case.vanishing) >= MAX_VANISHING:
                raise _Open(f"where {text} vanishes is not found")
            yield held
            continue
        for name, value in found:
            if (name, value) in done:
                continue
            done.add((name, value))
            made = at(case, name, write(space, value), case.domains[name])
            if made is not None:
                room = len(case.vanishing) < MAX_VANISHING
                yield replace(made, instead=held if value.depth and room else None)


def _solved(case: Case) -> list[Case] | None:
    """The case with a sum that is 0 solved for a variable; None where that is not possible yet."""
    for k, place in enumerate(case.vanishing):
        space = Space(case.domains)
        rest = replace(case, vanishing=case.vanishing[:k] + case.vanishing[k + 1 :])
        try:
            zero = _form(space, place)
        except (Undefined, Unknown):
            continue
        solved = list(places(space, dict.fromkeys([zero, *space.zeros])))
        if any(found is None for _, found in solved):
            continue
        made = [
            at(case if n else rest, name, write(space, v), case.domains[name])
            for n, (_, found) in enumerate(solved)
            for name, v in found or ()
        ]
        return [c for c in made if c is not None]
    return None
