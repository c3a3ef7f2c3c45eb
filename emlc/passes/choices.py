"""What the compiler weighs: ways to make a part, what each makes in every form, and the best."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from emlc.ir.node import Node
from emlc.passes.templates import (
    LOGARITHM,
    OPPOSITE,
    REST,
    VALUE,
    Program,
    Template,
    token,
)
from emlc.show import show
from emlc.tables.witnesses import Witness

Exclusion = tuple[Node, Fraction]


def exclusion_text(excluded: Exclusion) -> str:
    """`x = 0`, as results name a point."""
    return f"{show(excluded[0])} = {excluded[1]}"


class Choice(NamedTuple):
    """The best way found for one part.

    size      nodes of its written-out tree
    reach     least reach of the rows in it
    excluded  points of the domain where it is not right: part = value
    witness   the row, None for a leaf
    parts     what stands for the row's parameters, or the body's formula
    program   the row's tree in the form that is made, None for a leaf and a body
    way       what was priced, None for a leaf
    """

    size: int
    reach: int
    excluded: frozenset[Exclusion]
    witness: Witness | None = None
    parts: tuple[Node, ...] = ()
    program: Program | None = None
    way: Way | None = None


Forms = tuple[Choice, ...]  # the best choice for every form
Priced = tuple[tuple[Choice | None, ...], bool]  # what a way makes, and whether it is real
SHOWN = ("x", "ln(x)", "e-ln(x)", "e-x")
# what may stand around the tree of another form, which comes before it here
AROUND = {
    REST: Program(("1", token(0, VALUE), "E"), 2, ((0, VALUE, 1),)),
    LOGARITHM: Program(("1", token(0, REST), "1", "E", "E"), 4, ((0, REST, 1),)),
    OPPOSITE: Program(("1", token(0, VALUE), "1", "E", "E"), 4, ((0, VALUE, 1),)),
}


class Way(NamedTuple):
    """One way to make a part, whatever the sizes of what it is made of.

    of        the expression of its class that is made so
    template  the row whose tree or body it is, None for the spelling of a number
    parts     what stands for the row's parameters, or the body's formula
    excluded  points of the domain where the row is not right
    real      whether the values here are real
    """

    of: Node
    template: Template | None
    parts: tuple[Node, ...]
    excluded: frozenset[Exclusion]
    real: bool = True


SPELLED = Witness("a number", body="its spelling")


def price(way: Way, known: list[Forms]) -> tuple[Choice | None, ...]:
    """What a way makes in every form, given the best choices for its parts."""
    template = way.template
    if template is None or template.body is not None:
        row = SPELLED if template is None else template.row
        return tuple(
            Choice(c.size, c.reach, c.excluded | way.excluded, row, way.parts, None, way)
            for c in known[0]
        )
    row = template.row

    def choice(program: Program | None) -> Choice | None:
        if program is None:
            return None
        size, reach, points = program.base, row.reach, way.excluded
        for k, form, count in program.uses:
            part = known[k][form]
            size += count * part.size
            reach = min(reach, part.reach)
            points |= part.excluded
        return Choice(size, reach, points, row, way.parts, program, way)

    return tuple(choice(program) for program in template.programs)
