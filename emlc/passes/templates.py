"""Rows ready for use: patterns, conditions, and trees as programs over the parts' forms.

A part p stands in a tree in one of four forms, and a tree is made in one of them:

    VALUE      p
    LOGARITHM  any u with exp(u) = p
    REST       any v with exp(v) = exp(e)/p, such as e - ln p
    OPPOSITE   any w with exp(w) = exp(e - p), such as e - p

A logarithm is 6 nodes more than the value at most, and 2 less where the tree is an exponential:
that is what cancels between a product and the sum, product or power that it is part of. Products
of several factors grow by their rests, sums of several terms by their opposites.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from emlc.ir.domain import domain
from emlc.ir.node import ONE, Head, Node, Var, from_tokens, postorder, var
from emlc.passes.match import COMMUTE
from emlc.passes.ranges import conditions, formula, raw_formula
from emlc.tables.primitives import BY_NAME, EML, Primitive
from emlc.tables.witnesses import BODIES, TREES, Witness

VALUE, LOGARITHM, REST, OPPOSITE = range(4)
_MARKS = ("=", "~", "^", "-")


class Program(NamedTuple):
    """A tree in RPN; a token is the number of a parameter with the mark of its form.

    base   nodes that are no parts
    uses   (number of the parameter, its form, how often)
    """

    tokens: tuple[str, ...]
    base: int
    uses: tuple[tuple[int, int, int], ...]

    def build(self, parts: Iterable[tuple[int, int, Node]]) -> Node:
        """The tree with pure trees in place of the parameters' forms."""
        return from_tokens(self.tokens, {token(k, form): tree for k, form, tree in parts})


def token(k: int, form: int) -> str:
    """The token of a part in a form."""
    return f"{k}{_MARKS[form]}"


def _program(tree: Node, params: Sequence[str], free: bool) -> Program:
    """A tree whose left operands, and the whole where it is free, may change by 2 pi i.

    Only the exponential of a left operand counts. ln p - ln y is free where its left operand is a
    logarithm of p = e - ln x, which then is free as well.
    """
    leaves = {var(p): k for k, p in enumerate(params)}
    uses: dict[tuple[int, int], int] = {}
    out: list[str] = []
    stack: list[tuple[Node | str, bool]] = [(tree, free)]
    while stack:
        top, free = stack.pop()
        if isinstance(top, str):
            out.append(top)
            continue
        leaf, form = _leaf(top, free)
        if leaf is ONE:
            out.append("1")
        elif leaf in leaves:
            key = leaves[leaf], form
            uses[key] = uses.get(key, 0) + 1
            out.append(token(*key))
        else:
            a, b = top.args
            out.append("E")
            inner = _logarithm_of(a) if free else None
            left: list[tuple[Node | str, bool]] = [(a, True)]
            if inner is not None and not isinstance(inner.head, Var):
                left = [("1", True), ("1", True), (inner, True), *((t, True) for t in "E1EE")]
            stack += [*left, (b, False)]
    counted = tuple((k, form, n) for (k, form), n in uses.items())
    return Program(tuple(reversed(out)), len(out) - sum(uses.values()), counted)


def _leaf(tree: Node, free: bool) -> tuple[Node, int]:
    """The part whose form a tree is; a tree that is none stands for itself."""
    inner = _logarithm_of(tree) if free else None
    if inner is not None and isinstance(inner.head, Var):
        return inner, LOGARITHM
    if free and tree.head is EML and tree.args[0] is ONE:
        below = tree.args[1]
        if isinstance(below.head, Var):
            return below, REST
        inner = _exponent(below)
        if inner is not None and isinstance(inner.head, Var):
            return inner, OPPOSITE
    return tree, VALUE


def _exponent(tree: Node) -> Node | None:
    """u where the tree is exp(u)."""
    return tree.args[0] if tree.head is EML and tree.args[1] is ONE else None


def _logarithm_of(tree: Node) -> Node | None:
    """p where the tree is eml(1, exp(eml(1, p))), a logarithm of p."""
    inner = _exponent(tree.args[1]) if tree.head is EML and tree.args[0] is ONE else None
    return inner.args[1] if inner and inner.head is EML and inner.args[0] is ONE else None


def programs(tree: Node, params: Sequence[str]) -> tuple[Program | None, ...]:
    """The programs of a tree for its value, and for what is inside where it is an exponential."""
    made: list[Program | None] = [_program(tree, params, False), None, None, None]
    if tree.head is EML and tree.args[0] is ONE:
        w = _exponent(tree.args[1])
        made[OPPOSITE] = None if w is None else _program(w, params, True)
    u = _exponent(tree)
    if u is not None:
        made[LOGARITHM] = _program(u, params, True)
        v = _exponent(u.args[1]) if u.head is EML and u.args[0] is ONE else None
        if v is not None:
            made[REST] = _program(v, params, True)
    return tuple(made)


class Template:
    """A row ready for use: its pattern, its domain, and its tree as programs."""

    __slots__ = (
        "body", "dominated", "given", "heads", "needed", "off", "params", "pattern", "programs",
        "raw", "row", "symmetric",
    )  # fmt: skip

    def __init__(self, row: Witness) -> None:
        self.row = row
        self.pattern = formula(row.computes)
        heads = [None if isinstance(a.head, Var) else a.head for a in self.pattern.args]
        self.heads = heads if any(heads) else []
        self.params = tuple(_letters(self.pattern))
        self.needed = [(formula(left), domain(right)) for left, right in conditions(row.where)]
        self.off = [
            (formula(left), [Fraction(v) for v in right.split(",")])
            for left, right in conditions(row.off)
        ]
        self.given = [(formula(left), domain(right)) for left, right in conditions(row.given)]
        self.body = formula(row.body) if row.body else None
        self.raw = self.body is self.pattern
        if self.raw:
            self.body = raw_formula(row.body)
        self.programs = programs(from_tokens(row.tree), self.params) if row.tree else (None,) * 4
        self.dominated = False
        self.symmetric = (
            self.pattern.head in COMMUTE
            and all(isinstance(a.head, Var) for a in self.pattern.args)
            and len({frozenset(u[1:] for u in self._uses() if u[0] == k) for k in (0, 1)}) == 1
            and len({d for _, d in self.needed}) == 1
            and not row.body
        )

    def _uses(self) -> list[tuple[int, int, int]]:
        return [u for made in self.programs if made is not None for u in made.uses]

    def dominates(self, other: Template) -> bool:
        """Whether this row is as good wherever the other may be used, infinities aside."""
        mine, theirs = self.row, other.row
        if mine.computes != theirs.computes or mine.where != theirs.where or mine.off:
            return False
        if not (mine.tree and theirs.tree) or mine.reach < theirs.reach:
            return False
        pairs = list(zip(self.programs, other.programs, strict=True))
        if any(a and b and a.base >= b.base for a, b in pairs):
            return False
        return all(b is None or (a is not None and a.uses == b.uses) for a, b in pairs)

    def may_match(self, heads: Sequence[Collection[Head]]) -> bool:
        """A quick look at the heads of the arguments; False only where `match` finds nothing."""
        return all(h is None or any(h in some for some in heads) for h in self.heads)

    def build(self, parts: Sequence[Node]) -> Node:
        """The tree with pure trees in place of the parameters."""
        return from_tokens(self.row.tree, dict(zip(self.params, parts, strict=True)))


def _letters(pattern: Node) -> list[str]:
    names = [n.head.name for n in postorder(pattern) if isinstance(n.head, Var)]
    return sorted(names)


def _meaning(row: Primitive) -> Witness:
    """A defined row's meaning, as a body."""
    call = f"{row.name}({','.join(row.params)})" if row.params else row.name
    return Witness(call, body=row.meaning, source="meaning")


@cache
def rows_for(name: str) -> list[Template]:
    """The rows for a head (a primitive's name, or "number"), prepared on first use."""
    rows = [*TREES.get(name, ()), *BODIES.get(name, ())]
    head = BY_NAME.get(name)
    if head is not None and head.meaning and head is not EML:
        rows.append(_meaning(head))
    made = [Template(row) for row in rows]
    kept = [t for t in made if not (t.raw and t.row.source == "meaning")]
    for t in kept:
        t.dominated = any(other.dominates(t) for other in kept)
    return kept


_alike: dict[tuple[str, tuple[tuple[Head, ...], ...]], list[Template]] = {}


@cache
def _mentioned(name: str) -> set[Head]:
    """The heads that the arguments of a head's rows may have, where they are not variables."""
    return {h for t in rows_for(name) for h in t.heads if h is not None}


def rows_like(n: Node, heads: Callable[[Node], Iterable[Head]]) -> list[Template]:
    """The rows that may match an expression, by the heads that each argument may have."""
    name = n.head.name if isinstance(n.head, Primitive) else "number"
    named = _mentioned(name)
    below = tuple(tuple([h for h in heads(a) if h in named]) for a in n.args)
    key = (name, below)
    found = _alike.get(key)
    if found is None:
        found = _alike[key] = [t for t in rows_for(name) if t.may_match(below)]
    return found
