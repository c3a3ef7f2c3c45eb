"""Parts of a domain: a variable replaced by a value, or kept to one sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count

from emlc.errors import DomainError
from emlc.ir.domain import INF, PI, ZERO, Domain, Interval, domain
from emlc.ir.node import Node, lit, node, substitute, var, variables, weight
from emlc.passes.normal.solve import WHOLE
from emlc.passes.simplify import simplify
from emlc.show import show
from emlc.tables.primitives import BY_NAME

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


def brief(root: Node) -> str:
    """A formula as text, or that it is large."""
    large = weight(root, _BRIEF) > _BRIEF
    return f"a formula of more than {_BRIEF} parts" if large else show(root)


def joined(name: str, text: str) -> str:
    return f"{name}, {text}" if name else text


def at(case: Case, name: str, value: Node, own: Domain) -> Case | None:
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
        name=joined(case.name, text),
    )


def split(case: Case) -> list[Case]:
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
            at_one = at(case, name, lit(1), d)
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
        at_zero = at(case, name, lit(0), own)
        return [at_zero] if at_zero is not None else []
    text = f"{name} in {d}"
    made = replace(case, name=joined(case.name, text))
    if d.re == ZERO:
        made = _replaced(case, name, node(_MUL, node(_I), var(name)), text)
        d = Domain(d.im * PI)
    if d.real and d.re.hi <= 0:
        made = replace(_replaced(made, name, node(_NEG, var(name)), ""), name=made.name)
        d = -d
    return [replace(made, domains={**case.domains, name: d})]
