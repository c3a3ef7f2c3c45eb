"""Reading an expression as a pattern."""

from __future__ import annotations

from collections.abc import Iterator

from emlc.ir.node import Node, Var
from emlc.tables.primitives import BY_NAME

COMMUTE = (BY_NAME["add"], BY_NAME["mul"], BY_NAME["avg"], BY_NAME["hypot"])


def match(pattern: Node, n: Node) -> Iterator[dict[str, Node]]:
    """The ways to read an expression as the pattern, sums and products in either order."""
    plain = [p.head.name for p in pattern.args if isinstance(p.head, Var)]
    if len(plain) == len(pattern.args) == len(set(plain)) and plain:
        yield dict(zip(plain, n.args, strict=True))
        if pattern.head in COMMUTE and n.args[0] is not n.args[1]:
            yield dict(zip(plain, reversed(n.args), strict=True))
        return
    yield from _search(pattern, n)


def _search(pattern: Node, n: Node) -> Iterator[dict[str, Node]]:
    agenda: list[tuple[list[tuple[Node, Node]], dict[str, Node]]] = [([(pattern, n)], {})]
    seen: set[tuple[Node, ...]] = set()
    while agenda:
        todo, found = agenda.pop()
        while todo:
            p, m = todo.pop()
            if isinstance(p.head, Var):
                if found.setdefault(p.head.name, m) is not m:
                    break
            elif p.args and p.head is m.head:
                if p.head in COMMUTE:
                    swapped = [*todo, *zip(p.args, reversed(m.args), strict=True)]
                    agenda.append((swapped, dict(found)))
                todo = [*todo, *zip(p.args, m.args, strict=True)]
            elif p is not m:
                break
        else:
            key = tuple(found[k] for k in sorted(found))
            if key not in seen:
                seen.add(key)
                yield found
