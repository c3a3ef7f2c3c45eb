"""A formula in sympy, built call by call: no text is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emlc.check.reference import grounded
from emlc.ir.node import Lit, Node, Var, fold
from emlc.tables.primitives import Primitive

if TYPE_CHECKING:
    import sympy as sympy_types


def to_sympy(root: Node) -> sympy_types.Expr:
    """The expression with plain symbols for its variables.

    >>> from emlc.parse import parse
    >>> to_sympy(parse("x^2 + sin(y)/2").root)
    x**2 + sin(y)/2
    """
    import sympy

    def build(n: Node, args: list[Any]) -> Any:
        head = n.head
        if isinstance(head, Var):
            return sympy.Symbol(head.name)
        if isinstance(head, Lit):
            return sympy.Rational(head.value.numerator, head.value.denominator)
        assert isinstance(head, Primitive)
        made = getattr(sympy, head.sympy)
        return made(*args) if args else made

    return fold(grounded(root), build)
