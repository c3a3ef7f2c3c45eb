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

from emlc.check import Verdict, proved_by_raising
from emlc.check.reference import Point
from emlc.errors import LimitError
from emlc.ir.node import ONE, Node, eml, var, variables
from emlc.ir.tape import flatten
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
from emlc.search.progress import Pulse
from emlc.search.values import OP, Expr, Known, Values
from emlc.tables.operators import Operator

_LEVELS = 9
_TRIED, _WEIGHED = 25, 60
_SPARSE = 6  # of the points, one is compared before a proof is tried
_PROOF_SECONDS = 0.5


def bootstrap(operator: Operator, pulse: Pulse) -> Iterator[Member]:
    """The primitives in the order in which they are reached; TimeUp when time is over first.

    Raises LimitError when none of the missing ones is found among the compositions tried.
    """
    run = _Bootstrap(operator, pulse)
    yield from run.given()
    while run.missing:
        found = list(run.round())
        if not found:
            missing = ", ".join(run.missing)
            raise LimitError(f"not reached by compositions of {_LEVELS} parts: {missing}")
        yield from found


Look = Callable[[Values, dict[str, Goal]], dict[str, list[Expr]]]


class _Bootstrap(Known):
    def __init__(self, operator: Operator, pulse: Pulse) -> None:
        super().__init__(operator, pulse)
        self.missing = dict(self.goals)
        self.rng = random.Random(1)

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

    def round(self) -> Iterator[Member]:
        """The members found at the lowest level that gives any."""
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
                member = self._adopt(name, wanted[name], found)
                if member is not None:
                    got.append(member)
                    del self.missing[name]
        self.members.update({member.name: member for member in got})
        return got

    def _kind(self, goal_: Goal) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
        """The points at which a target is looked for, and the variables that may occur."""
        names = goal_.names or (("x",) if self.operator.variable else ())
        return group_of(goal_), names

    def _adopt(self, name: str, goal_: Goal, found: list[Expr]) -> Member | None:
        """The smallest of the compositions whose tree is right."""
        found = sorted(found, key=lambda e: (len(str(e)), str(e)))[:_WEIGHED]
        tapes = [(self._tape(e), e) for e in found]
        free = {*VARIABLES} - {*goal_.names} - ({"x"} if self.operator.variable else set())
        tapes = [(t, e) for t, e in tapes if not free & {*t}]
        order = sorted(tapes, key=lambda t: (written(t[0]), str(t[1])))
        for tape, e in order[:_TRIED]:
            self.pulse()
            points = self._generic(goal_)
            if self.compare(tape, points[::_SPARSE]).status != "agrees":
                continue
            verdict, off = self._proved(tape, goal_)
            if verdict is None:
                verdict, off = self.compare(tape, points), self._off(tape, goal_)
            if verdict.status != "agrees" and verdict.status != "proved":
                continue
            params = VARIABLES[: len(goal_.names)]
            return Member(name, params, text(e, self.operator), written(tape), len(tape),
                          verdict, off, tape, self._classes(tape, goal_, params))  # fmt: skip
        return None

    def _proved(self, tape: Sequence[Any], goal_: Goal) -> tuple[Verdict | None, tuple[str, ...]]:
        """A proof by raising the tree, and the points that it leaves out; for eml alone."""
        if self.operator.name != "eml":
            return None, ()
        made: list[Node] = []
        for entry in tape:
            if isinstance(entry, tuple):
                made.append(eml(*(made[k] for k in entry)))
            else:
                made.append(ONE if entry == "1" else var(entry))
        tree = flatten(made[-1])
        points = [
            (var(n), Fraction(v)) for n in goal_.names for v in (0, 1, -1)
            if goal_.ranges.variables[n].contains(Fraction(v), Fraction(0))
        ]  # fmt: skip
        excluded: list[Exclusion] = []
        while True:
            verdict = proved_by_raising(
                goal_.root, tree, goal_.ranges, excluded, seconds=_PROOF_SECONDS
            )
            if verdict.status == "proved":
                return verdict, tuple(exclusion_text(e) for e in excluded)
            failed = [e for e in points if exclusion_text(e) in verdict.how and e not in excluded]
            if not failed:
                return None, ()
            excluded.append(failed[0])

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

    def value(self, tape: Sequence[Any], point: Point) -> Any:
        """The exact value of a tape at a point, None where undefined; raises TooLarge."""
        return self.trees.of_tape(tape, point)

    def compare(self, tape: Sequence[Any], wanted: Sequence[tuple[Point, Any]]) -> Verdict:
        """Whether the tape has the values wanted at the points."""
        worst, compared = 0.0, 0
        for point, want in wanted:
            try:
                got = self.value(tape, point)
            except TooLarge:
                continue
            compared += 1
            error = float(abs(got - want) / (abs(want) or 1)) if got is not None else 1.0
            if error > 1e-20:
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
        want = goal_.reference.at(point, 40)
        try:
            got = self.value(tape, point)
        except TooLarge:
            return True
        return want is None or (got is not None and abs(got - want) <= 1e-20 * (abs(want) or 1))

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


def text(e: Expr, operator: Operator) -> str:
    """A composition as a formula, op(..) for the operator."""
    if len(e) == 1:
        return str(e[0])
    name = e[0] or ("eml" if operator.name == "eml" else "op")
    return f"{name}({', '.join(text(a, operator) for a in e[1:])})"
