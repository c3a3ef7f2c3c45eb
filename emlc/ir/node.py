"""The interned expression tree.

    Node ::= Primitive(Node, ...)  |  Var  |  Lit(Fraction)  |  Param

Two equal expressions are one object: compare with `is`. Nodes carry nothing but head and arguments.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from emlc.deadline import tick
from emlc.tables.primitives import EML, Primitive

T = TypeVar("T")
_LONGEST = 200  # characters of a node's repr


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
        """The rows by name, as `emlc.parse` reads them; cut where it is long."""
        text = ""
        stack: list[Node | str] = [self]
        while stack and len(text) <= _LONGEST:
            top = stack.pop()
            if isinstance(top, str):
                text += top
                continue
            text += _name(top.head)
            for k, arg in enumerate(reversed(top.args)):
                stack += [", " if k else ")", arg]
            text += "(" if top.args else ""
        return f"{text[: _LONGEST - 3]}..." if stack or len(text) > _LONGEST else text

    def __reduce__(self) -> str:
        raise TypeError("nodes do not pickle; write them as JSON or RPN text")


def _name(head: Head) -> str:
    if not isinstance(head, Lit):
        return head.name
    bits = max(k.bit_length() for k in head.value.as_integer_ratio())
    return str(head.value) if bits < 2 * _LONGEST else f"<number of {bits:,} bits>"


Key = tuple[Head, tuple["Node", ...]]


class _Entry(weakref.ref["Node"]):
    """A weak reference that knows its key, so that a dead node leaves the table."""

    __slots__ = ("key",)
    key: Key


_nodes: dict[Key, _Entry] = {}


def _forget(entry: _Entry) -> None:
    if _nodes.get(entry.key) is entry:
        del _nodes[entry.key]


def node(head: Head, *args: Node) -> Node:
    """The one node with this head and these arguments."""
    key = (head, args)
    entry = _nodes.get(key)
    if entry is not None:
        found = entry()
        if found is not None:
            return found
    arity = len(head.params) if isinstance(head, Primitive) else 0
    if len(args) != arity:
        raise TypeError(f"{head} takes {arity} arguments, got {len(args)}")
    made: Node = object.__new__(Node)
    made.head = head
    made.args = args
    entry = _Entry(made, _forget)
    entry.key = key
    _nodes[key] = entry
    return made


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


def from_tokens(tokens: Iterable[str], leaves: Mapping[str, Node] | None = None) -> Node:
    """The pure tree of RPN tokens: E is eml, 1 is 1, other tokens are leaves or variables.

    >>> from_tokens("x1E") is eml(var("x"), ONE)
    True
    """
    given = leaves or {}
    stack: list[Node] = []
    for token in tokens:
        if token == "E":
            y = stack.pop()
            stack.append(eml(stack.pop(), y))
        else:
            stack.append(ONE if token == "1" else given.get(token) or var(token))
    return stack.pop()


def postorder(*roots: Node) -> Iterator[Node]:
    """Every distinct node below the roots, operands before users."""
    seen: set[Node] = set()
    stack: list[Node] = list(reversed(roots))
    while stack:
        top = stack.pop()
        if top in seen:
            continue
        args = top.args
        if args and not seen.issuperset(args):
            stack.append(top)
            stack.extend(a for a in reversed(args) if a not in seen)
        else:
            seen.add(top)
            yield top


def fold(root: Node, combine: Callable[[Node, list[T]], T]) -> T:
    """Evaluate bottom-up: `combine(node, results of its arguments)` once per distinct node.

    >>> fold(node(EML, var("x"), ONE), lambda n, below: 1 + sum(below))
    3
    """
    done: dict[Node, T] = {}
    for n in postorder(root):
        tick()
        done[n] = combine(n, [done[a] for a in n.args])
    return done[root]


def weight(root: Node, most: int) -> int:
    """Nodes of the written-out expression, counted no further than `most` and one."""
    count, stack = 0, [root]
    while stack and count <= most:
        count += 1
        stack += stack.pop().args
    return count


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
