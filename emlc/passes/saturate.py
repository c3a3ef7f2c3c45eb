"""Other ways to write a formula, all at once: the identities of the tables, applied to its e-graph.

    a*b + a*c = a*(b + c)        exp(x)*exp(y) = exp(x + y)        x - y + z = x + z - y

An identity is applied where its conditions are known to hold. Sums and products of a few terms are
brought into every order. Counts bound the work: a formula with many parts keeps the ways found till
then, one with too many the way it is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from emlc.errors import DomainError
from emlc.ir.domain import domain
from emlc.ir.node import Lit, Node, lit, postorder
from emlc.passes.egraph import EGraph
from emlc.passes.match import match, placed
from emlc.passes.ranges import Ranges
from emlc.passes.rewrite import Rewriter
from emlc.passes.simplify import (
    ADD,
    DIV,
    INV,
    MUL,
    NEG,
    ONE,
    POW,
    SQR,
    SQRT,
    SUB,
    build,
    instantiate,
    number_of,
)
from emlc.passes.templates import Template
from emlc.tables.identities import LAWS, PRODUCTS, SUMS
from emlc.tables.primitives import Primitive
from emlc.tables.witnesses import Witness

LARGEST = 300  # parts of a formula; the way it is written is kept beyond
ROUNDS = 4
_MEMBERS = 700
_FOR_EACH = 4
_MOST_TERMS = 5
_MOST_EXPONENT = 12

NORMAL = Witness("a part", body="its normal form", source="meaning")  # proved where it is found
_NONZERO = domain("nonzero")
_VANISHING = (MUL, DIV, NEG, SQR, SQRT, POW)
_SIGNED = (ADD, SUB, MUL, DIV, NEG, INV, SQR, POW)


def saturate(
    root: Node, ranges: Ranges, rewriter: Rewriter | None = None, rounds: int = ROUNDS
) -> EGraph:
    """The e-graph of a formula and what the identities make of it.

    A rewriter adds the normal forms of the parts.

    >>> from emlc.parse import parse
    >>> from emlc.passes.ranges import ranges
    >>> from emlc.show import show
    >>> root = parse("exp(x)*exp(y)").root
    >>> graph = saturate(root, ranges(root))
    >>> sorted(show(n) for n in graph.members(root))[:2]
    ['exp(x + y)', 'exp(x)*exp(y)']
    """
    graph = EGraph(ranges)
    parts = sum(1 for _ in islice(postorder(root), LARGEST + 1))
    if parts > LARGEST:
        return graph
    _narrow(root, ranges)
    graph.add(root)
    for part in postorder(root):
        for other in rewriter.others(part) if rewriter is not None else ():
            graph.merge(part, other, NORMAL)
    graph.rebuild()
    most = _MEMBERS + _FOR_EACH * parts
    orders = _Orders(graph)
    tried: set[tuple[object, ...]] = set()
    for _ in range(rounds):
        before, laws = graph.size, _possible(graph)
        for leader in graph.leaders():
            for n in graph.members(leader):
                _apply(graph, n, laws, tried)
                orders.bring(n)
            if graph.size > most:
                break
        graph.rebuild()
        if graph.size == before or graph.size > most:
            break
    return graph


def knows(graph: EGraph, root: Node, rewriter: Rewriter) -> bool:
    """Whether the normal forms of the parts are no news."""
    pairs = ((part, other) for part in postorder(root) for other in rewriter.others(part))
    return all(graph.add(other) is graph.find(part) for part, other in pairs)


def _narrow(root: Node, ranges: Ranges) -> None:
    """What is not 0 has no factor, base or argument of a root that is 0."""
    for n in reversed(list(postorder(root))):
        if n.head in _VANISHING and ranges.holds(n, _NONZERO):
            if n.head is POW and not ranges.holds(n.args[1], _NONZERO):
                continue  # 0^0 = 1
            for a in n.args[: 1 if n.head is DIV or n.head is POW else 2]:
                ranges.learn(a, _NONZERO)


# -- identities ------------------------------------------------------------------------------------


_WORD = re.compile(r"[a-z]{2,}")
_SIGN = re.compile(r"[-+*/^]")


@lru_cache(maxsize=len(LAWS))
def _template(law: Witness) -> Template:
    return Template(law)


@lru_cache(maxsize=64)
def _laws(names: frozenset[str], signs: bool) -> dict[Primitive, list[Template]]:
    """The identities whose left sides may occur, by their heads; only these are ever read."""
    found: dict[Primitive, list[Template]] = {}
    for law in LAWS:
        if names.issuperset(_WORD.findall(law.computes)) and (
            signs or not _SIGN.search(law.computes)
        ):
            template = _template(law)
            head = template.pattern.head
            assert isinstance(head, Primitive)
            found.setdefault(head, []).append(template)
    return found


def _possible(graph: EGraph) -> dict[Primitive, list[Template]]:
    """The identities that the heads of an e-graph leave possible."""
    rows = {h for n in graph.leaders() for h in graph.heads(n) if isinstance(h, Primitive)}
    return _laws(frozenset(row.name for row in rows), any(row in _SIGNED for row in rows))


def _apply(
    graph: EGraph,
    n: Node,
    laws: dict[Primitive, list[Template]],
    tried: set[tuple[object, ...]],
) -> None:
    """Every identity that an expression is the left side of."""
    if not isinstance(n.head, Primitive):
        return
    heads = [set(graph.heads(a)) for a in n.args]
    for law in laws.get(n.head, ()):
        if not law.may_match(heads):
            continue
        for found in islice(match(law.pattern, n, graph.alike), 4):
            key = (n, law, *found.values())
            if key in tried:
                continue
            tried.add(key)
            if _licensed(graph, law, found):
                assert law.body is not None
                try:
                    graph.merge(n, instantiate(law.body, found), law.row)
                except DomainError:
                    continue


def _licensed(graph: EGraph, law: Template, found: dict[str, Node]) -> bool:
    return all(graph.ranges.holds(placed(part, found), need) for part, need in law.needed)


# -- sums and products in every order -------------------------------------------------------------


class _Group(NamedTuple):
    """Sums or products: the operation, its undoing, the inverse, and the law."""

    plus: Primitive
    minus: Primitive
    negative: Primitive
    law: Witness


_SUM = _Group(ADD, SUB, NEG, SUMS)
_PRODUCT = _Group(MUL, DIV, INV, PRODUCTS)
Items = tuple[tuple[Node, int], ...]  # expressions, each with the sign of its exponent or its own


class _Orders:
    """Brings sums and products into every order, each once."""

    def __init__(self, graph: EGraph) -> None:
        self.graph = graph
        self.done: set[tuple[_Group, frozenset[tuple[tuple[Node, int], int]]]] = set()

    def bring(self, n: Node) -> None:
        """A sum or product of a few terms, in every order."""
        if n.head is ADD or n.head is SUB:
            items = self._terms(n)
            self._close(n, items, _SUM)
        elif n.head is MUL or n.head is DIV or n.head is INV:
            items = self._factors(n)
            self._close(n, items, _PRODUCT)

    def _terms(self, n: Node) -> Items:
        graph, constant = self.graph, Fraction(0)
        terms: dict[Node, Fraction] = {}
        for leader, sign in self._flat(n, _SUM):
            if isinstance(leader.head, Lit):
                constant += sign * leader.head.value
                continue
            base, coefficient = self._scaled(leader)
            terms[base] = terms.get(base, Fraction(0)) + sign * coefficient
        items = [
            (graph.add(build(MUL, lit(abs(c)), base)), 1 if c > 0 else -1)
            for base, c in terms.items()
            if c
        ]
        if constant or not items:
            items.append((graph.add(lit(abs(constant))), 1 if constant >= 0 else -1))
        return tuple(items)

    def _scaled(self, leader: Node) -> tuple[Node, Fraction]:
        """An expression as a number times another."""
        for m in self.graph.alike(leader, MUL):
            for number, other in (m.args, m.args[::-1]):
                if isinstance(number.head, Lit):
                    return other, number.head.value
        for m in self.graph.alike(leader, DIV):
            if isinstance(m.args[1].head, Lit):
                return m.args[0], 1 / m.args[1].head.value
        return leader, Fraction(1)

    def _factors(self, n: Node) -> Items:
        """Factors with exponents, less those that cancel; a negative sign is one of them."""
        graph, coefficient = self.graph, Fraction(1)
        powers: dict[Node, int] = {}
        for leader, e in self._flat(n, _PRODUCT):
            value = number_of(leader)
            if value is not None and abs(e) <= _MOST_EXPONENT and (value or e > 0):
                coefficient *= value**e
                continue
            powers[leader] = powers.get(leader, 0) + e
        items: list[tuple[Node, int]] = []
        for base, e in powers.items():
            if abs(e) == 2 and len(powers) < 4:
                items += [(base, e // 2)] * 2
            elif e:
                items.append((graph.add(build(POW, base, lit(abs(e)))), 1 if e > 0 else -1))
        if coefficient < 0:
            items.append((lit(-1), 1))
        for part, sign in ((abs(coefficient.numerator), 1), (coefficient.denominator, -1)):
            if part != 1:
                items.append((lit(part), sign))
        return tuple((graph.add(t), s) for t, s in items) or ((graph.add(ONE), 1),)

    def _flat(self, n: Node, group: _Group) -> Iterator[tuple[Node, int]]:
        """Terms or factors with their signs or exponents; a class is opened once."""
        stack, opened, most = [(n, 1)], {self.graph.find(n)}, 4 * _MOST_TERMS
        while stack:
            top, e = stack.pop()
            if top.head is group.plus or top.head is group.minus:
                below = [(top.args[1], e if top.head is group.plus else -e), (top.args[0], e)]
            elif top.head is group.negative:
                below = [(top.args[0], -e)]
            elif group is _PRODUCT and top.head is NEG:
                below = [(top.args[0], e), (lit(-1), e)]
            elif group is _PRODUCT and top.head is SQR:
                below = [(top.args[0], 2 * e)]
            else:
                yield top, e
                continue
            for a, sign in below:
                leader = self.graph.find(a)
                inner = None if leader in opened else self._opened(leader, group)
                most -= 1
                if inner is None or most < 0 or abs(sign) > _MOST_EXPONENT:
                    yield leader, sign
                else:
                    opened.add(leader)
                    stack.append((inner, sign))

    def _opened(self, leader: Node, group: _Group) -> Node | None:
        """What a term or factor is itself a sum or product of."""
        heads = [group.plus, group.minus, group.negative]
        if group is _PRODUCT:
            heads += [NEG, SQR]
        for head in heads:
            for m in self.graph.alike(leader, head):
                return m
        return None

    def _close(self, n: Node, items: Items, group: _Group) -> None:
        graph = self.graph
        key = group, frozenset(Counter(items).items())
        if key in self.done:
            return
        self.done.add(key)
        made = _subsets(graph, items, group) if len(items) <= _MOST_TERMS else None
        whole = made or _chain(items, group)
        if whole is not None:
            graph.merge(n, whole, group.law)


def _subsets(graph: EGraph, items: Items, group: _Group) -> Node | None:
    """Every way to split the terms, and their parts again; what they all are, if known."""
    plus: dict[int, Node] = {}
    minus: dict[int, Node] = {}
    full = (1 << len(items)) - 1
    for mask in range(1, full + 1):
        up: list[Node] = []
        down: list[Node] = []
        if mask & (mask - 1) == 0:
            term, sign = items[mask.bit_length() - 1]
            (up if sign > 0 else down).append(term)
        for a, b in _splits(mask):
            up += _joined(graph, group, (plus, minus), a, b)
            down += _joined(graph, group, (minus, plus), a, b)
        for side, found in ((plus, up), (minus, down)):
            if found and (mask != full or side is plus or not up):
                for other in found:
                    graph.merge(found[0], other, group.law)
                side[mask] = graph.find(found[0])
    if full in minus:
        return graph.add(build(group.negative, minus[full]))
    return plus.get(full)


def _splits(mask: int) -> Iterator[tuple[int, int]]:
    """The ways to split a set in two, the lowest element in the first part."""
    low = mask & -mask
    rest = part = mask ^ low
    while part:
        part = (part - 1) & rest
        yield part | low, rest ^ part


def _joined(
    graph: EGraph, group: _Group, sides: tuple[dict[int, Node], dict[int, Node]], a: int, b: int
) -> Iterator[Node]:
    """The sum of two parts, from what is known of them and their opposites."""
    plus, minus = sides
    if a in plus and b in plus:
        yield build(group.plus, plus[a], plus[b])
    for one, other in ((a, b), (b, a)):
        if one in plus and other in minus:
            below = minus[other]
            if group is _SUM or graph.ranges.holds(below, _NONZERO):
                yield build(group.minus, plus[one], below)


def _chain(items: Items, group: _Group) -> Node | None:
    """What is taken off first, then what is added: of many terms, the order that costs least."""
    up = [term for term, sign in items if sign > 0]
    if not up:
        return None
    total = up[0]
    for term in (t for t, sign in items if sign < 0):
        total = build(group.minus, total, term)
    for term in up[1:]:
        total = build(group.plus, total, term)
    return total
