"""Formulas rewritten so that few digits are lost: log1p, hypot, powers by products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from emlc.errors import DomainError, LimitError
from emlc.ir.node import Head, Lit, Node, Var, lit, node, postorder
from emlc.lower.expand import double
from emlc.parse import parse
from emlc.passes.match import COMMUTE, match
from emlc.passes.simplify import HALF, instantiate, simplify
from emlc.tables.careful import FORMS, HELPERS, LARGEST_POWER
from emlc.tables.primitives import BY_NAME

DIV, INV, MUL, NEG = BY_NAME["div"], BY_NAME["inv"], BY_NAME["mul"], BY_NAME["neg"]
POW, SQR = BY_NAME["pow"], BY_NAME["sqr"]


def steady(root: Node) -> Node:
    """The formula over real numbers as a careful person computes it.

    >>> from emlc.show import show
    >>> show(steady(parse("(exp(x) - 1)/sqrt(x^2 + y^2)").root))
    'expm1(x)/hypot(x, y)'
    """
    try:
        clean = simplify(root)
        for n in postorder(clean):
            if isinstance(n.head, Lit):
                double(n.head.value)
    except (DomainError, LimitError):
        clean = root
    done: dict[Node, Node] = {}
    for n in postorder(clean):
        made = node(n.head, *(done[a] for a in n.args)) if n.args else n
        done[n] = _under(n, done) or _rewritten(made)
    return done[clean]


def _under(n: Node, done: dict[Node, Node]) -> Node | None:
    """A number over a power, as a product with the power that another part may have too."""
    if n.head is INV:
        number, below = None, n.args[0]
    elif n.head is DIV and isinstance(n.args[0].head, Lit):
        number, below = n.args
    else:
        return None
    exponent = _exponent(below)
    if exponent is None or not 2 <= exponent <= LARGEST_POWER:
        return None
    made = _whole(done[below.args[0]], -exponent)
    return node(MUL, number, made) if number is not None else made


def _exponent(n: Node) -> int | None:
    """The whole number that the node is a power by."""
    if n.head is SQR:
        return 2
    if n.head is not POW or not isinstance(n.args[1].head, Lit):
        return None
    value = n.args[1].head.value
    return int(value) if value.denominator == 1 else None


def _rewritten(n: Node) -> Node:
    """The node with forms applied at its top until none fits."""
    for _ in range(8):
        made = _power(n) or _over_gap(n) or _formed(n)
        if made is None:
            return n
        n = made
    return n


@dataclass(frozen=True, slots=True)
class _Form:
    """A pattern, the heads of its operands (None for any), and the formula to put in its place."""

    pattern: Node
    heads: tuple[Head | None, ...]
    made: Node


@lru_cache(maxsize=1)
def _forms() -> dict[Head, list[_Form]]:
    found: dict[Head, list[_Form]] = {}
    for left, *right in FORMS:
        pattern = simplify(parse(left, "infix").root)
        parts = [parse(text, "infix").root for text in right[1:]]
        if len(right) == 1:
            made = parse(right[0], "infix").root
        else:
            made = node(HELPERS[right[0].split()[-1]], *parts)
            made = node(NEG, made) if right[0].startswith("minus") else made
        heads = tuple(None if isinstance(a.head, Var) else a.head for a in pattern.args)
        found.setdefault(pattern.head, []).append(_Form(pattern, heads, made))
    return found


def _formed(n: Node) -> Node | None:
    here = tuple(a.head for a in n.args)
    for form in _forms().get(n.head, ()):
        if not _may_fit(form, here):
            continue
        for values in match(form.pattern, n):
            return instantiate(form.made, values)
    return None


def _may_fit(form: _Form, here: tuple[Head, ...]) -> bool:
    def fits(heads: tuple[Head, ...]) -> bool:
        return all(w is None or w == h for w, h in zip(form.heads, heads, strict=True))

    return fits(here) or (form.pattern.head in COMMUTE and fits(here[::-1]))


def _over_gap(n: Node) -> Node | None:
    """A root's gap divided by something: one division in place of two."""
    if n.head is not DIV:
        return None
    if n.args[0].head is HELPERS["gap"]:
        return node(HELPERS["gap_over"], *n.args[0].args, n.args[1])
    minus = n.args[0].head is NEG and n.args[0].args[0].head is HELPERS["gap"]
    if not minus:
        return None
    return node(NEG, node(HELPERS["gap_over"], *n.args[0].args[0].args, n.args[1]))


def _power(n: Node) -> Node | None:
    """x^n for a small whole n by products that several powers can share."""
    if n.head is not POW:
        return None
    if n.args[1] is HALF:
        return node(BY_NAME["sqrt"], n.args[0])
    exponent = _exponent(n)
    if exponent is None:
        return _fractional(n)
    if not 1 <= abs(exponent) <= LARGEST_POWER:
        return None
    return _whole(n.args[0], exponent)


def _fractional(n: Node) -> Node | None:
    """x^c for a number c that is no double."""
    x, y = n.args
    if not isinstance(y.head, Lit) or y.head.value.denominator == 1:
        return None
    if y.head.value == Fraction(1, 3):
        return node(BY_NAME["cbrt"], x)
    near = Fraction(double(y.head.value))
    rest = y.head.value - near
    if abs(rest) < 1e-200:
        return None
    return node(HELPERS["fractional"], x, lit(near), lit(rest))


def _whole(x: Node, n: int) -> Node:
    """x^n; a high power as the square of one that the formula is likely to have too."""
    if n < 0:
        if n % 4 == 0 and n <= -8:
            return node(SQR, _whole(x, n // 2))
        return node(INV, _whole(x, -n))
    if n in (1, 2):
        return node(SQR, x) if n == 2 else x
    if n in (3, 9):
        return node(HELPERS["cube"], _whole(x, n // 3))
    name = f"power{n}"
    if name in HELPERS:
        return node(HELPERS[name], x)
    return node(MUL, _whole(x, n - 1), x) if n % 2 else node(SQR, _whole(x, n // 2))


def gathered(roots: Sequence[Node], fixed: Mapping[Node, float]) -> list[Node]:
    """The formulas with numbers that multiply one after the other made one number.

    fixed   the parts without variables, with their values
    """
    done: dict[Node, Node] = {}
    for n in postorder(*roots):
        made = node(n.head, *(done[a] for a in n.args)) if n.args else n
        done[n] = made if n in fixed else _joined(made, fixed)
    return [done[root] for root in roots]


def _joined(n: Node, fixed: Mapping[Node, float]) -> Node:
    """c(dx), c(x/d), (cx)/d, (x/c)/d and c/(dx) with one number."""

    def plain(part: Node) -> bool:
        return 1e-30 < abs(fixed.get(part, 0.0)) < 1e30

    def scaled(part: Node) -> tuple[Node, Node, bool] | None:
        """Number, other operand, and whether the number divides."""
        if part.head is MUL:
            a, b = part.args if plain(part.args[0]) else part.args[::-1]
            return (a, b, False) if plain(a) and b not in fixed else None
        if part.head is DIV and plain(part.args[1]):
            return part.args[1], part.args[0], True
        return None

    if n.head is DIV and plain(n.args[1]) and n.args[1].args and n.args[0] not in fixed:
        # no quotient of doubles is meant: the divisor is rounded anyway
        return node(MUL, node(INV, n.args[1]), n.args[0])
    if n.head is DIV and plain(n.args[0]):
        inner = scaled(n.args[1])
        if inner and not inner[2]:
            return node(DIV, node(DIV, n.args[0], inner[0]), inner[1])
        return n
    outer = scaled(n)
    inner = scaled(outer[1]) if outer else None
    if outer is None or inner is None:
        return n
    c, d, x = outer[0], inner[0], inner[1]
    if outer[2] == inner[2]:
        return node(DIV, x, node(MUL, c, d)) if outer[2] else node(MUL, node(MUL, c, d), x)
    over, under = (d, c) if outer[2] else (c, d)
    return node(DIV, x, node(DIV, under, over))
