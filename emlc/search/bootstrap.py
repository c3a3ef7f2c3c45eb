"""From an operator and its constants to all primitives: each found by the ones before it.

Compositions of what is known are enumerated in doubles; a primitive takes part where its tree has
been compared with it, elsewhere its tree does, so that no branch is taken on trust. What gives a
missing primitive is then compared, as a tree over the operator alone, in the exact meaning.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from emlc.check import Verdict
from emlc.check.reference import Point
from emlc.errors import LimitError
from emlc.ir.node import Lit, Node, Var, fold, node, substitute, variables
from emlc.parse import parse
from emlc.passes.choices import Exclusion, exclusion_text
from emlc.search.exact import TooLarge
from emlc.search.goal import Goal
from emlc.search.members import (
    COMPARED,
    PROBES,
    VARIABLES,
    Member,
    Sample,
    drawn,
    group_of,
    special_points,
    wanted_of,
)
from emlc.search.other import near
from emlc.search.progress import Pulse
from emlc.search.small import smallest
from emlc.search.values import OP, Expr, Known, Values
from emlc.search.witness import formula_of, proved, usual_exclusions
from emlc.tables.operators import Operator
from emlc.tables.primitives import BY_NAME, Primitive
from emlc.tables.routes import ROUTES

_LEVELS = 9
_TRIED, _WEIGHED = 25, 60
_MEMORY = 4e8
_SPARSE = 6  # of the points, one is compared before a proof is tried
_PROOF_SECONDS, _PROOFS = 2.0, 3


def bootstrap(operator: Operator, pulse: Pulse) -> Iterator[Member]:
    """The primitives in the order in which they are reached; TimeUp when time is over first.

    Raises LimitError when none of the missing ones is found among the compositions tried.
    """
    yield from Bootstrap(operator, pulse).reached()


Look = Callable[[Values, dict[str, Goal]], dict[str, list[Expr]]]


class Bootstrap(Known):
    """A run from an operator to the primitives.

    small   trees from tables of all values that are right on the natural domain, by name
    least   sizes below which no tree is right, where a table tells
    """

    def __init__(self, operator: Operator, pulse: Pulse, memory: float = _MEMORY) -> None:
        super().__init__(operator, pulse)
        self.memory = memory
        self.small: dict[str, Member] = {}
        self.least: dict[str, int] = {}
        self.missing = dict(self.goals)
        self.rng = random.Random(1)
        self.body = parse(operator.formula).root
        self.routes = {n: [composed(parse(r).root) for r in rows] for n, rows in ROUTES.items()}

    def given(self) -> Iterator[Member]:
        """The variables, and the constants that the operator starts from."""
        for token in (*VARIABLES, *self.operator.leaves):
            name = token if token in self.missing else ""
            if name:
                goal_ = self.missing.pop(name)
                verdict = Verdict("proved", "given", 1)
                params = variables(goal_.root)
                tape: tuple[Any, ...] = (token,)
                right = (True,) * 4
                self.members[name] = Member(name, params, token, 1, 1, verdict, (), tape, right)
                yield self.members[name]

    def reached(self) -> Iterator[Member]:
        """See `bootstrap`."""
        yield from self.given()
        if self.operator.name != "eml":  # routes do as well for it, and nothing is compiled
            yield from self.tabled()
        while self.missing:
            before = len(self.missing)
            yield from self.round()
            if len(self.missing) == before:
                missing = ", ".join(self.missing)
                raise LimitError(f"not reached by compositions of {_LEVELS} parts: {missing}")

    def tabled(self) -> Iterator[Member]:
        """The members whose smallest trees stand in tables of all values, for any reals."""
        goals = dict(self.missing)
        for name, least, e in smallest(self.operator, goals, self.memory, self.pulse):
            self.least[name] = least
            member = self._adopt(name, goals[name], self._tapes(name, [e])) if e else None
            if member is not None:
                self.small[name] = member
                if all(member.right[:2]):
                    del self.missing[name]
                    self.members[name] = member
                    yield member

    def round(self) -> Iterator[Member]:
        """The members that a route leads to, or those found at the lowest level that gives any."""
        before = len(self.members)
        for name in list(self.missing):
            found = [e for e in self.routes.get(name, ()) if self._known(e)]
            member = self._adopt(name, self.missing[name], self._tapes(name, found))
            if member is not None:
                del self.missing[name]
                self.members[name] = member
                yield member
        if len(self.members) > before:
            return
        kinds = dict.fromkeys(self._kind(goal_) for goal_ in self.missing.values())
        enumerations = [Values(self, group, names) for group, names in kinds]
        for _level in range(_LEVELS):
            yield from (got := self._adopted(enumerations, Values.extend))
            if got or all(values.full for values in enumerations):
                break
        for look in (Values.met, Values.met_wide):
            if not got:
                yield from (got := self._adopted(enumerations, look))

    def _adopted(self, enumerations: list[Values], look: Look) -> list[Member]:
        """The members that one step of the enumerations gives."""
        got = []
        for values in enumerations:
            self.pulse()
            wanted = {n: g for n, g in self.missing.items()
                      if self._kind(g) == (values.group, values.names)}  # fmt: skip
            for name, found in look(values, wanted).items():
                member = self._adopt(name, wanted[name], self._tapes(name, found))
                if member is not None:
                    got.append(member)
                    del self.missing[name]
        self.members.update({member.name: member for member in got})
        return got

    def _kind(self, goal_: Goal) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
        """The points at which a target is looked for, and the variables that may occur."""
        names = goal_.names or (("x",) if self.operator.variable else ())
        return group_of(goal_), names

    def _known(self, e: Expr) -> bool:
        known = (*self.members, *self.operator.leaves, *VARIABLES)
        return all(part[0] in known for part in parts_of(e))

    def _tapes(self, name: str, found: list[Expr]) -> list[tuple[tuple[Any, ...], Expr]]:
        """The compositions with their trees over the operator alone, smallest first."""
        goal_ = self.missing[name]
        found = sorted(found, key=lambda e: (len(str(e)), str(e)))[:_WEIGHED]
        tapes = [(self._tape(e), e) for e in found]
        free = {*VARIABLES} - {*goal_.names} - ({"x"} if self.operator.variable else set())
        tapes = [(t, e) for t, e in tapes if not free & {*t}]
        return sorted(tapes, key=lambda t: (written(t[0]), str(t[1])))

    def _adopt(
        self, name: str, goal_: Goal, tapes: list[tuple[tuple[Any, ...], Expr]]
    ) -> Member | None:
        """The smallest of the first few right trees that is proved, or else the smallest."""
        best: Member | None = None
        right = 0
        for tape, e in tapes[:_TRIED]:
            self.pulse()
            points = self._generic(goal_)
            if self.compare(tape, points[::_SPARSE]).status != "agrees":
                continue
            verdict, excluded = self._proved(tape, goal_, e)
            off = tuple(exclusion_text(x) for x in excluded)
            if verdict.status != "proved":
                verdict, off = self.compare(tape, points), self._off(tape, goal_)
                excluded = []
            if verdict.status not in ("agrees", "proved"):
                continue
            params = VARIABLES[: len(goal_.names)]
            made = Member(name, params, text(e, self.operator, tape), written(tape), len(tape),
                          verdict, off, tape, self._classes(tape, goal_, params),
                          tuple(excluded))  # fmt: skip
            right += 1
            if verdict.status == "proved":
                return made
            best = best or made
            if right == _PROOFS:
                break
        return best

    def _proved(self, tape: Sequence[Any], goal_: Goal, e: Expr) -> tuple[Verdict, list[Exclusion]]:
        """A proof by raising the tree, and the points that it leaves out."""
        usual = [*usual_exclusions(goal_), *self._inherited(e)]
        return proved(self.operator, tape, goal_, usual, _PROOF_SECONDS)

    def _inherited(self, e: Expr) -> list[Exclusion]:
        """Where the trees of the parts of a composition are not right."""
        out: list[Exclusion] = []
        for part in parts_of(e):
            member = self.members.get(part[0])
            if member is not None and member.excluded:
                values = dict(zip(member.params, (self._written(a) for a in part[1:]), strict=True))
                out += [(substitute(n, values), v) for n, v in member.excluded]
        return list(dict.fromkeys(out))

    def _written(self, e: Expr) -> Node:
        """A composition as a formula of primitives, the operator written out."""
        args = [self._written(a) for a in e[1:]]
        if e[0] == OP:
            return substitute(self.body, dict(zip(self.operator.params, args, strict=True)))
        if args:
            return node(BY_NAME[e[0]], *args)
        return formula_of(self.operator, e)

    def _off(self, tape: Sequence[Any], goal_: Goal) -> tuple[str, ...]:
        """The special points of the domain at which the tree is not right."""
        return tuple(
            ", ".join(f"{n} = {v[0]}" for n, v in p.items())
            for p in special_points(goal_) if not self._right(tape, goal_, p)
        )  # fmt: skip

    def _tape(self, e: Expr) -> tuple[Any, ...]:
        """The composition as a tape over the operator: tokens and tuples of earlier entries."""
        entries: list[Any] = []
        place: dict[Any, int] = {}

        def put(entry: Any) -> int:
            if entry not in place:
                place[entry] = len(entries)
                entries.append(entry)
            return place[entry]

        def enter(e: Expr) -> int:  # compositions are at most a few levels deep
            if e[0] == OP:
                return put(tuple(enter(a) for a in e[1:]))
            member = self.members.get(e[0])
            if member is None:
                return put(e[0])
            args = dict(zip(member.params, (enter(a) for a in e[1:]), strict=False))
            at: list[int] = []
            for entry in member.tape:
                if isinstance(entry, tuple):
                    at.append(put(tuple(at[k] for k in entry)))
                else:
                    at.append(args[entry] if entry in args else put(entry))
            return at[-1]

        last = enter(e)
        return _reachable(entries, last)

    def value(self, tape: Sequence[Any], point: Point, want: Any) -> Any:
        """The exact value of a tape at a point, None where undefined; raises TooLarge."""
        got = self.trees.of_tape(tape, point)
        return got if near(got, want) else self.trees.fine.of_tape(tape, point)

    def compare(self, tape: Sequence[Any], wanted: Sequence[tuple[Point, Any]]) -> Verdict:
        """Whether the tape has the values wanted at the points."""
        worst, compared = 0.0, 0
        for point, want in wanted:
            try:
                got = self.value(tape, point, want)
            except TooLarge:
                continue
            compared += 1
            error = float(abs(got - want) / (abs(want) or 1)) if got is not None else 1.0
            if error > 1e-30:
                return Verdict("refuted", f"at {point}", 0, error)
            worst = max(worst, error)
        if 2 * compared < len(wanted):
            return Verdict("unknown", "values are too large to compare", compared, worst)
        how = f"tree and formula agree at {compared} points of the domain in the exact meaning"
        return Verdict("agrees", how, compared, worst)

    def _generic(self, goal_: Goal) -> list[tuple[Point, Any]]:
        """Points of the domain; trees for constants may hold x where the operator needs it."""
        points = wanted_of(goal_)
        if self.operator.variable and "x" not in goal_.names:
            points = [({**p, "x": (Fraction(3 * k + 2, 7), Fraction(0))}, z) for k in range(PROBES)
                      for p, z in points[:COMPARED // PROBES]]  # fmt: skip
        return points

    def _right(self, tape: Sequence[Any], goal_: Goal, point: Point) -> bool:
        want = goal_.reference.at(point, self.trees.mp.dps)
        if want is None:
            return True
        try:
            got = self.value(tape, point, want)
        except TooLarge:
            return True
        return near(got, want)

    def _classes(
        self, tape: Sequence[Any], goal_: Goal, params: tuple[str, ...]
    ) -> tuple[bool, ...]:
        """Whether the tree is right: on the domain, at other reals, in the strip, in the plane."""
        if not params:
            return (True,) * 4
        out = [True]
        for kind in range(1, 4):
            points = (drawn(self.rng, params, kind) for _ in range(PROBES))
            out.append(all(self._right(tape, goal_, p) for p in points))
        return tuple(out)


def _reachable(entries: list[Any], last: int) -> tuple[Any, ...]:
    used = {last}
    for k in range(last, -1, -1):
        if k in used and isinstance(entries[k], tuple):
            used.update(entries[k])
    order = {k: n for n, k in enumerate(sorted(used))}
    return tuple(
        tuple(order[a] for a in entries[k]) if isinstance(entries[k], tuple) else entries[k]
        for k in sorted(used)
    )


def written(tape: Sequence[Any]) -> int:
    """Nodes of the tape written out."""
    sizes: list[int] = []
    for entry in tape:
        sizes.append(1 + sum(sizes[k] for k in entry) if isinstance(entry, tuple) else 1)
    return sizes[-1]


def composed(root: Node) -> Expr:
    """A formula as a composition; raises nothing, routes hold names and small numbers alone."""

    def build(n: Node, args: list[Expr]) -> Expr:
        if isinstance(n.head, Var):
            return (n.head.name,)
        if isinstance(n.head, Lit):
            return (str(n.head.value),)
        assert isinstance(n.head, Primitive)
        if n.head.name == "neg" and args[0] == ("1",):
            return ("-1",)
        return (n.head.name, *args)

    return fold(root, build)


def parts_of(e: Expr) -> Iterator[Expr]:
    """The composition and all of its parts."""
    stack = [e]
    while stack:
        top = stack.pop()
        yield top
        stack += top[1:]


def text(e: Expr, operator: Operator, tape: Sequence[Any]) -> str:
    """A composition as a formula, op(..) for the operator."""
    made: dict[Expr, str] = {}
    waiting = [e]
    while waiting:
        top = waiting[-1]
        left = [a for a in top[1:] if a not in made]
        if left:
            waiting += left
            continue
        name = top[0] or ("eml" if operator.name == "eml" else "op")
        made[waiting.pop()] = f"{name}({', '.join(made[a] for a in top[1:])})" if top[1:] else name
    return made[e]
