"""Reading a pure tree drawn in Graphviz's language: `a [label="eml"]; a -> b; a -> c`."""

from __future__ import annotations

import re

from emlc.errors import TreeError
from emlc.ir.node import Node, eml
from emlc.parse.trees import leaf

_STATEMENT = re.compile(
    r'^\s*"?(?P<name>[A-Za-z_]\w*)"?\s*(?:->\s*"?(?P<to>[A-Za-z_]\w*)"?)?\s*'
    r'(?:\[.*?(?:\blabel="(?P<label>[^"]*)".*)?\])?\s*;?\s*$'
)
_KEYWORDS = ("graph", "node", "edge", "digraph", "subgraph", "strict")
_HINT = "the left edge of an eml comes first, leaves are labelled 1 or with a variable"


def looks_like_dot(text: str) -> bool:
    """Whether the text starts as a directed graph does."""
    return bool(re.match(r"\s*(strict\s+)?digraph\b", text))


def from_dot(text: str) -> Node:
    """The tree of a drawing; edges in the order in which they stand, the argument of exp first.

    Raises TreeError when the graph is not one tree (or DAG) over eml, 1 and variables.
    """
    labels: dict[str, str] = {}
    below: dict[str, list[str]] = {}
    for line in text.splitlines():
        found = _STATEMENT.match(line)
        if found is None or found["name"] in _KEYWORDS:
            continue
        if found["to"]:
            below.setdefault(found["name"], []).append(found["to"])
        elif found["label"] is not None:
            labels[found["name"]] = found["label"]
    reached = {name for names in below.values() for name in names}
    roots = [name for name in labels if name not in reached]
    if len(roots) != 1:
        raise TreeError(f"a drawing of {len(roots)} trees, not of one", hint=_HINT)
    return _build(roots[0], labels, below)


def _build(root: str, labels: dict[str, str], below: dict[str, list[str]]) -> Node:
    made: dict[str, Node] = {}
    path: set[str] = set()
    stack = [root]
    while stack:
        name = stack[-1]
        args = below.get(name, [])
        waiting = [a for a in args if a not in made]
        if name in made or not waiting:
            path.discard(stack.pop())
            made.setdefault(name, _node(name, [made[a] for a in args], labels))
        elif name in path:
            raise TreeError(f"the drawing goes round in a circle at {name}", hint=_HINT)
        else:
            path.add(name)
            stack.extend(reversed(waiting))
    return made[root]


def _node(name: str, args: list[Node], labels: dict[str, str]) -> Node:
    if not args:
        return leaf(labels.get(name, name))
    if len(args) != 2:
        raise TreeError(f"{name} has {len(args)} edges below it; eml takes 2", hint=_HINT)
    return eml(*args)
