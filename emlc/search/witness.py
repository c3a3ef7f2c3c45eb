"""Proofs that a tree over an operator means a formula, and the points they leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from emlc.check import Verdict, proved_by_raising
from emlc.ir.domain import domain
from emlc.ir.node import Node, eml, lit, node, substitute, var
from emlc.ir.tape import flatten
from emlc.parse import parse
from emlc.passes.choices import Exclusion
from emlc.search.goal import Goal
from emlc.tables.operators import Operator
from emlc.tables.primitives import BY_NAME

_VALUES = (0, 1, -1)
_LN, _SUB, _ADD = BY_NAME["ln"], BY_NAME["sub"], BY_NAME["add"]


def formula_of(operator: Operator, tape: Sequence[Any]) -> Node:
    """A tape over an operator, written by the functions that the operator is made of.

    >>> from emlc.show import show
    >>> from emlc.search.program import operator
    >>> show(formula_of(operator("edl"), ["x", "e", (0, 1)]))
    'exp(x)/ln(e)'
    """
    body = None if operator.name == "eml" else parse(operator.formula).root
    made: list[Node] = []
    for entry in tape:
        if isinstance(entry, tuple):
            operands = [made[k] for k in entry]
            values = dict(zip(operator.params, operands, strict=True))
            made.append(eml(*operands) if body is None else substitute(body, values))
        elif entry == "-inf":
            made.append(node(_LN, lit(Fraction(0))))
        else:
            made.append(parse(entry).root)
    return made[-1]


def usual_exclusions(goal: Goal) -> list[Exclusion]:
    """Where trees are often wrong: 0, 1 and -1, equal and opposite variables, zeros of the formula.

    A tree over edl, for one, is never 0 where its variables are not.
    """
    names = goal.names or ("x",)
    out: list[Exclusion] = []
    for n in names:
        known = goal.ranges.variables.get(n, domain("real"))
        values = [Fraction(v) for v in _VALUES]
        out += [(var(n), v) for v in values if known.contains(v, Fraction(0))]
    if len(names) == 2:
        both = [var(n) for n in names]
        out += [(node(_SUB, *both), Fraction(0)), (node(_ADD, *both), Fraction(0))]
    return [*out, (goal.root, Fraction(0))]


def proved(
    operator: Operator, tape: Sequence[Any], goal: Goal, exclusions: Sequence[Exclusion],
    seconds: float,
) -> tuple[Verdict, list[Exclusion]]:  # fmt: skip
    """The verdict of raising the tree, and those of the exclusions that the proof needed."""
    ranges = goal.ranges
    if not goal.names and operator.variable:
        ranges = replace(ranges, variables={"x": domain("real")})
    used: list[Exclusion] = []
    tree = flatten(formula_of(operator, tape))
    verdict = proved_by_raising(goal.root, tree, ranges, exclusions, seconds=seconds, used=used)
    return verdict, list(dict.fromkeys(used))
