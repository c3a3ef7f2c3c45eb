"""The interned expression tree.

    Node ::= Primitive(Node, ...)  |  Var  |  Lit(Fraction)  |  Param

Two equal expressions are one object: compare with `is`. Nodes carry nothing but head and arguments.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from emlc.tables.primitives import EML, Primitive

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Var:
    """A variable, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Lit:
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Param:
    """A real number to be fitted, by name."""

    name: str


Head = Primitive | Var | Lit | Param


class Node:
    """One interned expression; made only by `node`.

    >>> x = var("x")
    >>> node(EML, x, lit(1)) is node(EML, x, lit(1))
    True
    """

    __slots__ = ("__weakref__", "args", "head")
    head: Head
    args: tuple[Node, ...]

    def __init__(self) -> None:
        raise TypeError("make nodes with node(), var() or lit()")

    def __repr__(self) -> str:
        head = self.head
        label = head.value if isinstance(head, Lit) else head.name
        return f"<{label} node, {len(self.args)} args>"

    def __reduce__(self) -> str:
        raise TypeError("nodes do not pickle; write them as JSON or RPN text")


_nodes: weakref.WeakValueDictionary[tuple[Head, tuple[Node, ...]], Node] = (
    weakref.WeakValueDictionary()
)


def node(head: Head, *args: Node) -> Node:
    """The one node with this head and these arguments."""
    key = (head, args)
    found = _nodes.get(key)
    if found is not None:
        return found
    arity = len(head.params) if isinstance(head, Primitive) else 0
    if len(args) != arity:
        raise TypeError(f"{head} takes {arity} arguments, got {len(args)}")
    made: Node = object.__new__(Node)
    made.head = head
    made.args = args
    return _nodes.setdefault(key, made)


def var(name: str) -> Node:
    """The variable of this name."""
    return node(Var(name))


def lit(value: int | Fraction) -> Node:
    """The exact rational number as a leaf."""
    return node(Lit(Fraction(value)))


ONE = lit(1)


def eml(x: Node, y: Node) -> Node:
    """exp(x) - ln(y)."""
    return node(EML, x, y)


def postorder(*roots: Node) -> Iterator[Node]:
    """Every distinct node below the roots, operands before users."""
    seen: set[Node] = set()
    stack: list[Node] = list(reversed(roots))
    while stack:
        top = stack[-1]
        if top in seen:
            stack.pop()
            continue
        waiting = [a for a in top.args if a not in seen]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            seen.add(stack.pop())
            yield top


def fold(root: Node, combine: Callable[[Node, list[T]], T]) -> T:
    """Evaluate bottom-up: `combine(node, results of its arguments)` once per distinct node.

    >>> fold(node(EML, var("x"), ONE), lambda n, below: 1 + sum(below))
    3
    """
    done: dict[Node, T] = {}
    for n in postorder(root):
        done[n] = combine(n, [done[a] for a in n.args])
    return done[root]


def variables(root: Node) -> tuple[str, ...]:
    """The names of the variables of the expression, sorted."""
    return tuple(sorted({n.head.name for n in postorder(root) if isinstance(n.head, Var)}))


def substitute(root: Node, values: dict[str, Node]) -> Node:
    """The expression with variables replaced, all at once."""

    def replace(n: Node, args: list[Node]) -> Node:
        if isinstance(n.head, Var):
            return values.get(n.head.name, n)
        return node(n.head, *args)

    return fold(root, replace)
