"""Classes of equal formulas: an e-graph over interned expressions.

Every class has a leader, and its members are expressions whose arguments are leaders. Two classes
that are found equal become one, and so do the expressions that differ in nothing else (congruence).
What is known of the values of one member is known of the class.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from emlc.errors import DomainError
from emlc.ir.node import Head, Lit, Node, Var, node
from emlc.passes.match import itself
from emlc.passes.ranges import Ranges, postorder_new
from emlc.passes.simplify import build
from emlc.tables.witnesses import Witness

Members = dict[Head, dict[Node, None]]  # by head, in the order they came
Link = tuple[Node, Witness | None]


class EGraph:
    """Formulas that are equal on a domain, by identities whose conditions hold there.

    >>> from emlc.parse import parse
    >>> from emlc.passes.ranges import ranges
    >>> a, b = parse("x*y").root, parse("y*x").root
    >>> graph = EGraph(ranges(a))
    >>> graph.merge(a, b, None)
    >>> graph.rebuild()
    >>> graph.find(a) is graph.find(b), len(graph.members(a))
    (True, 2)
    """

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self.size = 0  # members of all classes
        self._leaders: dict[Node, Node] = {}
        self._members: dict[Node, Members] = {}
        self._users: dict[Node, dict[Node, None]] = {}
        self._links: dict[Node, list[Link]] = {}  # a forest: why two expressions are equal
        self._merged: list[Node] = []

    def __contains__(self, n: Node) -> bool:
        return n in self._leaders

    def find(self, n: Node) -> Node:
        """The leader of an expression's class; one that is in no class leads itself."""
        found = self._leaders.get(n)
        if found is None or found is n:
            return n
        path = [n]
        while (above := self._leaders[found]) is not found:
            path.append(found)
            found = above
        for below in path:
            self._leaders[below] = found
        return found

    def members(self, n: Node) -> Sequence[Node]:
        """The expressions of a class, the class of one that is in none being itself."""
        kinds = self._members.get(self.find(n))
        return (n,) if kinds is None else [m for same in kinds.values() for m in same]

    def alike(self, n: Node, head: Head) -> Sequence[Node]:
        """The expressions of a class that have a head."""
        kinds = self._members.get(self.find(n))
        if kinds is None:
            return itself(n, head)
        return list(kinds.get(head, ()))

    def heads(self, n: Node) -> Collection[Head]:
        """The heads of the expressions of a class."""
        kinds = self._members.get(self.find(n))
        return (n.head,) if kinds is None else kinds.keys()

    def leaders(self) -> list[Node]:
        """The leaders of all classes, in the order of their birth."""
        return list(self._members)

    def add(self, root: Node) -> Node:
        """The leader of the expression's class, which it founds if it is new."""
        for n in postorder_new(root, self._leaders):
            made = node(n.head, *(self.find(a) for a in n.args))
            if made not in self._leaders:
                self._found(made)
            if made is not n:
                self._leaders[n] = self.find(made)
                self._link(n, made, None)
        return self.find(root)

    def _found(self, made: Node) -> None:
        self.size += 1
        self._leaders[made] = made
        self._members[made] = {made.head: {made: None}}
        for a in made.args:
            self._users.setdefault(a, {})[made] = None
        self.ranges.of(made)
        if made.args:
            try:
                short = build(made.head, *made.args)
            except DomainError:
                return
            if short is not made:
                self.merge(made, short, None)

    def merge(self, a: Node, b: Node, why: Witness | None) -> None:
        """Make the classes of two expressions one; `rebuild` draws the conclusions."""
        self.add(a)
        second = self.add(b)
        first = self.find(a)
        if first is second:
            return
        self._link(a, b, why)
        if _precedence(second) < _precedence(first):
            first, second = second, first
        self._leaders[second] = first
        for head, same in self._members.pop(second).items():
            self._members[first].setdefault(head, {}).update(same)
        self._merged.append(second)
        self.ranges.learn(first, self.ranges.of(second))

    def rebuild(self) -> None:
        """Bring the members of all classes up to their leaders, and merge what has become one."""
        while self._merged:
            for user in self._users.pop(self._merged.pop(), {}):
                self._renew(user)

    def _renew(self, old: Node) -> None:
        same = self._members[self.find(old)].get(old.head, {})
        if old not in same:
            return
        made = node(old.head, *(self.find(a) for a in old.args))
        if made is old:
            return
        del same[old]
        self.size -= 1
        if made in self._leaders:
            self.merge(old, made, None)
            return
        leader = self.find(old)
        self.size += 1
        self._leaders[made] = leader
        self._link(old, made, None)
        self._members[leader].setdefault(made.head, {})[made] = None
        for a in made.args:
            self._users.setdefault(a, {})[made] = None

    # -- why -----------------------------------------------------------------------------------

    def _link(self, a: Node, b: Node, why: Witness | None) -> None:
        self._links.setdefault(a, []).append((b, why))
        self._links.setdefault(b, []).append((a, why))

    def why(self, a: Node, b: Node) -> list[Witness]:
        """The identities by which two expressions of a class are equal.

        A link without one is simplification, or equality of the arguments.
        """
        found: dict[Witness, None] = {}
        waiting, seen = [(a, b)], set()
        while waiting:
            pair = waiting.pop()
            if pair in seen or pair[0] is pair[1]:
                continue
            seen.add(pair)
            for n, m, law in self._path(*pair):
                if law is not None:
                    found[law] = None
                elif n.head is m.head:
                    waiting += zip(n.args, m.args, strict=True)
        return list(found)

    def _path(self, a: Node, b: Node) -> list[tuple[Node, Node, Witness | None]]:
        came: dict[Node, Link] = {a: (a, None)}
        queue = [a]
        for n in queue:
            if n is b:
                break
            for m, law in self._links.get(n, ()):
                if m not in came:
                    came[m] = n, law
                    queue.append(m)
        path = []
        while b is not a and b in came:
            n, law = came[b]
            path.append((n, b, law))
            b = n
        return path


def _precedence(n: Node) -> int:
    """Numbers and variables lead, then what came first."""
    return 0 if isinstance(n.head, Lit) else 1 if isinstance(n.head, Var) else 2
