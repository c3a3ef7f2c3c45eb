"""The blocks of a pure tree: subtrees that a row of the tables makes, with what they compute.

A block is named only where its row is known to be right on the values that reach it, so a picture
never calls something ln that is its conjugate on the cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from emlc.errors import DomainError
from emlc.ir.domain import Domain, domain
from emlc.ir.node import ONE, Lit, Node, Var, node, postorder, substitute, var
from emlc.ir.tape import NONE, Tape
from emlc.passes.compile import Compiler
from emlc.passes.ranges import Ranges, conditions, formula
from emlc.passes.simplify import instantiate, simplify
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
    compiler = Compiler(known, mode)
    if len(every) > PARTS or compiler.solve(clean) is None:
        return {}
    return {compiler.build(n)[0]: n for n in every if n.args and compiler.best.get(n)}


def subtrees(tape: Tape) -> list[Node]:
    """The expression of every entry of a tape."""
    made: list[Node] = []
    for k, ends in enumerate(zip(tape.left, tape.right, strict=True)):
        made.append(node(tape.head(k), *(made[end] for end in ends if end != NONE)))
    return made


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
    kinds = [_kind(tape, k) for k in range(len(tape))]
    trees = subtrees(tape) if parts else []
    for k in range(len(tape)):
        head = tape.head(k)
        if head is not EML:
            made.meaning[k] = node(head)
            continue
        sign = kinds[tape.left[k]] + kinds[tape.right[k]]
        for row in _rows_by_sign()[sign]:
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


@cache
def _rows_by_sign() -> dict[str, list[Row]]:
    """The rows that may fit an eml node, by the kinds of its operands, the largest first."""
    rows = sorted(_rows(), key=lambda row: -row.covers)
    kinds = (_LEAF, _NAME, _EML)
    return {a + b: [r for r in rows if _may_fit(r.tree, a, b)] for a in kinds for b in kinds}


def _may_fit(tree: Node, a: str, b: str) -> bool:
    own = [_LEAF if n is ONE else _EML if n.args else "" for n in tree.args]
    return all(k in ("", kind) for k, kind in zip(own, (a, b), strict=True))


def _rows() -> Iterator[Row]:
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
                (formula(p), tuple(_number(v) for v in values.split(",")))
                for p, values in conditions(row.off)
            )
            tree = parse_tree(row.tree, "rpn")
            yield Row(pattern, tree, params, where, off, covers, label)


def _number(text: str) -> float:
    from fractions import Fraction

    return float(Fraction(text))


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

    >>> spoken(formula("x + 1")), spoken(None)
    ('x + 1', '')
    """
    if meaning is None or _weight(meaning, most) > most:
        return ""
    text = show(meaning)
    return text if len(text) <= most else ""


def _weight(meaning: Node, most: int) -> int:
    """Nodes of the written-out formula, counted no further than `most`."""
    count, stack = 0, [meaning]
    while stack and count <= most:
        count += 1
        stack += stack.pop().args
    return count
