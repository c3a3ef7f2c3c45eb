"""From a formula or a tree straight to a function of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emlc.errors import ArgumentError, LimitError
from emlc.exchange import formula_of
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Node, variables
from emlc.ir.tape import flatten, is_pure
from emlc.passes.ranges import declare, ranges
from emlc.passes.simplify import simplify
from emlc.tables.primitives import EML

if TYPE_CHECKING:
    from emlc.lower.evaluator import Evaluator


def evaluator(
    source: Any,
    domain: Mapping[str, str] | None = None,
    *,
    tier: str = "auto",
    threads: int = 1,
    notation: str = "auto",
) -> Evaluator:
    """The fast function of arrays of a formula, or of a pure tree read back as one.

    No tree is compiled for it. `domain` maps variables to sets; values are real where the formula
    is real on the domain (by default the natural real one), else complex128. `tier` is auto, tile
    or compiled and `threads` how many share large arrays, see `emlc.lower.direct`. A tree that is
    not proved to be a formula is evaluated as it stands, faithfully. Raises what `parse` raises,
    DomainError and ArgumentError.

    >>> f = evaluator("x/(1 + y)")
    >>> f(x=[1.0, 2.0], y=1.0)
    array([0.5, 1. ])
    >>> evaluator("11xE1EE")(2.0) == evaluator("ln(x)")(2.0)
    np.True_
    """
    root = formula_of(source, notation)
    names = variables(root)
    declared = declare(domain or {})
    for name in declared:
        if name not in names:
            raise ArgumentError(f"the formula has no variable {name}")
    found, known = meant(root, declared)
    tape = flatten(found)
    if EML in tape.heads and is_pure(tape):
        from emlc.lower.faithful import faithful

        return faithful(tape, real=False, variables=names)
    from emlc.lower.direct import direct

    clean = simplify(found)
    inside = {name: d for name, d in known.items() if name in variables(clean)}
    real = ranges(clean, inside).of(clean).real
    return direct(clean, real=real, variables=names, tier=tier, threads=threads)


def meant(root: Node, declared: dict[str, Domain]) -> tuple[Node, dict[str, Domain]]:
    """A pure tree as the formula that it is proved to be, with its domain; else what was given."""
    tape = flatten(root)
    if EML not in tape.heads or not is_pure(tape):
        return root, declared
    from emlc.passes.raise_ import raise_tree

    try:
        made = raise_tree(tape, declared)
    except LimitError:
        return root, declared
    if not made.proved:
        return root, declared
    own = ranges(simplify(made.formula), declared).variables
    gone = [name for name in variables(root) if name not in own]
    if any(made.domain[n] != str(declared.get(n, domain("real"))) for n in gone):
        return root, declared  # the formula has no variable left to tell where it holds
    known = declare({name: text for name, text in made.domain.items() if name in own})
    return made.formula, declared | {n: d for n, d in known.items() if not own[n].within(d)}
