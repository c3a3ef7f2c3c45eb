"""Derivatives as verbs: formulas and trees in, formulas, trees and array functions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emlc.errors import ArgumentError, DomainError, LimitError
from emlc.evaluation import meant
from emlc.exchange import formula_of
from emlc.ir.domain import domain as domain_of
from emlc.ir.node import Node, variables
from emlc.passes.compile import compile_tree
from emlc.passes.differentiate import derivative, ranges_inside, rewritten
from emlc.passes.ranges import Ranges, declare, ranges
from emlc.passes.simplify import simplify
from emlc.pipeline import (
    Compiled,
    assemble,
    known_mode,
    known_variables,
    no_cycle_collection,
)
from emlc.show import show

REAL = domain_of("real")


def diff(
    source: Any,
    wrt: str | Sequence[str] | None = None,
    order: int = 1,
    domain: Mapping[str, str] | None = None,
    mode: str = "exact",
    check: bool = True,
    notation: str = "auto",
) -> Compiled:
    """Differentiate a formula or a pure tree, and compile the derivative to a pure tree.

    `wrt` is the variable, which may be left out where there is one; several variables mean one
    after the other. A tree is read back as a formula first where that is proved. The result's
    `formula` is the derivative, its `source` the text of that unless it is too long for text, and
    its domain no larger than the formula's; the other arguments are those of `compile`, and so are
    the errors raised.

    >>> d = diff("x^2*exp(x)")
    >>> d.source, d.domain
    ('x^2*exp(x) + 2*x*exp(x)', {'x': 'real'})
    >>> diff("11xE1EE").source, diff("11xE1EE").domain
    ('1/x', {'x': 'positive'})
    """
    known_mode(mode)
    root = formula_of(source, notation)
    names = differentiable(root, wrt)
    declared = declare(domain or {})
    known_variables({**dict.fromkeys(names), **declared}, root)
    with no_cycle_collection():
        root, declared = meant(root, declared)
        found = ranges(simplify(root), declared)
        for name in names:
            root = derivative(root, name, order)
        root = _shortest(root, found, mode)
        inside = ranges_inside(simplify(root), found)
        _restrict(inside, found)
        return assemble(_text(root), root, inside, mode, check)


def _restrict(inside: Ranges, outer: Ranges) -> None:
    """Name what restricts the formula where the variables of that cancel in the derivative."""
    lost = {
        p: d for p, d in outer.conditions.items() if not inside.variables.keys() >= {*variables(p)}
    }
    needed = {name for part in lost for name in variables(part)}
    for name, d in outer.variables.items():
        if name not in inside.variables and (name in needed or d != REAL):
            inside.variables[name] = d
    inside.conditions.update(lost)


def _text(root: Node) -> str:
    """The formula as text, or that it is too long for text."""
    try:
        return show(root)
    except LimitError as error:
        return f"({error.message})"


def _shortest(root: Node, found: Ranges, mode: str) -> Node:
    """The formula or what its normal form says, whichever has the smaller tree."""
    inside = ranges_inside(simplify(root), found)
    other = rewritten(root, inside)
    if other is None or other is root:
        return root
    clean = simplify(other)
    try:
        made = compile_tree(clean, ranges_inside(clean, found), mode)
    except DomainError:
        return root
    return other if made.size < compile_tree(simplify(root), inside, mode).size else root


def jacobian(
    sources: Sequence[Any],
    wrt: Sequence[str] | None = None,
    domain: Mapping[str, str] | None = None,
    notation: str = "auto",
) -> Any:
    """The derivatives of formulas by variables as a function of arrays, a `Jacobian`.

    `wrt` is which variables, in which order; left out, all of the formulas, sorted. A call takes
    every variable of the formulas and gives an array whose last two axes are for the formulas and
    for `wrt`. Values are real where every formula is real on the domain, else complex128.

    >>> J = jacobian(["x^2 - y^2", "2*x*y"], ["x", "y"])
    >>> J(x=2.0, y=1.0).tolist()
    [[4.0, -2.0], [2.0, 4.0]]
    >>> J.value_and_jacobian(x=[1.0, 2.0, 3.0], y=0.5)[1].shape
    (3, 2, 2)
    """
    from emlc.lower.gradient import Jacobian

    roots = [formula_of(s, notation) for s in sources]
    declared = declare(domain or {})
    names = sorted({name for root in roots for name in variables(root)})
    for name in declared:
        if name not in names:
            raise ArgumentError(f"the formulas have no variable {name}")
    real = True
    for k, root in enumerate(roots):
        found, known = meant(root, {v: d for v, d in declared.items() if v in variables(root)})
        roots[k] = simplify(found)
        real = real and ranges(roots[k], known).of(roots[k]).real
    return Jacobian(roots, wrt, real=real, variables=names)


def differentiable(root: Node, wrt: str | Sequence[str] | None) -> Sequence[str]:
    """The variables to differentiate by, one after the other."""
    if wrt is not None:
        return (wrt,) if isinstance(wrt, str) else wrt
    names = variables(root)
    if len(names) != 1:
        listed = ", ".join(names)
        raise ArgumentError(
            f"the formula has the variables {listed}" if names else "the formula has no variable",
            hint=f"say which one to differentiate by: {listed}" if names else None,
        )
    return names
