"""The value of a formula at an exact point, by mpmath: it shares nothing with trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from emlc.ir.node import Lit, Node, Var, fold, node, substitute
from emlc.passes.ranges import raw_formula
from emlc.tables.primitives import Primitive

_MAX_MAG = 100  # bits of an argument; beyond it mpmath may not come back

Point = Mapping[str, tuple[Fraction, Fraction]]


def grounded(root: Node) -> Node:
    """The formula over ground rows only: every defined row replaced by its meaning."""

    def expand(n: Node, args: list[Node]) -> Node:
        head = n.head
        if not isinstance(head, Primitive) or not head.meaning:
            return node(head, *args)
        values = dict(zip(head.params, args, strict=True))
        return substitute(_ground_meaning(head), values)

    return fold(root, expand)


@lru_cache(maxsize=256)
def _ground_meaning(row: Primitive) -> Node:
    return grounded(raw_formula(row.meaning))


class Reference:
    """A formula ready to be evaluated at many points.

    >>> from emlc.parse import parse
    >>> complex(Reference(parse("sqrt(x)").root).at({"x": (Fraction(-4), Fraction(0))}, 20))
    2j
    """

    def __init__(self, root: Node) -> None:
        self.root = grounded(root)

    def at(self, point: Point, digits: int = 30) -> Any:
        """The principal value as mpmath mpc, or None where the formula is undefined."""
        import mpmath

        with mpmath.workdps(digits + _spread(point)):
            values = {name: _number(mpmath, *v) for name, v in point.items()}
            try:
                result = fold(self.root, lambda n, args: _apply(mpmath, values, n, args))
            except (ZeroDivisionError, ValueError, OverflowError, NotImplementedError):
                return None
            z = mpmath.mpmathify(result)
            if mpmath.isnan(z) or mpmath.isinf(z):
                return None
            return mpmath.mpc(z)


def _spread(point: Point) -> int:
    """Digits that keep the point's smallest part apart from the rounding of its largest.

    >>> _spread({"z": (Fraction(-2), Fraction(1, 10**40))}) > 50
    True
    """
    parts = [x for value in point.values() for x in value if x]
    sizes = [x.numerator.bit_length() - x.denominator.bit_length() for x in parts]
    return (max(sizes) - min(sizes)) * 2 // 5 if sizes else 0


def _number(mp: Any, re: Fraction, im: Fraction) -> Any:
    real = mp.mpf(re.numerator) / re.denominator
    return mp.mpc(real, mp.mpf(im.numerator) / im.denominator) if im else real


def _apply(mp: Any, values: Mapping[str, Any], n: Node, args: list[Any]) -> Any:
    head = n.head
    if isinstance(head, Var):
        return values[head.name]
    if isinstance(head, Lit):
        return _number(mp, head.value, Fraction(0))
    assert isinstance(head, Primitive)
    made = _BASIC.get(head.sympy)
    if made is not None:
        return made(mp, *args)
    args = [_settled(mp, a) for a in args]
    if any(mp.isfinite(a) and a and mp.mag(a) > _MAX_MAG for a in args):
        raise OverflowError
    return getattr(mp, head.sympy)(*args)


_BASIC: dict[str, Callable[..., Any]] = {
    "E": lambda mp: +mp.e,
    "pi": lambda mp: +mp.pi,
    "I": lambda mp: mp.mpc(0, 1),
    "Add": lambda mp, x, y: x + y,
    "Mul": lambda mp, x, y: x * y,
    "Pow": lambda mp, x, y: _power(mp, x, y),
}


def _settled(mp: Any, z: Any) -> Any:
    """The number without a part that is 0 but for rounding; see `_spread`.

    With it, chance would choose the side of a cut: exp(-i*pi) is -1, and its logarithm i*pi.
    """
    if not z.imag:
        return z
    slack = mp.eps**0.75
    if abs(z.imag) <= slack * abs(z.real):
        return z.real
    return mp.mpc(0, z.imag) if abs(z.real) <= slack * abs(z.imag) else z


def _power(mp: Any, x: Any, y: Any) -> Any:
    x = _settled(mp, x)
    if not y:
        return mp.mpf(1)
    if not x:
        if mp.re(y) > 0:
            return mp.mpf(0)
        raise ZeroDivisionError
    if mp.mag(y) + mp.mag(mp.log(x) or 1) > _MAX_MAG:
        raise OverflowError
    return mp.power(x, y)
