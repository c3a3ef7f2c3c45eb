"""Proof that a tree means a formula: equal normal forms, case by case of the variables' signs.

The points where a sum under a logarithm vanishes are cases of their own; together the cases cover
the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count

from emlc.deadline import OutOfTime, within
from emlc.errors import DomainError
from emlc.ir.domain import INF, PI, ZERO, Domain, Interval, domain
from emlc.ir.node import Node, lit, node, substitute, var, variables, weight
from emlc.ir.tape import Tape
from emlc.passes.normal.equal import is_zero
from emlc.passes.normal.read import read_formula, read_tape
from emlc.passes.normal.solve import WHOLE, zeros
from emlc.passes.normal.space import Space, Undefined, Unknown, Value
from emlc.passes.normal.terms import Form
from emlc.passes.normal.write import write
from emlc.passes.simplify import simplify
from emlc.show import show
from emlc.tables.primitives import BY_NAME

Step = tuple[str, str]
Exclusions = Sequence[tuple[Node, Fraction]]
Forms = Mapping[str, Form]
Decide = Callable[[Node, Mapping[str, Domain]], bool]
_QUESTIONS = 2
MAX_CASES, MAX_VANISHING = 400, 3
_BRIEF = 60
_NEG, _MUL, _I = BY_NAME["neg"], BY_NAME["mul"], BY_NAME["i"]


@dataclass(frozen=True, slots=True)
class Case:
    """A part of the domain: what stands for each variable, over variables of their own domains."""

    leaves: Mapping[str, Node]
    domains: Mapping[str, Domain]
    learned: tuple[tuple[Node, Domain], ...] = ()
    vanishing: tuple[Node, ...] = ()
    name: str = ""
    instead: Case | None = None


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
        try:
            more = _prove(root, tape, case, excluded, proof)
        except _Open as why:
            more = _split(case)
            if not more and decide is not None and why.left is not None and asked < _QUESTIONS:
                asked += 1
                if decide(why.left, case.domains):
                    proof.cases.append(case.name)
                    proof.steps["u = 0 by sympy", brief(why.left)] = None
                    waiting += why.cases
                    continue
            if not more:
                more = _solved(case) if case.instead is None else [case.instead]
            if not more:
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
        return []
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
    for place in list(space.zeros):
        found = zeros(space, place)
        shown = write(space, place)
        text = brief(shown)
        held = replace(
            case,
            vanishing=(*case.vanishing, shown),
            name=_joined(case.name, f"{text} = 0"),
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
            box, own = space.box(value), case.domains[name]
            if value.terms and box.meet(own) is None:
                continue
            if not value.terms and not own.contains(Fraction(0)):
                continue
            made = _at(case, name, write(space, value), own)
            if made is not None:
                room = len(case.vanishing) < MAX_VANISHING
                yield replace(made, instead=held if value.depth and room else None)


def _solved(case: Case) -> list[Case]:
    """The case with a sum that is 0 solved for a variable, where that is possible by now."""
    space = Space(case.domains)
    for k, place in enumerate(case.vanishing):
        found = zeros(space, _form(space, place))
        if found is None:
            continue
        rest = replace(case, vanishing=case.vanishing[:k] + case.vanishing[k + 1 :])
        made = [_at(rest, name, write(space, v), case.domains[name]) for name, v in found]
        return [c for c in made if c is not None]
    return []


def brief(root: Node) -> str:
    """A formula as text, or that it is large."""
    large = weight(root, _BRIEF) > _BRIEF
    return f"a formula of more than {_BRIEF} parts" if large else show(root)


def _joined(name: str, text: str) -> str:
    return f"{name}, {text}" if name else text


def _at(case: Case, name: str, value: Node, own: Domain) -> Case | None:
    """The case with a variable replaced; None where that value does not exist."""
    taken = {*case.leaves, *case.domains}
    whole = next(n for n in (f"n{k}" for k in count(1)) if n not in taken)
    value = substitute(value, {WHOLE: var(whole)})
    text = f"{name} = {brief(value)}"
    try:
        made = _replaced(case, name, value, text)
    except DomainError:
        return None
    domains = {n: d for n, d in case.domains.items() if n != name}
    if whole in variables(value):
        domains[whole] = domain("integer")
    learned = (*made.learned, (value, own)) if variables(value) else made.learned
    return replace(made, domains=domains, learned=learned)


def _replaced(case: Case, name: str, value: Node, text: str) -> Case:
    """The case over a formula in place of a variable. Raises DomainError where it has no value."""

    def into(f: Node) -> Node:
        return simplify(substitute(f, {name: value}))

    return replace(
        case,
        leaves={n: into(f) for n, f in case.leaves.items()},
        learned=tuple((into(part), fact) for part, fact in case.learned),
        vanishing=tuple(into(part) for part in case.vanishing),
        name=_joined(case.name, text),
    )


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
    sides = (Interval(0.0, INF, True, True), Interval(-INF, 0.0, True, True), ZERO)
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
    made = replace(case, name=_joined(case.name, text))
    if d.re == ZERO:
        made = _replaced(case, name, node(_MUL, node(_I), var(name)), text)
        d = Domain(d.im * PI)
    if d.real and d.re.hi <= 0:
        made = replace(_replaced(made, name, node(_NEG, var(name)), ""), name=made.name)
        d = -d
    return [replace(made, domains={**case.domains, name: d})]
