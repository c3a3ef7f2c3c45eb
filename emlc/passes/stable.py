"""A real formula in the forms that keep their digits in floating point."""

from __future__ import annotations

from functools import cache

from emlc.ir.node import Node, fold
from emlc.passes.match import match
from emlc.passes.ranges import formula
from emlc.passes.simplify import build, instantiate
from emlc.tables.careful import EXPORTED, INVERSES, TAILS
from emlc.tables.primitives import Primitive


def stabilize(root: Node, *, doubles: bool = True) -> Node:
    """The simplified formula, of real parts only, with ln(1+x) as log1p(x) and the like.

    doubles   whether what has no real value is nan, and not a complex number

    >>> from emlc.parse import parse
    >>> from emlc.passes.simplify import simplify
    >>> from emlc.show import show
    >>> show(stabilize(simplify(parse("ln(1 + x) + sqrt(x^2 + y^2)").root)))
    'log1p(x) + hypot(x, y)'
    """

    def rebuild(n: Node, args: list[Node]) -> Node:
        made: Node | None = build(n.head, *args)
        while made is not None:
            n, made = made, _rewritten(made, doubles)
        return n

    return fold(root, rebuild)


def _rewritten(n: Node, doubles: bool) -> Node | None:
    """The node by the first row that fits, None where none does."""
    for pattern, body in _rows(doubles).get(n.head, ()):
        for values in match(pattern, n):
            return instantiate(body, values)
    return None


@cache
def _rows(doubles: bool) -> dict[object, list[tuple[Node, Node]]]:
    """The rows by the head of their pattern."""
    found: dict[object, list[tuple[Node, Node]]] = {}
    for pattern, body in (*EXPORTED, *((*TAILS, *INVERSES) if doubles else ())):
        left = formula(pattern)
        assert isinstance(left.head, Primitive)
        found.setdefault(left.head, []).append((left, formula(body)))
    return found
