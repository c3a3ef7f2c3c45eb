"""Reading an expression as a pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from emlc.ir.node import Head, Node, Var, substitute
from emlc.tables.primitives import BY_NAME

COMMUTE = (BY_NAME["add"], BY_NAME["mul"], BY_NAME["avg"], BY_NAME["hypot"])
Alike = Callable[[Node, Head], Sequence[Node]]


def itself(n: Node, head: Head) -> Sequence[Node]:
    """A part as it is written, where it has the head."""
    return (n,) if n.head == head else ()


def placed(part: Node, found: dict[str, Node]) -> Node:
    """A part of a row, with what stands for the row's parameters."""
    return found[part.head.name] if isinstance(part.head, Var) else substitute(part, found)


def match(pattern: Node, n: Node, alike: Alike = itself) -> Iterator[dict[str, Node]]:
    """The ways to read an expression as the pattern, sums and products in either order.

    `alike` gives the expressions of a head that a part may be read as.
    """
    plain = [p.head.name for p in pattern.args if isinstance(p.head, Var)]
    if len(plain) == len(pattern.args) == len(set(plain)) and plain:
        yield dict(zip(plain, n.args, strict=True))
        if pattern.head in COMMUTE and n.args[0] is not n.args[1]:
            yield dict(zip(plain, reversed(n.args), strict=True))
        return
    yield from _search(pattern, n, alike)


def _search(pattern: Node, n: Node, alike: Alike) -> Iterator[dict[str, Node]]:
    agenda: list[tuple[list[tuple[Node, Node]], dict[str, Node]]]
    agenda = [(todo, {}) for todo in reversed(_read(pattern, n))]
    seen: set[tuple[Node, ...]] = set()
    while agenda:
        todo, found = agenda.pop()
        while todo:
            p, m = todo.pop()
            if isinstance(p.head, Var):
                if found.setdefault(p.head.name, m) is not m:
                    break
                continue
            ways = [way for q in alike(m, p.head) for way in _read(p, q)]
            if not ways:
                break
            agenda += [([*todo, *way], dict(found)) for way in reversed(ways[1:])]
            todo += ways[0]
        else:
            key = tuple(found[k] for k in sorted(found))
            if key not in seen:
                seen.add(key)
                yield found


def _read(p: Node, m: Node) -> list[list[tuple[Node, Node]]]:
    """What is to be read as what, for an expression of the pattern's head."""
    if not p.args:
        return [[]] if p is m else []
    ways = [list(zip(p.args, m.args, strict=True))]
    if p.head in COMMUTE:
        ways.append(list(zip(p.args, reversed(m.args), strict=True)))
    return ways
