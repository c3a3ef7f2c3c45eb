"""A formula over the functions that a target language has."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from emlc.errors import LimitError, TreeError
from emlc.ir.node import Lit, Node, Param, fold, lit, node, postorder, substitute
from emlc.parse import meaning, parse
from emlc.tables.plane import MEANINGS
from emlc.tables.primitives import BY_NAME, Primitive

MAX_POWER = 16
ADD, MUL, INV, POW = BY_NAME["add"], BY_NAME["mul"], BY_NAME["inv"], BY_NAME["pow"]


def expand(root: Node, spelled: Callable[[Primitive], bool], *, plane: bool) -> Node:
    """The formula with rows that are not spelled replaced by their meaning.

    Small whole powers become products. Off the plane, a function of real arguments that is defined
    where its meaning has a pole becomes nan there: 0 times the pole's reciprocal is added.
    """
    bodies: dict[Primitive, Node] = {}

    def rebuild(n: Node, args: list[Node]) -> Node:
        head = n.head
        if isinstance(head, Param):
            raise TreeError(f"the parameter {head.name} has no value")
        if not isinstance(head, Primitive):
            return n
        product = _product(head, args)
        if product is not None:
            return product
        if spelled(head) and not (plane and head.real_only):
            return _off_poles(head, args) if head.real_only else node(head, *args)
        if head not in bodies:
            bodies[head] = expand(_meaning(head, plane), spelled, plane=plane)
        return substitute(bodies[head], dict(zip(head.params, args, strict=True)))

    def _off_poles(head: Primitive, args: list[Node]) -> Node:
        made = node(head, *args)
        if not isinstance(head.poles, str) or not head.poles:
            return made
        pole = expand(parse(head.poles, "infix").root, spelled, plane=plane)
        pole = substitute(pole, dict(zip(head.params, args, strict=True)))
        return node(ADD, made, node(MUL, lit(0), node(INV, pole)))

    return fold(root, rebuild)


def _meaning(row: Primitive, plane: bool) -> Node:
    other = MEANINGS.get(row.name) if plane else None
    return parse(other, "infix").root if other else meaning(row)


def imaginary(root: Node) -> bool:
    """Whether the formula names the imaginary unit."""
    return any(
        isinstance(n.head, Primitive) and n.head.plane == "imaginary unit" for n in postorder(root)
    )


def _product(head: Primitive, args: list[Node]) -> Node | None:
    """x^n for a small whole number n as products, by squaring."""
    if head is not POW or not isinstance(args[1].head, Lit):
        return None
    value = args[1].head.value
    if value.denominator != 1 or not 1 <= abs(value) <= MAX_POWER:
        return None
    made: Node | None = None
    square, left = args[0], abs(value.numerator)
    while left:
        if left & 1:
            made = square if made is None else node(MUL, made, square)
        left >>= 1
        if left:
            square = node(MUL, square, square)
    assert made is not None
    return node(INV, made) if value < 0 else made


def double(value: Fraction) -> float:
    """The number as the nearest double; LimitError where it has none of full precision.

    >>> double(Fraction(1, 10))
    0.1
    """
    try:
        near = float(value)
    except OverflowError:
        near = 0.0
    if value and abs(near) < 2.3e-308:
        raise LimitError(
            "a number of the formula is outside the range of doubles, 2.3e-308 to 1.8e308",
            hint="the evaluators faithful and balls take it exactly",
        )
    return near
