"""A real formula in the forms that keep their digits in floating point."""

from __future__ import annotations

from functools import cache

from emlc.ir.node import Node, fold
from emlc.passes.match import match
from emlc.passes.ranges import formula
from emlc.passes.simplify import build, instantiate
from emlc.tables.primitives import Primitive
from emlc.tables.stable import STABLE


def stabilize(root: Node) -> Node:
    """The simplified formula, of real parts only, with ln(1+x) as log1p(x) and the like.

    >>> from emlc.parse import parse
    >>> from emlc.passes.simplify import simplify
    >>> from emlc.show import show
    >>> show(stabilize(simplify(parse("ln(1 + x) + sqrt(x^2 + y^2)").root)))
    'log1p(x) + hypot(x, y)'
    """

    def rebuild(n: Node, args: list[Node]) -> Node:
        made = build(n.head, *args)
        for pattern, body in _rows().get(made.head, ()):
            for values in match(pattern, made):
                return instantiate(body, values)
        return made

    return fold(root, rebuild)


@cache
def _rows() -> dict[object, list[tuple[Node, Node]]]:
    """The rows by the head of their pattern."""
    found: dict[object, list[tuple[Node, Node]]] = {}
    for pattern, body in STABLE:
        left = formula(pattern)
        assert isinstance(left.head, Primitive)
        found.setdefault(left.head, []).append((left, formula(body)))
    return found
