"""The blocks of a pure tree: subtrees that a row of the tables makes, with what they compute.

A block is named only where its row is known to be right on the values that reach it, so a picture
never calls something ln that is its conjugate on the cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from emlc.errors import DomainError
from emlc.ir.domain import Domain, domain
from emlc.ir.node import ONE, Lit, Node, Var, node, postorder, substitute, var, weight
from emlc.ir.tape import NONE, Tape, subtrees
from emlc.passes.compile import Compiler
from emlc.passes.egraph import EGraph
from emlc.passes.ranges import Ranges, conditions, formula
from emlc.passes.simplify import instantiate, simplify
from emlc.passes.tidy import as_written
from emlc.show import show
from emlc.tables.primitives import EML, Primitive
from emlc.tables.witnesses import TREES

LIMIT = 20_000
PARTS = 200
_PARAMETER = re.compile(r"\b[a-z]\b")
_LEAF, _NAME, _EML = "1", "x", "E"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row of the tables that holds a tree, ready to be recognised.

    covers   eml nodes of its tree; `label` names it, with _ for each argument that a word needs
    """

    pattern: Node
    tree: Node
    params: tuple[str, ...]
    needed: tuple[tuple[Node, Domain], ...]
    off: tuple[tuple[Node, tuple[float, ...]], ...]
    covers: int
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """One recognised subtree: its row and the entries that are the row's arguments."""

    row: Row
    args: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """What is known of the entries of a tape: None where nothing is.

    meaning   a formula of what each entry computes, simplified
    block     the largest row that makes it
    sure      the entries that are a block or a known part, whose meaning is right everywhere
    """

    meaning: list[Node | None]
    block: list[Block | None]
    sure: set[int]


def parts_of(root: Node, known: Ranges, mode: str) -> dict[Node, Node]:
    """The trees that the compiler makes of a formula's parts, each with its part.

    Empty for a formula of more than `PARTS` parts.
    """
    clean = simplify(root)
    every = [n for _, n in zip(range(PARTS + 1), postorder(clean), strict=False)]
    compiler = Compiler(mode, EGraph(known))
    if len(every) > PARTS or compiler.solve(clean) is None:
        return {}
    return {compiler.build(n)[0]: n for n in every if n.args and compiler.best.get(n)}


def blocks(
    tape: Tape, known: Ranges | None = None, parts: Mapping[Node, Node] | None = None
) -> Blocks:
    """The blocks of a pure tree whose variables range as `known` says, over the reals without.

    `parts` says what some subtrees mean. Past `LIMIT` entries nothing is looked for.

    >>> from emlc.ir.tape import flatten
    >>> from emlc.parse import parse_tree
    >>> found = blocks(flatten(parse_tree("1111xEE1EEyE1EE1E")))
    >>> show(found.meaning[-1]), found.block[-1].row.label
    ('x*y', '*')
    """
    made = Blocks([None] * len(tape), [None] * len(tape), set())
    if len(tape) > LIMIT or not all(h is EML or isinstance(h, Var | Lit) for h in tape.heads):
        return made
    ranges = known or Ranges({}, frozenset())
    near = [_kind(tape, k) for k in range(len(tape))]
    far = [_kinds(tape, k, near) for k in range(len(tape))]
    trees = subtrees(tape)
    for k in range(len(tape)):
        head = tape.head(k)
        if head is not EML:
            made.meaning[k] = node(head)
            continue
        for row in _rows_like(far[tape.left[k]], far[tape.right[k]], trees[k]):
            args = _fits(row.tree, k, tape, row.params)
            if args is not None and _licensed(row, args, made, ranges):
                made.block[k] = Block(row, args)
                made.sure.add(k)
                made.meaning[k] = _said(row.pattern, row.params, args, made)
                break
        else:
            made.meaning[k] = _unfolded(tape, k, made)
        if parts and trees[k] in parts:
            made.meaning[k] = parts[trees[k]]
            made.sure.add(k)
    return made


def _kind(tape: Tape, k: int) -> str:
    head = tape.head(k)
    return _EML if head is EML else _NAME if isinstance(head, Var) else _LEAF


def _kinds(tape: Tape, k: int, near: list[str]) -> str:
    """The kind of an entry, with those of its operands."""
    return near[k] if near[k] != _EML else _EML + near[tape.left[k]] + near[tape.right[k]]


def _unfolded(tape: Tape, k: int, made: Blocks) -> Node | None:
    """exp(a) - ln(b) of what the operands compute."""
    meaning = formula(EML.meaning)
    return _said(meaning, EML.params, (tape.left[k], tape.right[k]), made)


def _said(
    pattern: Node, params: tuple[str, ...], args: tuple[int, ...], made: Blocks
) -> Node | None:
    below = [made.meaning[a] for a in args]
    values = {p: n for p, n in zip(params, below, strict=True) if n is not None}
    if len(values) < len(params):
        return None
    try:
        return instantiate(pattern, values)
    except DomainError:
        return None


def _licensed(row: Row, args: tuple[int, ...], made: Blocks, ranges: Ranges) -> bool:
    """Whether the row is known to be right on the values of its arguments."""
    values: dict[str, Node] = {}
    for name, k in zip(row.params, args, strict=True):
        below = made.meaning[k]
        if below is None:
            return False
        values[name] = below
    try:
        places = [(substitute(part, values), where) for part, where in row.needed]
        if not all(ranges.holds(part, where) for part, where in places):
            return False
        points = [(substitute(part, values), at) for part, at in row.off]
        return all(ranges.of(part).excludes(x) for part, at in points for x in at)
    except DomainError:
        return False


def _fits(tree: Node, entry: int, tape: Tape, params: tuple[str, ...]) -> tuple[int, ...] | None:
    """The entries that stand for the row's parameters, None where its tree is another one."""
    found: dict[str, int] = {}
    todo = [(tree, entry)]
    while todo:
        wanted, k = todo.pop()
        if isinstance(wanted.head, Var):
            if found.setdefault(wanted.head.name, k) != k:
                return None
        elif wanted is ONE:
            if tape.head(k) != ONE.head:
                return None
        elif tape.left[k] == NONE or tape.head(k) is not EML:
            return None
        else:
            todo += [(wanted.args[0], tape.left[k]), (wanted.args[1], tape.right[k])]
    return tuple(found[p] for p in params)


def _rows_like(a: str, b: str, tree: Node) -> list[Row]:
    """The rows that may fit an eml node of these operands, the largest first."""
    constant = _constants().get(tree)
    return [constant] if constant is not None else _rows_of_sign(a, b)


@cache
def _constants() -> dict[Node, Row]:
    """The rows without parameters, by their trees."""
    return {row.tree: row for row in reversed(list(_rows())) if not row.params}


@cache
def _rows_of_sign(a: str, b: str) -> list[Row]:
    rows = [row for row in _rows() if row.params and _may_fit(row.tree.args, (a, b))]
    return sorted(rows, key=lambda row: -row.covers)


def _may_fit(trees: Sequence[Node], kinds: Sequence[str]) -> bool:
    """Whether trees with parameters may have these kinds, as far as kinds tell."""
    for tree, kind in zip(trees, kinds, strict=True):
        if isinstance(tree.head, Var):
            continue
        if kind[0] != (_EML if tree.args else _LEAF):
            return False
        if kind[1:] and not _may_fit(tree.args, (kind[1], kind[2])):
            return False
    return True


@cache
def _rows() -> list[Row]:
    """The rows of the tables that hold a tree to be recognised."""
    return list(_prepared())


def _prepared() -> Iterator[Row]:
    from emlc.parse import parse_tree

    for rows in TREES.values():
        for row in rows:
            pattern = formula(row.computes)
            covers = row.tree.count(_EML)
            plain = all(isinstance(a.head, Var) for a in pattern.args)
            if not row.tree or (covers == 1 and not (plain and len(pattern.args) < 2)):
                continue
            label, params = _label(pattern, row.computes)
            where = tuple((formula(p), domain(d)) for p, d in conditions(row.where))
            off = tuple(
                (formula(p), tuple(float(Fraction(v)) for v in values.split(",")))
                for p, values in conditions(row.off)
            )
            tree = parse_tree(row.tree, "rpn")
            yield Row(pattern, tree, params, where, off, covers, label)


def _label(pattern: Node, text: str) -> tuple[str, tuple[str, ...]]:
    """What to call a row, and its parameters in the order in which the label needs them."""
    head = pattern.head
    if isinstance(head, Primitive) and all(isinstance(a.head, Var) for a in pattern.args):
        names = tuple(a.head.name for a in pattern.args if isinstance(a.head, Var))
        if len(set(names)) == len(names):
            return (head.infix or head.name), names
    seen = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    seen = tuple(name for name in seen if _is_parameter(pattern, name))
    return _PARAMETER.sub(lambda m: "_" if m[0] in seen else m[0], text), seen


def _is_parameter(pattern: Node, name: str) -> bool:
    return substitute(pattern, {name: var("_")}) is not pattern


def spoken(meaning: Node | None, most: int = 60) -> str:
    """The formula as text of bounded length; "" where it is unknown or too long.

    >>> spoken(formula("x^2 + 1/y")), spoken(None)
    ('x^2 + 1/y', '')
    """
    if meaning is None or weight(meaning, most) > most:
        return ""
    text = show(as_written(meaning))
    return text if len(text) <= most else ""
