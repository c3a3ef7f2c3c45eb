"""The flat form of an expression: a DAG in arrays, operands first, result last."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import NamedTuple

from emlc.ir.node import ONE, Head, Node, Var, node
from emlc.tables.primitives import EML

NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """`heads[op[k]]` applied to entries `left[k]` and `right[k]` (NONE where there is no operand).

    `op`, `left` and `right` are int32 arrays of one length; numpy reads them without a copy.
    """

    heads: tuple[Head, ...]
    op: array[int]
    left: array[int]
    right: array[int]

    def __len__(self) -> int:
        return len(self.op)

    def head(self, k: int) -> Head:
        """The head of entry k."""
        return self.heads[self.op[k]]


class Measures(NamedTuple):
    """K = nodes written out, depth in edges, dag = distinct subtrees: exact, however large."""

    size: int
    depth: int
    dag: int


def flatten(root: Node) -> Tape:
    """The tape of an expression; every distinct subtree is one entry.

    >>> from emlc.ir.node import ONE, eml, var
    >>> t = flatten(eml(var("x"), ONE))
    >>> list(t.op), list(t.left), list(t.right)
    ([0, 1, 2], [-1, -1, 0], [-1, -1, 1])
    """
    heads: dict[Head, int] = {}
    place: dict[Node, int] = {}
    op, left, right = array("i"), array("i"), array("i")
    stack = [root]
    while stack:
        n = stack.pop()
        if n in place:
            continue
        waiting = [a for a in n.args if a not in place]
        if waiting:
            stack.append(n)
            stack += waiting[::-1]
            continue
        args = n.args
        place[n] = len(op)
        op.append(heads.setdefault(n.head, len(heads)))
        left.append(place[args[0]] if args else NONE)
        right.append(place[args[1]] if len(args) > 1 else NONE)
    return Tape(tuple(heads), op, left, right)


def unflatten(tape: Tape) -> Node:
    """The expression of a tape."""
    return subtrees(tape)[-1]


def subtrees(tape: Tape) -> list[Node]:
    """The expression of every entry of a tape."""
    made: list[Node] = []
    for o, a, b in zip(tape.op, tape.left, tape.right, strict=True):
        args = [made[k] for k in (a, b) if k != NONE]
        made.append(node(tape.heads[o], *args))
    return made


def measure(tape: Tape) -> Measures:
    """Size, depth and number of distinct subtrees of the last entry."""
    size: list[int] = []
    depth: list[int] = []
    last = list(range(len(tape) + 1))  # the entry that uses another one last; one more for NONE
    for k, (a, b) in enumerate(zip(tape.left, tape.right, strict=True)):
        last[a] = last[b] = k
    for k, (a, b) in enumerate(zip(tape.left, tape.right, strict=True)):
        if a == NONE:
            size.append(1)
            depth.append(0)
        elif b == NONE:
            size.append(size[a] + 1)
            depth.append(depth[a] + 1)
        else:
            size.append(size[a] + size[b] + 1)
            depth.append((depth[a] if depth[a] > depth[b] else depth[b]) + 1)
            # sizes may have as many bits as the tape has entries: all of them at once do not fit
            if last[a] == k:
                size[a] = 0
            if last[b] == k:
                size[b] = 0
    return Measures(size[-1], depth[-1], len(tape))


def is_pure(tape: Tape) -> bool:
    """Whether the tape is a tree over {eml, 1, variables}."""
    return all(h is EML or isinstance(h, Var) or h == ONE.head for h in tape.heads)
