"""A formula as a textbook writes it: powers collected, like terms added, factors in order.

Powers of one base are added up, which may cancel a factor: x/x is 1 here. So this is for formulas
that are known to be continuous where such a factor vanishes, as derivatives are.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from emlc.ir.node import Node, fold, lit, node
from emlc.passes.simplify import (
    ADD,
    DIV,
    EXP,
    INV,
    MUL,
    NEG,
    ONE,
    POW,
    SQR,
    SQRT,
    SUB,
    ZERO,
    E,
    build,
    number_of,
)
from emlc.tables.primitives import BY_NAME, Primitive

ABS, HYPOT = BY_NAME["abs"], BY_NAME["hypot"]
_MOST_FACTORS = 16
_MOST_TERMS = 32
_MOST_BITS = 512


class Product(NamedTuple):
    """coefficient times every base to its exponent."""

    coefficient: Fraction
    powers: dict[Node, Fraction]


def tidy(root: Node) -> Node:
    """The formula with powers and like terms collected, in the usual order.

    >>> from emlc.parse import parse
    >>> from emlc.show import show
    >>> show(tidy(parse("x*cos(x)*x^2/2*sqrt(x) + 3*y - y").root))
    'x^(7/2)*cos(x)/2 + 2*y'
    """
    return as_written(fold(root, _tidied))


def as_written(root: Node) -> Node:
    """The formula with x^2, 1/x, y/x and -x*y for what `simplify` makes of them."""
    return fold(root, _as_written)


def factors(n: Node) -> Product | None:
    """The expression as a product of powers, None where it has too many factors."""
    made = Product(Fraction(1), {})
    coefficient, powers = made
    stack = [(n, 1)]
    while stack:
        top, e = stack.pop()
        head = top.head
        if len(powers) + len(stack) > _MOST_FACTORS or abs(e) > _MOST_BITS:
            return None
        value = number_of(top)
        if value is not None and (value or e > 0) and abs(e) * _bits(value) <= _MOST_BITS:
            coefficient *= value**e
        elif head is NEG:
            coefficient *= -1 if e % 2 else 1
            stack.append((top.args[0], e))
        elif head is MUL or head is DIV:
            stack += [(top.args[1], e if head is MUL else -e), (top.args[0], e)]
        elif head is INV or head is SQR:
            stack.append((top.args[0], -e if head is INV else 2 * e))
        else:
            base, exponent = _power_of(top)
            if exponent.denominator == 1 and base is not top:
                stack.append((base, e * int(exponent)))
            else:
                powers[base] = powers.get(base, Fraction(0)) + e * exponent
    return _settled(coefficient, powers)


def product(made: Product) -> Node:
    """The expression of a product: -3*x*sin(x)/(2*y)."""
    coefficient, powers = made
    if not coefficient:
        return ZERO
    size = abs(coefficient)
    over = [_power(b, e) for b, e in sorted(powers.items(), key=_rank) if e > 0]
    under = [_power(b, -e) for b, e in sorted(powers.items(), key=_rank) if e < 0]
    if under or size.numerator == 1:
        over.insert(0, lit(size.numerator))
        under.insert(0, lit(size.denominator))
    else:
        over.insert(0, lit(size))
    result = _multiplied(over)
    if under:
        result = build(DIV, result, _multiplied(under))
    return build(NEG, result) if coefficient < 0 else result


def merged(a: Product, b: Product) -> Product:
    """The product of two products."""
    powers = dict(a.powers)
    for base, e in b.powers.items():
        powers[base] = powers.get(base, Fraction(0)) + e
    return _settled(a.coefficient * b.coefficient, powers)


def cancels(a: Product, b: Product, both: Product) -> bool:
    """Whether a factor of one divides the other, or both have numbers; `both` is their product."""
    if abs(a.coefficient) != 1 and abs(b.coefficient) != 1:
        return True
    size = sum(abs(e) for made in (a, b) for e in made.powers.values())
    return sum(abs(e) for e in both.powers.values()) < size


def _settled(coefficient: Fraction, powers: dict[Node, Fraction]) -> Product:
    """The product without powers that are 1, are numbers, or are even powers of a root."""
    for base in [b for b in powers if b.head is ABS or b.head is HYPOT]:
        _unrooted(base, powers)
    for base, e in list(powers.items()):
        value = number_of(base)
        if value and e.denominator == 1 and abs(e) * _bits(value) <= _MOST_BITS:
            coefficient *= value ** int(e)
            del powers[base]
        elif not e:
            del powers[base]
    return Product(coefficient, powers)


def _unrooted(base: Node, powers: dict[Node, Fraction]) -> None:
    """Even powers of abs(u) and u are the same, and so are hypot(u, v)^2 and u^2 + v^2."""
    e = powers[base]
    if e.denominator != 1:
        return
    if base.head is HYPOT:
        even = Fraction(2 * int(e / 2))
        square = build(ADD, *(build(SQR, a) for a in base.args)) if even else base
        powers[base] -= even
        powers[square] = powers.get(square, Fraction(0)) + even / 2
        return
    inside = base.args[0]
    other = powers.get(inside, Fraction(0))
    if other.denominator != 1:
        return
    if e % 2 == 0:
        kept = e + other
    else:
        kept = Fraction(0) if other % 2 == 0 else Fraction(1 if e + other >= 0 else -1)
    powers[inside], powers[base] = kept, e + other - kept


def _power_of(n: Node) -> tuple[Node, Fraction]:
    if n.head is SQRT:
        return n.args[0], Fraction(1, 2)
    exponent = number_of(n.args[1]) if n.head is POW else None
    return (n, Fraction(1)) if exponent is None else (n.args[0], exponent)


def _power(base: Node, e: Fraction) -> Node:
    return build(POW, base, lit(e))


def _multiplied(parts: list[Node]) -> Node:
    result = parts[0]
    for part in parts[1:]:
        result = build(MUL, result, part)
    return result


def _rank(item: tuple[Node, Fraction]) -> int:
    """Constants first, then variables, then the rest in the order met."""
    base = item[0]
    return 0 if not base.args and isinstance(base.head, Primitive) else 2 if base.args else 1


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


# -- the pass --------------------------------------------------------------------------------------


def _tidied(n: Node, args: list[Node]) -> Node:
    made = build(n.head, *args)
    rule = _RULES.get(made.head) if isinstance(made.head, Primitive) else None
    return rule(made) if rule else made


def _product(n: Node) -> Node:
    found = factors(n)
    return n if found is None else product(found)


def _sum(n: Node) -> Node:
    """The sum with like terms added, a positive term in front."""
    terms = _terms(n)
    if terms is None:
        return n
    found: dict[frozenset[tuple[Node, Fraction]], Product] = {}
    for term, sign in terms:
        c, powers = factors(term) or Product(Fraction(1), {term: Fraction(1)})
        old = found.setdefault(frozenset(powers.items()), Product(Fraction(0), powers))
        found[frozenset(powers.items())] = Product(old.coefficient + sign * c, old.powers)
    kept = [made for made in found.values() if made.coefficient]
    first = next((made for made in kept if made.coefficient > 0), None)
    total = ZERO if first is None else product(first)
    for c, powers in kept:
        if powers is not (first and first.powers):
            term = product(Product(abs(c), powers))
            total = build(ADD if c > 0 else SUB, total, term)
    return total


def _terms(n: Node) -> list[tuple[Node, int]] | None:
    """The terms with their signs, None where they are too many."""
    out: list[tuple[Node, int]] = []
    stack = [(n, 1)]
    while stack:
        top, sign = stack.pop()
        if len(out) + len(stack) > _MOST_TERMS:
            return None
        if top.head is ADD or top.head is SUB:
            stack += [(top.args[1], sign if top.head is ADD else -sign), (top.args[0], sign)]
        elif top.head is NEG:
            stack.append((top.args[0], -sign))
        else:
            out.append((top, sign))
    return out


def _as_written(n: Node, args: list[Node]) -> Node:
    if n.head is SQR:
        return node(POW, args[0], lit(2))
    if n.head is NEG:
        return _signed(args[0])
    if n.head is EXP and args[0] is ONE:
        return node(E)
    if n.head is INV:
        return node(DIV, ONE, args[0])
    if n.head is MUL:
        for one, other in (args, args[::-1]):
            if one.head is DIV and one.args[0] is ONE:
                return node(DIV, other, one.args[1])
    return node(n.head, *args)


def _signed(n: Node) -> Node:
    """The negative of a product, with the sign on its first factor: -x*y, not -(x*y)."""
    spine: list[Node] = []
    while (n.head is MUL or n.head is DIV) and len(spine) < _MOST_FACTORS:
        spine.append(n)
        n = n.args[0]
    value = number_of(n)
    made = node(NEG, n) if value is None else lit(-value)
    for above in reversed(spine):
        made = node(above.head, made, above.args[1])
    return made


_RULES: dict[object, Callable[[Node], Node]] = {
    ADD: _sum, SUB: _sum, MUL: _product, DIV: _product, NEG: _product, INV: _product,
    SQR: _product, POW: _product,
}  # fmt: skip
